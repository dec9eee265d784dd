"""Call the command line as a user does, in this process or in one of its own, and make runs to call it on."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from engine.protocol.checkpoints import POLICY, EvaluationResult, Manifest, new_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.events import EvaluationDone, Event, Metrics, RunEnded, RunStarted, StatusChanged
from engine.protocol.json_lines import EventWriter
from engine.protocol.provenance import Provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui.cli import main

PATIENCE_S = 60.0
NOWHERE = Provenance(
    command=["rlrobo"],
    working_directory="/",
    commit=None,
    is_dirty=None,
    python="3.11",
    versions={},
    platform="",
    processor="",
    num_cpus=1,
    memory_bytes=1,
)


@dataclass(frozen=True)
class Result:
    """What a call left behind."""

    exit_code: int
    stdout: str
    stderr: str


class Cli:
    """The command line in this process, with a runs folder of its own."""

    def __init__(self, runs_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.runs_dir = runs_dir
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Result:
        """Run `rlrobo` with `arguments`."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main(list(arguments))
        captured = self._capsys.readouterr()
        return Result(int(exit_info.value.code or 0), captured.out, captured.err)

    def make_run(self, *events: Event, seed: int = 1) -> RunDir:
        """Make a run of cartpole_balance that has `events`."""
        config = RunConfig(task="cartpole_balance", total_timesteps=1000, seed=seed)
        run = create_run(self.runs_dir, config, NOWHERE, clock=lambda: 1_800_000_000.0)
        if events:
            writer = EventWriter(run.events, clock=lambda: 1_800_000_000.0)
            for event in events:
                writer.write(event)
            writer.close()
        return run

    def make_finished_run(self, reason: EndReason = EndReason.COMPLETED) -> RunDir:
        """Make a run that ended for `reason` after rising returns 0, 100 and 200 and one evaluation of 150."""
        started = RunStarted(task="cartpole_balance", algorithm="ppo", seed=1, total_timesteps=1000)
        metrics = [Metrics(step=step, values={"rollout/ep_rew_mean": step * 0.2}) for step in (0, 500, 1000)]
        evaluation = EvaluationDone(
            step=1000, episodes=4, return_mean=150.0, is_best=True, best_return_mean=150.0, best_step=1000
        )
        end = RunEnded(step=1000, reason=reason, message=OUTCOMES[reason].sentence)
        return self.make_run(started, StatusChanged(status=Status.RUNNING), *metrics, evaluation, end)


def save_checkpoint(run: RunDir, step: int, return_mean: float | None = None) -> None:
    """Save a checkpoint without content that anybody could train from."""
    result = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=1.0, episodes=4)
    manifest = Manifest(
        step=step,
        algorithm="ppo",
        task="cartpole_balance",
        reason="periodic",
        saved_at=1.0,
        files={},
        evaluation=result,
    )
    with new_checkpoint(run.checkpoints, manifest) as folder:
        (folder / POLICY).write_bytes(b"policy of step %d" % step)


class FakeEngines:
    """Stands in for `start_engine`: notes what was asked for and writes the events of an engine that completes."""

    def __init__(self) -> None:
        self.started: list[tuple[RunDir, dict[str, int | None]]] = []
        self.events: tuple[Event, ...] = (
            StatusChanged(status=Status.STARTING),
            RunEnded(step=2000, message="All timesteps are trained."),
        )

    def __call__(self, run: RunDir, **options: int | None) -> "subprocess.Popen[bytes]":
        """Start nothing, end at once."""
        self.started.append((run, {name: value for name, value in options.items() if value}))
        writer = EventWriter(run.events, clock=lambda: 1_800_000_100.0)
        for event in self.events:
            writer.write(event)
        writer.close()
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process


def start_process(runs_dir: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """Start `rlrobo` as a process of its own."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("RLROBO_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from rlrobo_tui.cli import main; main()", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "RLROBO_RUNS_DIR": str(runs_dir), **environment},
    )


def call_process(runs_dir: Path, *arguments: str, **environment: str) -> Result:
    """Run `rlrobo` as a process of its own until it ends."""
    with start_process(runs_dir, *arguments, **environment) as process:
        stdout, stderr = process.communicate(timeout=120)
        return Result(process.returncode, stdout, stderr)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie: one that nobody waits for is one until its new parent does."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until_ended(pid: int) -> None:
    """Wait until a process, which may be nobody's child here, has ended."""
    end = time.monotonic() + PATIENCE_S
    while not has_ended(pid):
        assert time.monotonic() < end, f"process {pid} still lives"
        time.sleep(0.02)
