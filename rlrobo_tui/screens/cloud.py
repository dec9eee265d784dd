"""The cloud page: what runs on rented machines, what it costs, and how each attempt went.

Reads the copies on this machine. Only what the whole account holds is asked of AWS, by a child process.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from cloud.attach import ensure_link
from engine.protocol.commands import Stop
from engine.protocol.errors import RlroboError, StorageError
from rlrobo_tui.account import account_lines
from rlrobo_tui.actions.registry import actions_of, bindings_of
from rlrobo_tui.cloud_runs import CloudLister, CloudRun
from rlrobo_tui.cloud_words import attempt_lines, pinned_line, storage_line, terms_line, time_bar, totals
from rlrobo_tui.quantities import count_of, dollars, dollars_an_hour
from rlrobo_tui.screens.account_keys import AccountKeys
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.links import OpenRun
from rlrobo_tui.steering import give
from rlrobo_tui.widgets.cloud_table import CloudTable
from rlrobo_tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

POLL_S = 2.0
EMPTY = """[bold]No run was sent to the cloud yet.[/]

[$primary bold]rlrobo cloud deploy[/]           once: prepares your AWS account
[$primary bold]rlrobo train TASK --on spot[/]   shows prices, then trains on a rented machine
[$primary bold]r[/]                             asks AWS what is there"""


class CloudScreen(AccountKeys):
    """A table of runs, the attempts of the selected one, and the account's instances."""

    BINDINGS = bindings_of("cloud")
    SCOPE = "cloud"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (170, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    class Listed(Message):
        """The files were read."""

        def __init__(self, runs: list[CloudRun]) -> None:
            super().__init__()
            self.runs = runs

    class AttachOver(Message):
        """A run is followed again, or it could not be."""

        def __init__(self, run_id: str, *, is_started: bool, error: RlroboError | None) -> None:
            super().__init__()
            self.run_id, self.is_started, self.error = run_id, is_started, error

    def __init__(self, lister: CloudLister, *, is_ascii: bool) -> None:
        super().__init__()
        self._lister, self._is_ascii = lister, is_ascii
        self._runs: list[CloudRun] | None = None
        self._left, self._must_read = threading.Event(), threading.Event()
        self._possible: list[bool | None] = []

    @classmethod
    def open(cls, app: RlroboApp) -> CloudScreen:
        """Return the page."""
        return cls(CloudLister(app.runs_dir), is_ascii=app.is_ascii)

    # ---- what actions and other pages ask for ----

    @property
    def run_id(self) -> str:
        """The selected run."""
        selected = self.selected
        return selected.run.id if selected else ""

    @property
    def command(self) -> str:
        """What lists the same in a shell."""
        return "rlrobo cloud runs"

    @property
    def regions(self) -> list[str]:
        """Where the runs are that somebody may have forgotten."""
        return sorted({each.spec.region for each in self._runs or ()})

    @property
    def selected(self) -> CloudRun | None:
        """The run under the cursor."""
        return self.query_one(CloudTable).selected if self.is_mounted else None

    @property
    def has_selection(self) -> bool:
        """Whether the cursor is on a run."""
        return self.selected is not None

    @property
    def has_active(self) -> bool:
        """Whether the selected run goes on."""
        selected = self.selected
        return selected is not None and selected.is_active

    @property
    def may_attach(self) -> bool:
        """Whether the selected run goes on and nothing here follows it."""
        selected = self.selected
        return selected is not None and selected.is_active and not selected.is_followed

    # ---- drawing ----

    def compose(self) -> ComposeResult:
        """Lay out the page; the style sheet puts the panels side by side where there is room."""
        yield Static(id="title")
        yield Static(EMPTY, id="empty")
        yield CloudTable(id="cloud-table", is_ascii=self._is_ascii)
        with Horizontal(id="body"):
            with VerticalScroll(id="story", can_focus=False):
                yield Static(id="attempts", markup=False)
            with VerticalScroll(id="account", can_focus=False):
                yield Static(id="instances", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#title", Static).update(Content.assemble(("Cloud", "bold"), "  reads the runs …"))
        self.query_one("#story").border_title = "attempts"
        self.query_one("#account").border_title = "instances in the account"
        self.query_one(CloudTable).focus_list()
        self._draw_account()
        self.set_interval(1.0, self._draw_ages)
        self._read()

    def on_unmount(self) -> None:
        """Let the thread and the child end at once."""
        self._left.set()
        self._must_read.set()
        self.stop_asking()

    def on_resize(self) -> None:
        """Draw for the new size when the widgets have theirs."""
        self.call_after_refresh(self._draw_story)

    @work(thread=True, exclusive=True, group="cloud-runs", exit_on_error=False)
    def _read(self) -> None:
        while not self._left.is_set():
            self._must_read.clear()
            self.post_message(self.Listed(self._lister.read()))
            self._must_read.wait(POLL_S)

    def on_cloud_screen_listed(self, message: Listed) -> None:
        """Show what was read; the first time, ask AWS, too, where there is something to be forgotten."""
        is_first, self._runs = self._runs is None, message.runs
        self.set_class(not message.runs, "-empty")
        table = self.query_one(CloudTable)
        table.show(message.runs)
        if is_first:
            current = self.rlrobo.current
            table.select(current.id if current else self.rlrobo.memory.run)
            if message.runs:
                self.ask_if_old()
        self._draw()

    def on_cloud_table_moved(self) -> None:
        """Other pages are about the run under the cursor from now on."""
        selected = self.selected
        if selected is not None:
            self.rlrobo.current = selected.run
        self._draw()

    def on_cloud_table_chosen(self) -> None:
        """Open the run."""
        self.action_open()

    def draw_account(self) -> None:
        """Show what the account holds."""
        self._draw_account()
        self._draw_title()
        self._refresh_keys()

    # ---- actions ----

    def action_open(self) -> None:
        """Watch the selected run."""
        selected = self.selected
        if selected is not None:
            self.post_message(OpenRun(selected.run))

    def action_attach(self) -> None:
        """Follow the selected run again."""
        selected = self.selected
        if selected is not None:
            self._follow_again(selected)

    def action_stop(self) -> None:
        """Ask, then stop."""
        selected = self.selected
        if selected is None:  # the palette offered it, and the list changed meanwhile
            return

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                self._stop(selected)

        now = f", at {dollars_an_hour(selected.rate)} now" if selected.rate is not None else ""
        consequence = f"It saves a checkpoint, then its instance ends.\n{dollars(selected.spent_usd)} are spent{now}."
        self.app.push_screen(Confirm(f"Stop {selected.run.id}?", consequence=consequence, verb="Stop"), answer)

    def action_down(self) -> None:
        """Move to the next run."""
        self.query_one(CloudTable).move(1)

    def action_up(self) -> None:
        """Move to the previous run."""
        self.query_one(CloudTable).move(-1)

    def action_scroll_down(self) -> None:
        """Scroll the attempts down."""
        self.query_one("#story", VerticalScroll).scroll_relative(y=2, animate=False)

    def action_scroll_up(self) -> None:
        """Scroll the attempts up."""
        self.query_one("#story", VerticalScroll).scroll_relative(y=-2, animate=False)

    def action_back(self) -> None:
        """Go to the page before."""
        self.rlrobo.action_last_page()

    def on_cloud_screen_attach_over(self, message: AttachOver) -> None:
        """Say how it went, and look at once."""
        if message.error is not None:
            self.notify(str(message.error), severity="error", markup=False)
        elif message.is_started:
            self.notify(f"{message.run_id} is followed again.", markup=False)
        self._must_read.set()

    # ---- the rest ----

    @work(thread=True, group="attach")
    def _follow_again(self, found: CloudRun) -> None:
        is_started, error = False, None
        try:
            is_started = ensure_link(found.run)
        except StorageError as err:
            error = err
        self.post_message(self.AttachOver(found.run.id, is_started=is_started, error=error))

    def _stop(self, found: CloudRun) -> None:
        try:
            give(found.run, Stop())
        except StorageError as err:
            self.notify(str(err), severity="error", markup=False)
            return
        self.notify(f"Stopping {found.run.id}.", markup=False)

    def _draw(self) -> None:
        self._draw_title()
        self._draw_story()
        self._refresh_keys()

    def _draw_ages(self) -> None:
        if self._runs and self.is_current:
            self.query_one(CloudTable).draw()
            self._draw_story()

    def _draw_title(self) -> None:
        runs = self._runs
        if runs is None:
            return
        orphans = len(self.rlrobo.account.orphans) if self.rlrobo.account else 0
        alarm = [(f"! {count_of(orphans, 'orphan')}", "$error bold"), ("  ", "")] if orphans else []
        words = totals(runs) if runs else "training on rented machines"
        self.query_one("#title", Static).update(Content.assemble(("Cloud", "bold"), "  ", *alarm, words))

    def _draw_story(self) -> None:
        selected = self.selected
        if selected is None:
            return
        box, now = self.query_one("#attempts", Static), time.time()
        width = max(20, box.content_size.width)
        lines = [
            pinned_line(selected, now, width=width),
            Content(selected.report.sentence),
            time_bar(selected, now, width=width),
            *attempt_lines(selected, now, is_ascii=self._is_ascii),
            Content.styled(terms_line(selected), "$muted"),
            Content.styled(storage_line(selected), "$muted"),
        ]
        text = Content("\n").join([line for line in lines if line.plain])
        if text != box.content:
            box.update(text)

    def _draw_account(self) -> None:
        text = Content("\n").join(account_lines(self.rlrobo.account, time.time()))
        self.query_one("#instances", Static).update(text)

    def _refresh_keys(self) -> None:
        possible = [self.check_action(action.id, ()) for action in actions_of(self.SCOPE)]
        if possible != self._possible:
            self._possible = possible
            self.refresh_bindings()
