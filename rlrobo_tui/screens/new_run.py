"""The form for a new run: what is typed is checked at once by the configuration itself, and shown as it resolves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Footer, Input, Label, Select, Static

from engine.protocol.algorithms import ALGORITHMS
from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError
from engine.protocol.presets import default_algorithm, preset_names
from engine.protocol.settings import read_settings
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.run_form import Answers, command_line, resolve_answers, review
from rlrobo_tui.screens.links import Train
from rlrobo_tui.screens.page import Page
from robots.errors import RobotError
from robots.registry import TASKS, task_ids

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

DEVICES = ("auto", "cpu", "cuda")


class NewRunScreen(Page[None]):
    """Fields on the left (or on top), what they mean on the right (or below)."""

    BINDINGS = bindings_of("new")
    SCOPE = "new"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.config: RunConfig | None = None
        """The configuration that the form describes; None while it describes none."""

    @classmethod
    def open(cls, app: RlroboApp) -> NewRunScreen:
        """Return the page."""
        return cls()

    @property
    def command(self) -> str:
        """What would train the same."""
        return command_line(self._answers())

    def compose(self) -> ComposeResult:
        """Lay out the form."""
        yield Static(Content.assemble(("New run", "bold")), id="title")
        with Horizontal(id="columns"):
            with VerticalScroll(id="form", can_focus=False):
                yield from self._fields()
                yield Button("Train", id="launch", variant="primary", compact=True)
                yield Static(id="error", markup=False)
            with VerticalScroll(id="review") as panel:
                panel.border_title = "this will run"
                yield Static(id="review-text")
        yield Footer(show_command_palette=False, compact=True)

    def _fields(self) -> ComposeResult:
        tasks = task_ids()
        labels = [(Text.assemble(task, ("  " + TASKS[task].family, "dim")), task) for task in tasks]
        yield _field("task", Select(labels, value=tasks[0], allow_blank=False, compact=True))
        algorithms = [(name.upper(), name) for name in ALGORITHMS]
        algorithm = default_algorithm(tasks[0])
        yield _field("algorithm", Select(algorithms, value=algorithm, allow_blank=False, compact=True))
        presets = preset_names(tasks[0], algorithm)
        options = [(name, name) for name in presets]
        yield _field("preset", Select(options, value=presets[0], allow_blank=False, compact=True))
        devices = [(name, name) for name in DEVICES]
        yield _field("device", Select([("default", ""), *devices], value="", allow_blank=False, compact=True))
        yield _field("steps", Input(placeholder="as the preset says; 200k, 1e6", compact=True))
        yield _field("seed", Input(placeholder="as the preset says; 1", compact=True))
        yield _field("set", Input(placeholder="learning_rate=3e-4, num_envs=16", compact=True))

    def on_mount(self) -> None:
        """Show what the first choice means."""
        self.query_one("#task").focus()
        self._check()

    def on_select_changed(self, event: Select.Changed) -> None:
        """Choose the new task's algorithm, offer the presets of both, and check."""
        if event.select.id == "task":
            with self.prevent(Select.Changed):
                self.query_one("#algorithm", Select).value = default_algorithm(str(event.value))
        if event.select.id in ("task", "algorithm"):
            self._offer_presets()
        self._check()

    def on_input_changed(self) -> None:
        """Check while typing."""
        self._check()

    def on_input_submitted(self) -> None:
        """Go on to the next field."""
        self.focus_next()

    def on_button_pressed(self) -> None:
        """Train."""
        self.action_launch()

    def action_launch(self) -> None:
        """Hand the configuration to the app; without a valid one, stay."""
        if self.config is None:
            self.notify("Mend what the form says first.", severity="warning")
            return
        self.post_message(Train(self.config, command_line(self._answers())))

    def action_cancel(self) -> None:
        """Leave the form."""
        self.app.pop_screen()

    def show_error(self, text: str) -> None:
        """Say what went wrong next to the fields."""
        error = self.query_one("#error", Static)
        error.update(text)
        error.display = bool(text)

    def _offer_presets(self) -> None:
        answers = self._answers()
        names = preset_names(answers.task, answers.algorithm)
        select = self.query_one("#preset", Select)
        with self.prevent(Select.Changed):
            select.set_options([(name, name) for name in names])
            select.value = names[0]

    def _answers(self) -> Answers:
        chosen = {select.id: str(select.value) for select in self.query(Select)}
        typed = {field.id: field.value.strip() for field in self.query(Input)}
        return Answers(
            task=chosen["task"],
            algorithm=chosen["algorithm"],
            preset=chosen["preset"],
            device=chosen["device"],
            steps=typed["steps"],
            seed=typed["seed"],
            overrides=typed["set"],
        )

    def _check(self) -> None:
        answers = self._answers()
        try:
            settings = read_settings()
            self.config = resolve_answers(answers, settings)
            self.show_error("")
            page = review(self.config, command_line(answers), settings.runs_dir)
            self.query_one("#review-text", Static).update(page)
        except (RlroboError, RobotError) as err:
            self.config = None
            self.show_error(str(err).removeprefix("command line: "))
        self.query_one("#launch", Button).disabled = self.config is None
        self.query_one("#review").set_class(self.config is None, "-stale")


def _field(name: str, control: Select[str] | Input) -> Horizontal:
    control.id = name
    return Horizontal(Label(name, classes="label"), control, classes="field")
