"""Find the YAML files of configs/ and build a run's configuration from a task, an algorithm and overrides.

A preset is a file `configs/<task>/<algorithm>.yaml` (tuned) or `configs/<task>/<algorithm>-<name>.yaml`; `sb3` is
always there and means Stable-Baselines3's own defaults. A robot's own file has `generic`, too.
"""

import itertools
import os
from importlib import resources
from pathlib import Path
from typing import Any

from engine.protocol.algorithms import ALGORITHMS, ON_POLICY
from engine.protocol.config import RunConfig, apply_overrides, parse_config
from engine.protocol.errors import UnknownNameError
from engine.protocol.yaml_loader import load_yaml_file

TUNED = "tuned"
SB3 = "sb3"
GENERIC = "generic"
_GENERIC: dict[str, dict[str, Any]] = {
    # Chosen: near configs/a1_walk/ppo.yaml, from which a robot with position control learned; normalised, because
    # nobody has scaled the observations and rewards of a new robot.
    "ppo": {
        "algorithm": {
            "name": "ppo",
            "n_steps": 512,
            "batch_size": 512,
            "n_epochs": 5,
            "policy_kwargs": {"log_std_init": -0.7, "net_arch": [128, 128]},
        },
        "num_envs": 8,
    },
}
"""Settings by algorithm for a robot that nobody has tuned any for."""
# TQC before SAC: rl-baselines3-zoo has settings and results for it on the tasks that no PPO is tuned for.
_BY_PREFERENCE = ("ppo", "tqc", *(name for name in ALGORITHMS if name not in ("ppo", "tqc")))


def default_algorithm(task: str) -> str:
    """Return what trains `task` when nobody says: `ppo` where it is tuned or nothing is, else one that is tuned."""
    return next((name for name in _BY_PREFERENCE if TUNED in preset_names(task, name)), _BY_PREFERENCE[0])


def preset_names(task: str, algorithm: str) -> list[str]:
    """Return the presets for `task` and `algorithm`, the default one first."""
    if RunConfig(task=task).is_robot_file:
        return [GENERIC, SB3] if algorithm in _GENERIC else [SB3]
    found = sorted(_preset_name(path, algorithm) for path in _files(task, algorithm))
    return [*sorted(found, key=lambda name: name != TUNED), SB3]


def preset_words(task: str, algorithm: str, preset: str) -> str:
    """Return what a preset is for: the comment at the head of its file."""
    if preset == SB3:
        return "Stable-Baselines3's own defaults."
    if preset == GENERIC:
        return "For a robot that nobody has tuned settings for: small networks, short rollouts, normalised."
    path = next(path for path in _files(task, algorithm) if _preset_name(path, algorithm) == preset)
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(line.lstrip("# ").rstrip() for line in itertools.takewhile(lambda line: line[:1] == "#", lines))


def build_config(task: str, *, algorithm: str = "", preset: str = "", overrides: list[str] | None = None) -> RunConfig:
    """Build the configuration for a task id, a robot's file or `gym:ENV_ID`; `overrides` are `key=value` texts.

    Without an algorithm it is the task's default one. Raises UnknownNameError for the algorithm or preset and
    ConfigError for a value. The task's id is not checked here: the registry of tasks does.
    """
    algorithm = algorithm or default_algorithm(task)
    if algorithm not in ALGORITHMS:
        raise UnknownNameError("algorithm", algorithm, ALGORITHMS)
    names = preset_names(task, algorithm)
    preset = preset or names[0]
    if preset not in names:
        raise UnknownNameError(f"preset for {task} with {algorithm}", preset, names)
    if preset == GENERIC:
        return _finish({"task": task, **_GENERIC[algorithm]}, overrides, source=f"{task} with {algorithm}")
    if preset == SB3:
        return _finish(_defaults(task, algorithm), overrides, source=f"{task} with {algorithm}")
    path = next(path for path in _files(task, algorithm) if _preset_name(path, algorithm) == preset)
    return load_config(path, overrides=overrides)


def _defaults(task: str, algorithm: str) -> dict[str, Any]:
    """Return Stable-Baselines3's defaults, with the normalisation that its users add to on-policy algorithms."""
    raw: dict[str, Any] = {"task": task, "algorithm": {"name": algorithm}}
    if algorithm not in ON_POLICY:
        raw["normalization"] = {"observations": False, "rewards": False}
        if RunConfig(task=task).is_gym:
            raw["num_envs"] = 1  # as there: a gradient step for each timestep
    return raw


def load_config(path: Path, *, overrides: list[str] | None = None) -> RunConfig:
    """Read a configuration file and apply `key=value` overrides. Raises ConfigError."""
    return _finish(load_yaml_file(path, os.environ), overrides, source=str(path))


def _finish(raw: dict[str, Any], overrides: list[str] | None, *, source: str) -> RunConfig:
    if not overrides:
        return parse_config(raw, source=source)
    parse_config(raw, source=source)  # so that an error in the file is not blamed on --set
    return parse_config(apply_overrides(raw, overrides), source="--set")


def _files(task: str, algorithm: str) -> list[Path]:
    folder = Path(str(resources.files("configs"))) / task
    if "/" in task or not folder.is_dir():
        return []
    return [path for path in sorted(folder.glob(f"{algorithm}*.yaml")) if _preset_name(path, algorithm)]


def _preset_name(path: Path, algorithm: str) -> str:
    if path.stem == algorithm:
        return TUNED
    return path.stem.removeprefix(f"{algorithm}-") if path.stem.startswith(f"{algorithm}-") else ""
