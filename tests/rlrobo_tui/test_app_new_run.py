"""The form for a new run: how it is filled in, what it says about mistakes, and what it starts.

Each test opens the app anew; those of rarer situations are slow ones.
"""

import json
import shlex
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.edit_setting import EditSetting
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.choice_list import ChoiceList
from tests.rlrobo_tui.app_forms import form
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


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
            ("enter", "place"),
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


@pytest.mark.slow
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
