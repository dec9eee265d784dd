"""The form's answers mean what the same command line means, and what is wrong is blamed on the right field."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cloud.local import CloudFiles
from cloud.records import CloudSpec
from engine.protocol.config import RunConfig, parse_config
from engine.protocol.presets import build_config
from engine.protocol.run_dir import create_run
from engine.protocol.settings import Settings
from engine.protocol.yaml_loader import parse_yaml
from rlrobo_tui.commands.place import SpotRequest
from rlrobo_tui.run_form import (
    Answers,
    Problem,
    answers_like,
    changed,
    command_line,
    first_answers,
    for_target,
    judge,
    resolve_answers,
    split_overrides,
    spot_request,
)
from tests.rlrobo_tui.app_runs import NOWHERE
from tests.rlrobo_tui.cli_calls import Cli

ANT = for_target(Answers(), "ant_walk")


def test_the_command_line_means_the_same(cli: Cli) -> None:
    answers = replace(
        ANT, steps="30k", seed="7", num_envs="4", device="cpu", num_workers="2", settings={"gamma": "0.9"},
        overrides="policy_kwargs={net_arch: [64, 64]}, evaluation.episodes=3",
    )  # fmt: skip
    config = resolve_answers(answers, Settings())
    assert (config.total_timesteps, config.num_envs, config.algorithm.gamma) == (30_000, 4, 0.9)
    printed = cli("train", *shlex.split(command_line(answers))[2:], "--dry-run").stdout
    assert parse_config(parse_yaml(printed, source="stdout"), source="stdout") == config


@pytest.mark.parametrize(
    ("changes", "field", "words", "nearest"),
    [
        ({"steps": "many"}, "steps", "whole number", "2000000"),
        ({"seed": "-1"}, "seed", ">= 0", "0"),
        ({"num_envs": "5000"}, "num_envs", "<= 4096", "4096"),
        ({"device": "gpu"}, "device", "auto, cpu", "auto"),
        ({"place": "moon"}, "place", "expected here or spot", "spot"),
        ({"place": "her"}, "place", "expected here or spot", "here"),
        ({"place": "spot", "max_price_total": "$2"}, "max_price_total", "dollars as a number such as 2.5", "2"),
        ({"place": "spot", "max_price_total": "0"}, "max_price_total", "dollars > 0, got 0", "1"),
        ({"place": "spot", "max_hours": "-1,5"}, "max_hours", "hours as a number", "1.5"),
        ({"place": "spot", "max_hours": "inf"}, "max_hours", "hours > 0, got inf", "24"),
        ({"settings": {"gamma": "3"}}, "settings", "<= 1", "1"),
        ({"settings": {"policy_kwargs.activation_fn": "rleu"}}, "settings", "relu", "relu"),
        ({"settings": {"batch_size": "99999"}}, "settings", "more than a whole rollout", ""),
        ({"overrides": "lr=1"}, "overrides", "did you mean 'learning_rate'?", ""),
        ({"target": "robot.urdf"}, "target", "rlrobo robots new", ""),
        ({"target": "nowhere.yaml"}, "target", "no such file", ""),
    ],
)
def test_what_is_wrong_is_said_of_its_field_with_the_nearest_value(
    changes: dict[str, Any], field: str, words: str, nearest: str
) -> None:
    found = judge(replace(ANT, **changes), Settings())
    assert isinstance(found, Problem)
    assert (found.field, found.nearest) == (field, nearest)
    assert words in found.words


def test_a_rented_machine_is_part_of_the_command_and_not_of_the_configuration() -> None:
    answers = replace(ANT, place="spot", max_price_total="2.5", max_hours="10")
    assert spot_request(answers) == SpotRequest(max_price_total=2.5, max_hours=10)
    assert command_line(answers) == f"{command_line(ANT)} --on spot --max-price-total 2.5 --max-hours 10"
    assert judge(answers, Settings()) == judge(ANT, Settings())


def test_limits_of_a_rented_machine_mean_nothing_here() -> None:
    answers = replace(ANT, place="here", max_price_total="many")
    assert spot_request(answers) is None
    assert command_line(answers) == command_line(ANT)
    assert isinstance(judge(answers, Settings()), RunConfig)


def test_another_robot_brings_what_is_tuned_for_it_and_keeps_the_length() -> None:
    answers = changed(replace(ANT, steps="30k", settings={"gamma": "0.9"}), {"target": "panda_reach"})
    assert (answers.algorithm, answers.preset, answers.steps, answers.settings) == ("tqc", "tuned", "30k", {})


def test_another_preset_decides_again_about_settings() -> None:
    answers = changed(replace(ANT, settings={"gamma": "0.9"}), {"algorithm": "sac", "preset": "sb3"})
    assert (answers.algorithm, answers.preset, answers.settings) == ("sac", "sb3", {})


@pytest.mark.parametrize(
    ("algorithm", "preset", "overrides"),
    [
        ("ppo", "quick", ["seed=7", "gamma=0.9", "num_workers=1", "policy_kwargs.net_arch=[32]"]),
        ("sac", "tuned", ["total_timesteps=5000", "learning_rate=1e-3", "randomizations.friction=null"]),
        ("ppo", "sb3", ["learning_rate={start: 1e-3, end: 0}", "evaluation.every_timesteps=0", "device=cpu"]),
    ],
)
def test_the_answers_of_a_run_make_the_same_again(
    tmp_path: Path, algorithm: str, preset: str, overrides: list[str]
) -> None:
    config = build_config("ant_walk", algorithm=algorithm, preset=preset, overrides=overrides)
    answers = answers_like(create_run(tmp_path, config, NOWHERE))
    assert resolve_answers(answers, Settings()) == config
    assert (answers.algorithm, answers.preset) == (algorithm, preset)
    assert len(answers.settings) <= len(overrides)


@pytest.mark.parametrize(("cap", "price"), [(2.5, "2.5"), (None, "")])
def test_the_answers_of_a_cloud_run_rent_a_machine_with_the_same_limits(
    tmp_path: Path, cap: float | None, price: str
) -> None:
    run = create_run(tmp_path, build_config("ant_walk"), NOWHERE)
    spec = CloudSpec(run_id=run.id, region="us-east-1", bucket="b", max_price_total_usd=cap, max_hours=10.0)
    CloudFiles(run).write_spec(spec)
    answers = answers_like(run)
    assert (answers.place, answers.max_price_total, answers.max_hours) == ("spot", price, "10")


def test_the_answers_of_a_run_of_an_own_robot_name_the_run_s_copy(tmp_path: Path) -> None:
    run = create_run(tmp_path, RunConfig(task="robot/my.yaml", plugins=["plugins/gone.py"]), NOWHERE)
    answers = answers_like(run)
    assert answers.target == str(run.path / "robot" / "my.yaml")
    assert answers.plugins == ()


def test_overrides_are_split_outside_brackets() -> None:
    assert split_overrides("a=1, net_arch=[64, 64],b={x: 1, y: 2}, ") == ["a=1", "net_arch=[64, 64]", "b={x: 1, y: 2}"]


def test_nobody_s_answers_are_a_configuration() -> None:
    assert isinstance(judge(first_answers(), Settings()), RunConfig)
