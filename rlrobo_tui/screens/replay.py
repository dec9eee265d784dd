"""A checkpoint that plays: its robot in the terminal, the checkpoints beside it, what each step was made of.

A process of its own plays and draws (rlrobo_tui/robot_feed.py); a thread reads checkpoints and events.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine.launch import find_engine
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.checkpoint_list import Saved, saved_checkpoints
from rlrobo_tui.pages import CannotOpenError
from rlrobo_tui.quantities import count
from rlrobo_tui.replay_controls import (
    MIN_SIZE,
    Controls,
    History,
    frames_per_second,
)
from rlrobo_tui.replay_words import failure, lane_line, loading, state_line, title
from rlrobo_tui.robot_feed import News, Shown, Waiting
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.replay_keys import ReplayKeys
from rlrobo_tui.step_history import StepHistory
from rlrobo_tui.tail import RunTail
from rlrobo_tui.terminal import is_over_ssh
from rlrobo_tui.widgets.checkpoint_rail import CheckpointRail
from rlrobo_tui.widgets.key_bar import KeyBar
from rlrobo_tui.widgets.robot_view import RobotView
from rlrobo_tui.widgets.step_plots import ActionPlot, RewardPlot, StepPlot

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

POLL_S = 1.0
LOW_BANDWIDTH = (
    "Robots are not drawn on a slow line (low bandwidth is on). "
    "V records an MP4, and g opens a window where there is a screen."
)


class ReplayScreen(ReplayKeys):
    """Asks for pictures and shows them."""

    BINDINGS = bindings_of("replay")
    SCOPE = "replay"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (16, "-short"), (32, "-tall")]  # noqa: RUF012

    class Read(Message):
        """Checkpoints and events were read."""

        def __init__(self, saved: list[Saved], view: RunView) -> None:
            super().__init__()
            self.saved, self.view = saved, view

    class Heard(Message):
        """The process that plays had news."""

        def __init__(self, number: int, news: News) -> None:
            super().__init__()
            self.number, self.news = number, news

    def __init__(self, run: RunDir, saved: list[Saved]) -> None:
        """Show a run; `saved` are its checkpoints, of which there is one at least."""
        best = next((item for item in saved if item.is_best), saved[0])
        super().__init__(run, saved, Controls(checkpoint=best.step))
        self.view = RunView(run_id=run.id)
        self._history = History()
        self._steps = StepHistory()
        self._num_taken = 0
        self._waits_for, self._waits_since = "", 0.0
        self._left = threading.Event()

    @classmethod
    def open(cls, app: RlroboApp) -> ReplayScreen:
        """Return the page of the current run, else of the newest. Raises CannotOpenError."""
        run = app.current or next(iter(list_runs(app.runs_dir)), None)
        if run is None:
            raise CannotOpenError("There is no run to replay yet; n starts one.")
        saved = saved_checkpoints(run, {})
        if saved:
            return cls(run, saved)
        if find_engine(run) is not None:
            raise CannotOpenError(f"{run.id} has no checkpoint yet; c on its page (2) saves one now.")
        raise CannotOpenError(f"{run.id} has no checkpoint, and no engine that could save one; n starts a new run.")

    def compose(self) -> ComposeResult:
        """Lay out the page; the style sheet hides what has no room."""
        yield Static(id="replay-title")
        yield Static(id="replay-banner")
        with Horizontal(id="replay-body"):
            yield CheckpointRail(id="rail")
            with Vertical(id="replay-stage"):
                with Horizontal(id="robots"):
                    yield RobotView(id="robot")
                    yield RobotView(id="robot-beside")
                with Horizontal(id="step-plots"):
                    yield RewardPlot(id="reward-plot")
                    yield ActionPlot(id="action-plot")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read and to play."""
        self.query_one("#reward-plot").border_title = "reward terms, each step"
        self.query_one("#action-plot").border_title = "actions, each step"
        self.controls.restore(self.rlrobo.memory.replay, has_color=self.rlrobo.has_colored_pictures)
        self._fps = frames_per_second()
        self.set_interval(1 / self._fps, self._tick)
        self.set_interval(1.0, self.draw_words)
        self.start_feed()
        self._read()
        self.call_after_refresh(self.draw_words)

    def on_unmount(self) -> None:
        """Let the process and the thread end at once."""
        self._left.set()
        self.player.stop()
        self.stop_jobs()

    def on_resize(self) -> None:
        """Ask for pictures of the new size; two need room."""
        if not self.has_room_beside:
            self.controls.beside = None
        self.call_after_refresh(self.draw_words)

    # ---- the process that plays ----

    def start_feed(self) -> None:
        """Start to play, unless nothing is to be drawn here."""
        if self.rlrobo.is_low_bandwidth:
            self.query_one("#robot", RobotView).say(Content(LOW_BANDWIDTH))
            return
        self.failed = ""
        self._waits_for, self._waits_since = "a process to start", time.monotonic()
        try:
            self.player.start()
        except OSError as err:
            self.failed = f"The process that plays could not be started: {err}."
        self.draw_words()

    def hear(self, number: int, news: News) -> None:
        """Hand on what the process's threads tell."""
        if not self._left.is_set():
            self.post_message(self.Heard(number, news))

    def _tick(self) -> None:
        """Ask for the next picture when the last one is there, and only where it would differ."""
        if not self.is_current:
            self.player.pause()
            return
        if not self.player.is_free:
            return
        if not self.controls.is_paused:
            self.controls.orbit(1 / self._fps)
        view = self.query_one("#robot", RobotView)
        if min(view.picture_size) >= MIN_SIZE:
            self.player.ask(self.controls.wish(size=view.picture_size, ground=view.ground))

    def on_replay_screen_heard(self, message: Heard) -> None:
        """Show a picture, or why there is none."""
        if not self.player.is_from_present(message.number):
            return
        news = message.news
        if isinstance(news, Shown):
            self._take(news)
            return
        if isinstance(news, Waiting):
            self._waits_for = news.what
        else:
            self.player.feed, self.failed = None, news.reason
            self.refresh_bindings()
        self.draw_words()

    def _take(self, shown: Shown) -> None:
        """Keep a picture and draw it, unless an older one is looked at."""
        is_first = self.shown is None or bool(self._waits_for)
        self._waits_for = ""
        self._history.add(shown)
        self._steps.take(shown.frame.lanes[0])
        self._num_taken += 1
        if not self._history.num_back:
            self._show(shown)
            if not is_over_ssh() or self._num_taken % 2:
                self._draw_plots(shown)
        if self.player.is_at_an_end(shown.frame):
            self.take_next()
        if is_first:
            self.refresh_bindings()

    # ---- checkpoints and events ----

    @work(thread=True, exclusive=True, group="replay-read", exit_on_error=False)
    def _read(self) -> None:
        with self.rlrobo.tails.borrow(self.run_dir) as tail:
            self._read_tail(tail)

    def _read_tail(self, tail: RunTail) -> None:
        before: object = None
        while not self._left.is_set():
            has_changed = tail.poll()
            saved = saved_checkpoints(self.run_dir, {event.step: event for event in tail.view.evaluations})
            if has_changed or saved != before:
                self.post_message(self.Read(saved, tail.view.snapshot()))
            before = saved
            self._left.wait(POLL_S)

    def on_replay_screen_read(self, message: Read) -> None:
        """Take the checkpoints; a newer one plays after this episode where they are followed."""
        self.view = message.view
        if message.saved:  # a moment without any is one in which they are being replaced
            self.saved = message.saved
        if self.failed or self.shown is None:
            self.take_next()
        self.refresh_bindings()
        self.draw_words()

    # ---- drawing ----

    def _show(self, shown: Shown) -> None:
        """Draw pictures."""
        self.shown = shown
        for view, picture in zip(self._views, shown.pictures, strict=False):
            view.show(picture, shown.frame.width, has_color=self.controls.quality.has_color)
        self._draw_overlays()

    def _draw_plots(self, shown: Shown) -> None:
        """Draw what the steps until a picture were made of."""
        actions = self.query_one(ActionPlot)
        actions.names = shown.frame.action_names
        steps = self._steps.until(shown.frame.lanes[0])
        for plot in self.query(StepPlot):
            if plot.size.height:
                plot.show(steps)

    def draw_words(self) -> None:
        """Bring everything but the pictures up to date."""
        if not self.is_attached:
            return
        waits = "" if self.next_step is None else f"{count(self.next_step)} plays next"
        aside = "  ·  ".join(words for words in (self.job_words, waits) if words)
        self._put("#replay-title", title(self.view, aside, is_ascii=self.rlrobo.is_ascii))
        self.query_one("#replay-banner").display = bool(self.failed)
        self._put("#replay-banner", failure(self.failed))
        self.query_one(CheckpointRail).show(self.saved, plays=self.controls.checkpoint, beside=self.controls.beside)
        self.query_one("#robot-beside").display = self.controls.beside is not None
        view = self.query_one("#robot", RobotView)
        if self.player.feed is not None and self._waits_for and not view.has_picture:
            view.say(loading(self._waits_for, time.monotonic() - self._waits_since))
        self._draw_overlays()

    def _put(self, selector: str, content: Content) -> None:
        """Write into a box, whose height the style sheet knows."""
        box = self.query_one(selector, Static)
        if content != box.content:
            box.update(content, layout=selector == "#replay-banner")

    def _draw_overlays(self) -> None:
        """Say in the pictures how it is played and how it goes; that changes with each of them."""
        if self.shown is None:
            return
        frame = self.shown.frame
        for index, (view, lane) in enumerate(zip(self._views, frame.lanes, strict=False)):
            width = view.size.width
            lines = [] if index else [state_line(self.controls, self._history.num_back, width=width)]
            view.overlay([*lines, lane_line(lane, frame, width=width)])

    @property
    def _views(self) -> list[RobotView]:
        """One for each checkpoint that may play."""
        return [self.query_one(f"#{name}", RobotView) for name in ("robot", "robot-beside")]

    def look(self, places: int) -> bool:
        """Show an older or a newer picture of those that were kept; return whether there is one."""
        found = self._history.move(places)
        if found is not None:
            self._show(found)
            self._draw_plots(found)
        return found is not None

    def look_at_present(self) -> None:
        """Show what plays."""
        self._history.to_present()
        self.player.asked = None
