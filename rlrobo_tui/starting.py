"""How the app starts engines, and notices those that died before they could say so."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from textual import work
from textual.app import App

from cloud.attach import ensure_link, unfollowed
from engine.launch import start_engine
from engine.protocol.config import RunConfig
from engine.protocol.disk import check_space
from engine.protocol.errors import RlroboError, StorageError
from engine.protocol.presets import build_config
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.task_facts import facts_for
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.screens.links import GoOn, Train, TrainOnSpot
from rlrobo_tui.twin import run_command
from robots.errors import RobotError

DEMO_TASK = "cartpole_balance"
RENTING_S = 300.0
"""Chosen: AWS answers sooner; what says that it is asked goes then."""


class StartedEngine(NamedTuple):
    """An engine that this app started."""

    process: subprocess.Popen[bytes]
    seen_until: float | None
    """Time of the run's last event before it; None where there was none."""


class StartingRuns(App[None]):
    """Mix-in for the app: starts what pages ask for, in a thread."""

    runs_dir: Path

    def __init__(self) -> None:
        super().__init__()
        self._engines: dict[Path, StartedEngine] = {}
        self._is_renting = False

    def watch_new(self, run: RunDir) -> None:
        """Show a run that was just started."""
        raise NotImplementedError

    def say_not_started(self, reason: str) -> None:
        """Tell the user why nothing was started."""
        raise NotImplementedError

    def early_death(self, run: RunDir, *, updated_at: float | None) -> str:
        """Return a sentence where this app started the run's engine and it died before it wrote an event."""
        started = self._engines.get(run.path)
        if started is None or started.process.poll() is None or updated_at != started.seen_until:
            return ""
        return f"The engine ended before its first event (exit code {started.process.returncode})."

    def on_train_demo(self) -> None:
        """Train the demo."""
        try:
            config = build_config(DEMO_TASK)
        except RlroboError as err:
            self.say_not_started(str(err))
            return
        self._train(config, ["rlrobo", "train", DEMO_TASK])

    def on_train(self, message: Train) -> None:
        """Train what the form describes."""
        self._train(message.config, shlex.split(message.command))

    def on_train_on_spot(self, message: TrainOnSpot) -> None:
        """Rent a machine for what the form describes, unless one is being rented: each costs."""
        if self._is_renting:
            self.notify("AWS is still being asked for the run before.", severity="warning")
            return
        self._is_renting = True
        self.notify("Asking AWS for prices and quotas …", timeout=RENTING_S)
        self._rent(shlex.split(message.command))

    def on_go_on(self, message: GoOn) -> None:
        """Start a new engine for a run."""
        self._go_on(message.run, message.seen_until)

    @work(thread=True, exclusive=True, group="cloud", exit_on_error=False)
    def follow_cloud_runs(self) -> None:
        """Follow again what goes on in the cloud while nothing here follows it: its next attempt may wait for that."""
        for run in unfollowed(self.runs_dir):
            try:
                ensure_link(run)
            except StorageError as err:
                self.call_from_thread(self.notify, str(err), severity="error", markup=False)
                return
            self.call_from_thread(self.notify, f"{run.id} is followed from here again.", markup=False)

    @work(thread=True, exclusive=True, group="train")
    def _train(self, config: RunConfig, command: Sequence[str]) -> None:
        from rlrobo_tui.commands.packing import make_run  # reads models of robots, which the first page needs not

        try:
            facts = facts_for(config)
            check_space(self.runs_dir, size_of(config, facts))
            run = make_run(self.runs_dir, config, facts, list(command))
            process = start_engine(run)
        except (RlroboError, RobotError, OSError) as err:
            self.call_from_thread(self.say_not_started, str(err))
            return
        self._engines[run.path] = StartedEngine(process, None)
        self.call_from_thread(self.watch_new, run)

    @work(group="rent")
    async def _rent(self, command: Sequence[str]) -> None:
        """Let the command line do it: boto3, which it needs, takes a second to import and the app does without."""
        try:
            output = await run_command(*command[1:], "--detach", "--json")
        except OSError as err:
            self.say_not_started(str(err))
            return
        finally:
            self._is_renting = False
        self.clear_notifications()
        if output.code:
            self.say_not_started(output.last_words)
        else:
            self.watch_new(RunDir(Path(json.loads(output.stdout.splitlines()[-1])["dir"])))

    @work(thread=True, exclusive=True, group="train")
    def _go_on(self, run: RunDir, seen_until: float | None) -> None:
        try:
            process = start_engine(run)
        except (RlroboError, OSError) as err:
            self.call_from_thread(self.say_not_started, str(err))
            return
        self._engines[run.path] = StartedEngine(process, seen_until)
