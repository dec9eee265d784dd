"""Sampling in the learner's own process: where there is one core."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from engine.sampling.policies import PolicyLayout
from engine.sampling.rollout import Rollout, RolloutRequest, Sampler, rollout_specs
from robots.batch import Batch


class LocalSampling:
    """Rollouts of one batch."""

    num_workers = 1

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._sampler: Sampler | None = None

    def open_rollouts(self, layout: PolicyLayout, *, num_steps: int) -> dict[str, np.ndarray]:
        """Prepare for rollouts of up to `num_steps`; return their arrays. `reseed_noise` must follow."""
        specs = rollout_specs(layout, num_envs=self._batch.num_envs, num_steps=num_steps)
        arrays = {name: np.zeros(spec.shape, spec.dtype) for name, spec in specs.items()}
        self._sampler = Sampler(self._batch, layout, arrays)
        return arrays

    def reseed_noise(self, *key: int) -> None:
        """Give the exploration noise of every environment a new generator; without rollouts, do nothing."""
        if self._sampler is not None:
            self._sampler.reseed(*key)

    def sample(self, request: RolloutRequest, goes_on: Callable[[int], bool]) -> Rollout:
        """Fill the arrays; `goes_on` is told how many steps are made. Raises NonFiniteStateError."""
        assert self._sampler is not None
        began = perf_counter()
        part = self._sampler.sample(request, goes_on)
        return Rollout.of([part], wall_s=perf_counter() - began)
