"""A picture of a robot that stands still, as large as it fits; in shades of ASCII where colours do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from rlrobo_tui.robot_pictures import Picture, fit
from rlrobo_tui.widgets.robot_view import RobotView

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp


class RobotPicture(RobotView):
    """Shows a picture, or a sentence in its place."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.picture: Picture | None = None
        self._words = ""

    @property
    def is_drawn(self) -> bool:
        """Whether there is a picture to be seen."""
        return self.picture is not None and not self._rlrobo.is_low_bandwidth

    def show_picture(self, picture: Picture | None, words: str) -> None:
        """Show a picture; without one, or where bytes are dear, words."""
        if picture is not None and self._rlrobo.is_low_bandwidth:
            words = "not drawn: low bandwidth"
        if (picture, words) != (self.picture, self._words):
            self.picture, self._words = picture, words
            self._draw()

    def on_resize(self) -> None:
        """Draw it in the new size."""
        self._draw()

    @property
    def _rlrobo(self) -> RlroboApp:
        return self.app  # type: ignore[return-value]

    def _draw(self) -> None:
        width, height = self.size
        if not self.is_drawn or self.picture is None:
            self.say(Content.styled(self._words, "$muted"))
        elif width and height:
            small = fit(self.picture, columns=width, lines=height)
            has_color = self._rlrobo.has_colored_pictures
            self.say(Content(""))
            self.show(small.rgb, small.width, has_color=has_color)
