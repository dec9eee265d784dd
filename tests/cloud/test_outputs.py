"""Outputs of the stack become a record, and what an older template lacks is said."""

import pytest

from cloud.errors import CloudError
from cloud.outputs import OUTPUT_KEYS, parse_outputs, parse_subnets, write_subnets

OUTPUTS = {
    "Bucket": "rlrobo-1",
    "LaunchTemplateId": "lt-1",
    "LaunchTemplateVersion": "3",
    "Subnets": "us-east-1a=subnet-1,us-east-1b=subnet-2",
    "SecurityGroup": "sg-1",
    "InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/rlrobo",
    "RepositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/rlrobo",
    "LogGroup": "/rlrobo/rlrobo",
    "Reaper": "rlrobo-reaper",
    "SshCidr": "none",
    "HasRelauncher": "true",
}


def test_outputs_become_a_record() -> None:
    outputs = parse_outputs("rlrobo", "us-east-1", OUTPUTS)
    assert outputs.subnets == {"us-east-1a": "subnet-1", "us-east-1b": "subnet-2"}
    assert outputs.ssh_cidr == ""
    assert outputs.has_relauncher
    assert outputs.launch_template_version == "3"


def test_a_cidr_is_kept() -> None:
    assert parse_outputs("rlrobo", "us-east-1", {**OUTPUTS, "SshCidr": "192.0.2.7/32"}).ssh_cidr == "192.0.2.7/32"


@pytest.mark.parametrize("key", OUTPUT_KEYS.values())
def test_a_missing_output_says_how_to_bring_the_stack_up_to_date(key: str) -> None:
    rest = {name: value for name, value in OUTPUTS.items() if name != key}
    with pytest.raises(CloudError, match=rf"no output {key}: .*`rlrobo cloud deploy --region us-east-1 --stack mine`"):
        parse_outputs("mine", "us-east-1", rest)


def test_subnets_survive_being_written() -> None:
    subnets = {"b": "subnet-2", "a": "subnet-1"}
    assert write_subnets(subnets) == "a=subnet-1,b=subnet-2"
    assert parse_subnets(write_subnets(subnets)) == subnets
