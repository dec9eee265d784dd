"""Checks of a deployed stack's parts: as they are, not as CloudFormation believes. What drifted is put back.

Each returns what it found, and raises CloudError where AWS refuses to tell.
"""

from __future__ import annotations

from typing import Any

from cloud.door import Door
from cloud.errors import CloudError
from cloud.findings import Finding, Verdict, Visit
from cloud.outputs import StackOutputs
from cloud.settings import Place, Setting, bucket_settings, repository_settings
from cloud.template import resource


def look_at_bucket(visit: Visit, outputs: StackOutputs) -> list[Finding]:
    """See that the bucket is there and as safe as the template makes it."""
    arn = visit.door.call("sts", "get_caller_identity")["Arn"].split(":")
    place = Place(door=visit.door, bucket=outputs.bucket, account=arn[4], partition=arn[1])
    found: list[Finding] = []
    try:
        visit.door.call("s3", "head_bucket", Bucket=place.bucket, ExpectedBucketOwner=place.account)
    except CloudError as err:
        if err.code not in ("404", "NoSuchBucket"):
            raise
        if not visit.may_repair:
            seen = f"{outputs.bucket} is gone, and its runs with it"
            return [Finding(name="bucket", verdict=Verdict.FAILURE, seen=seen, fix="rlrobo cloud doctor makes it anew")]
        _make_bucket(visit.door, outputs.bucket)
        found = [Finding(name="bucket", verdict=Verdict.REPAIRED, seen=f"{outputs.bucket} was gone; made anew, empty")]
    return [*found, *_settings("bucket", visit, bucket_settings(place))]


def _make_bucket(door: Door, bucket: str) -> None:
    if door.region == "us-east-1":  # which is where S3 makes a bucket for which no place is given, and only then
        door.call("s3", "create_bucket", Bucket=bucket)
    else:
        place = {"LocationConstraint": door.region}
        door.call("s3", "create_bucket", Bucket=bucket, CreateBucketConfiguration=place)


def _settings(name: str, visit: Visit, settings: list[Setting]) -> list[Finding]:
    """Return one finding for each setting that drifted, or one for all of them."""
    found: list[Finding] = []
    for setting in settings:
        if setting.is_right():
            continue
        if visit.may_repair:
            setting.write()
            found.append(Finding(name=name, verdict=Verdict.REPAIRED, seen=f"now holds again: {setting.name}"))
        else:
            seen, fix = f"does not hold: {setting.name}", "rlrobo cloud doctor puts it back"
            found.append(Finding(name=name, verdict=Verdict.FAILURE, seen=seen, fix=fix))
    everything = "; ".join(setting.name for setting in settings)
    return found or [Finding(name=name, verdict=Verdict.OK, seen=everything)]


def look_at_images(visit: Visit) -> list[Finding]:
    """See that images are immutable, scanned and few."""
    return _settings("images", visit, repository_settings(visit.door, visit.stack))


def look_at_machines(visit: Visit, outputs: StackOutputs) -> list[Finding]:
    """Look at the version of the launch template that launches use."""
    answer = visit.door.call(
        "ec2",
        "describe_launch_template_versions",
        LaunchTemplateId=outputs.launch_template_id,
        Versions=[outputs.launch_template_version],
    )
    data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    wanted = resource("LaunchTemplate").properties["LaunchTemplateData"]
    volumes = [mapping.get("Ebs", {}) for mapping in data.get("BlockDeviceMappings", [])]
    holds = {
        "the metadata service asks for a session (IMDSv2)": (
            data.get("MetadataOptions", {}).get("HttpTokens") == wanted["MetadataOptions"]["HttpTokens"]
        ),
        "power-off ends an instance": data.get("InstanceInitiatedShutdownBehavior") == "terminate",
        "disks are encrypted and go with the instance": bool(volumes)
        and all(volume.get("Encrypted") and volume.get("DeleteOnTermination") for volume in volumes),
        "nothing but the stack's security group": data.get("SecurityGroupIds") == [outputs.security_group],
    }
    wrong = [name for name, is_so in holds.items() if not is_so]
    if not wrong:
        return [Finding(name="machines", verdict=Verdict.OK, seen="; ".join(holds))]
    # A version cannot be changed, only followed by another, and CloudFormation makes those.
    fix = "rlrobo cloud destroy, then rlrobo cloud deploy; runs in the bucket stay"
    return [Finding(name="machines", verdict=Verdict.FAILURE, seen=f"does not hold: {'; '.join(wrong)}", fix=fix)]


def look_at_network(visit: Visit, outputs: StackOutputs) -> list[Finding]:
    """Close what somebody has opened."""
    answer = visit.door.call("ec2", "describe_security_groups", GroupIds=[outputs.security_group])
    extra = [
        permission
        for permission in answer["SecurityGroups"][0].get("IpPermissions", [])
        if not _is_ours(permission, outputs.ssh_cidr)
    ]
    opening = f"SSH from {outputs.ssh_cidr} only" if outputs.ssh_cidr else "nothing comes in"
    if not extra:
        return [Finding(name="network", verdict=Verdict.OK, seen=opening)]
    ports = ", ".join(str(each.get("FromPort", "all")) for each in extra)
    if not visit.may_repair:
        fix = "rlrobo cloud doctor closes them"
        return [Finding(name="network", verdict=Verdict.FAILURE, seen=f"open to others: port {ports}", fix=fix)]
    visit.door.call("ec2", "revoke_security_group_ingress", GroupId=outputs.security_group, IpPermissions=extra)
    return [Finding(name="network", verdict=Verdict.REPAIRED, seen=f"closed port {ports}; {opening}")]


def _is_ours(permission: dict[str, Any], ssh_cidr: str) -> bool:
    others = any(permission.get(key) for key in ("Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"))
    cidrs = [each["CidrIp"] for each in permission.get("IpRanges", [])]
    is_ssh = (permission.get("FromPort"), permission.get("ToPort")) == (22, 22)
    return is_ssh and bool(ssh_cidr) and cidrs == [ssh_cidr] and not others


def look_at_reaper(visit: Visit, outputs: StackOutputs) -> list[Finding]:
    """See that what ends forgotten instances is there and awake."""
    visit.door.call("lambda", "get_function_configuration", FunctionName=outputs.reaper)
    pages = visit.door.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=visit.stack)
    rules = [each["PhysicalResourceId"] for each in pages if each["ResourceType"] == "AWS::Events::Rule"]
    asleep = [name for name in rules if visit.door.call("events", "describe_rule", Name=name)["State"] != "ENABLED"]
    if not asleep:
        tail = " and launches what was interrupted" if outputs.has_relauncher else ""
        return [Finding(name="reaper", verdict=Verdict.OK, seen=f"ends what is past its deadline{tail}")]
    if not visit.may_repair:
        fix = "rlrobo cloud doctor wakes it"
        return [Finding(name="reaper", verdict=Verdict.FAILURE, seen=f"asleep: {', '.join(asleep)}", fix=fix)]
    for name in asleep:
        visit.door.call("events", "enable_rule", Name=name)
    return [Finding(name="reaper", verdict=Verdict.REPAIRED, seen=f"was asleep; woken: {', '.join(asleep)}")]
