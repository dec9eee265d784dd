"""What stands beside a form: an explanation of what is under the cursor, with a picture where there is one."""

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.robot_pictures import Picture
from rlrobo_tui.widgets.robot_picture import RobotPicture


class Beside(Vertical):
    """A picture over a page."""

    def compose(self) -> ComposeResult:
        """Lay out both."""
        yield RobotPicture(id="picture")
        with VerticalScroll(id="explained", can_focus=False):
            yield Static(id="explanation")

    def show(self, title: str, page: Content, picture: tuple[Picture | None, str] | None) -> None:
        """Show a page, and a picture or the words in its place; None: neither."""
        self.border_title = title
        self.query_one("#explanation", Static).update(page)
        drawn = self.query_one(RobotPicture)
        drawn.set_class(picture is None, "-none")
        if picture is not None:
            drawn.show_picture(*picture)
            drawn.set_class(not drawn.is_drawn, "-words")

    def scroll_page(self, lines: int) -> None:
        """Move the page."""
        self.query_one("#explained").scroll_relative(y=lines, animate=False)
