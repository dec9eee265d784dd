"""Stable-Baselines3's PPO with an update in closed form: same minibatches, losses and optimiser, computed sooner.

What it saves is torch's bookkeeping. Parameters differ by rounding only; a test compares them with stock
PPO's. Policies and devices that the closed form does not cover are updated by stock PPO.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.distributions import DiagGaussianDistribution, StateDependentNoiseDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.utils import explained_variance
from torch import nn

from engine.worker import ppo_loss
from engine.worker.flat_adam import FlatAdam
from engine.worker.perceptron import ACTIVATIONS, Perceptron
from engine.worker.ppo_loss import Coefficients, Minibatch, Noise, PolicyLoss

MIN_WEIGHTS_FOR_THREAD = 50_000
"""Actor and critic together; with fewer, handing work to a thread costs more than it saves."""
_ACTIVATION_NAMES: dict[type[nn.Module], str] = {nn.Tanh: "tanh", nn.ReLU: "relu", nn.ELU: "elu"}


class FastPPO(PPO):
    """PPO whose update needs no autograd where the policy is a Gaussian perceptron on the CPU."""

    _networks: Networks | None = None

    def _setup_model(self) -> None:
        super()._setup_model()
        # Before anything acts: torch's products depend on where in memory weights are, and a resumed run must have them
        # in the same places as the run that went on.
        self._networks = Networks.of(self.policy, batch_size=self.batch_size)

    def train(self) -> None:
        """Update the policy from the rollout buffer."""
        if self._networks is None:
            super().train()
            return
        with np.errstate(all="ignore"):  # what is not finite shows in the logged losses, which are checked
            self._update(self._networks)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_networks"]

    def _update(self, networks: Networks) -> None:
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        given = self._coefficients()
        networks.begin()
        seen: list[PolicyLoss] = []
        values: list[float] = []
        is_far = False
        num_before = 0
        for _ in range(self.n_epochs):
            num_before = len(seen)
            for batch in self._minibatches():
                policy, value = networks.differentiate(batch, given)
                seen.append(policy)
                values.append(value)
                is_far = self.target_kl is not None and policy.approx_kl > 1.5 * self.target_kl
                if is_far:
                    break
                networks.step(max_grad_norm=self.max_grad_norm)
            self._n_updates += 1
            if is_far:
                break
        self._record(seen, values, given, last_epoch=slice(num_before, None))

    def _coefficients(self) -> Coefficients:
        progress, clip_range_vf = self._current_progress_remaining, self.clip_range_vf
        return Coefficients(
            clip_range=float(self.clip_range(progress)),  # type: ignore[operator]
            clip_range_vf=None if clip_range_vf is None else float(clip_range_vf(progress)),  # type: ignore[operator]
            ent_coef=self.ent_coef,
            vf_coef=self.vf_coef,
            normalize_advantage=self.normalize_advantage,
        )

    def _minibatches(self) -> Iterator[Minibatch]:
        """Yield the rollout in the random order that RolloutBuffer.get draws, gathered once an epoch."""
        buffer = self.rollout_buffer
        if not buffer.generator_ready:
            for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
                setattr(buffer, name, buffer.swap_and_flatten(getattr(buffer, name)))
            buffer.generator_ready = True
        order = np.random.permutation(buffer.buffer_size * buffer.n_envs)  # SB3's generator
        columns = (buffer.values, buffer.log_probs, buffer.advantages, buffer.returns)
        observations, actions = buffer.observations[order], buffer.actions[order]
        flat = [column.ravel()[order] for column in columns]
        for begin in range(0, len(order), self.batch_size):
            rows = slice(begin, begin + self.batch_size)
            yield Minibatch(observations[rows], actions[rows], *(column[rows] for column in flat))

    def _record(self, seen: list[PolicyLoss], values: list[float], given: Coefficients, *, last_epoch: slice) -> None:
        """Log what stock PPO logs."""
        buffer, record, last = self.rollout_buffer, self.logger.record, seen[-1]
        total = last.policy + given.ent_coef * last.entropy + given.vf_coef * values[-1]
        record("train/entropy_loss", np.mean([each.entropy for each in seen]))
        record("train/policy_gradient_loss", np.mean([each.policy for each in seen]))
        record("train/value_loss", np.mean(values))
        record("train/approx_kl", np.mean([each.approx_kl for each in seen[last_epoch]]))
        record("train/clip_fraction", np.mean([each.clip_fraction for each in seen]))
        record("train/loss", total)
        record("train/explained_variance", explained_variance(buffer.values.flatten(), buffer.returns.flatten()))
        record("train/std", float(torch.exp(self.policy.log_std.detach()).mean()))
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", given.clip_range)
        if given.clip_range_vf is not None:
            record("train/clip_range_vf", given.clip_range_vf)


class Networks:
    """Actor and critic of a policy over the vectors of its optimiser."""

    def __init__(self, policy: ActorCriticPolicy, activation: str, *, batch_size: int) -> None:
        assert isinstance(policy.optimizer, torch.optim.Adam)
        self._adam = FlatAdam(policy.optimizer, list(policy.parameters()))
        arrays = self._adam.arrays()
        self._log_std, self._log_std_gradient = arrays[policy.log_std]
        self._has_sde = isinstance(policy.action_dist, StateDependentNoiseDistribution)
        # Products of NumPy leave the interpreter to the other thread; the numbers are the same with one.
        is_large = self._adam.size >= MIN_WEIGHTS_FOR_THREAD
        self._beside = ThreadPoolExecutor(1) if is_large and len(os.sched_getaffinity(0)) > 1 else None
        extractor = policy.mlp_extractor
        self._actor, self._critic = (
            _perceptron([*_linears(hidden), last], arrays, activation, batch_size)
            for hidden, last in ((extractor.policy_net, policy.action_net), (extractor.value_net, policy.value_net))
        )

    @classmethod
    def of(cls, policy: ActorCriticPolicy, *, batch_size: int) -> Networks | None:
        """Return the networks of a policy that the closed form covers, else None."""
        activation = _ACTIVATION_NAMES.get(policy.activation_fn)
        dist = policy.action_dist
        is_covered = (
            activation is not None
            and policy.device.type == "cpu"
            and isinstance(policy.action_space, spaces.Box)
            and type(policy.features_extractor) is FlattenExtractor
            and isinstance(policy.optimizer, torch.optim.Adam)
            and not policy.squash_output
            and (
                isinstance(dist, DiagGaussianDistribution)
                or (isinstance(dist, StateDependentNoiseDistribution) and not dist.use_expln and dist.full_std)
            )
        )
        return cls(policy, activation, batch_size=batch_size) if is_covered and activation else None

    def begin(self) -> None:
        """Prepare for an update."""
        self._adam.adopt()

    def differentiate(self, batch: Minibatch, given: Coefficients) -> tuple[PolicyLoss, float]:
        """Write the gradient of a minibatch's loss; return the actor's part of it and the value loss."""
        value = self._start(self._differentiate_critic, batch, given)
        mean = self._actor.forward(batch.observations)
        noise = Noise.independent(self._log_std)
        if self._has_sde:
            noise = Noise.state_dependent(self._log_std, self._actor.features)
        policy = ppo_loss.policy_loss(mean, noise, batch, given)
        self._actor.backward(policy.by_mean)
        self._log_std_gradient[...] = noise.log_std_gradient(policy.by_variance, self._log_std)
        return policy, value()

    def step(self, *, max_grad_norm: float) -> None:
        """Take an optimiser step down the gradient that was written last."""
        self._adam.step(max_grad_norm=max_grad_norm)

    def _differentiate_critic(self, batch: Minibatch, given: Coefficients) -> float:
        values = self._critic.forward(batch.observations)[:, 0]
        value, by_value = ppo_loss.value_loss(values, batch, given)
        self._critic.backward(by_value[:, None])
        return value

    def _start(self, function: Callable[..., float], *arguments: Any) -> Callable[[], float]:
        """Begin a call beside this thread, where that pays; return what waits for its result."""
        if self._beside is None:
            result = function(*arguments)
            return lambda: result
        return self._beside.submit(function, *arguments).result


def _linears(module: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in module if isinstance(layer, nn.Linear)]


def _perceptron(
    linears: list[Any], arrays: dict[nn.Parameter, tuple[np.ndarray, np.ndarray]], activation: str, batch_size: int
) -> Perceptron:
    pairs = [(arrays[linear.weight], arrays[linear.bias]) for linear in linears]
    layers = [(weight[0], bias[0]) for weight, bias in pairs]
    gradients = [(weight[1], bias[1]) for weight, bias in pairs]
    return Perceptron(layers, gradients, ACTIVATIONS[activation], batch_size=batch_size)
