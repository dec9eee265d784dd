"""`rlrobo train` up to the engine's start: what it resolves, refuses and says of an engine that never began."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from engine.protocol.errors import ConfigError
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.status import EndReason
from rlrobo_tui.commands import train as train_module
from rlrobo_tui.commands.attend import exit_code_of
from rlrobo_tui.commands.options import parse_count
from rlrobo_tui.run_view import RunView
from tests.rlrobo_tui.cli_calls import Cli


def dry_run(cli: Cli, *arguments: str) -> dict:
    result = cli("train", *arguments, "--dry-run")
    assert result.exit_code == 0, result.stderr
    return yaml.safe_load(result.stdout)


def test_dry_run_prints_yaml_and_makes_no_run(cli: Cli) -> None:
    assert dry_run(cli, "cartpole_balance")["task"] == "cartpole_balance"
    assert not cli.runs_dir.exists()


def test_options_win_over_the_environment_and_the_environment_over_a_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("task: cartpole_balance\nseed: 3\ndevice: cuda\nnum_envs: 2\n")
    assert dry_run(cli, str(file))["seed"] == 3
    monkeypatch.setenv("RLROBO_SEED", "5")
    monkeypatch.setenv("RLROBO_DEVICE", "cpu")
    resolved = dry_run(cli, str(file), "--seed", "7")
    assert (resolved["seed"], resolved["device"], resolved["num_envs"]) == (7, "cpu", 2)


def test_options_and_set_reach_the_configuration(cli: Cli) -> None:
    resolved = dry_run(cli, "cartpole_balance", "--algo", "sac", "--steps", "200k", "--envs", "4", "--set", "gamma=0.9")
    assert (resolved["algorithm"]["name"], resolved["total_timesteps"], resolved["num_envs"]) == ("sac", 200_000, 4)
    assert resolved["algorithm"]["gamma"] == 0.9


def test_small_rollouts_can_be_asked_for_together(cli: Cli) -> None:
    overrides = ("--preset", "sb3", "--envs", "1", "--set", "n_steps=16", "--set", "batch_size=16")
    assert dry_run(cli, "cartpole_balance", *overrides)["algorithm"]["n_steps"] == 16


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("cartpole",), "did you mean 'cartpole_balance'?"),
        (("cartpole_balance", "--algo", "pop"), "did you mean 'ppo'?"),
        (("cartpole_balance", "--preset", "tune"), "unknown preset"),
        (("cartpole_balance", "--steps", "0"), "total_timesteps: expected int >= 1, got 0"),
        (("cartpole_balance", "--steps", "many"), "--steps: expected a whole number such as 200k or 1e6, got 'many'"),
        (("cartpole_balance", "--set", "lr=1"), "did you mean 'learning_rate'?"),
        (("cartpole_balance", "--device", "gpu"), "device: expected auto, cpu, cuda or cuda:N, got 'gpu'"),
        (("missing.yaml",), "missing.yaml: no such file"),
        (("cartpole_balance", "--seed", "x"), "Invalid value for '--seed'"),
    ],
)
def test_wrong_request_is_refused_with_what_is_allowed(arguments: tuple[str, ...], sentence: str, cli: Cli) -> None:
    result = cli("train", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr
    assert not cli.runs_dir.exists()


def test_wrong_device_in_the_environment_is_blamed_on_the_environment(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLROBO_DEVICE", "gpu")
    assert "RLROBO_DEVICE" in cli("train", "cartpole_balance").stderr


def test_algorithm_beside_a_file_is_refused(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("task: cartpole_balance\n")
    assert "leave out --algo sac" in cli("train", str(file), "--algo", "sac").stderr


@pytest.mark.parametrize(
    ("text", "number"), [("1e6", 10**6), ("200k", 200_000), ("1_000_000", 10**6), ("2.5M", 2_500_000), ("-5", -5)]
)
def test_counts_are_read_as_people_write_them(text: str, number: int) -> None:
    assert parse_count(text, option="--steps") == number


@pytest.mark.parametrize("text", ["", "k", "1.5", "nan", "inf", "1e", "ten"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected a whole number"):
        parse_count(text, option="--steps")


@pytest.mark.parametrize(
    ("reason", "exit_code"),
    [
        (EndReason.COMPLETED, 0),
        (EndReason.STOPPED, 0),
        (EndReason.FAILED, 1),
        (EndReason.DIVERGED, 1),
        (EndReason.NO_SPACE, 3),
        (EndReason.KILLED, 3),
    ],
)
def test_every_end_has_its_exit_code(reason: EndReason, exit_code: int) -> None:
    assert exit_code_of(RunView(end_reason=reason)) == exit_code


@pytest.fixture
def broken_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An engine that cannot even import."""
    started: list[subprocess.Popen[bytes]] = []

    def start(run: RunDir, **_: int) -> "subprocess.Popen[bytes]":
        with run.engine_log.open("wb") as log:
            started.append(subprocess.Popen([sys.executable, "-c", "import no_such_module"], stderr=log))
        return started[-1]

    monkeypatch.setattr(train_module, "start_engine", start)
    yield
    for process in started:
        process.wait()


@pytest.mark.usefixtures("broken_engine")
def test_engine_that_dies_before_its_first_event_shows_its_log_and_the_next_step(cli: Cli) -> None:
    result = cli("train", "cartpole_balance", "--json")
    assert result.exit_code == 1
    assert "No module named 'no_such_module'" in result.stderr
    assert "rlrobo doctor" in result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["dir"] == str(list_runs(cli.runs_dir)[0].path)


@pytest.mark.usefixtures("broken_engine")
def test_detach_returns_at_once_and_prints_the_run(cli: Cli) -> None:
    result = cli("train", "cartpole_balance", "--detach")
    run = list_runs(cli.runs_dir)[0]
    assert (result.exit_code, result.stdout) == (0, f"{run.path}\n")
    assert f"rlrobo watch {run.id}" in result.stderr


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))


def test_run_that_could_not_save_once_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch, 1000)
    result = cli("train", "cartpole_balance")
    assert result.exit_code == 1
    assert "the first checkpoint takes about" in result.stderr
    assert not cli.runs_dir.exists()


@pytest.mark.usefixtures("broken_engine")
def test_run_that_may_fill_the_disk_is_warned_of(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch, 1_000_000)
    assert "1 MB are free" in cli("train", "cartpole_balance", "--detach").stderr
