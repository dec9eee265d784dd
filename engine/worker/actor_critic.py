"""The policy of PPO and A2C over flat vectors: the gradient of a minibatch's loss in closed form, and steps down it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.distributions import DiagGaussianDistribution, StateDependentNoiseDistribution
from stable_baselines3.common.policies import ActorCriticPolicy

from engine.kernels.library import load_kernels
from engine.worker import ppo_loss
from engine.worker.compiled_pass import CompiledPass, Sides
from engine.worker.crew import Crew
from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_networks import activation_name, has_plain_features, is_plain_adam, linears, make_perceptron
from engine.worker.flat_rmsprop import FlatRMSprop, is_plain_rmsprop
from engine.worker.minibatches import shuffled
from engine.worker.ppo_loss import Coefficients, Minibatch, Noise, PolicyLoss, Seen

Judge = Callable[[np.ndarray, Noise, Minibatch, Coefficients], PolicyLoss]
"""What judges mean actions (num_rows, action_size) and their noise: ppo_loss.policy_loss or plain_policy_loss."""


class ActorCritic:
    """Actor and critic of a policy over the vectors of its optimiser."""

    def __init__(self, policy: ActorCriticPolicy, judge: Judge, activation: str, *, batch_size: int) -> None:
        self._judge = judge
        self._batch_size = batch_size
        optimizer: Any = policy.optimizer
        kind = FlatAdam if is_plain_adam(optimizer) else FlatRMSprop
        self._optimizer = kind(optimizer, policy.parameters())
        arrays = self._optimizer.arrays()
        self._log_std, self._log_std_gradient = arrays[policy.log_std]
        self._has_sde = isinstance(policy.action_dist, StateDependentNoiseDistribution)
        self._crew = Crew.for_networks(self._optimizer.size, num_tasks=2)
        extractor = policy.mlp_extractor
        ends: list[Any] = [policy.action_net, policy.value_net]
        self._actor, self._critic = (
            make_perceptron([*linears(hidden), last], arrays, activation, batch_size=batch_size)
            for hidden, last in zip((extractor.policy_net, extractor.value_net), ends, strict=True)
        )
        self._compiled = self._compile(policy, activation)

    @classmethod
    def of(cls, policy: ActorCriticPolicy, judge: Judge, *, batch_size: int) -> ActorCritic | None:
        """Return the networks of a policy that the closed form covers, else None."""
        activation = activation_name(policy.activation_fn)
        dist = policy.action_dist
        is_covered = (
            isinstance(policy.action_space, spaces.Box)
            and isinstance(policy.observation_space, spaces.Box)
            and has_plain_features(policy)
            and (is_plain_adam(policy.optimizer) or is_plain_rmsprop(policy.optimizer))
            and not policy.squash_output
            and (
                isinstance(dist, DiagGaussianDistribution)
                or (isinstance(dist, StateDependentNoiseDistribution) and not dist.use_expln and dist.full_std)
            )
        )
        return cls(policy, judge, activation, batch_size=batch_size) if is_covered and activation else None

    def begin(self) -> None:
        """Prepare for an update."""
        self._optimizer.adopt()

    @staticmethod
    def shuffled(buffer: RolloutBuffer) -> Minibatch:
        """Return the rows of a full rollout in the order of RolloutBuffer.get."""
        return shuffled(buffer)

    def run_pass(self, rows: Minibatch, given: Coefficients, *, max_grad_norm: float, target_kl: float | None) -> Seen:
        """Update with every minibatch of a rollout in its order, until the policy is too far from what acted."""
        if self._compiled is not None:
            return self._compiled.run(rows, given, max_grad_norm=max_grad_norm, target_kl=target_kl)
        numbers: list[tuple[float, ...]] = []
        is_cut = False
        for batch in rows.parts(self._batch_size):
            policy, value = self.differentiate(batch, given)
            numbers.append((policy.policy, policy.entropy, policy.clip_fraction, policy.approx_kl, value))
            is_cut = target_kl is not None and policy.approx_kl > 1.5 * target_kl
            if is_cut:
                break
            self.step(max_grad_norm=max_grad_norm)
        return Seen(*np.array(numbers).T, is_cut=is_cut)

    def differentiate(self, batch: Minibatch, given: Coefficients) -> tuple[PolicyLoss, float]:
        """Write the gradient of a minibatch's loss; return the actor's part of it and the value loss."""
        seen: list[Any] = self._crew.run(
            [partial(self._differentiate_actor, batch, given), partial(self._differentiate_critic, batch, given)]
        )
        return seen[0], seen[1]

    def step(self, *, max_grad_norm: float) -> None:
        """Take an optimiser step down the gradient that was written last."""
        self._optimizer.step(max_grad_norm=max_grad_norm)

    def _compile(self, policy: Any, activation: str) -> CompiledPass | None:
        kernels = load_kernels()
        if kernels is None or self._judge is not ppo_loss.policy_loss or not isinstance(self._optimizer, FlatAdam):
            return None
        extractor = policy.mlp_extractor
        sides = Sides(
            actor=[*linears(extractor.policy_net), policy.action_net],
            critic=[*linears(extractor.value_net), policy.value_net],
            log_std=policy.log_std,
            activation=activation,
        )
        return CompiledPass(kernels, sides, self._optimizer, batch_size=self._batch_size)

    def _differentiate_actor(self, batch: Minibatch, given: Coefficients) -> PolicyLoss:
        mean = self._actor.forward(batch.observations)
        noise = Noise.independent(self._log_std)
        if self._has_sde:
            noise = Noise.state_dependent(self._log_std, self._actor.features)
        policy = self._judge(mean, noise, batch, given)
        self._actor.backward(policy.by_mean)
        self._log_std_gradient[...] = noise.log_std_gradient(policy.by_variance, self._log_std)
        return policy

    def _differentiate_critic(self, batch: Minibatch, given: Coefficients) -> float:
        if given.clip_range_vf is None:
            scale = np.float32(2.0 * given.vf_coef / len(batch.returns))
            return float(np.mean(np.square(self._critic.regress(batch.observations, batch.returns, scale))))
        values = self._critic.forward(batch.observations)[:, 0]
        value, by_value = ppo_loss.value_loss(values, batch, given)
        self._critic.backward(by_value[:, None])
        return value
