"""The line of keys below a page: whole ones only, and none of a page that something lies over."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

FIRST_TO_GO = "new_run"
ALWAYS = ("help", "leave")
"""Actions whose keys stay: who knows no other key finds all of them by help."""


class KeyBar(Footer):
    """Textual's footer, which would cut a key where the terminal ends, and offer keys that a dialog takes away."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)
        self._width = 0

    def compose(self) -> ComposeResult:
        """Show the keys that have room."""
        if self.app.screen is not self.screen:
            return
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        wanted = set(fitting([(key.action, width_of(key)) for key in keys], self.app.size.width))
        yield from (key for index, key in enumerate(keys) if index in wanted)

    def on_resize(self, event: events.Resize) -> None:
        """Choose anew."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.refresh(recompose=True)


def fitting(keys: Sequence[tuple[str, int]], room: int) -> list[int]:
    """Return the indices of the keys that are shown in `room` columns, of each one's action and columns.

    A page names its most important keys first, so that the last of them give way.
    """
    shown = list(range(len(keys)))
    spare = [index for index in reversed(shown) if keys[index][0] not in ALWAYS]
    spare.sort(key=lambda index: keys[index][0] != FIRST_TO_GO)
    for index in spare:
        if sum(keys[each][1] for each in shown) - 1 <= room:  # there is no gap behind the last one
            break
        shown.remove(index)
    return shown


def width_of(key: FooterKey) -> int:
    """Return the columns that a key takes, with the gap behind it."""
    return len(key.key_display) + len(key.description) + 2
