"""Where the minibatches of SAC and TD3 on a GPU come from: a copy of the replay buffer there, or the buffer itself.

Stable-Baselines3's buffer stays the truth, for checkpoints and for hindsight; the copy takes over what was added since
the last update. A row is a transition as one vector, so a minibatch is one gather. Which rows is drawn as the buffer
draws it, with NumPy's generator.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.type_aliases import DictReplayBufferSamples, ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from engine.protocol.settings import read_settings
from engine.worker.device_rows import Rows, upload

MAX_SHARE = 0.5
"""Of the device's free memory that the copy may take; chosen: it leaves room for networks, graphs and others."""
CHUNK_ROWS = 1 << 16
"""Rows that are uploaded at once."""

Samples = ReplayBufferSamples | DictReplayBufferSamples


def why_not_mirrored(model: OffPolicyAlgorithm) -> str:
    """Return why a copy of the buffer cannot be on the device; empty where it can."""
    buffer = model.replay_buffer
    if type(buffer) is not ReplayBuffer or buffer.optimize_memory_usage:
        return f"a {type(buffer).__name__} computes what it gives"
    size_bytes, free_bytes = _num_rows(buffer) * RowLayout(model).width * 4, free_memory(model.device)
    if free_bytes is not None and size_bytes > MAX_SHARE * free_bytes:
        return (
            f"it would take {size_bytes >> 20:,} MiB of the {free_bytes >> 20:,} MiB that are free on the GPU, "
            f"more than {MAX_SHARE:.0%}; a smaller buffer_size would fit"
        )
    return ""


def free_memory(device: torch.device) -> int | None:
    """Return the free bytes of a GPU; None for the CPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def open_replay(model: OffPolicyAlgorithm) -> MirroredReplay | HostReplay:
    """Return the source of a model's minibatches."""
    is_wanted = read_settings().device_buffers
    return MirroredReplay(model) if is_wanted and not why_not_mirrored(model) else HostReplay(model)


class RowLayout:
    """What is where in a row: observation, action, next observation, done, reward, and discount where there is one."""

    def __init__(self, model: OffPolicyAlgorithm) -> None:
        space = model.observation_space
        self._parts: dict[str, tuple[int, ...]] = (
            {name: part.shape or () for name, part in space.items()}
            if isinstance(space, spaces.Dict)
            else {"": space.shape or ()}
        )
        has_discounts = isinstance(model.replay_buffer, NStepReplayBuffer)
        observation = [int(np.prod(shape)) for shape in self._parts.values()]
        action = int(np.prod(model.action_space.shape or ()))
        self._widths = [*observation, action, *observation, 1, 1, *[1] * has_discounts]
        self.width = sum(self._widths)
        """Numbers in a row."""

    def pack(self, samples: Samples) -> torch.Tensor:
        """Return samples as rows (num_rows, width)."""
        parts: list[torch.Tensor] = []
        for field in samples:
            if field is not None:
                parts.extend(field.values() if isinstance(field, dict) else [field])
        return torch.cat([part.reshape(len(part), -1).float() for part in parts], dim=1)

    def unpack(self, rows: torch.Tensor) -> Any:
        """Return rows (num_rows, width) as samples, which are views."""
        parts, num_parts = rows.split(self._widths, dim=1), len(self._parts)
        observations = self._observations(parts[:num_parts])
        next_observations = self._observations(parts[num_parts + 1 : 2 * num_parts + 1])
        kind: Any = DictReplayBufferSamples if isinstance(observations, dict) else ReplayBufferSamples
        return kind(observations, parts[num_parts], next_observations, *parts[2 * num_parts + 1 :])

    def _observations(self, parts: tuple[torch.Tensor, ...]) -> torch.Tensor | dict[str, torch.Tensor]:
        shapes = self._parts.items()
        found = {name: part.reshape(-1, *shape) for (name, shape), part in zip(shapes, parts, strict=True)}
        return found.get("", found)


class HostReplay:
    """Minibatches that the buffer gives, each packed and uploaded while the device is busy with the one before."""

    def __init__(self, model: OffPolicyAlgorithm) -> None:
        self._model = model
        self.layout = RowLayout(model)
        """What rows are made of."""

    def begin(self, num_batches: int, batch_size: int) -> None:
        """Prepare for so many minibatches."""
        assert self._model.replay_buffer is not None
        self._model.replay_buffer.device = torch.device("cpu")

    def load(self, index: int, *, into: torch.Tensor) -> None:
        """Fill `into` (batch_size, width) with the next minibatch."""
        model = self._model
        assert model.replay_buffer is not None
        samples = model.replay_buffer.sample(len(into), env=model._vec_normalize_env)
        into.copy_(upload(self.layout.pack(samples), into.device))

    def samples(self, rows: torch.Tensor) -> Any:
        """Return rows as samples; takes no time of the host, so it can be captured."""
        return self.layout.unpack(rows)


class MirroredReplay:
    """Minibatches from a copy of the buffer on the device, which normalises them there."""

    def __init__(self, model: OffPolicyAlgorithm) -> None:
        buffer = model.replay_buffer
        assert buffer is not None
        self._model, self._num_envs = model, buffer.n_envs
        self.layout = RowLayout(model)
        """What rows are made of."""
        self._rows = Rows(torch.zeros((_num_rows(buffer), self.layout.width), device=model.device))
        self._source: ReplayBuffer | None = None
        self._position = self._num_timesteps = 0
        size = int(np.prod(model.observation_space.shape or ()))
        # In float64, as VecNormalize has them: mean and deviation of observations, deviation of returns.
        self._statistics = torch.zeros(2 * size + 1, dtype=torch.float64, device=model.device)

    def begin(self, num_batches: int, batch_size: int) -> None:
        """Take over what is new in the buffer and in the statistics, and draw the rows of so many minibatches."""
        self._take_over()
        self._take_over_statistics()
        assert self._source is not None
        bound = self._source.buffer_size if self._source.full else self._source.pos
        draws = [
            np.random.randint(0, bound, size=batch_size) * self._num_envs
            + np.random.randint(0, high=self._num_envs, size=(batch_size,))
            for _ in range(num_batches)
        ]
        self._rows.put_in_order(np.concatenate(draws))

    def load(self, index: int, *, into: torch.Tensor) -> None:
        """Fill `into` (batch_size, width) with a minibatch."""
        self._rows.pick(index * len(into), into=into)

    def samples(self, rows: torch.Tensor) -> Any:
        """Return rows as samples, normalised by the statistics; takes no time of the host, so it can be captured."""
        samples, env = self.layout.unpack(rows), self._model._vec_normalize_env
        if env is None:
            return samples
        size = (len(self._statistics) - 1) // 2
        mean, deviation, return_deviation = self._statistics.split((size, size, 1))
        if env.norm_obs:
            observations, after = (
                ((part - mean.view(part.shape[1:])) / deviation.view(part.shape[1:]))
                .clamp(-env.clip_obs, env.clip_obs)
                .float()
                for part in (samples.observations, samples.next_observations)
            )
            samples = samples._replace(observations=observations, next_observations=after)
        if env.norm_reward:
            rewards = (samples.rewards / return_deviation).clamp(-env.clip_reward, env.clip_reward).float()
            samples = samples._replace(rewards=rewards)
        return samples

    def _take_over_statistics(self) -> None:
        env: Any = self._model._vec_normalize_env
        if env is None:
            return
        size = (len(self._statistics) - 1) // 2
        values = np.ones(len(self._statistics))
        if env.norm_obs:
            values[:size] = env.obs_rms.mean.ravel()
            values[size:-1] = np.sqrt(env.obs_rms.var + env.epsilon).ravel()
        if env.norm_reward:
            values[-1] = np.sqrt(env.ret_rms.var + env.epsilon)
        assert isinstance(env, VecNormalize)
        self._statistics.copy_(upload(torch.from_numpy(values), self._statistics.device))

    def _take_over(self) -> None:
        """Upload what was added since the last time, and the row before it, in which a barrier ends episodes."""
        model, buffer = self._model, self._model.replay_buffer
        assert isinstance(buffer, ReplayBuffer)
        size = buffer.buffer_size
        num_added = (model.num_timesteps - self._num_timesteps) // self._num_envs
        if buffer is not self._source or not 0 <= num_added < size:
            self._upload(buffer, 0, size if buffer.full else buffer.pos)
        else:
            first = (self._position - 1) % size
            end = buffer.pos if first < buffer.pos else size
            self._upload(buffer, first, end)
            if end != buffer.pos:
                self._upload(buffer, 0, buffer.pos)
        self._source, self._position, self._num_timesteps = buffer, buffer.pos, model.num_timesteps

    def _upload(self, buffer: ReplayBuffer, begin: int, end: int) -> None:
        step = max(1, CHUNK_ROWS // self._num_envs)
        for first in range(begin, end, step):
            rows = self.layout.pack(_stored(buffer, slice(first, min(first + step, end))))
            place = first * self._num_envs
            self._rows.matrix[place : place + len(rows)].copy_(upload(rows, self._rows.matrix.device))


def _num_rows(buffer: ReplayBuffer | None) -> int:
    assert buffer is not None
    return buffer.buffer_size * buffer.n_envs


def _stored(buffer: ReplayBuffer, span: slice) -> ReplayBufferSamples:
    """Return transitions of all environments as `sample` would, but for normalisation."""
    ended = buffer.dones[span] * (1.0 - buffer.timeouts[span])
    columns = (buffer.observations[span], buffer.actions[span], buffer.next_observations[span])
    rows = (torch.from_numpy(array.reshape(-1, *array.shape[2:])) for array in (*columns, ended, buffer.rewards[span]))
    return ReplayBufferSamples(*rows)
