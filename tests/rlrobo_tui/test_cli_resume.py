"""`rlrobo resume` up to the engine's start: where it begins and ends, what is refused, what is followed."""

import json
import re

import pytest

from engine.protocol.commands import Resume
from engine.protocol.errors import ConfigError
from engine.protocol.events import CommandDone, RunStarted, StatusChanged
from engine.protocol.json_lines import EventWriter, command_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from rlrobo_tui.commands import control
from rlrobo_tui.commands import resume as resume_module
from rlrobo_tui.commands.options import parse_total
from tests.rlrobo_tui.cli_calls import Cli, FakeEngines, save_checkpoint


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    """No engine starts; what it would do is written down."""
    fake = FakeEngines()
    monkeypatch.setattr(resume_module, "start_engine", fake)
    return fake


@pytest.fixture
def stopped(cli: Cli) -> RunDir:
    """A run of 1000 timesteps that was stopped after 500, with two checkpoints."""
    started = RunStarted(task="cartpole_balance", algorithm="ppo", seed=1, total_timesteps=1000)
    run = cli.make_run(started, StatusChanged(status=Status.RUNNING), StatusChanged(step=500, status=Status.STOPPING))
    save_checkpoint(run, 250, return_mean=9.0)
    save_checkpoint(run, 500)
    return run


def test_ended_run_goes_on_from_the_latest_checkpoint(cli: Cli, stopped: RunDir, engines: FakeEngines) -> None:
    result = cli("resume", "latest", "--json")
    assert (result.exit_code, engines.started) == (0, [(stopped, {})]), result.stderr
    assert f"{stopped.id}: going on from 500 to 1,000 timesteps." in result.stderr
    assert json.loads(result.stdout)["status"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--from", "250"), {"from_step": 250}),
        (("--from", "best"), {"from_step": 250}),
        (("--from", "latest"), {"from_step": 500}),
        (("--steps", "2k"), {"total_timesteps": 2000}),
        (("--steps", "+2k"), {"total_timesteps": 3000}),
        (("--auto-resume", "3"), {"auto_resume": 3}),
    ],
)
def test_options_reach_the_engine(
    arguments: tuple[str, ...], options: dict, cli: Cli, stopped: RunDir, engines: FakeEngines
) -> None:
    assert cli("resume", stopped.id, *arguments).exit_code == 0
    assert engines.started == [(stopped, options)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "300"), "no checkpoint '300'; there are: best, latest, 250, 500"),
        (("--from", "somewhere"), "--from: expected a whole number"),
        (("--steps", "500"), "would go on from 500 timesteps, so expected more than that, got 500"),
        (("--steps", "+0"), "expected more than +0"),
        (("--steps", "more"), "--steps: expected a whole number"),
    ],
)
def test_wrong_request_is_refused(
    arguments: tuple[str, ...], sentence: str, cli: Cli, stopped: RunDir, engines: FakeEngines
) -> None:
    result = cli("resume", stopped.id, *arguments)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert engines.started == []


def test_completed_run_needs_more_steps(cli: Cli, engines: FakeEngines) -> None:
    run = cli.make_finished_run()
    save_checkpoint(run, 1000)
    result = cli("resume", run.id)
    assert result.exit_code == 2
    assert f"there is nothing to resume; train further with `rlrobo resume {run.id} --steps +200k`" in result.stderr
    assert cli("resume", run.id, "--steps", "+1000").exit_code == 0
    assert engines.started == [(run, {"total_timesteps": 2000})]


def test_completed_run_may_be_trained_again_from_an_earlier_checkpoint(cli: Cli, engines: FakeEngines) -> None:
    run = cli.make_finished_run()
    save_checkpoint(run, 600)
    assert cli("resume", run.id, "--from", "600").exit_code == 0
    assert engines.started == [(run, {"from_step": 600})]


def test_run_without_a_checkpoint_begins_again(cli: Cli, engines: FakeEngines) -> None:
    run = cli.make_finished_run(EndReason.NO_SPACE)
    assert "going on from 0 to 1,000 timesteps" in cli("resume", run.id).stderr
    assert engines.started == [(run, {})]


def test_what_happened_before_is_not_told_again(cli: Cli, engines: FakeEngines) -> None:
    run = cli.make_finished_run(EndReason.STOPPED)
    result = cli("resume", run.id)
    assert "evaluation" not in result.stderr
    assert re.search(r"Finished: All timesteps are trained\.", result.stderr)


def test_engine_that_refuses_shows_its_log(cli: Cli, stopped: RunDir, engines: FakeEngines) -> None:
    engines.events = ()
    stopped.engine_log.write_text("engine: it does not fit\n")
    result = cli("resume", stopped.id)
    assert result.exit_code == 1
    assert "engine: it does not fit" in result.stderr


def test_detach_returns_at_once(cli: Cli, stopped: RunDir, engines: FakeEngines) -> None:
    result = cli("resume", stopped.id, "--detach")
    assert (result.exit_code, result.stdout) == (0, f"{stopped.path}\n")
    assert len(engines.started) == 1


def test_running_engine_is_left_alone(cli: Cli, stopped: RunDir, engines: FakeEngines) -> None:
    with stopped.lock():
        result = cli("resume", stopped.id)
    assert result.exit_code == 2
    assert "is not paused, so there is nothing to resume" in result.stderr
    assert not stopped.commands.exists()


def test_paused_engine_gets_the_command(
    cli: Cli, stopped: RunDir, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "wait_for_answer", lambda *_: CommandDone(step=500))
    writer = EventWriter(stopped.events, clock=lambda: 0.0)
    writer.write(StatusChanged(step=500, status=Status.PAUSED))
    writer.close()
    with stopped.lock():
        assert "for a new one" in cli("resume", stopped.id, "--steps", "+1k").stderr
        assert cli("resume", stopped.id).exit_code == 0
    (command,) = command_reader(stopped.commands).read_new()
    assert isinstance(command, Resume)
    assert engines.started == []


@pytest.mark.parametrize(("text", "total"), [("200k", 200_000), ("+200k", 201_000)])
def test_plus_adds_to_what_was_planned(text: str, total: int) -> None:
    assert parse_total(text, present=1000) == total


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(ConfigError):
        parse_total("+-5", present=1000)


def test_every_command_that_trains_takes_auto_resume(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEngines()
    monkeypatch.setattr("rlrobo_tui.commands.train.start_engine", fake)
    assert cli("train", "cartpole_balance", "--auto-resume", "2", "--detach").exit_code == 0
    assert fake.started[0][1] == {"auto_resume": 2}
