"""The help page: the keys that are valid on the screen below, the marks, and the metrics that are in sight."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rlrobo_tui.actions.action import Action
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.badges import BADGES, WIDTH
from rlrobo_tui.glossary import explain

KEY_COLUMNS = 10
STATES_A_LINE = 4
"""As many as fit in the page of a terminal of 80 columns."""


class HelpScreen(ModalScreen[None]):
    """Made from the table of actions and the glossary, so it cannot be out of date."""

    BINDINGS = bindings_of("overlay")

    def __init__(self, actions: list[tuple[Action, str]], *, metrics: list[str], is_ascii: bool) -> None:
        """`actions` are those of the page below and of the app, each with why it is not possible now, if so."""
        super().__init__()
        self._actions, self._metrics, self._is_ascii = actions, metrics, is_ascii

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with VerticalScroll(id="page") as page:
            page.border_title = "Help"
            page.border_subtitle = "esc close"
            for group in dict.fromkeys(action.group for action, _ in self._actions):
                yield Static(self._keys(group))
            yield Static(self._states())
            if self._metrics:
                yield Static(self._meanings())

    def action_close(self) -> None:
        """Close the page."""
        self.dismiss()

    def _keys(self, group: str) -> Content:
        lines = [
            Content.assemble(
                (action.keys_text.ljust(KEY_COLUMNS), "$muted" if reason else "$primary bold"),
                (action.help, "$muted" if reason else ""),
                (f" Not now: {reason}." if reason else "", "$warning"),
            )
            for action, reason in self._actions
            if action.group == group
        ]
        return _section(group, lines)

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
