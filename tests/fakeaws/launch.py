"""Launches for tests of this AWS: a fleet of one from the stack's template with a user data of the test."""

from __future__ import annotations

import base64
from typing import Any

from cloud.outputs import StackOutputs
from tests.fakeaws.fake import FakeAws


def launch_fleet(
    fake: FakeAws,
    stack: StackOutputs,
    user_data: str,
    *,
    types: tuple[str, ...] = ("c7i.large",),
    zones: tuple[str, ...] = ("a",),
    **more: Any,
) -> dict[str, Any]:
    """Return the reply of CreateFleet for one Spot instance; `more`: other parameters of the call."""
    ec2 = fake.client("ec2")
    version = ec2.create_launch_template_version(
        LaunchTemplateId=stack.launch_template_id,
        SourceVersion="1",
        LaunchTemplateData={"UserData": base64.b64encode(user_data.encode()).decode()},
    )["LaunchTemplateVersion"]["VersionNumber"]
    return ec2.create_fleet(**fleet_request(stack, version=version, types=types, zones=zones), **more)


def fleet_request(
    stack: StackOutputs, *, version: int = 1, types: tuple[str, ...] = ("c7i.large",), zones: tuple[str, ...] = ("a",)
) -> dict[str, Any]:
    """Return the parameters of CreateFleet for one Spot instance."""
    overrides = [
        {"InstanceType": kind, "SubnetId": stack.subnets[stack.region + zone]} for kind in types for zone in zones
    ]
    template = {"LaunchTemplateId": stack.launch_template_id, "Version": str(version)}
    return {
        "Type": "instant",
        "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"},
        "SpotOptions": {"AllocationStrategy": "price-capacity-optimized"},
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": template, "Overrides": overrides}],
    }
