"""Make the stack of cloud/stack.yaml in a region, bring it up to date, and read what it gives.

Every step may be repeated: CloudFormation keeps the truth, and what a process that died has begun is waited for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from cloud.changes import Follower, event_ids, find_stack, follow, refuse, settle
from cloud.door import Door
from cloud.errors import CloudError
from cloud.outputs import StackOutputs, parse_outputs, write_subnets
from cloud.service_roles import make_service_roles
from cloud.settings import Place, bucket_settings, repository_settings
from cloud.template import Resource, resources, template_text
from engine.protocol.crash_points import reach
from engine.protocol.errors import ConfigError

DEFAULT_STACK = "rlrobo"
_STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,22}[a-z0-9]")
_ADDRESS = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(/32)?")


class Choices(Struct, frozen=True, kw_only=True):
    """What a user may choose about the stack. None: as it is, or the template's default for a new one."""

    ssh_from: str | None = None
    """The one IPv4 address that may reach port 22; empty: none."""
    has_relauncher: bool | None = None
    """Whether the stack launches the next attempt of an interrupted run by itself."""
    volume_gib: int | None = None
    """Size of an instance's disk."""
    log_days: int | None = None
    """How long logs are kept; one of CloudWatch's periods."""
    vpc: str = ""
    """VPC to use; empty: the one that it uses, or the region's default one."""


class Plan(Struct, frozen=True, kw_only=True):
    """What deploy would do."""

    stack: str
    region: str
    account: str
    caller: str
    bucket: str
    created: tuple[str, ...]
    """What is not there yet, in words."""
    kept: tuple[str, ...]
    """What is there, and is brought up to date where it differs."""
    stays_after_destroy: tuple[str, ...]


def plan(door: Door, *, stack: str = DEFAULT_STACK, choices: Choices) -> Plan:
    """Return what `deploy` would do; nothing is changed. Raises CloudError and ConfigError."""
    caller, found = _Caller.of(door), find_stack(door, _checked(stack))
    there = set(_resource_ids(door, stack)) if found else set()
    bucket = caller.bucket(stack, door.region)
    parameters = {**_previous(found), **_chosen(choices)}
    wanted = [each for each in resources() if _is_wanted(each, parameters)]
    if not there and _is_bucket_there(door, bucket, caller.account):
        there = {"Bucket", "BucketPolicy"}
    _network(door, choices.vpc or _previous(found).get("VpcId", ""))
    return Plan(
        stack=stack,
        region=door.region,
        account=caller.account,
        caller=caller.arn,
        bucket=bucket,
        created=tuple(each.purpose for each in wanted if each.name not in there),
        kept=tuple(each.purpose for each in wanted if each.name in there),
        stays_after_destroy=tuple(each.purpose for each in wanted if each.stays),
    )


def deploy(door: Door, *, stack: str = DEFAULT_STACK, choices: Choices, follower: Follower) -> StackOutputs:
    """Make the stack or bring it up to date; return what it gives. Raises CloudError and ConfigError."""
    caller = _Caller.of(door)
    found = settle(door, _checked(stack), follower)
    make_service_roles(door, follower.say)
    reach("cloud-deploy-begun")
    request = _request(door, stack, found, caller, choices)
    if found is None:
        _create(door, stack, request, follower)
    else:
        _update(door, found, request, follower)
    reach("cloud-deploy-made")
    outputs = read_outputs(door, stack)
    place = Place(door=door, bucket=outputs.bucket, account=caller.account, partition=caller.partition)
    for setting in (*bucket_settings(place), *repository_settings(door, stack)):
        if setting.repair():
            follower.say(f"  ~ {setting.name}")
    return outputs


def read_outputs(door: Door, stack: str = DEFAULT_STACK) -> StackOutputs:
    """Return what a deployed stack gives. Raises CloudError where it is not there or not whole."""
    found = find_stack(door, stack)
    again = f"`rlrobo cloud deploy --region {door.region}{'' if stack == DEFAULT_STACK else f' --stack {stack}'}`"
    if found is None:
        raise CloudError(
            f"There is no stack {stack} in {door.region}. Make it with {again}; it costs nothing by itself."
        )
    if not found.get("Outputs"):
        raise CloudError(f"The stack {stack} in {door.region} is in {found['StackStatus']}. Finish it with {again}.")
    return parse_outputs(stack, door.region, {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]})


def bucket_name(door: Door, stack: str = DEFAULT_STACK) -> str:
    """Return the name of a stack's bucket: the same after `destroy` and `deploy`, so its runs are found again."""
    return _Caller.of(door).bucket(stack, door.region)


class _Caller(Struct, frozen=True):
    arn: str
    account: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    def bucket(self, stack: str, region: str) -> str:
        return f"{stack}-{self.account}-{region}"

    @classmethod
    def of(cls, door: Door) -> _Caller:
        answer = door.call("sts", "get_caller_identity")
        return cls(arn=answer["Arn"], account=answer["Account"])


def _checked(stack: str) -> str:
    if not _STACK_NAME.fullmatch(stack):
        raise ConfigError(
            "--stack", "", f"{stack!r} is no name for a stack: 2 to 24 of a-z, 0-9 and -, a letter first."
        )
    return stack


def _request(door: Door, stack: str, found: dict[str, Any] | None, caller: _Caller, choices: Choices) -> dict[str, Any]:
    """Return what CloudFormation is asked: the template and its parameters, tags and the right to make roles."""
    previous = _previous(found)
    bucket = caller.bucket(stack, door.region)
    is_ours = found is not None and "Bucket" in _resource_ids(door, stack)
    is_new = is_ours or not _is_bucket_there(door, bucket, caller.account)
    vpc, subnets = _network(door, choices.vpc or previous.get("VpcId", ""))
    values = {
        "VpcId": vpc,
        "Subnets": write_subnets(subnets),
        "BucketName": bucket,
        "IsBucketNew": "true" if is_new else "false",
        **_chosen(choices),
    }
    kept = [name for name in previous if name not in values and name in _OPTIONS]
    return {
        "StackName": stack,
        "TemplateBody": template_text(),
        "Parameters": [
            *({"ParameterKey": name, "ParameterValue": value} for name, value in values.items()),
            *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
        ],
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": "rlrobo:stack", "Value": stack}],
    }


_OPTIONS = ("SshCidr", "HasRelauncher", "VolumeGib", "LogDays")


def _chosen(choices: Choices) -> dict[str, str]:
    """Return the parameters that the user gave."""
    values: dict[str, str] = {}
    if choices.ssh_from is not None:
        values["SshCidr"] = _cidr(choices.ssh_from)
    if choices.has_relauncher is not None:
        values["HasRelauncher"] = "true" if choices.has_relauncher else "false"
    if choices.volume_gib is not None:
        values["VolumeGib"] = str(choices.volume_gib)
    if choices.log_days is not None:
        values["LogDays"] = str(choices.log_days)
    return values


def _cidr(address: str) -> str:
    match = _ADDRESS.fullmatch(address)
    if not address:
        return ""
    if match is None or any(int(part) > 255 for part in match.groups()[:4]):
        raise ConfigError("--ssh-from", "", f"{address!r} is no IPv4 address. Give one such as 203.0.113.7, or `none`.")
    return f"{address.removesuffix('/32')}/32"


def _previous(found: dict[str, Any] | None) -> dict[str, str]:
    given = found.get("Parameters", []) if found else []
    return {each["ParameterKey"]: each["ParameterValue"] for each in given}


def _is_wanted(found: Resource, parameters: dict[str, str]) -> bool:
    return found.condition != "Relaunches" or parameters.get("HasRelauncher") == "true"


def _resource_ids(door: Door, stack: str) -> Iterator[str]:
    pages = door.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    return (each["LogicalResourceId"] for each in pages if each["ResourceStatus"] != "DELETE_COMPLETE")


def _is_bucket_there(door: Door, bucket: str, account: str) -> bool:
    try:
        door.call("s3", "head_bucket", Bucket=bucket, ExpectedBucketOwner=account)
    except CloudError as err:
        if err.code in ("404", "NoSuchBucket"):
            return False
        if err.code in ("403", "AccessDenied"):
            raise CloudError(
                f"The bucket {bucket} is there, but {account} does not own it or may not use it. Ask who does, or "
                "deploy under another name with --stack.",
                code=err.code,
            ) from err
        raise
    return True


def _network(door: Door, vpc: str) -> tuple[str, dict[str, str]]:
    """Return the VPC and its public subnets by zone: `vpc`, or the region's default one."""
    which = {"Name": "vpc-id", "Values": [vpc]} if vpc else {"Name": "is-default", "Values": ["true"]}
    vpcs = list(door.pages("ec2", "describe_vpcs", "Vpcs", Filters=[which]))
    if not vpcs:
        raise CloudError(
            f"There is no VPC {vpc} in {door.region}; check --vpc and --region."
            if vpc
            else f"{door.region} has no default VPC. Make one with `aws ec2 create-default-vpc --region {door.region}` "
            "(it costs nothing), or name another with --vpc."
        )
    vpc = vpcs[0]["VpcId"]
    subnets = door.pages("ec2", "describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    public = {each["AvailabilityZone"]: each["SubnetId"] for each in subnets if each["MapPublicIpOnLaunch"]}
    if not public:
        raise CloudError(
            f"{vpc} in {door.region} has no subnet that gives instances a public address, without which they reach "
            "neither S3 nor package indexes. Turn that on for its subnets, or name another VPC with --vpc."
        )
    return vpc, public


def _create(door: Door, stack: str, request: dict[str, Any], follower: Follower) -> None:
    follower.say(f"Making the stack {stack} in {door.region}:")
    answer = door.call("cloudformation", "create_stack", **request)
    reach("cloud-deploy-asked")
    status = follow(door, answer["StackId"], follower, seen=set())
    if status != "CREATE_COMPLETE":
        made = {"StackName": stack, "StackId": answer["StackId"]}
        refuse(door, made, f"could not be made ({status})", seen=set())


def _update(door: Door, found: dict[str, Any], request: dict[str, Any], follower: Follower) -> None:
    seen = event_ids(door, found["StackId"])
    try:
        door.call("cloudformation", "update_stack", **request)
    except CloudError as err:
        if "No updates are to be performed" not in err.reason:
            raise
        follower.say(f"The stack {found['StackName']} in {door.region} is up to date.")
        return
    reach("cloud-deploy-asked")
    follower.say(f"Bringing the stack {found['StackName']} in {door.region} up to date:")
    status = follow(door, found["StackId"], follower, seen=seen)
    if status != "UPDATE_COMPLETE":
        refuse(door, found, f"could not be changed ({status}) and is as it was", seen=seen)
