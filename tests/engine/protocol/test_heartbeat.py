"""The engine's sign of life: whole at any moment, and honest about how long a step may take."""

import threading
from pathlib import Path

import pytest

from engine.protocol.heartbeat import MIN_PATIENCE_S, Heart, read_heartbeat


class Training:
    """A clock and a step that the test sets."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0

    def heart(self, path: Path) -> Heart:
        return Heart(path, pid=7, read_step=lambda: self.step, clock=lambda: self.now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heartbeat.json"


def steps_every(interval_s: float, heart: Heart, training: Training, *, count: int = 10) -> None:
    for _ in range(count):
        training.now += interval_s
        training.step += 1
        heart.beat()


def test_beat_tells_time_step_and_process(path: Path) -> None:
    training = Training()
    heart = training.heart(path)
    training.now, training.step = 1002.0, 64
    heart.beat()
    beat = read_heartbeat(path)
    assert beat is not None
    assert (beat.time, beat.step, beat.pid, beat.stepped_at) == (1002.0, 64, 7, 1002.0)


def test_beat_without_a_step_keeps_the_time_of_the_last_one(path: Path) -> None:
    training = Training()
    heart = training.heart(path)
    steps_every(2.0, heart, training, count=1)
    training.now += 30.0
    heart.beat()
    beat = read_heartbeat(path)
    assert beat is not None
    assert (beat.time, beat.stepped_at) == (1032.0, 1002.0)


@pytest.mark.parametrize(("interval_s", "patience_s"), [(2.0, MIN_PATIENCE_S), (100.0, 500.0)])
def test_patience_is_five_usual_steps_and_a_minute_at_least(path: Path, interval_s: float, patience_s: float) -> None:
    training = Training()
    heart = training.heart(path)
    steps_every(interval_s, heart, training)
    beat = read_heartbeat(path)
    assert beat is not None
    assert beat.patience_s == patience_s


def test_update_that_took_long_once_may_take_long_again(path: Path) -> None:
    training = Training()
    heart = training.heart(path)
    steps_every(2.0, heart, training)
    steps_every(90.0, heart, training, count=1)
    beat = read_heartbeat(path)
    assert beat is not None
    assert beat.patience_s == 180.0


def test_heart_beats_at_once_and_leaves_no_thread(path: Path) -> None:
    with Training().heart(path):
        assert read_heartbeat(path) is not None
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "heartbeat"] == [True]
    assert [thread for thread in threading.enumerate() if thread.name == "heartbeat" and thread.is_alive()] == []
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_disk_that_refuses_a_beat_ends_nothing(tmp_path: Path) -> None:
    Training().heart(tmp_path / "absent" / "heartbeat.json").beat()


@pytest.mark.parametrize("content", [b"", b"{", b'{"time":1}', b'{"time":"\xff"}'])
def test_damaged_heartbeat_is_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_heartbeat(path) is None


def test_missing_heartbeat_is_none(path: Path) -> None:
    assert read_heartbeat(path) is None
