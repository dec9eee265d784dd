"""What viewers need to know about the task of a run, kept in the run's task.json.

A run stays readable where its plug-in, its package or its robot's file is missing. Written by whoever makes a run.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from engine.protocol.files import write_whole

FACTS = "task.json"
"""Name of the file in a run directory."""


class TaskFacts(Struct, frozen=True, kw_only=True):
    """A task without what it takes to run it."""

    id: str
    """Task id; of a robot's file its name without the ending, of a Gymnasium environment `gym:ENV_ID`."""
    robot: str = ""
    """Name of the robot."""
    summary: str = ""
    """One sentence."""
    variant: str = ""
    """What differs from the task as it is: parameters with their values, names of terms; empty: nothing."""
    origin: str = ""
    """Plug-in that brought it; empty: it needs none."""
    observation_size: int
    """Length of one observation, goals included."""
    action_size: int
    """Length of one action; the number of choices where it is one of several."""
    has_choices: bool = False
    """Whether actions are choices, rather than numbers in a range."""
    goal_size: int = 0
    """Length of a goal; 0: not a goal task."""
    has_success: bool = False
    """Whether an episode succeeds or fails besides having a return."""
    max_episode_steps: int | None = None
    """Time limit in control steps; null where it is not known."""
    control_dt_s: float
    """Time of one control step."""
    solved_return: float | None = None
    """Mean return from which it counts as solved; null where nobody said."""
    random_return: float | None = None
    """Mean return of random actions; null where nobody measured it."""


def write_facts(facts: TaskFacts, path: Path) -> None:
    """Write task.json. Raises StorageError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(facts)))


def read_facts(path: Path) -> TaskFacts | None:
    """Read task.json; None where there is none or it is damaged, which a viewer can live with."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=TaskFacts)
    except (OSError, msgspec.DecodeError):
        return None
