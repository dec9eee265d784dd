"""Choose where networks live and how many threads torch uses."""

import torch

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError


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


def choose_num_threads(config: RunConfig) -> int:
    """Return the number of CPU threads for torch: what the user wants, else one.

    One is best for PPO and A2C, whose minibatches are too small to share (Stable-Baselines3 issue 90). Off-policy
    updates gain about a fifth from a second free core, and lose many times that when the core is not free: OpenMP's
    threads spin while they wait for each other.
    """
    return config.num_threads or 1
