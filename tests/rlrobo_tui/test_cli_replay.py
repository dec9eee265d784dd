"""`rlrobo replay` and `rlrobo evaluate` without an engine: what is refused, and how a window's end is told."""

import errno
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.checkpoints import POLICY, EvaluationResult, Manifest, new_checkpoint
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands import evaluate as evaluate_module
from rlrobo_tui.commands import replay as replay_module
from rlrobo_tui.commands.child import ChildError
from rlrobo_tui.commands.evaluate import describe
from rlrobo_tui.commands.task_facts import facts_of_entry
from robots.registry import find_task
from tests.rlrobo_tui.cli_calls import Cli


def save_checkpoint(run: RunDir, step: int, return_mean: float | None = None) -> Path:
    evaluation = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=0.0, episodes=1)
    manifest = Manifest(
        step=step,
        algorithm="ppo",
        task="cartpole_balance",
        reason="periodic",
        saved_at=0.0,
        files={},
        evaluation=evaluation,
    )
    with new_checkpoint(run.checkpoints, manifest) as folder:
        (folder / POLICY).write_bytes(b"policy")
    return run.checkpoints / f"{step:09d}" / POLICY


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(bytes(content))


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that a window can be opened."""
    monkeypatch.setattr(replay_module, "require_display", lambda: None)


def test_replay_without_a_display_names_the_video(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    cli.make_finished_run()
    result = cli("replay")
    assert result.exit_code == 1
    assert "--video" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--video", "a.avi"), "expected a file that ends in .mp4, got 'a.avi'"),
        (("--video", "/no/such/a.mp4"), "no such directory: /no/such"),
        (("--video", "a.mp4", "--width", "101"), "expected even numbers, got 101 x 480"),
    ],
)
def test_impossible_video_is_refused_before_anything_is_loaded(
    arguments: tuple[str, ...], sentence: str, cli: Cli
) -> None:
    cli.make_finished_run()
    result = cli("replay", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_video_in_a_folder_that_cannot_be_written_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    cli.make_finished_run()
    monkeypatch.setattr(replay_module.tempfile, "TemporaryFile", refuse)
    result = cli("replay", "--video", "a.mp4")
    assert result.exit_code == 2
    assert f"--video: {Path.cwd()}: cannot be written (Read-only file system); choose another folder." in result.stderr


@pytest.mark.parametrize("command", [("evaluate",), ("replay", "--video", "a.mp4")])
def test_run_that_ended_without_a_checkpoint_says_so(command: tuple[str, ...], cli: Cli) -> None:
    run = cli.make_finished_run()
    result = cli(*command)
    assert result.exit_code == 1
    assert f"no checkpoint, and no engine that could save one; train anew with `rlrobo train {run.config}`" in (
        result.stderr
    )


@pytest.mark.parametrize("command", [("evaluate",), ("replay", "--video", "a.mp4")])
def test_one_flipped_byte_is_noticed_and_named(command: tuple[str, ...], cli: Cli) -> None:
    run = cli.make_finished_run()
    policy = save_checkpoint(run, 1000)
    flip_byte(policy)
    result = cli(*command)
    assert result.exit_code == 1
    assert f"{policy}: damaged" in result.stderr


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps of the checkpoints that `evaluate` would have played."""
    steps: list[int] = []

    def play(_: RunDir, options: dict[str, int]) -> dict[str, Any]:
        steps.append(options["checkpoint"])
        numbers = ("return_mean", "return_ci95", "return_std", "length_mean", "episodes", "checkpoint_step", "seed")
        return {**dict.fromkeys(numbers, 0), "success_rate": None, "termination_rates": {}}

    monkeypatch.setattr(evaluate_module, "play_episodes", play)
    return steps


def test_damaged_best_checkpoint_is_passed_over_aloud(cli: Cli, played: list[int]) -> None:
    run = cli.make_finished_run()
    flip_byte(save_checkpoint(run, 500, return_mean=9.0))
    save_checkpoint(run, 1000, return_mean=5.0)
    result = cli("evaluate")
    assert played == [1000]
    assert f"{run.checkpoints / '000000500'}: damaged; using the checkpoint of step 1000 instead." in result.stderr


def test_damaged_manifest_is_told_whether_its_step_was_asked_for_or_not(cli: Cli, played: list[int]) -> None:
    run = cli.make_finished_run()
    manifest = save_checkpoint(run, 500).with_name("manifest.json")
    manifest.write_text("{")
    save_checkpoint(run, 1000)
    assert f"{manifest.parent}: damaged" in cli("evaluate", "--checkpoint", "latest").stderr
    assert f"{manifest}: damaged" in cli("evaluate", "--checkpoint", "500").stderr
    assert played == [1000]


@pytest.mark.usefixtures("display")
def test_damaged_latest_checkpoint_is_passed_over_aloud(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    run = cli.make_finished_run()
    save_checkpoint(run, 500)
    flip_byte(save_checkpoint(run, 1000))
    started: list[list[str]] = []
    monkeypatch.setattr(replay_module, "run_child", lambda _, arguments, **__: started.append(arguments))
    result = cli("replay", "--checkpoint", "latest")
    assert "using the checkpoint of step 500 instead" in result.stderr
    assert started[0][started[0].index("--checkpoint") + 1] == "500"


@pytest.mark.parametrize(
    ("died_with", "is_open", "exit_code", "sentence"),
    [
        ("X Error of failed request:  BadDrawable", True, 0, "The window was closed."),
        ("X connection to :0 broken", True, 0, "The window was closed."),
        ("X Error of failed request:  BadDrawable", False, 1, "--video replay.mp4"),
        ("Segmentation fault", True, 1, "--video replay.mp4"),
    ],
)
@pytest.mark.usefixtures("display")
def test_end_of_the_window_is_one_sentence(
    died_with: str, is_open: bool, exit_code: int, sentence: str, *, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, listen, **__: object) -> None:
        if is_open:
            listen({"window": "open", "keys": "q quits"})
        raise ChildError("the process died.", lines=(died_with,))

    save_checkpoint(cli.make_finished_run(), 1000)
    monkeypatch.setattr(replay_module, "run_child", die)
    result = cli("replay")
    assert result.exit_code == exit_code
    assert sentence in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("mean", "verdict"), [(500.0, "solved"), (475.0, "solved"), (474.0, "not solved yet")])
def test_evaluation_is_compared_with_what_counts_as_solved(mean: float, verdict: str) -> None:
    result = {
        "return_mean": mean,
        "return_std": 2.0,
        "return_ci95": 1.0,
        "episodes": 20,
        "length_mean": 500.0,
        "checkpoint_step": 1000,
        "seed": 1,
        "success_rate": None,
        "termination_rates": {"pole_fell": 0.75, "time_limit": 0.25},
    }
    lines = describe(result, facts_of_entry(find_task("cartpole_balance")))
    assert lines[-1].endswith(f": {verdict}")
    assert "ended by pole_fell 75%, time_limit 25%" in lines
