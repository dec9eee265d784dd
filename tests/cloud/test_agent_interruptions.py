"""Interruptions of an attempt: with a notice, without one, and by a shutdown; nothing that was saved is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cloud.records import AttemptState, Cause
from engine.launch import find_engine
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.events import AnyEvent, CheckpointSaved, Resumed, RunEnded, StatusChanged
from engine.protocol.status import EndReason, Status
from rlrobo_tui.run_view import RunView
from tests.cloud.attempts_tried import LONG, digest, engine_pid, head_step, restored
from tests.cloud.instances import Bucket, Instance
from tests.engine.driver import Engine

SLOW = pytest.mark.slow


@SLOW
def test_two_interruptions_change_no_bit_of_the_policy(folder: Path) -> None:
    """G1 and G2: one without any notice, one with; the run ends with the weights of one that nobody interrupted."""
    settings = (
        "total_timesteps=40_000", "checkpoints.every_timesteps=2048",
        "evaluation.every_timesteps=4096", "evaluation.episodes=2",
    )  # fmt: skip
    bucket = Bucket(folder, *settings)
    alone = Engine(bucket.run)
    ended, code = alone.wait_for_end()
    assert (ended.reason, code) == (EndReason.COMPLETED, 0)

    with Instance(bucket, 1) as first:
        first.wait_until(lambda: head_step(bucket) >= 4096, "two checkpoints")
        first.pull_plug()
    before = head_step(bucket)
    with Instance(bucket, 2) as second:
        second.wait_until(lambda: head_step(bucket) >= before + 4096, "two more")
        second.imds.announce_interruption(at=time.time() + 5.0)
        assert second.wait() == 0
    assert bucket.attempt(2).cause is Cause.INTERRUPTED
    assert bucket.end is None
    with Instance(bucket, 3) as third:
        assert third.wait() == 0, third.log
    assert bucket.end is not None
    assert bucket.end.cause is Cause.FINISHED

    last = restored(bucket, folder)
    assert last.step == 40_192
    assert digest(last) == digest(find_checkpoint(bucket.run.checkpoints, "latest"))
    events = bucket.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    resumed = [event for event in events if isinstance(event, Resumed)]
    assert [event.why_inexact for event in resumed] == ["", ""]
    assert sum(isinstance(event, RunEnded) for event in events) == 1
    assert len(digest(last)) > 5
    assert evaluations(events) == evaluations(alone.seen)


def evaluations(events: list[AnyEvent]) -> list[tuple[int, float, bool, int]]:
    """Return step, result, whether it was the best so far and which was, of those that count at the end."""
    view = RunView()
    view.fold(events)
    return [(event.step, event.return_mean, event.is_best, event.best_step) for event in view.evaluations]


@SLOW
def test_power_cuts_at_any_moment_lose_no_checkpoint_and_count_no_step_twice(folder: Path) -> None:
    """G1 and G3: after each of them HEAD verifies; the last attempt ends with the weights of a calm run."""
    settings = ("total_timesteps=30_000", "checkpoints.every_timesteps=1024")
    bucket = Bucket(folder, *settings)
    alone = Engine(bucket.run)
    alone.wait_for_end()
    moments = random.Random(7)
    for number in range(1, 9):
        with Instance(bucket, number) as instance, contextlib.suppress(subprocess.TimeoutExpired):
            instance.process.wait(moments.uniform(0.5, 12.0))
        step = head_step(bucket)
        if step >= 0:
            assert restored(bucket, folder).step == step
        if bucket.end is not None:
            break
    else:
        with Instance(bucket, 9) as last:
            assert last.wait() == 0, last.log
    assert digest(restored(bucket, folder)) == digest(find_checkpoint(bucket.run.checkpoints, "latest"))
    events = bucket.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    view = RunView()
    view.fold(events)
    assert view.step == restored(bucket, folder).step


@SLOW
def test_a_notice_is_used_and_everything_is_saved_before_its_time(folder: Path) -> None:
    bucket = Bucket(folder, *LONG, is_exact=False)
    instance = Instance(bucket, 1)
    instance.timescale = 0.3  # 4.5 s for the engine to stop, 3 s of margin
    with instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        at = float(int(time.time()) + 12)
        noticed_step = head_step(bucket)
        instance.imds.announce_interruption(at=at)
        instance.wait_until(lambda: bucket.sign is not None and bucket.sign.interruption_at == at, "the notice is told")
        assert instance.wait() == 0, instance.log
        assert time.time() < at - 0.5
    attempt = bucket.attempt(1)
    assert (attempt.state, attempt.cause) == (AttemptState.ENDED, Cause.INTERRUPTED)
    assert "with a notice of" in attempt.detail
    assert bucket.end is None
    saved = [event for event in bucket.events() if isinstance(event, CheckpointSaved)]
    assert saved[-1].reason == "last"
    assert attempt.saved_step == attempt.last_step == saved[-1].step == head_step(bucket)
    assert attempt.lost_steps == 0
    assert attempt.last_step > noticed_step + 4096  # it trained on after the notice
    assert not any(isinstance(event, RunEnded) for event in bucket.events())
    assert restored(bucket, folder).step == attempt.saved_step


@SLOW
def test_a_notice_that_comes_too_late_costs_nothing_that_was_saved(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        instance.imds.announce_interruption(at=time.time())
        assert instance.wait() == 0, instance.log
    attempt, kept = bucket.attempt(1), restored(bucket, folder, is_exact=True)
    assert attempt.cause is Cause.INTERRUPTED
    assert attempt.lost_steps == attempt.last_step - kept.step
    assert kept.manifest.is_barrier


@SLOW
def test_a_recommendation_to_leave_saves_a_checkpoint_and_training_goes_on(folder: Path) -> None:
    bucket = Bucket(folder, "total_timesteps=2_000_000", "checkpoints.every_timesteps=1_000_000")
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: is_training(bucket), "training")
        instance.imds.recommend_rebalance()
        instance.wait_until(lambda: head_step(bucket) >= 0, "a checkpoint")
        step = head_step(bucket)
        instance.wait_until(lambda: bucket.sign is not None and bucket.sign.step > step, "further steps")
        assert find_engine(instance.run) is not None


def is_training(bucket: Bucket) -> bool:
    return any(isinstance(event, StatusChanged) and event.status is Status.RUNNING for event in bucket.events())


@SLOW
def test_a_machine_that_is_shut_down_saves_and_does_not_call_the_run_over(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    instance = Instance(bucket, 1)
    instance.timescale = 0.3
    with instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        for pid in (instance.process.pid, engine_pid(instance)):  # what the system does to every process
            os.kill(pid, signal.SIGTERM)
        assert instance.wait() == 0, instance.log
    assert bucket.end is None
    assert bucket.attempt(1).state is AttemptState.RUNNING
    assert restored(bucket, folder, is_exact=False).manifest.reason == "last"
