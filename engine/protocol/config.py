"""The configuration of a run: what a person may ask for, checked before anything starts.

Called by the CLI, the TUI and the engine. Holds no defaults of tasks (configs/ does) and knows no torch.
"""

import re
import types
import typing
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from engine.protocol.algorithms import A2C, ALGORITHMS, PPO, Algorithm
from engine.protocol.errors import ConfigError, UnknownNameError, did_you_mean
from engine.protocol.yaml_loader import dump_yaml, parse_yaml

GYM_PREFIX = "gym:"
DEVICE_PATTERN = r"^(auto|cpu|cuda(:[0-9]+)?)$"


class Normalization(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Running normalisation of observations and rewards, as Stable-Baselines3's VecNormalize does it."""

    observations: bool = True
    """Whether observations are shifted and scaled to zero mean and unit variance."""
    rewards: bool = True
    """Whether rewards are divided by the standard deviation of the discounted return."""
    clip_obs: Annotated[float, Meta(gt=0)] = 10.0
    """Normalised observations are clipped to plus or minus this."""
    clip_reward: Annotated[float, Meta(gt=0)] = 10.0
    """Normalised rewards are clipped to plus or minus this."""
    exact_normalization: bool = False
    """Whether statistics of observations move with every step, as in VecNormalize, instead of with every rollout, which
    lets PPO and A2C sample faster."""


class Evaluation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Evaluation episodes: deterministic policy, own environments, the same starts and random draws every time.

    A process of its own plays them beside training."""

    every_timesteps: Annotated[int, Meta(ge=0)] = 50_000
    """Timesteps between two evaluations; 0: none."""
    episodes: Annotated[int, Meta(ge=1)] = 10
    """Episodes in an evaluation."""
    seed: Annotated[int, Meta(ge=0)] = 10_000
    """Seed of the evaluation episodes' start states."""


class Checkpoints(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the policy is saved. What is evaluated and the last one are always saved."""

    every_timesteps: Annotated[int, Meta(ge=0)] = 100_000
    """Timesteps between two checkpoints; 0: only what is evaluated and the last."""
    keep_last: Annotated[int, Meta(ge=0)] = 5
    """How many of the latest checkpoints stay on disk; 0: all. The last one that verifies always stays."""
    keep_every: Annotated[int, Meta(ge=0)] = 0
    """Beyond those, the first checkpoint in each stretch of this many timesteps stays; 0: none."""
    keep_best: bool = True
    """Beyond those, the best by evaluation stays."""


class RunConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what a run does."""

    task: str
    """Task id, as `rlrobo robots` lists them, a robot's YAML file, or `gym:ENV_ID`."""
    task_params: dict[str, bool | int | float | str] = {}
    """Choices that the task leaves to the user, such as `terrain`; `rlrobo robots show TASK` lists them. For
    `gym:ENV_ID` they are the environment's keywords."""
    randomizations: dict[str, dict[str, Any] | None] = {}
    """What varies between episodes: terms by name with their parameters, on top of the task's own; null drops one."""
    disturbances: dict[str, dict[str, Any] | None] = {}
    """What happens to the robot in an episode, such as pushes: terms by name, likewise."""
    curriculum: dict[str, dict[str, Any] | None] = {}
    """Levels of difficulty that follow performance: terms by name, likewise. Evaluation is always at the full level."""
    plugins: list[str] = []
    """Python files that register tasks, terms or environments, besides the installed plug-ins."""
    algorithm: Algorithm = PPO()
    """Algorithm and its hyper-parameters, under Stable-Baselines3's names."""
    total_timesteps: Annotated[int, Meta(ge=1)] = 1_000_000
    """Control steps to train for, all environments together."""
    num_envs: Annotated[int, Meta(ge=1, le=4096)] = 8
    """Environments that are simulated side by side."""
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 1
    """Seed of everything random in the run."""
    device: Annotated[str, Meta(pattern=DEVICE_PATTERN)] = "auto"
    """Where the networks live: auto, cpu, cuda or cuda:N. Auto: cpu for PPO and A2C, else a GPU when there is one."""
    num_workers: Annotated[int, Meta(ge=0)] = 0
    """Processes that sample for PPO and A2C; 0: one for each core. Results do not depend on it."""
    num_threads: Annotated[int, Meta(ge=0)] = 0
    """CPU threads of torch; 0: all where that is measured to be clearly faster, else one, as in closed-form updates."""
    normalization: Normalization = Normalization()
    """Running normalisation of observations and rewards."""
    evaluation: Evaluation = Evaluation()
    """Evaluation episodes."""
    checkpoints: Checkpoints = Checkpoints()
    """Checkpoints."""

    @property
    def changes_terms(self) -> bool:
        """Whether the task's terms are not all its own."""
        return bool(self.randomizations or self.disturbances or self.curriculum)

    @property
    def is_robot_file(self) -> bool:
        """Whether `task` is a robot's YAML file."""
        return self.task.endswith((".yaml", ".yml"))

    @property
    def is_gym(self) -> bool:
        """Whether `task` is another package's Gymnasium environment."""
        return self.task.startswith(GYM_PREFIX)

    @property
    def task_name(self) -> str:
        """What lists call the task: its id; a file's name without its ending."""
        return PurePath(self.task).stem if self.is_robot_file else self.task


def parse_config(raw: Mapping[str, Any], *, source: str) -> RunConfig:
    """Turn the mapping `raw` into a checked RunConfig; `source` (a file, `--set`) names it in errors.

    Raises ConfigError with the key, the value seen and what is allowed; an unknown key gets the nearest known one.
    """
    raw = dict(raw)
    if "task" not in raw:
        raise ConfigError(source, "task", "missing; name a task, for example `task: cartpole_balance`.")
    if isinstance(raw.get("algorithm"), str):
        raw["algorithm"] = {"name": raw["algorithm"]}
    elif isinstance(raw.get("algorithm"), Mapping):
        raw["algorithm"] = {"name": "ppo", **raw["algorithm"]}
    _check_algorithm_name(raw.get("algorithm"), source)
    _check_keys(raw, RunConfig, source=source, path="")
    try:
        config = msgspec.convert(raw, RunConfig)
    except msgspec.ValidationError as err:
        raise _explain(err, raw, source) from None
    _check_combination(config, source)
    return config


def apply_overrides(raw: Mapping[str, Any], assignments: list[str]) -> dict[str, Any]:
    """Return `raw` with `key=value` texts applied; `learning_rate=…` is short for `algorithm.learning_rate=…`.

    Values are read as YAML. Raises ConfigError for a text that is not `key=value`.
    """
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in raw.items()}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            raise ConfigError("--set", assignment, "expected key=value, for example learning_rate=3e-4.")
        _assign(result, _full_path(key.strip()), parse_yaml(text, source=f"--set {key.strip()}"))
    return result


def to_yaml(config: RunConfig) -> str:
    """Write `config` as YAML that parse_config reads back to an equal value."""
    return dump_yaml(msgspec.to_builtins(config))


def timesteps_per_update(config: RunConfig) -> int:
    """Return the timesteps between two updates, all environments together."""
    algorithm = config.algorithm
    steps = algorithm.n_steps if isinstance(algorithm, PPO | A2C) else algorithm.train_freq
    return steps * config.num_envs


def _full_path(key: str) -> list[str]:
    path = key.split(".")
    fields = RunConfig.__struct_fields__
    hyperparameters = {name for algorithm in ALGORITHMS.values() for name in algorithm.__struct_fields__}
    if path[0] not in fields and path[0] not in hyperparameters:
        nearest = did_you_mean(path[0], [*fields, *sorted(hyperparameters)])
        allowed = f"{', '.join(fields)} and the algorithm's hyper-parameters"
        raise ConfigError("--set", key, f"unknown key{nearest} Allowed: {allowed}.")
    return path if path[0] in fields else ["algorithm", *path]


def _assign(target: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        child = target.get(name)
        if name == "algorithm" and isinstance(child, str):
            child = {"name": child}
        target[name] = dict(child) if isinstance(child, dict) else {}
        target = target[name]
    target[path[-1]] = value


def _check_algorithm_name(algorithm: Any, source: str) -> None:
    if not isinstance(algorithm, Mapping):
        return
    name = str(algorithm.get("name"))
    if name not in ALGORITHMS:
        try:
            raise UnknownNameError("algorithm", name, ALGORITHMS)
        except UnknownNameError as err:
            raise ConfigError(source, "algorithm.name", str(err)) from None


def _check_keys(raw: Any, expected: Any, *, source: str, path: str) -> None:
    """Find keys that `expected` does not have, however deep; msgspec would not say which is nearest."""
    struct = _struct_for(raw, expected)
    if struct is None or not isinstance(raw, Mapping):
        return
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag_field
    for key, value in raw.items():
        where = f"{path}.{key}".lstrip(".")
        if key != tag and key not in fields:
            allowed = ", ".join(sorted(fields))
            raise ConfigError(source, where, f"unknown key{did_you_mean(str(key), fields)} Allowed: {allowed}.")
        if key in fields:
            _check_keys(value, fields[key], source=source, path=where)


def _struct_for(raw: Any, expected: Any) -> type[Struct] | None:
    """Return the struct that the mapping `raw` is meant to be, out of the annotation `expected`."""
    if typing.get_origin(expected) is Annotated:
        return _struct_for(raw, typing.get_args(expected)[0])
    if typing.get_origin(expected) in (typing.Union, types.UnionType):
        candidates = [found for arg in typing.get_args(expected) if (found := _struct_for(raw, arg))]
        if len(candidates) > 1 and isinstance(raw, Mapping):
            return ALGORITHMS.get(raw.get("name", "ppo"))
        return candidates[0] if candidates else None
    return expected if isinstance(expected, type) and issubclass(expected, Struct) else None


def _explain(err: msgspec.ValidationError, raw: Mapping[str, Any], source: str) -> ConfigError:
    problem, _, where = str(err).partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    seen: Any = raw
    for part in re.findall(r"[^.\[\]]+", key):
        if part == "...":
            break
        seen = seen[int(part)] if isinstance(seen, list) else seen.get(part) if isinstance(seen, Mapping) else seen
    problem = problem.replace("`", "").replace("object", "a mapping").replace("Expected", "expected", 1)
    if DEVICE_PATTERN in problem:
        problem = "expected auto, cpu, cuda or cuda:N"
    if problem.startswith("Invalid enum value"):
        problem = f"expected {_allowed_values(raw, key.split('.'))}"
    return ConfigError(source, key, f"{problem.split(', got')[0]}, got {seen!r}.")


def _allowed_values(raw: Any, path: list[str]) -> str:
    """Spell out the annotation of the field at `path`, such as `auto or a number`."""
    expected: Any = RunConfig
    for name in path:
        struct = _struct_for(raw, expected)
        if struct is None:
            break
        expected = next(field.type for field in msgspec.structs.fields(struct) if field.encode_name == name)
        raw = raw.get(name) if isinstance(raw, Mapping) else None
    options = typing.get_args(expected) if typing.get_origin(expected) is not typing.Literal else (expected,)
    words = [str(word) for option in options for word in typing.get_args(option) if isinstance(word, str)]
    return ", ".join(words) + (" or a number" if any("float" in str(option) for option in options) else "")


def _check_combination(config: RunConfig, source: str) -> None:
    algorithm = config.algorithm
    for group in ("randomizations", "disturbances", "curriculum"):
        if config.is_gym and getattr(config, group):
            raise ConfigError(source, group, f"another package simulates {config.task}; only ours have terms.")
    if isinstance(algorithm, PPO) and algorithm.batch_size > algorithm.n_steps * config.num_envs:
        rollout = algorithm.n_steps * config.num_envs
        raise ConfigError(
            source,
            "algorithm.batch_size",
            f"{algorithm.batch_size} is more than a whole rollout (n_steps * num_envs = {rollout}); "
            "make it smaller, or n_steps larger.",
        )
