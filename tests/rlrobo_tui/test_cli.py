"""The command line itself: its commands, its imports and what becomes of errors."""

import subprocess
import sys

import pytest

from engine.protocol.errors import RlroboError, RunBusyError, UsageError
from rlrobo_tui import cli as cli_module
from rlrobo_tui.cli import COMMANDS, load_command
from robots.errors import RobotError
from tests.rlrobo_tui.cli_calls import Cli

HEAVY_MODULES = {"torch", "pybullet", "stable_baselines3", "gymnasium", "boto3", "textual", "plotext"}


def test_help_lists_every_command(cli: Cli) -> None:
    result = cli("--help")
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in COMMANDS)


def test_help_documents_the_exit_codes(cli: Cli) -> None:
    assert "130 interrupted" in " ".join(cli("--help").stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_command_describes_itself_as_the_list_does(name: str) -> None:
    command = load_command(name)
    assert command.help.splitlines()[0] == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_has_a_help_text(name: str) -> None:
    assert all(parameter.help for parameter in load_command(name).params if hasattr(parameter, "help"))


def test_importing_the_command_line_loads_nothing_slow() -> None:
    program = "import sys; import rlrobo_tui.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {*HEAVY_MODULES, "msgspec", "yaml", "numpy", "rich", "psutil"} & set(loaded)


def test_loading_the_commands_keeps_physics_learning_and_the_app_out() -> None:
    names = [name for name in COMMANDS if name != "plot"]  # it is what plotext is for
    program = f"import sys; from rlrobo_tui.cli import load_command; [load_command(n) for n in {names}]"
    program += "; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not HEAVY_MODULES & set(loaded)


def test_no_arguments_without_a_terminal_print_the_help(cli: Cli) -> None:
    result = cli()
    assert result.exit_code == 0
    assert "Commands:" in result.stdout


def test_version_is_printed(cli: Cli) -> None:
    assert cli("--version").stdout.startswith("rlrobo 0")


def test_unknown_command_suggests_the_nearest(cli: Cli) -> None:
    result = cli("trian")
    assert result.exit_code == 2
    assert "Did you mean 'train'?" in result.stderr


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [(RlroboError("x"), 1), (UsageError("x"), 2), (RobotError("x"), 2), (RunBusyError("x"), 3)],
)
def test_error_becomes_a_sentence_and_its_exit_code(
    error: Exception, exit_code: int, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli_module, "app", fail)
    result = cli("robots")
    assert (result.exit_code, result.stdout, result.stderr) == (exit_code, "", "rlrobo: x\n")


def test_brackets_in_an_error_are_not_taken_for_markup(cli: Cli) -> None:
    result = cli("watch", "[red]run[/red]")
    assert "[red]run[/red]" in result.stderr


def test_ctrl_c_exits_with_130(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rlrobo_tui.commands.runs.list_runs", interrupt)
    assert cli("runs").exit_code == 130


def test_completion_offers_commands_and_tasks() -> None:
    environment = {"_RLROBO_COMPLETE": "complete_bash", "COMP_WORDS": "rlrobo train cart", "COMP_CWORD": "2"}
    program = "from rlrobo_tui.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.split() == ["cartpole_balance"]
