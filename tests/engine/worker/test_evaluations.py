"""Evaluation beside training: a process of its own, whose death and delay cost no training and no result."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from engine.protocol.checkpoints import POLICY, EvaluationResult, Manifest, list_checkpoints, new_checkpoint, verify
from engine.protocol.commands import Stop
from engine.protocol.events import CheckpointSaved, EvaluationDone, Metrics, Warned
from engine.protocol.json_lines import EventWriter
from engine.protocol.status import EndReason
from engine.worker.evaluations import MAX_WAITING, Evaluations
from engine.worker.evaluator import Evaluator
from tests.engine.driver import QUICK, Engine, new_run, wait_until
from tests.engine.worker.conftest import Trained

Start = Callable[..., Engine]


def evaluators(engine: Engine) -> list[psutil.Process]:
    children = psutil.Process(engine.pid).children()
    return [child for child in children if "engine.worker.evaluator" in child.cmdline()]


def evaluator_of(engine: Engine) -> psutil.Process:
    """Return the evaluating process, as soon as there is one."""
    wait_until(lambda: bool(evaluators(engine)))
    return evaluators(engine)[0]


def test_training_goes_on_meanwhile_and_nothing_outlives_a_killed_engine(start: Start) -> None:
    engine = start(*QUICK, "evaluation.every_timesteps=2048", "evaluation.episodes=3")
    result = engine.wait_for(EvaluationDone)
    assert result.step == 2048
    assert result.duration_s > 0.0
    assert max(event.step for event in engine.seen) > result.step
    evaluator = evaluator_of(engine)
    engine.kill()
    wait_until(lambda: not evaluator.is_running())


@pytest.mark.slow
def test_a_killed_evaluator_is_replaced_once_and_training_goes_on_without_the_second(start: Start) -> None:
    engine = start(*QUICK, "evaluation.every_timesteps=1024", "evaluation.episodes=3")
    saved = engine.wait_for(CheckpointSaved)
    assert saved.reason == "evaluation"
    evaluator_of(engine).kill()
    warned = engine.wait_for(Warned)
    assert warned.code == "evaluator_died"
    assert "killed by signal 9 (SIGKILL)" in warned.message
    assert engine.wait_for(EvaluationDone).step == saved.step
    evaluator_of(engine).kill()
    warned = engine.wait_for(Warned, lambda event: event.code == "evaluator_died")
    assert "goes on without evaluations" in warned.message
    saved = engine.wait_for(CheckpointSaved, lambda event: event.step > warned.step)
    engine.wait_for(Metrics, lambda event: event.step > saved.step + 1024)
    assert evaluators(engine) == []


def test_a_stop_leaves_evaluations_to_whoever_resumes(start: Start) -> None:
    engine = start(*QUICK, "evaluation.every_timesteps=1024", "evaluation.episodes=3")
    saved = engine.wait_for(CheckpointSaved)
    evaluator = evaluator_of(engine)
    engine.order(Stop())
    ended, code = engine.wait_for_end()
    assert (ended.reason, code) == (EndReason.STOPPED, 0)
    assert not evaluator.is_running()
    told = {event.step for event in engine.seen if isinstance(event, EvaluationDone)}
    due = {item.step: item.manifest.evaluation is not None for item in list_checkpoints(engine.run.checkpoints)}
    assert due[saved.step] == (saved.step in told)


@pytest.mark.slow
def test_training_waits_for_slow_evaluations_rather_than_leave_one_out(start: Start) -> None:
    engine = start(
        *QUICK, "total_timesteps=4096", "evaluation.every_timesteps=256", "evaluation.episodes=3",
        "checkpoints.keep_last=1",
    )  # fmt: skip
    engine.wait_for(EvaluationDone, lambda event: event.step > 256 * MAX_WAITING)  # the process has started long ago
    evaluator = evaluator_of(engine)
    evaluator.suspend()
    assert engine.wait_for(Warned).code == "evaluations_behind"
    evaluator.resume()
    _, code = engine.wait_for_end()
    assert code == 0
    kinds = [type(event) for event in engine.seen]
    assert kinds.count(Warned) == 1
    until_warned = kinds[: kinds.index(Warned)]
    assert until_warned.count(CheckpointSaved) - until_warned.count(EvaluationDone) == MAX_WAITING
    results = [event for event in engine.seen if isinstance(event, EvaluationDone)]
    assert [event.step for event in results] == list(range(256, 4097, 256))
    assert [event.is_best for event in results[1:]] == [
        later.return_mean > earlier.best_return_mean for earlier, later in pairwise(results)
    ]
    left = list_checkpoints(engine.run.checkpoints)
    assert {item.step for item in left} == {results[-1].best_step, 4096}
    for checkpoint in left:
        verify(checkpoint)
        assert checkpoint.manifest.is_evaluation_due
        assert checkpoint.manifest.evaluation is not None
        # Played in another process, and by a batch that had played before: the numbers are the same.
        report = Evaluator(engine.run.read_config(), engine.run.path).answer(checkpoint.path).report
        assert report is not None
        assert report.return_mean == checkpoint.manifest.evaluation.return_mean


def test_an_engine_that_goes_on_takes_up_what_was_told_and_what_was_not(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    for step in (100, 200):
        manifest = Manifest(
            step=step, algorithm="ppo", task="a", reason="evaluation", saved_at=0.0, files={}, is_evaluation_due=True
        )
        with new_checkpoint(run.checkpoints, manifest) as folder:
            (folder / POLICY).write_bytes(b"a policy")
    # The engine before was killed after the first event and before the first manifest.
    earlier = [EvaluationDone(step=100, return_mean=7.0, return_std=1.0, episodes=3)]
    writer = EventWriter(run.events, clock=lambda: 0.0)
    evaluations = Evaluations(run, run.read_config(), writer, earlier=earlier, record=lambda *_: None)
    told, untold = list_checkpoints(run.checkpoints)
    assert told.manifest.evaluation == EvaluationResult(return_mean=7.0, return_std=1.0, episodes=3)
    assert evaluations.waiting == (untold.path,)
    writer.close()


def test_what_cannot_be_evaluated_is_answered_with_the_reason(trained: Trained, tmp_path: Path) -> None:
    evaluator = Evaluator(trained.run.read_config(), trained.run.path)
    assert evaluator.answer(tmp_path).error == f"{tmp_path}: no checkpoint any more."
    checkpoint = list_checkpoints(trained.run.checkpoints)[0]
    (checkpoint.path / POLICY).rename(tmp_path / POLICY)
    try:
        assert "missing or unreadable" in evaluator.answer(checkpoint.path).error
    finally:
        (tmp_path / POLICY).rename(checkpoint.path / POLICY)
