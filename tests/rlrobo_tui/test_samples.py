"""Samples of a metric's history."""

from pathlib import Path

from engine.protocol.events import Metrics, Resumed, encode_event
from rlrobo_tui.samples import sample


def write(path: Path, events: list[Metrics | Resumed]) -> Path:
    path.write_bytes(b"".join(encode_event(event) for event in events))
    return path


def values(step: int) -> Metrics:
    return Metrics(step=step, values={"a": step * 2.0, "b": 0.0})


def test_a_short_history_is_thinned_evenly_and_keeps_its_last_value(tmp_path: Path) -> None:
    path = write(tmp_path / "events", [values(step) for step in range(10)])
    assert sample(path, "a", num_points=10) == [(step, step * 2.0) for step in range(10)]
    assert sample(path, "a", num_points=3) == [(1, 2.0), (5, 10.0), (9, 18.0)]


def test_a_long_history_is_read_in_few_places_from_its_start_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "events", [values(step) for step in range(20_000)])
    found = sample(path, "a", num_points=8)
    assert len(found) == 8
    assert found[0][0] < 200
    assert found[-1] == (19_999, 39_998.0)
    assert all(value == step * 2.0 for step, value in found)


def test_what_was_trained_again_is_left_out_the_first_time(tmp_path: Path) -> None:
    path = write(tmp_path / "events", [values(1), values(2), values(3), Resumed(step=1), values(2), values(4)])
    assert [step for step, _ in sample(path, "a", num_points=10)] == [1, 2, 4]


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    assert sample(tmp_path / "none", "a", num_points=5) == []
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b'{"type":"metrics","values":{"a":\n\xff\xfe"a":\n')
    assert sample(damaged, "a", num_points=5) == []
    nothing = write(tmp_path / "events", [Metrics(step=1, values={"a": None})])
    assert sample(nothing, "a", num_points=5) == []
