"""An engine whose simulations live in processes of their own."""

from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.events import Metrics, RunEnded, StatusChanged, Warned
from engine.protocol.json_lines import event_reader
from engine.protocol.status import EndReason, Status
from tests.engine.driver import QUICK, Engine, new_run
from tests.engine.worker.test_exact_resume import digest, run_engine

SHORT = [*QUICK, "total_timesteps=2000", "evaluation.every_timesteps=0"]


def samplers_of(engine: Engine) -> list[psutil.Process]:
    children = psutil.Process(engine.pid).children()
    return [child for child in children if "engine.sampling.worker" in child.cmdline()]


def test_a_run_does_not_depend_on_the_number_of_sampling_processes(tmp_path: Path) -> None:
    runs = [new_run(tmp_path / str(count), *SHORT, f"num_workers={count}") for count in (1, 3)]
    for run in runs:
        assert run_engine(run) == 0, run.engine_log.read_text()
    digests = {digest(find_checkpoint(run.checkpoints, "latest")) for run in runs}
    assert len(digests) == 1
    details = [
        event.detail
        for event in event_reader(runs[1].events).read_new()
        if isinstance(event, StatusChanged) and event.status is Status.RUNNING
    ]
    assert details == ["cpu, 1 thread, 3 sampling processes"]


@pytest.mark.slow
def test_a_killed_sampling_process_ends_the_run_and_a_supervisor_resumes_it(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK, "num_workers=2", "checkpoints.every_timesteps=500", "total_timesteps=1000000")
    engine = Engine(run, auto_resume=1)
    try:
        engine.wait_for(Metrics, lambda event: event.step > 600)
        first, second = samplers_of(engine)
        second.kill()
        ended = engine.wait_for(RunEnded)
        assert ended.reason is EndReason.KILLED
        assert "A sampling process (2 of 2) was killed by signal 9 (SIGKILL)." in ended.message
        assert not ended.traceback
        engine.wait_for(Warned, lambda event: event.code == "auto_resume")
        engine.wait_for(Metrics, lambda event: event.step > 1000)
        assert not first.is_running()
        assert len(samplers_of(engine)) == 2
    finally:
        engine.kill()


def test_sampling_processes_end_with_a_killed_engine(tmp_path: Path) -> None:
    engine = Engine(new_run(tmp_path, *QUICK, "num_workers=2", "total_timesteps=1000000"))
    engine.wait_for(Metrics, lambda event: event.step > 0)
    samplers = samplers_of(engine)
    assert len(samplers) == 2
    engine.kill()
    gone, alive = psutil.wait_procs(samplers, timeout=10)
    assert not alive
    assert len(gone) == 2


@pytest.mark.slow
def test_a_policy_that_blows_up_in_a_sampling_process_ends_the_run_as_diverged(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK, "num_workers=2", "learning_rate=1e20", "total_timesteps=100000")
    assert run_engine(run) == 1
    ended = event_reader(run.events).read_new()[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is EndReason.DIVERGED
    states = run.path / "diverged_states.npz"
    if states.exists():  # where an action was the first thing that was not finite, and no loss
        with np.load(states) as arrays:
            assert arrays["action"].ndim == 2


@pytest.mark.slow
def test_choices_are_sampled_step_by_step_and_that_is_said(tmp_path: Path) -> None:
    run = new_run(tmp_path, *SHORT, "num_workers=2", "normalization.exact_normalization=true", "total_timesteps=512")
    assert run_engine(run) == 0
    warned = [event for event in event_reader(run.events).read_new() if isinstance(event, Warned)]
    assert [event.code for event in warned] == ["step_by_step"]
    assert "exact_normalization" in warned[0].message


@pytest.mark.slow
def test_the_time_of_a_run_is_accounted_for(tmp_path: Path) -> None:
    run = new_run(tmp_path, *QUICK, "n_steps=512", "num_workers=2", "total_timesteps=40000")
    assert run_engine(run) == 0
    values = {}
    for event in event_reader(run.events).read_new():
        if isinstance(event, Metrics):
            values |= event.values
    parts = {name: value for name, value in values.items() if name.startswith("phase/")}
    assert set(parts) == {
        f"phase/{name}" for name in ("simulate", "act", "wait", "learn", "normalize", "evaluate", "checkpoint", "other")
    }
    assert abs(sum(parts.values()) - 1.0) < 1e-6
    assert 0.0 < values["sampling/efficiency"] < 1.0
