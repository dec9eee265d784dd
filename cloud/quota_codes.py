"""Which EC2 quota counts an instance type: by family and by market, in vCPUs.

Codes are those of Service Quotas, service `ec2`; they are the same in every account and region.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cloud.records import Market


class QuotaCode(NamedTuple):
    """A quota of EC2 in vCPUs."""

    code: str
    """Such as L-34B43A08."""
    family: str
    """Which instances it counts, for people."""
    market: Market

    def __str__(self) -> str:
        return f"{'Spot' if self.market is Market.SPOT else 'on-demand'} quota of {self.family} instances"


def quota_code(instance_type: str, market: Market) -> QuotaCode | None:
    """Return the quota that counts a type; None for a family that is not in the table."""
    match = re.match(r"[a-z]+\d?", instance_type)
    if match is None:
        return None
    letters = match[0].rstrip("0123456789")
    if letters == "p" and match[0] == "p5" and market is Market.SPOT:
        return QuotaCode("L-C4BD4855", "P5", market)
    family = next((row for row in _FAMILIES if letters in row.prefixes), None)
    if family is None and letters[0] in "acdhimrtz" and letters not in ("hpc", "mac"):
        family = _STANDARD  # `im4gn` and `is4gen` are counted like `i`
    if family is None:
        return None
    return QuotaCode(family.spot if market is Market.SPOT else family.on_demand, family.name, market)


def request_command(quota: QuotaCode, *, vcpus: int, region: str) -> str:
    """Return the command that asks AWS for at least `vcpus`."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code ec2 --quota-code {quota.code} "
        f"--desired-value {vcpus} --region {region}"
    )


class _Family(NamedTuple):
    name: str
    prefixes: tuple[str, ...]
    spot: str
    on_demand: str


_STANDARD = _Family("Standard (A, C, D, H, I, M, R, T, Z)", (), "L-34B43A08", "L-1216C47A")
_FAMILIES = (
    _Family("G and VT", ("g", "gr", "vt"), "L-3819A6DF", "L-DB2E81BA"),
    _Family("P", ("p",), "L-7212CCBC", "L-417A185B"),
    _Family("DL", ("dl",), "L-85EED4F7", "L-6E869C2A"),
    _Family("F", ("f",), "L-88CF9481", "L-74FC7D96"),
    _Family("Inf", ("inf",), "L-B5D1601B", "L-1945791B"),
    _Family("Trn", ("trn",), "L-6B0D517C", "L-2C3B7624"),
    _Family("X", ("x",), "L-E3A00192", "L-7295265B"),
)
