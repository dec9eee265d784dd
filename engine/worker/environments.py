"""Show a RobotBatch to Stable-Baselines3 as one of its vectorised environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.provenance import usable_cpus
from engine.sampling.local import LocalSampling
from engine.sampling.pool import SamplingPool
from engine.tasks import make_training_batch
from engine.worker.phases import SIMULATE, Phases
from robots.batch import Batch
from robots.env import EpisodeRecord, Observation, goal_space, split_goals


def make_training_env(config: RunConfig, folder: Path = Path()) -> VecNormalize:
    """Return the environments of `config`, with running normalisation around them (switched off where not wanted).

    Files of the task are below `folder`.
    """
    robots = _start_robots(config, folder)
    robots.has_exact_normalization = config.normalization.exact_normalization
    wanted = config.normalization
    return VecNormalize(
        robots,
        norm_obs=wanted.observations,
        norm_reward=wanted.rewards,
        clip_obs=wanted.clip_obs,
        clip_reward=wanted.clip_reward,
        gamma=config.algorithm.gamma,
    )


def choose_num_workers(config: RunConfig) -> int:
    """Return the number of processes that sample: one for each core, unless the user says otherwise.

    Off-policy algorithms make a gradient step every few timesteps; handing each of those to a process costs more than
    it saves, so their environments live with the learner.
    """
    if algorithm_name(config.algorithm) not in ON_POLICY:
        return 1
    return min(config.num_workers or usable_cpus(), config.num_envs)


def _start_robots(config: RunConfig, folder: Path) -> RobotVecEnv:
    num_workers = choose_num_workers(config)
    if num_workers > 1:
        pool = SamplingPool(config, folder, num_workers=num_workers)
        return RobotVecEnv(pool, sampling=pool)
    batch = make_training_batch(config, folder, range(config.num_envs))
    return RobotVecEnv(batch, sampling=LocalSampling(batch))


def dress(observations: np.ndarray, goal_size: int) -> Observation:
    """Return observations (num_envs, observation_size) as a policy takes them: by name where the task has goals."""
    return split_goals(observations, goal_size) if goal_size else observations


class RobotVecEnv(VecEnv):
    """A Batch in Stable-Baselines3's dress. Finished episodes gather in `episodes` until somebody takes them."""

    def __init__(self, batch: Batch, *, sampling: SamplingPool | LocalSampling | None = None) -> None:
        """`sampling` makes whole rollouts of the same environments."""
        space = batch.observation_space
        super().__init__(
            batch.num_envs, goal_space(space, batch.goal_size) if batch.goal_size else space, batch.action_space
        )
        self.batch = batch
        self.sampling = sampling
        self.has_exact_normalization = False
        """Whether statistics must move with every step."""
        self.phases = Phases()
        self.last_key: tuple[int, ...] = ()
        """What the simulations were seeded from when they were loaded anew last; empty: never."""
        self.episodes: list[EpisodeRecord] = []
        self._actions = np.zeros((batch.num_envs, *(batch.action_space.shape or ())), dtype=np.float32)
        # SB3 reads an info only where an episode ended; one empty dict serves all the others.
        self._no_info: dict[str, Any] = {}
        self._rebuild_key: tuple[int, ...] = ()

    def rebuild_at_reset(self, *key: int) -> None:
        """Let the next reset load the simulations anew and seed them from `key`."""
        self._rebuild_key = key

    def reset(self) -> VecEnvObs:
        """Begin an episode in every environment."""
        key, self._rebuild_key = self._rebuild_key, ()
        with self.phases(SIMULATE):
            if not key:
                return dress(self.batch.reset(), self.batch.goal_size)
            self.last_key = key
            if self.sampling is not None:
                self.sampling.reseed_noise(*key)
            return dress(self.batch.rebuild(*key), self.batch.goal_size)

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for step_wait."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step every environment; an info holds what SB3 asks for where an episode ended."""
        with self.phases(SIMULATE):
            step = self.batch.step(self._actions)
        infos = [self._no_info] * self.num_envs
        for record in step.episodes:
            row = record.env_index - self.batch.first_env_index
            infos[row] = {
                "episode": {"r": record.episode_return, "l": record.length_steps, "t": 0.0},
                "terminal_observation": dress(step.final_observations[row], self.batch.goal_size),
                "TimeLimit.truncated": bool(step.truncated[row] and not step.terminated[row]),
            }
        self.episodes.extend(step.episodes)
        observations = dress(step.observations, self.batch.goal_size)
        return observations, step.rewards, step.terminated | step.truncated, infos

    def mean_levels(self) -> dict[str, float]:
        """Return how hard each curriculum is, mean over the environments."""
        return dict(zip(self.batch.curriculum_names, self.batch.levels.mean(axis=0).tolist(), strict=True))

    def levels(self) -> dict[str, list[float]]:
        """Return the level of each curriculum in each environment."""
        return dict(zip(self.batch.curriculum_names, self.batch.levels.T.tolist(), strict=True))

    def set_levels(self, levels: Mapping[str, Sequence[float]]) -> None:
        """Put curricula where they were in a run that this one goes on from or was forked off.

        A curriculum that was not there begins where training begins; environments that were not there, at the mean.
        """
        now = self.batch.levels.copy()
        for column, name in enumerate(self.batch.curriculum_names):
            if before := levels.get(name):
                common = min(len(before), self.num_envs)
                now[:, column] = np.mean(before)
                now[:common, column] = before[:common]
        self.batch.set_levels(now)

    def take_episodes(self) -> list[EpisodeRecord]:
        """Return the episodes that ended since the last call."""
        taken, self.episodes = self.episodes, []
        return taken

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Do nothing: the batch is seeded when it is made, environment by environment."""
        return [None] * self.num_envs

    def close(self) -> None:
        """Free the simulations."""
        self.batch.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the batch for each environment asked for; training draws nothing."""
        value = None if attr_name == "render_mode" else getattr(self.batch, attr_name)
        return [value] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refuse: environments of a batch have no attributes of their own."""
        raise AttributeError(f"{attr_name}: environments of a RobotBatch cannot be changed one by one")

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Compute rewards for other goals, which is all that hindsight replay asks; refuse everything else."""
        if method_name == "compute_reward" and self.batch.goal_size:
            return [self.batch.compute_reward(*method_args)]
        raise AttributeError(f"{method_name}: environments of a RobotBatch cannot be called one by one")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each: episode statistics are in the infos without a Monitor wrapper."""
        return [False] * len(list(self._get_indices(indices)))
