"""Resolve what `rlrobo train` was asked for into one checked configuration.

Later layers win: file or preset, then the environment, then the command line.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.protocol.config import RunConfig, apply_overrides, parse_config
from engine.protocol.disk import RunSize, estimate
from engine.protocol.errors import ConfigError
from engine.protocol.presets import build_config, load_config
from engine.protocol.settings import Settings
from engine.protocol.task_facts import TaskFacts
from engine.protocol.yaml_loader import load_yaml_file
from rlrobo_tui.commands.task_facts import offer_plugins
from robots.registry import check_params, find_task


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was typed."""

    target: str
    """Task id, `gym:ENV_ID`, or a YAML file of a run or a robot."""
    algorithm: str = ""
    preset: str = ""
    assignments: tuple[str, ...] = ()
    """`key=value` of all options, in the order in which they win."""
    plugins: tuple[str, ...] = ()
    """Python files that register tasks."""


def resolve(request: Request, settings: Settings) -> RunConfig:
    """Return the configuration; paths in it are absolute.

    Raises ConfigError, UnknownNameError, UnknownTaskError and TaskDefinitionError.
    """
    plugins = _absolute(request.plugins, Path())
    _check_files(plugins)
    offered = _absolute(settings.plugins, Path())
    config = _base(request, plugins)
    from_environment = [f"device={settings.device}"] if settings.device else []
    if settings.seed is not None:
        from_environment.append(f"seed={settings.seed}")
    config = _apply(config, from_environment, source="environment (RLROBO_DEVICE, RLROBO_SEED)")
    config = _apply(config, list(request.assignments), source="command line")
    config = msgspec.structs.replace(config, plugins=_unique([*config.plugins, *plugins]))
    return _check_task(_with_absolute_paths(config, Path()), offered)


def size_of(config: RunConfig, facts: TaskFacts) -> RunSize:
    """Return what a run of `config`, whose task has these facts, is going to write."""
    return estimate(config, observation_size=facts.observation_size, action_size=facts.action_size)


def is_file(target: str) -> bool:
    """Whether `target` means a YAML file rather than a task."""
    return target.endswith((".yaml", ".yml")) or Path(target).is_file()


def _base(request: Request, plugins: list[str]) -> RunConfig:
    """Return what the target alone means."""
    target = request.target
    if not is_file(target):
        if not RunConfig(task=target).is_gym:
            offer_plugins(target, plugins)
            find_task(target)
        return build_config(target, algorithm=request.algorithm, preset=request.preset)
    path = Path(target)
    if "robot" in load_yaml_file(path, None):  # a robot's file rather than a run's
        return build_config(os.path.abspath(path), algorithm=request.algorithm, preset=request.preset)
    for option, text in (("--algo", request.algorithm), ("--preset", request.preset)):
        if text:
            raise ConfigError("command line", option, f"{target} decides this; leave out {option} {text}.")
    return _with_absolute_paths(load_config(path), path.parent)


def _apply(config: RunConfig, assignments: list[str], *, source: str) -> RunConfig:
    if not assignments:
        return config
    return parse_config(apply_overrides(msgspec.to_builtins(config), assignments), source=source)


def _check_task(config: RunConfig, offered: list[str]) -> RunConfig:
    """Check that the task exists and takes its parameters; add those of the `offered` plug-ins that it may need."""
    _check_files(config.plugins)
    if config.is_robot_file or config.is_gym:  # which may need terms and environments of any of them
        present = [name for name in offered if Path(name).is_file()]
        return msgspec.structs.replace(config, plugins=_unique([*config.plugins, *present]))
    offer_plugins(config.task, config.plugins)
    entry = find_task(config.task)
    check_params(entry, config.task_params)
    if entry.origin in offered:
        return msgspec.structs.replace(config, plugins=_unique([*config.plugins, entry.origin]))
    return config


def _with_absolute_paths(config: RunConfig, folder: Path) -> RunConfig:
    """Return the configuration with its paths, which are relative to `folder`, made absolute."""
    task = os.path.abspath(folder / config.task) if config.is_robot_file else config.task
    return msgspec.structs.replace(config, task=task, plugins=_absolute(config.plugins, folder))


def _absolute(names: Iterable[str], folder: Path) -> list[str]:
    return [os.path.abspath(folder / Path(name).expanduser()) for name in names]


def _unique(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _check_files(plugins: list[str]) -> None:
    """Refuse plug-ins that a run cannot take along. Raises ConfigError."""
    names = [Path(path).name for path in plugins]
    for path, name in zip(plugins, names, strict=True):
        if not Path(path).is_file():
            raise ConfigError("plugins", path, "no such Python file.")
        if names.count(name) > 1:
            raise ConfigError(
                "plugins", path, f"two are called {name}; rename one, for a run keeps them in one folder."
            )
