"""Small windows over a screen: a question before what cannot be undone, and a list to pick from."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, OptionList
from textual.widgets.option_list import Option

from rlrobo_tui.glossary import explain
from rlrobo_tui.widgets.choice_list import SteadyList


class Confirm(ModalScreen[bool]):
    """Ask a question; the answer is no unless `y` is pressed or the button is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("y", "answer(True)", "Yes"),
        ("n,escape", "answer(False)", "No"),
        ("left,right,h,l", "other_button", "Other button"),
    ]

    def __init__(self, question: str, *, consequence: str, verb: str) -> None:
        super().__init__()
        self._question, self._consequence, self._verb = question, consequence, verb

    def compose(self) -> ComposeResult:
        """Lay out the question and two buttons."""
        with Vertical(id="dialog"):
            yield Label(self._question, id="question", markup=False)
            yield Label(self._consequence, id="consequence", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(f"{self._verb} (y)", id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        """Make Enter harmless."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the answer of a button."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, is_yes: bool) -> None:
        """Close with an answer."""
        self.dismiss(is_yes)

    def action_other_button(self) -> None:
        """Move the focus to the other button."""
        self.focus_next()


class PickMetric(ModalScreen[str | None]):
    """Choose a metric from a list that says what each one means."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "close", "Close"),
        ("j", "move('down')", "Down"),
        ("k", "move('up')", "Up"),
    ]

    def __init__(self, metrics: list[str], *, current: str) -> None:
        super().__init__()
        self._metrics, self._current = metrics, current

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(id="dialog"):
            yield SteadyList(*(Option(_described(name), id=name) for name in self._metrics), markup=True)

    def on_mount(self) -> None:
        """Stand on the metric that is charted now."""
        options = self.query_one(OptionList)
        options.border_title = "Chart which metric?"
        options.border_subtitle = "enter choose · esc close"
        if self._current in self._metrics:
            options.highlighted = self._metrics.index(self._current)
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Close with the chosen metric."""
        self.dismiss(event.option.id)

    def action_close(self) -> None:
        """Close without a choice."""
        self.dismiss(None)

    def action_move(self, direction: str) -> None:
        """Move as vi does."""
        getattr(self.query_one(OptionList), f"action_cursor_{direction}")()


def _described(name: str) -> str:
    metric = explain(name)
    return f"{name}\n[$muted]{metric.meaning if metric else 'no description'}[/]"
