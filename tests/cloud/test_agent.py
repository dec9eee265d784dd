"""An attempt from end to end: a real agent and a real engine, a bucket in a directory, a metadata service on loopback.

Where it takes more than a moment it is marked: every test starts engines, which load torch.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cloud.attempts import change_attempt
from cloud.checkpoints import read_head, restore_checkpoint
from cloud.commands import Kill
from cloud.records import Attempt, AttemptState, Cause, Phase
from engine.launch import find_engine, find_supervisor
from engine.protocol.checkpoints import POLICY, Checkpoint, find_checkpoint
from engine.protocol.commands import Pause, Resume, Stop
from engine.protocol.events import AnyEvent, CheckpointSaved, CommandDone, Resumed, RunEnded, StatusChanged, Warned
from engine.protocol.status import EndReason, Status
from rlrobo_tui.run_view import RunView
from tests.cloud.instances import Bucket, Instance
from tests.cloud.made_checkpoints import hold_run
from tests.engine.driver import Engine

SHORT = ("total_timesteps=3000", "checkpoints.every_timesteps=512")
LONG = ("total_timesteps=2_000_000", "checkpoints.every_timesteps=2048")
SLOW = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def digest(checkpoint: Checkpoint) -> dict[str, int]:
    """Return the checksum of each part of the policy; the archive itself has times in it."""
    with zipfile.ZipFile(checkpoint.path / POLICY) as archive:
        names = [name for name in archive.namelist() if name.endswith(".pth") and "variables" not in name]
        inner = {name: zipfile.ZipFile(archive.open(name)) for name in names}
        return {f"{name}/{info.filename}": info.CRC for name, each in inner.items() for info in each.infolist()}


def head_step(bucket: Bucket) -> int:
    """Return the step of the newest checkpoint in the bucket, -1 before the first."""
    head = read_head(bucket.store, bucket.keys)
    return head.step if head else -1


def restored(bucket: Bucket, folder: Path, *, is_exact: bool = False) -> Checkpoint:
    found = restore_checkpoint(bucket.store, bucket.keys, folder / "restored", is_exact=is_exact)
    assert found is not None
    return found.checkpoint


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


def engine_pid(instance: Instance) -> int:
    holder = find_engine(instance.run)
    assert holder is not None
    return holder.pid


@SLOW
def test_an_agent_that_was_killed_finds_its_engine_at_work(folder: Path) -> None:
    bucket = Bucket(folder, *LONG)
    with Instance(bucket, 1) as instance:
        instance.wait_until(lambda: head_step(bucket) > 0, "a checkpoint")
        pid = engine_pid(instance)
        instance.process.kill()
        instance.process.wait()
        step = head_step(bucket)
        instance.start_agent()
        instance.wait_until(lambda: head_step(bucket) > step, "a further checkpoint")
        assert engine_pid(instance) == pid
        bucket.order(Stop())
        assert instance.wait() == 0, instance.log
    events = bucket.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert not any(isinstance(event, Resumed) for event in events)


POINTS = (
    "cloud-lease-read", "cloud-lease-written", "cloud-inputs-restored", "cloud-checkpoint-restored",
    "cloud-attempt-running", "cloud-segment-ready:2", "cloud-segment-written:2", "cloud-checkpoint-held",
    "cloud-blob-written", "cloud-blobs-written", "cloud-manifest-written", "cloud-head-read:2", "cloud-head-moved",
    "cloud-superseded-tagged", "cloud-mirrored", "cloud-end-written",
)  # fmt: skip


@SLOW
def test_an_agent_may_die_at_every_step_of_the_protocol(folder: Path) -> None:
    """One machine, the agent dies at each point in turn and is started again; the run is that of a calm one."""
    bucket = Bucket(folder, *SHORT)
    alone = Engine(bucket.run)
    alone.wait_for_end()
    points = list(POINTS)
    with Instance(bucket, 1, crash_at=points.pop(0)) as instance:
        while bucket.end is None:
            code = instance.wait()
            assert code in (0, -signal.SIGKILL), instance.log
            if bucket.end is None:
                instance.start_agent(crash_at=points.pop(0) if points else "")
        instance.start_agent()
        assert instance.wait() == 0
    assert bucket.attempt(1).cause is Cause.FINISHED
    assert digest(restored(bucket, folder)) == digest(find_checkpoint(bucket.run.checkpoints, "latest"))
    events = bucket.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@SLOW
def test_an_engine_that_dies_again_and_again_ends_the_run(folder: Path) -> None:
    bucket = Bucket(folder, *SHORT, auto_resume=2)
    with Instance(bucket, 1, crash_at="checkpoint-begun") as instance:
        assert instance.wait() == 0, instance.log
    assert bucket.end is not None
    assert bucket.end.cause is Cause.FAILED
    assert "started again 2 times" in bucket.end.message
    assert sum(isinstance(event, Warned) and event.code == "auto_resume" for event in bucket.events()) == 2


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


@SLOW
def test_an_attempt_after_the_last_step_has_nothing_to_train(folder: Path) -> None:
    """The first one died between its last upload and END.json."""
    bucket = Bucket(folder, *SHORT)
    with Instance(bucket, 1, crash_at="cloud-mirrored") as first:
        assert first.wait() == -signal.SIGKILL
        first.pull_plug()
    assert bucket.end is None
    with Instance(bucket, 2) as second:
        assert second.wait() == 0, second.log
        assert not (second.run.path / "engine.log").exists()
    assert bucket.end is not None
    assert (bucket.end.cause, bucket.end.epoch) == (Cause.FINISHED, 2)
