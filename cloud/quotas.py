"""Whether the account may have the vCPUs that a launch needs, asked before anything is launched.

A new account has 5 vCPUs of Standard instances on Spot and none with a GPU, so the first launch often fails here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from cloud.door import Door
from cloud.errors import CloudError
from cloud.explain import Kind, kind_of
from cloud.instance_types import InstanceFacts, describe_types
from cloud.quota_codes import QuotaCode, quota_code, request_command
from cloud.records import Market


class Quota(Struct, frozen=True, kw_only=True):
    """A quota as it stands in a region."""

    code: str
    name: str
    """For people, such as `Spot quota of P instances`."""
    limit_vcpus: int | None
    """None: AWS did not say."""
    used_vcpus: int
    """By what runs now, ours or not."""

    @property
    def free_vcpus(self) -> int | None:
        """How many vCPUs may be launched; None: not known."""
        return None if self.limit_vcpus is None else max(0, self.limit_vcpus - self.used_vcpus)


class QuotaReport(Struct, frozen=True, kw_only=True):
    """What quotas allow of some instance types in one market."""

    market: Market
    fitting: tuple[str, ...]
    """Types that may be launched now, as they were asked for; those whose quota is not known are among them."""
    refused: dict[str, str]
    """Why a type may not, with the next step."""
    quotas: tuple[Quota, ...]

    @property
    def sentence(self) -> str:
        """Why types are refused, in one line; each quota once."""
        return " ".join(dict.fromkeys(self.refused.values()))


def check_quota(door: Door, types: Iterable[InstanceFacts], market: Market) -> QuotaReport:
    """Return what quotas allow. Raises CloudError where AWS does not answer; a quota it may not tell is not known."""
    wanted = list(types)
    codes = {facts.name: quota_code(facts.name, market) for facts in wanted}
    used = used_vcpus(door, market)
    found = {code: _quota(door, code, used.get(code.code, 0)) for code in dict.fromkeys(codes.values()) if code}
    refused: dict[str, str] = {}
    for code, quota in found.items():
        same = [facts for facts in wanted if codes[facts.name] == code]
        refused |= _refused(door.region, code, quota, same)
    return QuotaReport(
        market=market,
        fitting=tuple(facts.name for facts in wanted if facts.name not in refused),
        refused=refused,
        quotas=tuple(found.values()),
    )


def used_vcpus(door: Door, market: Market) -> dict[str, int]:
    """Return the vCPUs that run now in one market, by quota code, whoever they belong to. Raises CloudError."""
    running = [item for item in _running(door) if (item.get("InstanceLifecycle") == "spot") == (market is Market.SPOT)]
    untold = {item["InstanceType"] for item in running if not item.get("CpuOptions")}
    facts = describe_types(door, untold) if untold else {}
    used: dict[str, int] = {}
    for item in running:
        code, cores = quota_code(item["InstanceType"], market), item.get("CpuOptions") or {}
        known = facts.get(item["InstanceType"])
        vcpus = cores.get("CoreCount", 0) * cores.get("ThreadsPerCore", 1) or (known.vcpus if known else 0)
        if code is not None:
            used[code.code] = used.get(code.code, 0) + vcpus
    return used


def _refused(region: str, code: QuotaCode, quota: Quota, types: Sequence[InstanceFacts]) -> dict[str, str]:
    """Return why types of one quota do not fit: one sentence for all, with what the smallest of them needs."""
    free = quota.free_vcpus
    too_large = [facts for facts in types if free is not None and facts.vcpus > free]
    if not too_large:
        return {}
    smallest = min(too_large, key=lambda facts: facts.vcpus)
    command = request_command(code, vcpus=quota.used_vcpus + smallest.vcpus, region=region)
    sentence = (
        f"The {quota.name} in {region} is {quota.limit_vcpus} vCPUs, {quota.used_vcpus} of them in use; "
        f"{smallest.name} needs {smallest.vcpus}. Ask for more: `{command}`."
    )
    return {facts.name: sentence for facts in too_large}


def _quota(door: Door, code: QuotaCode, used_vcpus: int) -> Quota:
    limit = _limit(door, "get_service_quota", code)
    if limit is None:  # accounts that never asked for more may have only the default
        limit = _limit(door, "get_aws_default_service_quota", code)
    return Quota(code=code.code, name=str(code), limit_vcpus=limit, used_vcpus=used_vcpus)


def _limit(door: Door, operation: str, code: QuotaCode) -> int | None:
    try:
        answer = door.call("service-quotas", operation, ServiceCode="ec2", QuotaCode=code.code)
    except CloudError as err:
        if kind_of(err.code) not in (Kind.PERMISSION, Kind.NOT_FOUND):
            raise
        return None
    return int(answer["Quota"]["Value"])


def _running(door: Door) -> Iterator[dict[str, Any]]:
    states = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    for reservation in door.pages("ec2", "describe_instances", "Reservations", Filters=[states]):
        yield from reservation["Instances"]
