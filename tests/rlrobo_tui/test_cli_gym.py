"""`gym:ENV_ID` on the command line: what a run of another package's environment is, and what is refused before it."""

from pathlib import Path

import pytest

from engine.protocol.algorithms import SAC
from engine.protocol.config import RunConfig
from engine.protocol.run_dir import RunDir, create_run, list_runs
from engine.protocol.summary import summarize
from engine.protocol.task_facts import TaskFacts, read_facts, write_facts
from rlrobo_tui.commands import train as train_module
from tests.rlrobo_tui.cli_calls import NOWHERE, Cli, FakeEngines, save_checkpoint

TASK = "gym:CartPole-v1"
FACTS = TaskFacts(
    id=TASK, observation_size=4, action_size=2, has_choices=True, max_episode_steps=None, control_dt_s=0.02
)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    """No engine starts."""
    fake = FakeEngines()
    monkeypatch.setattr(train_module, "start_engine", fake)
    return fake


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The facts are known without a child process."""
    monkeypatch.setattr(train_module, "facts_for", lambda _: FACTS)


def make_run(cli: Cli) -> RunDir:
    run = create_run(cli.runs_dir, RunConfig(task=TASK), NOWHERE)
    write_facts(FACTS, run.facts)
    save_checkpoint(run, 100)
    return run


def test_a_run_of_another_packages_environment(cli: Cli, engines: FakeEngines) -> None:
    result = cli("train", "gym:Pendulum-v1", "--algo", "sac")
    assert result.exit_code == 0, result.stderr
    ((run, _),) = engines.started
    config = run.read_config()
    assert (config.task, config.algorithm, config.num_envs) == ("gym:Pendulum-v1", SAC(), 1)
    assert not config.normalization.observations
    assert run.id.partition("-")[2] == "gym_Pendulum-v1-sac-s1"
    assert summarize(run).task == "gym:Pendulum-v1"
    facts = read_facts(run.facts)
    assert facts is not None
    assert (facts.observation_size, facts.action_size, facts.max_episode_steps) == (3, 1, 200)


def test_what_gymnasium_cannot_make_is_refused_before_there_is_a_run(cli: Cli) -> None:
    result = cli("train", "gym:no_such_package:Thing-v0")
    assert result.exit_code == 2
    assert "gym:no_such_package:Thing-v0: Gymnasium cannot make it: No module named 'no_such_package'" in result.stderr
    assert not cli.runs_dir.exists()


@pytest.mark.usefixtures("facts")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--algo", "sac"), "sac acts with numbers, and gym:CartPole-v1 offers choices; use ppo or a2c"),
        (("--set", "use_sde=true"), "gSDE is noise on numbers"),
    ],
)
def test_what_the_algorithm_cannot_do_is_refused_before_there_is_a_run(
    arguments: tuple[str, ...], sentence: str, cli: Cli, engines: FakeEngines
) -> None:
    result = cli("train", TASK, *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert list_runs(cli.runs_dir) == []
    assert engines.started == []


def test_a_window_is_refused_with_what_to_do_instead(cli: Cli) -> None:
    run = make_run(cli)
    result = cli("replay", run.id)
    assert result.exit_code == 2
    assert f"only PyBullet tasks have a window; record a video with `rlrobo replay {run.id} --video" in result.stderr


def test_a_video_without_a_time_limit_needs_steps(cli: Cli, tmp_path: Path) -> None:
    result = cli("replay", make_run(cli).id, "--video", str(tmp_path / "a.mp4"))
    assert result.exit_code == 2
    assert "gym:CartPole-v1 has no time limit that is known; give --steps" in result.stderr
