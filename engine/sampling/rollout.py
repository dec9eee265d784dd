"""Sample a rollout: act and step some environments for many steps without asking anybody.

The arrays of a rollout are time first. Observations are as the simulation gives them.

observations        (num_steps + 1, num_envs, observation_size)   the first row is where the rollout begins
final_observations  (num_steps, num_envs, observation_size)       valid where an episode ended
actions             (num_steps, num_envs, action_size)            before they are clipped
rewards, terminated, truncated  (num_steps, num_envs)
weights, observation_mean, observation_std      what the learner gives: the policy and the frozen statistics
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import gymnasium
import numpy as np

from engine.sampling.exploration import Explorer
from engine.sampling.policies import NumpyPolicy, PolicyLayout
from engine.sampling.shared import ArraySpec
from robots.batch import Batch
from robots.env import EpisodeRecord


@dataclass(frozen=True, kw_only=True)
class RolloutRequest:
    """What is the same for all environments."""

    num_steps: int
    clip_obs: float | None
    """Normalised observations are clipped to plus or minus this; None: they are not normalised."""
    sde_sample_freq: int = -1
    """Steps between two gSDE noise matrices; -1: once a rollout."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the sampling of some environments reports besides its arrays."""

    num_steps: int
    """Steps made; fewer than asked for where it was stopped."""
    episodes: list[tuple[int, EpisodeRecord]]
    """Episodes that ended, with the step of the rollout, from 0."""
    simulate_s: float
    act_s: float
    engine_s: float
    """Part of simulate_s that the physics engine took; 0 where that is not known."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What a whole rollout took, besides its arrays."""

    num_steps: int
    """Steps that every environment made."""
    episodes: list[EpisodeRecord] = field(default_factory=list)
    """In the order of their ends, then of the environments."""
    num_workers: int = 1
    wall_s: float = 0.0
    simulate_s: float = 0.0
    """Mean over the workers."""
    act_s: float = 0.0
    """Mean over the workers."""
    engine_s: float = 0.0
    """Mean over the workers."""

    @classmethod
    def of(cls, parts: list[Part], *, wall_s: float) -> Rollout:
        """Return what the parts make together."""
        ended = sorted(
            (pair for part in parts for pair in part.episodes), key=lambda pair: (pair[0], pair[1].env_index)
        )
        count = len(parts)
        return cls(
            num_steps=min(part.num_steps for part in parts),
            episodes=[record for _, record in ended],
            num_workers=count,
            wall_s=wall_s,
            simulate_s=sum(part.simulate_s for part in parts) / count,
            act_s=sum(part.act_s for part in parts) / count,
            engine_s=sum(part.engine_s for part in parts) / count,
        )


def rollout_specs(layout: PolicyLayout, *, num_envs: int, num_steps: int) -> dict[str, ArraySpec]:
    """Return the arrays of a rollout."""
    observation, each = (num_envs, layout.observation_size), (num_steps, num_envs)
    return {
        "weights": ArraySpec((layout.num_weights,), "float32"),
        "observation_mean": ArraySpec(observation[1:], "float64"),
        "observation_std": ArraySpec(observation[1:], "float64"),
        "observations": ArraySpec((num_steps + 1, *observation), "float32"),
        "final_observations": ArraySpec((num_steps, *observation), "float32"),
        "actions": ArraySpec((*each, layout.action_size), "float32"),
        "rewards": ArraySpec(each, "float32"),
        "terminated": ArraySpec(each, "bool"),
        "truncated": ArraySpec(each, "bool"),
    }


OF_ENVIRONMENTS = ("observations", "final_observations", "actions", "rewards", "terminated", "truncated")
"""Arrays that have a column for each environment."""


class Sampler:
    """Acts for the environments of one batch, whose columns of the rollout's arrays it fills."""

    def __init__(self, batch: Batch, layout: PolicyLayout, arrays: Mapping[str, np.ndarray]) -> None:
        """`arrays` are those of all environments. Call reseed before sample."""
        self._batch = batch
        own = slice(batch.first_env_index, batch.first_env_index + batch.num_envs)
        self._arrays = {name: arrays[name][:, own] for name in OF_ENVIRONMENTS}
        self._mean, self._std = arrays["observation_mean"], arrays["observation_std"]
        self._policy = NumpyPolicy(layout, arrays["weights"], num_envs=batch.num_envs)
        self._explorer = Explorer(self._policy, num_envs=batch.num_envs, first_env_index=batch.first_env_index)
        space = batch.action_space
        assert isinstance(space, gymnasium.spaces.Box)
        self._low, self._high = space.low, space.high

    def reseed(self, *key: int) -> None:
        """Give the noise of every environment a new generator."""
        self._explorer.reseed(*key)

    def sample(self, request: RolloutRequest, goes_on: Callable[[int], bool]) -> Part:
        """Step `request.num_steps` times from the observations in the first row.

        `goes_on` is told how many steps are made, before each; when it says no, sampling stops.
        Raises NonFiniteStateError.
        """
        arrays, batch = self._arrays, self._batch
        began, engine_began, act_s = perf_counter(), batch.engine_s, 0.0
        episodes: list[tuple[int, EpisodeRecord]] = []
        self._explorer.begin(request.num_steps, sde_sample_freq=request.sde_sample_freq)
        observations, num_steps = arrays["observations"][0], 0
        for step in range(request.num_steps):
            if not goes_on(step):
                break
            act_began = perf_counter()
            actions = self._act(observations, step, request)
            act_s += perf_counter() - act_began
            made = batch.step(np.minimum(np.maximum(actions, self._low), self._high))
            observations = made.observations
            arrays["observations"][step + 1] = observations
            arrays["actions"][step] = actions
            for name in ("rewards", "terminated", "truncated"):
                arrays[name][step] = getattr(made, name)
            if made.episodes:
                arrays["final_observations"][step] = made.final_observations
                episodes += [(step, record) for record in made.episodes]
            num_steps = step + 1
        return Part(
            num_steps=num_steps,
            episodes=episodes,
            simulate_s=perf_counter() - began - act_s,
            act_s=act_s,
            engine_s=batch.engine_s - engine_began,
        )

    def _act(self, observations: np.ndarray, step: int, request: RolloutRequest) -> np.ndarray:
        if request.clip_obs is not None:
            observations = normalized(observations, self._mean, self._std, clip=request.clip_obs)
        return self._explorer.explore(self._policy.mean_actions(observations), step)


def normalized(observations: np.ndarray, mean: np.ndarray, std: np.ndarray, *, clip: float) -> np.ndarray:
    """Return observations (..., observation_size) shifted and scaled as VecNormalize does, float32."""
    scaled = (observations - mean) / std
    return np.minimum(np.maximum(scaled, -clip, out=scaled), clip, out=scaled).astype(np.float32)
