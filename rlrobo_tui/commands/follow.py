"""Follow a run until it ends, in place on a terminal or in lines elsewhere. `train` and `watch` do.

Only reads: whoever follows may be interrupted or closed at any time.
"""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from rlrobo_tui.console import narrate, stderr_console, uses_ascii
from rlrobo_tui.quantities import clock, duration, number, percent
from rlrobo_tui.run_view import LogLine, RunView
from rlrobo_tui.tail import RunTail
from rlrobo_tui.time_use import time_sentence

POLL_INTERVAL_S = 0.25
PROGRESS_INTERVAL_S = 10.0
NUM_LAST_EVENTS = 5
BAR_COLUMNS = 40


class Display(Protocol):
    """Where a followed run is shown."""

    def show(self, view: RunView) -> None:
        """Bring what is seen up to date."""

    def say(self, text: str) -> None:
        """Tell something that is not in the events."""

    def close(self) -> None:
        """Leave the terminal in order."""


def follow(
    tail: RunTail,
    display: Display,
    *,
    has_engine: Callable[[], bool],
    num_seen: int = 0,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Show the run until it is over. Returns False when its engine was gone before it wrote a first event.

    `num_seen` events are of earlier engines: the end that may be among them is not this one's.
    """
    while True:
        # An engine that is dead before the poll has written all it ever will.
        is_alive = has_engine()
        tail.poll()
        has_begun = tail.num_events > num_seen
        if has_begun or not num_seen:
            display.show(tail.view)
        if tail.is_over and (has_begun or not num_seen):
            return True
        if not is_alive and not has_begun:
            return False
        sleep(POLL_INTERVAL_S)


def choose_display(*, plain: bool = False, since: RunView | None = None) -> Display:
    """Return the display that fits stderr: in place on a terminal, lines where it is none or `plain` was asked for.

    What `since` tells already is not told again.
    """
    console = stderr_console()
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return LineDisplay(last_line=since.log[-1] if since and since.log else None)
    return LiveDisplay(console)


class LineDisplay:
    """One sentence for each event, and one about the progress now and then."""

    def __init__(
        self,
        write: Callable[[str], None] = narrate,
        *,
        last_line: LogLine | None = None,
        time_source: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._time_source = time_source
        self._last_line = last_line
        self._view: RunView | None = None
        self._last_step = 0
        self._next_progress_s = time_source() + PROGRESS_INTERVAL_S

    def show(self, view: RunView) -> None:
        """Write the events that are new, and the progress when it is due."""
        for line in self._new_lines(view):
            self._write(f"{clock(line.time)}  {line.step:,}  {line.text}")
        now = self._time_source()
        if now >= self._next_progress_s and view.step != self._last_step:
            self._write(f"{clock(view.updated_at or 0.0)}  {progress_sentence(view)}")
            self._next_progress_s, self._last_step = now + PROGRESS_INTERVAL_S, view.step

    def say(self, text: str) -> None:
        """Write one more line."""
        self._write(text)

    def close(self) -> None:
        """Nothing is open."""

    def _new_lines(self, view: RunView) -> list[LogLine]:
        found: list[LogLine] = []
        last = self._last_line
        # A view that was read again has lines of its own, most of which say what was written here before.
        is_again = self._view is not None and view is not self._view
        self._view = view
        for line in reversed(view.log):
            if line is last or (is_again and last is not None and line.time <= last.time):
                break
            found.append(line)
        if view.log:
            self._last_line = view.log[-1]
        return found[::-1]


class LiveDisplay:
    """A few lines that are redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False)
        self._live.start()

    def show(self, view: RunView) -> None:
        """Redraw."""
        self._live.update(Group(*panel_lines(view, ascii_only=uses_ascii())), refresh=True)

    def say(self, text: str) -> None:
        """Write a line that stays, above what is redrawn."""
        self._live.console.print(text)

    def close(self) -> None:
        """Leave the last state on the screen."""
        self._live.stop()


def panel_lines(view: RunView, *, ascii_only: bool) -> Iterator[Text]:
    """Write the lines of the live display: what it is, how far, how well, what happened last."""
    detail = "" if view.status.is_over or not view.status_detail else f": {view.status_detail}"
    yield Text(f"{view.run_id}  {view.status.value}{detail}", style="bold", no_wrap=True)
    yield Text(_bar(view.progress, ascii_only=ascii_only))
    yield Text(progress_sentence(view))
    if not view.status.is_over and (sentence := time_sentence(view)):
        yield Text(sentence, style="dim", no_wrap=True, overflow="ellipsis")
    if view.alarm:
        yield Text(view.alarm, style="bold")
    best = view.best
    if best is not None:
        yield Text(f"best evaluation: return {number(best.return_mean)} at step {best.step:,}")
    for line in list(view.log)[-NUM_LAST_EVENTS:]:
        yield Text(f"  {clock(line.time)}  {line.text}", style="dim", no_wrap=True, overflow="ellipsis")


def progress_sentence(view: RunView) -> str:
    """Say in one line how far training is, how fast, how long it will take and what the return is."""
    parts = [f"{view.step:,} of {view.total_timesteps:,} steps ({percent(view.progress)})"]
    speed, mean_return = view.latest("time/steps_per_second"), view.latest("rollout/ep_rew_mean")
    if speed:
        parts.append(f"{speed:,.0f} steps/s")
    if view.eta_s is not None:
        parts.append(f"{duration(view.eta_s)} left")
    if mean_return is not None:
        parts.append(f"return {number(mean_return)}")
    success = view.latest("rollout/success_rate")
    if success is not None:
        parts.append(f"success {success:.0%}")
    return ", ".join(parts)


def _bar(progress: float, *, ascii_only: bool) -> str:
    filled = int(progress * BAR_COLUMNS)
    full, empty = ("#", ".") if ascii_only else ("█", "░")
    return full * filled + empty * (BAR_COLUMNS - filled)
