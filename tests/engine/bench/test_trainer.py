"""Real contestants in processes of their own, with few steps. No speed is judged."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import msgspec
import pytest

from engine.bench.block import Entrant, Order
from engine.bench.trainer import Trainer, enter, learn_at_once, our_entrant
from engine.protocol.config import RunConfig
from engine.protocol.errors import UsageError
from engine.protocol.presets import build_config

QUICK = ["num_envs=2", "n_steps=16", "batch_size=16", "n_epochs=1", "num_workers=1"]


@pytest.fixture
def start() -> Iterator[Callable[[Entrant], Trainer]]:
    """Return a function that starts a contestant; it ends with the test."""
    with ExitStack() as stack:
        yield lambda entrant: enter(stack, entrant)


def quick_ppo(task: str = "cartpole_balance") -> RunConfig:
    return build_config(task, algorithm="ppo", preset="sb3", overrides=QUICK)


def test_a_block_is_whole_rollouts(start: Callable[[Entrant], Trainer]) -> None:
    trainer = start(our_entrant(quick_ppo()))
    assert trainer.unit == 32
    assert trainer.begin(min_seconds=0.0).timesteps == 32
    block = trainer.train(Order(min_timesteps=70))
    assert (block.timesteps, trainer.num_threads) == (96, 1)
    assert block.rate == pytest.approx(96 / block.seconds)


def test_an_off_policy_contestant_is_ready_when_it_learns(start: Callable[[Entrant], Trainer]) -> None:
    config = build_config(
        "cartpole_balance",
        algorithm="sac",
        preset="sb3",
        overrides=["num_envs=1", "learning_starts=12", "train_freq=4"],
    )
    trainer = start(our_entrant(config))
    assert trainer.begin(min_seconds=0.0).timesteps == 4  # the sixteen before it are none that learn


def test_what_a_contestant_cannot_do_is_a_sentence_for_the_user(start: Callable[[Entrant], Trainer]) -> None:
    config = quick_ppo("no_such_task")
    with pytest.raises(UsageError, match="no_such_task: no such task"):
        start(our_entrant(config)).begin(min_seconds=0.0)


def test_learning_starts_at_once_unless_hindsight_needs_episodes() -> None:
    sac = learn_at_once(build_config("half_cheetah_run", algorithm="sac"))
    assert msgspec.to_builtins(sac.algorithm)["learning_starts"] == 100
    with_goals = build_config("panda_reach", algorithm="tqc")
    assert learn_at_once(with_goals) == with_goals
    ppo = quick_ppo()
    assert learn_at_once(ppo) == ppo
