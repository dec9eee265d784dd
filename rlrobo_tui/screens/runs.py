"""Home: every run in the folder, brought up to date every second, and a way in for those who have none."""

import time
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Footer, Input, Static
from textual.worker import get_current_worker

from engine.protocol.run_dir import RunDir
from engine.protocol.summary import RunSummary
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.badges import BADGES
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_list import COLUMNS, NUMERIC, RunLister, cells, detail, matches, sentence_of_age, shorten
from rlrobo_tui.screens.links import OpenRun, TrainDemo
from rlrobo_tui.screens.page import Page

REFRESH_S = 1.0
GAP_COLUMNS = 1
SHORTEST_NAME = 9
"""Columns that the name of a run keeps when the terminal is narrow."""
WIDE_COLUMNS = 110
MIN_COLUMNS = {"state": 9, "return": 6, "best": 5, "steps/s": 7, "ETA/took": 8, "age": 3}
"""Least width of a column, so that the table does not move with every number."""
EMPTY = """[bold]No runs yet.[/]

[$primary bold]enter[/]  train the 60-second cartpole demo
[$primary bold]n[/]      new run: choose a robot, an algorithm, settings
[$primary bold]?[/]      all keys

[$muted]Runs are kept in {folder}.[/]"""


class RunsTable(DataTable[Text], inherit_bindings=False):
    """A table that leaves Enter to its screen, which shows the key in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("pageup", "page_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("home,g", "scroll_top", show=False),
        Binding("end,G", "scroll_bottom", show=False),
    ]


class RunsScreen(Page[None]):
    """A table of runs, the newest first."""

    BINDINGS = bindings_of("runs")
    SCOPE = "runs"

    class Listed(Message):
        """The folder was read."""

        def __init__(self, summaries: list[RunSummary]) -> None:
            super().__init__()
            self.summaries = summaries

    def __init__(self, runs_dir: Path, *, is_ascii: bool) -> None:
        super().__init__()
        self._runs_dir, self._is_ascii = runs_dir, is_ascii
        self._lister = RunLister(runs_dir)
        self._summaries: list[RunSummary] | None = None
        self._shown: tuple[list[str], list[int], str] = ([], [], "")
        """Ids, widths and theme of the rows in the table."""

    @property
    def run_id(self) -> str:
        """The selected run."""
        selected = self._selected()
        return selected.id if selected else ""

    @property
    def command(self) -> str:
        """What lists the same."""
        return "rlrobo runs"

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="title")
        yield RunsTable(id="runs", cursor_type="row", cell_padding=0)
        yield Static(EMPTY.format(folder=str(self._runs_dir).replace("[", "\\[")), id="empty")
        yield Static(id="detail", markup=False)
        yield Input(placeholder="words that a run must have, such as: ant running", id="words", compact=True)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin to read the folder."""
        self.query_one("#words").display = False
        self.query_one("#empty").display = False
        self.query_one(RunsTable).focus()
        self.set_interval(REFRESH_S, self._read)
        self._read()

    def on_screen_resume(self) -> None:
        """Show the present as soon as the screen is in sight again."""
        self._read()

    def on_resize(self) -> None:
        """Choose the columns that fit."""
        self._draw()

    def on_runs_screen_listed(self, message: Listed) -> None:
        """Take what the thread has read."""
        self._summaries = message.summaries
        self._draw()

    def on_data_table_row_selected(self) -> None:
        """Open the run under the cursor."""
        self.action_open()

    def on_data_table_row_highlighted(self) -> None:
        """Describe the run under the cursor."""
        self._draw_detail()

    def on_input_changed(self) -> None:
        """Filter while typing."""
        self._draw()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self.query_one(RunsTable).focus()

    def action_open(self) -> None:
        """Open the selected run; where there are none at all, train the demo."""
        selected = self._selected()
        if selected is not None:
            self.post_message(OpenRun(RunDir(Path(selected.dir))))
        elif self._summaries == []:
            self.post_message(TrainDemo())

    def action_filter(self) -> None:
        """Ask for words."""
        words = self.query_one("#words", Input)
        words.display = True
        words.focus()

    def action_clear_filter(self) -> None:
        """Show all runs."""
        words = self.query_one("#words", Input)
        words.value = ""
        words.display = False
        self.query_one(RunsTable).focus()

    def action_down(self) -> None:
        """Move to the next run."""
        self.query_one(RunsTable).action_cursor_down()

    def action_up(self) -> None:
        """Move to the previous run."""
        self.query_one(RunsTable).action_cursor_up()

    @work(thread=True, exclusive=True, group="list")
    def _read(self) -> None:
        worker = get_current_worker()
        summaries = self._lister.read()
        if not worker.is_cancelled:
            self.post_message(self.Listed(summaries))

    def _draw(self) -> None:
        if self._summaries is None or not self.is_attached:
            return
        words = self.query_one("#words", Input).value
        shown = [summary for summary in self._summaries if matches(summary, words)]
        is_empty = not self._summaries
        self.query_one("#empty").display = is_empty
        self.query_one("#runs").display = not is_empty
        self.query_one("#detail").display = not is_empty
        self._draw_title(len(shown), words)
        self._draw_table(shown)
        self._draw_detail()

    def _draw_title(self, num_shown: int, words: str) -> None:
        summaries = self._summaries or []
        num_active = sum(not summary.status.is_over for summary in summaries)
        facts = [count_of(len(summaries), "run"), f"{num_active} active"]
        if words:
            facts.append(f"{num_shown} match “{words}”")
        text = Text.assemble(("rlrobo", "bold"), "  ", " · ".join(facts) if summaries else "train robots")
        self.query_one("#title", Static).update(text)

    def _draw_table(self, shown: list[RunSummary]) -> None:
        table = self.query_one(RunsTable)
        is_wide = self.size.width >= WIDE_COLUMNS
        titles = [column.title for column in COLUMNS if is_wide or not column.is_wide_only]
        rows = {summary.id: self._row(summary, titles, is_wide=is_wide) for summary in shown}
        widths = [max(len(title), MIN_COLUMNS.get(title, 0)) for title in titles]
        for row in rows.values():
            widths = [max(width, cell.cell_len) for width, cell in zip(widths, row, strict=True)]
        gaps = _gaps(titles)
        widths = [width + gap for width, gap in zip(widths, gaps, strict=True)]
        excess = sum(widths) - table.content_size.width
        if table.content_size.width and excess > 0:
            widths[1] = max(SHORTEST_NAME, widths[1] - excess)
            for row in rows.values():
                row[1].plain = shorten(row[1].plain, widths[1] - gaps[1])
        layout = (list(rows), widths, self.app.theme)  # the colours of rows are those of the theme
        if layout != self._shown:
            self._rebuild(table, titles, widths, rows)
            self._shown = layout
            return
        for run_id, row in rows.items():
            for title, cell in zip(titles, row, strict=True):
                if table.get_cell(run_id, title) != cell:
                    table.update_cell(run_id, title, cell)

    def _rebuild(self, table: RunsTable, titles: list[str], widths: list[int], rows: dict[str, list[Text]]) -> None:
        """Fill the table anew and leave the cursor on the run on which it was."""
        selected = self._selected()
        table.clear(columns=True)
        for title, width in zip(titles, widths, strict=True):
            justify = "right" if title in NUMERIC else "left"
            table.add_column(Text(title, justify=justify), key=title, width=width)
        for run_id, row in rows.items():
            table.add_row(*row, key=run_id)
        if selected is not None and selected.id in rows:
            table.move_cursor(row=list(rows).index(selected.id), animate=False)

    def _row(self, summary: RunSummary, titles: list[str], *, is_wide: bool) -> list[Text]:
        texts = cells(summary, time.time(), is_wide=is_wide)
        badge = BADGES[summary.status]
        color = self.app.theme_variables.get(badge.color, "")
        state = Text(badge.text(is_ascii=self._is_ascii), f"bold {color}")
        muted = self.app.theme_variables.get("muted", "") if summary.status.is_over else ""
        rest = [
            Text(texts[title], muted if title != "run" else "", justify="right" if title in NUMERIC else "left")
            for title in titles[1:]
        ]
        return [state, *rest]

    def _draw_detail(self) -> None:
        selected = self._selected()
        text = ""
        if selected is not None:
            text = f"{sentence_of_age(selected)} · seed {selected.seed}\n{detail(selected)}"
        elif self._summaries:
            text = "No run has these words; esc shows all runs again."
        self.query_one("#detail", Static).update(text)

    def _selected(self) -> RunSummary | None:
        table = self.query_one(RunsTable)
        ids = self._shown[0]
        if not 0 <= table.cursor_row < len(ids):
            return None
        run_id = ids[table.cursor_row]
        return next((summary for summary in self._summaries or [] if summary.id == run_id), None)


def _gaps(titles: list[str]) -> list[int]:
    """Return the empty columns of each column: numbers have theirs before them, words behind unless numbers follow."""
    pairs = zip(titles, [*titles[1:], ""], strict=True)
    return [0 if title not in NUMERIC and following in NUMERIC else GAP_COLUMNS for title, following in pairs]
