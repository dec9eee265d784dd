"""Every setting that a run may have, as the form for a new run explains it.

Meanings are the docstrings of engine/protocol, limits its annotations; nothing is said twice. Pure.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from engine.protocol.algorithms import ALGORITHMS, LIVE_KEYS, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import did_you_mean
from rlrobo_tui.struct_docs import field_docs
from robots.catalogue.entry import TaskEntry

NESTED = ("policy_kwargs", "normalization", "evaluation", "checkpoints")
"""Settings that hold settings of their own, which are listed in their place."""
GROUPS = {"policy_kwargs": "Network"}
"""Headings that are not their names."""
TABLES = ("task", "task_params", "randomizations", "disturbances", "curriculum", "plugins", "algorithm")
"""Keys of a run's configuration that are no single values."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One key of --set."""

    key: str
    """As --set takes it: `learning_rate`, `evaluation.episodes`."""
    group: str
    """Heading."""
    meaning: str
    """Its docstring."""
    allowed: str
    """What it may be, in words."""
    default: str
    """Before any preset, as YAML."""
    low: float | None = None
    """Least allowed number."""
    high: float | None = None
    """Greatest allowed number."""
    choices: tuple[str, ...] = field(default=())
    """Allowed words; empty where any, or numbers only."""
    is_whole: bool = False
    """Whether numbers are whole."""
    is_live: bool = False
    """Whether it may change while training."""


def settings_of(algorithm: str, task: TaskEntry | None = None) -> list[Setting]:
    """Return the settings of an algorithm, of its run and of a task, in the order in which they are explained."""
    own = algorithm.upper()
    found = list(_settings(ALGORITHMS[algorithm], group=own, live=LIVE_KEYS[algorithm]))
    found.sort(key=lambda setting: (setting.group != own, setting.key != "learning_rate"))
    if task is not None:
        found += [
            Setting(
                key=f"task_params.{param.name}",
                group=task.id,
                meaning=param.meaning,
                allowed=", ".join(map(flow, param.choices)) or type(param.default).__name__,
                default=flow(param.default),
                choices=tuple(map(str, param.choices)),
            )
            for param in task.params
        ]
    return [*found, *_settings(RunConfig, group="Run", leave_out=TABLES)]


def value_of(config: RunConfig, key: str) -> object:
    """Return what a key of --set is in a configuration; None where it is not set."""
    path = key.split(".")
    value: Any = config if path[0] in RunConfig.__struct_fields__ else config.algorithm
    for name in path:
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    return value


def flow(value: object) -> str:
    """Write a value as --set reads it, on one line."""
    if isinstance(value, Struct):  # what it leaves out keeps its default
        value = {key: each for key, each in msgspec.structs.asdict(value).items() if each is not None}
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    plain = msgspec.to_builtins(value)
    if isinstance(plain, list):
        return f"[{', '.join(map(flow, plain))}]"
    if isinstance(plain, str):
        return plain if _PLAIN.fullmatch(plain) and plain not in ("true", "false", "null") else json.dumps(plain)
    if isinstance(plain, float):
        return f"{plain:g}" if float(f"{plain:g}") == plain else repr(plain)
    return json.dumps(plain)


def nearest(setting: Setting, text: str, *, instead: str) -> str:
    """Return the allowed value that is nearest to what was typed; `instead` where nothing is near."""
    if setting.choices:
        near = did_you_mean(text, setting.choices)
        if near != ".":
            return near.split("'")[1]
    try:
        number = float(text.replace("_", ""))
    except ValueError:
        return instead
    if setting.low is not None:
        number = max(number, setting.low)
    if setting.high is not None:
        number = min(number, setting.high)
    if setting.is_whole:
        return str(round(number))
    return f"{number:g}" if setting.low is not None or setting.high is not None else instead


def differences(config: RunConfig, base: RunConfig) -> dict[str, str]:
    """Return what has to be --set to get from `base` to `config`, of the same task and algorithm."""
    name = algorithm_name(config.algorithm)
    keys = [setting.key for setting in settings_of(name)]
    tables = [key for key in TABLES if key not in ("task", "plugins", "algorithm")]
    pairs = [(key, value_of(config, key), value_of(base, key)) for key in [*tables, *keys]]
    return {key: flow(wanted) for key, wanted, present in pairs if wanted != present}


def _settings(
    struct: type[Struct], *, group: str, prefix: str = "", live: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()
) -> Iterator[Setting]:
    docs = field_docs(struct)
    for each in msgspec.structs.fields(struct):
        if each.name in leave_out:
            continue
        if each.name in NESTED:
            yield from _settings(
                type(each.default), group=GROUPS.get(each.name, each.name.capitalize()), prefix=f"{each.name}."
            )
            continue
        limits = _limits(each.type)
        is_whole, words = _is_whole(each.type), tuple(_words(each.type))
        yield Setting(
            key=prefix + each.name,
            group=group,
            meaning=docs[each.name],
            allowed=_in_words(each.type),
            default="none" if each.default is None else flow(each.default),
            low=limits.get("ge", _inner(limits.get("gt"), 1 if is_whole else 0)),
            high=limits.get("le"),
            choices=words,
            is_whole=is_whole,
            is_live=each.name in live,
        )


def _inner(bound: float | None, step: int) -> float | None:
    """Return the least number above an excluded bound; None where there is none."""
    return None if bound is None or not step else bound + step


def _parts(annotation: Any) -> Iterator[tuple[Any, Meta | None]]:
    """Yield each alternative of an annotation with its limits."""
    if typing.get_origin(annotation) is Annotated:
        inner, *meta = typing.get_args(annotation)
        for part, _ in _parts(inner):
            yield part, next((each for each in meta if isinstance(each, Meta)), None)
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for option in typing.get_args(annotation):
            yield from _parts(option)
    else:
        yield annotation, None


def _limits(annotation: Any) -> dict[str, float]:
    for _, meta in _parts(annotation):
        if meta is not None:
            names = ("ge", "gt", "le", "lt")
            return {name: value for name in names if (value := getattr(meta, name)) is not None}
    return {}


def _is_whole(annotation: Any) -> bool:
    return any(part is int for part, _ in _parts(annotation))


def _words(annotation: Any) -> Iterator[str]:
    for part, _ in _parts(annotation):
        if typing.get_origin(part) is typing.Literal:
            yield from map(str, typing.get_args(part))
        elif part is bool:
            yield from ("true", "false")


def _in_words(annotation: Any) -> str:
    return " or ".join(dict.fromkeys(_part_in_words(part, meta) for part, meta in _parts(annotation)))


def _part_in_words(part: Any, meta: Meta | None) -> str:
    if part in (type(None), bool):
        return "true or false" if part is bool else "null"
    if typing.get_origin(part) is typing.Literal:
        return ", ".join(map(str, typing.get_args(part)))
    if typing.get_origin(part) is list:
        return f"a list of {_in_words(typing.get_args(part)[0]).replace('a whole number', 'whole numbers')}"
    if isinstance(part, type) and issubclass(part, Struct):
        return "{" + ", ".join(f"{name}: …" for name in part.__struct_fields__) + "}"
    if part in (int, float):
        return ("a whole number" if part is int else "a number") + _range_in_words(meta)
    return "text" if meta is None or meta.pattern is None else "auto, cpu, cuda or cuda:N"


def _range_in_words(meta: Meta | None) -> str:
    if meta is None:
        return ""
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:,} to {meta.le:,}"
    if meta.gt is not None:
        return f" > {meta.gt:,}"
    return f" >= {meta.ge:,}" if meta.ge is not None else ""
