"""An attempt from end to end: a real agent and a real engine, a bucket in a directory, a metadata service on loopback.

Where it takes more than a moment it is marked: every test starts engines, which load torch.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import msgspec
import pytest

from cloud.attempts import change_attempt
from cloud.commands import Kill
from cloud.records import Attempt, AttemptState, Cause, Phase
from engine.launch import find_engine, find_supervisor
from engine.protocol.commands import Pause, Resume, Stop
from engine.protocol.events import CommandDone, RunEnded
from tests.cloud.attempts_tried import LONG, SHORT, head_step, restored
from tests.cloud.instances import Bucket, Instance
from tests.cloud.made_checkpoints import hold_run

SLOW = pytest.mark.slow


def test_a_run_is_trained_to_its_end(folder: Path) -> None:
    bucket = Bucket(folder, "total_timesteps=512", "checkpoints.every_timesteps=256")
    with Instance(bucket, 1) as instance:
        assert instance.wait() == 0, instance.log
        kept = (instance.run.events).read_bytes()
    assert bucket.end is not None
    assert (bucket.end.cause, bucket.end.step, bucket.end.epoch) == (Cause.FINISHED, 512, 1)
    attempt = bucket.attempt(1)
    assert (attempt.state, attempt.cause, attempt.instance_id) == (AttemptState.ENDED, Cause.FINISHED, "i-1")
    assert (attempt.first_step, attempt.last_step, attempt.saved_step, attempt.lost_steps) == (0, 512, 512, 0)
    assert isinstance(bucket.events()[-1], RunEnded)
    assert [event.seq for event in bucket.events()] == list(range(1, kept.count(b"\n") + 1))
    assert restored(bucket, folder).step == 512
    assert bucket.store.get(bucket.keys.log(1, "agent.log")) is not None
    assert bucket.sign is not None
    assert bucket.sign.phase is Phase.ENDING


@SLOW
def test_commands_reach_the_engine_and_a_stop_ends_the_run(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        for command in (Pause(time=0.0), Resume(time=0.0)):  # however wrong the user's clock is
            bucket.order(command)
            instance.wait_until(lambda command=command: is_done(bucket, command.id), "the answer")
        bucket.order(Stop(time=0.0))
        assert instance.wait() == 0, instance.log
    assert bucket.end is not None
    assert bucket.end.cause is Cause.STOPPED
    assert bucket.attempt(1).cause is Cause.STOPPED
    assert head_step(bucket) == bucket.end.step


def is_done(bucket: Bucket, command_id: str) -> bool:
    done = [event for event in bucket.events() if isinstance(event, CommandDone) and event.command_id == command_id]
    assert all(event.is_accepted for event in done), done
    return bool(done)


@SLOW
def test_a_kill_ends_the_run_though_the_engine_hangs(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        freeze(instance)
        bucket.order(Kill())
        assert instance.wait() == 0, instance.log
    assert bucket.end is not None
    assert bucket.end.cause is Cause.STOPPED
    assert "Killed" in bucket.end.message


def freeze(instance: Instance) -> None:
    holder = find_engine(instance.run)
    assert holder is not None
    os.kill(holder.pid, signal.SIGSTOP)


@SLOW
@pytest.mark.parametrize("hangs", [False, True])
def test_the_money_is_not_overspent_though_the_engine_hangs(folder: Path, hangs: bool) -> None:
    bucket = Bucket(folder, *LONG, max_price_total_usd=1.0)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        if hangs:
            freeze(instance)
        change_attempt(bucket.store, bucket.keys, 1, at_a_million_dollars_an_hour)
        assert instance.wait() == 0, instance.log
        assert float((instance.folder / "end_at").read_text()) <= time.time()
    assert bucket.end is not None
    assert bucket.end.cause is Cause.BUDGET
    assert "--max-price-total" in bucket.end.message


def at_a_million_dollars_an_hour(attempt: Attempt) -> Attempt:
    return msgspec.structs.replace(attempt, price_per_hour_usd=1e6)


@SLOW
def test_the_deadline_ends_the_run(folder: Path) -> None:
    bucket = Bucket(folder, *LONG, max_hours=30.0 / 3600.0)
    with Instance(bucket, 1) as instance:
        assert instance.wait() == 0, instance.log
    assert time.time() > bucket.spec.deadline() - 7.0
    assert bucket.end is not None
    assert bucket.end.cause is Cause.DEADLINE


@SLOW
def test_a_later_attempt_ends_this_one_at_once(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        hold_run(bucket.store, bucket.keys, 2)
        assert instance.wait() == 0, instance.log
        assert find_engine(instance.run) is None
        assert find_supervisor(instance.run) is None
    assert bucket.end is None
    assert (bucket.attempt(1).state, bucket.attempt(1).cause) == (AttemptState.ENDED, Cause.FENCED)


@SLOW
def test_a_run_that_cannot_begin_ends_with_the_reason(folder: Path) -> None:
    bucket = Bucket(folder, *SHORT)
    content = bucket.run.config.read_text().replace("num_envs: 4", "num_envs: -4")
    bucket.store.put(f"{bucket.keys.inputs}config.yaml", content.encode())
    with Instance(bucket, 1) as instance:
        instance.wait()
    assert bucket.end is not None, instance.log
    assert bucket.end.cause is Cause.FAILED
    assert "num_envs" in bucket.end.message
