"""Make a checkpoint a place from which going on and resuming are the same, bit by bit.

Physics cannot be saved exactly (bullet3 issues 2982 and 4387), so at a barrier nothing of it survives: episodes under
way are truncated, and simulations and random generators begin anew from the run's seed and the timestep.
"""

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecNormalize

from engine.worker.environments import RobotVecEnv
from engine.worker.replay_storage import end_episodes


def close_episodes(model: BaseAlgorithm) -> None:
    """Truncate the episodes under way in the replay buffer; an on-policy algorithm keeps nothing between rollouts."""
    if not isinstance(model, OffPolicyAlgorithm) or model.replay_buffer is None:
        return
    buffer = model.replay_buffer
    if buffer.pos == 0 and not buffer.full:
        return
    end_episodes(buffer)


def begin_anew(model: BaseAlgorithm, env: VecNormalize, *, seed: int, step: int) -> None:
    """Rebuild the simulations and seed Python, NumPy, torch, action space and environments from (seed, step)."""
    model.set_random_seed(int(np.random.SeedSequence((seed, step)).generate_state(1)[0]))
    if model.action_noise is not None:  # type: ignore[attr-defined]
        model.action_noise.reset()  # type: ignore[attr-defined]
    robots = env.venv
    assert isinstance(robots, RobotVecEnv)
    robots.rebuild_at_reset(seed, step)
    model._last_obs = env.reset()  # type: ignore[assignment]
    model._last_original_obs = env.get_original_obs()  # type: ignore[assignment]
    model._last_episode_starts = np.ones(env.num_envs, dtype=bool)
    if model.use_sde:
        # The rollout that begins has drawn its noise before this hook was called.
        actor = model.actor if isinstance(model, OffPolicyAlgorithm) else model.policy
        actor.reset_noise(env.num_envs)  # type: ignore[operator, union-attr]
