"""Gradient steps of SAC and TD3 on a GPU: one CUDA graph each, and no waiting for the device before the last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from engine.worker.device_graph import Captured
from engine.worker.device_replay import open_replay, why_not_mirrored


class Learner(Protocol):
    """What an algorithm does with a minibatch."""

    num_losses: int
    """Numbers that a step returns."""

    def begin(self) -> None:
        """Prepare for some steps."""
        ...

    def places(self) -> list[int]:
        """Return what changes when something moves that a step changes; what was captured then is void."""
        ...

    def step(self, samples: Any, *, must_follow: bool) -> torch.Tensor:
        """Take a gradient step without asking the device anything; return losses (num_losses,).

        `must_follow`: targets follow, and what else an algorithm does not do every time.
        """
        ...


class GradientSteps:
    """Takes gradient steps for a model; two graphs, one for those after which the targets follow."""

    def __init__(self, model: OffPolicyAlgorithm, learner: Learner) -> None:
        self._device = model.device
        self._learner = learner
        self._source = open_replay(model)
        reason = why_not_mirrored(model)
        message = f"Each minibatch is gathered on the CPU and uploaded, which is slower: {reason}."
        self.notes = {"replay_on_host": message} if reason else {}
        """What makes it slower, by code of a warning."""
        self._rows = torch.zeros((0, self._source.layout.width), device=self._device)
        self._steps: dict[bool, Captured[torch.Tensor]] = {}
        self._captured_for: list[int] = []

    def take(self, are_followed: Sequence[bool], *, batch_size: int) -> np.ndarray:
        """Take as many steps as there are numbers; return the losses of each (num_steps, num_losses)."""
        self._learner.begin()
        self._capture_anew(batch_size)
        self._source.begin(len(are_followed), batch_size)
        seen = torch.zeros((len(are_followed), self._learner.num_losses), device=self._device)
        for index, must_follow in enumerate(are_followed):
            self._source.load(index, into=self._rows)
            seen[index] = self._steps[must_follow]()
        return seen.cpu().numpy()

    def _capture_anew(self, batch_size: int) -> None:
        """Forget the graphs where something is not in its place any more."""
        captured_for = [batch_size, *self._learner.places()]
        if captured_for == self._captured_for:
            return
        self._captured_for = captured_for
        self._rows = torch.zeros((batch_size, self._rows.shape[1]), device=self._device)
        self._steps = {flag: Captured(partial(self._step, must_follow=flag), self._device) for flag in (False, True)}

    def _step(self, *, must_follow: bool) -> torch.Tensor:
        return self._learner.step(self._source.samples(self._rows), must_follow=must_follow)


def lowest(values: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Return the smallest of the critics' values (num_rows, 1)."""
    return torch.cat(values, dim=1).min(dim=1, keepdim=True).values


def expected(samples: Any, following: torch.Tensor, *, gamma: float) -> torch.Tensor:
    """Return what the critics are to say (num_rows, 1), given the value of what follows."""
    discounts = gamma if samples.discounts is None else samples.discounts
    return samples.rewards + (1.0 - samples.dones) * discounts * following


def follow(targets: Sequence[torch.Tensor], networks: Sequence[torch.Tensor], *, tau: float) -> None:
    """Go the part `tau` of the way, as stable_baselines3.common.utils.polyak_update does."""
    with torch.no_grad():
        torch._foreach_lerp_(targets, networks, tau)  # type: ignore[reportPrivateImportUsage]
