"""The help page: the keys that are valid on the screen below, the marks, and the metrics that are in sight."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rlrobo_tui.actions import actions_of, bindings_of
from rlrobo_tui.badges import BADGES, WIDTH
from rlrobo_tui.glossary import explain

KEY_COLUMNS = 10
STATES_A_LINE = 4
"""As many as fit in the page of a terminal of 80 columns."""


class HelpScreen(ModalScreen[None]):
    """Made from the table of actions and the glossary, so it cannot be out of date."""

    BINDINGS = bindings_of("overlay")

    def __init__(self, scope: str, *, metrics: list[str], is_ascii: bool) -> None:
        super().__init__()
        self._scope, self._metrics, self._is_ascii = scope, metrics, is_ascii

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = "Help"
            page.border_subtitle = "esc close"
            yield Static(self._keys())
            yield Static(self._states())
            if self._metrics:
                yield Static(self._meanings())

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def _keys(self) -> Content:
        actions = [*actions_of(self._scope), *actions_of("app")]
        lines = [
            Content.assemble((action.keys_text.ljust(KEY_COLUMNS), "$primary bold"), (action.help, ""))
            for action in actions
        ]
        palette = Content.assemble(("^p".ljust(KEY_COLUMNS), "$primary bold"), "All of this by name.")
        return _section("Keys", [*lines, palette])

    def _states(self) -> Content:
        badges = [
            Content.styled(badge.text(is_ascii=self._is_ascii).ljust(WIDTH + 2), f"${badge.color} bold")
            for badge in BADGES.values()
        ]
        rows = [badges[index : index + STATES_A_LINE] for index in range(0, len(badges), STATES_A_LINE)]
        return _section("States", [Content.assemble(*row) for row in rows])

    def _meanings(self) -> Content:
        lines: list[Content] = []
        for name in self._metrics:
            metric = explain(name)
            unit = f" ({metric.unit})" if metric and metric.unit else ""
            meaning = metric.meaning if metric else "no description"
            lines.append(Content.assemble((name, "$primary"), (unit, "$muted"), "\n  ", meaning))
        return _section("Metrics of this run", lines)


def _section(title: str, lines: list[Content]) -> Content:
    return Content("\n").join([Content.styled(title, "$accent bold"), *lines, Content("")])
