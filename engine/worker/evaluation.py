"""Play evaluation episodes: one for each environment, so that short episodes do not count more often than long ones."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.worker.environments import dress
from robots.batch import Batch
from robots.env import EpisodeRecord, Observation

# Two-sided 95 % quantiles of Student's t distribution for 1 … 30 degrees of freedom; beyond, the normal's 1.96 is
# less than 2.5 % off. Source: any table; scipy.stats.t.ppf(0.975, df).
_T95 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Report:
    """Result of evaluation episodes."""

    returns: list[float]
    """Return of each episode, before normalisation."""
    lengths: list[int]
    """Timesteps of each episode."""
    success_rate: float | None = None
    """Part of the episodes that succeeded; None where the task has no success."""
    termination_rates: dict[str, float] = field(default_factory=dict)
    """Part of the episodes that each termination term, or `time_limit`, ended; the most frequent first."""

    @property
    def return_mean(self) -> float:
        """Mean return."""
        return float(np.mean(self.returns))

    @property
    def return_std(self) -> float:
        """Sample standard deviation of the returns; 0 for one episode."""
        return float(np.std(self.returns, ddof=1)) if len(self.returns) > 1 else 0.0

    @property
    def return_ci95(self) -> float:
        """Half width of the 95 % confidence interval of the mean return (Student's t); 0 for one episode."""
        count = len(self.returns)
        if count < 2:
            return 0.0
        quantile = _T95[count - 2] if count - 2 < len(_T95) else 1.96
        return quantile * self.return_std / math.sqrt(count)

    @property
    def length_mean(self) -> float:
        """Mean length of an episode in timesteps."""
        return float(np.mean(self.lengths))


def evaluate(
    act: Callable[[Observation], np.ndarray],
    batch: Batch,
    *,
    seed: int,
    on_episode: Callable[[int], object] = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Report | None:
    """Play one episode in each environment of `batch`, always from the same start states for the same `seed`.

    `act` maps raw observations (num_envs, observation_size), by name where the task has goals, to actions;
    `on_episode` is told how many have ended.
    Returns None as soon as `is_cancelled` says so.
    """
    batch.reseed(seed)
    observations = batch.reset()
    first: dict[int, EpisodeRecord] = {}
    while len(first) < batch.num_envs:
        if is_cancelled():
            return None
        step = batch.step(act(dress(observations, batch.goal_size)))
        observations = step.observations
        for record in step.episodes:
            if record.env_index not in first:
                first[record.env_index] = record
                on_episode(len(first))
    records = [first[index] for index in sorted(first)]
    successes = [record.success for record in records if record.success is not None]
    return Report(
        returns=[record.episode_return for record in records],
        lengths=[record.length_steps for record in records],
        success_rate=float(np.mean(successes)) if successes else None,
        termination_rates={
            name: count / len(records) for name, count in Counter(each.termination for each in records).most_common()
        },
    )
