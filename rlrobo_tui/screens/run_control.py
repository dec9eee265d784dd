"""The keys of the list of runs that steer engines and delete runs: of the marked ones, else of the selected one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from textual import work

from engine.protocol.commands import Command, Pause, Resume, Stop
from engine.protocol.errors import RlroboError, StorageError
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary
from rlrobo_tui.quantities import count_of
from rlrobo_tui.run_list import short_name, subject_of
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.links import GoOn
from rlrobo_tui.screens.page import Page
from rlrobo_tui.screens.typed_confirm import TypedConfirm
from rlrobo_tui.steering import give
from rlrobo_tui.trash import FOLDER, delete, size_of, undelete


class RunControl(Page[None]):
    """What the list adds its targets to."""

    def __init__(self) -> None:
        super().__init__()
        self._deleted: list[RunDir] = []
        """In the trash, those that were deleted last together."""

    @property
    def targets(self) -> Sequence[RunSummary]:
        """The runs that a key is about."""
        raise NotImplementedError

    def reread(self) -> None:
        """Read the folder again."""
        raise NotImplementedError

    @property
    def has_active(self) -> bool:
        """Whether there is an engine to steer."""
        return any(not run.status.is_over for run in self.targets)

    @property
    def may_pause(self) -> bool:
        """Whether there is training to be held."""
        return any(_may_pause(run) for run in self.targets)

    @property
    def may_resume(self) -> bool:
        """Whether there is a paused run, and none that could be paused with the same key."""
        return not self.may_pause and any(run.status is Status.PAUSED for run in self.targets)

    @property
    def may_go_on(self) -> bool:
        """Whether a new engine could go on with the run that is meant."""
        return len(self.targets) == 1 and _ended_early(self.targets[0])

    @property
    def may_delete(self) -> bool:
        """Whether there is a run that ended."""
        return any(run.status.is_over for run in self.targets)

    @property
    def may_undelete(self) -> bool:
        """Whether something was deleted."""
        return bool(self._deleted)

    def action_pause(self) -> None:
        """Hold training."""
        self._send(Pause, [run for run in self.targets if _may_pause(run)], "Pausing")

    def action_resume(self) -> None:
        """Go on."""
        self._send(Resume, [run for run in self.targets if run.status is Status.PAUSED], "Resuming")

    def action_stop(self) -> None:
        """Ask, then stop."""
        runs = [run for run in self.targets if not run.status.is_over]
        if not runs:  # the palette offered it, and they ended meanwhile
            return

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                self._send(Stop, runs, "Stopping")

        consequence = "It saves a checkpoint and ends. A stopped run does not go on by itself."
        if len(runs) > 1:
            consequence = f"{_names(runs)}\nEach saves a checkpoint and ends. A stopped run does not go on by itself."
        self.app.push_screen(Confirm(f"Stop {subject_of(runs)}?", consequence=consequence, verb="Stop"), answer)

    def action_go_on(self) -> None:
        """Ask, then let a new engine go on with the run."""
        run = self.targets[0]

        def answer(is_yes: bool | None) -> None:
            if is_yes:
                self.post_message(GoOn(_dir(run), seen_until=run.updated_at))
                self.notify(f"Resuming {run.id}.", markup=False)

        consequence = "A new engine goes on from its last checkpoint; without one, at the beginning."
        self.app.push_screen(Confirm(f"Resume {run.id}?", consequence=consequence, verb="Resume"), answer)

    def action_delete(self) -> None:
        """Ask for a word, then move runs to the trash."""
        runs = [run for run in self.targets if run.status.is_over]
        if runs:
            self._ask_to_delete(runs)

    @work(exclusive=True, group="delete")
    async def _ask_to_delete(self, runs: Sequence[RunSummary]) -> None:
        megabytes = await asyncio.to_thread(lambda: sum(size_of(_dir(run)) for run in runs)) / 1e6
        folder = _dir(runs[0]).path.parent / FOLDER
        names = f"{_names(runs)}\n" if len(runs) > 1 else ""
        they = "They move" if len(runs) > 1 else "It moves"
        dialog = TypedConfirm(
            f"Delete {subject_of(runs)}?",
            consequence=f"{names}{they} to {folder}; u brings back what was deleted last.\n"
            f"The disk has its {megabytes:,.1f} MB again when you empty that folder.",
            word=short_name(runs[0]) if len(runs) == 1 else str(len(runs)),
        )
        # Not `push_screen_wait`: it does what the app has still to do, such as to close this page, in this worker, and
        # ends with it, which takes the page's message loop along.
        self.app.push_screen(dialog, lambda is_yes: self._delete(runs) if is_yes else None)

    def action_undelete(self) -> None:
        """Bring back what was deleted last."""
        try:
            for run in list(self._deleted):
                undelete(run)
                self._deleted.remove(run)
        except StorageError as err:
            self.notify(str(err), severity="error", markup=False)
        self.refresh_bindings()
        self.reread()

    def _delete(self, runs: Sequence[RunSummary]) -> None:
        self._deleted = []
        for run in runs:
            try:
                self._deleted.append(delete(_dir(run)))
                if run.id in self.rlrobo.memory.marks:
                    self.rlrobo.memory.marks.remove(run.id)
            except RlroboError as err:
                self.notify(str(err), severity="error", markup=False)
        if self._deleted:
            self.notify(f"{count_of(len(self._deleted), 'run')} deleted; u brings back.", markup=False)
        self.refresh_bindings()
        self.reread()

    def _send(self, kind: type[Command], runs: Sequence[RunSummary], words: str) -> None:
        try:
            for run in runs:
                give(_dir(run), kind())
        except StorageError as err:
            self.notify(str(err), severity="error", markup=False)
            return
        self.notify(f"{words} {subject_of(runs)}.", markup=False)


def _may_pause(run: RunSummary) -> bool:
    return not run.status.is_over and run.status is not Status.PAUSED


def _ended_early(run: RunSummary) -> bool:
    return run.status in (Status.STOPPED, Status.FAILED) and run.place == "here"


def _dir(run: RunSummary) -> RunDir:
    return RunDir(Path(run.dir))


def _names(runs: Sequence[RunSummary], *, most: int = 6) -> str:
    """Return the short names, of many only the first."""
    more = f" and {len(runs) - most} more" if len(runs) > most else ""
    return ", ".join(short_name(run) for run in runs[:most]) + more
