"""The doctor page: whether this machine can do what rlrobo needs, what is missing, and how to mend it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from engine.protocol.errors import RlroboError
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.child_job import ChildJob, Order
from rlrobo_tui.commands.checks import CHECKS, Check, Verdict
from rlrobo_tui.quantities import count_of
from rlrobo_tui.screens.page import Page
from rlrobo_tui.terminal import describe_terminal
from rlrobo_tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

NAME_COLUMNS = 11
INDENT = NAME_COLUMNS + 2
NARROWEST = 20
"""Columns for what was seen, at least."""
SIGNS = {Verdict.OK: ("✓", "$success"), Verdict.WARNING: ("!", "$warning"), Verdict.FAILURE: ("✗", "$error")}
ROOT = Path(__file__).parents[2]
"""Where this package is; a user's own folder must not come before it."""


class DoctorScreen(Page[None]):
    """A child process checks, because torch and PyBullet have to be loaded; leaving the page ends it."""

    BINDINGS = bindings_of("doctor")
    SCOPE = "doctor"
    AUTO_FOCUS = ""

    class Found(Message):
        """A check is made."""

        def __init__(self, check: Check) -> None:
            super().__init__()
            self.check = check

    class Over(Message):
        """All checks are made, or the process that makes them died."""

        def __init__(self, error: RlroboError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Check] = []
        self._error = ""
        self._job: ChildJob | None = None

    @classmethod
    def open(cls, app: RlroboApp) -> DoctorScreen:
        """Return the page."""
        return cls()

    @property
    def command(self) -> str:
        """What says the same in a shell."""
        return "rlrobo doctor"

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        yield Static(id="title")
        with VerticalScroll(id="checks"):
            yield Static(id="found")
            yield Static(id="terminal")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to check."""
        self.query_one("#checks").can_focus = False
        self.action_again()

    def on_unmount(self) -> None:
        """End the process."""
        if self._job is not None:
            self._job.stop()

    def on_resize(self) -> None:
        """Wrap for the new width, when the lines have theirs."""
        self.call_after_refresh(self._draw)

    def on_doctor_screen_found(self, message: Found) -> None:
        """Show a check."""
        self._found.append(message.check)
        self._draw()

    def on_doctor_screen_over(self, message: Over) -> None:
        """Say that all is done, or what went wrong."""
        self._job = None
        self._error = str(message.error) if message.error else ""
        self._draw()

    def action_again(self) -> None:
        """Check everything again, unless it is being checked."""
        if self._job is not None:
            return
        self._found, self._error = [], ""
        order = Order(module="rlrobo_tui.commands.check_all", arguments=[], folder=ROOT)
        self._job = ChildJob(order, listen=self._listen, over=lambda error: self.post_message(self.Over(error)))
        self._draw()

    def action_down(self) -> None:
        """Scroll down."""
        self.query_one("#checks", VerticalScroll).scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """Scroll up."""
        self.query_one("#checks", VerticalScroll).scroll_relative(y=-1, animate=False)

    def action_back(self) -> None:
        """Go to the page before."""
        self.rlrobo.action_last_page()

    def _listen(self, message: dict[str, Any]) -> None:
        if "verdict" in message:
            self.post_message(self.Found(msgspec.convert(message, Check)))

    def _draw(self) -> None:
        self.query_one("#title", Static).update(Content.assemble(("Doctor", "bold"), "  ", self._summary()))
        found = self.query_one("#found", Static)
        parts = [_drawn(check, found.content_size.width) for check in self._found]
        if self._error:
            parts.append(Content.styled(f"✗ {self._error}", "$error"))
        found.update(Content("\n").join(parts))
        self.query_one("#terminal", Static).update(_terminal())

    def _summary(self) -> str:
        if self._job is not None:
            return f"looks at this machine … {len(self._found)} of {len(CHECKS) - 1}"
        failures = sum(check.verdict is Verdict.FAILURE for check in self._found) + bool(self._error)
        warnings = sum(check.verdict is Verdict.WARNING for check in self._found)
        if failures:
            return f"{count_of(failures, 'failure')}: training does not work here yet"
        return f"training works here; {count_of(warnings, 'warning')}" if warnings else "all is well"


def _drawn(check: Check, width: int) -> Content:
    """Return a check in lines of at most `width` columns, those after the first below what was seen."""
    sign, color = SIGNS[check.verdict]
    seen, fix = (_below(text, width - INDENT) for text in (check.seen, f"fix: {check.fix}"))
    remedy = [("\n" + " " * INDENT + "fix:", "$warning"), fix.removeprefix("fix:")] if check.fix else []
    return Content.assemble((f"{sign} ", f"bold {color}"), (check.name.ljust(NAME_COLUMNS), "bold"), seen, *remedy)


def _below(text: str, width: int) -> str:
    lines = textwrap.wrap(text, max(NARROWEST, width), break_on_hyphens=False)
    return ("\n" + " " * INDENT).join(lines)


def _terminal() -> Content:
    lines = [Content.assemble("  ", (name.ljust(NAME_COLUMNS), "$muted"), value) for name, value in describe_terminal()]
    return Content("\n").join([Content.styled("\nThis terminal", "$accent bold"), *lines])
