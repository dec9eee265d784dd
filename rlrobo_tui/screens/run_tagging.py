"""The key of the list of runs that tags them: the marked ones, else the selected one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.summary import RunSummary
from engine.protocol.tags import changed_tags, write_tags
from rlrobo_tui.run_list import subject_of
from rlrobo_tui.screens.page import Page


class AskTags(ModalScreen[list[str] | None]):
    """Ask for words: tags to add and, with a minus sign, to take away."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "Cancel")]

    def __init__(self, runs: Sequence[RunSummary], *, in_use: Sequence[str]) -> None:
        """Ask for the tags of `runs`; `in_use` are those that any run has."""
        super().__init__()
        self._runs, self._in_use = runs, in_use

    def compose(self) -> ComposeResult:
        """Lay out what is so and a line to type in."""
        present = dict.fromkeys(tag for run in self._runs for tag in run.tags)
        with Vertical(id="dialog"):
            yield Label(f"Tag {subject_of(self._runs)}", id="question", markup=False)
            yield Label(f"now: {' '.join(present) or 'no tags'}", id="consequence", markup=False)
            yield Label(f"in use: {' '.join(self._in_use) or 'none yet'}", id="in-use", markup=False)
            yield Label("Type tags to add, -tag to take one away, and enter; esc cancels.", id="how", markup=False)
            yield Input(placeholder="baseline -old", id="typed", compact=True)
            yield Label("", id="wrong", markup=False)

    def on_mount(self) -> None:
        """Be ready for the words."""
        self.query_one(Input).focus()

    def on_input_changed(self) -> None:
        """Forget what was wrong before."""
        self.query_one("#wrong", Label).update("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the words, where every run can have them."""
        words = event.value.replace(",", " ").split()
        try:
            for run in self._runs:
                changed_tags(run.tags, words)
        except UsageError as err:
            self.query_one("#wrong", Label).update(str(err))
        else:
            self.dismiss(words)

    def action_close(self) -> None:
        """Close; nothing changes."""
        self.dismiss(None)


class RunTagging(Page[None]):
    """Mix-in for the list of runs."""

    @property
    def targets(self) -> Sequence[RunSummary]:
        """The runs that a key is about."""
        raise NotImplementedError

    def reread(self) -> None:
        """Read the folder again."""
        raise NotImplementedError

    def action_tag(self) -> None:
        """Ask for tags and write them."""
        runs = list(self.targets)

        def answer(words: list[str] | None) -> None:
            if words:
                self._tag(runs, words)

        in_use = sorted({tag for run in self.rlrobo.summaries for tag in run.tags}, key=str.lower)
        self.app.push_screen(AskTags(runs, in_use=in_use), answer)

    def _tag(self, runs: Sequence[RunSummary], words: list[str]) -> None:
        try:
            for run in runs:
                write_tags(RunDir(Path(run.dir)), changed_tags(run.tags, words))
        except RlroboError as err:
            self.notify(str(err), severity="error", markup=False)
        else:
            self.notify(f"{subject_of(runs)}: {' '.join(words)}", title="Tagged", markup=False)
        self.reread()
