"""SAC's actor for some rows of a minibatch: it draws actions, and passes a loss's derivatives on to its weights.

There are two: with gSDE (arXiv:2005.05719) and with noise that each state chooses for itself. Random numbers come from
outside, so that rows can be shared out among threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.sac.policies import LOG_STD_MAX, LOG_STD_MIN, Actor
from torch import nn

from engine.worker import squashed_gaussian
from engine.worker.flat_networks import linears
from engine.worker.perceptron import Perceptron
from engine.worker.ppo_loss import Noise
from engine.worker.squashed_gaussian import Draw


class SacActor(Protocol):
    """An actor over views of the optimiser's vectors."""

    def explore(self, observations: np.ndarray) -> np.ndarray:
        """Return actions (num_envs, action_size) for the environments, with SB3's random numbers."""
        ...

    def act(self, observations: np.ndarray, random: np.ndarray) -> Draw:
        """Draw actions for observations (num_rows, observation_size) with the random numbers for these rows."""
        ...

    def backward(self, draw: Draw, by_actions: np.ndarray, by_log_prob: np.float32) -> None:
        """Write the gradient of a loss, given its derivatives by the last draw."""
        ...


class StateDependentActor:
    """With gSDE. Its random numbers (units, action_size) are the same for all rows."""

    def __init__(self, network: Perceptron, log_std: tuple[np.ndarray, np.ndarray], actor: Actor) -> None:
        """`log_std` (units, action_size) comes with its gradient; `actor` is Stable-Baselines3's."""
        assert isinstance(actor.action_dist, StateDependentNoiseDistribution)
        self._network = network
        self._log_std, self._log_std_gradient = log_std
        self._dist = actor.action_dist
        self._clip_mean = np.float32(actor.clip_mean if actor.clip_mean > 0.0 else np.inf)
        self._exploration = self._mean = np.empty((0, 0), dtype=np.float32)
        self._noise = Noise(self._mean)

    def explore(self, observations: np.ndarray) -> np.ndarray:
        """Return actions with the exploration matrices that SB3 drew last."""
        mean = np.clip(self._network.forward(observations), -self._clip_mean, self._clip_mean)
        features, matrices = self._network.features, self._dist.exploration_matrices.detach().cpu().numpy()
        if len(features) == 1 or len(features) != len(matrices):  # as StateDependentNoiseDistribution.get_noise has it
            return np.tanh(mean + features @ self._dist.exploration_mat.detach().cpu().numpy())
        return np.tanh(mean + np.matmul(features[:, None], matrices)[:, 0])

    def act(self, observations: np.ndarray, random: np.ndarray) -> Draw:
        """Draw actions with the exploration matrix that random numbers make."""
        self._mean = self._network.forward(observations)
        features = self._network.features
        self._exploration = random * np.exp(self._log_std)
        self._noise = Noise.state_dependent(self._log_std, features)
        mean = np.clip(self._mean, -self._clip_mean, self._clip_mean)
        return squashed_gaussian.draw_inverted(mean, features @ self._exploration, self._noise.variance)

    def backward(self, draw: Draw, by_actions: np.ndarray, by_log_prob: np.float32) -> None:
        """Write the gradient; unlike PPO's, SAC's features learn what noise they make."""
        by_mean, by_noise, by_variance = draw.derivatives(by_actions, by_log_prob)
        features = self._network.features
        self._log_std_gradient[...] = self._noise.log_std_gradient(by_variance, self._log_std)
        self._log_std_gradient += self._exploration * (features.T @ by_noise)
        by_features = by_noise @ self._exploration.T
        by_features += 2.0 * features * (by_variance @ np.exp(2.0 * self._log_std).T)
        self._network.backward(by_mean * (np.abs(self._mean) < self._clip_mean), by_features)


class IndependentActor:
    """With a standard deviation for each action. Its random numbers are (num_rows, action_size)."""

    def __init__(self, network: Perceptron, head: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """`head` is the layer that log_std is read from: weight and bias, each with its gradient."""
        self._network = network
        (self._weight, self._weight_gradient), (self._bias, self._bias_gradient) = head
        self._log_std = np.empty((0, 0), dtype=np.float32)

    def explore(self, observations: np.ndarray) -> np.ndarray:
        """Return actions."""
        return self.act(observations, standard_normal(len(observations), len(self._bias))).actions

    def act(self, observations: np.ndarray, random: np.ndarray) -> Draw:
        """Draw actions; log_std is clipped as in stable_baselines3/sac/policies.py."""
        mean = self._network.forward(observations)
        self._log_std = self._network.features @ self._weight.T + self._bias
        std = np.exp(np.clip(self._log_std, LOG_STD_MIN, LOG_STD_MAX))
        return squashed_gaussian.draw(mean, std * random, np.square(std))

    def backward(self, draw: Draw, by_actions: np.ndarray, by_log_prob: np.float32) -> None:
        """Write the gradient of the network and of the head."""
        by_mean, by_noise, by_variance = draw.derivatives(by_actions, by_log_prob)
        is_free = (self._log_std >= LOG_STD_MIN) & (self._log_std <= LOG_STD_MAX)
        by_log_std = is_free * (by_noise * draw.error + 2.0 * draw.variance * by_variance)
        np.matmul(by_log_std.T, self._network.features, out=self._weight_gradient)
        np.sum(by_log_std, axis=0, out=self._bias_gradient)
        self._network.backward(by_mean, by_log_std @ self._weight)


def mean_layers(actor: Actor) -> list[nn.Linear]:
    """Return the layers from observations to mean actions."""
    mean = actor.mu if isinstance(actor.mu, nn.Sequential) else nn.Sequential(actor.mu)
    return linears([*actor.latent_pi, *mean])


def standard_normal(*shape: int) -> np.ndarray:
    """Return torch's next random numbers, as torch.distributions.Normal draws them."""
    return torch.empty(shape).normal_().numpy()


@dataclass(frozen=True)
class Random:
    """Standard normal numbers that actions are made of."""

    now: np.ndarray
    after: np.ndarray
    is_shared: bool = False
    """Whether all rows have the same."""

    def of(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return those of some rows, for observations and for the next ones."""
        return (self.now, self.after) if self.is_shared else (self.now[rows], self.after[rows])
