"""PPO's and A2C's losses and their derivatives in closed form, for a Gaussian policy with or without gSDE.

They are those of `PPO.train` and `A2C.train` in stable_baselines3: the clipped surrogate (arXiv:1707.06347, equation 7)
or the plain policy gradient, the value loss and the entropy bonus. The derivatives stop where torch's do: beyond the
clips, and at the features of gSDE.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
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

    ent_coef: float
    vf_coef: float
    normalize_advantage: bool
    clip_range: float = math.inf
    """PPO's; A2C clips nothing."""
    clip_range_vf: float | None = None


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

    def parts(self, num_rows: int) -> Iterator[Minibatch]:
        """Yield `num_rows` after the other; the last part may have fewer."""
        columns = (self.old_values, self.old_log_prob, self.advantages, self.returns)
        for begin in range(0, len(self.returns), num_rows):
            rows = slice(begin, begin + num_rows)
            yield Minibatch(self.observations[rows], self.actions[rows], *(column[rows] for column in columns))


@dataclass(frozen=True)
class Seen:
    """What a pass over a rollout has seen; each (num_minibatches,)."""

    policy: np.ndarray
    """As in PolicyLoss, likewise what follows."""
    entropy: np.ndarray
    clip_fraction: np.ndarray
    approx_kl: np.ndarray
    value: np.ndarray
    """Mean squared error of the critic."""
    is_cut: bool
    """Whether the policy had gone too far at the last of them, which then changed nothing."""


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
    """Clipped surrogate, or what A2C has in its place."""
    entropy: float
    """Mean entropy, negative, as a loss has it."""
    clip_fraction: float = 0.0
    """Share of the rows whose ratio is beyond the clip."""
    approx_kl: float = 0.0
    """Divergence from the policy that acted, http://joschu.net/blog/kl-approx.html."""


def policy_loss(mean: np.ndarray, noise: Noise, batch: Minibatch, given: Coefficients) -> PolicyLoss:
    """Return PPO's loss for mean actions (num_rows, action_size)."""
    density, num_rows = _Density.of(mean, noise, batch), len(mean)
    advantages = _normalized(batch.advantages, given)
    log_ratio = density.log_prob - batch.old_log_prob
    ratio = np.exp(log_ratio)
    surrogate = advantages * ratio
    clipped = advantages * np.clip(ratio, 1.0 - given.clip_range, 1.0 + given.clip_range)
    # The clip has no slope where it decides. Where both are the same, torch gives each half of it.
    by_log_prob = np.where(surrogate <= clipped, surrogate, 0.0)[:, None] * np.float32(-1.0 / num_rows)
    by_mean, by_variance = density.derivatives(by_log_prob, given)
    return PolicyLoss(
        by_mean=by_mean,
        by_variance=by_variance,
        policy=-float(np.minimum(surrogate, clipped).mean()),
        entropy=density.entropy_loss(),
        clip_fraction=float(np.mean(np.abs(ratio - 1.0) > given.clip_range)),
        approx_kl=float(np.mean(ratio - 1.0 - log_ratio)),
    )


def plain_policy_loss(mean: np.ndarray, noise: Noise, batch: Minibatch, given: Coefficients) -> PolicyLoss:
    """Return A2C's loss for mean actions (num_rows, action_size)."""
    density = _Density.of(mean, noise, batch)
    advantages = _normalized(batch.advantages, given)
    by_mean, by_variance = density.derivatives(advantages[:, None] * np.float32(-1.0 / len(mean)), given)
    return PolicyLoss(
        by_mean=by_mean,
        by_variance=by_variance,
        policy=-float((advantages * density.log_prob).mean()),
        entropy=density.entropy_loss(),
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


@dataclass(frozen=True)
class _Density:
    """How likely the actions of a minibatch are."""

    log_prob: np.ndarray
    """(num_rows,)."""
    error: np.ndarray
    """Actions less their mean (num_rows, action_size)."""
    scaled: np.ndarray
    """The same by the variance."""
    variance: np.ndarray
    log_std_sum: np.ndarray
    """(num_rows,), or (1,) where it is the same for all."""

    @classmethod
    def of(cls, mean: np.ndarray, noise: Noise, batch: Minibatch) -> _Density:
        """Return it for mean actions (num_rows, action_size)."""
        error = batch.actions - mean
        scaled = error / noise.variance
        log_std_sum = 0.5 * np.log(noise.variance).sum(axis=1)
        log_prob = -0.5 * (error * scaled).sum(axis=1) - log_std_sum - LOG_SQRT_2_PI * mean.shape[1]
        return cls(log_prob, error, scaled, noise.variance, log_std_sum)

    def derivatives(self, by_log_prob: np.ndarray, given: Coefficients) -> tuple[np.ndarray, np.ndarray]:
        """Return those of the whole loss by mean and variance, given that by the log-probabilities (num_rows, 1)."""
        # By the variance, log_prob has the derivative (error² / variance - 1) / (2 variance), the entropy
        # 1 / (2 variance).
        slope = by_log_prob * (self.error * self.scaled - 1.0) - np.float32(given.ent_coef / len(self.error))
        return by_log_prob * self.scaled, slope / (2.0 * self.variance)

    def entropy_loss(self) -> float:
        """Return the mean entropy, negative."""
        return -float((self.log_std_sum + (LOG_SQRT_2_PI + 0.5) * self.error.shape[1]).mean())
