"""The form for a new run: every action, what it says about mistakes, and what it starts.

Each test opens the app anew; those of rarer situations are slow ones.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

import rlrobo_tui.own_robot as own_robot_module
import rlrobo_tui.starting as starting_module
import rlrobo_tui.widgets.hardware_step as hardware_module
from engine.protocol.errors import StorageError
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.edit_setting import EditSetting
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.new_run import NewRunScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.twin import Output
from rlrobo_tui.widgets.choice_list import ChoiceList
from rlrobo_tui.widgets.robot_picture import RobotPicture
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until

WIDE = (120, 40)


async def form(pilot: Pilot[None], *keys: str) -> NewRunScreen:
    """Open the form and press keys in it."""
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewRunScreen) and pilot.app.screen.is_mounted)
    screen = pilot.app.screen
    assert isinstance(screen, NewRunScreen)
    await until(pilot, lambda: "Robot" in screen_text(pilot.app))
    for key in keys:
        await pilot.press(key)
    return screen


@pytest.mark.slow
def test_the_keys_alone_train_another_robot_for_longer(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "slash", *"ant_", "enter")
        await until(pilot, lambda: screen.answers.target == "ant_walk")
        await pilot.press("l", "j", "tab", *"30k", "tab", "7", "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "✓ task" in screen_text(pilot.app))
        assert "--preset quick --steps 30k --seed 7" in " ".join(screen_text(pilot.app).split())
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))

    drive(RlroboApp(tmp_path), play)
    config = started[0].read_config()
    assert (config.task, config.total_timesteps, config.seed) == ("ant_walk", 30_000, 7)
    assert config.algorithm.policy_kwargs.net_arch == [64, 64]


@pytest.mark.slow
def test_the_form_trains_what_was_typed_and_keeps_the_command(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n")
        screen.query_one("#overrides", Input).value = "learning_rate=1e-3, policy_kwargs={net_arch: [64, 64]}"
        await until(pilot, lambda: screen.answers.overrides)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))

    drive(RlroboApp(tmp_path), play)
    config = started[0].read_config()
    assert config.algorithm.learning_rate == 1e-3
    assert config.algorithm.policy_kwargs.net_arch == [64, 64]
    command = json.loads((started[0].path / "provenance.json").read_text())["command"]
    assert command[-1] == "policy_kwargs={net_arch: [64, 64]}"


@pytest.mark.slow
def test_the_form_chooses_what_is_tuned_for_the_task(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "slash", *"panda reach", "enter")
        await until(pilot, lambda: "--algo tqc --preset tuned" in screen.command)
        await pilot.press("slash", *"zzz")
        await until(pilot, lambda: "no robot has all of these words" in screen_text(pilot.app))
        await pilot.press("escape")
        assert pilot.app.screen is screen
        screen.query_one("#robots", ChoiceList).action_first()
        await until(pilot, lambda: "cartpole_balance --algo ppo --preset tuned" in screen.command)

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_steps_and_fields_are_reached_by_keys(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        possible = {name: bool(screen.check_action(name, ())) for name in ("like", "measure", "settings", "filter")}
        assert possible == {"like": False, "measure": False, "settings": False, "filter": True}
        assert shlex.split(screen.command)[:3] == ["rlrobo", "train", "cartpole_balance"]
        seen: list[str] = []
        for key in ("tab", "tab", "down", "k", "j", "shift+tab", "ctrl+b", "ctrl+b", "h", "enter"):
            await pilot.press(key)
            assert screen.focused is not None
            seen.append(str(screen.focused.id))
        assert seen == [
            "own", "presets", "presets", "presets", "presets", "robots", "robots", "robots", "robots", "presets",
        ]  # fmt: skip
        await pilot.press("tab")
        for key, name in (
            ("down", "seed"),
            ("up", "steps"),
            ("enter", "seed"),
            ("enter", "overrides"),
            ("enter", "num_envs"),
        ):
            await pilot.press(key)
            assert screen.focused is not None
            assert screen.focused.id == name

    drive(RlroboApp(tmp_path), play)


MISTAKES = (
    ("overrides", "lr=1", "did you mean 'learning_rate'?", "Algorithm"),
    ("steps", "many", "whole number such as 200k or 1e6, got 'many'. Nearest: 60000.", "Algorithm"),
    ("seed", "-1", "expected int >= 0, got -1. Nearest: 0.", "Algorithm"),
    ("num_envs", "9999", "expected int <= 4096, got 9999. Nearest: 4096.", "Hardware"),
    ("device", "gpu", "expected auto, cpu, cuda or cuda:N, got 'gpu'. Nearest: auto.", "Hardware"),
)
"""Field, what is typed, what is said, and the step that it is said in."""


def test_a_mistake_is_said_below_its_field_and_starts_nothing(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+n")
        for field, text, words, step in MISTAKES:
            entry = screen.query_one(f"#{field}", Input)
            entry.value = text
            await until(pilot, lambda: screen.config is None)
            await pilot.press("ctrl+r")
            await until(pilot, lambda words=words: words in " ".join(screen_text(pilot.app).split()))
            assert f"✗ {step}" in screen_text(pilot.app)
            assert pilot.app.screen is screen
            entry.value = ""
            await until(pilot, lambda: screen.config is not None)

    drive(RlroboApp(tmp_path), play)
    assert started == []


@pytest.mark.slow
def test_settings_are_explained_and_changed_one_by_one(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+t", "j")
        await until(pilot, lambda: "Discount factor." in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditSetting))
        await pilot.press(*"1.5", "enter")
        await until(pilot, lambda: "got 1.5. Nearest: 1." in screen_text(pilot.app))
        await pilot.press("backspace", "backspace", "backspace", *"0.9", "enter")
        await until(pilot, lambda: screen.answers.settings == {"gamma": "0.9"})
        assert "* gamma" in screen_text(pilot.app)
        assert "--set gamma=0.9" in screen.command
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditSetting))
        await pilot.press("delete", "enter")
        await until(pilot, lambda: screen.answers.settings == {})
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditSetting))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "▸ 33 more settings" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


def test_answers_survive_another_page(tmp_path: Path) -> None:
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "tab", *"30k", "shift+tab", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        screen = await form(pilot)
        assert screen.answers.steps == "30k"
        assert screen.is_choosing_algorithm
        assert screen.query_one("#steps", Input).value == "30k"

    drive(app, play)
    assert app.memory.new.answers is not None


def test_leaving_asks_only_when_something_was_changed(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        screen = await form(pilot, "j", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("escape", "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        assert (await form(pilot)).answers.target == "cartpole_balance"

    drive(RlroboApp(tmp_path), play)


def test_the_run_in_sight_fills_the_form_in(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training(), task="ant_walk", seed=5)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        screen = await form(pilot, "ctrl+l")
        await until(pilot, lambda: screen.config == run.read_config())
        assert screen.answers.seed == "5"
        assert screen.query_one("#robots", ChoiceList).chosen == "ant_walk"

    drive(RlroboApp(tmp_path, run=run), play)


def test_the_speed_is_measured_by_a_child_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, ...]] = []

    async def run_command(*arguments: str) -> Output:
        called.append(arguments)
        return Output(0, 'noise\n[{"task": "cartpole_balance", "ours": 36000.0}]', "")

    monkeypatch.setattr(hardware_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "cores, load" in screen_text(pilot.app) or "core, load" in screen_text(pilot.app))
        assert screen.may_measure
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "36.0k steps/s on one core" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
    assert called[0][:3] == ("bench", "sim", "cartpole_balance")


@pytest.mark.slow
def test_a_measurement_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_command(*_: str) -> Output:
        return Output(1, "", "rlrobo: no room\n")

    monkeypatch.setattr(hardware_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+n", "ctrl+n", "ctrl+g")
        await until(pilot, lambda: "✗ no room" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


REPORT: dict[str, Any] = {
    "task": "my", "observation": {"joints": 6, "base": 4}, "actions": ["hip", "knee"], "max_episode_steps": 100,
    "promises": [{"name": "resets differ", "problem": ""}, {"name": "is finite", "problem": "nan in base"}],
    "agents": {"random": {"mean_return": 3.5, "mean_length_steps": 40.0, "steps_per_s": 900.0}},
    "notes": ["the knee never moves"],
}  # fmt: skip


def test_a_model_becomes_a_task_that_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "my.urdf"
    model.write_text("<robot/>")
    called: list[tuple[str, ...]] = []

    async def run_command(*arguments: str) -> Output:
        called.append(arguments)
        if arguments[1] == "new":
            (tmp_path / "my.yaml").write_text("robot: {model: my.urdf}\n")
            return Output(0, str(tmp_path / "my.yaml"), "")
        return Output(1, json.dumps(REPORT), "")

    monkeypatch.setattr(own_robot_module, "run_command", run_command)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        own = screen.query_one("#own", Input)
        own.focus()
        own.value = str(model)
        await until(pilot, lambda: "Enter writes a task" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.answers.target == str(tmp_path / "my.yaml"))
        for words in ("my.yaml was written", "10 numbers", "2: hip, knee", "1 of 2 kept", "✗ is finite: nan in base"):
            assert words in screen_text(pilot.app)
        assert own.value == str(tmp_path / "my.yaml")
        assert "--preset generic" in screen.command

    drive(RlroboApp(tmp_path / "runs"), play, size=WIDE)
    assert [words[1] for words in called] == ["new", "check"]


@pytest.mark.slow
def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        own = screen.query_one("#own", Input)
        own.focus()
        own.value = str(tmp_path / "my.yaml")
        await until(pilot, lambda: "no such file" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.query_one("#own-words", Static).display)
        own.value = ""
        await until(pilot, lambda: screen.answers.target == "cartpole_balance")

    drive(RlroboApp(tmp_path / "runs"), play)


def test_the_review_shows_checks_yaml_and_moves(tmp_path: Path) -> None:
    make_run(tmp_path, events=[])

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, *["ctrl+n"] * 3)
        await until(pilot, lambda: "✓ disk" in screen_text(pilot.app))
        assert re.search(r"✓ disk +about [\d.]+ MB of .* free", screen_text(pilot.app))
        assert "task: cartpole_balance" in screen_text(pilot.app)
        await pilot.press(*"jjj")
        await until(pilot, lambda: "task: cartpole_balance" not in screen_text(pilot.app))
        await pilot.press(*"kkk")
        await until(pilot, lambda: "task: cartpole_balance" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_what_cannot_start_cannot_be_started_by_the_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.protocol.disk.free_bytes", lambda _: 1000)

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, *["ctrl+n"] * 3)
        await until(pilot, lambda: "✗ disk" in screen_text(pilot.app))
        assert screen.query_one("#launch", Button).disabled

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_a_run_that_cannot_be_stored_is_said_and_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> RunDir:
        raise StorageError("/full: cannot write: the disk is full.")

    monkeypatch.setattr(starting_module, "make_run", refuse)

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+r")
        await until(pilot, lambda: "✗ /full: cannot write: the disk is full." in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
    assert list_runs(tmp_path) == []


@pytest.mark.slow
def test_the_footer_shows_a_help_key_that_works_while_typing(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        await until(pilot, lambda: "? Help" in screen_text(pilot.app))
        screen.query_one("#own", Input).focus()
        await until(pilot, lambda: "f1 Help" in screen_text(pilot.app))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_nothing_starts_while_the_app_is_read_only(tmp_path: Path, started: list[RunDir]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+o", "ctrl+r")
        await pilot.pause()

    drive(RlroboApp(tmp_path), play)
    assert started == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "has_picture", "has_card"), [((80, 24), False, False), (WIDE, True, False), ((200, 60), True, True)]
)
def test_the_layout_fits_the_terminal(tmp_path: Path, size: tuple[int, int], has_picture: bool, has_card: bool) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot)
        await until(pilot, lambda: "Keep a pole upright" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert ("▀▀▀▀" in text) is has_picture
        assert ("this will run" in text) is has_card
        assert ("cartpole_balance · PPO tuned" in text) is not has_card
        assert "✗" not in text
        await pilot.press("ctrl+n", "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "✓ plug-ins" in screen_text(pilot.app))
        assert screen.query_one("#launch").region.height == 1

    drive(RlroboApp(tmp_path), play, size=size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "mark"), [(Options(ascii=True), "%%%"), (Options(low_bandwidth=True), "not drawn: low bandwidth")]
)
def test_the_picture_keeps_to_the_terminal(tmp_path: Path, options: Options, mark: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "slash", *"ant_", "enter")
        await until(pilot, lambda: screen.answers.target == "ant_walk")
        await until(pilot, lambda: mark in screen_text(pilot.app))
        assert screen.query_one(RobotPicture).picture is not None

    drive(RlroboApp(tmp_path, options=options), play, size=WIDE)


def test_the_picture_is_shades_without_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot)
        await until(pilot, lambda: "@@@@" in screen_text(pilot.app))
        assert "▀" not in screen_text(pilot.app)

    drive(RlroboApp(tmp_path), play, size=WIDE)
