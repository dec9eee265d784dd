"""Gather what a report tells about a run. What cannot be read any more is left out rather than invented."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.protocol.algorithms import algorithm_name
from engine.protocol.checkpoints import Checkpoint, list_checkpoints
from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError
from engine.protocol.presets import build_config, preset_names
from engine.protocol.provenance import Provenance
from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.task_facts import facts_of
from rlrobo_tui.config_diff import differing
from rlrobo_tui.run_view import RunView
from rlrobo_tui.tail import RunTail


@dataclass(frozen=True, kw_only=True)
class Video:
    """An MP4 file to embed."""

    content: bytes
    caption: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A run, as far as it is known."""

    run: RunDir
    view: RunView
    num_corrupt: int
    """Lines of its events that cannot be read."""
    config: RunConfig
    config_text: str
    """config.yaml as it is."""
    preset: str
    """Name of the preset that it is compared with; empty where there is none."""
    changes: dict[str, list[str]]
    """Keys that differ from the preset: its value and the run's."""
    provenance: Provenance | None
    task: TaskFacts | None
    checkpoints: list[Checkpoint]
    video: Video | None = None


def gather(run: RunDir, *, video: Video | None = None) -> Facts:
    """Read a run. Raises ConfigError where its configuration is damaged."""
    config = run.read_config()
    tail = RunTail(run)
    tail.poll()
    preset, changes = _compare_with_preset(config)
    return Facts(
        run=run,
        view=tail.view,
        num_corrupt=tail.num_corrupt,
        config=config,
        config_text=run.config.read_text(encoding="utf-8"),
        preset=preset,
        changes=changes,
        provenance=_read_provenance(run.provenance),
        task=facts_of(run),
        checkpoints=list_checkpoints(run.checkpoints),
        video=video,
    )


def _compare_with_preset(config: RunConfig) -> tuple[str, dict[str, list[str]]]:
    """Return the default preset's name and what differs from it; neither for a task that is not here any more."""
    algorithm = algorithm_name(config.algorithm)
    try:
        preset = preset_names(config.task, algorithm)[0]
        return preset, differing([build_config(config.task, algorithm=algorithm, preset=preset), config])
    except (RlroboError, OSError):
        return "", {}


def _read_provenance(path: Path) -> Provenance | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Provenance)
    except (OSError, msgspec.DecodeError):
        return None
