"""The process that plays for one widget: started, asked and ended from there, with its news sorted.

News come from the threads of a process that may have been replaced meanwhile; a number tells which one they are from.
"""

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from engine.protocol.run_dir import RunDir
from engine.replay.wire import Frame, Wish
from rlrobo_tui.robot_feed import News, RobotFeed


class Player:
    """At most one process at a time."""

    def __init__(self, run: RunDir, tell: Callable[[int, News], object]) -> None:
        """Play checkpoints of `run`; `tell` gets news and the number of their process, in another thread."""
        self._run, self._tell = run, tell
        self._number = 0
        self._played = (0, 0)
        """Checkpoint and number of the episode that played last."""
        self.feed: RobotFeed | None = None
        """The process; None where there is none."""
        self.asked: Wish | None = None
        """What was asked for last."""

    def start(self) -> None:
        """Start a process in place of the present one. Raises OSError."""
        self.stop()
        self.asked = None
        self.feed = RobotFeed(self._run, partial(self._tell, self._number))

    def stop(self) -> None:
        """End the process."""
        self._number += 1
        if self.feed is not None:
            self.feed.close()
            self.feed = None

    def is_from_present(self, number: int) -> bool:
        """Whether news are from the process that plays now."""
        return number == self._number

    @property
    def is_free(self) -> bool:
        """Whether there is a process that has answered the last wish."""
        return self.feed is not None and self.feed.is_free

    def ask(self, wish: Wish) -> None:
        """Ask for the next picture, where it would differ from the last."""
        if self.feed is not None and (wish != self.asked or not wish.is_paused):
            self.asked = wish
            self.feed.ask(wish)

    def pause(self) -> None:
        """Hold what plays until something is asked for again."""
        if self.is_free and self.asked is not None:
            self.ask(replace(self.asked, is_paused=True))

    def is_at_an_end(self, frame: Frame) -> bool:
        """Whether an episode ended since the last picture, or never ends by itself; asked once for each picture."""
        lane = frame.lanes[0]
        before, self._played = self._played, (lane.checkpoint, lane.episode)
        return bool(lane.ending) or before != self._played or frame.max_steps is None
