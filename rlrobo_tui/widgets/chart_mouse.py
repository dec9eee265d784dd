"""What the mouse does in every chart: the wheel zooms, dragging moves the window, a click reads values."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widget import Widget

from rlrobo_tui.widgets.plot import Area

WHEEL = 1.25
"""chosen: three clicks of the wheel show half as much."""


class ChartMouse(Widget):
    """Mix-in for a widget that draws a chart. Places are parts of its window, 0 left, 1 right."""

    class Zoomed(Message):
        """The wheel was turned."""

        def __init__(self, factor: float, part: float) -> None:
            super().__init__()
            self.factor, self.part = factor, part

    class Pointed(Message):
        """A place was clicked."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    class Dragged(Message):
        """What is drawn was pulled by a part of the window, to the right where positive."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    ALLOW_SELECT = False
    _pulled_from: int | None = None
    """Column in which the button was pressed, or the pointer was last."""
    _has_pulled = False

    @property
    def area(self) -> Area:
        """Where the lines are, in cells."""
        raise NotImplementedError

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in."""
        self._turn(event, WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out."""
        self._turn(event, 1 / WHEEL)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to pull."""
        self._pulled_from, self._has_pulled = event.screen_x, False
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull, while the button is down."""
        if self._pulled_from is not None and event.screen_x != self._pulled_from:
            self.post_message(self.Dragged((event.screen_x - self._pulled_from) / self.area.width))
            self._pulled_from, self._has_pulled = event.screen_x, True

    def on_mouse_up(self) -> None:
        """End to pull."""
        self._pulled_from = None
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """Read the values there, unless that is where pulling ended."""
        part = self._part(event)
        if part is not None and not self._has_pulled:
            self.post_message(self.Pointed(part))

    def _turn(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        part = self._part(event)
        self.post_message(self.Zoomed(factor, 1.0 if part is None else part))

    def _part(self, event: events.MouseEvent) -> float | None:
        """Return where in the window the pointer is; None beside it."""
        offset = event.get_content_offset(self)
        if offset is None or not 0 <= offset.x - self.area.left < self.area.width:
            return None
        return (offset.x - self.area.left + 0.5) / self.area.width
