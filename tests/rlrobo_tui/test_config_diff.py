"""What differs between configurations."""

from engine.protocol.algorithms import PPO, SAC, PolicyKwargs
from engine.protocol.config import RunConfig
from rlrobo_tui.config_diff import ABSENT, differing, same_but_seed

ANT = RunConfig(task="ant_walk")


def test_only_keys_that_differ_are_named_each_with_its_values() -> None:
    faster = RunConfig(task="ant_walk", algorithm=PPO(learning_rate=1e-3, policy_kwargs=PolicyKwargs(net_arch=[64])))
    assert differing([ANT, ANT]) == {}
    found = differing([ANT, faster])
    assert found == {"policy_kwargs.net_arch": ["null", "[64]"], "learning_rate": ["0.0003", "0.001"]}


def test_what_another_algorithm_does_not_have_is_absent() -> None:
    found = differing([ANT, RunConfig(task="ant_walk", algorithm=SAC())])
    assert found["algorithm"] == ["ppo", "sac"]
    assert found["clip_range"][1] == ABSENT


def test_runs_of_other_seeds_have_the_same_configuration() -> None:
    assert same_but_seed(ANT) == same_but_seed(RunConfig(task="ant_walk", seed=5))
    assert same_but_seed(ANT) != same_but_seed(RunConfig(task="ant_walk", num_envs=9))
