"""The first step of a new run: which robot, of ours, a plug-in's, one's own or another package's."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from rlrobo_tui.own_robot import OwnRobot
from rlrobo_tui.robot_pictures import Picture, picture_of
from rlrobo_tui.run_card import task_page, tuned_algorithms
from rlrobo_tui.run_form import MODELS
from rlrobo_tui.widgets.choice_list import Choice, ChoiceList, Group
from rlrobo_tui.widgets.form_field import FormField
from rlrobo_tui.widgets.form_step import Answered, Explained, FormState, FormStep
from robots.catalogue.entry import TaskEntry
from robots.registry import TASKS


class RobotStep(FormStep):
    """A list by family that can be filtered, and a field for a robot that is not in it."""

    TITLE = "Robot"
    ANSWERS = ("target",)

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.own: OwnRobot | None = None
        """What is known of the user's own robot."""
        self._target = ""

    def compose(self) -> ComposeResult:
        """Lay out the filter, the list and the field."""
        yield Input(id="filter", placeholder="words of a name, family or robot", compact=True)
        yield ChoiceList(id="robots")
        yield FormField("own", "own robot", note="enter tries it out")
        yield Static(id="own-words", markup=False)

    def on_mount(self) -> None:
        """Show every robot."""
        self.query_one("#filter").display = False
        self.query_one("#own-words").display = False
        self.query_one("#own", Input).placeholder = "my.urdf, .xml, .yaml or gym:ENV_ID"
        self._fill()

    def show(self, state: FormState) -> None:
        """Put the cursor on the answer."""
        if state.answers.target != self._target:
            self._target = state.answers.target
            self._fill()
        field = self.query_one(FormField)
        if self._target not in TASKS:
            field.fill(self._target)
        elif field.text and not self.query_one("#own").has_focus:
            field.fill("")
        problem = state.problem if state.problem and state.problem.field == "target" else None
        is_model = self._target.endswith(MODELS)
        field.say("" if is_model or problem is None else problem.sentence)

    def explain(self, state: FormState) -> tuple[str, Content]:
        """Return what is known of the robot."""
        target = state.answers.target
        if target in TASKS:
            return target, task_page(TASKS[target])
        if self.own is not None and self.own.source == target:
            return self.own.title, self.own.page
        return "own robot", Content(_own_words(target))

    def picture(self, state: FormState) -> tuple[Picture | None, str] | None:
        """Return the picture of the robot."""
        target = state.answers.target
        if target in TASKS:
            return picture_of(target), f"no picture: it comes from {TASKS[target].origin}"
        if self.own is not None and self.own.source == target:
            return self.own.picture, "no picture"
        return None, "no picture yet"

    def open_filter(self) -> None:
        """Let the user type words."""
        words = self.query_one("#filter", Input)
        words.display = True
        words.focus()

    def say(self, words: str) -> None:
        """Say what happens to the user's own robot."""
        self.query_one("#own-words", Static).update(words)
        self.query_one("#own-words").display = bool(words)

    def close_filter(self) -> bool:
        """Show every robot again; return whether some were hidden or the filter was open."""
        words = self.query_one("#filter", Input)
        if not words.display:
            return False
        words.value = ""
        words.display = False
        self.query_one(ChoiceList).focus()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter, or take another robot."""
        event.stop()
        if event.input.id == "filter":
            self._fill()
        elif event.value.strip():
            self.post_message(Answered(target=event.value.strip()))
        else:
            self.post_message(Answered(target=self.query_one(ChoiceList).chosen or next(iter(TASKS))))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go from the filter to the first robot that is left."""
        if event.input.id == "filter":
            event.stop()
            robots = self.query_one(ChoiceList)
            robots.focus()
            if not robots.chosen:
                robots.action_first()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Take the robot under the cursor."""
        event.stop()
        if event.option_id and event.option_id != self._target:
            self.post_message(Answered(target=event.option_id))
            self.post_message(Explained())

    def _fill(self) -> None:
        words = self.query_one("#filter", Input).value.lower().split()
        shown = [entry for entry in TASKS.values() if all(word in _words(entry) for word in words)]
        self.query_one(ChoiceList).fill(list(_groups(shown)), self._target)


def _groups(entries: list[TaskEntry]) -> Iterable[Group]:
    for family in dict.fromkeys(entry.family for entry in entries):
        members = [entry for entry in entries if entry.family == family]
        heading = Content.assemble((f"{family:<34}", "$accent bold"), (" obs act  tuned for", "$muted"))
        yield Group(heading, tuple(Choice(each.id, _line(each)) for each in members))
    if not entries:
        yield Group(Content.styled("no robot has all of these words; esc shows all", "$muted"), ())


def _line(entry: TaskEntry) -> Content:
    tuned = " ".join(name.upper() for name in tuned_algorithms(entry.id))
    return Content.assemble(
        f"  {entry.id:<32}", (f"{entry.observation_size:>4}{entry.action_size:>4}  {tuned or '–'}", "$muted")
    )


def _words(entry: TaskEntry) -> str:
    return f"{entry.id} {entry.family} {entry.robot} {' '.join(tuned_algorithms(entry.id))} {entry.summary}".lower()


def _own_words(target: str) -> str:
    if target.startswith("gym:"):
        return (
            f"{target.removeprefix('gym:')} of another package, through Gymnasium. Enter loads it and says its sizes."
        )
    if target.endswith(MODELS):
        return "A robot's model. Enter writes a task for it as YAML, beside it, and tries that out; no Python needed."
    if target.endswith((".yaml", ".yml")):
        return "A robot's YAML. Enter tries it out: what every task promises, a random agent, a picture."
    return "A URDF, MJCF or YAML file of a robot of your own, or gym:ENV_ID of another package."
