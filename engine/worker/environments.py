"""Show a RobotBatch to Stable-Baselines3 as one of its vectorised environments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from stable_baselines3.common.vec_env import VecEnv, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from engine.protocol.config import RunConfig
from robots.env import EpisodeRecord, RobotBatch
from robots.registry import load_task


def make_training_env(config: RunConfig) -> VecNormalize:
    """Return the environments of `config`, with running normalisation around them (switched off where not wanted)."""
    batch = RobotBatch(load_task(config.task), num_envs=config.num_envs, seed=config.seed)
    wanted = config.normalization
    return VecNormalize(
        RobotVecEnv(batch),
        norm_obs=wanted.observations,
        norm_reward=wanted.rewards,
        clip_obs=wanted.clip_obs,
        clip_reward=wanted.clip_reward,
        gamma=config.algorithm.gamma,
    )


class RobotVecEnv(VecEnv):
    """A RobotBatch in Stable-Baselines3's dress. Finished episodes gather in `episodes` until somebody takes them."""

    def __init__(self, batch: RobotBatch) -> None:
        super().__init__(batch.num_envs, batch.observation_space, batch.action_space)
        self.batch = batch
        self.episodes: list[EpisodeRecord] = []
        self._actions = np.zeros((batch.num_envs, *batch.action_space.shape), dtype=np.float32)
        # SB3 reads an info only where an episode ended; one empty dict serves all the others.
        self._no_info: dict[str, Any] = {}
        self._rebuild_key: tuple[int, ...] = ()

    def rebuild_at_reset(self, *key: int) -> None:
        """Let the next reset load the simulations anew and seed them from `key`."""
        self._rebuild_key = key

    def reset(self) -> VecEnvObs:
        """Begin an episode in every environment."""
        key, self._rebuild_key = self._rebuild_key, ()
        return self.batch.rebuild(*key) if key else self.batch.reset()

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for step_wait."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step every environment; an info holds what SB3 asks for where an episode ended."""
        step = self.batch.step(self._actions)
        infos = [self._no_info] * self.num_envs
        for record in step.episodes:
            row = record.env_index - self.batch.first_env_index
            infos[row] = {
                "episode": {"r": record.episode_return, "l": record.length_steps, "t": 0.0},
                "terminal_observation": step.final_observations[row],
                "TimeLimit.truncated": bool(step.truncated[row] and not step.terminated[row]),
            }
        self.episodes.extend(step.episodes)
        return step.observations, step.rewards, step.terminated | step.truncated, infos

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
        """Refuse: environments of a batch have no methods of their own."""
        raise AttributeError(f"{method_name}: environments of a RobotBatch cannot be called one by one")

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each: episode statistics are in the infos without a Monitor wrapper."""
        return [False] * len(list(self._get_indices(indices)))
