"""Each event survives its line; what a reader does not know costs it nothing."""

import json

import msgspec
import pytest

from engine.protocol.events import (
    EVENT_TYPES,
    PROTOCOL_VERSION,
    CheckpointSaved,
    CommandDone,
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
    Warned,
    decode_event,
    encode_event,
    reached_step,
)
from engine.protocol.status import EndReason, Status

EXAMPLES: list[Event] = [
    RunStarted(seq=1, time=10.5, run_id="r", task="ant_walk", algorithm="ppo", seed=3, total_timesteps=100, pid=7),
    StatusChanged(seq=2, step=4, status=Status.PAUSED, detail="by command"),
    Resumed(seq=2, step=4, checkpoint="checkpoints/000000004", discarded_steps=3, is_exact=False, why_inexact="a GPU"),
    Metrics(seq=3, step=8, values={"train/approx_kl": 0.01, "train/loss": None}),
    Episodes(seq=4, returns=[1.5], lengths=[20], terminations={"time_limit": 1}, reward_sums={"alive": 20.0}),
    EvaluationDone(seq=5, episodes=10, return_mean=99.5, is_best=True, best_return_mean=99.5, best_step=8),
    CheckpointSaved(seq=6, path="checkpoints/000000008", reason="evaluation", size_bytes=123, duration_s=0.25),
    CommandDone(seq=7, command_id="abc", command="pause", is_accepted=False, detail="paused already"),
    Warned(seq=8, code="nan", message="a · ± sign and a\nnew line"),
    RunEnded(seq=9, reason=EndReason.DIVERGED, message="loss is NaN", traceback="Traceback …"),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_event_comes_back_equal(event: Event) -> None:
    assert decode_event(encode_event(event)) == event


def test_every_event_type_has_an_example() -> None:
    assert {type(event) for event in EXAMPLES} == set(EVENT_TYPES.values())


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_event_is_one_line(event: Event) -> None:
    assert encode_event(event).count(b"\n") == 1


def test_event_types_are_the_documented_names() -> None:
    documented = "run_started resumed status metrics episode evaluation checkpoint_saved command_done warning run_ended"
    assert " ".join(EVENT_TYPES) == documented


def test_first_event_carries_the_protocol_version() -> None:
    assert json.loads(encode_event(RunStarted()))["protocol"] == PROTOCOL_VERSION


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_not_finite_is_written_as_null(number: float) -> None:
    line = encode_event(Metrics(values={"train/loss": number}))
    assert json.loads(line)["values"] == {"train/loss": None}


def test_reached_step_is_not_that_of_an_evaluation_and_goes_back_with_a_resume() -> None:
    events: list[Event] = [Metrics(step=300), EvaluationDone(step=100), Metrics(step=100)]
    assert reached_step(events) == 300
    assert reached_step([*events, Resumed(step=200)]) == 200
    assert reached_step([]) == 0


def test_unknown_type_is_skipped() -> None:
    assert decode_event(b'{"type":"from_the_future","seq":1}') is None


def test_unknown_key_is_skipped() -> None:
    assert decode_event(b'{"type":"warning","seq":1,"colour":"red"}') == Warned(seq=1)


def test_missing_key_gets_its_default() -> None:
    assert decode_event(b'{"type":"run_ended"}') == RunEnded(reason=EndReason.COMPLETED)


@pytest.mark.parametrize("line", [b"", b"{", b"null", b"[]", b'{"seq":1}', b'{"type":"metrics","values":[1]}'])
def test_line_that_is_no_event_is_a_decode_error(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_event(line)


def test_line_that_is_not_utf8_is_a_decode_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_event(b'{"type":"warning","message":"\xff"}')


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"metrics","step":9223372036854775808}',
        b'{"type":"metrics","time":1e300}',
        b'{"type":"metrics","time":-1}',
        b'{"a":' * 100_000,
        b'{"type":"warning","message":"\xff"}',
    ],
    ids=["step", "late", "early", "deep", "not utf-8"],
)
def test_a_line_that_no_viewer_could_show_is_damaged(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_event(line)
