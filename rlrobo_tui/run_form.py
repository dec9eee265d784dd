"""What the form for a new run holds, as a configuration and as a command line; and the form that a run would fill in.

Pure: no widgets, and no physics.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cloud.local import CloudFiles
from engine.protocol.algorithms import algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, RlroboError
from engine.protocol.presets import build_config, default_algorithm, preset_names
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import Settings
from rlrobo_tui.commands.options import parse_count
from rlrobo_tui.commands.place import HERE, HOURS_OPTION, PLACE_OPTION, PRICE_OPTION, SPOT, SpotRequest, check_place
from rlrobo_tui.commands.train_config import Request, resolve
from rlrobo_tui.run_settings import differences, flow, nearest, settings_of, value_of
from robots.errors import RobotError
from robots.registry import TASKS, task_ids

FIELDS = {
    "steps": ("total_timesteps", "--steps"),
    "seed": ("seed", "--seed"),
    "num_envs": ("num_envs", "--envs"),
    "device": ("device", "--device"),
    "num_workers": ("num_workers", ""),
}
"""Fields of the form that are one key of the configuration, and the option that train has for it."""
COUNTS = ("steps", "num_envs", "num_workers")
"""Those that are written as people write counts."""
LIMITS = {"max_price_total": (PRICE_OPTION, "dollars", "1"), "max_hours": (HOURS_OPTION, "hours", "24")}
"""Limits of a rented machine: option, unit, and what to write where what is typed has no number above 0."""
MODELS = (".urdf", ".xml", ".mjcf")


class Answers(Struct, frozen=True, kw_only=True):
    """What the fields hold, as typed; empty where the preset decides."""

    target: str = ""
    """Task id, absolute path of a YAML file or `gym:ENV_ID`."""
    algorithm: str = ""
    preset: str = ""
    steps: str = ""
    seed: str = ""
    num_envs: str = ""
    num_workers: str = ""
    device: str = ""
    place: str = ""
    """Empty or `here`: this machine; `spot`: a rented one."""
    max_price_total: str = ""
    """Dollars that a rented machine may cost; empty: any."""
    max_hours: str = ""
    """Hours after which a rented machine ends; empty: 24."""
    settings: dict[str, str] = {}
    """What was changed in the list of settings: key and value, as --set takes them."""
    overrides: str = ""
    """`key=value` texts, separated by commas."""
    plugins: tuple[str, ...] = ()
    """Python files that the task comes from."""

    @property
    def is_own(self) -> bool:
        """Whether the robot is none of the registered ones."""
        return self.target not in TASKS

    @property
    def is_on_spot(self) -> bool:
        """Whether a machine is rented for it."""
        return self.place == SPOT


def first_answers() -> Answers:
    """Return what the form holds when nobody has touched it."""
    return for_target(Answers(), task_ids()[0])


def for_target(answers: Answers, target: str) -> Answers:
    """Return the answers for another robot: what is tuned for it, with what the user typed of the run itself."""
    algorithm = default_algorithm(target)
    changed = msgspec.structs.replace(answers, target=target, plugins=())
    return for_preset(changed, algorithm, preset_names(target, algorithm)[0])


def for_preset(answers: Answers, algorithm: str, preset: str) -> Answers:
    """Return the answers with another preset, which decides again about what was changed of the last one."""
    return msgspec.structs.replace(answers, algorithm=algorithm, preset=preset, settings={})


def changed(answers: Answers, changes: Mapping[str, Any]) -> Answers:
    """Return the answers after some of them were changed; what depends on these is chosen anew."""
    rest = dict(changes)
    if "target" in rest:
        answers = for_target(answers, rest.pop("target"))
    if "preset" in rest:
        answers = for_preset(answers, rest.pop("algorithm"), rest.pop("preset"))
    return msgspec.structs.replace(answers, **rest)


def with_setting(answers: Answers, key: str, text: str) -> Answers:
    """Return the answers with another value for one setting; an empty one is the preset's."""
    others = {name: value for name, value in answers.settings.items() if name != key}
    return msgspec.structs.replace(answers, settings={**others, key: text} if text else others)


def resolve_answers(answers: Answers, settings: Settings) -> RunConfig:
    """Return the configuration that `rlrobo train` would make of the same answers.

    Raises ConfigError, UnknownNameError, UnknownTaskError and TaskDefinitionError.
    """
    request = Request(
        target=answers.target,
        algorithm=answers.algorithm,
        preset=answers.preset,
        assignments=tuple(_assignments(answers)),
        plugins=answers.plugins,
    )
    return resolve(request, settings)


def spot_request(answers: Answers) -> SpotRequest | None:
    """Return what is asked of a rented machine; None: the run trains here. Raises ConfigError."""
    typed = {name: getattr(answers, name) for name in LIMITS if answers.is_on_spot}
    limits: dict[str, Any] = {name: _number(text, name) for name, text in typed.items() if text}
    request = SpotRequest(**limits)
    check_place(answers.place or HERE, request)
    return request if answers.is_on_spot else None


def command_line(answers: Answers) -> str:
    """Return the equal command for a shell."""
    words = ["rlrobo", "train", answers.target, "--algo", answers.algorithm, "--preset", answers.preset]
    for name, (_, option) in FIELDS.items():
        if option and getattr(answers, name):
            words += [option, getattr(answers, name)]
    if answers.is_on_spot:
        words += [PLACE_OPTION, SPOT]
        for name, (option, *_) in LIMITS.items():
            words += [option, getattr(answers, name)] if getattr(answers, name) else []
    for assignment in _more_assignments(answers):
        words += ["--set", assignment]
    for plugin in answers.plugins:
        words += ["--plugin", plugin]
    return shlex.join(words)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why the answers are no configuration."""

    field: str
    """Field of the answers that is to blame."""
    words: str
    """What is wrong with it, and what is allowed."""
    nearest: str = ""
    """The allowed value that is nearest to it; empty where nobody knows."""

    @property
    def sentence(self) -> str:
        """Both."""
        return f"{self.words} Nearest: {self.nearest}." if self.nearest else self.words


def judge(answers: Answers, settings: Settings) -> RunConfig | Problem:
    """Return the configuration that the answers mean, or why they mean none."""
    try:
        config = resolve_answers(answers, settings)
        spot_request(answers)
    except (RlroboError, RobotError) as err:
        return _problem(err, answers)
    return config


def split_overrides(text: str) -> list[str]:
    """Split at commas that are not inside brackets: `a=1, net_arch=[64, 64]` has two parts."""
    parts = re.findall(r"(?:[^,\[\]{}]|\[[^\]]*\]|\{[^}]*\}|[\[\]{}])+", text)
    return [part.strip() for part in parts if part.strip()]


def answers_like(run: RunDir) -> Answers:
    """Return the answers that make a run like this one, on the preset that it is nearest to. Raises RlroboError."""
    config = run.read_config()
    name = algorithm_name(config.algorithm)
    plugins = tuple(os.path.abspath(run.path / each) for each in config.plugins)
    target = os.path.abspath(run.path / config.task) if config.is_robot_file else config.task
    changes: dict[str, dict[str, str]] = {}
    for preset in preset_names(target, name):
        base = build_config(target, algorithm=name, preset=preset)
        changes[preset] = differences(config, base)
    preset = min(changes, key=lambda each: len(changes[each]))
    settings = dict(changes[preset])
    typed = {name: settings.pop(key) for name, (key, _) in FIELDS.items() if key in settings}
    return Answers(
        target=target,
        algorithm=name,
        preset=preset,
        settings=settings,
        plugins=() if target in TASKS and not TASKS[target].origin else _present(plugins),
        **typed,
        **_place_of(run),
    )


def _problem(err: RlroboError | RobotError, answers: Answers) -> Problem:
    if not isinstance(err, ConfigError):
        return Problem(field="target" if answers.is_own or answers.plugins else "overrides", words=str(err))
    words = str(err).removeprefix(f"{err.source}: ").removeprefix(f"{err.key}: ")
    if err.key == PLACE_OPTION:
        return Problem(field="place", words=words, nearest=HERE if HERE.startswith(answers.place) else SPOT)
    for name, (option, _, usual) in LIMITS.items():
        if err.key == option:
            return Problem(field=name, words=words, nearest=_nearest_limit(getattr(answers, name), instead=usual))
    name = next((name for name, (key, _) in FIELDS.items() if key == err.key), "")
    key = err.key.removeprefix("algorithm.")
    if not name:
        name = "settings" if key in answers.settings else "overrides" if answers.overrides else "target"
        words = f"{key}: {words}" if key else words
    typed = answers.settings.get(key, "") if name == "settings" else getattr(answers, name)
    setting = next((each for each in settings_of(answers.algorithm) if each.key == key), None)
    near = nearest(setting, typed, instead=_preset_value(answers, key)) if setting and name != "overrides" else ""
    return Problem(field=name, words=words, nearest="" if near == typed else near)


def _nearest_limit(text: str, *, instead: str) -> str:
    """Return the number in what was typed, such as that of `$2` or `-3`."""
    found = re.search(r"\d+(?:[.,]\d+)?", text)
    number = float(found[0].replace(",", ".")) if found else 0.0
    return flow(number) if number else instead


def _number(text: str, name: str) -> float:
    option, unit, _ = LIMITS[name]
    try:
        return float(text)
    except ValueError:
        raise ConfigError("form", option, f"expected {unit} as a number such as 2.5, got {text!r}.") from None


def _place_of(run: RunDir) -> dict[str, str]:
    """Return the answers about the place where a run was trained."""
    spec = CloudFiles(run).read_spec()
    if spec is None:
        return {}
    price = "" if spec.max_price_total_usd is None else flow(spec.max_price_total_usd)
    return {"place": SPOT, "max_price_total": price, "max_hours": flow(spec.max_hours)}


def _preset_value(answers: Answers, key: str) -> str:
    """Return what the preset alone says; empty where it is not known."""
    try:
        config = build_config(answers.target, algorithm=answers.algorithm, preset=answers.preset)
    except RlroboError:
        return ""
    return flow(value_of(config, key))


def _present(plugins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in plugins if Path(name).is_file())


def _assignments(answers: Answers) -> list[str]:
    given: list[str] = []
    for name, (key, _) in FIELDS.items():
        text = getattr(answers, name)
        if text:
            given.append(f"{key}={parse_count(text, option=key) if name in COUNTS else text}")
    return [*given, *(f"{key}={value}" for key, value in answers.settings.items()), *split_overrides(answers.overrides)]


def _more_assignments(answers: Answers) -> list[str]:
    """Return what has no option of its own."""
    workers = [f"num_workers={answers.num_workers}"] if answers.num_workers else []
    changed = [f"{key}={value}" for key, value in answers.settings.items()]
    return [*workers, *changed, *split_overrides(answers.overrides)]
