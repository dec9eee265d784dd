"""The last step of a new run: what was looked at before it starts, and the button that starts it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.run_card import checks_page, yaml_page
from rlrobo_tui.run_form import command_line
from rlrobo_tui.widgets.form_step import FormState, FormStep


class ReviewStep(FormStep):
    """Checks on the left; the exact YAML and command beside them."""

    TITLE = "Review"

    class Accepted(Message):
        """The user wants to train like this."""

    def compose(self) -> ComposeResult:
        """Lay out the checks and the button."""
        with VerticalScroll(can_focus=False):
            yield Static(id="checks")
        yield Button("Train", id="launch", variant="primary", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Train."""
        event.stop()
        self.post_message(self.Accepted())

    def show(self, state: FormState) -> None:
        """Say what keeps it from starting, where something does."""
        self.query_one("#launch", Button).disabled = state.problem is not None
        if state.problem is not None:
            self.query_one("#checks", Static).update(Content.styled(f"✗ {state.problem.sentence}", "$error"))

    def show_checks(self, checks: list[Check]) -> None:
        """Show what was found."""
        failed = sum(check.verdict is Verdict.FAILURE for check in checks)
        page = checks_page(checks)
        if failed:
            page = Content("\n").join([page, Content(""), Content.styled("It cannot start like this.", "$error bold")])
        self.query_one("#checks", Static).update(page)
        self.query_one("#launch", Button).disabled = bool(failed)

    def say(self, text: str) -> None:
        """Show a sentence in place of the checks."""
        self.query_one("#checks", Static).update(Content.styled(text, "$muted"))

    def explain(self, state: FormState) -> tuple[str, Content]:
        """Return the YAML and the command."""
        return "config.yaml", yaml_page(state.config, command_line(state.answers))
