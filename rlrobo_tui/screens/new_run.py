"""The form for a new run: four short steps, each checked at once by the configuration itself.

What the user answers is in the app's memory, so that other pages can be visited meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, VerticalScroll
from textual.widgets import ContentSwitcher, Input, Static

from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError
from engine.protocol.settings import read_settings
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.machine import look
from rlrobo_tui.memory import NewRunMemory
from rlrobo_tui.own_robot import describe, examine
from rlrobo_tui.preflight import preflight
from rlrobo_tui.run_card import card, headline
from rlrobo_tui.run_form import (
    Answers,
    answers_like,
    changed,
    command_line,
    first_answers,
    resolve_answers,
    spot_request,
)
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.links import Train, TrainOnSpot
from rlrobo_tui.screens.stepped import SteppedPage
from rlrobo_tui.widgets.algorithm_step import AlgorithmStep
from rlrobo_tui.widgets.beside import Beside
from rlrobo_tui.widgets.form_step import Answered, Explained, FormState, judged
from rlrobo_tui.widgets.hardware_step import HardwareStep
from rlrobo_tui.widgets.key_bar import KeyBar
from rlrobo_tui.widgets.review_step import ReviewStep
from rlrobo_tui.widgets.robot_step import RobotStep
from rlrobo_tui.widgets.step_bar import StepBar
from robots.errors import RobotError

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp


class NewRunScreen(SteppedPage):
    """A step, what is under the cursor explained beside it (or below), and the run as it stands."""

    BINDINGS = bindings_of("new")
    SCOPE = "new"
    STEPS: ClassVar = {"robot": RobotStep, "algorithm": AlgorithmStep, "hardware": HardwareStep, "review": ReviewStep}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-xwide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (22, "-short"), (32, "-tall")]  # noqa: RUF012

    def __init__(self, memory: NewRunMemory) -> None:
        super().__init__()
        answers = memory.answers or first_answers()
        self._untouched = memory.untouched or answers
        self.present = memory.step if memory.step in self.STEPS else "robot"
        blank = FormState(answers=answers, config=resolve_answers(first_answers(), read_settings()))
        self._state = judged(answers, blank)

    @classmethod
    def open(cls, app: RlroboApp) -> NewRunScreen:
        """Return the page, with what the user left in it."""
        return cls(app.memory.new)

    @property
    def answers(self) -> Answers:
        """What the fields hold."""
        return self._state.answers

    @property
    def config(self) -> RunConfig | None:
        """The configuration that the form describes; None while it describes none."""
        return None if self._state.problem else self._state.config

    @property
    def command(self) -> str:
        """What would train the same."""
        return command_line(self.answers)

    @property
    def is_choosing_robot(self) -> bool:
        """Whether the list of robots is in sight."""
        return self.present == "robot"

    @property
    def is_choosing_algorithm(self) -> bool:
        """Whether the list of presets is in sight."""
        return self.present == "algorithm"

    @property
    def may_measure(self) -> bool:
        """Whether the task can be measured here and now."""
        return self.present == "hardware" and self.query_one(HardwareStep).may_measure(self._state)

    @property
    def has_run(self) -> bool:
        """Whether there is a run to take answers from."""
        return self.rlrobo.current is not None

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        yield StepBar(id="title")
        yield Static(id="headline")
        with Horizontal(id="columns"):
            yield ContentSwitcher(id="step")
            with Container(id="right"):
                yield Beside(id="beside")
                with VerticalScroll(id="card", can_focus=False) as panel:
                    panel.border_title = "this will run"
                    yield Static(id="card-text")
        yield Static(id="error", markup=False)
        yield KeyBar()

    async def on_mount(self) -> None:
        """Show what was answered before."""
        await self.enter(self.present)

    def entered(self) -> None:
        """Show the step, and look at the machine for it."""
        self._show()
        self._remember()
        self._look()

    # ---- what the steps and the app say ----

    def on_answered(self, message: Answered) -> None:
        """Take an answer."""
        message.stop()
        self._take(changed(self.answers, message.changes))

    def on_explained(self, message: Explained) -> None:
        """Explain what is under the cursor now."""
        message.stop()
        self._explain()

    async def on_option_list_option_selected(self) -> None:
        """Go on: what is under the cursor is chosen already."""
        await self.action_next_step()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try one's own robot out; elsewhere go on to the next field."""
        if event.input.id == "own" and event.value.strip():
            self._examine(event.value.strip())
        else:
            await self.action_next_field()

    async def on_review_step_accepted(self) -> None:
        """Train."""
        await self.action_launch()

    def show_error(self, text: str) -> None:
        """Say why nothing was started."""
        error = self.query_one("#error", Static)
        error.update(f"✗ {text}" if text else "")
        error.display = bool(text)

    # ---- actions ----

    async def action_launch(self) -> None:
        """Hand the configuration to the app; without a valid one, go to what is wrong."""
        if self._state.problem is not None:
            self.notify("Mend what the form says first.", severity="warning")
            await self.enter(self._wrong_step())
            return
        spot = spot_request(self.answers)
        if spot is None:
            self._launch(Train(self._state.config, self.command))
            return
        consequence = (
            "AWS is asked for prices and quotas, then an instance is launched, which costs money from then on. "
            f"It ends by itself after {spot.limits} at the latest."
        )
        message = TrainOnSpot(self.command)
        question = Confirm("Rent a machine for this run?", consequence=consequence, verb="Rent")
        self.app.push_screen(question, lambda is_yes: self._launch(message) if is_yes else None)

    def action_filter(self) -> None:
        """Filter the robots."""
        self.query_one(RobotStep).open_filter()

    def action_settings(self) -> None:
        """Show or hide the other settings."""
        self.query_one(AlgorithmStep).toggle()

    @work(exclusive=True, group="measure")
    async def action_measure(self) -> None:
        """Measure the task."""
        step = self.query_one(HardwareStep)
        await step.measure(self._state)
        step.show(self._state)
        self.refresh_bindings()

    @work(thread=True, exclusive=True, group="like")
    def action_like(self) -> None:
        """Take the answers of the run that the user looked at last."""
        run = self.rlrobo.current
        if run is None:
            return
        try:
            answers = answers_like(run)
        except (RlroboError, OSError) as err:
            self.app.call_from_thread(self.notify, str(err), severity="error", markup=False)
            return
        self.app.call_from_thread(self._fill_in, answers, run.id)

    def action_cancel(self) -> None:
        """Leave the form; where something was changed, ask first."""
        if any(step.close_filter() for step in self.query(RobotStep)):
            return
        if self.answers == self._untouched:
            self._leave(True)
            return
        consequence = "What you changed in it is forgotten. Another page, such as 1, keeps it."
        self.app.push_screen(Confirm("Leave the form?", consequence=consequence, verb="Leave"), self._leave)

    # ---- the rest ----

    def _launch(self, message: Train | TrainOnSpot) -> None:
        """Hand the run to the app; another one begins at the beginning."""
        self._untouched = self.answers
        self._remember()
        self.rlrobo.memory.new.step = next(iter(self.STEPS))
        self.show_error("")
        self.post_message(message)

    def _leave(self, must_leave: bool | None) -> None:
        if must_leave:
            self.rlrobo.memory.new = NewRunMemory()
            self.app.pop_screen()

    def _fill_in(self, answers: Answers, run_id: str) -> None:
        if self.is_attached:  # the form may have been left meanwhile
            self._take_and_fill(answers)
            self.notify(f"Filled in like {run_id}.", markup=False)

    def _remember(self) -> None:
        remembered = NewRunMemory(answers=self.answers, untouched=self._untouched, step=self.present)
        self.rlrobo.memory.new = remembered

    def _take(self, answers: Answers) -> None:
        self._state = judged(answers, self._state)
        self.show_error("")
        self._show()
        self._remember()
        if self.present == "review":
            self._look()

    def _take_and_fill(self, answers: Answers) -> None:
        """Take answers that were not typed; the field in focus shows them, too."""
        focused = self.focused
        self.set_focus(None)
        self._take(answers)
        self.set_focus(focused)

    def _show(self) -> None:
        state = self._state
        self.step.show(state)
        titles = {name: step.TITLE for name, step in self.STEPS.items()}
        self.query_one(StepBar).show("New run", titles, present=self.present, wrong=self._wrong_step())
        self.query_one("#headline", Static).update(headline(state.config, state.answers))
        self.query_one("#card-text", Static).update(card(state.config, state.answers, state.facts, state.machine))
        for name in ("#headline", "#card"):
            self.query_one(name).set_class(state.problem is not None, "-stale")
        self._explain()

    def _explain(self) -> None:
        self.query_one(Beside).show(*self.step.explain(self._state), self.step.picture(self._state))

    def _wrong_step(self) -> str:
        """Return the step that has the field with the problem; empty where there is none."""
        problem = self._state.problem
        if problem is None:
            return ""
        return next((name for name, step in self.STEPS.items() if problem.field in step.ANSWERS), "algorithm")

    @work(exclusive=True, group="examine")
    async def _examine(self, target: str) -> None:
        """Try the user's own robot out and take it."""
        step = self.query_one(RobotStep)
        step.say(f"trying {target} out …")
        try:
            step.own = await examine(target)
        except (RlroboError, RobotError, OSError) as err:
            step.say(f"✗ {err}")
            return
        step.say("")
        self._take_and_fill(changed(self.answers, {"target": step.own.source}))

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Look at this machine and, in the last step, at everything else."""
        machine = await look(self.rlrobo.runs_dir)
        self._state = replace(self._state, machine=machine)
        self._show()
        if self.present == "review" and self._state.problem is None:
            review = self.query_one(ReviewStep)
            if self._state.facts is None:
                review.say("loading the task to learn its sizes …")
                try:
                    self._state = replace(self._state, facts=await describe(self._state.config))
                except (RlroboError, OSError) as err:
                    review.say(f"✗ {err}")
                    return
                self._show()
            state = self._state
            assert state.facts is not None
            spot = spot_request(state.answers)
            checks = await asyncio.to_thread(preflight, state.config, state.facts, machine, self.rlrobo.runs_dir, spot)
            review.show_checks(checks)
