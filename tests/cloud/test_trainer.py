"""How an attempt's engine ended, from the events that it left; and whether there is anything to train at all."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cloud.records import Cause
from cloud.restoring import Beginning
from cloud.trainer import Trainer
from engine.protocol.commands import Pause
from engine.protocol.events import CommandDone, Event, Metrics, Resumed, RunEnded, RunStarted, StatusChanged
from engine.protocol.json_lines import EventWriter, command_reader
from engine.protocol.status import EndReason
from tests.engine.driver import new_run

Make = Callable[..., Trainer]
STARTED = RunStarted(total_timesteps=1000)
STOP = CommandDone(command="stop", command_id="a")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_trainer(*events: Event, seq: int = 0, step: int = 0, total: int = 1000) -> Trainer:
        run = new_run(tmp_path, "total_timesteps=1000")
        with closing(EventWriter(run.events, clock=lambda: 0.0)) as engine:
            for event in events:
                engine.write(event)
        return Trainer(run, Beginning(seq=seq, step=step, total_timesteps=total), auto_resume=1)

    return make_trainer


@pytest.mark.parametrize(
    ("events", "cause"),
    [
        ((STARTED, RunEnded(reason=EndReason.COMPLETED)), Cause.FINISHED),
        ((STARTED, RunEnded(reason=EndReason.DIVERGED)), Cause.FAILED),
        ((STARTED, RunEnded(reason=EndReason.KILLED)), Cause.FAILED),
        ((STARTED, RunEnded(reason=EndReason.NO_SPACE)), Cause.FAILED),
        ((STARTED, STOP, RunEnded(reason=EndReason.STOPPED)), Cause.STOPPED),
        ((STARTED, RunEnded(reason=EndReason.STOPPED)), Cause.INTERRUPTED),
        ((STARTED, RunEnded(reason=EndReason.KILLED), Resumed(), Metrics()), Cause.LOST),
        ((STARTED, StatusChanged()), Cause.LOST),
        ((), Cause.LOST),
    ],
)
def test_the_cause_follows_from_the_last_engine_s_last_word(
    make: Make, events: tuple[Event, ...], cause: Cause
) -> None:
    assert make(*events).ending().cause is cause


def test_a_stop_that_an_earlier_attempt_took_is_not_this_one_s(make: Make) -> None:
    trainer = make(STARTED, STOP, Resumed(), RunEnded(reason=EndReason.STOPPED), seq=2)
    assert trainer.ending().cause is Cause.INTERRUPTED


def test_a_run_that_had_told_its_end_is_finished(make: Make) -> None:
    assert make(STARTED, RunEnded(reason=EndReason.COMPLETED, step=1000), seq=2).ending().cause is Cause.FINISHED


@pytest.mark.parametrize("total", [1000, 0])
def test_a_checkpoint_of_the_last_step_leaves_nothing_to_train(make: Make, total: int) -> None:
    assert make(STARTED, seq=1, step=1000, total=total).ending().cause is Cause.FINISHED
    assert make(STARTED, seq=1, step=900, total=total).ending().cause is Cause.LOST


@pytest.mark.parametrize(
    ("words", "is_paused"), [(["pause"], True), (["pause", "checkpoint"], True), (["pause", "resume"], False)]
)
def test_a_run_that_was_paused_when_its_machine_went_is_paused_on_the_next(
    make: Make, words: list[str], is_paused: bool
) -> None:
    answers = [CommandDone(command=word, command_id=str(number)) for number, word in enumerate(words)]
    trainer = make(STARTED, *answers, CommandDone(command="pause", is_accepted=False), seq=len(words) + 2, step=100)
    trainer.hold()
    sent = command_reader(trainer.run.commands).read_new()
    assert [type(command) for command in sent] == [Pause] * is_paused
