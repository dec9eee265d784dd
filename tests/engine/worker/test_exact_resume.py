"""A run that was killed and resumed is the run that was never interrupted, bit by bit."""

import hashlib
import io
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import torch

from engine.protocol.checkpoints import POLICY, Checkpoint, find_checkpoint, list_checkpoints, verify
from engine.protocol.crash_points import VARIABLE
from engine.protocol.events import Resumed, RunEnded, Warned
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from rlrobo_tui.run_view import RunView
from tests.engine.driver import new_run

TIMEOUT_S = 300
OFF_POLICY = [
    "num_envs=2", "learning_starts=200", "train_freq=4", "gradient_steps=2", "batch_size=64",
    "policy_kwargs.net_arch=[32,32]", "buffer_size=900",  # so that the replay buffer wraps around
]  # fmt: skip
SETTINGS = {
    "ppo": [
        "num_envs=4",
        "num_workers=2",
        "n_steps=64",
        "batch_size=64",
        "n_epochs=2",
        "learning_rate={start: 1e-3}",
        "use_sde=true",
    ],
    "a2c": ["num_envs=4", "n_steps=8"],
    "sac": [*OFF_POLICY, "normalization.observations=true", "use_sde=true"],
    "td3": [*OFF_POLICY, "action_noise_std=0.2", "n_steps=3"],
}
SCHEDULE = [
    "total_timesteps=3000", "checkpoints.every_timesteps=300", "evaluation.every_timesteps=700",
    "evaluation.episodes=2",
]  # fmt: skip
SLOW = pytest.mark.slow
CRASHES = ("checkpoint-begun:2", "checkpoint-filled:2", "checkpoint-synced:3", "checkpoint-renamed:2")


def make(folder: Path, algorithm: str) -> RunDir:
    return new_run(folder, *SETTINGS[algorithm], *SCHEDULE, algorithm=algorithm)


def run_engine(run: RunDir, *, kill_after_s: float | None = None, crash_at: str = "") -> int:
    """Run an engine until it ends, dies at a crash point, or is killed so long after its next checkpoint."""
    environment = {**os.environ, VARIABLE: crash_at}
    with run.engine_log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", str(run.path)], stdout=log, stderr=log, env=environment
        )
    try:
        if kill_after_s is not None:
            _wait_for_next_checkpoint(run, process)
            time.sleep(kill_after_s)
            process.kill()
        return process.wait(TIMEOUT_S)
    finally:
        process.kill()
        process.wait()


def _wait_for_next_checkpoint(run: RunDir, process: "subprocess.Popen[bytes]") -> None:
    before, deadline = len(list_checkpoints(run.checkpoints)), time.monotonic() + TIMEOUT_S
    while process.poll() is None and len(list_checkpoints(run.checkpoints)) == before and time.monotonic() < deadline:
        time.sleep(0.005)


def digest(checkpoint: Checkpoint) -> str:
    """Return the sha256 over the policy's parameters."""
    content = zipfile.ZipFile(checkpoint.path / POLICY).read("policy.pth")
    parameters = torch.load(io.BytesIO(content), weights_only=True)
    hasher = hashlib.sha256()
    for name in sorted(parameters):
        hasher.update(parameters[name].numpy().tobytes())
    return hasher.hexdigest()


def final_digest(run: RunDir) -> tuple[int, str]:
    checkpoint = find_checkpoint(run.checkpoints, "latest")
    return checkpoint.step, digest(checkpoint)


def evaluations(run: RunDir) -> list[tuple[int, float, bool, int]]:
    """Return step, result, whether it was the best so far and which was, of those that count at the end."""
    view = RunView()
    view.fold(event_reader(run.events).read_new())
    return [(event.step, event.return_mean, event.is_best, event.best_step) for event in view.evaluations]


def resumptions(run: RunDir) -> list[Resumed]:
    return [event for event in event_reader(run.events).read_new() if isinstance(event, Resumed)]


# The marked ones take three times as long; .ci/run calls them by name.
@SLOW
@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "sac", "td3"])
def test_five_kills_change_no_bit_of_the_policy(algorithm: str, tmp_path: Path) -> None:
    uninterrupted = make(tmp_path, algorithm)
    assert run_engine(uninterrupted) == 0
    killed = make(tmp_path, algorithm)
    for crash in CRASHES:
        assert run_engine(killed, crash_at=crash) == -9
    # Some milliseconds after a checkpoint, somewhere in a rollout, an update or the next checkpoint.
    assert run_engine(killed, kill_after_s=random.Random(algorithm).random() * 0.02) == -9
    assert run_engine(killed) == 0

    assert final_digest(killed) == final_digest(uninterrupted)
    assert evaluations(killed) == evaluations(uninterrupted)
    seen = resumptions(killed)
    assert len(seen) == 5
    assert [event.why_inexact for event in seen] == [""] * 5
    for checkpoint in list_checkpoints(killed.checkpoints):
        verify(checkpoint)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("algorithm", "interval", "total"),
    [("ppo", 300, 50_000), ("a2c", 100, 20_000), ("sac", 100, 14_000), ("td3", 100, 14_000)],
)
def test_fifty_kills_lose_and_tear_no_checkpoint(algorithm: str, interval: int, total: int, tmp_path: Path) -> None:
    """At random times and at every crash point; a kill is two or three checkpoints from the one before."""
    chance = random.Random(algorithm)
    schedule = [f"total_timesteps={total}", f"checkpoints.every_timesteps={interval}", "evaluation.every_timesteps=0"]
    uninterrupted, killed = (new_run(tmp_path, *SETTINGS[algorithm], *schedule, algorithm=algorithm) for _ in range(2))
    assert run_engine(uninterrupted) == 0
    newest = 0
    for _ in range(50):
        if chance.random() < 0.5:
            code = run_engine(killed, kill_after_s=chance.random() * 0.05)
        else:
            code = run_engine(killed, crash_at=chance.choice(CRASHES).replace(":3", ":2"))
        assert code == -9
        checkpoints = list_checkpoints(killed.checkpoints)
        assert max((item.step for item in checkpoints), default=0) >= newest
        newest = max((item.step for item in checkpoints), default=0)
        for checkpoint in checkpoints:
            verify(checkpoint)
    assert run_engine(killed) == 0
    assert final_digest(killed) == final_digest(uninterrupted)


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_says_that_it_is_not_exact(tmp_path: Path) -> None:
    run = make(tmp_path, "a2c")
    assert run_engine(run, crash_at="checkpoint-renamed:3") == -9
    last = find_checkpoint(run.checkpoints, "latest")
    environment = {**os.environ}
    process = subprocess.Popen([sys.executable, "-m", "engine", str(run.path)], env=environment)
    _wait_for_next_checkpoint(run, process)
    process.terminate()
    assert process.wait(TIMEOUT_S) == 0
    stopped = find_checkpoint(run.checkpoints, "latest")
    assert stopped.step > last.step
    assert run_engine(run) == 0
    first, second = resumptions(run)
    assert first.is_exact
    if stopped.manifest.is_barrier:
        return  # the stop came in the very step of a barrier
    assert not second.is_exact
    assert "between two barriers" in second.why_inexact


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over_with_a_sentence(tmp_path: Path) -> None:
    run = make(tmp_path, "a2c")
    assert run_engine(run, crash_at="checkpoint-renamed:4") == -9
    *_, earlier, latest = list_checkpoints(run.checkpoints)
    content = bytearray((latest.path / POLICY).read_bytes())
    content[len(content) // 2] ^= 1
    (latest.path / POLICY).write_bytes(content)
    assert run_engine(run) == 0
    (resumed,) = resumptions(run)
    assert resumed.step == earlier.step
    warnings = [event for event in event_reader(run.events).read_new() if isinstance(event, Warned)]
    (warned,) = [event for event in warnings if event.code != "evaluations_behind"]
    assert warned.code == "damaged_checkpoint"
    assert "damaged" in warned.message
    assert (run.path / "discarded" / latest.path.name).is_dir()


@SLOW
def test_a_finished_run_trains_further_with_a_larger_total(tmp_path: Path) -> None:
    run = make(tmp_path, "a2c")
    assert run_engine(run) == 0
    assert run_engine(run) == 2
    done = subprocess.run(
        [sys.executable, "-m", "engine", str(run.path), "--total-timesteps", "3500"], check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0
    assert find_checkpoint(run.checkpoints, "latest").step >= 3500
    ended = [event for event in event_reader(run.events).read_new() if isinstance(event, RunEnded)]
    assert [event.reason for event in ended] == [EndReason.COMPLETED] * 2


@SLOW
def test_going_on_from_an_earlier_checkpoint_sets_the_later_ones_aside(tmp_path: Path) -> None:
    run = make(tmp_path, "a2c")
    assert run_engine(run) == 0
    uninterrupted = final_digest(run)
    steps = [item.step for item in list_checkpoints(run.checkpoints)]
    done = subprocess.run(
        [sys.executable, "-m", "engine", str(run.path), "--from", str(steps[0])], check=False, timeout=TIMEOUT_S
    )
    assert done.returncode == 0
    assert final_digest(run) == uninterrupted
    assert sorted(int(path.name) for path in (run.path / "discarded").iterdir()) == steps[1:]
