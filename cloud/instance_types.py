"""What EC2 says of its instance types in a region: processors, memory, GPU, and whether they can be had on Spot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from cloud.door import Door
from engine.protocol.errors import UnknownNameError

ARCHITECTURE = "x86_64"
"""PyBullet has no wheels for another."""
_MAX_NAMES = 100


class InstanceFacts(Struct, frozen=True, kw_only=True):
    """An instance type."""

    name: str
    """Such as c7i.2xlarge."""
    vcpus: int
    memory_gib: float
    architectures: tuple[str, ...] = (ARCHITECTURE,)
    gpu: str = ""
    """Such as `NVIDIA A10G`; empty: none."""
    num_gpus: int = 0
    has_spot: bool = True
    """Whether it can be had on Spot."""

    @property
    def has_cuda(self) -> bool:
        """Whether torch can use its GPU."""
        return self.gpu.startswith("NVIDIA")


def describe_types(door: Door, names: Iterable[str]) -> dict[str, InstanceFacts]:
    """Return the facts of those of `names` that the region has. Raises CloudError."""
    wanted, found = sorted(set(names)), {}
    for begin in range(0, len(wanted), _MAX_NAMES):
        # A filter, because one unknown name among `InstanceTypes` would refuse them all.
        names_filter = {"Name": "instance-type", "Values": wanted[begin : begin + _MAX_NAMES]}
        for item in door.pages("ec2", "describe_instance_types", "InstanceTypes", Filters=[names_filter]):
            found[item["InstanceType"]] = _facts(item)
    return found


def check_types(door: Door, names: Sequence[str]) -> dict[str, InstanceFacts]:
    """Return the facts of all of `names`. Raises UnknownNameError where the region has no such type, CloudError."""
    found = describe_types(door, names)
    for name in names:
        if name not in found:
            hint = f"{door.region} has none of that name; `--instance auto` takes what it has."
            raise UnknownNameError("instance type", name, found, hint)
    return found


def _facts(item: dict[str, Any]) -> InstanceFacts:
    gpus = item.get("GpuInfo", {}).get("Gpus", [])
    return InstanceFacts(
        name=item["InstanceType"],
        vcpus=item["VCpuInfo"]["DefaultVCpus"],
        memory_gib=item["MemoryInfo"]["SizeInMiB"] / 1024,
        architectures=tuple(item["ProcessorInfo"]["SupportedArchitectures"]),
        gpu=f"{gpus[0]['Manufacturer']} {gpus[0]['Name']}" if gpus else "",
        num_gpus=sum(gpu.get("Count", 0) for gpu in gpus),
        has_spot="spot" in item.get("SupportedUsageClasses", ()),
    )
