"""The stack in moto: boto3's own checks of every parameter, and resources that really come to be.

What moto's CloudFormation cannot make is named here; of everything else there must be a physical resource.
"""

import base64
import types
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import StateReason

from cloud.aws import Aws
from cloud.changes import Follower
from cloud.deploy import Choices, deploy
from cloud.destroy import destroy
from cloud.doctor import examine
from cloud.findings import Verdict, Visit
from cloud.layout import RunKeys
from cloud.outputs import StackOutputs, write_subnets
from cloud.quotas import QuotaReport
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool, decode, encode
from cloud.template import resource
from tests.cloud.stack_functions import code_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS.+:UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

REGION = "eu-west-1"
MOTO_CANNOT_MAKE = {"AWS::S3::BucketPolicy", "AWS::Lambda::Permission"}
KEYS = RunKeys("ant")
IMAGE = "ami-0123456789abcdef0"


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # moto has no quotas of EC2, and raises where it is asked for them.
    nothing = QuotaReport(market=Market.SPOT, fitting=(), refused={}, quotas=())
    monkeypatch.setattr("cloud.doctor.check_quota", lambda *_: nothing)
    with mock_aws():
        yield Aws.open(REGION)


def make(door: Aws, lines: list[str] | None = None, **choices: Any) -> StackOutputs:
    follower = Follower(say=(lines if lines is not None else []).append, sleep=lambda _: None)
    outputs = deploy(door, choices=Choices(**choices), follower=follower)
    # moto reads no conditions: it would take the denial of requests without TLS for a denial of all.
    door.call("s3", "delete_bucket_policy", Bucket=outputs.bucket)
    return outputs


def function(name: str, outputs: StackOutputs) -> types.ModuleType:
    """Return a function's module with the environment that the template gives it, and the real boto3."""
    environment = {
        "STACK": outputs.stack,
        "BUCKET": outputs.bucket,
        "SUBNETS": write_subnets(outputs.subnets),
        "TEMPLATE": outputs.launch_template_id,
        "VERSION": outputs.launch_template_version,
    }
    wanted = resource(name).properties["Environment"]["Variables"]
    module = types.ModuleType(name)
    with mock.patch.dict("os.environ", {key: environment[key] for key in wanted}):
        exec(compile(code_of(name), f"{name}.py", "exec"), module.__dict__)
    return module


def launch(door: Aws, outputs: StackOutputs, **tags: str) -> str:
    fleet = door.call(
        "ec2",
        "create_fleet",
        Type="instant",
        TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"},
        LaunchTemplateConfigs=[
            {
                "LaunchTemplateSpecification": {
                    "LaunchTemplateId": outputs.launch_template_id,
                    "Version": outputs.launch_template_version,
                },
                "Overrides": [
                    {"InstanceType": "m5.large", "SubnetId": outputs.subnets[f"{REGION}a"], "ImageId": IMAGE}
                ],
            }
        ],
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [
                    {"Key": f"rlrobo:{name}", "Value": value}
                    for name, value in {"stack": outputs.stack, **tags}.items()
                ],
            }
        ],
    )
    return fleet["Instances"][0]["InstanceIds"][0]


def state_of(door: Aws, instance_id: str) -> str:
    answer = door.call("ec2", "describe_instances", InstanceIds=[instance_id])
    return answer["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_everything_comes_to_be_and_the_doctor_is_content(door: Aws) -> None:
    outputs = make(door, has_relauncher=True, ssh_from="192.0.2.7")
    pages = door.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName="rlrobo")
    for found in pages:
        if found["ResourceType"] and found["ResourceType"] not in MOTO_CANNOT_MAKE:
            assert found.get("PhysicalResourceId"), found["LogicalResourceId"]
    assert outputs.ssh_cidr == "192.0.2.7/32"
    examined = list(examine(Visit(door=door)))
    assert [found.seen for found in examined if found.verdict is Verdict.REPAIRED] == [
        "now holds again: the bucket answers over TLS only"
    ]
    door.call("s3", "delete_bucket_policy", Bucket=outputs.bucket)
    verdicts = {found.name: found.verdict for found in examined if found.verdict is not Verdict.REPAIRED}
    assert verdicts.pop("stack") is Verdict.WARNING, "moto claims what it cannot make"
    assert set(verdicts.values()) == {Verdict.OK}


def test_deploying_again_destroying_and_deploying_anew(door: Aws) -> None:
    first, lines = make(door), []
    assert make(door, lines) == first
    assert lines[0] == f"The stack rlrobo in {REGION} is up to date."
    door.call("s3", "put_object", Bucket=first.bucket, Key="runs/ant/spec.json", Body=b"{}")
    destroy(door, "rlrobo", Follower(say=lines.append, sleep=lambda _: None))
    assert any("1 runs in 1 objects" in line for line in lines)
    assert make(door).bucket == first.bucket
    assert door.store(first.bucket).get("runs/ant/spec.json") is not None


def test_drift_is_put_back(door: Aws) -> None:
    bucket = make(door).bucket
    door.call("s3", "delete_bucket_lifecycle", Bucket=bucket)
    door.call("s3", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    door.call("ecr", "put_image_tag_mutability", repositoryName="rlrobo", imageTagMutability="MUTABLE")
    repaired = [finding.name for finding in examine(Visit(door=door)) if finding.verdict is Verdict.REPAIRED]
    assert repaired == ["bucket", "bucket", "bucket", "images"], "the policy among them"
    door.call("s3", "delete_bucket_policy", Bucket=bucket)
    rules = door.call("s3", "get_bucket_lifecycle_configuration", Bucket=bucket)["Rules"]
    assert [rule["ID"] for rule in rules] == ["superseded", "noncurrent", "incomplete-uploads"]


def test_the_reaper_ends_what_is_overdue(door: Aws) -> None:
    outputs = make(door)
    overdue = launch(door, outputs, deadline="1")
    well = launch(door, outputs, deadline="99999999999", run="ant")
    over = launch(door, outputs, deadline="99999999999", run="bee")
    store = door.store(outputs.bucket)
    store.put(RunKeys("bee").end, b"{}")
    reaper = function("Reaper", outputs)
    assert reaper.handler({}, None) == {overdue: mock.ANY}
    assert [state_of(door, each) for each in (overdue, well, over)] == ["terminated", "running", "running"]
    later = reaper.time.time() + 700
    with mock.patch.object(reaper, "time", types.SimpleNamespace(time=lambda: later)):
        assert reaper.handler({}, None) == {over: "its run is over"}


def test_the_relauncher_launches_the_next_attempt(door: Aws) -> None:
    outputs = make(door, has_relauncher=True)
    store, zones = door.store(outputs.bucket), sorted(outputs.subnets)
    pools = tuple(Pool(instance_type="m5.large", zone=zone) for zone in zones[:2])
    old = launch(door, outputs, run="ant", attempt="1", deadline="99999999999")
    relauncher = function("Relauncher", outputs)
    now = relauncher.time.time()
    spec = CloudSpec(run_id="ant", region=REGION, bucket=outputs.bucket, created_at=now - 100)
    first = Attempt(
        number=1, token="t1", state=AttemptState.RUNNING, pools=pools, pool=pools[0], instance_id=old,
        image_id=IMAGE, intended_at=now - 100, launched_at=now - 99,
    )  # fmt: skip
    store.put(KEYS.spec, encode(spec))
    store.put(KEYS.boot, b"#!/bin/bash\necho @ATTEMPT@\n")
    store.put(KEYS.attempt(1), encode(first))
    store.put(KEYS.open_marker, b"")
    relauncher.handler({}, None)
    assert store.get(KEYS.attempt(2)) is None, "its instance runs"
    machine = ec2_backends[DEFAULT_ACCOUNT_ID][REGION].get_instance(old)
    machine.terminate()
    machine.state_reason = StateReason("taken back", "Server.SpotInstanceTermination")
    relauncher.handler({}, None)
    written = store.get(KEYS.attempt(2))
    assert written is not None
    new = decode(written.content, Attempt)
    assert (new.state, new.pool) == (AttemptState.LAUNCHED, pools[1])
    assert state_of(door, new.instance_id) == "running"
    ended = store.get(KEYS.attempt(1))
    assert ended is not None
    assert decode(ended.content, Attempt).cause is Cause.INTERRUPTED
    answer = door.call("ec2", "describe_instance_attribute", InstanceId=new.instance_id, Attribute="userData")
    assert base64.b64decode(answer["UserData"]["Value"]) == b"#!/bin/bash\necho 2\n"
    store.put(KEYS.end, b"{}")
    relauncher.handler({}, None)
    assert store.get(KEYS.open_marker) is None


def test_lambda_has_the_code_of_the_template(door: Aws) -> None:
    outputs = make(door)
    answer = door.call("lambda", "get_function", FunctionName=outputs.reaper)
    assert answer["Configuration"]["Runtime"] == "python3.13"
    assert answer["Configuration"]["Environment"]["Variables"] == {"STACK": "rlrobo", "BUCKET": outputs.bucket}
