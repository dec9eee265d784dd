"""`rlrobo fork` up to the engine's start: what the new run is, what is refused, and that the other is not touched."""

import pytest

from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.commands import fork as fork_module
from tests.rlrobo_tui.cli_calls import Cli, FakeEngines, save_checkpoint


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    """No engine starts."""
    fake = FakeEngines()
    monkeypatch.setattr(fork_module, "start_engine", fake)
    return fake


@pytest.fixture
def parent(cli: Cli) -> RunDir:
    """A finished run of 1000 timesteps with a best and a latest checkpoint."""
    run = cli.make_finished_run()
    save_checkpoint(run, 400, return_mean=9.0)
    save_checkpoint(run, 800)
    return run


@pytest.mark.parametrize(
    ("arguments", "step"), [((), 800), (("--from", "best"), 400), (("--from", "latest"), 800), (("--from", "400"), 400)]
)
def test_fork_begins_at_the_checkpoint_that_was_asked_for(
    arguments: tuple[str, ...], step: int, cli: Cli, parent: RunDir, engines: FakeEngines
) -> None:
    result = cli("fork", parent.id, *arguments)
    assert result.exit_code == 0, result.stderr
    ((forked, _),) = engines.started
    assert [checkpoint.step for checkpoint in list_checkpoints(forked.checkpoints)] == [step]
    assert result.stdout == f"{forked.path}\n"
    assert f"Forked {parent.id} at {step:,} timesteps" in result.stderr


def test_overrides_reach_the_new_run_and_not_the_old(cli: Cli, parent: RunDir, engines: FakeEngines) -> None:
    arguments = ("--set", "learning_rate=1e-4", "--steps", "+1k", "--seed", "9", "--auto-resume", "2", "--detach")
    assert cli("fork", parent.id, *arguments).exit_code == 0
    ((forked, options),) = engines.started
    config, before = forked.read_config(), parent.read_config()
    assert (config.algorithm.learning_rate, config.total_timesteps, config.seed) == (1e-4, 2000, 9)
    assert (before.algorithm.learning_rate, before.total_timesteps, before.seed) == (3e-4, 1000, 1)
    assert options == {"auto_resume": 2}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--set", "policy_kwargs.net_arch=[8]"), "the weights of the checkpoint fit that network only"),
        (("--set", "task=ant_walk"), "cannot change from cartpole_balance to ant_walk"),
        (("--set", "lr=1"), "did you mean 'learning_rate'?"),
        (("--steps", "800"), "expected more than the 800 timesteps at which the fork begins, got 800"),
        (("--from", "500"), "no checkpoint '500'; there are: best, latest, 400, 800"),
    ],
)
def test_wrong_request_is_refused_and_makes_no_run(
    arguments: tuple[str, ...], sentence: str, cli: Cli, parent: RunDir, engines: FakeEngines
) -> None:
    result = cli("fork", parent.id, *arguments)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert list_runs(cli.runs_dir) == [parent]
    assert engines.started == []


def test_run_without_a_checkpoint_cannot_be_forked(cli: Cli, engines: FakeEngines) -> None:
    run = cli.make_finished_run()
    assert "no checkpoint" in cli("fork", run.id).stderr
    assert engines.started == []
