"""What the list shows of its selected run: a curve, what it changed against the run before, what happened last.

Reads a few kilobytes, whatever the length of the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.protocol.errors import RlroboError
from engine.protocol.json_lines import read_last_events
from engine.protocol.run_dir import RunDir
from rlrobo_tui.config_diff import SEED, differing
from rlrobo_tui.run_list import RETURN
from rlrobo_tui.run_view import LogLine, RunView
from rlrobo_tui.samples import sample

NUM_POINTS = 80
NUM_EVENTS = 5


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One run at one moment."""

    run_id: str
    points: Sequence[tuple[int, float]]
    """Step and return."""
    before_id: str
    """The run that it is compared with; empty: there is none."""
    changes: dict[str, list[str]]
    """Keys of the configuration that differ from the run before, each with the value before and the one now."""
    events: Sequence[LogLine]
    """The last ones."""


def read_preview(run: RunDir, before: RunDir | None) -> Preview:
    """Read what is shown of `run`, which is compared with `before`."""
    view = RunView(run_id=run.id)
    view.fold(read_last_events(run.events))
    return Preview(
        run_id=run.id,
        points=sample(run.events, RETURN, num_points=NUM_POINTS),
        before_id=before.id if before else "",
        changes=_changes(run, before) if before else {},
        events=list(view.log)[-NUM_EVENTS:],
    )


def _changes(run: RunDir, before: RunDir) -> dict[str, list[str]]:
    try:
        found = differing([before.read_config(), run.read_config()])
    except (RlroboError, OSError):  # one of them is damaged, or was deleted
        return {}
    # The seed says least; the list shows it too.
    return {key: found[key] for key in sorted(found, key=lambda key: key == SEED)}
