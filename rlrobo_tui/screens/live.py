"""One run as it trains: pinned state, charts, side panel, events, and the keys that steer its engine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Grid, Horizontal, Vertical

from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.task_facts import read_facts
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.cloud_situations import cloud_situation
from rlrobo_tui.lens import Lens
from rlrobo_tui.link import Link
from rlrobo_tui.notices import notices
from rlrobo_tui.pages import CannotOpenError
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.links import GoTo, Neighbour
from rlrobo_tui.screens.live_charts import PANEL, ChartKeys, is_shown
from rlrobo_tui.screens.live_cloud import CloudKeys
from rlrobo_tui.screens.live_following import RunFollowing
from rlrobo_tui.screens.live_robot import RobotKeys
from rlrobo_tui.screens.log import LogScreen
from rlrobo_tui.situations import Situation, situation
from rlrobo_tui.terminal import is_over_ssh
from rlrobo_tui.widgets.banner import Banner
from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.event_log import EventLog
from rlrobo_tui.widgets.key_bar import KeyBar
from rlrobo_tui.widgets.robot_tile import RobotTile
from rlrobo_tui.widgets.run_rail import RunRail
from rlrobo_tui.widgets.side_panel import SidePanel
from rlrobo_tui.widgets.sparklines import Sparklines
from rlrobo_tui.widgets.status_bar import LENGTH, LEVELS, SPEED, SUCCESS, Moment, StatusBar
from robots.registry import TASKS

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

DRAW_S, DRAW_OVER_SSH_S, DRAW_SELDOM_S = 1.0, 2.0, 5.0
"""Chosen: each picture of all charts takes a fortieth of a second and costs kilobytes on the line, and curves that took
minutes look no different half a second later. What a key changes, and the run's state, is drawn at once."""
NUM_SMALL = 6
LEARNING = ("train/explained_variance", "train/critic_loss")
"""Metrics of the second small chart: the on-policy choice, else the off-policy one."""
MORE = (
    SPEED, "train/value_loss", "train/actor_loss", "train/approx_kl", "train/ent_coef", "train/std",
    "train/entropy_loss", "train/learning_rate", "sampling/efficiency", LENGTH,
)  # fmt: skip
"""Metrics of the other small charts, as far as the run has them."""


class LiveScreen(RunFollowing, ChartKeys, RobotKeys, CloudKeys):
    """Draws a RunView; steers by writing commands."""

    BINDINGS = bindings_of("live")
    SCOPE = "live"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (160, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (16, "-low"), (20, "-short"), (32, "-tall"), (50, "-xtall")]  # noqa: RUF012

    def __init__(self, run: RunDir, *, is_ascii: bool) -> None:
        super().__init__(run)
        self.lens = Lens()
        self.num_corrupt = 0
        self.link = Link()
        self._output_cause = ""
        self._is_ascii = is_ascii
        self._facts = read_facts(run.facts)
        self._is_loaded = self._is_stale = False

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
    def metrics(self) -> list[str]:
        """Those that the run has."""
        return sorted(self.view.series)

    @property
    def command(self) -> str:
        """What shows the same in a shell; for a run that diverged, what goes on with it more gently."""
        said = self._situation()
        return said.command if said and said.command else f"rlrobo watch {self.run_dir.id}"

    def compose(self) -> ComposeResult:
        """Lay out the screen; the style sheet hides what has no room."""
        yield StatusBar(id="status")
        yield Banner(id="banner")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield RunRail(id="run-rail", is_ascii=self._is_ascii)
                yield RobotTile(self.run_dir, id="robot-tile", classes=PANEL)
            with Vertical(id="charts"):
                yield Chart(id="main-chart", is_ascii=self._is_ascii, classes=PANEL)
                with Grid(id="small-charts"):
                    for number in range(1, NUM_SMALL + 1):
                        yield Chart(id=f"small-{number}", is_ascii=self._is_ascii, classes=f"{PANEL} small")
            yield Sparklines(id="sparklines")
            yield SidePanel(id="side", classes=PANEL)
        yield EventLog(id="events", is_ascii=self._is_ascii, classes=PANEL)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to follow the run."""
        self.query_one(Banner).display = False
        self.set_class(self.rlrobo.is_low_bandwidth, "-sparse")
        self.restore()
        self.set_interval(1.0, self._draw_status)
        seldom = DRAW_SELDOM_S if self.rlrobo.is_low_bandwidth else DRAW_OVER_SSH_S if is_over_ssh() else DRAW_S
        self.set_interval(seldom, self._draw_news)
        self._draw_status()
        self.follow()
        self.watch_cloud(self.left)

    def on_unmount(self) -> None:
        """Let the thread and the child end at once."""
        self.left.set()
        self.stop_report()

    def on_resize(self) -> None:
        """Draw for the new size when the widgets have theirs."""
        self.arrange_left()
        self.call_after_refresh(self.draw)

    def on_run_following_changed(self, message: RunFollowing.Changed) -> None:
        """Take a new snapshot; draw at once what changes the run's state, the rest when it is time."""
        before, self.view = self.view, message.view
        known = self._facts or TASKS.get(self.view.task)
        self.view.solved_return = known.solved_return if known else None
        is_urgent = before.status is not self.view.status or self.link.trouble != message.link.trouble
        self.num_corrupt, self.link = message.num_corrupt, message.link
        self._output_cause = message.output_cause
        if before.status is not self.view.status or len(before.log) != len(self.view.log):
            self.pending = ""
        if self._is_loaded:
            self._notify_of(before)
        if is_urgent or not self._is_loaded:
            self.refresh_bindings()
            self.draw()
        self._is_loaded, self._is_stale = message.is_new, True

    def _notify_of(self, before: RunView) -> None:
        for text, severity in notices(before, self.view):
            self.notify(text, severity=severity, markup=False)
        if self.view.status.is_over and not before.status.is_over:
            self.rlrobo.ring(self.run_id, f"{self.run_id} {self.view.status.value}.")

    def draw(self) -> None:
        """Bring every part up to date."""
        if not self.is_attached:
            return
        self._is_stale = False
        self._draw_status()
        self.draw_charts()
        sparklines = self.query_one(Sparklines)
        if is_shown(sparklines):
            sparklines.show(self.view, is_ascii=self._is_ascii)
        self.query_one(SidePanel).show(self.view)
        self.query_one(EventLog).show(self.view, num_corrupt=self.num_corrupt)
        self.draw_robot()

    def draw_charts(self) -> None:
        """Bring the charts up to date."""
        for chart, metric in zip(self.query(Chart), self._metrics(), strict=True):
            chart.metric = metric
            chart.target = self.view.solved_return
            chart.is_log = metric in self.rlrobo.memory.live.log
            if is_shown(chart) or not chart.size:  # one without a size draws when it gets one
                chart.show(self.view, self.lens)

    def _draw_news(self) -> None:
        if self._is_stale:
            self.draw()

    def _draw_status(self) -> None:
        if not self.early_death:
            self.early_death = self.rlrobo.early_death(self.run_dir, updated_at=self.view.updated_at)
            if self.early_death:
                self.refresh_bindings()
        self.query_one(Banner).show(self._situation(), self.rlrobo.possible_on(self))
        variant = self._facts.variant if self._facts else ""
        moment = Moment(
            time.time(),
            is_ascii=self._is_ascii,
            variant=variant,
            pending=self.pending,
            link=self.link,
            cloud=self.cloud,
        )
        self.query_one(StatusBar).show(self.view, moment)
        rail = self.query_one(RunRail)
        if is_shown(rail):
            rail.show(self.rlrobo.summaries, current=self.run_dir.id)

    def draw_cloud(self) -> None:
        """Show what the cloud tells."""
        if self.is_attached:
            self._draw_status()
            self.refresh_bindings()

    def _situation(self) -> Situation | None:
        if self.cloud is not None and not self.link.trouble:
            said = cloud_situation(self.cloud, time.time(), is_over=self.view.status.is_over)
            if said is not None:
                return said
        return situation(self.view, link=self.link, early_death=self.early_death, output_cause=self._output_cause)

    def _metrics(self) -> list[str]:
        """Return what each chart shows: the user's choice, else success or a curriculum's level, learning, more."""
        seen = self.view.series
        level = next((name for name in seen if name.startswith(LEVELS)), LENGTH)
        learning = next((name for name in LEARNING if name in seen), LEARNING[-1])
        wanted = [SUCCESS if SUCCESS in seen else level, learning, *(name for name in MORE if name in seen)]
        chosen = self.chosen_metrics()
        spare = iter([name for name in dict.fromkeys(wanted) if name not in chosen] + [*MORE])
        return [metric or next(spare) for metric in chosen]

    def action_log(self) -> None:
        """Show all events and the engine's output."""
        self.app.push_screen(LogScreen(self.run_dir, lambda: (self.view, self.num_corrupt)))

    def action_replay(self) -> None:
        """Show what the robot has learned."""
        self.post_message(GoTo("replay"))

    def action_newer_run(self) -> None:
        """Watch the run above this one in the list."""
        self.post_message(Neighbour(self.run_dir, -1))

    def action_older_run(self) -> None:
        """Watch the run below this one in the list."""
        self.post_message(Neighbour(self.run_dir, 1))

    def action_back(self) -> None:
        """Hide the cursor, else give up the whole screen, else go back to the list."""
        if self.lens.cursor is not None:
            self.action_inspect()
        elif self.is_full:
            self.action_full()
        else:
            self.post_message(GoTo("runs"))
