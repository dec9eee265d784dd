"""A checkpoint that plays in the terminal of `rlrobo replay --terminal`: the pictures of the app, without the app."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from queue import Empty, SimpleQueue

from rich.color import Color, ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from engine.protocol.run_dir import RunDir
from engine.replay.wire import Lane
from rlrobo_tui.bare_screen import BareScreen
from rlrobo_tui.commands.child import ChildError
from rlrobo_tui.half_blocks import glyph, rows_of_cells, shaded
from rlrobo_tui.replay_controls import MIN_SIZE, WITHOUT_COLOR, Controls, frames_per_second, picture_size
from rlrobo_tui.replay_words import lane_line, loading, state_line
from rlrobo_tui.robot_feed import Ended, News, RobotFeed, Shown, Waiting
from rlrobo_tui.terminal import can_show_unicode, to_ascii

NUM_WORD_LINES = 3
"""Two above the picture and one below it."""
HELP = " q quit   space pause   . step   < > speed   C camera   hjkl + - move it   S seed   D sampled"
"""As much as fits is shown."""
QUIT = ("q", "Q", "\x04", "\x1b")
"""As keys, with ctrl-D and escape alone."""
_NUM_STYLES = 16_384


@dataclass(frozen=True)
class Look:
    """What the terminal can show."""

    colors: ColorSystem | None
    """None: shades of characters."""
    is_ascii: bool


def look_of_terminal() -> Look:
    """Return what the terminal on stdout can show, as its variables tell."""
    console = Console()
    is_ascii = not can_show_unicode()
    is_plain = is_ascii or console.no_color
    return Look(None if is_plain else COLOR_SYSTEMS.get(console.color_system or ""), is_ascii)


class TerminalReplay:
    """Plays until a key ends it, or a number of episodes is over."""

    def __init__(self, screen: BareScreen, controls: Controls, look: Look, *, num_episodes: int = 0) -> None:
        """Play on `screen`; 0 episodes: until a key ends it."""
        self._screen, self._controls, self._look = screen, controls, look
        self._num_episodes = num_episodes
        self._shown: Shown | None = None
        self._waits_for, self._began = "a process to start", time.monotonic()
        if look.colors is None:
            controls.quality = WITHOUT_COLOR

    def play(self, run: RunDir) -> Lane | None:
        """Play; return how it went at the end. Raises ChildError when the process that plays dies."""
        news: SimpleQueue[News] = SimpleQueue()
        try:
            feed = RobotFeed(run, news.put)
        except OSError as err:
            raise ChildError(f"The process that plays could not be started: {err}.") from err
        try:
            while not self._is_over():
                keys = self._screen.keys(1 / frames_per_second())
                if keys in QUIT:
                    break
                for key in keys:
                    _KEYS.get(key, _ignore)(self._controls)
                self._take(news)
                self._screen.draw(self._lines())
                self._ask(feed)
        finally:
            feed.close()
        return self._shown.frame.lanes[0] if self._shown else None

    def _is_over(self) -> bool:
        if self._shown is None or not self._num_episodes:
            return False
        lane = self._shown.frame.lanes[0]
        return lane.episode + bool(lane.ending) > self._num_episodes

    def _take(self, news: SimpleQueue[News]) -> None:
        while True:
            try:
                each = news.get_nowait()
            except Empty:
                return
            if isinstance(each, Ended):
                raise ChildError(each.reason)
            if isinstance(each, Waiting):
                self._waits_for = each.what
            else:
                self._shown = each

    def _ask(self, feed: RobotFeed) -> None:
        if not feed.is_free:
            return
        self._controls.orbit(0.0 if self._controls.is_paused else 1 / frames_per_second())
        columns, lines = self._screen.size
        width, height = picture_size(columns, lines - NUM_WORD_LINES)
        if min(width, height) >= MIN_SIZE:
            feed.ask(self._controls.wish(size=(width, height), ground=(0, 0, 0)))

    def _lines(self) -> list[str]:
        """Return all lines of the screen."""
        columns, num_lines = self._screen.size
        num_rows = max(0, num_lines - NUM_WORD_LINES)
        if self._shown is None:
            words = loading(self._waits_for, time.monotonic() - self._began).plain.splitlines()
            above, rows = [f" {line}" for line in words], [" " * columns] * num_rows
        else:
            frame = self._shown.frame
            state = state_line(self._controls, 0, width=columns)
            above = [state.plain, lane_line(frame.lanes[0], frame, width=columns).plain]
            rows = self._picture(self._shown, columns, num_rows)
        above = [self._words(line, columns) for line in above]
        return [*above, *rows, self._words(HELP, columns)][-num_lines:]

    def _picture(self, shown: Shown, columns: int, num_rows: int) -> list[str]:
        """Return the picture in the middle of `num_rows` lines; none where it was made for a larger terminal."""
        width, empty = shown.frame.width, " " * columns
        rows = list(rows_of_cells(shown.pictures[0], width))
        if width > columns or len(rows) > num_rows:
            return [empty] * num_rows
        left = (columns - width) // 2
        right, top = columns - width - left, (num_rows - len(rows)) // 2
        drawn = [" " * left + self._row(runs) + " " * right for runs in rows]
        return [*[empty] * top, *drawn, *[empty] * (num_rows - top - len(rows))]

    def _row(self, runs: list[tuple[bytes, int]]) -> str:
        colors = self._look.colors
        if colors is None or not self._controls.quality.has_color:
            return shaded(runs)
        return "".join(_style_of(cell).render(glyph(cell) * number, color_system=colors) for cell, number in runs)

    def _words(self, line: str, columns: int) -> str:
        return (to_ascii(line) if self._look.is_ascii else line)[:columns].ljust(columns)


def _pause(controls: Controls) -> None:
    controls.is_paused = not controls.is_paused


def _step(controls: Controls) -> None:
    controls.num_single_steps += controls.is_paused
    controls.is_paused = True


def _next_seed(controls: Controls) -> None:
    controls.seed += 1


def _sample(controls: Controls) -> None:
    controls.is_deterministic = not controls.is_deterministic


def _ignore(_: Controls) -> None:
    """Do nothing for a key that means nothing."""


_KEYS: dict[str, Callable[[Controls], object]] = {
    " ": _pause,
    ".": _step,
    "<": lambda controls: controls.change_speed(-1),
    ">": lambda controls: controls.change_speed(1),
    "S": _next_seed,
    "D": _sample,
    "C": Controls.next_view,
    "h": lambda controls: controls.move(turns=-1),
    "l": lambda controls: controls.move(turns=1),
    "k": lambda controls: controls.move(tilts=-1),
    "j": lambda controls: controls.move(tilts=1),
    "+": lambda controls: controls.move(zooms=1),
    "-": lambda controls: controls.move(zooms=-1),
}
"""The keys of the app's replay page, as far as they are about what plays."""


@lru_cache(_NUM_STYLES)
def _style_of(cell: bytes) -> Style:
    """Return the upper pixel's colour on the lower one's. Cached: Rich keeps a style's escape codes with it."""
    return Style(color=Color.from_rgb(*cell[:3]), bgcolor=Color.from_rgb(*cell[3:]))
