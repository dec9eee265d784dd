"""Settings from the environment, all in one table.

`rlrobo doctor` prints them and docs/reference.md lists them.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from engine.protocol.errors import ConfigError


class Settings(Struct, frozen=True, kw_only=True):
    """What a user sets once for a machine or a shell."""

    runs_dir: Path = Path("runs")
    """RLROBO_RUNS_DIR: folder that holds the runs; relative to where the command is typed."""
    device: str = ""
    """RLROBO_DEVICE: device when neither the command line nor a file names one: auto, cpu, cuda or cuda:N."""
    seed: int | None = None
    """RLROBO_SEED: seed when neither the command line nor a file names one."""
    ascii: bool = False
    """RLROBO_ASCII: 1 draws with ASCII characters only."""
    plugins: tuple[str, ...] = ()
    """RLROBO_PLUGINS: Python files that register tasks, separated by colons."""
    compile: bool = True
    """RLROBO_COMPILE: 0 computes updates with NumPy alone; otherwise a part of them is compiled where there is a C
    compiler. Parameters differ by rounding."""
    cuda_graphs: bool = True
    """RLROBO_CUDA_GRAPHS: 0 launches the operations of an update on a GPU one by one, without CUDA graphs."""
    device_buffers: bool = True
    """RLROBO_DEVICE_BUFFERS: 0 keeps rollouts and replay buffers off the GPU and uploads each minibatch."""


VARIABLES = {
    "RLROBO_RUNS_DIR": "runs_dir",
    "RLROBO_DEVICE": "device",
    "RLROBO_SEED": "seed",
    "RLROBO_ASCII": "ascii",
    "RLROBO_PLUGINS": "plugins",
    "RLROBO_COMPILE": "compile",
    "RLROBO_CUDA_GRAPHS": "cuda_graphs",
    "RLROBO_DEVICE_BUFFERS": "device_buffers",
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (default: the process's own). Raises ConfigError for a malformed one."""
    environment = os.environ if environment is None else environment
    seed = environment.get("RLROBO_SEED", "")
    if seed and not seed.isdecimal():
        raise ConfigError("environment", "RLROBO_SEED", f"expected a whole number >= 0, got {seed!r}.")
    return Settings(
        runs_dir=Path(environment.get("RLROBO_RUNS_DIR") or "runs").expanduser().absolute(),
        device=environment.get("RLROBO_DEVICE", ""),
        seed=int(seed) if seed else None,
        ascii=environment.get("RLROBO_ASCII", "").lower() in ("1", "true", "yes"),
        plugins=tuple(name for name in environment.get("RLROBO_PLUGINS", "").split(":") if name),
        compile=environment.get("RLROBO_COMPILE", "") != "0",
        cuda_graphs=environment.get("RLROBO_CUDA_GRAPHS", "") != "0",
        device_buffers=environment.get("RLROBO_DEVICE_BUFFERS", "") != "0",
    )
