"""What the stack promises, read from the template; and the template as cfn-lint sees it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.layout import ATTEMPT_PLACEHOLDER, OPEN_ROOT, SUPERSEDED, TAG_ATTEMPT, TAG_DEADLINE, TAG_RUN, TAG_STACK
from cloud.outputs import NONE, OUTPUT_KEYS
from cloud.template import MAX_BYTES, PATH, resource, resources, template, template_text

FUNCTIONS = [found.name for found in resources() if found.kind == "AWS::Lambda::Function"]
ROLES = [found.name for found in resources() if found.kind == "AWS::IAM::Role"]
WITHOUT_RESOURCE = {
    "ec2:DescribeInstances",
    "ec2:DescribeSpotPriceHistory",
    "ecr:GetAuthorizationToken",
}
"""Actions that IAM cannot limit to a resource."""


def properties(name: str) -> dict[str, Any]:
    return resource(name).properties


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in properties(role)["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def statement(role: str, sid: str) -> dict[str, Any]:
    return next(found for found in statements(role) if found["Sid"] == sid)


# -- as CloudFormation takes it


def test_cfn_lint_finds_nothing() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), PATH], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_it_fits_into_a_call() -> None:
    assert len(template_text().encode()) < MAX_BYTES


def test_it_gives_every_output_that_is_read() -> None:
    assert set(template()["Outputs"]) == set(OUTPUT_KEYS.values())
    assert template()["Outputs"]["SshCidr"]["Value"]["Fn::If"][2] == NONE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_inline_code_is_in_the_projects_style(name: str) -> None:
    code = properties(name)["Code"]["ZipFile"]
    for command in (["format", "--check"], ["check", "--extend-ignore", "T20"]):  # what it prints is its log
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--line-length", "110", "--stdin-filename", "cloud/index.py", "-"],
            input=code.rstrip() + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr


def test_inline_code_names_tags_and_keys_as_everybody_does() -> None:
    reaper, relauncher = (properties(name)["Code"]["ZipFile"] for name in ("Reaper", "Relauncher"))
    assert f'"tag:{TAG_STACK}"' in reaper
    assert f'"{TAG_DEADLINE}"' in reaper
    assert f'"{TAG_RUN}"' in reaper
    assert f'"{OPEN_ROOT}/"' in relauncher
    assert f'b"{ATTEMPT_PLACEHOLDER}"' in relauncher
    for tag in (TAG_STACK, TAG_RUN, TAG_ATTEMPT, TAG_DEADLINE):
        assert f'"{tag.removeprefix("rlrobo:")}": ' in relauncher


# -- bucket


def test_bucket_is_encrypted_versioned_private_and_outlives_the_stack() -> None:
    bucket = properties("Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for name in ("Bucket", "BucketPolicy"):
        body = template()["Resources"][name]
        assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_bucket_refuses_everybody_without_tls() -> None:
    (denial,) = properties("BucketPolicy")["PolicyDocument"]["Statement"]
    assert (denial["Effect"], denial["Principal"], denial["Action"]) == ("Deny", "*", "s3:*")
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert [text["Fn::Sub"].partition(":::")[2] for text in denial["Resource"]] == ["${BucketName}", "${BucketName}/*"]


def removes(rule: dict[str, Any], *, tags: dict[str, str], age_days: int, noncurrent_days: int | None) -> bool:
    """Whether S3 would delete a version of an object, as the S3 user guide describes lifecycle rules."""
    assert rule["Status"] == "Enabled"
    known = {"ExpirationInDays", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload", "TagFilters"}
    assert set(rule) - {"Id", "Status"} <= known, "a rule that this simulation does not know"
    if any(tags.get(wanted["Key"]) != wanted["Value"] for wanted in rule.get("TagFilters", [])):
        return False
    if noncurrent_days is not None:
        expiration = rule.get("NoncurrentVersionExpiration")
        return expiration is not None and noncurrent_days >= expiration["NoncurrentDays"]
    return "ExpirationInDays" in rule and age_days >= rule["ExpirationInDays"]


@pytest.mark.parametrize("tags", [{}, {"class": "checkpoint"}, {"superseded": "class"}], ids=str)
def test_what_is_not_marked_superseded_never_expires(tags: dict[str, str]) -> None:
    rules = properties("Bucket")["LifecycleConfiguration"]["Rules"]
    for age in range(401):
        assert not any(removes(rule, tags=tags, age_days=age, noncurrent_days=None) for rule in rules)


def test_superseded_objects_and_old_versions_expire() -> None:
    rules = properties("Bucket")["LifecycleConfiguration"]["Rules"]

    def expires(**about: Any) -> bool:
        return any(removes(rule, **about) for rule in rules)

    assert not expires(tags=SUPERSEDED, age_days=6, noncurrent_days=None)
    assert expires(tags=SUPERSEDED, age_days=7, noncurrent_days=None)
    assert not expires(tags={}, age_days=400, noncurrent_days=29)
    assert expires(tags={}, age_days=400, noncurrent_days=30)


def test_incomplete_uploads_go_after_a_day() -> None:
    rules = properties("Bucket")["LifecycleConfiguration"]["Rules"]
    uploads = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]
    assert uploads == [{"DaysAfterInitiation": 1}]


# -- network and machines


def test_nothing_comes_in_but_ssh_from_one_address() -> None:
    ingress = properties("SecurityGroup")["SecurityGroupIngress"]["Fn::If"]
    assert ingress[0] == "OpensSsh"
    assert ingress[2] == {"Ref": "AWS::NoValue"}
    (rule,) = ingress[1]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIp"]) == ("tcp", 22, 22, {"Ref": "SshCidr"})
    assert template()["Parameters"]["SshCidr"]["AllowedPattern"].endswith("/32")
    assert template()["Parameters"]["SshCidr"]["Default"] == ""
    assert not [found.name for found in resources() if "Ingress" in found.kind]


def test_machines_talk_to_the_world_by_http_only() -> None:
    assert {rule["ToPort"] for rule in properties("SecurityGroup")["SecurityGroupEgress"]} == {80, 443}


def test_machines_end_by_power_off_hide_their_credentials_and_leave_no_disk() -> None:
    data = properties("LaunchTemplate")["LaunchTemplateData"]
    assert data["InstanceInitiatedShutdownBehavior"] == "terminate"
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 2
    (volume,) = (mapping["Ebs"] for mapping in data["BlockDeviceMappings"])
    assert (volume["VolumeType"], volume["Encrypted"], volume["DeleteOnTermination"]) == ("gp3", True, True)
    assert not {"KeyName", "UserData", "InstanceMarketOptions", "NetworkInterfaces"} & set(data)


def test_machines_and_disks_carry_the_stacks_name() -> None:
    found = properties("LaunchTemplate")["LaunchTemplateData"]["TagSpecifications"]
    assert {tags["ResourceType"] for tags in found} == {"instance", "volume"}
    for tags in found:
        assert {"Key": TAG_STACK, "Value": {"Ref": "AWS::StackName"}} in tags["Tags"]


def test_logs_are_kept_for_a_time_and_go_with_the_stack() -> None:
    groups = [found for found in resources() if found.kind == "AWS::Logs::LogGroup"]
    assert len(groups) == 1 + len(FUNCTIONS)
    for group in groups:
        assert group.properties["RetentionInDays"] == {"Ref": "LogDays"}
        assert not group.stays


def test_images_are_immutable_scanned_and_few() -> None:
    repository = properties("Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["countNumber"] for rule in rules] == [1, 10]
    assert {rule["action"]["type"] for rule in rules} == {"expire"}


# -- rights


@pytest.mark.parametrize("role", ROLES)
def test_no_right_is_wider_than_it_must_be(role: str) -> None:
    for right in statements(role):
        assert not {"NotAction", "NotResource"} & set(right)
        for action in as_list(right["Action"]):
            assert "*" not in action
        for where in as_list(right["Resource"]):
            assert where != "*" or set(as_list(right["Action"])) <= WITHOUT_RESOURCE


@pytest.mark.parametrize("role", ROLES)
def test_only_the_service_it_is_for_takes_a_role(role: str) -> None:
    (trust,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]
    wanted = "ec2.amazonaws.com" if role == "InstanceRole" else "lambda.amazonaws.com"
    assert trust["Principal"] == {"Service": wanted}
    assert "ManagedPolicyArns" not in properties(role)


@pytest.mark.parametrize("role", ["InstanceRole", "ReaperRole"])
def test_only_instances_of_the_stack_can_be_ended(role: str) -> None:
    rights = [right for right in statements(role) if "ec2:TerminateInstances" in as_list(right["Action"])]
    for right in rights:
        assert right["Condition"]["StringEquals"] == {f"aws:ResourceTag/{TAG_STACK}": {"Ref": "AWS::StackName"}}
    assert len(rights) == 1


def test_an_instance_ends_no_other_one() -> None:
    assert statement("InstanceRole", "EndItself")["Condition"]["StringLike"] == {"aws:userid": "*:${ec2:InstanceID}"}


def test_an_instance_deletes_nothing_and_changes_no_run_that_was_sent() -> None:
    allowances = [right for right in statements("InstanceRole") if right["Effect"] == "Allow"]
    allowed = {action for right in allowances for action in as_list(right["Action"])}
    assert not [action for action in allowed if "Delete" in action]
    assert "s3:PutObject" in allowed
    denied = statement("InstanceRole", "NeverWhatTheUserSent")
    assert denied["Effect"] == "Deny"
    assert {where["Fn::Sub"].rpartition("/runs/*/")[2] for where in denied["Resource"]} == {
        "spec.json", "boot.sh", "input/*", "commands/*"
    }  # fmt: skip


def test_an_instance_reaches_nothing_of_s3_but_runs_and_wheels() -> None:
    places = {
        where["Fn::Sub"].partition(":::")[2]
        for right in statements("InstanceRole")
        for where in as_list(right["Resource"])
        if isinstance(where, dict) and ":s3:::" in str(where.get("Fn::Sub"))
    }
    assert all(
        place.startswith(("${BucketName}/runs/", "${BucketName}/wheels/")) for place in places - {"${BucketName}"}
    )
    assert statement("InstanceRole", "WriteRuns")["Resource"]["Fn::Sub"].endswith(":::${BucketName}/runs/*")


@pytest.mark.parametrize("role", ROLES)
def test_who_reads_is_told_what_is_not_there(role: str) -> None:
    """S3 says "forbidden" of an absent object to whoever may not list, or only with a prefix, which a GET has not."""
    (listing,) = (right for right in statements(role) if "s3:ListBucket" in as_list(right["Action"]))
    assert all(operator.endswith("IfExists") for operator in listing.get("Condition", {}))
    assert listing["Resource"]["Fn::Sub"].endswith(":::${BucketName}")


def test_the_relauncher_launches_from_the_stacks_template_and_gives_no_other_role() -> None:
    launch = statement("RelauncherRole", "LaunchFromOurTemplateOnly")
    assert launch["Action"] == "ec2:RunInstances"
    assert "LaunchTemplate" in str(launch["Condition"]["ArnEquals"]["ec2:LaunchTemplate"])
    role = statement("RelauncherRole", "GiveInstancesTheirRole")
    assert role["Resource"] == {"Fn::GetAtt": ["InstanceRole", "Arn"]}
    assert role["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    tags = statement("RelauncherRole", "TagWhatItLaunches")["Condition"]["StringEquals"]
    assert set(tags["ec2:CreateAction"]) == {"CreateFleet", "RunInstances"}


def test_the_relauncher_is_there_only_when_asked_for() -> None:
    assert template()["Parameters"]["HasRelauncher"]["Default"] == "false"
    for found in resources():
        assert (found.condition == "Relaunches") == found.name.startswith("Relauncher"), found.name


def test_only_events_of_this_account_wake_the_functions() -> None:
    permissions = [found.properties for found in resources() if found.kind == "AWS::Lambda::Permission"]
    assert len(permissions) == 3
    assert all(given["Principal"] == "events.amazonaws.com" and "SourceArn" in given for given in permissions)
