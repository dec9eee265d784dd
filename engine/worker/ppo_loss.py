"""PPO's loss and its derivatives in closed form, for a Gaussian policy with or without gSDE.

The loss is stable_baselines3/ppo/ppo.py's, `PPO.train`: the clipped surrogate (arXiv:1707.06347, equation 7), the value
loss and the entropy bonus. The derivatives stop where torch's do: beyond the clips, and at the features of gSDE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LOG_SQRT_2_PI = 0.5 * math.log(2.0 * math.pi)
SDE_EPSILON = 1e-6
"""Added to gSDE's variance, stable_baselines3/common/distributions.py."""
NORMALIZATION_EPSILON = 1e-8
"""Added to the standard deviation of advantages."""


@dataclass(frozen=True)
class Coefficients:
    """Hyper-parameters as they are in one update."""

    clip_range: float
    clip_range_vf: float | None
    ent_coef: float
    vf_coef: float
    normalize_advantage: bool


@dataclass(frozen=True)
class Minibatch:
    """Rows of a rollout; each (num_rows,) but the first two."""

    observations: np.ndarray
    """(num_rows, observation_size)."""
    actions: np.ndarray
    """(num_rows, action_size)."""
    old_values: np.ndarray
    old_log_prob: np.ndarray
    advantages: np.ndarray
    returns: np.ndarray


@dataclass(frozen=True)
class Noise:
    """Spread of the actions of a minibatch."""

    variance: np.ndarray
    """(num_rows, action_size), or (1, action_size) where it is the same for all."""
    squared_features: np.ndarray | None = None
    """(num_rows, units) of gSDE; None: independent noise."""

    @classmethod
    def independent(cls, log_std: np.ndarray) -> Noise:
        """Return the noise of a diagonal Gaussian with log_std (action_size,)."""
        return cls(np.exp(2.0 * log_std)[None])

    @classmethod
    def state_dependent(cls, log_std: np.ndarray, features: np.ndarray) -> Noise:
        """Return that of gSDE (arXiv:2005.05719, equation 6) with log_std (units, action_size)."""
        squared = np.square(features)
        return cls(squared @ np.exp(2.0 * log_std) + SDE_EPSILON, squared)

    def log_std_gradient(self, by_variance: np.ndarray, log_std: np.ndarray) -> np.ndarray:
        """Return the derivative by log_std, given that by the variance (num_rows, action_size)."""
        if self.squared_features is None:
            return 2.0 * self.variance[0] * by_variance.sum(axis=0)
        return 2.0 * np.exp(2.0 * log_std) * (self.squared_features.T @ by_variance)


@dataclass(frozen=True)
class PolicyLoss:
    """What the actor is judged by, and the derivatives of the whole loss by what it puts out."""

    by_mean: np.ndarray
    """(num_rows, action_size)."""
    by_variance: np.ndarray
    """(num_rows, action_size)."""
    policy: float
    """Clipped surrogate."""
    entropy: float
    """Mean entropy, negative, as a loss has it."""
    clip_fraction: float
    """Share of the rows whose ratio is beyond the clip."""
    approx_kl: float
    """Divergence from the policy that acted, http://joschu.net/blog/kl-approx.html."""


def policy_loss(mean: np.ndarray, noise: Noise, batch: Minibatch, given: Coefficients) -> PolicyLoss:
    """Return the loss for mean actions (num_rows, action_size)."""
    num_rows, action_size = mean.shape
    advantages, variance = _normalized(batch.advantages, given), noise.variance
    error = batch.actions - mean
    scaled = error / variance
    log_std_sum = 0.5 * np.log(variance).sum(axis=1)
    log_ratio = -0.5 * (error * scaled).sum(axis=1) - log_std_sum - LOG_SQRT_2_PI * action_size - batch.old_log_prob
    ratio = np.exp(log_ratio)
    surrogate = advantages * ratio
    clipped = advantages * np.clip(ratio, 1.0 - given.clip_range, 1.0 + given.clip_range)
    # The clip has no slope where it decides. Where both are the same, torch gives each half of it.
    by_log_prob = np.where(surrogate <= clipped, surrogate, 0.0)[:, None] * np.float32(-1.0 / num_rows)
    # By the variance, log_prob has the derivative (error² / variance - 1) / (2 variance), the entropy 1 / (2 variance).
    slope = by_log_prob * (error * scaled - 1.0) - np.float32(given.ent_coef / num_rows)
    return PolicyLoss(
        by_mean=by_log_prob * scaled,
        by_variance=slope / (2.0 * variance),
        policy=-float(np.minimum(surrogate, clipped).mean()),
        entropy=-float((log_std_sum + (LOG_SQRT_2_PI + 0.5) * action_size).mean()),
        clip_fraction=float(np.mean(np.abs(ratio - 1.0) > given.clip_range)),
        approx_kl=float(np.mean(ratio - 1.0 - log_ratio)),
    )


def value_loss(values: np.ndarray, batch: Minibatch, given: Coefficients) -> tuple[float, np.ndarray]:
    """Return the mean squared error of the values (num_rows,), and the derivative of the whole loss by them."""
    predicted, has_slope, clip = values, np.float32(1.0), given.clip_range_vf
    if clip is not None:
        change = values - batch.old_values
        predicted = batch.old_values + np.clip(change, -clip, clip)
        has_slope = (np.abs(change) <= clip).astype(np.float32)
    error = predicted - batch.returns
    return float(np.mean(np.square(error))), np.float32(2.0 * given.vf_coef / len(values)) * error * has_slope


def _normalized(advantages: np.ndarray, given: Coefficients) -> np.ndarray:
    if not given.normalize_advantage or len(advantages) == 1:  # of one row there is no deviation, SB3 issue 325
        return advantages
    return (advantages - advantages.mean()) / (advantages.std(ddof=1) + NORMALIZATION_EPSILON)
