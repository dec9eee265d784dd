"""What a completed run leaves behind."""

import json
from itertools import pairwise

import numpy as np
import pytest
from stable_baselines3 import PPO

from engine.protocol.checkpoints import NORMALIZER, POLICY, find_checkpoint, list_checkpoints, verify
from engine.protocol.events import (
    AnyEvent,
    CheckpointSaved,
    Episodes,
    EvaluationDone,
    Metrics,
    RunEnded,
    RunStarted,
    StatusChanged,
)
from engine.protocol.lock import read_holder
from engine.protocol.status import EndReason, Status
from engine.protocol.summary import summarize
from engine.worker.policy import load_policy
from rlrobo_tui.glossary import explain
from tests.engine.driver import run_module
from tests.engine.worker.conftest import Trained


def test_events_are_numbered_from_one_without_gaps(trained: Trained) -> None:
    assert [event.seq for event in trained.events] == list(range(1, len(trained.events) + 1))


def test_times_never_go_back_and_steps_only_where_an_evaluation_is_told(trained: Trained) -> None:
    assert all(later.time >= earlier.time for earlier, later in pairwise(trained.events))
    others = [event.step for event in trained.events if not is_of_evaluation(event)]
    assert others == sorted(others)


def is_of_evaluation(event: AnyEvent) -> bool:
    return isinstance(event, EvaluationDone) or (isinstance(event, Metrics) and "eval/return_mean" in event.values)


def test_the_first_event_says_what_runs_and_the_last_how_it_ended(trained: Trained) -> None:
    first, last = trained.events[0], trained.events[-1]
    assert isinstance(first, RunStarted)
    assert (first.task, first.algorithm, first.total_timesteps) == ("cartpole_balance", "ppo", 2048)
    assert isinstance(last, RunEnded)
    assert last.reason is EndReason.COMPLETED


def test_the_status_goes_from_starting_to_running(trained: Trained) -> None:
    statuses = [event.status for event in trained.events if isinstance(event, StatusChanged)]
    assert statuses == [Status.STARTING, Status.RUNNING]


def test_every_training_episode_is_reported_once(trained: Trained) -> None:
    episodes = [event for event in trained.events if isinstance(event, Episodes)]
    lengths = [length for event in episodes for length in event.lengths]
    # All timesteps belong to episodes that ended, but those of the four that were under way at the end.
    assert 2048 - 4 * 500 <= sum(lengths) <= 2048
    assert sum(sum(event.terminations.values()) for event in episodes) == len(lengths)


def test_the_reward_terms_of_an_episode_add_up_to_its_return(trained: Trained) -> None:
    for event in trained.events:
        if isinstance(event, Episodes):
            assert sum(event.reward_sums.values()) == pytest.approx(np.mean(event.returns), abs=1e-4)


def test_every_metric_is_explained_in_the_glossary(trained: Trained) -> None:
    names = {name for event in trained.events if isinstance(event, Metrics) for name in event.values}
    assert {"rollout/ep_rew_mean", "train/approx_kl", "time/steps_per_second", "eval/return_mean"} <= names
    assert [name for name in sorted(names) if explain(name) is None] == []


def test_evaluations_come_when_due_and_at_the_end(trained: Trained) -> None:
    steps = [event.step for event in trained.events if isinstance(event, EvaluationDone)]
    assert steps == [1024, 2048]
    metrics = [event for event in trained.events if isinstance(event, Metrics) and is_of_evaluation(event)]
    assert [event.step for event in metrics] == steps
    assert all(name.startswith("eval/") for event in metrics for name in event.values)


def test_each_checkpoint_event_has_its_checkpoint_on_disk_and_it_verifies(trained: Trained) -> None:
    announced = [event.step for event in trained.events if isinstance(event, CheckpointSaved)]
    checkpoints = list_checkpoints(trained.run.checkpoints)
    assert announced == [checkpoint.step for checkpoint in checkpoints] == [1024, 2048]
    for checkpoint in checkpoints:
        verify(checkpoint)
        assert checkpoint.manifest.evaluation is not None


def test_the_best_checkpoint_is_the_one_that_the_events_name(trained: Trained) -> None:
    last = [event for event in trained.events if isinstance(event, EvaluationDone)][-1]
    best = find_checkpoint(trained.run.checkpoints, "best")
    assert best.step == last.best_step
    assert best.manifest.evaluation is not None
    assert best.manifest.evaluation.return_mean == last.best_return_mean


def test_stock_sb3_loads_policy_zip_and_acts_the_same(trained: Trained) -> None:
    checkpoint = find_checkpoint(trained.run.checkpoints, "latest")
    stock = PPO.load(checkpoint.path / POLICY, device="cpu")
    observations = np.linspace(-0.1, 0.1, 12, dtype=np.float32).reshape(3, 4)
    with np.load(checkpoint.path / NORMALIZER) as saved:
        normalized = (observations - saved["obs_mean"]) / np.sqrt(saved["obs_var"] + saved["epsilon"])
    expected, _ = stock.predict(np.clip(normalized, -10, 10).astype(np.float32), deterministic=True)
    np.testing.assert_allclose(load_policy(checkpoint).act(observations), expected, atol=1e-6)


def test_policy_zip_needs_none_of_our_packages(trained: Trained) -> None:
    import zipfile

    path = find_checkpoint(trained.run.checkpoints, "latest").path / POLICY
    data = zipfile.ZipFile(path).read("data").decode()
    assert not any(f'"{package}.' in data or f"'{package}." in data for package in ("engine", "robots", "rlrobo_tui"))


def test_tensorboard_has_a_file(trained: Trained) -> None:
    assert list(trained.run.tensorboard.glob("events.out.tfevents.*"))


def test_the_lock_is_given_back(trained: Trained) -> None:
    assert read_holder(trained.run.lock_file) is None


def test_the_summary_says_finished(trained: Trained) -> None:
    summary = summarize(trained.run)
    assert (summary.status, summary.end_reason, summary.step) == (Status.FINISHED, EndReason.COMPLETED, 2048)
    assert summary.best_return_mean is not None


def test_a_second_engine_on_a_finished_run_says_how_to_train_anew(trained: Trained) -> None:
    before = trained.run.events.read_bytes()
    result = run_module("engine", str(trained.run.path))
    assert result.returncode == 2
    assert "rlrobo train" in result.stderr
    assert "Traceback" not in result.stderr
    assert trained.run.events.read_bytes() == before


@pytest.mark.slow
def test_evaluating_twice_in_another_process_gives_the_same_numbers(trained: Trained) -> None:
    def evaluate() -> dict[str, object]:
        result = run_module(
            "engine.worker.evaluate", str(trained.run.path), "--checkpoint", "latest", "--episodes", "3"
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    first = evaluate()
    assert first == evaluate()
    last = [event for event in trained.events if isinstance(event, EvaluationDone)][-1]
    assert first["return_mean"] == last.return_mean
    assert first["checkpoint_step"] == 2048
