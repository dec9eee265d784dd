"""A door to an AWS that is a dictionary: for tests of what is made of its answers. Answers have the form of boto3's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from cloud.errors import CloudError

Answer = Callable[[Mapping[str, Any]], dict[str, Any]] | CloudError


@dataclass
class CannedDoor:
    """Answers each operation by a function of its parameters, or raises what stands there."""

    answers: dict[str, Answer]
    region: str = "us-east-1"
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Region and operation of every call, in all regions."""

    def in_region(self, region: str) -> CannedDoor:
        return replace(self, region=region)

    def call(self, service: str, operation: str, *, is_launch: bool = False, **params: Any) -> dict[str, Any]:
        self.calls.append((self.region, operation))
        answer = self.answers[operation]
        if isinstance(answer, CloudError):
            raise answer
        return answer(params)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
        yield from self.call(service, operation, **params)[key]


TYPES = {
    **{
        f"{family}.{size}": (vcpus, 2)
        for family in ("c7a", "c7i", "c6a", "c6i", "c5a", "c5")
        for size, vcpus in (("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16))
    },
    **{
        f"{family}.{size}": (vcpus, 4)
        for family in ("m7a", "m7i", "m6a", "m6i", "m5a", "m5")
        for size, vcpus in (("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16))
    },
    **{
        f"{family}.{size}": (vcpus, 4)
        for family in ("g4dn", "g5", "g6", "g6e")
        for size, vcpus in (("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16))
    },
    "c7g.large": (2, 2),
    "g4ad.xlarge": (4, 4),
}
"""vCPUs and GiB for each of them, by type."""


def describe_instance_types(params: Mapping[str, Any]) -> dict[str, Any]:
    """Answer for the types that a filter asks for."""
    (names,) = (entry["Values"] for entry in params["Filters"])
    return {"InstanceTypes": [_described(name, *TYPES[name]) for name in names if name in TYPES]}


def spot_price_history(prices: Mapping[tuple[str, str], list[tuple[float, str]]]) -> Answer:
    """Answer with the time and price of each change, by type and zone."""

    def answer(params: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "SpotPriceHistory": [
                {
                    "InstanceType": name,
                    "AvailabilityZone": zone,
                    "SpotPrice": price,
                    "Timestamp": datetime.fromtimestamp(since, timezone.utc),
                }
                for (name, zone), curve in prices.items()
                for since, price in curve
                if name in params["InstanceTypes"]
            ]
        }

    return answer


def _described(name: str, vcpus: int, gib_per_vcpu: int) -> dict[str, Any]:
    maker = ("AMD" if name.startswith("g4ad") else "NVIDIA") if name.startswith("g") else ""
    gpu = {"GpuInfo": {"Gpus": [{"Manufacturer": maker, "Name": "X1", "Count": 1}]}} if maker else {}
    return {
        "InstanceType": name,
        "VCpuInfo": {"DefaultVCpus": vcpus},
        "MemoryInfo": {"SizeInMiB": vcpus * gib_per_vcpu * 1024},
        "ProcessorInfo": {"SupportedArchitectures": ["arm64" if name.startswith("c7g") else "x86_64"]},
        "SupportedUsageClasses": ["on-demand", "spot"],
        **gpu,
    }
