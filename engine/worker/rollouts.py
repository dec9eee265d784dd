"""Collect rollouts for Stable-Baselines3's on-policy algorithms: sampled in one go, judged by the critic afterwards.

The policy, exploration included, runs where the simulations are (engine/sampling). Values, log-probabilities and the
bootstraps at time limits are computed for the whole rollout at once; statistics of observations stay as they are within
a rollout and take all of it in at its end; those of rewards move with every step, as VecNormalize moves them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.distributions import DiagGaussianDistribution, StateDependentNoiseDistribution
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from engine.sampling.policies import Noise, PolicyLayout
from engine.sampling.rollout import Rollout, RolloutRequest, normalized
from engine.worker.environments import RobotVecEnv
from engine.worker.flat_networks import activation_name, linears
from engine.worker.phases import ACT, LEARN, NORMALIZE, SIMULATE, WAIT


class SampledRollouts(OnPolicyAlgorithm):
    """Mix-in for on-policy algorithms. Where a policy cannot be sampled in one go, Stable-Baselines3 collects."""

    _collector: Collector | None = None

    def why_step_by_step(self) -> str:
        """Return why each step waits for the learner's policy; empty where rollouts are sampled in one go."""
        env = self.env
        if not isinstance(env, VecNormalize) or not isinstance(env.venv, RobotVecEnv) or env.venv.sampling is None:
            return "the environments are not ours"
        if env.norm_obs and env.venv.has_exact_normalization:
            return "normalization.exact_normalization moves the statistics with every step"
        return why_not_numpy(self.policy)

    def collect_rollouts(
        self, env: VecEnv, callback: BaseCallback, rollout_buffer: RolloutBuffer, n_rollout_steps: int
    ) -> bool:
        """Fill the buffer with a rollout; return False when the callback ended it early."""
        if self._collector is None:
            if self.why_step_by_step():
                return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)
            self._collector = Collector(self, num_steps=n_rollout_steps)
        return self._collector.collect(callback, rollout_buffer)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_collector"]


class Collector:
    """Collects the rollouts of one algorithm."""

    def __init__(self, model: OnPolicyAlgorithm, *, num_steps: int) -> None:
        self._model = model
        self._num_steps = num_steps
        env = model.env
        assert isinstance(env, VecNormalize)
        assert isinstance(env.venv, RobotVecEnv)
        assert env.venv.sampling is not None
        self._env, self._robots, self._sampling = env, env.venv, env.venv.sampling
        layout = policy_layout(model.policy)
        self._arrays = self._sampling.open_rollouts(layout, num_steps=num_steps)
        assert model.seed is not None
        self._sampling.reseed_noise(*(self._robots.last_key or (model.seed,)))
        self._weights = layout.views(self._arrays["weights"])
        self._request = RolloutRequest(
            num_steps=num_steps,
            clip_obs=env.clip_obs if env.norm_obs else None,
            sde_sample_freq=model.sde_sample_freq,
        )

    def collect(self, callback: BaseCallback, buffer: RolloutBuffer) -> bool:
        """Fill the buffer; return False when the callback ended it early."""
        model, arrays = self._model, self._arrays
        model.policy.set_training_mode(False)
        buffer.reset()
        callback.on_rollout_start()
        copy_actor(model.policy, self._weights)
        self._freeze_statistics()
        arrays["observations"][0] = self._env.get_original_obs()
        num_before = model.num_timesteps

        def goes_on(num_steps: int) -> bool:
            model.num_timesteps = num_before + num_steps * model.n_envs
            return callback.on_step()

        phases = self._robots.phases
        with phases(WAIT):
            rollout = self._sampling.sample(self._request, goes_on)
        phases.move(rollout.simulate_s, source=WAIT, target=SIMULATE)
        phases.move(rollout.act_s, source=WAIT, target=ACT)
        model.num_timesteps = num_before + rollout.num_steps * model.n_envs
        self._robots.episodes.extend(rollout.episodes)
        self._record(rollout)
        is_wanted = callback.on_step()
        if rollout.num_steps < self._num_steps or not is_wanted:
            return False
        self._fill(buffer)
        callback.on_rollout_end()
        return True

    def _freeze_statistics(self) -> None:
        if self._env.norm_obs:
            statistics: Any = self._env.obs_rms
            self._arrays["observation_mean"][:] = statistics.mean
            self._arrays["observation_std"][:] = np.sqrt(statistics.var + self._env.epsilon)

    def _fill(self, buffer: RolloutBuffer) -> None:
        model, env, arrays, phases = self._model, self._env, self._arrays, self._robots.phases
        with phases(NORMALIZE):
            raw = arrays["observations"]
            observations = self._normalized(raw)
            done = arrays["terminated"] | arrays["truncated"]
            rewards = normalized_rewards(env, arrays["rewards"], done)
            if env.norm_obs:
                env.obs_rms.update(raw[1:].reshape(-1, raw.shape[-1]))  # type: ignore[union-attr]
        with phases(LEARN), torch.no_grad():
            policy = model.policy
            flat = torch.as_tensor(observations.reshape(-1, observations.shape[-1]), device=model.device)
            num_rows = done.size
            actions = torch.as_tensor(arrays["actions"].reshape(num_rows, -1), device=model.device)
            of_rows, log_probs, _ = policy.evaluate_actions(flat[:num_rows], actions)
            values = torch.cat((of_rows, policy.predict_values(flat[num_rows:]))).cpu().numpy()
            values = values.reshape(len(observations), -1)
            self._bootstrap_time_limits(rewards)
            buffer.observations[:] = observations[:-1]
            buffer.actions[:] = arrays["actions"]
            buffer.rewards[:] = rewards
            buffer.values[:] = values[:-1]
            buffer.log_probs[:] = log_probs.cpu().numpy().reshape(done.shape)
            buffer.episode_starts[0] = model._last_episode_starts  # type: ignore[assignment]
            buffer.episode_starts[1:] = done[:-1]
            buffer.pos, buffer.full = buffer.buffer_size, True
            fill_advantages(buffer, values, done)
        model._last_episode_starts = done[-1].copy()
        env.old_obs = raw[-1].copy()
        model._last_obs = env.normalize_obs(env.old_obs)

    def _bootstrap_time_limits(self, rewards: np.ndarray) -> None:
        """Add the value of the last observation where an episode was cut, not ended (Stable-Baselines3 issue 633)."""
        arrays, model = self._arrays, self._model
        cut = arrays["truncated"] & ~arrays["terminated"]
        if cut.any():
            last = torch.as_tensor(self._normalized(arrays["final_observations"][cut]), device=model.device)
            rewards[cut] += model.gamma * model.policy.predict_values(last).cpu().numpy()[:, 0]

    def _normalized(self, raw: np.ndarray) -> np.ndarray:
        """Return observations as the policy has seen them."""
        if self._request.clip_obs is None:
            return raw
        mean, std = self._arrays["observation_mean"], self._arrays["observation_std"]
        return normalized(raw, mean, std, clip=self._request.clip_obs)

    def _record(self, rollout: Rollout) -> None:
        model = self._model
        assert model.ep_info_buffer is not None
        model.ep_info_buffer.extend(
            {"r": record.episode_return, "l": record.length_steps, "t": 0.0} for record in rollout.episodes
        )
        model.logger.record("sampling/steps_per_second", rollout.num_steps * model.n_envs / rollout.wall_s)
        if rollout.engine_s:
            # Alone, the engine would make these very steps in engine_s.
            model.logger.record("sampling/efficiency", rollout.engine_s / rollout.wall_s)


def why_not_numpy(policy: Any) -> str:
    """Return why engine/sampling cannot act as `policy` does; empty where it can."""
    if not isinstance(policy, ActorCriticPolicy):
        return "the policy is not an actor and a critic"
    if type(policy.features_extractor) is not FlattenExtractor:
        return "observations are not one vector"
    space = policy.action_space
    if not isinstance(space, spaces.Box) or len(space.shape) != 1:
        return f"actions are {type(space).__name__}, not one vector"
    if activation_name(policy.activation_fn) is None:
        return f"the activation is {policy.activation_fn.__name__}"
    dist = policy.action_dist
    is_plain = isinstance(dist, DiagGaussianDistribution)
    is_sde = isinstance(dist, StateDependentNoiseDistribution) and not dist.use_expln and dist.full_std
    return "" if (is_plain or is_sde) and not policy.squash_output else "the distribution of actions is unusual"


def policy_layout(policy: ActorCriticPolicy) -> PolicyLayout:
    """Return the layout of a policy's actor for engine/sampling."""
    is_sde = isinstance(policy.action_dist, StateDependentNoiseDistribution)
    activation = activation_name(policy.activation_fn)
    assert activation is not None
    return PolicyLayout(
        observation_size=int(np.prod(policy.observation_space.shape or ())),
        action_size=int(np.prod(policy.action_space.shape or ())),
        hidden=tuple(linear.out_features for linear in linears(policy.mlp_extractor.policy_net)),
        activation=activation,
        noise=Noise.STATE_DEPENDENT if is_sde else Noise.GAUSSIAN,
    )


def copy_actor(policy: ActorCriticPolicy, weights: dict[str, np.ndarray]) -> None:
    """Write the actor's parameters into the views that PolicyLayout makes."""
    actor: list[Any] = [*linears(policy.mlp_extractor.policy_net), policy.action_net]
    for index, linear in enumerate(actor):
        is_last = linear is policy.action_net
        names = ("mean_weight", "mean_bias") if is_last else (f"weight{index}", f"bias{index}")
        for name, parameter in zip(names, (linear.weight, linear.bias), strict=True):
            weights[name][:] = parameter.detach().cpu().numpy()
    weights["log_std"][:] = policy.log_std.detach().cpu().numpy()


def normalized_rewards(env: VecNormalize, rewards: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Return rewards (num_steps, num_envs) as VecNormalize makes them one step after the other."""
    if not env.norm_reward:
        return rewards.copy()
    result = np.empty_like(rewards)
    for step, now in enumerate(rewards):
        env._update_reward(now)
        result[step] = env.normalize_reward(now)
        env.returns[done[step]] = 0.0
    env.old_reward = rewards[-1].copy()
    return result


def fill_advantages(buffer: RolloutBuffer, values: np.ndarray, done: np.ndarray) -> None:
    """Compute what RolloutBuffer.compute_returns_and_advantage does; values (num_steps + 1, num_envs).

    Generalised advantage estimation (arXiv:1506.02438): A[t] = delta[t] + gamma * lambda * A[t + 1], cut where episodes
    end. In log2(num_steps) passes over all environments instead of a loop over the steps.
    """
    lasts = 1.0 - done
    sums = buffer.rewards + buffer.gamma * lasts * values[1:] - values[:-1]
    factors = buffer.gamma * buffer.gae_lambda * lasts
    for power in range(math.ceil(math.log2(len(sums))) if len(sums) > 1 else 0):
        ahead = 1 << power
        sums[:-ahead] += factors[:-ahead] * sums[ahead:]
        factors[:-ahead] *= factors[ahead:]
    buffer.advantages[:] = sums
    buffer.returns[:] = buffer.advantages + buffer.values
