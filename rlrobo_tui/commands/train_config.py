"""Resolve what `rlrobo train` was asked for into one checked configuration.

Later layers win: file or preset, then the environment, then the command line.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.protocol.config import RunConfig, apply_overrides, parse_config
from engine.protocol.disk import RunSize, estimate
from engine.protocol.errors import ConfigError
from engine.protocol.presets import build_config, load_config
from engine.protocol.settings import Settings
from robots.registry import find_task


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was typed."""

    target: str
    """Task id, or a YAML file."""
    algorithm: str = ""
    preset: str = ""
    assignments: tuple[str, ...] = ()
    """`key=value` of all options, in the order in which they win."""


def resolve(request: Request, settings: Settings) -> RunConfig:
    """Return the configuration. Raises ConfigError, UnknownNameError and UnknownTaskError."""
    config = _base(request)
    find_task(config.task)
    from_environment = [f"device={settings.device}"] if settings.device else []
    if settings.seed is not None:
        from_environment.append(f"seed={settings.seed}")
    config = _apply(config, from_environment, source="environment (RLROBO_DEVICE, RLROBO_SEED)")
    return _apply(config, list(request.assignments), source="command line")


def size_of(config: RunConfig) -> RunSize:
    """Return what a run of `config` is going to write. Raises UnknownTaskError."""
    task = find_task(config.task)
    return estimate(config, observation_size=task.observation_size, action_size=task.action_size)


def is_file(target: str) -> bool:
    """Whether `target` means a YAML file rather than a task."""
    return target.endswith((".yaml", ".yml")) or Path(target).is_file()


def _base(request: Request) -> RunConfig:
    if not is_file(request.target):
        find_task(request.target)
        return build_config(request.target, algorithm=request.algorithm or "ppo", preset=request.preset)
    for option, text in (("--algo", request.algorithm), ("--preset", request.preset)):
        if text:
            raise ConfigError("command line", option, f"{request.target} decides this; leave out {option} {text}.")
    return load_config(Path(request.target))


def _apply(config: RunConfig, assignments: list[str], *, source: str) -> RunConfig:
    if not assignments:
        return config
    return parse_config(apply_overrides(msgspec.to_builtins(config), assignments), source=source)
