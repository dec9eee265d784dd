"""Which instance types suit a run: the user's own, or with `auto` ten and more of one size.

Many types are what keeps a Spot run alive: capacity differs by type and zone, and EC2 takes where it has most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cloud.door import Door
from cloud.errors import CloudError
from cloud.instance_types import ARCHITECTURE, InstanceFacts, check_types, describe_types
from cloud.quotas import QuotaReport, check_quota
from cloud.records import Market
from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError

AUTO = "auto"
CPU_FAMILIES = (
    *("c7a", "c7i", "c6a", "c6i", "c5a", "c5", "c8i", "c8a"),
    *("m7a", "m7i", "m6a", "m6i", "m5a", "m5", "m8i", "m8a"),
)
"""Processors of x86-64 with 2 GiB (c) or 4 GiB (m) for a vCPU; burstable and flex types throttle under full load."""
GPU_FAMILIES = ("g6", "g5", "g4dn", "g6e", "gr6")
"""One NVIDIA GPU each in the sizes below; networks of robots are small, so larger GPUs wait for the simulation."""
SIZES = {2: "large", 4: "xlarge", 8: "2xlarge", 16: "4xlarge", 32: "8xlarge"}
"""Name of a size by its vCPUs."""
_GPU_VCPUS = (4, 8, 16)
_OFF_POLICY_VCPUS = 4
"""Chosen: the learner is one thread; evaluation, the agent and the system take the rest."""


class Choice(NamedTuple):
    """Types that may be launched."""

    facts: dict[str, InstanceFacts]
    """By name, best first."""
    quota: QuotaReport


def choose_types(
    door: Door, config: RunConfig, wanted: Sequence[str] = (AUTO,), *, market: Market = Market.SPOT
) -> Choice:
    """Return the types to launch a run on: `wanted`, or those that suit it, as far as quotas allow.

    Raises CloudError where quotas allow none, UnknownNameError where the region has no such type, ConfigError where one
    cannot train the run.
    """
    if AUTO in wanted:
        return _choose_auto(door, config, market)
    facts = check_types(door, wanted)
    for each in facts.values():
        _check_type(each, config, market)
    return _within_quota(door, {name: facts[name] for name in wanted}, market)


def auto_vcpus(config: RunConfig) -> int:
    """Return how many vCPUs a run can use: PPO and A2C one for each environment, up to 32."""
    if algorithm_name(config.algorithm) not in ON_POLICY:
        return _OFF_POLICY_VCPUS
    wanted = config.num_workers or config.num_envs
    return next((vcpus for vcpus in SIZES if vcpus >= wanted), max(SIZES))


def _choose_auto(door: Door, config: RunConfig, market: Market) -> Choice:
    """Take the size that suits the run; the next smaller one where the quota does not allow it."""
    if _needs_gpu(config):
        names = [f"{family}.{SIZES[vcpus]}" for vcpus in _GPU_VCPUS for family in GPU_FAMILIES]
        return _within_quota(door, _usable(door, names, config, market), market)
    sizes = [vcpus for vcpus in reversed(SIZES) if vcpus <= auto_vcpus(config)]
    for vcpus in sizes:
        names = [f"{family}.{SIZES[vcpus]}" for family in CPU_FAMILIES]
        facts = _usable(door, names, config, market)
        try:
            return _within_quota(door, facts, market)
        except CloudError:
            if vcpus == sizes[-1]:
                raise
    raise AssertionError("the loop returns or raises")


def _usable(door: Door, names: Sequence[str], config: RunConfig, market: Market) -> dict[str, InstanceFacts]:
    """Return the facts of those types that the region has and that can train the run."""
    found = describe_types(door, names)
    return {name: found[name] for name in names if name in found and not _problem(found[name], config, market)}


def _within_quota(door: Door, facts: dict[str, InstanceFacts], market: Market) -> Choice:
    report = check_quota(door, facts.values(), market)
    if not report.fitting:
        nothing = f"{door.region} has no suitable instance type; choose another region with `--region`."
        raise CloudError(report.sentence or nothing, code="QuotaExceeded" if report.refused else "")
    return Choice({name: facts[name] for name in report.fitting}, report)


def _check_type(facts: InstanceFacts, config: RunConfig, market: Market) -> None:
    if problem := _problem(facts, config, market):
        raise ConfigError("command line", "--instance", f"{facts.name} {problem}")


def _problem(facts: InstanceFacts, config: RunConfig, market: Market) -> str:
    """Return why a type cannot train a run; empty: it can."""
    if ARCHITECTURE not in facts.architectures:
        return f"has {', '.join(facts.architectures)} processors, and PyBullet is there for {ARCHITECTURE} only."
    if market is Market.SPOT and not facts.has_spot:
        return "cannot be had on Spot."
    if _needs_gpu(config) and not facts.has_cuda:
        return f"has no NVIDIA GPU, and the run's device is {config.device}; take a g type or `--device cpu`."
    return ""


def _needs_gpu(config: RunConfig) -> bool:
    return config.device.startswith("cuda")
