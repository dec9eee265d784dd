"""Write docs/reference.md from what the code knows: `python docs/generate.py`. A test fails when it is stale."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.protocol.algorithms import ALGORITHMS, LIVE_KEYS, Her, Linear, NetArch, PolicyKwargs
from engine.protocol.commands import COMMAND_TYPES
from engine.protocol.config import Checkpoints, Evaluation, Normalization, RunConfig
from engine.protocol.events import EVENT_TYPES, Event
from engine.protocol.settings import VARIABLES, Settings
from engine.protocol.status import OUTCOMES
from engine.protocol.summary import RunSummary
from rlrobo_tui.actions.registry import ACTIONS
from rlrobo_tui.cli import COMMANDS, load_command
from rlrobo_tui.glossary import METRICS, explain
from rlrobo_tui.preferences import Preferences, choices
from rlrobo_tui.struct_docs import field_docs, first_line
from robots.registry import TASKS, TaskEntry

PATH = Path(__file__).with_name("reference.md")
_CALL = "import sys; sys.argv[0] = 'rlrobo'; from rlrobo_tui.cli import main; main()"
FAMILIES = ("reward/<term>", "termination/<term>", "curriculum/<term>", "randomization/<term>")


def main() -> None:
    """Write the page."""
    PATH.write_text(build(), encoding="utf-8")


def build() -> str:
    """Return the whole page as Markdown."""
    sections = (
        "# Reference\n\nGenerated from the code by `python docs/generate.py`; do not edit.",
        "## Tasks\n\n" + _tasks(),
        "## Configuration\n\nKeys of a YAML file and of `--set`. Numbers may be written `3e-4`, `1e6` or `1_000_000`; "
        "`${NAME}` and `${NAME:-default}` are filled in from the environment.\n\n" + _configuration(),
        "## Hyper-parameters\n\nUnder `algorithm:` in YAML; `--set learning_rate=…` is short for "
        "`--set algorithm.learning_rate=…`.\n\n" + _algorithms(),
        "## Environment variables\n\n" + _settings(),
        "## Settings of the app\n\nKeys of `settings.yaml` in the folder that `rlrobo info` prints; the page behind "
        "the key `,` changes them.\n\n" + _preferences(),
        "## Keys of the app\n\nThe first column is the name in `keys.yaml`, such as `live.pause: P` or "
        "`runs.down: j,ctrl+n`. What starts, steers or ends a run is not possible in a read-only app.\n\n" + _keys(),
        "## Events\n\nLines of `events.jsonl`. Every event has:\n\n" + _events(),
        "## Commands\n\nLines of `commands.jsonl`; `rlrobo pause`, `stop`, … write them.\n\n" + _commands(),
        "## End reasons\n\n" + _reasons(),
        "## Metrics\n\nNames are Stable-Baselines3's.\n\n" + _metrics(),
        "## Keys of `rlrobo runs --json`\n\n" + _fields_table(RunSummary),
        "## Command line\n\n" + _command_line(),
    )
    return "\n\n".join(sections) + "\n"


def _tasks() -> str:
    rows = (
        (
            f"`{task.id}`", task.summary, task.robot, str(task.observation_size), str(task.action_size),
            f"{task.random_return:g}", f"{task.solved_return:g}", _episode(task),
            task.licence,
        )
        for task in TASKS.values()
    )  # fmt: skip
    header = ("Task", "Goal", "Robot", "Observation", "Action", "Random return", "Solved return", "Episode", "Licence")
    return _table(header, rows)


def _episode(task: TaskEntry) -> str:
    return f"{task.episode_length_s:g} s at {1 / task.control_dt_s:.4g} Hz"


def _configuration() -> str:
    parts = [_fields_table(RunConfig)]
    for struct, key in ((Normalization, "normalization"), (Evaluation, "evaluation"), (Checkpoints, "checkpoints")):
        parts.append(f"### `{key}`\n\n{first_line(struct)}\n\n{_fields_table(struct, prefix=key)}")
    return "\n\n".join(parts)


def _algorithms() -> str:
    parts = []
    for name, struct in ALGORITHMS.items():
        live = ", ".join(f"`{key}`" for key in LIVE_KEYS[name])
        summary = f"{first_line(struct)} `rlrobo set` changes {live} while training."
        parts.append(f"### `{name}`\n\n{summary}\n\n{_fields_table(struct)}")
    nested = {"`policy_kwargs`": PolicyKwargs, "`net_arch`": NetArch, "`her`": Her, "Schedules": Linear}
    for title, struct in nested.items():
        parts.append(f"### {title}\n\n{first_line(struct)}\n\n{_fields_table(struct)}")
    return "\n\n".join(parts)


def _settings() -> str:
    docs = field_docs(Settings)
    rows = ((f"`{name}`", docs[field].partition(": ")[2]) for name, field in VARIABLES.items())
    return _table(("Variable", "Meaning"), rows)


def _preferences() -> str:
    docs, defaults = field_docs(Preferences), Preferences()
    rows = (
        (f"`{key}`", ", ".join(f"`{_yaml(each)}`" for each in choices(key)), f"`{_yaml(getattr(defaults, key))}`", doc)
        for key, doc in docs.items()
    )
    return _table(("Key", "Values", "Default", "Meaning"), rows)


def _yaml(value: object) -> str:
    return str(value).lower()


PAGES_OF_THE_APP = {
    "app": "On every page",
    "runs": "Runs",
    "live": "Live",
    "compare": "Compare",
    "replay": "Replay",
    "cloud": "Cloud",
    "new": "New run",
    "settings": "Settings",
    "doctor": "Doctor",
    "overlay": "On what lies over a page",
}
"""Headings; a page that is missing here fails the build."""


def _keys() -> str:
    parts = []
    for scope in dict.fromkeys(action.scope for action in ACTIONS):
        rows = (
            (f"`{action.binding_id}`", f"`{action.keys.replace(',', '` `')}`", action.danger.value, action.help)
            for action in ACTIONS
            if action.scope == scope
        )
        parts.append(f"### {PAGES_OF_THE_APP[scope]}\n\n{_table(('Action', 'Keys', 'Danger', 'What it does'), rows)}")
    return "\n\n".join(parts)


def _events() -> str:
    parts = [_fields_table(Event)]
    for name, struct in EVENT_TYPES.items():
        parts.append(f"### `{name}`\n\n{first_line(struct)}\n\n{_fields_table(struct, without=Event)}")
    return "\n\n".join(parts)


def _commands() -> str:
    rows = ((f"`{name}`", first_line(struct)) for name, struct in COMMAND_TYPES.items())
    return _table(("Type", "Meaning"), rows)


def _reasons() -> str:
    rows = (
        (f"`{reason.value}`", f"`{outcome.status.value}`", "yes" if outcome.is_retryable else "no", outcome.sentence)
        for reason, outcome in OUTCOMES.items()
    )
    return _table(("Reason", "Status", "May succeed again", "Sentence"), rows)


def _metrics() -> str:
    known = {**METRICS, **{name: explain(name) for name in FAMILIES}}
    rows = ((f"`{name}`", metric.unit or "–", metric.meaning) for name, metric in known.items() if metric)
    return _table(("Metric", "Unit", "Meaning"), rows)


def _command_line() -> str:
    commands: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        commands += [(name,), *((name, each) for each in getattr(load_command(name), "commands", ()))]
    return "\n\n".join(f"```text\n{_help(command)}\n```" for command in commands)


def _help(command: tuple[str, ...]) -> str:
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'rlrobo'; from rlrobo_tui.cli import main; main()",
            *command,
            "--help",
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "100", "PATH": "", "LC_ALL": "C.UTF-8", "TERM": "dumb", "NO_COLOR": "1"},
    )
    lines = [line.rstrip() for line in result.stdout.strip("\n").splitlines()]
    return "\n".join(lines)


def _fields_table(struct: type[Struct], *, prefix: str = "", without: type[Struct] | None = None) -> str:
    docs = field_docs(struct)
    left_out = without.__struct_fields__ if without else ()
    rows = []
    for field in msgspec.structs.fields(struct):
        if field.name not in left_out:
            key = f"{prefix}.{field.name}" if prefix else field.name
            rows.append((f"`{key}`", _default(field), docs[field.name]))
    return _table(("Key", "Default", "Meaning"), rows) if rows else "No fields of its own."


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        value = field.default
        if isinstance(value, Struct):
            name = value.__struct_config__.tag
            return f"`{name}`" if name else "see below"
        if isinstance(value, bool):
            return f"`{str(value).lower()}`"
        return "–" if value in (None, "") else f"`{getattr(value, 'value', value)}`"
    return "–" if field.default_factory is not msgspec.NODEFAULT else "required"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(header), *(tuple(row) for row in rows)]
    cells = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([cells[0], "|" + " --- |" * len(lines[0]), *cells[1:]])


if __name__ == "__main__":
    main()
