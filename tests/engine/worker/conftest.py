"""One short training, shared by the tests that only look at what it left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.protocol.events import AnyEvent
from engine.protocol.run_dir import RunDir
from tests.engine.driver import QUICK, Engine, new_run, train_to_end


@dataclass(frozen=True)
class Trained:
    """A finished run and its events."""

    run: RunDir
    events: list[AnyEvent]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """PPO for 2048 timesteps with two evaluations and periodic checkpoints."""
    run = new_run(
        tmp_path_factory.mktemp("runs"),
        *QUICK,
        "total_timesteps=2048",
        "evaluation.every_timesteps=1024",
        "evaluation.episodes=3",
        "checkpoints.every_timesteps=1024",
    )
    return Trained(run, train_to_end(run))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Return a function that starts an engine on a new run; it is killed after the test."""
    engines: list[Engine] = []

    def start_one(*overrides: str, algorithm: str = "ppo") -> Engine:
        engine = Engine(new_run(tmp_path, *overrides, algorithm=algorithm))
        engines.append(engine)
        return engine

    yield start_one
    for engine in engines:
        engine.kill()
