"""One run as it trains: pinned state, chart, side panel, events, and the keys that steer its engine.

A thread follows the run's files and hands over snapshots; nothing here reads a file or waits.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Footer
from textual.worker import Worker, WorkerState

from engine.protocol.commands import Command, Pause, Resume, SaveCheckpoint, Stop, send_command
from engine.protocol.errors import StorageError
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import Status
from engine.protocol.task_facts import read_facts
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.curves import SMOOTHINGS
from rlrobo_tui.notices import notices
from rlrobo_tui.pages import CannotOpenError
from rlrobo_tui.quantities import count
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.dialogs import Confirm, PickMetric
from rlrobo_tui.screens.links import GoOn, GoTo, Neighbour
from rlrobo_tui.screens.log import LogScreen
from rlrobo_tui.screens.page import Page
from rlrobo_tui.tail import RunTail
from rlrobo_tui.terminal import is_over_ssh
from rlrobo_tui.widgets.banner import Banner
from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.event_log import EventLog
from rlrobo_tui.widgets.side_panel import SidePanel
from rlrobo_tui.widgets.status_bar import LENGTH, LEVELS, SUCCESS, StatusBar, key_numbers
from robots.registry import TASKS

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

POLL_S = 0.25
POLL_OVER_SSH_S = 1.0
"""Each picture of a chart costs kilobytes on the line."""
LEARNING = ("train/explained_variance", "train/critic_loss")
"""Metrics of the second small chart: the on-policy choice, else the off-policy one."""


class LiveScreen(Page[None]):
    """Draws a RunView; steers by writing commands."""

    BINDINGS = bindings_of("live")
    SCOPE = "live"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (16, "-short"), (32, "-tall"), (50, "-xtall")]  # noqa: RUF012

    class Changed(Message):
        """The run's view changed."""

        def __init__(self, view: RunView, num_corrupt: int) -> None:
            super().__init__()
            self.view = view
            self.num_corrupt = num_corrupt

    def __init__(self, run: RunDir, *, is_ascii: bool) -> None:
        super().__init__()
        self.run_dir = run
        self.view = RunView(run_id=run.id)
        self.num_corrupt = 0
        self.early_death = ""
        """The sentence for an engine that died before it wrote an event; the app knows, which started it."""
        self._is_ascii = is_ascii
        self._facts = read_facts(run.facts)
        self._pending = ""
        self._is_loaded = False
        self._left = threading.Event()

    @classmethod
    def open(cls, app: RlroboApp) -> LiveScreen:
        """Return the page of the current run, else of the newest. Raises CannotOpenError."""
        run = app.current or next(iter(list_runs(app.runs_dir)), None)
        if run is None:
            raise CannotOpenError("There is no run yet; n starts one.")
        return cls(run, is_ascii=app.is_ascii)

    @property
    def run_id(self) -> str:
        """The run in sight."""
        return self.run_dir.id

    @property
    def command(self) -> str:
        """What shows the same in a shell."""
        return f"rlrobo watch {self.run_dir.id}"

    @property
    def has_engine(self) -> bool:
        """Whether there is an engine that may answer."""
        return not (self.view.status.is_over or self.early_death)

    @property
    def is_paused(self) -> bool:
        """Whether training is held."""
        return self.has_engine and self.view.status is Status.PAUSED

    @property
    def may_pause(self) -> bool:
        """Whether there is training to be held."""
        return self.has_engine and self.view.status is not Status.PAUSED

    @property
    def may_go_on(self) -> bool:
        """Whether a new engine could go on."""
        return self.view.may_go_on

    def compose(self) -> ComposeResult:
        """Lay out the screen; the style sheet hides what has no room."""
        yield StatusBar(id="status")
        yield Banner(id="banner")
        with Horizontal(id="body"):
            with Vertical(id="charts"):
                yield Chart(id="main-chart", is_ascii=self._is_ascii)
                with Horizontal(id="small-charts"):
                    yield Chart(id="small-1", is_ascii=self._is_ascii)
                    yield Chart(id="small-2", is_ascii=self._is_ascii)
            yield SidePanel(id="side")
        yield EventLog(id="events")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self.query_one("#banner").display = False
        self.set_interval(1.0, self._draw_status)
        self._draw_status()
        self._follow()

    def on_unmount(self) -> None:
        """Let the thread end at once."""
        self._left.set()

    def on_resize(self) -> None:
        """Draw for the new size when the widgets have theirs."""
        self.call_after_refresh(self.draw)

    @work(thread=True, exclusive=True, group="follow", exit_on_error=False)
    def _follow(self) -> None:
        tail = RunTail(self.run_dir)
        pause_s = POLL_OVER_SSH_S if is_over_ssh() else POLL_S
        is_first = True
        while not self._left.is_set():
            if tail.poll() or is_first:
                self.post_message(self.Changed(tail.view.snapshot(), tail.num_corrupt))
                is_first = False
            self._left.wait(pause_s)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say when the run cannot be followed any more; the app stays."""
        if event.state is WorkerState.ERROR:
            self.notify(f"{self.run_dir.events}: {event.worker.error}. Open the run again.", severity="error")

    def on_live_screen_changed(self, message: Changed) -> None:
        """Take a new snapshot."""
        before, self.view = self.view, message.view
        self.num_corrupt = message.num_corrupt
        if before.status is not self.view.status or len(before.log) != len(self.view.log):
            self._pending = ""
        if self._is_loaded:
            for text, severity in notices(before, self.view):
                self.notify(text, severity=severity)
        self._is_loaded = True
        if before.status is not self.view.status:
            self.refresh_bindings()
        self.draw()

    def draw(self) -> None:
        """Bring every part up to date."""
        if not self.is_attached:
            return
        self._draw_status()
        self.query_one(Banner).show(self.view, early_death=self.early_death)
        known = self._facts or TASKS.get(self.view.task)
        for chart, metric in zip(self.query(Chart), (None, *self._small_metrics()), strict=True):
            chart.metric = metric or chart.metric
            chart.target = known.solved_return if known else None
            if chart.is_on_screen:
                chart.show(self.view)
        self.query_one(SidePanel).show(self.view)
        self.query_one(EventLog).show(self.view, num_corrupt=self.num_corrupt)

    def _draw_status(self) -> None:
        if not self.early_death:
            self.early_death = self.rlrobo.early_death(self.run_dir, updated_at=self.view.updated_at)
            if self.early_death:
                self.query_one(Banner).show(self.view, early_death=self.early_death)
                self.refresh_bindings()
        variant = self._facts.variant if self._facts else ""
        self.query_one(StatusBar).show(self.view, is_ascii=self._is_ascii, variant=variant, pending=self._pending)

    def _small_metrics(self) -> list[str]:
        """Return what the small charts show: success where there is any, a curriculum's level before a length."""
        seen = self.view.series
        levels = (name for name in seen if name.startswith(LEVELS))
        progress = SUCCESS if SUCCESS in seen else next(levels, LENGTH)
        return [progress, next((name for name in LEARNING if name in seen), LEARNING[-1])]

    def action_pause(self) -> None:
        """Hold training."""
        self._send(Pause(), "pausing")

    def action_resume(self) -> None:
        """Go on."""
        self._send(Resume(), "resuming")

    def action_checkpoint(self) -> None:
        """Save a checkpoint."""
        self._send(SaveCheckpoint(), "saving a checkpoint")

    def action_stop(self) -> None:
        """Ask, then stop."""

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                self._send(Stop(), "stopping")

        consequence = "It saves a checkpoint and ends. A stopped run does not go on by itself."
        self.app.push_screen(Confirm(f"Stop {self.run_dir.id}?", consequence=consequence, verb="Stop"), answer)

    def action_go_on(self) -> None:
        """Ask, then let a new engine go on with the run."""

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                self.early_death, self._pending = "", "resuming"
                self.draw()
                self.post_message(GoOn(self.run_dir, seen_until=self.view.updated_at))

        saved = self.view.checkpoints
        begin = (
            f"from its checkpoint at {count(saved[-1].step)}" if saved else "at the beginning: it saved no checkpoint"
        )
        consequence = f"A new engine goes on {begin}."
        self.app.push_screen(Confirm(f"Resume {self.run_dir.id}?", consequence=consequence, verb="Resume"), answer)

    def action_next_metric(self) -> None:
        """Chart the next key metric that the run has."""
        names = [name for name, _ in key_numbers(self.view)]
        if names:
            current = self.query_one("#main-chart", Chart).metric
            self._chart(names[(names.index(current) + 1) % len(names)] if current in names else names[0])

    def action_pick_metric(self) -> None:
        """Choose the charted metric from all."""
        if self.view.series:
            current = self.query_one("#main-chart", Chart).metric
            self.app.push_screen(PickMetric(sorted(self.view.series), current=current), self._chart)

    def action_smooth(self) -> None:
        """Use the next moving average."""
        for chart in self.query(Chart):
            chart.weight = SMOOTHINGS[(SMOOTHINGS.index(chart.weight) + 1) % len(SMOOTHINGS)]
        self.draw()

    def action_log(self) -> None:
        """Show all events and the engine's output."""
        self.app.push_screen(LogScreen(self.run_dir, self.view, num_corrupt=self.num_corrupt))

    def action_newer_run(self) -> None:
        """Watch the run above this one in the list."""
        self.post_message(Neighbour(self.run_dir, -1))

    def action_older_run(self) -> None:
        """Watch the run below this one in the list."""
        self.post_message(Neighbour(self.run_dir, 1))

    def action_back(self) -> None:
        """Go back to the list."""
        self.post_message(GoTo("runs"))

    def _chart(self, metric: str | None) -> None:
        if metric is not None:
            self.query_one("#main-chart", Chart).metric = metric
            self.draw()

    def _send(self, command: Command, pending: str) -> None:
        try:
            send_command(self.run_dir.commands, command)
        except StorageError as err:
            self.notify(str(err), severity="error", markup=False)
            return
        self._pending = pending
        self._draw_status()
