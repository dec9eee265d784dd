"""`rlrobo bench train`: what it asks the child for, the tables, void measurements, and once the real thing."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.config import parse_config
from rlrobo_tui.commands import bench_train
from tests.rlrobo_tui.cli_calls import Cli, call_process

SPEED: dict[str, Any] = {
    "task": "ant_walk",
    "algorithm": "ppo",
    "num_envs": 16,
    "peer_env": "AntBulletEnv",
    "ours": 3000.4,
    "peer": 750.0,
    "ceiling": 9000.0,
    "ratio_median": 4.0,
    "ratio_ci95": [3.9, 4.125],
    "control_ratio": 1.01,
    "is_void": False,
    "peer_vec_env": "SubprocVecEnv",
    "peer_num_threads": 2,
    "blocks": 20,
    "num_cores": 2,
    "load_before": 0.5,
    "load_after": 3.25,
    "versions": {"stable-baselines3": "2.9.2"},
}
SETTING = {"num_envs": 8, "steps": 512, "num_workers": 0, "num_threads": 0}
TUNING: dict[str, Any] = {
    "timesteps_per_update": 4096,
    "tried": [
        {"setting": {**SETTING, "num_envs": 16, "steps": 256}, "rate": 2000.0, "is_finalist": True, "is_given": False},
        {"setting": SETTING, "rate": 1600.0, "is_finalist": True, "is_given": True},
        {"setting": {**SETTING, "num_workers": 1}, "rate": 1000.0, "is_finalist": False, "is_given": False},
    ],
    "assignments": ["num_envs=16", "n_steps=256", "num_workers=0"],
    "speedup": 1.25,
    "speedup_ci95": [1.2, 1.3],
}


class FakeChild:
    """Stands in for the child: notes what it is asked for and answers."""

    def __init__(self) -> None:
        self.answer = SPEED
        self.module = ""
        self.arguments: list[str] = []

    def __call__(self, module: str, arguments: list[str], *, working_directory: Path, listen: Any) -> str:
        self.module, self.arguments = module, arguments
        listen({"contestant": "DummyVecEnv, 1 thread of torch", "rate": 500.4})
        listen({"setting": SETTING, "rate": 1600.0})
        listen({"finalists": 2, "seconds": 60.0})
        listen({"rounds": 10, "seconds": 119.6})
        listen({"round": 1, "rounds": 10})
        return json.dumps(self.answer)


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> FakeChild:
    """The child that the commands start."""
    fake = FakeChild()
    monkeypatch.setattr(bench_train, "run_child", fake)
    return fake


def test_table_shows_ours_next_to_stock_and_ceiling(cli: Cli, child: FakeChild) -> None:
    result = cli("bench", "train", "ant_walk", "--algo", "ppo")
    header, row = result.stdout.splitlines()
    assert header.split() == ["TASK", "ALGO", "ENVS", "OURS", "STOCK", "CEILING", "RATIO", "95", "%", "CONTROL"]
    assert row.split() == ["ant_walk", "ppo", "16", "3,000", "750", "9,000", "4.00x", "3.90-4.12", "1.01"]
    assert "Stable-Baselines3 2.9.2 on AntBulletEnv with SubprocVecEnv and 2 threads of torch" in result.stderr
    assert result.exit_code == 0


def test_progress_is_told_while_it_measures(cli: Cli, child: FakeChild) -> None:
    told = cli("bench", "train", "ant_walk").stderr.splitlines()
    assert told[:5] == [
        "DummyVecEnv, 1 thread of torch: 500 steps/s",
        "8 environments, workers auto, threads auto: 1,600 steps/s",
        "Comparing 2 settings in turns, about 60 s",
        "Measuring in 10 rounds, about 120 s",
        "Round 1 of 10",
    ]


def test_the_child_gets_the_configuration_that_a_run_would_have(cli: Cli, child: FakeChild) -> None:
    cli("bench", "train", "ant_walk", "--preset", "sb3", "--set", "n_steps=64", "--seconds", "5", "--steps", "20k")
    text, *limits = child.arguments
    config = parse_config(json.loads(text), source="test")
    assert child.module == "engine.bench.train"
    assert (config.task, getattr(config.algorithm, "n_steps", 0)) == ("ant_walk", 64)
    assert limits == ["--seconds", "5.0", "--timesteps", "20000"]


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_void_measurement_is_shown_and_may_succeed_later(cli: Cli, child: FakeChild, option: tuple[str, ...]) -> None:
    child.answer = {**SPEED, "control_ratio": 0.9, "is_void": True}
    result = cli("bench", "train", "ant_walk", *option)
    assert "ant_walk" in result.stdout
    assert "void: ours against ours was 0.90, and 0.95 to 1.05 is allowed" in result.stderr
    assert "load average was 0.5 before and 3.2 after" in result.stderr
    assert result.exit_code == 3


def test_tuning_ends_with_what_to_paste(cli: Cli, child: FakeChild) -> None:
    child.answer = TUNING
    result = cli("bench", "train", "ant_walk", "--algo", "ppo", "--tune")
    header, best, given, other, arguments = result.stdout.splitlines()
    assert child.module == "engine.bench.tune"
    assert header.split() == ["ENVS", "N_STEPS", "WORKERS", "THREADS", "RATE", "MEASURED"]
    assert best.split() == ["16", "256", "auto", "auto", "2,000", "in", "turns"]
    assert given.split()[5:] == ["yours,", "in", "turns"]
    assert other.split()[2:] == ["1", "auto", "1,000", "alone"]
    assert arguments == "--set num_envs=16 --set n_steps=256 --set num_workers=0"
    assert "1.25 (1.20-1.30) times as fast as yours" in result.stderr
    assert "an update after 4,096 timesteps" in result.stderr


def test_mistakes_are_found_before_anything_is_measured(cli: Cli, child: FakeChild) -> None:
    assert "did you mean 'ant_walk'" in cli("bench", "train", "ant_wlak").stderr
    assert "--preset" not in cli("bench", "train", "ant_walk", "--algo", "pop").stdout
    assert "leave out --steps" in cli("bench", "train", "ant_walk", "--tune", "--steps", "1000").stderr
    assert child.arguments == []


@pytest.mark.slow  # .ci/run calls it by name
def test_the_real_thing_with_tiny_blocks(tmp_path: Path) -> None:
    quick = [f"--set={text}" for text in ("num_envs=2", "n_steps=8", "batch_size=16", "n_epochs=1", "num_workers=1")]
    size = ["--seconds", "0.1", "--steps", "1"]
    result = call_process(tmp_path, "bench", "train", "cartpole_balance", "--algo", "ppo", *quick, *size, "--json")
    speed = json.loads(result.stdout)
    assert result.exit_code == (3 if speed["is_void"] else 0)  # no speed is judged
    assert (speed["task"], speed["algorithm"], speed["peer_env"]) == (
        "cartpole_balance",
        "ppo",
        "RobotEnv(cartpole_balance)",
    )
    assert {each["vec_env"] for each in speed["stock"]} == {"DummyVecEnv", "SubprocVecEnv"}
    assert (speed["blocks"], speed["ours_block_timesteps"], speed["peer_block_timesteps"]) == (6, 16, 16)
    assert min(speed[key] for key in ("ours", "peer", "ceiling", "ratio_median", "control_ratio")) > 0.0
    low, high = speed["ratio_ci95"]
    assert low <= speed["ratio_median"] <= high
