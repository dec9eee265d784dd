"""SAC's entropy coefficient, fixed or learned."""

from __future__ import annotations

import numpy as np
import torch
from stable_baselines3 import SAC

from engine.worker.flat_adam import FlatAdam


def make_ent_coef(model: SAC) -> FixedEntCoef | LearnedEntCoef:
    """Return the coefficient of a model."""
    if model.log_ent_coef is None or model.ent_coef_optimizer is None:
        return FixedEntCoef(float(model.ent_coef_tensor))
    assert isinstance(model.target_entropy, float)
    return LearnedEntCoef(model.log_ent_coef, model.ent_coef_optimizer, target_entropy=model.target_entropy)


class FixedEntCoef:
    """An entropy coefficient that stays as it is."""

    def __init__(self, value: float) -> None:
        self.value = value

    def adopt(self) -> None:
        """Do nothing: no checkpoint changes it."""

    def learn(self, log_prob: np.ndarray) -> float:
        """Return 0, the loss of what does not learn."""
        return 0.0


class LearnedEntCoef:
    """An entropy coefficient that keeps the entropy at a target (arXiv:1812.05905, section 5)."""

    def __init__(self, log_ent_coef: torch.Tensor, optimizer: torch.optim.Adam, *, target_entropy: float) -> None:
        self._adam = FlatAdam(optimizer, [log_ent_coef])
        self._log, self._gradient = self._adam.arrays()[log_ent_coef]
        self._target = np.float32(target_entropy)

    @property
    def value(self) -> float:
        """The coefficient."""
        return float(np.exp(self._log)[0])

    def adopt(self) -> None:
        """Take over what a checkpoint has put in the place of its logarithm and moments."""
        self._adam.adopt()

    def learn(self, log_prob: np.ndarray) -> float:
        """Take a step for the log-probabilities (num_rows,) of a minibatch; return the loss."""
        self._gradient[0] = -np.mean(log_prob + self._target)
        loss = float(self._log[0] * self._gradient[0])
        self._adam.step()
        return loss
