"""The help page: keys that are valid on the page below, marks, the terminal, and the metrics that are in sight."""

from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from rlrobo_tui.actions.action import Action
from rlrobo_tui.badges import BADGES, WIDTH
from rlrobo_tui.glossary import explain
from rlrobo_tui.marks import MARKS
from rlrobo_tui.screens.scrolled import HINT, Scrolled
from rlrobo_tui.terminal import describe_terminal

KEY_COLUMNS = 10
STATES_A_LINE = 4
"""As many as fit in the page of a terminal of 80 columns."""


class Line(NamedTuple):
    """What is shown, and what it is found by besides."""

    text: Content
    words: str = ""
    indent: int = KEY_COLUMNS
    """Columns by which it is indented where it goes on in a line of its own."""


class Section(NamedTuple):
    """A heading with its lines."""

    title: str
    lines: list[Line]

    def having(self, words: str) -> "Section":
        """Return the section with the lines that have all of `words`, which may stand in the heading, too."""
        wanted = words.lower().split()

        def has_all(line: Line) -> bool:
            text = f"{self.title} {line.text.plain} {line.words}".lower()
            return all(word in text for word in wanted)

        return self._replace(lines=[line for line in self.lines if has_all(line)])


class HelpScreen(Scrolled):
    """Made from the table of actions and the glossary, so it cannot be out of date."""

    AUTO_FOCUS = "#page"
    SCROLLER = "#sections"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "close", show=False),
        Binding("slash", "search", "Search"),
    ]

    def __init__(self, actions: list[tuple[Action, str]], *, metrics: list[str], is_ascii: bool) -> None:
        """`actions` are those of the page below and of the app, each with why it is not possible now, if so."""
        super().__init__()
        self._is_ascii = is_ascii
        groups = dict.fromkeys(action.group for action, _ in actions)
        self._sections = [
            *(Section(group, [_key(*each) for each in actions if each[0].group == group]) for group in groups),
            Section("States", self._states()),
            Section("Marks", self._marks()),
            *([Section("Metrics of this run", [_meaning(name) for name in metrics])] if metrics else []),
            Section("This terminal", [_fact(*fact) for fact in describe_terminal()]),
        ]

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Vertical(id="page") as page:
            page.border_title = "Help"
            page.border_subtitle = f"/ search · {HINT}"
            yield Input(placeholder="words to look for", id="words", compact=True)
            with VerticalScroll(id="sections"):
                yield Static(id="found")

    def on_mount(self) -> None:
        """Show everything."""
        self.query_one("#words").display = False
        self.query_one("#sections").focus()

    def on_resize(self) -> None:
        """Break the lines anew when the page has its size."""
        self.call_after_refresh(lambda: self._show(self.query_one("#words", Input).value))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while typing."""
        self._show(event.value)

    def on_input_submitted(self) -> None:
        """Keep what was found and scroll in it."""
        self.query_one("#sections").focus()

    def action_search(self) -> None:
        """Ask for words."""
        words = self.query_one("#words", Input)
        words.display = True
        words.focus()

    def action_close(self) -> None:
        """Show everything again after a search, else close the page."""
        words = self.query_one("#words", Input)
        if words.display:
            words.value = ""
            words.display = False
            self.query_one("#sections").focus()
        else:
            self.dismiss()

    def _show(self, words: str) -> None:
        found = [section.having(words) for section in self._sections]
        width = self.query_one("#found").content_size.width
        parts = [_drawn(section, width) for section in found if section.lines]
        self.query_one("#found", Static).update(Content("\n").join(parts) if parts else "Nothing has all of this.")

    def _states(self) -> list[Line]:
        badges = [
            Content.styled(badge.text(is_ascii=self._is_ascii).ljust(WIDTH + 2), f"${badge.color} bold")
            for badge in BADGES.values()
        ]
        rows = [badges[index : index + STATES_A_LINE] for index in range(0, len(badges), STATES_A_LINE)]
        return [Line(Content.assemble(*row)) for row in rows]

    def _marks(self) -> list[Line]:
        glyphs = [mark.ascii_glyph if self._is_ascii else mark.glyph for mark in MARKS]
        return [
            Line(Content.assemble((glyph.ljust(KEY_COLUMNS), "$accent bold"), mark.meaning))
            for glyph, mark in zip(glyphs, MARKS, strict=True)
        ]


def _key(action: Action, reason: str) -> Line:
    text = Content.assemble(
        (action.keys_text.ljust(KEY_COLUMNS), "$muted" if reason else "$primary bold"),
        (action.help, "$muted" if reason else ""),
        (f" Not now: {reason}." if reason else "", "$warning"),
    )
    return Line(text, f"{action.label} {action.binding_id}")


def _meaning(name: str) -> Line:
    metric = explain(name)
    unit = f" ({metric.unit})" if metric and metric.unit else ""
    meaning = metric.meaning if metric else "no description"
    return Line(Content.assemble((name, "$primary"), (unit, "$muted"), "\n  ", meaning), indent=2)


def _fact(name: str, value: str) -> Line:
    return Line(Content.assemble((name.ljust(KEY_COLUMNS), "$muted"), value))


def _drawn(section: Section, width: int) -> Content:
    lines = [_broken(part, line.indent, width) for line in section.lines for part in line.text.split("\n")]
    return Content("\n").join([Content.styled(section.title, "$accent bold"), *lines, Content("")])


def _broken(text: Content, indent: int, width: int) -> Content:
    """Break a line that is too long, so that what follows stands below its sentence and not below its key."""
    if text.cell_length <= width or width <= 2 * indent:
        return text
    first, *rest = text[indent:].wrap(width - indent)
    return Content("\n" + " " * indent).join([text[:indent] + first, *rest])
