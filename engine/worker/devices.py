"""Choose where networks live and how many threads torch uses."""

import math
import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from gymnasium import spaces
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError
from engine.protocol.provenance import usable_cpus

MIN_SPEEDUP = 1.15
"""More threads than one must be so much faster; chosen: they take a core from everything else."""
MEASUREMENT_S = 0.4
"""After which no more updates are timed."""
MAX_ROUNDS = 20


def choose_device(config: RunConfig) -> str:
    """Return the torch device for `config`. Raises ConfigError for a GPU that is not there.

    Auto is cpu for PPO and A2C: with a small MLP they are slower on a GPU (Stable-Baselines3 issue 1245).
    """
    if config.device == "auto":
        return "cuda" if torch.cuda.is_available() and algorithm_name(config.algorithm) not in ON_POLICY else "cpu"
    return check_device(config.device)


def check_device(device: str) -> str:
    """Return `device` when torch has it. Raises ConfigError."""
    if device == "cpu":
        return device
    kind, _, index = device.partition(":")
    if kind != "cuda" or not (index or "0").isdecimal():
        raise ConfigError("device", device, "expected cpu, cuda or cuda:N.")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(index or 0) >= count:
        seen = f"{count} GPUs" if count else "no GPU"
        raise ConfigError(
            "device", device, f"torch {torch.__version__} sees {seen}; use cpu or auto, or look at `rlrobo doctor`."
        )
    return device


def device_name(device: str) -> str:
    """Return cpu, or what a GPU is called."""
    return device if device == "cpu" else torch.cuda.get_device_name(device)


def choose_num_threads(config: RunConfig, model: BaseAlgorithm | None = None, *, recorded: int = 0) -> int:
    """Return the number of CPU threads for torch: what the user wants, or the run was `recorded` with, or the fastest.

    Closed-form updates use no threads of torch, and minibatches of PPO and A2C are too small to share
    (Stable-Baselines3 issue 90): one is best. Other off-policy updates of `model` are timed. They gain about a fifth
    from a second free core, and lose many times that when the core is not free: OpenMP's threads spin while they wait
    for each other.
    """
    if chosen := config.num_threads or recorded:
        return chosen
    is_closed_form = getattr(model, "_networks", None) is not None
    if not isinstance(model, OffPolicyAlgorithm) or is_closed_form or model.device.type != "cpu":
        return 1
    num_cores = usable_cpus()
    if num_cores == 1:
        return 1
    one, all_of_them = time_updates(model, (1, num_cores))
    return num_cores if one >= MIN_SPEEDUP * all_of_them else 1


def time_updates(model: OffPolicyAlgorithm, counts: Sequence[int]) -> list[float]:
    """Return the seconds that the gradient of the critics takes with each number of threads; the model stays as it is.

    The numbers take turns, so that what else the machine does slows all of them.
    """
    critic: Any = deepcopy(model.policy.critic)  # batch normalisation keeps statistics
    inputs = _random_inputs(model)
    best, before = [math.inf] * len(counts), torch.get_num_threads()
    deadline = time.perf_counter() + MEASUREMENT_S
    for round_index in range(MAX_ROUNDS):
        for index, num_threads in enumerate(counts):
            torch.set_num_threads(num_threads)
            began = time.perf_counter()
            values = critic(*inputs)
            (torch.cat(values) if isinstance(values, tuple) else values).mean().backward()
            if round_index:  # the first warms up
                best[index] = min(best[index], time.perf_counter() - began)
        if round_index and time.perf_counter() > deadline:
            break
    torch.set_num_threads(before)
    return best


def _random_inputs(model: OffPolicyAlgorithm) -> tuple[Any, torch.Tensor]:
    """Return a minibatch of observations and actions without touching the random numbers of the run."""
    generator = torch.Generator().manual_seed(0)

    def numbers(space: spaces.Space) -> torch.Tensor:
        return torch.rand((model.batch_size, *(space.shape or ())), generator=generator)

    space = model.observation_space
    parts = space.spaces if isinstance(space, spaces.Dict) else None
    observations = {name: numbers(part) for name, part in parts.items()} if parts is not None else numbers(space)
    return observations, numbers(model.action_space)
