"""A Gaussian whose actions are squashed by tanh, as SAC's actor has it, and its derivatives in closed form.

It is stable_baselines3/common/distributions.py's: SquashedDiagGaussianDistribution, and StateDependentNoiseDistribution
with its TanhBijector. Actions are reparameterised (arXiv:1801.01290, appendix C): they depend on the mean and on noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.worker.ppo_loss import LOG_SQRT_2_PI

SQUASH_EPSILON = 1e-6
"""Added to 1 - tanh² before its logarithm is taken."""
INVERSE_LIMIT = np.float32(1.0) - np.finfo(np.float32).eps
"""Largest action that TanhBijector.inverse tells apart."""


@dataclass(frozen=True)
class Draw:
    """Actions of a minibatch, drawn from the policy."""

    actions: np.ndarray
    """(num_rows, action_size)."""
    log_prob: np.ndarray
    """(num_rows,)."""
    error: np.ndarray
    """The Gaussian's actions less their mean (num_rows, action_size)."""
    variance: np.ndarray
    """(num_rows, action_size)."""
    squash_slope: np.ndarray
    """What the squashing adds to the derivative of log_prob by the Gaussian's actions (num_rows, action_size)."""
    is_free: np.ndarray | None
    """Where log_prob follows the noise; None: everywhere."""

    def derivatives(self, by_actions: np.ndarray, by_log_prob: np.float32) -> tuple[np.ndarray, ...]:
        """Return a loss's derivatives by mean, noise and variance, each (num_rows, action_size).

        `by_actions` is its derivative by the actions, `by_log_prob` that by each row's log_prob.
        """
        scaled = self.error / self.variance
        squash, pull = by_log_prob * self.squash_slope, by_log_prob * scaled
        by_gaussian = by_actions * (1.0 - np.square(self.actions))
        # Moving mean and action together changes no error.
        by_mean = by_gaussian + (squash if self.is_free is None else np.where(self.is_free, squash, pull))
        by_noise = by_mean - pull if self.is_free is None else by_gaussian + self.is_free * (squash - pull)
        by_variance = by_log_prob * (self.error * scaled - 1.0) / (2.0 * self.variance)
        return by_mean, by_noise, by_variance


def draw(mean: np.ndarray, noise: np.ndarray, variance: np.ndarray) -> Draw:
    """Squash mean + noise; log_prob is SquashedDiagGaussianDistribution's, which knows the Gaussian's actions."""
    gaussian = mean + noise
    actions = np.tanh(gaussian)
    return _judge(actions, gaussian, mean, variance, squashed=actions, is_free=None)


def draw_inverted(mean: np.ndarray, noise: np.ndarray, variance: np.ndarray) -> Draw:
    """Squash mean + noise; log_prob is StateDependentNoiseDistribution's, which inverts the actions it is given."""
    actions = np.tanh(mean + noise)
    clipped = np.clip(actions, -INVERSE_LIMIT, INVERSE_LIMIT)
    gaussian = np.float32(0.5) * (np.log1p(clipped) - np.log1p(-clipped))
    is_free = np.abs(actions) <= INVERSE_LIMIT
    return _judge(actions, gaussian, mean, variance, squashed=np.tanh(gaussian), is_free=is_free)


def _judge(
    actions: np.ndarray, gaussian: np.ndarray, mean: np.ndarray, variance: np.ndarray, **known: np.ndarray | None
) -> Draw:
    squashed, is_free = known["squashed"], known["is_free"]
    assert squashed is not None
    slope = 1.0 - np.square(squashed)
    room = slope + np.float32(SQUASH_EPSILON)
    error = gaussian - mean
    log_density = -0.5 * (np.square(error) / variance + np.log(variance)) - LOG_SQRT_2_PI - np.log(room)
    return Draw(actions, log_density.sum(axis=1), error, variance, 2.0 * squashed * slope / room, is_free)
