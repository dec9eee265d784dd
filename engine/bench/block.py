"""What a benchmark asks of the processes that train, and what they answer. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from engine.protocol.config import RunConfig


class Side(Enum):
    """Whose training it is, and where its environments live."""

    OURS = "ours"
    DUMMY = "dummy"
    """Stock Stable-Baselines3 with DummyVecEnv."""
    SUBPROC = "subproc"
    """Stock Stable-Baselines3 with SubprocVecEnv."""


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """What one process trains."""

    name: str
    side: Side
    config: RunConfig
    num_threads: int = 1
    """CPU threads of torch where it is stock; ours are those of a run."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Train a block: whole rollouts with their updates, until both are reached."""

    min_timesteps: int = 1
    min_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Block:
    """What was trained."""

    timesteps: int
    """All environments together."""
    seconds: float
    """Wall-clock time."""

    @property
    def rate(self) -> float:
        """Timesteps a second."""
        return self.timesteps / self.seconds
