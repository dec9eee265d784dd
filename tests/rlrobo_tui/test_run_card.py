"""What the form says about robots, presets, settings and the run."""

import pytest
from msgspec.structs import replace

from engine.protocol.presets import build_config
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.commands.task_facts import facts_of_entry
from rlrobo_tui.run_card import (
    card,
    checks_page,
    headline,
    machine_page,
    preset_page,
    setting_page,
    speed_page,
    task_page,
    yaml_page,
)
from rlrobo_tui.run_form import Answers, for_target
from rlrobo_tui.run_settings import settings_of
from robots.registry import TASKS, find_task
from tests.rlrobo_tui.test_preflight import FINE


@pytest.mark.parametrize("task", TASKS)
def test_every_robot_has_a_page(task: str) -> None:
    assert find_task(task).summary in task_page(find_task(task)).plain


def test_a_goal_task_succeeds_or_fails() -> None:
    text = task_page(find_task("panda_reach")).plain
    assert "panda, manipulation" in text
    assert "up to 2 s, 50 steps, which succeeds or fails" in text
    assert "goals of 3" in text


def test_what_a_task_leaves_to_the_user_is_on_its_page() -> None:
    assert "terrain      flat; or flat, rough" in task_page(find_task("a1_walk")).plain


def test_the_card_says_what_the_run_takes() -> None:
    config = build_config("panda_reach")
    text = card(config, for_target(Answers(), "panda_reach"), facts_of_entry(find_task("panda_reach")), FINE).plain
    assert "every 1 timestep\n" in text
    assert "of 1 TB free" in text
    assert "memory" in text


def test_sizes_that_nobody_knows_are_not_said() -> None:
    config = build_config("a1_walk", overrides=["task_params.terrain=rough"])
    assert "disk" not in card(config, for_target(Answers(), "a1_walk"), None, FINE).plain


def test_of_a_rented_machine_the_card_says_nothing_that_this_one_has() -> None:
    answers = replace(for_target(Answers(), "ant_walk"), place="spot")
    config = build_config("ant_walk")
    text = card(config, answers, facts_of_entry(find_task("ant_walk")), FINE).plain
    assert "place       Spot" in text
    assert "free" not in text
    assert headline(config, answers).plain.startswith("ant_walk · on Spot · PPO")


def test_changes_are_on_the_card_and_in_the_headline() -> None:
    answers = Answers(target="ant_walk", algorithm="ppo", preset="tuned", settings={"gamma": "0.9"})
    config = build_config("ant_walk", overrides=["gamma=0.9"])
    assert "gamma  0.9" in card(config, answers, None, None).plain
    assert headline(config, answers).plain.endswith(" · 1 change")


def test_a_preset_says_what_it_is_for() -> None:
    answers = Answers(target="ant_walk", algorithm="ppo", preset="quick")
    text = preset_page(build_config("ant_walk", preset="quick"), answers).plain
    assert "quick Clearly better than random within a few minutes on two cores" in text
    assert "learning_rate     0.001 to 0.0001" in text


def test_a_setting_says_what_it_is_and_may_be() -> None:
    setting = next(each for each in settings_of("ppo") if each.key == "clip_range")
    text = setting_page(setting, build_config("ant_walk")).plain
    for words in ("How far the policy may move", "now             0.4", "default         0.2", "a number > 0"):
        assert words in text


def test_the_machine_and_the_speed_are_said_with_units() -> None:
    config = build_config("ant_walk", overrides=["num_envs=8"])
    assert "2 cores, load 0.1" in machine_page(config, FINE).plain
    text = speed_page({"ours": 1000.0}, config, FINE).plain
    assert text == (
        "1.00k steps/s on one core, simulation alone: 2.00k on 2 processes. "
        "2.00M timesteps take 16m 40s or more: updates come on top."
    )


def test_checks_are_told_apart_without_colour() -> None:
    checks = [
        Check(name="disk", verdict=Verdict.OK, seen="room"),
        Check(name="cores", verdict=Verdict.WARNING, seen="busy", fix="wait"),
        Check(name="device", verdict=Verdict.FAILURE, seen="no GPU", fix="take cpu"),
    ]
    lines = checks_page(checks).plain.splitlines()
    assert [line[0] for line in lines] == ["✓", "!", " ", "✗", " "]
    assert lines[2].strip() == "wait"


def test_the_yaml_is_what_the_run_will_hold() -> None:
    config = build_config("ant_walk")
    text = yaml_page(config, "rlrobo train ant_walk").plain
    assert text.startswith("$ rlrobo train ant_walk\n\ntask: ant_walk\n")
    assert "\n  name: ppo\n" in text
