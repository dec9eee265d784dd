"""What a screen asks the app for: the messages that lead from one screen to another."""

from textual.message import Message

from engine.protocol.config import RunConfig
from engine.protocol.run_dir import RunDir


class OpenRun(Message):
    """Watch this run."""

    def __init__(self, run: RunDir) -> None:
        super().__init__()
        self.run = run


class GoTo(Message):
    """Show another page."""

    def __init__(self, scope: str) -> None:
        super().__init__()
        self.scope = scope
        """As in rlrobo_tui/pages.py."""


class TrainDemo(Message):
    """Start the demo and watch it."""


class Train(Message):
    """Start a run with this configuration and watch it."""

    def __init__(self, config: RunConfig, command: str) -> None:
        super().__init__()
        self.config = config
        self.command = command
        """The equal command line, for the run's provenance."""


class TrainOnSpot(Message):
    """Rent a machine for a run and watch it."""

    def __init__(self, command: str) -> None:
        super().__init__()
        self.command = command
        """The command line that does it."""


class GoOn(Message):
    """Start a new engine for a run that ended, and go on watching it."""

    def __init__(self, run: RunDir, *, seen_until: float | None) -> None:
        super().__init__()
        self.run = run
        self.seen_until = seen_until
        """Time of its last event."""


class Neighbour(Message):
    """Watch the run beside this one in the list."""

    def __init__(self, run: RunDir, distance: int) -> None:
        super().__init__()
        self.run = run
        self.distance = distance
        """1: the next older run; -1: the next newer one."""
