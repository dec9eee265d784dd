"""Commands to an engine, as far as they need none: what is refused and how an answer is awaited."""

import os
import socket
from collections.abc import Iterator

import msgspec
import psutil
import pytest
import typer

from engine.protocol.commands import Pause, Stop
from engine.protocol.errors import UsageError
from engine.protocol.events import CommandDone, RunStarted
from engine.protocol.json_lines import EventWriter, command_reader, event_reader
from engine.protocol.lock import Holder
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands import control
from tests.rlrobo_tui.cli_calls import Cli


@pytest.fixture
def held_run(cli: Cli) -> Iterator[RunDir]:
    """A run that this very process holds, as an engine would."""
    run = cli.make_run(RunStarted(total_timesteps=1000))
    with run.lock():
        yield run


@pytest.mark.parametrize("name", ["pause", "stop", "checkpoint"])
def test_command_to_a_run_without_engine_is_refused_and_not_left_behind(name: str, cli: Cli) -> None:
    run = cli.make_finished_run()
    result = cli(name, "latest")
    assert result.exit_code == 2
    assert f"{run.id}: no engine works on it (status finished)" in result.stderr
    assert not run.commands.exists()


@pytest.mark.parametrize("assignment", ["learning_rate", "learning_rate=fast", "=1e-4x"])
def test_set_refuses_what_is_no_number(assignment: str, cli: Cli) -> None:
    cli.make_finished_run()
    result = cli("set", "latest", assignment)
    assert result.exit_code == 2
    assert "expected key=number, such as learning_rate=1e-4" in result.stderr


def test_no_wait_leaves_the_command_and_returns(cli: Cli, held_run: RunDir) -> None:
    assert cli("pause", "latest", "--no-wait").exit_code == 0
    (command,) = command_reader(held_run.commands).read_new()
    assert isinstance(command, Pause)


def test_command_for_an_engine_on_another_machine_is_left_for_it(cli: Cli) -> None:
    run = cli.make_run(RunStarted())
    holder = Holder(pid=1, process_started=0.0, hostname=f"not-{socket.gethostname()}", boot_id="x")
    run.lock_file.write_bytes(msgspec.json.encode(holder))
    assert cli("stop", run.id, "--no-wait").exit_code == 0
    assert run.commands.exists()


def answer(run: RunDir, event: CommandDone) -> None:
    writer = EventWriter(run.events, clock=lambda: 0.0)
    writer.write(event)
    writer.close()


def test_answer_to_another_command_is_not_taken(held_run: RunDir) -> None:
    mine = Stop()
    answer(held_run, CommandDone(command_id="another"))
    answer(held_run, CommandDone(command_id=mine.id, detail="mine"))
    read_new = event_reader(held_run.events).read_new
    assert control.wait_for_answer(held_run, mine, read_new).detail == "mine"


def test_refusal_carries_the_engines_reason(cli: Cli, held_run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> CommandDone:
        return CommandDone(is_accepted=False, detail="the run is paused already")

    monkeypatch.setattr(control, "wait_for_answer", refuse)
    result = cli("pause", held_run.id)
    assert result.exit_code == 2
    assert "pause refused: the run is paused already." in result.stderr


def test_engine_that_dies_before_it_answers_ends_the_wait(cli: Cli) -> None:
    run = cli.make_run(RunStarted())
    with pytest.raises(UsageError, match="ended before it answered"):
        control.wait_for_answer(run, Stop(), list)


def test_missing_answer_ends_with_the_code_for_try_again(held_run: RunDir, capsys: pytest.CaptureFixture[str]) -> None:
    times_s = iter([0.0, 1.0, 1000.0])
    with pytest.raises(typer.Exit) as exit_info:
        control.wait_for_answer(held_run, Stop(), list, clock=lambda: next(times_s), sleep=lambda _: None)
    assert exit_info.value.exit_code == 3
    assert "stays in its queue" in capsys.readouterr().err


def test_kill_without_engine_is_refused(cli: Cli) -> None:
    cli.make_finished_run()
    assert "nothing to kill" in cli("stop", "latest", "--kill", "--yes").stderr


def test_kill_asks_first(cli: Cli, held_run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    result = cli("stop", held_run.id, "--kill")
    assert result.exit_code == 2
    assert "nothing was killed" in result.stderr
    assert psutil.pid_exists(os.getpid())
