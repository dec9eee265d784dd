"""The words of a launch: what CreateFleet is asked, and what it answers. Nothing is called here.

An instant fleet is one request over many pools. It answers with an instance, or with `Errors`, one for each pool that
had none, and no exception.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cloud.error_table import Kind
from cloud.explain import Explanation, explain
from cloud.layout import TAG_ATTEMPT, TAG_DEADLINE, TAG_RUN, TAG_STACK
from cloud.outputs import StackOutputs
from cloud.records import Attempt, CloudSpec, Market, Pool

MAX_USER_DATA_BYTES = 16384


class Refusal(NamedTuple):
    """Why a pool gave no instance; `pool` is None where the whole request was refused."""

    pool: Pool | None
    code: str
    reason: str
    """What AWS said."""
    vcpus: int = 0
    """Of the pool's type; 0: not known."""
    used_vcpus: int = 0
    """Of the quota that counts it, in use already."""

    def explain(self, region: str) -> Explanation:
        """Return what that means."""
        context = {"region": region, "action": "ec2:CreateFleet", "used_vcpus": str(self.used_vcpus)}
        if self.vcpus:
            context["vcpus"] = str(self.vcpus)
        if self.pool is not None:
            names = {"instance_type": self.pool.instance_type, "zone": self.pool.zone, "market": self.pool.market.value}
            context |= names
        return explain(self.code, self.reason, context=context)


class Recipe(NamedTuple):
    """All that a launch is made of. EC2 compares requests with the same token, so nothing else may enter one."""

    spec: CloudSpec
    attempt: Attempt
    stack: StackOutputs
    user_data: str
    images: Mapping[str, str]
    """Image by instance type."""


class Launched(NamedTuple):
    """What a fleet gave."""

    fleet_id: str
    instance_id: str
    """Empty: none."""
    pool: Pool | None
    refusals: tuple[Refusal, ...]


def fleet_request(recipe: Recipe, pools: Sequence[Pool]) -> dict[str, Any]:
    """Return the parameters of CreateFleet for pools of one market."""
    market, token, stack = pools[0].market, recipe.attempt.token, recipe.stack
    if market is Market.ON_DEMAND:  # another request, so another token
        token = hashlib.sha256(f"{token} on demand".encode()).hexdigest()
    template = {
        "LaunchTemplateId": stack.launch_template_id,
        "Version": stack.launch_template_version,
        "LaunchTemplateSpecificationUserData": b64encode(recipe.user_data.encode()).decode(),
    }
    overrides = [
        {
            "InstanceType": pool.instance_type,
            "SubnetId": stack.subnets[pool.zone],
            "ImageId": recipe.images[pool.instance_type],
        }
        for pool in pools
    ]
    strategy = (
        {"SpotOptions": {"AllocationStrategy": "price-capacity-optimized", "InstanceInterruptionBehavior": "terminate"}}
        if market is Market.SPOT
        else {"OnDemandOptions": {"AllocationStrategy": "lowest-price"}}
    )
    return {
        "ClientToken": token,
        "Type": "instant",
        "TargetCapacitySpecification": {
            "TotalTargetCapacity": 1,
            "DefaultTargetCapacityType": "spot" if market is Market.SPOT else "on-demand",
        },
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": template, "Overrides": overrides}],
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags_of(recipe)} for kind in ("fleet", "instance", "volume")
        ],
        **strategy,
    }


def tags_of(recipe: Recipe) -> list[dict[str, str]]:
    """Return the tags of everything that a launch makes."""
    tags = {
        TAG_STACK: recipe.spec.stack,
        TAG_RUN: recipe.spec.run_id,
        TAG_ATTEMPT: str(recipe.attempt.number),
        TAG_DEADLINE: str(int(recipe.spec.deadline())),
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def read_answer(answer: Mapping[str, Any], market: Market, zones: Mapping[str, str]) -> Launched:
    """Return what CreateFleet answered; `zones` is the zone by subnet."""
    refusals = tuple(
        Refusal(_pool(item, market, zones), item.get("ErrorCode", ""), item.get("ErrorMessage", ""))
        for item in answer.get("Errors", [])
    )
    for item in answer.get("Instances", []):
        for instance_id in item["InstanceIds"]:
            return Launched(answer["FleetId"], instance_id, _pool(item, market, zones), refusals)
    return Launched(answer["FleetId"], "", None, refusals)


def sentence(refusals: Sequence[Refusal], region: str) -> str:
    """Return why no pool gave an instance, in one line: each reason once, with its pools and the next step."""
    by_reason: dict[tuple[str, Market | None], list[Refusal]] = {}
    for refusal in refusals:
        by_reason.setdefault((refusal.code, refusal.pool and refusal.pool.market), []).append(refusal)
    if not by_reason:
        return f"EC2 in {region} gave no instance and no reason. It is tried again by itself."
    lines = []
    for same in by_reason.values():
        first, others = same[0].explain(region), [refusal.pool for refusal in same[1:] if refusal.pool]
        also = f" The same in {_short(others)}." if others else ""
        lines.append(f"{first.sentence}{also} {first.next_step}")
    return " ".join(dict.fromkeys(lines))


def is_worth_another_try(refusals: Sequence[Refusal], region: str) -> bool:
    """Whether the same launch may succeed later: some pool was only empty, or AWS was at fault."""
    passing = (Kind.CAPACITY, Kind.PRICE, Kind.THROTTLED, Kind.NETWORK)
    explanations = [refusal.explain(region) for refusal in refusals]
    return not explanations or any(each.kind in passing and each.is_temporary for each in explanations)


def _pool(item: Mapping[str, Any], market: Market, zones: Mapping[str, str]) -> Pool | None:
    place = item.get("LaunchTemplateAndOverrides", {}).get("Overrides", {})
    instance_type = item.get("InstanceType") or place.get("InstanceType", "")
    zone = item.get("AvailabilityZone") or place.get("AvailabilityZone") or zones.get(place.get("SubnetId", ""), "")
    if not instance_type or not zone:
        return None
    return Pool(instance_type=instance_type, zone=zone, market=market)


def _short(pools: Sequence[Pool]) -> str:
    """Return pools in few words: `c7i.large in us-east-1a, us-east-1b; m7i.large in us-east-1a`."""
    zones: dict[str, list[str]] = {}
    for pool in dict.fromkeys(pools):
        zones.setdefault(pool.instance_type, []).append(pool.zone)
    return "; ".join(f"{name} in {', '.join(found)}" for name, found in zones.items())
