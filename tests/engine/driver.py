"""Start a real engine on a real run directory and wait for what it says."""

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.launch import find_engine, kill_engine, start_engine
from engine.protocol.commands import Command, send_command
from engine.protocol.events import AnyEvent, CommandDone, Event, RunEnded
from engine.protocol.json_lines import event_reader
from engine.protocol.presets import build_config
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run

AnyKind = TypeVar("AnyKind", bound=Event)
TIMEOUT_S = 120.0

# Small rollouts, so that updates, evaluations and checkpoints come within a second of training.
QUICK = ["n_steps=64", "batch_size=64", "n_epochs=2", "num_envs=4"]


def new_run(folder: Path, *overrides: str, algorithm: str = "ppo") -> RunDir:
    """Make a run of cartpole_balance below `folder` with `key=value` overrides.

    Its robots are simulated by the engine itself, which starts sooner and computes the same.
    """
    settings = ["num_workers=1", *overrides]
    config = build_config("cartpole_balance", algorithm=algorithm, preset="sb3", overrides=settings)
    return create_run(folder, config, collect_provenance(["test"]))


class Engine:
    """A running engine and the events it has written so far."""

    def __init__(self, run: RunDir, *, auto_resume: int = 0) -> None:
        self.run = run
        self.process = start_engine(run, auto_resume=auto_resume)
        """Its supervisor, which ends when the engine does and with the engine's exit code."""
        self.seen: list[AnyEvent] = []
        self._reader = event_reader(run.events)
        self._num_given = 0

    @property
    def pid(self) -> int:
        """Process id of the engine, which must be at work."""
        holder = find_engine(self.run)
        assert holder is not None, f"no engine works: {self.log()}"
        return holder.pid

    def wait_for(self, kind: type[AnyKind], accepts: Callable[[AnyKind], bool] = lambda _: True) -> AnyKind:
        """Return the next event of this kind that is accepted; fail with the engine's output when it does not come."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            is_dead = self.process.poll() is not None and find_engine(self.run) is None
            self.seen.extend(self._reader.read_new())
            while self._num_given < len(self.seen):
                event = self.seen[self._num_given]
                self._num_given += 1
                if isinstance(event, kind) and accepts(event):
                    return event
            assert not is_dead, f"the engine ended without {kind.__name__}: {self.log()}"
            time.sleep(0.02)
        raise AssertionError(f"no {kind.__name__} within {TIMEOUT_S:.0f} s: {self.log()}")

    def order(self, command: Command) -> CommandDone:
        """Send a command and return the engine's answer."""
        send_command(self.run.commands, command)
        return self.wait_for(CommandDone, lambda event: event.command_id == command.id)

    def wait_for_end(self) -> tuple[RunEnded, int]:
        """Return the last event and the exit code."""
        ended = self.wait_for(RunEnded)
        return ended, self.process.wait(TIMEOUT_S)

    def log(self) -> str:
        """Return what the engine printed."""
        return self.run.engine_log.read_text()

    def kill(self) -> None:
        """Kill the engine if it still runs, and wait until its supervisor has told so."""
        # An engine that is too young has no lock yet by which it could be found.
        while self.process.poll() is None:
            kill_engine(self.run)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)


def wait_until(is_true: Callable[[], bool]) -> None:
    """Return as soon as `is_true` is; fail when it does not become so."""
    deadline = time.monotonic() + TIMEOUT_S
    while not is_true():
        assert time.monotonic() < deadline, f"did not happen within {TIMEOUT_S:.0f} s"
        time.sleep(0.02)


def train_to_end(run: RunDir) -> list[AnyEvent]:
    """Train `run` in a process of its own and return all its events; the exit code must be 0."""
    engine = Engine(run)
    try:
        ended, code = engine.wait_for_end()
    finally:
        engine.kill()
    assert code == 0, f"{ended.message}\n{engine.log()}"
    return engine.seen


def run_module(*arguments: str, timeout_s: float = TIMEOUT_S) -> "subprocess.CompletedProcess[str]":
    """Run `python -m …` and return what it printed."""
    import sys

    return subprocess.run(
        [sys.executable, "-m", *arguments], capture_output=True, text=True, timeout=timeout_s, check=False
    )
