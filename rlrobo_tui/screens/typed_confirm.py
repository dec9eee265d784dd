"""A question before what is hard to undo: the answer is typed, not pressed."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label


class TypedConfirm(ModalScreen[bool]):
    """Ask for a word; the answer is yes only where exactly that word was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "Cancel")]

    def __init__(self, question: str, *, consequence: str, word: str) -> None:
        super().__init__()
        self._question, self._consequence, self._word = question, consequence, word

    def compose(self) -> ComposeResult:
        """Lay out the question and a line to type in."""
        with Vertical(id="dialog"):
            yield Label(self._question, id="question", markup=False)
            yield Label(self._consequence, id="consequence", markup=False)
            yield Label(f"Type {self._word} and enter; esc cancels.", id="how", markup=False)
            yield Input(id="typed", compact=True)
            yield Label("", id="wrong", markup=False)

    def on_mount(self) -> None:
        """Be ready for the word."""
        self.query_one(Input).focus()

    def on_input_changed(self) -> None:
        """Forget what was wrong before."""
        self.query_one("#wrong", Label).update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the word."""
        if event.value.strip() == self._word:
            self.dismiss(True)
        else:
            self.query_one("#wrong", Label).update(f"That is not {self._word}; nothing happens.")

    def action_close(self) -> None:
        """Close; the answer is no."""
        self.dismiss(False)
