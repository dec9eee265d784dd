"""Arguments and options that several commands share, with what a shell completes for them."""

from typing import Annotated

import typer

from engine.launch import find_engine
from engine.protocol.checkpoints import (
    MANIFEST,
    Checkpoint,
    by_preference,
    find_checkpoint,
    list_checkpoints,
    read_checkpoint,
)
from engine.protocol.errors import CheckpointError, ConfigError, UsageError
from engine.protocol.run_dir import RunDir, find_run, list_runs
from engine.protocol.settings import read_settings
from rlrobo_tui.console import narrate
from robots.registry import TASKS


def complete_runs(incomplete: str) -> list[str]:
    """Offer the ids that contain what was typed, the newest first."""
    ids = [run.id for run in list_runs(read_settings().runs_dir)]
    return [text for text in ["latest", *ids] if incomplete in text]


def complete_tasks(incomplete: str) -> list[tuple[str, str]]:
    """Offer the tasks that begin with what was typed."""
    return [(entry.id, entry.summary) for entry in TASKS.values() if entry.id.startswith(incomplete)]


RunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN", help="An id, a part of one, a path, or `latest`.", autocompletion=complete_runs),
]
CheckpointOption = Annotated[
    str, typer.Option("--checkpoint", "-c", help="Checkpoint: `best` by evaluation, `latest`, or a timestep.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
DeviceOption = Annotated[str, typer.Option(help="Where the policy lives: auto, cpu, cuda or cuda:N.")]
FollowOption = Annotated[bool, typer.Option("--follow/--detach", help="Follow the run, or return at once.")]
FromOption = Annotated[
    str, typer.Option("--from", metavar="STEP", help="Checkpoint: a timestep, best or latest. [default: latest]")
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any other key; may be repeated.")
]
AutoResumeOption = Annotated[
    int,
    typer.Option("--auto-resume", metavar="N", min=0, help="Start a crashed engine again, N times without progress."),
]


def named_run(text: str) -> RunDir:
    """Return the run that the user means by `text`. Raises UsageError."""
    runs_dir = read_settings().runs_dir
    if text == "latest" and not list_runs(runs_dir):
        raise UsageError(f"no runs in {runs_dir} yet; start one with `rlrobo train cartpole_balance`.")
    return find_run(runs_dir, text)


def choose_checkpoint(run: RunDir, which: str) -> Checkpoint:
    """Return the verified checkpoint `which` and say so when damaged ones were passed over. Raises CheckpointError."""
    checkpoints = list_checkpoints(run.checkpoints)
    unreadable = [path for path in sorted(run.checkpoints.glob("[0-9]*")) if read_checkpoint(path) is None]
    if not checkpoints and not unreadable and find_engine(run) is None:
        raise CheckpointError(
            f"{run.checkpoints}: no checkpoint, and no engine that could save one; "
            f"train anew with `rlrobo train {run.config}`."
        )
    for path in unreadable:
        if not checkpoints or (which.isdecimal() and path.name == f"{int(which):09d}"):
            raise CheckpointError(f"{path / MANIFEST}: damaged: it cannot be read; use another checkpoint.")
    chosen = find_checkpoint(run.checkpoints, which)
    if which in ("best", "latest"):
        preferred = [item.path for item in by_preference(checkpoints, which)]
        for path in [*preferred[: preferred.index(chosen.path)], *unreadable]:
            narrate(f"{path}: damaged; using the checkpoint of step {chosen.step} instead.")
    return chosen


def which_checkpoint(text: str) -> str:
    """Read `best`, `latest` or a timestep as people write it. Raises ConfigError."""
    return text if text in ("best", "latest") else str(parse_count(text, option="--from"))


def parse_total(text: str, *, present: int) -> int:
    """Read `N` (in all) or `+N` (on top of the `present` total). Raises ConfigError."""
    if not text.startswith("+"):
        return parse_count(text, option="--steps")
    more = parse_count(text[1:], option="--steps")
    if more <= 0:
        raise ConfigError("command line", "--steps", f"expected more than +0, got {text!r}.")
    return present + more


def parse_count(text: str, *, option: str) -> int:
    """Read a whole number as people write it: 200k, 1e6, 1_000_000, 2.5M. Raises ConfigError."""
    cleaned = text.strip().replace("_", "").replace(",", "").lower()
    factor = {"k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}.get(cleaned[-1:], 1)
    try:
        number = float(cleaned[:-1] if factor > 1 else cleaned) * factor
        is_whole = number == int(number)
    except (ValueError, OverflowError):
        is_whole, number = False, 0.0
    if not is_whole:
        raise ConfigError("command line", option, f"expected a whole number such as 200k or 1e6, got {text!r}.")
    return int(number)
