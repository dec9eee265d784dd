"""A world in which the app may be pressed at random: nothing real is started, and what ends or costs is counted.

Stands in for engines and child processes; commands, deletions and kills are real, on runs that only a sleeping process
holds.
"""

import contextlib
import re
import subprocess
import webbrowser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.commands import Command, Stop
from engine.protocol.events import CheckpointSaved, Event, Resumed, RunEnded, RunStarted, StatusChanged, Warned
from engine.protocol.lock import describe_process
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui import child_job, machine, robot_feed, starting, steering, twin
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.commands import task_facts
from rlrobo_tui.commands.child import ChildError
from rlrobo_tui.screens import run_control
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.typed_confirm import TypedConfirm
from rlrobo_tui.twin import Output
from tests.rlrobo_tui.app_runs import append, hold, make_run, training
from tests.rlrobo_tui.cli_calls import save_checkpoint

ROOT = Path(__file__).parents[2]
CHECKED = '{"name": "python", "verdict": "ok", "seen": "3.11", "fix": ""}'
"""What the doctor page's child says; the others take it for nothing."""


class Harmless:
    """Keeps count. What a yes allows is used up by what it was about."""

    def __init__(self, folder: Path) -> None:
        self.runs_dir = folder / "runs"
        self.wrongs: list[str] = []
        """What happened without a yes."""
        self.num_left = 0
        """How often the user left the app."""
        self._allowed: Counter[str] = Counter()
        self._sleepers: list[subprocess.Popen[bytes]] = []

    def make_runs(self) -> None:
        """Make a run of every state, and some that are damaged or far away."""
        for seed, status in enumerate((Status.RUNNING, Status.PAUSED, Status.STOPPING, Status.STARTING), start=1):
            self._begin(self._run(seed, [StatusChanged(step=500, status=status)]))
        for seed, reason in enumerate(EndReason, start=11):
            self._run(seed, [RunEnded(step=500, reason=reason, message=OUTCOMES[reason].sentence)])
        resumed = [Resumed(step=500, total_timesteps=1000, discarded_steps=20), Warned(step=500, message="[b]odd[/]")]
        self._run(21, [*resumed, StatusChanged(step=500, status=Status.RUNNING)])
        damaged = self._run(22, [])
        damaged.events.write_bytes(damaged.events.read_bytes().replace(b"metrics", b"m\xfftrics")[:-40])
        distant = self._run(23, [])
        holder = distant.lock_file.read_bytes() if distant.lock_file.exists() else b""
        assert not holder
        self._begin(distant)
        distant.lock_file.write_bytes(distant.lock_file.read_bytes().replace(b'"hostname":"', b'"hostname":"far-'))
        make_run(self.runs_dir, events=[], task="ant_walk", seed=24)
        (self.runs_dir / "20270115T080000Z-not-a-run").mkdir()

    def close(self) -> None:
        """End the processes that held runs."""
        for process in self._sleepers:
            process.kill()
            process.wait()

    def say_yes(self, question: str) -> None:
        """A question was answered with yes: allow what it is about, for as many runs as it names."""
        found = re.match(r"(\w+)(?: (\d+) runs)?", question)
        assert found is not None
        self._allowed[found[1]] += int(found[2] or 1)

    def do(self, verb: str, run: RunDir) -> None:
        """Something ends, is deleted or goes on: it must have been allowed."""
        if not self._allowed[verb]:
            self.wrongs.append(f"{verb} {run.id}: nobody said yes")
        self._allowed[verb] -= 1

    def start_engine(self, run: RunDir) -> "subprocess.Popen[bytes]":
        """Stand in for an engine: the run is held, and its events say that it trains."""
        if run.events.exists():
            self.do("Resume", run)
        sleeper = self._begin(run)
        start: list[Event] = [RunStarted(task=run.read_config().task_name, total_timesteps=1000, algorithm="ppo")]
        append(run, [*start, StatusChanged(status=Status.RUNNING)])
        return sleeper

    def start_child(self, module: str, arguments: list[str], folder: Path) -> "subprocess.Popen[str]":
        """Stand in for the children of pages: one that says something and ends."""
        return subprocess.Popen(
            ["sh", "-c", f"echo '{CHECKED}' >&2"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def run_program(self, *command: str) -> Output:
        """Stand in for commands: none of them is there."""
        return Output(1, "", "rlrobo: it is not there.")

    def _run(self, seed: int, events: list[Event]) -> RunDir:
        run = make_run(self.runs_dir, events=[*training(seed=seed), *events], seed=seed)
        save_checkpoint(run, 250, 40.0)
        save_checkpoint(run, 500, 90.0)
        append(run, [CheckpointSaved(step=500, path="checkpoints/000000500", reason="x", size_bytes=1)])
        return run

    def _begin(self, run: RunDir) -> "subprocess.Popen[bytes]":
        self._sleepers.append(subprocess.Popen(["sleep", "3600"]))
        hold(run, self._sleepers[-1].pid)
        assert describe_process(self._sleepers[-1].pid)
        return self._sleepers[-1]


@contextmanager
def harmless(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harmless]:
    """Put the stand-ins in place; files that the app offers to save land in `folder`."""
    world = Harmless(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(robot_feed, "MODULE", "tests.rlrobo_tui.fake_player")
    monkeypatch.setattr(starting, "start_engine", world.start_engine)
    monkeypatch.setattr(child_job, "start_child", world.start_child)
    monkeypatch.setattr(task_facts, "run_child", _no_child)
    for module in (twin, machine):
        monkeypatch.setattr(module, "run_program", world.run_program)
    monkeypatch.setattr(webbrowser, "open", lambda *_, **__: False)
    _count_ends(world, monkeypatch)
    with contextlib.closing(world):
        yield world


def _count_ends(world: Harmless, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell `world` of each yes, and of each thing that needs one."""
    for dialog in (Confirm, TypedConfirm):
        monkeypatch.setattr(dialog, "dismiss", _noting(world, dialog.dismiss))
    monkeypatch.setattr(steering, "send_command", _counting_stops(world, steering.send_command))
    for module, name, verb in ((steering, "kill_engine", "Kill"), (run_control, "delete", "Delete")):
        monkeypatch.setattr(module, name, _counting(world, verb, getattr(module, name)))
    for name in ("action_leave", "action_quit"):
        monkeypatch.setattr(RlroboApp, name, _counting_leaves(world, getattr(RlroboApp, name)))


def _noting(world: Harmless, dismiss: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(dialog: Any, result: object = None) -> object:
        if result is True:
            world.say_yes(dialog._question)
        return dismiss(dialog, result)

    return wrapped


def _counting(world: Harmless, verb: str, act: Callable[[RunDir], Any]) -> Callable[[RunDir], Any]:
    def wrapped(run: RunDir) -> object:
        world.do(verb, run)
        return act(run)

    return wrapped


def _counting_stops(world: Harmless, send: Callable[[Path, Command], None]) -> Callable[[Path, Command], None]:
    def wrapped(path: Path, command: Command) -> None:
        if isinstance(command, Stop):
            world.do("Stop", RunDir(path.parent))
        send(path, command)

    return wrapped


def _counting_leaves(world: Harmless, leave: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def wrapped(app: RlroboApp) -> object:
        world.num_left += 1
        return leave(app)

    return wrapped


def _no_child(*_: object, **__: object) -> str:
    raise ChildError("the process was not started.")
