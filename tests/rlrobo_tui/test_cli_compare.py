"""`rlrobo compare`."""

import json

from engine.protocol.config import RunConfig
from engine.protocol.events import Metrics, RunStarted
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir, create_run
from tests.rlrobo_tui.cli_calls import NOWHERE, Cli
from tests.rlrobo_tui.paid_runs import pay


def make(cli: Cli, seed: int, last: float, *, num_envs: int = 8) -> RunDir:
    """Make a run whose return rises from 0 to `last` in 100 timesteps."""
    config = RunConfig(task="ant_walk", seed=seed, num_envs=num_envs)
    run = create_run(cli.runs_dir, config, NOWHERE, clock=lambda: 1_800_000_000.0 + seed)
    writer = EventWriter(run.events, clock=lambda: 1_800_000_000.0)
    writer.write(RunStarted(task="ant_walk", algorithm="ppo", seed=seed, total_timesteps=100))
    for step, value in ((0, 0.0), (100, last)):
        writer.write(Metrics(step=step, values={"rollout/ep_rew_mean": value}))
    writer.close()
    return run


def test_runs_are_compared_with_the_first_and_only_keys_that_differ_are_shown(cli: Cli) -> None:
    make(cli, 1, 10.0)
    make(cli, 2, 30.0, num_envs=16)
    result = cli("compare", "s1", "s2")
    lines = result.stdout.splitlines()
    assert lines[1].split()[:5] == ["RUN", "N", "AT", "100", "FINAL"]
    assert lines[3].split() == ["ant_walk-ppo-s2", "1", "30.00", "30.00", "30.00", "+20.00", "one", "seed"]
    assert [line.split() for line in lines[6:]] == [["num_envs", "8", "16"], ["seed", "1", "2"]]
    assert "Welch" in result.stderr


def test_seeds_are_taken_together_with_an_interval(cli: Cli) -> None:
    for seed, last, num_envs in ((1, 10.0, 8), (2, 12.0, 8), (3, 100.0, 16), (4, 104.0, 16)):
        make(cli, seed, last, num_envs=num_envs)
    result = cli("compare", "s1", "s2", "s3", "s4", "--aggregate", "--json")
    first, second = json.loads(result.stdout)["rows"]
    assert (first["name"], first["num_values"], first["final"]["mean"]) == ("num_envs=8 ×2", 2, 11.0)
    assert first["final"]["half"] == 12.706
    assert second["difference"]["value"] == 91.0
    assert second["excludes_zero"] is True


def test_runs_are_compared_for_the_same_money_and_those_without_a_price_are_named(cli: Cli) -> None:
    for seed, last in ((1, 10.0), (2, 30.0), (3, 20.0)):
        run = make(cli, seed, last)
        if seed < 3:
            pay(run, (1_800_000_000.0 - 3600, 1_800_000_000.0, 0.25))
    result = cli("compare", "s1", "s2", "s3", "--x", "cost")
    header, _, second = result.stdout.splitlines()[1:4]
    assert header.split()[:7] == ["RUN", "N", "AT", "$0.25", "FINAL", "BEST", "COST"]
    assert second.split()[5] == "$0.25"
    assert "ant_walk-ppo-s3 trained here: no price; it is left out." in result.stderr
    rows = json.loads(cli("compare", "s1", "s3", "--json").stdout)["rows"]
    assert [row["cost_usd"] for row in rows] == [{"mean": 0.25, "half": None}, None]


def test_runs_that_are_all_without_a_price_are_not_compared_over_cost(cli: Cli) -> None:
    make(cli, 1, 10.0)
    make(cli, 2, 10.0)
    result = cli("compare", "s1", "s2", "--x", "cost")
    assert result.exit_code == 2
    assert "all of these runs were trained here" in result.stderr


def test_one_run_and_a_wrong_metric_say_what_to_do(cli: Cli) -> None:
    make(cli, 1, 10.0)
    make(cli, 2, 10.0)
    one = cli("compare", "s1")
    assert one.exit_code == 2
    assert "needs two runs or more" in one.stderr
    assert "did you mean 'rollout/ep_rew_mean'?" in cli("compare", "s1", "s2", "-m", "ep_rew_mean").stderr
