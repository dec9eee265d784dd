"""A page of text that lies over another one, and the keys that move through it as in less and vi."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from rlrobo_tui.actions.registry import bindings_of

HINT = "j k space scroll · g G ends · esc close"


class Scrolled(ModalScreen[None]):
    """What help, log and notifications have in common."""

    SCROLLER: ClassVar[str] = "#page"
    """What is scrolled."""
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of("overlay"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("space,ctrl+f", "scroll_page(1)", show=False),
        Binding("b,ctrl+b", "scroll_page(-1)", show=False),
        Binding("g", "scroll_to_edge(-1)", show=False),
        Binding("G", "scroll_to_edge(1)", show=False),
    ]

    @property
    def scroller(self) -> VerticalScroll:
        """What is scrolled."""
        return self.query_one(self.SCROLLER, VerticalScroll)

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def action_scroll(self, direction: int) -> None:
        """Move by a line."""
        self.scroller.scroll_relative(y=direction, animate=False)

    def action_scroll_page(self, direction: int) -> None:
        """Move by as much as is in sight, but for a line."""
        self.scroller.scroll_relative(y=direction * max(1, self.scroller.size.height - 1), animate=False)

    def action_scroll_to_edge(self, direction: int) -> None:
        """Move to the beginning or the end."""
        self.scroller.scroll_to(y=0 if direction < 0 else self.scroller.max_scroll_y, animate=False)
