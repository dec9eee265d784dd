"""Resume and fork with the real engine: one event stream for the run that goes on, one of its own for the fork."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.events import Resumed, RunEnded, RunStarted
from engine.protocol.json_lines import event_reader
from engine.protocol.provenance import Parent, Provenance
from engine.protocol.run_dir import RunDir
from tests.rlrobo_tui.cli_calls import Result, call_process

SMALL = ("--preset", "sb3", "--envs", "2", "--set", "n_steps=128", "--set", "evaluation.every_timesteps=0")


def told(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run that was trained to its end at 512 timesteps, with a checkpoint at 256."""
    arguments = ("cartpole_balance", "--steps", "512", *SMALL, "--set", "checkpoints.every_timesteps=256", "--json")
    return RunDir(Path(told(call_process(tmp_path_factory.mktemp("runs"), "train", *arguments))["dir"]))


def test_fork_trains_on_from_the_checkpoint_and_leaves_the_parent_alone(trained: RunDir) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.path.rglob("*") if path.is_file()}
    result = told(
        call_process(trained.path.parent, "fork", trained.id, "--from", "256", "--set", "learning_rate=1e-4", "--json")
    )
    forked = RunDir(Path(result["dir"]))
    assert (result["status"], result["step"], result["total_steps"]) == ("finished", 512, 512)
    assert {path: path.stat().st_mtime_ns for path in trained.path.rglob("*") if path.is_file()} == before
    assert [checkpoint.step for checkpoint in list_checkpoints(forked.checkpoints)] == [256, 512]
    provenance = msgspec.json.decode(forked.provenance.read_bytes(), type=Provenance)
    assert provenance.parent == Parent(run=trained.id, step=256)
    (started,) = (event for event in event_reader(forked.events).read_new() if isinstance(event, RunStarted))
    assert started.run_id == forked.id


def test_resume_goes_on_in_the_same_event_stream(trained: RunDir) -> None:
    result = told(call_process(trained.path.parent, "resume", trained.id, "--steps", "+256", "--json"))
    assert (result["dir"], result["step"], result["total_steps"]) == (str(trained.path), 768, 768)
    events = event_reader(trained.events).read_new()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [type(event) for event in events if isinstance(event, RunStarted | Resumed | RunEnded)] == [
        RunStarted,
        RunEnded,
        Resumed,
        RunEnded,
    ]
