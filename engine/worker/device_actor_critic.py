"""The policy of PPO and A2C on a GPU: the same as actor_critic.py, by autograd, without waiting for the device.

The rollout is uploaded once for an update and its rows are picked there. Minibatches of a size share a CUDA graph of
the loss and its gradient; clipping and the optimiser's step are another one. The host waits once a pass, for the
losses, and where there is a `target_kl`, for the divergence of each minibatch, since one that is too large must change
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from stable_baselines3.common.policies import ActorCriticPolicy
from torch.nn import functional

from engine.protocol.settings import read_settings
from engine.worker.device_graph import Captured
from engine.worker.device_optimizer import DeviceOptimizer, why_not_on_device
from engine.worker.device_rows import Rows, upload
from engine.worker.ppo_loss import NORMALIZATION_EPSILON, Coefficients, Seen

APPROX_KL = 3
"""Its place among the numbers of a minibatch, which have the order of Seen."""
COLUMNS = ("observations", "actions", "values", "log_probs", "advantages", "returns")
"""Of a rollout buffer, in the order in which they are in a row."""

Surrogate = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], tuple[torch.Tensor, ...]]
"""Loss, clip fraction and divergence of advantages, log-probabilities, those when acting, and the clip range."""


def clipped_surrogate(
    advantages: torch.Tensor, log_prob: torch.Tensor, old_log_prob: torch.Tensor, clip_range: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Return PPO's (arXiv:1707.06347, equation 7)."""
    log_ratio = log_prob - old_log_prob
    ratio = torch.exp(log_ratio)
    clipped = torch.clamp(ratio, 1.0 - clip_range, 1.0 + clip_range)
    loss = -torch.min(advantages * ratio, advantages * clipped).mean()
    return loss, (torch.abs(ratio - 1.0) > clip_range).float().mean(), (ratio - 1.0 - log_ratio).mean()


def plain_surrogate(
    advantages: torch.Tensor, log_prob: torch.Tensor, old_log_prob: torch.Tensor, clip_range: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Return A2C's, which clips nothing."""
    none = torch.zeros_like(clip_range)
    return -(advantages * log_prob).mean(), none, none


def why_not(policy: ActorCriticPolicy) -> str:
    """Return why DeviceActorCritic does not cover a policy; empty where it does."""
    if not isinstance(policy.action_space, spaces.Box | spaces.Discrete):
        return f"actions are {type(policy.action_space).__name__}"
    if not isinstance(policy.observation_space, spaces.Box):
        return "observations are not one array"
    dist = policy.action_dist
    if policy.squash_output or (isinstance(dist, StateDependentNoiseDistribution) and not dist.full_std):
        return "the distribution of actions is unusual"
    return why_not_on_device([policy], [policy.optimizer])


class DeviceActorCritic:
    """Actor and critic of a policy, and the minibatches in their places."""

    notes: ClassVar[dict[str, str]] = {}
    """Nothing makes it slower."""

    def __init__(self, policy: ActorCriticPolicy, surrogate: Surrogate, *, batch_size: int) -> None:
        self._policy, self._surrogate, self._batch_size = policy, surrogate, batch_size
        self._device = policy.device
        self._optimizer = DeviceOptimizer(policy.optimizer)
        self._coefficients = torch.zeros(4, device=self._device)
        self._rollout: Rows | None = None
        self._widths: list[int] = []
        self._minibatches: dict[int, _Minibatch] = {}
        self._step = Captured(self._descend, self._device)
        self._captured_for: object = None
        self._given: Coefficients
        self._max_grad_norm: float

    def begin(self) -> None:
        """Prepare for an update."""
        self._optimizer.begin()
        self._rollout = None

    def shuffled(self, buffer: RolloutBuffer) -> Rows:
        """Return the rows of a full rollout in the order of RolloutBuffer.get; an update's first call uploads them."""
        if self._rollout is None:
            parts = [_flattened(buffer, name) for name in COLUMNS]
            self._widths = [part.shape[1] for part in parts]
            matrix = torch.from_numpy(np.concatenate(parts, axis=1, dtype=np.float32))
            self._rollout = Rows(upload(matrix, self._device) if read_settings().device_buffers else matrix)
        self._rollout.put_in_order(np.random.permutation(len(self._rollout.matrix)))  # SB3's generator
        return self._rollout

    def run_pass(self, rows: Rows, given: Coefficients, *, max_grad_norm: float, target_kl: float | None) -> Seen:
        """Update with every minibatch of a rollout in its order, until the policy is too far from what acted."""
        self._take_over(given, max_grad_norm)
        begins = range(0, len(rows.matrix), self._batch_size)
        seen = torch.zeros((len(begins), 5), device=self._device)
        num_seen, is_cut = 0, False
        for begin in begins:
            minibatch = self._minibatch(min(self._batch_size, len(rows.matrix) - begin))
            rows.pick(begin, into=minibatch.rows)
            seen[num_seen] = minibatch.differentiate()
            num_seen += 1
            is_cut = target_kl is not None and float(seen[num_seen - 1, APPROX_KL]) > 1.5 * target_kl
            if is_cut:
                break
            self._step()
        return Seen(*seen[:num_seen].cpu().numpy().T, is_cut=is_cut)

    def _take_over(self, given: Coefficients, max_grad_norm: float) -> None:
        """Put what changes between updates where graphs read it, and forget graphs of what cannot be put there."""
        self._given, self._max_grad_norm = given, max_grad_norm
        numbers = torch.tensor([given.clip_range, given.clip_range_vf or 0.0, given.ent_coef, given.vf_coef])
        self._coefficients.copy_(upload(numbers, self._device))
        captured_for = (
            self._optimizer.num_moves,
            self._widths,
            max_grad_norm,
            given.normalize_advantage,
            given.clip_range_vf is None,
        )
        if captured_for != self._captured_for:
            self._captured_for = captured_for
            self._minibatches.clear()
            self._step = Captured(self._descend, self._device)

    def _minibatch(self, num_rows: int) -> _Minibatch:
        if num_rows not in self._minibatches:
            rows = torch.zeros((num_rows, sum(self._widths)), device=self._device)
            self._minibatches[num_rows] = _Minibatch(self._differentiate, rows)
        return self._minibatches[num_rows]

    def _differentiate(self, rows: torch.Tensor) -> torch.Tensor:
        """Write the gradient of the loss of some rows; return what was seen of them (5,)."""
        given, policy = self._given, self._policy
        clip_range, clip_range_vf, ent_coef, vf_coef = self._coefficients.unbind()
        observations, actions, *columns = rows.split(self._widths, dim=1)
        old_values, old_log_prob, advantages, returns = (column.squeeze(1) for column in columns)
        if isinstance(policy.action_space, spaces.Discrete):
            actions = actions.long().flatten()
        observations = observations.reshape(-1, *(policy.observation_space.shape or ()))
        values, log_prob, entropy = policy.evaluate_actions(observations, actions)
        assert entropy is not None
        if given.normalize_advantage and len(rows) > 1:  # of one row there is no deviation, SB3 issue 325
            advantages = (advantages - advantages.mean()) / (advantages.std() + NORMALIZATION_EPSILON)
        loss, clip_fraction, approx_kl = self._surrogate(advantages, log_prob, old_log_prob, clip_range)
        values = values.flatten()
        if given.clip_range_vf is not None:
            values = old_values + torch.clamp(values - old_values, -clip_range_vf, clip_range_vf)
        value_loss, entropy_loss = functional.mse_loss(returns, values), -entropy.mean()
        self._optimizer.differentiate(loss + ent_coef * entropy_loss + vf_coef * value_loss)
        return torch.stack((loss, entropy_loss, clip_fraction, approx_kl, value_loss)).detach()

    def _descend(self) -> None:
        self._optimizer.step(max_grad_norm=self._max_grad_norm)


class _Minibatch:
    """Rows in their place, and the captured gradient of their loss."""

    def __init__(self, differentiate: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor) -> None:
        self.rows = rows
        self.differentiate = Captured(partial(differentiate, rows), rows.device)


def _flattened(buffer: RolloutBuffer, name: str) -> np.ndarray:
    """Return a column of the buffer (num_rows, width) in the order of RolloutBuffer.get."""
    array = getattr(buffer, name)
    array = array if buffer.generator_ready else buffer.swap_and_flatten(array)
    return array.reshape(buffer.buffer_size * buffer.n_envs, -1)
