"""Home: every run in the folder, brought up to date every second, and a way in for those who have none."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from engine.protocol.run_dir import RunDir
from engine.protocol.summary import RunSummary
from rlrobo_tui.actions.registry import actions_of, bindings_of
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_filter import EXAMPLE
from rlrobo_tui.run_list import Listing, RunLister, detail, sentence_of_age
from rlrobo_tui.run_order import Grouping, Order, grouped, ordered
from rlrobo_tui.screens.links import GoTo, OpenRun, TrainDemo
from rlrobo_tui.screens.run_arranging import RunArranging
from rlrobo_tui.screens.run_control import RunControl
from rlrobo_tui.screens.run_filtering import RunFiltering
from rlrobo_tui.screens.run_tagging import RunTagging
from rlrobo_tui.tips import tip_of
from rlrobo_tui.widgets.detail import Detail
from rlrobo_tui.widgets.key_bar import KeyBar
from rlrobo_tui.widgets.run_preview import RunPreview
from rlrobo_tui.widgets.runs_table import RunsTable

REFRESH_S = 1.0
REFRESH_BEHIND_S = 5.0
"""While another page lies over the list: only to tell which runs ended."""
EMPTY = """[bold]No runs yet.[/]

[$primary bold]enter[/]  train a 60-second demo
[$primary bold]n[/]      new run: choose a robot, an algorithm, settings
[$primary bold]?[/]      all keys

[$muted]Runs are kept in {folder}.[/]"""


class RunsScreen(RunControl, RunArranging, RunFiltering, RunTagging):
    """A table of runs, the newest first."""

    BINDINGS = bindings_of("runs")
    SCOPE = "runs"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (170, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    class Listed(Message):
        """The folder was read."""

        def __init__(self, listing: Listing) -> None:
            super().__init__()
            self.listing = listing

    def __init__(self, runs_dir: Path, *, is_ascii: bool) -> None:
        super().__init__()
        self._runs_dir, self.is_ascii = runs_dir, is_ascii
        self._lister = RunLister(runs_dir)
        self._listing: Listing | None = None
        self._shown: list[RunSummary] = []
        self._is_reading = self._must_read = False
        """Whether a thread reads the folder, and whether it is to be read anew after that."""
        self._possible: list[bool | None] = []
        """Whether each action was possible when the footer was made."""

    # ---- what actions and other pages ask for ----

    @property
    def run_id(self) -> str:
        """The selected run."""
        selected = self.selected
        return selected.id if selected else ""

    @property
    def command(self) -> str:
        """What lists the same."""
        words = ["rlrobo", "runs"]
        memory = self.rlrobo.memory.runs
        if memory.filter:
            words += ["--filter", memory.filter]
        if self.order != Order():
            words.append(f"--sort={memory.sort}")
        return shlex.join(words)

    @property
    def selected(self) -> RunSummary | None:
        """The run under the cursor."""
        return self.query_one(RunsTable).selected if self.is_mounted else None

    @property
    def targets(self) -> Sequence[RunSummary]:
        """The marked runs, also those that the filter hides; without marks the selected one."""
        marked = [run for run in self._summaries if run.id in self.rlrobo.memory.marks]
        return marked or ([self.selected] if self.selected else [])

    @property
    def has_selection(self) -> bool:
        """Whether the cursor is on a run."""
        return self.selected is not None

    @property
    def has_runs(self) -> bool:
        """Whether there is a run, whatever the filter."""
        return bool(self._summaries)

    @property
    def shown(self) -> Sequence[RunSummary]:
        """The runs that the filter lets through."""
        return self._shown

    # ---- drawing ----

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="title")
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield RunsTable(id="runs", is_ascii=self.is_ascii)
                yield Static(EMPTY.format(folder=str(self._runs_dir).replace("[", "\\[")), id="empty")
                yield Detail(id="detail")
            yield RunPreview(id="preview", is_ascii=self.is_ascii)
        yield Static(id="tip", markup=False)
        yield Input(placeholder=EXAMPLE, id="words", compact=True)
        yield Static(id="wrong", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read the folder."""
        words = self.query_one("#words", Input)
        words.value = self.rlrobo.memory.runs.filter
        words.display = bool(words.value)
        self.query_one("#wrong").display = False
        self.query_one("#title", Static).update(Content.assemble(("rlrobo", "bold"), "  reads the runs …"))
        self.query_one("#tip", Static).update(f"tip: {tip_of(time.localtime().tm_yday)}")
        self.query_one(RunsTable).focus()
        self.set_interval(REFRESH_S, self._reread_if_in_sight)
        self.set_interval(REFRESH_BEHIND_S, self._reread_if_behind)
        self.reread()

    def on_screen_resume(self) -> None:
        """Show the present as soon as the screen is in sight again, and stand on the run that was looked at."""
        self.set_class(not self.rlrobo.preferences.tips, "-no-tips")
        if self._listing is not None and self.rlrobo.current is not None:
            self.query_one(RunsTable).select(self.rlrobo.current.id)
        self.reread()

    def on_resize(self) -> None:
        """Read the preview where there is room for it now."""
        self.call_after_refresh(self.draw)

    def on_runs_screen_listed(self, message: Listed) -> None:
        """Take what the thread has read."""
        is_first = self._listing is None
        self._listing, self._is_reading = message.listing, False
        if self._must_read:
            self._begin_to_read()
        if self.rlrobo.page is self or is_first:
            self.draw()
        if is_first:
            current = self.rlrobo.current
            self.query_one(RunsTable).select(current.id if current else self.rlrobo.memory.run)
            self._draw_detail()

    def on_runs_table_moved(self) -> None:
        """Describe the run under the cursor; other pages are about it from now on."""
        selected = self.selected
        if selected is not None:
            self.rlrobo.current = RunDir(Path(selected.dir))
        self._draw_detail()

    def on_runs_table_chosen(self) -> None:
        """Open the run that was double-clicked."""
        self.action_open()

    def on_runs_table_sort_asked(self, message: RunsTable.SortAsked) -> None:
        """Sort by the column that was clicked; again, the other way round."""
        is_again = message.column == self.order.column
        self.sort(Order(message.column, is_again and not self.order.is_reversed))

    # ---- actions ----

    def action_open(self) -> None:
        """Open the selected run; where there are none at all, train the demo."""
        selected = self.selected
        if selected is not None:
            self.post_message(OpenRun(RunDir(Path(selected.dir))))
        elif self._listing is not None and not self._summaries and not self.rlrobo.is_read_only:
            self.post_message(TrainDemo())

    def action_replay(self) -> None:
        """Show what the selected run has learned."""
        self.post_message(GoTo("replay"))

    def action_down(self) -> None:
        """Move to the next run."""
        self.query_one(RunsTable).action_move(1)

    def action_up(self) -> None:
        """Move to the previous run."""
        self.query_one(RunsTable).action_move(-1)

    # ---- the rest ----

    def reread(self) -> None:
        """Read the folder again, in a thread; whoever looks at another page is spared its redrawing."""
        if self.rlrobo.page is self:
            self._begin_to_read()

    @property
    def _summaries(self) -> Sequence[RunSummary]:
        return self._listing.summaries if self._listing else ()

    def _reread_if_in_sight(self) -> None:
        if self.is_current and not self._is_reading:  # a page on top must not pay for a list that nobody sees
            self.reread()

    def _reread_if_behind(self) -> None:
        if self.rlrobo.page is not self and not self._is_reading:
            self._begin_to_read()

    def _begin_to_read(self) -> None:
        """Read the folder, once at a time: two threads would make each other wait, and many runs take a while."""
        self._must_read = self._is_reading
        if not self._is_reading:
            self._is_reading = True
            self._read()

    @work(thread=True, group="list")
    def _read(self) -> None:
        worker = get_current_worker()
        listing = self._lister.read()
        if not worker.is_cancelled:
            self.post_message(self.Listed(listing))

    def draw(self) -> None:
        """Bring every part up to date."""
        if self._listing is None or not self.is_attached:
            return
        memory = self.rlrobo.memory
        self.take_query(memory.runs.filter)
        order, now = self.order, time.time()
        self._shown = ordered((run for run in self._summaries if self.wanted.matches(run, now)), order)
        is_empty = not self._summaries
        self.set_class(is_empty, "-empty")
        self._draw_title(order)
        table = self.query_one(RunsTable)
        table.mark(frozenset(memory.marks))
        table.show(grouped(self._shown, self.grouping), self._listing.histories, sort=order.column)
        self._draw_detail()

    def _draw_title(self, order: Order) -> None:
        memory = self.rlrobo.memory
        active = sum(not run.status.is_over for run in self._summaries)
        facts = [count_of(len(self._summaries), "run"), f"{active} active"] if self._summaries else ["train robots"]
        if memory.runs.filter:
            facts.append(f"{len(self._shown)} match")
        num_marked = sum(run.id in memory.marks for run in self._summaries)
        if num_marked:
            facts.append(f"{num_marked} marked")
        if self.order != Order():
            facts.append(f"by {order.column} {'▼' if order.is_descending else '▲'}")
        if self._listing is not None and (unreadable := self._listing.unreadable):
            facts.append(f"{len(unreadable)} cannot be read: {next(iter(unreadable.values()))}")
        if self.grouping is not Grouping.NONE:
            facts.append(f"grouped by {memory.runs.group}")
        title = Content.assemble(("rlrobo", "bold"), ("  ", ""), (" · ".join(facts), ""))
        self.query_one("#title", Static).update(title)

    def _draw_detail(self) -> None:
        selected = self.selected
        text = ""
        if selected is not None:
            tags = f" · {' '.join(selected.tags)}" if selected.tags else ""
            text = f"{sentence_of_age(selected)} · seed {selected.seed}{tags}\n{detail(selected)}"
        elif self._summaries:
            text = "No run has all of this; esc shows all runs again."
        self.query_one(Detail).say(text)
        possible = [self.check_action(action.id, ()) for action in actions_of(self.SCOPE)]
        if possible != self._possible:  # the footer is made anew, which takes longer than all the rest
            self._possible = possible
            self.refresh_bindings()
        if selected is not None and not self.has_class("-narrow"):
            self.query_one(RunPreview).follow(selected, self._summaries)
