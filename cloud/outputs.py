"""What the stack gives to everybody who launches, sends or reads: the outputs of cloud/stack.yaml, parsed."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from cloud.errors import CloudError


class StackOutputs(Struct, frozen=True, kw_only=True):
    """The resources of one deployed stack."""

    stack: str
    """Name of the CloudFormation stack; also the value of the tag `rlrobo:stack`."""
    region: str
    bucket: str
    launch_template_id: str
    launch_template_version: str
    """The newest one. CloudFormation never moves a template's default version, so `$Default` would stay the first."""
    subnets: dict[str, str]
    """Subnet id by availability zone."""
    security_group: str
    instance_profile_arn: str
    repository_uri: str
    """Of the container images, without a tag."""
    log_group: str
    reaper: str
    """Name of the function that ends instances past their deadline."""
    ssh_cidr: str = ""
    """The only addresses that reach port 22; empty: none do."""
    has_relauncher: bool = False
    """Whether that function also launches the next attempt while the user's machine is away."""


OUTPUT_KEYS = {
    "bucket": "Bucket",
    "launch_template_id": "LaunchTemplateId",
    "launch_template_version": "LaunchTemplateVersion",
    "subnets": "Subnets",
    "security_group": "SecurityGroup",
    "instance_profile_arn": "InstanceProfileArn",
    "repository_uri": "RepositoryUri",
    "log_group": "LogGroup",
    "reaper": "Reaper",
    "ssh_cidr": "SshCidr",
    "has_relauncher": "HasRelauncher",
}
"""Output of the template by field."""
NONE = "none"
"""An output must not be empty, so this stands for nothing."""


def parse_outputs(stack: str, region: str, outputs: Mapping[str, str]) -> StackOutputs:
    """Return the outputs of the stack as a record. Raises CloudError where an older template lacks one."""
    missing = [key for key in OUTPUT_KEYS.values() if key not in outputs]
    if missing:
        raise CloudError(
            f"The stack {stack} in {region} has no output {', '.join(missing)}: an older version of rlrobo made it. "
            f"Bring it up to date with `rlrobo cloud deploy --region {region} --stack {stack}`."
        )
    values = {field: outputs[key] for field, key in OUTPUT_KEYS.items()}
    cidr = values.pop("ssh_cidr")
    return StackOutputs(
        stack=stack,
        region=region,
        subnets=parse_subnets(values.pop("subnets")),
        has_relauncher=values.pop("has_relauncher") == "true",
        ssh_cidr="" if cidr == NONE else cidr,
        **values,
    )


def parse_subnets(text: str) -> dict[str, str]:
    """Return subnet id by zone from `us-east-1a=subnet-1,us-east-1b=subnet-2`."""
    return dict(part.split("=", 1) for part in text.split(",") if part)


def write_subnets(subnets: Mapping[str, str]) -> str:
    """Return the text that `parse_subnets` reads, sorted by zone."""
    return ",".join(f"{zone}={subnets[zone]}" for zone in sorted(subnets))
