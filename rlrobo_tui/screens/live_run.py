"""The keys of the live page that steer the run's engine: each writes a command, after a question where it ends one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual import work
from textual.message import Message
from textual.screen import ModalScreen

from engine.protocol.commands import Command, Pause, Resume, SaveCheckpoint, Stop
from engine.protocol.errors import RlroboError, StorageError
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from rlrobo_tui.child_job import ChildJob, Order
from rlrobo_tui.quantities import count
from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.links import GoOn
from rlrobo_tui.screens.page import Page
from rlrobo_tui.screens.typed_confirm import TypedConfirm
from rlrobo_tui.steering import give, kill


class RunKeys(Page[None]):
    """Mix-in for the live page."""

    class ReportOver(Message):
        """A report is written, or it could not be."""

        def __init__(self, path: Path, error: RlroboError | None) -> None:
            super().__init__()
            self.path, self.error = path, error

    def __init__(self, run: RunDir) -> None:
        super().__init__()
        self.run_dir = run
        self.view = RunView(run_id=run.id)
        self.early_death = ""
        """The sentence for an engine that died before it wrote an event; the app knows, which started it."""
        self.pending = ""
        """A command that was sent and not answered yet, such as `pausing`."""
        self._report: ChildJob | None = None

    def draw(self) -> None:
        """Bring every part of the page up to date."""
        raise NotImplementedError

    @property
    def has_engine(self) -> bool:
        """Whether there is an engine that may answer."""
        return not (self.view.status.is_over or self.early_death)

    @property
    def is_paused(self) -> bool:
        """Whether training is held."""
        return self.has_engine and self.view.status is Status.PAUSED

    @property
    def may_pause(self) -> bool:
        """Whether there is training to be held."""
        return self.has_engine and self.view.status is not Status.PAUSED

    @property
    def may_go_on(self) -> bool:
        """Whether a new engine could go on."""
        return self.view.may_go_on

    def action_pause(self) -> None:
        """Hold training."""
        self._send(Pause(), "pausing")

    def action_resume(self) -> None:
        """Go on."""
        self._send(Resume(), "resuming")

    def action_checkpoint(self) -> None:
        """Save a checkpoint."""
        self._send(SaveCheckpoint(), "saving a checkpoint")

    def action_stop(self) -> None:
        """Ask, then stop."""
        consequence = "It saves a checkpoint and ends. A stopped run does not go on by itself."
        question = Confirm(f"Stop {self.run_dir.id}?", consequence=consequence, verb="Stop")
        self._ask(question, lambda: self._send(Stop(), "stopping"))

    def action_kill(self) -> None:
        """Ask for the run's name, then kill its engine."""
        saved = self.view.checkpoints
        lost = self.view.step - (saved[-1].step if saved else 0)
        consequence = f"It saves nothing: {count(lost)} timesteps are lost. s stops a run that answers, and loses none."
        name = self.run_dir.id.partition("-")[2] or self.run_dir.id
        question = TypedConfirm(f"Kill the engine of {self.run_dir.id}?", consequence=consequence, word=name)
        self._ask(question, self._kill)

    def action_go_on(self) -> None:
        """Ask, then let a new engine go on with the run."""
        saved = self.view.checkpoints
        begin = (
            f"from its checkpoint at {count(saved[-1].step)}" if saved else "at the beginning: it saved no checkpoint"
        )
        consequence = f"A new engine goes on {begin}."
        self._ask(Confirm(f"Resume {self.run_dir.id}?", consequence=consequence, verb="Resume"), self._go_on)

    def action_report(self) -> None:
        """Save the run as a page that can be sent to somebody."""
        if self._report is not None:
            return
        path = self.run_dir.path / "report.html"
        arguments = [str(self.run_dir.path), str(path)]
        order = Order(module="rlrobo_tui.report.save", arguments=arguments, folder=self.run_dir.path)
        self._report = ChildJob(
            order, listen=lambda _: None, over=lambda error: self.post_message(self.ReportOver(path, error))
        )
        self.notify("The report is being written.")

    def on_run_keys_report_over(self, message: ReportOver) -> None:
        """Say where the report is, or why there is none."""
        self._report = None
        if message.error is None:
            self.notify(str(message.path), title="Report saved", timeout=20, markup=False)
        else:
            self.notify(str(message.error), title="No report", severity="error", timeout=20, markup=False)

    def stop_report(self) -> None:
        """Write no report any more; what is written whole stays."""
        if self._report is not None:
            self._report.stop()

    def _ask(self, question: ModalScreen[bool], act: Callable[[], object]) -> None:
        def answer(is_yes: bool | None) -> None:
            if is_yes:
                act()

        self.app.push_screen(question, answer)

    def _go_on(self) -> None:
        self.early_death, self.pending = "", "resuming"
        self.draw()
        self.post_message(GoOn(self.run_dir, seen_until=self.view.updated_at))

    @work(thread=True, exclusive=True, group="kill")
    def _kill(self) -> None:
        try:
            words = "" if kill(self.run_dir) else "No engine of this run is on this machine; nothing was killed."
        except StorageError as err:
            words = str(err)
        if words:
            self.app.call_from_thread(self.notify, words, severity="warning", markup=False)

    def _send(self, command: Command, pending: str) -> None:
        try:
            give(self.run_dir, command)
        except StorageError as err:
            self.notify(str(err), severity="error", markup=False)
            return
        self.pending = pending
        self.draw()
