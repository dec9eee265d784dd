"""One line for each run, true whatever happened to its engine, and cheap whatever the length of its events."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.checkpoints import EvaluationResult, Manifest, new_checkpoint
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError
from engine.protocol.events import (
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    RunEnded,
    RunStarted,
    StatusChanged,
)
from engine.protocol.json_lines import EventWriter
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.protocol.summary import START_TIMEOUT_S, summarize

STARTED = RunStarted(run_id="r", task="ant_walk", algorithm="ppo", seed=3, total_timesteps=1000)
ANOTHER_MACHINE = {"pid": 1, "process_started": 0.0, "hostname": "another", "boot_id": "another"}


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    config = RunConfig(task="ant_walk", seed=3, total_timesteps=1000)
    return create_run(tmp_path / "runs", config, collect_provenance())


def write(run: RunDir, *events: Event) -> None:
    writer = EventWriter(run.events, clock=lambda: 50.0)
    for event in events:
        writer.write(event)
    writer.close()


def test_run_without_an_engine_yet_is_starting(run: RunDir) -> None:
    summary = summarize(run)
    assert (summary.status, summary.step, summary.total_steps, summary.started_at) == (Status.STARTING, 0, 1000, None)


def test_task_algorithm_and_seed_come_from_the_first_event(run: RunDir) -> None:
    run.config.write_text("task: [")
    write(run, STARTED)
    summary = summarize(run)
    assert (summary.task, summary.algorithm, summary.seed, summary.started_at) == ("ant_walk", "ppo", 3, 50.0)


def test_task_algorithm_and_seed_come_from_the_config_where_there_is_no_event(run: RunDir) -> None:
    summary = summarize(run)
    assert (summary.task, summary.algorithm, summary.seed) == ("ant_walk", "ppo", 3)


def test_run_with_neither_events_nor_config_is_an_error(run: RunDir) -> None:
    run.config.write_text("task: [")
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        summarize(run)


def test_status_is_the_last_one_while_the_engine_lives(run: RunDir) -> None:
    with run.lock():
        write(run, STARTED, StatusChanged(status=Status.RUNNING), StatusChanged(status=Status.PAUSED))
        assert summarize(run).status is Status.PAUSED


def test_run_whose_engine_gave_the_lock_back_without_a_word_was_killed(run: RunDir) -> None:
    write(run, STARTED, StatusChanged(status=Status.RUNNING))
    summary = summarize(run)
    assert (summary.status, summary.end_reason) == (Status.FAILED, EndReason.KILLED)
    assert summary.message == f"{OUTCOMES[EndReason.KILLED].sentence} Go on with `rlrobo resume {run.id}`."


def test_run_whose_engine_was_killed_says_so(run: RunDir) -> None:
    write(run, STARTED, StatusChanged(status=Status.RUNNING))
    hold_and_die = (
        "import os, signal, sys; from pathlib import Path; from engine.protocol.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", hold_and_die, str(run.lock_file)], check=False)
    assert summarize(run).end_reason is EndReason.KILLED


def test_engine_on_another_machine_counts_as_alive(run: RunDir) -> None:
    write(run, STARTED, StatusChanged(status=Status.RUNNING))
    run.lock_file.write_text(json.dumps(ANOTHER_MACHINE))
    assert summarize(run).status is Status.RUNNING


@pytest.mark.parametrize("reason", EndReason)
def test_end_is_reported_with_its_reason(run: RunDir, reason: EndReason) -> None:
    write(run, STARTED, StatusChanged(status=Status.STOPPING), RunEnded(reason=reason, message="so it ended"))
    summary = summarize(run)
    assert (summary.status, summary.end_reason) == (OUTCOMES[reason].status, reason)
    assert summary.message.startswith("so it ended")
    assert (f"`rlrobo resume {run.id}`" in summary.message) == OUTCOMES[reason].is_retryable


def test_latest_values_of_several_metric_events_are_merged(run: RunDir) -> None:
    write(
        run,
        STARTED,
        Metrics(step=10, values={"rollout/ep_rew_mean": 1.0, "time/steps_per_second": 100.0}),
        Metrics(step=20, values={"rollout/ep_rew_mean": 2.0}),
        EvaluationDone(step=20, return_mean=3.0, best_return_mean=7.0),
    )
    summary = summarize(run)
    assert (summary.return_mean, summary.steps_per_second, summary.best_return_mean) == (2.0, 100.0, 7.0)
    assert (summary.step, summary.updated_at) == (20, 50.0)


def test_unfinished_last_line_is_ignored(run: RunDir) -> None:
    write(run, STARTED, Metrics(step=10))
    with run.events.open("ab") as file:
        file.write(b'{"type":"run_ended","reason":"compl')
    assert summarize(run).step == 10


def test_line_that_is_not_utf8_is_ignored(run: RunDir) -> None:
    write(run, STARTED, Metrics(step=10))
    with run.events.open("ab") as file:
        file.write(b'{"type":"warning","message":"\xff"}\n')
    assert summarize(run).step == 10


LONG = [Episodes(step=step, returns=[1.0] * 100, lengths=[10] * 100) for step in range(1, 1001)]
"""About 700 kilobytes, ten times what is read from the end."""


def test_status_is_found_far_back(run: RunDir) -> None:
    with run.lock():
        write(run, STARTED, StatusChanged(status=Status.PAUSED), *LONG)
        summary = summarize(run)
    assert (summary.status, summary.step) == (Status.PAUSED, 1000)


def test_only_the_ends_of_a_long_file_are_parsed(run: RunDir) -> None:
    """What stands in the middle cannot be read, and nobody notices."""
    with run.lock():
        write(run, STARTED, StatusChanged(status=Status.RUNNING))
        with run.events.open("ab") as file:
            file.write(b'{"type":"metrics","step":999999999}\n' + b"{\n" * 100_000)
        write(run, *LONG[-3:])
        summary = summarize(run)
    assert (summary.status, summary.step) == (Status.RUNNING, 1000)


def test_an_engine_that_never_wrote_an_event_counts_as_dead_after_a_minute(run: RunDir) -> None:
    assert summarize(run).status is Status.STARTING
    long_ago = run.config.stat().st_mtime - START_TIMEOUT_S - 1
    os.utime(run.config, (long_ago, long_ago))
    summary = summarize(run)
    assert (summary.status, summary.end_reason) == (Status.FAILED, EndReason.KILLED)
    assert "engine.log" in summary.message


def test_the_best_evaluation_comes_from_the_checkpoints_when_its_event_is_far_back(run: RunDir) -> None:
    write(run, STARTED, StatusChanged(status=Status.RUNNING))
    manifest = Manifest(
        step=100,
        algorithm="ppo",
        task="ant_walk",
        reason="best",
        saved_at=0.0,
        files={},
        evaluation=EvaluationResult(return_mean=7.5, return_std=0.0, episodes=1),
    )
    with new_checkpoint(run.checkpoints, manifest):
        pass
    assert summarize(run).best_return_mean == 7.5
