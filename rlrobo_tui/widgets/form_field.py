"""A field to type into, with its name before it, what it means behind it, and what is wrong with it below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Static


class FormField(Vertical):
    """One line, and a second one where something is wrong."""

    def __init__(self, name: str, label: str, *, note: str, suggestions: tuple[str, ...] = ()) -> None:
        """The input's id is `name`; `note` says what may be typed."""
        super().__init__()
        self.field, self._label, self._note = name, label, note
        self._suggester = SuggestFromList(suggestions) if suggestions else None

    def compose(self) -> ComposeResult:
        """Lay out the line, and the place for what is wrong."""
        with Horizontal(classes="field"):
            yield Label(self._label, classes="label")
            yield Input(id=self.field, compact=True, suggester=self._suggester)
            yield Static(self._note, classes="note", markup=False)
        yield Static(classes="problem", markup=False)

    @property
    def text(self) -> str:
        """What was typed."""
        return self.query_one(Input).value.strip()

    def fill(self, text: str) -> None:
        """Show an answer, unless the user types here: he may be ahead of what the form knows."""
        entry = self.query_one(Input)
        if entry.value.strip() != text and self.screen.focused is not entry:
            with entry.prevent(Input.Changed):
                entry.value = text

    def say(self, problem: str) -> None:
        """Say what is wrong with it, or nothing."""
        line = self.query_one(".problem", Static)
        line.update(f"✗ {problem}" if problem else "")
        line.display = bool(problem)

    def hint(self, text: str) -> None:
        """Show what counts while nothing is typed."""
        self.query_one(Input).placeholder = text
