"""What the app remembers between two starts, so that a user comes back to where he was."""

from pathlib import Path

import msgspec
from msgspec import Struct, field

from rlrobo_tui.run_form import Answers


class RunsMemory(Struct, kw_only=True):
    """Of the list of runs."""

    filter: str = ""
    """What was typed to filter it."""
    sort: str = "age"
    """Column by which it is sorted; a minus sign before it: the other way round."""
    group: str = "none"
    """What the runs of one group have in common."""


class LiveMemory(Struct, kw_only=True):
    """Of the page of one run."""

    metric: str = "rollout/ep_rew_mean"
    """What the large chart shows."""
    smoothing: float = 0.9
    """Weight of the past in the moving average; 0: off."""
    charts: list[str] = field(default_factory=list)
    """What the small charts show, in their order; an empty name leaves the choice to the app."""
    log: list[str] = field(default_factory=list)
    """Metrics whose axis is logarithmic."""
    x_axis: str = "steps"
    """What charts are drawn over, as in rlrobo_tui/lens.py."""
    layout: str = "balanced"
    """focus, balanced or dense."""
    has_robot: bool | None = None
    """Whether the robot plays beside the charts; None: not over a network."""


class NewRunMemory(Struct, kw_only=True):
    """Of the form for a new run."""

    answers: Answers | None = None
    """What its fields hold; None: nobody has opened it, or it was left for good."""
    untouched: Answers | None = None
    """The same before the user changed anything."""
    step: str = "robot"
    """Which of its steps was in sight."""


class CompareMemory(Struct, kw_only=True):
    """Of the page that compares runs."""

    metric: str = "rollout/ep_rew_mean"
    """What is compared."""
    smoothing: float = 0.9
    """Weight of the past in the moving average; 0: off."""
    x_axis: str = "steps"
    """What curves are drawn over, as in rlrobo_tui/lens.py."""
    is_aggregated: bool = False
    """Whether runs that differ in the seed alone are one line."""
    has_band: bool = True
    """Whether the interval of a mean is drawn."""
    has_table: bool = True
    """Whether the table is shown."""
    has_diff: bool = False
    """Whether it is shown how the configurations differ."""


class ReplayMemory(Struct, kw_only=True):
    """Of the page on which a checkpoint plays."""

    speed: float = 1.0
    """Times real time; 0: as fast as possible."""
    view: str = "follow"
    """Which camera, as in engine/replay/wire.py."""
    quality: str = "fine"
    """Name of one of the qualities in rlrobo_tui/replay_controls.py."""
    is_deterministic: bool = True
    """Whether a policy takes its most likely action, rather than sample one."""


class Memory(Struct, kw_only=True):
    """Everything; each page keeps a part of its own."""

    run: str = ""
    """Id of the run that was looked at last."""
    marks: list[str] = field(default_factory=list)
    """Ids of the runs that are marked, to be compared."""
    runs: RunsMemory = field(default_factory=RunsMemory)
    live: LiveMemory = field(default_factory=LiveMemory)
    compare: CompareMemory = field(default_factory=CompareMemory)
    replay: ReplayMemory = field(default_factory=ReplayMemory)
    new: NewRunMemory = field(default_factory=NewRunMemory)


def read_memory(path: Path) -> Memory:
    """Return what the file holds; what cannot be read is forgotten."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.MsgspecError):
        return Memory()


def write_memory(path: Path, memory: Memory) -> None:
    """Write it, where that is possible; nothing depends on it."""
    written = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(msgspec.json.format(msgspec.json.encode(memory)))
        written.replace(path)
    except OSError:
        return
