"""What the steps of the form for a new run have in common: they show one state and report changes of answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError
from engine.protocol.settings import read_settings
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.task_facts import registered_facts
from rlrobo_tui.machine import Machine
from rlrobo_tui.robot_pictures import Picture
from rlrobo_tui.run_form import FIELDS, Answers, Problem, judge
from rlrobo_tui.run_settings import Setting, settings_of
from rlrobo_tui.widgets.form_field import FormField
from robots.errors import RobotError


@dataclass(frozen=True, kw_only=True)
class FormState:
    """Everything that the form shows."""

    answers: Answers
    config: RunConfig
    """What they mean; while they mean nothing, what they meant last."""
    problem: Problem | None = None
    """Why they mean nothing."""
    facts: TaskFacts | None = None
    """What is known of the task."""
    machine: Machine | None = None
    """What was seen of this machine."""


def judged(answers: Answers, before: FormState) -> FormState:
    """Return the state with these answers; where they mean nothing, with what was meant before."""
    found = judge(answers, read_settings())
    if isinstance(found, Problem):
        return replace(before, answers=answers, problem=found)
    return replace(before, answers=answers, config=found, problem=None, facts=_facts(found))


class Answered(Message):
    """The user changed some answers; `changes` are fields of Answers."""

    def __init__(self, **changes: object) -> None:
        super().__init__()
        self.changes = changes


class Explained(Message):
    """Something else is to be explained beside the step."""


class FormStep(Vertical):
    """One step."""

    TITLE = ""
    ANSWERS: tuple[str, ...] = ()
    """Fields of Answers that are asked for here."""

    def show(self, state: FormState) -> None:
        """Show a state; the fields keep what is typed in them."""
        for each in self.query(FormField):
            each.fill(getattr(state.answers, each.field))
            is_wrong = state.problem is not None and state.problem.field == each.field
            each.say(state.problem.sentence if is_wrong and state.problem else "")

    def explain(self, state: FormState) -> tuple[str, Content]:
        """Return a title and a page about what is under the cursor."""
        raise NotImplementedError

    def picture(self, state: FormState) -> tuple[Picture | None, str] | None:
        """Return the picture for the page and the words in its place; None where none belongs."""
        return None

    def setting_in_focus(self, state: FormState) -> Setting | None:
        """Return the setting that the field under the cursor stands for."""
        key = next((key for name, (key, _) in FIELDS.items() for each in self.query(f"#{name}") if each.has_focus), "")
        return next((each for each in settings_of(state.answers.algorithm) if each.key == key), None)

    def on_descendant_focus(self) -> None:
        """Explain what is in focus now."""
        self.post_message(Explained())

    @property
    def fields(self) -> list[Widget]:
        """What can be focused, in order."""
        found = self.query("ChoiceList, Input, Button").results(Widget)
        return [each for each in found if each.focusable and self._has_in_sight(each)]

    def _has_in_sight(self, widget: Widget) -> bool:
        """Whether neither a widget nor what it lies in is hidden."""
        return all(each.display for each in widget.ancestors_with_self if self in each.ancestors)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Report what is typed."""
        if event.input.id in self.ANSWERS:
            event.stop()
            self.post_message(Answered(**{event.input.id: event.value.strip()}))


def _facts(config: RunConfig) -> TaskFacts | None:
    """Return what the registry knows of the task; None where a child has to load it."""
    try:
        return registered_facts(config)
    except (RlroboError, RobotError):
        return None
