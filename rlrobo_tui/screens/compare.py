"""Runs side by side: their curves in one chart, what they reached, and how their configurations differ.

A thread reads the runs and computes the curves; keys that change what is compared wake it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError
from engine.protocol.run_dir import RunDir
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.comparison import (
    MAX_LINES,
    Compared,
    Curve,
    Question,
    Row,
    common_place,
    curves,
    metrics_of,
    names_of,
    spanning,
    table,
    without_price,
)
from rlrobo_tui.comparison_plot import LETTERS, Inks, make_plot, readout, signs_of
from rlrobo_tui.comparison_words import left_out, place_text
from rlrobo_tui.config_diff import SEED, differing, same_but_seed
from rlrobo_tui.costs import CostTail
from rlrobo_tui.lens import X_OPTIONS, Lens, XAxis
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.compare_choice import choose_runs
from rlrobo_tui.screens.compare_keys import CompareKeys
from rlrobo_tui.tail import RunTail
from rlrobo_tui.terminal import is_over_ssh
from rlrobo_tui.widgets.compare_table import CompareTable, TableState
from rlrobo_tui.widgets.config_table import config_content
from rlrobo_tui.widgets.key_bar import KeyBar
from rlrobo_tui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

POLL_S = 0.5
SLOW_POLL_S = 5.0
"""Where each frame is expensive."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the thread found out."""

    curves: list[Curve]
    rows: list[Row]
    place: float | None
    span: RunView
    metrics: list[str]
    free: list[str]
    """Ids of the runs without a price."""
    num_active: int


class CompareScreen(CompareKeys):
    """Draws a comparison."""

    BINDINGS = bindings_of("compare")
    SCOPE = "compare"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012

    class Computed(Message):
        """There is something new to draw."""

        def __init__(self, result: Result) -> None:
            super().__init__()
            self.result = result

    def __init__(self, runs: Sequence[RunDir], *, is_ascii: bool) -> None:
        super().__init__()
        self._runs, self._is_ascii = list(runs), is_ascii
        self.runs_dir = runs[0].path.parent
        self._names = names_of([run.id for run in runs])
        self._configs = [_config_of(run) for run in runs]
        self._costs = [CostTail(run) for run in runs]
        for tail in self._costs:
            tail.poll()
        self.lens, self.span = Lens(), RunView()
        self.known_metrics: list[str] = []
        self.curves: list[Curve] = []
        self.cursor = 0
        self.hidden: set[tuple[str, ...]] = set()
        self._result: Result | None = None
        self._left, self._wake = threading.Event(), threading.Event()

    @classmethod
    def open(cls, app: RlroboApp) -> CompareScreen:
        """Return the page of the marked runs, else of the current one and its newest like. Raises CannotOpenError."""
        return cls(choose_runs(app), is_ascii=app.is_ascii)

    @property
    def run_id(self) -> str:
        """The selected run; of a mean over seeds the first one."""
        return self.curves[self.cursor].ids[0] if self.curves else self._runs[0].id

    @property
    def command(self) -> str:
        """What prints the same in a shell."""
        words = ["rlrobo compare", *(run.id for run in self._runs), f"--metric {self.memory.metric}"]
        axis = next(option for option, axis in X_OPTIONS.items() if axis is self.lens.x_axis)
        words += [] if self.lens.x_axis is XAxis.STEPS else [f"--x {axis}"]
        return " ".join([*words, *(["--aggregate"] if self.memory.is_aggregated else [])])

    @property
    def metrics(self) -> list[str]:
        """Those that the help page explains."""
        return self.known_metrics

    @property
    def has_groups(self) -> bool:
        """Whether two runs differ in the seed alone."""
        kinds = [same_but_seed(config) for config in self._configs if config is not None]
        return len(set(kinds)) < len(kinds)

    @property
    def has_costs(self) -> bool:
        """Whether a run was trained at a price."""
        return any(tail.costs is not None for tail in self._costs)

    @property
    def columns(self) -> int:
        """Width of the area of lines."""
        return self.query_one(Overlay).area.width

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="title")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Overlay(id="overlay", is_ascii=self._is_ascii)
                yield CompareTable(id="table")
            with VerticalScroll(id="diff"):
                yield Static(id="changes")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read the runs."""
        memory = self.memory
        self.lens.weight = memory.smoothing
        self.lens.x_axis = next((axis for axis in self.axes if axis.value == memory.x_axis), XAxis.STEPS)
        self.query_one("#diff").border_title = "configuration"
        self._draw_title()
        self._follow()

    def on_unmount(self) -> None:
        """Let the thread end at once."""
        self._left.set()
        self._wake.set()

    def on_resize(self) -> None:
        """Draw for the new size when the widgets have theirs."""
        self.call_after_refresh(self.draw)

    def ask(self) -> None:
        """Wake the thread: what is compared changed."""
        self._draw_title()
        self._wake.set()

    def on_compare_screen_computed(self, message: Computed) -> None:
        """Take what the thread has computed."""
        result = self._result = message.result
        self.curves, self.span, self.known_metrics = result.curves, result.span, result.metrics
        self.cursor = min(self.cursor, len(self.curves) - 1)
        self.draw()

    def draw(self) -> None:
        """Bring every part up to date."""
        result = self._result
        if not self.is_attached or result is None:
            return
        self._draw_title()
        hidden = {index for index, curve in enumerate(self.curves) if curve.ids in self.hidden}
        shown = [index for index in range(len(self.curves)) if index not in hidden and index != self.cursor]
        shown += [self.cursor] if self.cursor not in hidden else []  # the selected line lies on top
        self._draw_chart(shown)
        compare_table = self.query_one(CompareTable)
        compare_table.display = self.memory.has_table
        place = place_text(result.place, self.lens.x_axis)
        compare_table.show(
            TableState(
                curves=self.curves, rows=result.rows, place=place, cursor=self.cursor, hidden=hidden,
                is_ascii=self._is_ascii,
            )
        )  # fmt: skip
        self._draw_diff()

    def _draw_chart(self, shown: list[int]) -> None:
        overlay = self.query_one(Overlay)
        series = [overlay.ink(f"series-{number}") for number in range(1, MAX_LINES + 1)]
        inks = Inks(
            series=series, axis=overlay.ink("muted"), has_band=self.memory.has_band, is_ascii=self._is_ascii
        )  # fmt: skip
        overlay.show(make_plot(self.curves, inks, lens=self.lens, span=self.span, shown=shown))
        overlay.border_title = self.memory.metric
        note = readout(self.curves, lens=self.lens, shown=shown)
        if self.lens.x_axis is XAxis.COST and self._result is not None:
            note = note or left_out(signs_of(self.curves, self._result.free))
        overlay.border_subtitle = note if overlay.has_room else "nothing to draw here; a: another metric, 0: all of it"

    def _draw_diff(self) -> None:
        panel = self.query_one("#diff")
        panel.display = self.memory.has_diff
        by_id = {run.id: config for run, config in zip(self._runs, self._configs, strict=True)}
        known = {LETTERS[index]: by_id[curve.ids[0]] for index, curve in enumerate(self.curves)}
        configs = {letter: config for letter, config in known.items() if config is not None}
        changes = differing(list(configs.values()))
        if any(len(curve.ids) > 1 for curve in self.curves):
            changes.pop(SEED, None)  # the runs of a mean have several
        width = max(20, panel.content_size.width)
        self.query_one("#changes", Static).update(config_content(changes, list(configs), width))

    def _draw_title(self) -> None:
        facts = [count_of(len(self._runs), "run")]
        if len({config.task_name for config in self._configs if config is not None}) > 1:
            facts.append("of different tasks: their returns do not compare")
        if self._result is not None and self._result.num_active:
            facts.append(f"{self._result.num_active} active")
        if self.memory.is_aggregated and self.has_groups:
            facts.append("means over seeds" + (" ± 95 % (t)" if self.memory.has_band else ""))
        facts.append(f"over {self.lens.x_axis.value}")
        facts.append(f"EMA {self.lens.weight:g}" if self.lens.weight else "not smoothed")
        title = Content.assemble(("compare", "bold"), ("  ", ""), (" · ".join(facts), ""))
        self.query_one("#title", Static).update(title)

    @work(thread=True, exclusive=True, group="compare")
    def _follow(self) -> None:
        with ExitStack() as lent:
            self._follow_tails([lent.enter_context(self.rlrobo.tails.borrow(run)) for run in self._runs])

    def _follow_tails(self, tails: Sequence[RunTail]) -> None:
        is_slow = is_over_ssh() or self.rlrobo.is_low_bandwidth
        asked: Question | None = None
        while not self._left.is_set():
            self._wake.clear()
            has_news = [tail.poll() for tail in (*tails, *self._costs) if not self._left.is_set()]
            question = self._question()
            if any(has_news) or question != asked:
                asked = question
                self.post_message(self.Computed(self._compute(tails, question)))
            self._wake.wait(SLOW_POLL_S if is_slow else POLL_S)

    def _question(self) -> Question:
        memory = self.memory
        return Question(
            metric=memory.metric,
            axis=self.lens.x_axis,
            weight=self.lens.weight,
            is_aggregated=memory.is_aggregated,
        )

    def _compute(self, tails: Sequence[RunTail], question: Question) -> Result:
        runs = [
            Compared(id=tail.run.id, name=name, view=tail.view.snapshot(), config=config, costs=ledger.costs)
            for tail, name, config, ledger in zip(tails, self._names, self._configs, self._costs, strict=True)
        ]
        lines = curves(runs, question)
        return Result(
            curves=lines,
            rows=table(lines),
            place=common_place(lines),
            span=spanning(runs, question.axis),
            metrics=metrics_of(runs),
            free=[run.id for run in without_price(runs)],
            num_active=sum(not run.view.status.is_over for run in runs),
        )


def _config_of(run: RunDir) -> RunConfig | None:
    try:
        return run.read_config()
    except (RlroboError, OSError):
        return None
