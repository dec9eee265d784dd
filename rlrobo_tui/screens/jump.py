"""A letter over everything on a page that can have the focus; the letter's key takes the focus there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Key, Resize
from textual.geometry import Offset, Size
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The home row first."""
HINT = " a letter takes the focus there · esc leaves it where it is "


class JumpScreen(ModalScreen[Widget | None]):
    """Lies over a page until a key is pressed; its result is the widget of the letter."""

    def __init__(self, targets: list[Widget]) -> None:
        """Offer `targets`, one letter each."""
        super().__init__()
        self._targets = dict(zip(LETTERS, targets, strict=False))
        self._drawn_for: Size | None = None

    def compose(self) -> ComposeResult:
        """Lay each letter on the upper right corner of its widget, where no title is."""
        for letter, target in self._targets.items():
            label = Static(f"[{letter}]", classes="letter", markup=False)
            label.styles.offset = target.region.top_right - Offset(3, 0)
            yield label
        yield Static(HINT, id="jump-hint", markup=False)

    def on_key(self, event: Key) -> None:
        """Close with the widget of a letter; any other key leaves the focus where it is."""
        event.stop()
        self.dismiss(self._targets.get(event.key))

    def on_resize(self, event: Resize) -> None:
        """Close when everything below the letters moves."""
        before, self._drawn_for = self._drawn_for, event.size
        if before not in (None, event.size):
            self.dismiss(None)


def jump_targets(page: Screen[object]) -> list[Widget]:
    """Return what can have the focus and is in sight, in the order of the tab key."""
    shown = [widget for widget in page.focus_chain if widget.is_on_screen]
    return [widget for widget in shown if page.find_widget(widget).visible_region.area]
