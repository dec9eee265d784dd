"""Deaths of the agent and of the engine on a machine that stays: the run goes on, or ends with the reason."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from cloud.records import Cause
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.commands import Stop
from engine.protocol.events import Resumed, Warned
from tests.cloud.attempts_tried import LONG, SHORT, digest, engine_pid, head_step, restored
from tests.cloud.instances import Bucket, Instance
from tests.engine.driver import Engine

SLOW = pytest.mark.slow


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
