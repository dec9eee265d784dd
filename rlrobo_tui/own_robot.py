"""A user's own robot: what `rlrobo robots new` and `check` say of it, as a page with a picture."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from textual.content import Content

from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.quantities import count, count_of, number
from rlrobo_tui.robot_pictures import Picture, read_picture
from rlrobo_tui.run_form import MODELS
from rlrobo_tui.twin import ROOT, Output, run_command, run_module


@dataclass(frozen=True, kw_only=True)
class OwnRobot:
    """What is known of it."""

    source: str
    """What a run is to be told: absolute path of its YAML, or `gym:ENV_ID`."""
    title: str
    """Its name."""
    page: Content
    """What the check said."""
    picture: Picture | None = None
    """Its first state."""


async def examine(target: str) -> OwnRobot:
    """Try a robot out in child processes. Raises RlroboError with what they said."""
    if target.startswith("gym:"):
        facts = await describe(RunConfig(task=target))
        return OwnRobot(source=target, title=target, page=_facts_page(facts))
    path = Path(target).expanduser().absolute()
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    written = Content("")
    if path.suffix in MODELS:
        path, written = await _write_task(path)
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        output = await run_command("robots", "check", str(path), "--json", "--picture", str(picture))
        report = _report(output)
        return OwnRobot(
            source=str(path),
            title=path.name,
            page=Content("\n").join([written, *_report_page(report)] if written.plain else _report_page(report)),
            picture=read_picture(picture),
        )


async def describe(config: RunConfig) -> TaskFacts:
    """Return the facts of a task that has to be loaded for it. Raises RlroboError."""
    text = json.dumps(msgspec.to_builtins(config))
    output = await run_module("engine.describe", str(ROOT), text)
    if output.code:
        raise RlroboError(_error(output))
    return msgspec.json.decode(output.stdout.splitlines()[-1], type=TaskFacts)


async def _write_task(model: Path) -> tuple[Path, Content]:
    """Return the YAML beside a model, which is made where there is none, and what happened."""
    target = model.with_suffix(".yaml")
    if target.exists():
        return target, Content.styled(f"{target.name} was there already and is used.", "$warning")
    output = await run_command("robots", "new", str(model), "--output", str(target))
    if output.code:
        raise RlroboError(output.last_words)
    return target, Content.styled(f"{target.name} was written for {model.name}; read it.", "$success")


def _report(output: Output) -> dict[str, Any]:
    lines = output.stdout.splitlines()
    start = next((index for index, line in enumerate(lines) if line.startswith("{")), None)
    if start is None:
        raise RlroboError(output.last_words)
    return json.loads("\n".join(lines[start:]))


def _report_page(report: dict[str, Any]) -> list[Content]:
    broken = [promise for promise in report["promises"] if promise["problem"]]
    num_promises = len(report["promises"])
    agents = [
        Content.assemble((f"{name} agent".ljust(14), "$muted"), f"return {number(each['mean_return'])}, ",
                         f"{each['mean_length_steps']:.0f} steps, {count(each['steps_per_s'])} steps/s")
        for name, each in report["agents"].items()
    ]  # fmt: skip
    actions = report["actions"]
    return [
        Content.assemble(("observation".ljust(14), "$muted"), f"{sum(report['observation'].values())} numbers"),
        Content.assemble(("action".ljust(14), "$muted"), f"{len(actions)}: {', '.join(actions)}"),
        Content.assemble(("promises".ljust(14), "$muted"), f"{num_promises - len(broken)} of {num_promises} kept"),
        *(Content.styled(f"✗ {promise['name']}: {promise['problem']}", "$error") for promise in broken),
        *agents,
        *(Content.styled(f"! {note}", "$warning") for note in report["notes"]),
    ]


def _facts_page(facts: TaskFacts) -> Content:
    kind = count_of(facts.action_size, "choice" if facts.has_choices else "number")
    limit = f"{facts.max_episode_steps} steps" if facts.max_episode_steps else "no limit"
    rows = [
        ("observation", count_of(facts.observation_size, "number")),
        ("action", kind),
        ("episode", limit),
    ]
    return Content("\n").join([Content.assemble((name.ljust(14), "$muted"), value) for name, value in rows])


def _error(output: Output) -> str:
    """Return the sentence among the messages of a child."""
    for line in reversed(output.stderr.splitlines()):
        start = line.find('{"error"')
        if start >= 0:
            return str(json.loads(line[start:])["error"])
    return output.last_words
