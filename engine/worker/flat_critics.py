"""The critics of SAC and TD3 and their targets over flat vectors, with the update of each in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import nn

from engine.worker.flat_adam import FlatAdam
from engine.worker.flat_networks import flatten, linears, make_perceptron, make_reader
from engine.worker.flat_vector import FlatVector
from engine.worker.packed_replay import DrawnRows
from engine.worker.perceptron import Perceptron


@dataclass(frozen=True)
class ReplayBatch:
    """Rows of a replay buffer, in float32."""

    observations: np.ndarray
    """(num_rows, observation_size)."""
    inputs: np.ndarray
    """What critics judge: observations and actions (num_rows, observation_size + action_size)."""
    next_observations: np.ndarray
    """(num_rows, observation_size)."""
    rewards: np.ndarray
    """(num_rows,)."""
    discounts: np.ndarray
    """Of what comes after; 0 where the episode terminated (num_rows,)."""
    targets: np.ndarray
    """What the critics are to say (num_rows,); to be filled in."""

    @classmethod
    def of(cls, samples: ReplayBufferSamples, *, gamma: float) -> ReplayBatch:
        """Return what a buffer gave; n-step returns bring discounts of their own."""
        observations, actions = flatten(samples.observations), samples.actions.numpy()
        discounts = gamma if samples.discounts is None else samples.discounts.numpy()
        left = ((1.0 - samples.dones.numpy()) * discounts)[:, 0]
        inputs = np.concatenate((observations, actions), axis=1)
        rewards = samples.rewards.numpy()[:, 0]
        return cls(observations, inputs, flatten(samples.next_observations), rewards, left, np.empty_like(rewards))

    @classmethod
    def gather(cls, drawn: DrawnRows) -> ReplayBatch:
        """Return the rows that were drawn."""
        observations, actions, next_observations, rewards, dones, timeouts = drawn.replay.columns(drawn.index)
        inputs = np.concatenate((observations, actions), axis=1)
        discounts = (1.0 - dones * (1.0 - timeouts)) * np.float32(drawn.gamma)
        targets = np.empty_like(rewards[:, 0])
        return cls(observations, inputs, next_observations, rewards[:, 0], discounts[:, 0], targets)

    def __len__(self) -> int:
        return len(self.rewards)

    def halves(self) -> list[slice]:
        """Return the rows of two equal parts, which threads can work on; of a single row one part."""
        num_rows = len(self.rewards)
        middle = (num_rows + 1) // 2
        return [slice(0, middle), slice(middle, num_rows)] if num_rows > 1 else [slice(0, 1)]


class Critic:
    """One Q-function and its target."""

    def __init__(self, network: nn.Sequential, target: nn.Sequential, adam: FlatAdam, judge: Perceptron) -> None:
        self.layers, self.target_layers = linears(network), linears(target)
        self.adam = adam
        self.judge = judge
        self.target = FlatVector(target.parameters())

    def learn(self, batch: ReplayBatch, scale: float) -> float:
        """Take a step towards the targets; return the mean squared error times `scale`."""
        error = self.judge.regress(batch.inputs, batch.targets, np.float32(2.0 * scale / len(batch.targets)))
        self.adam.step()
        return scale * float(np.mean(np.square(error)))


class Critics:
    """All Q-functions of a policy."""

    def __init__(self, critic: ContinuousCritic, target: ContinuousCritic, activation: str, *, batch_size: int) -> None:
        self.activation, self.batch_size = activation, batch_size
        self.members: list[Critic] = []
        for network, its_target in zip(critic.q_networks, target.q_networks, strict=True):
            assert isinstance(network, nn.Sequential)
            assert isinstance(its_target, nn.Sequential)
            adam = FlatAdam(critic.optimizer, network.parameters())  # type: ignore[arg-type]
            judge = make_perceptron(linears(network), adam.arrays(), activation, batch_size=batch_size)
            self.members.append(Critic(network, its_target, adam, judge))

    @property
    def size(self) -> int:
        """Number of weights of all critics together."""
        return sum(critic.adam.size for critic in self.members)

    def __len__(self) -> int:
        return len(self.members)

    def adopt(self) -> None:
        """Take over what a checkpoint has put in the place of parameters and moments."""
        for critic in self.members:
            critic.adam.adopt()
            critic.target.adopt()

    def readers(self, *, batch_size: int) -> list[Perceptron]:
        """Return the critics for a thread of its own, to differentiate by actions."""
        return [self._reader(each.layers, each.adam.vector, batch_size) for each in self.members]

    def target_readers(self, *, batch_size: int) -> list[Perceptron]:
        """Return the targets for a thread of its own."""
        return [self._reader(each.target_layers, each.target, batch_size) for each in self.members]

    def lessons(self, batch: ReplayBatch, *, scale: float, tau: float | None) -> list[Callable[[], float]]:
        """Return an update of each critic, which threads can make at the same time and which returns its loss.

        Its target follows where `tau` is given: nothing reads targets before the next minibatch.
        """
        return [partial(self._teach, critic, batch, scale, tau) for critic in self.members]

    def _teach(self, critic: Critic, batch: ReplayBatch, scale: float, tau: float | None) -> float:
        loss = critic.learn(batch, scale)
        if tau is not None:
            critic.target.follow(critic.adam.vector, tau=tau)
        return loss

    def _reader(self, layers: list[nn.Linear], vector: FlatVector, batch_size: int) -> Perceptron:
        return make_reader(layers, vector.arrays(), self.activation, batch_size=batch_size)


def lowest(critics: list[Perceptron], observations: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest value of each row (num_rows,), and which critic says so."""
    inputs = np.concatenate((observations, actions), axis=1)
    values = np.stack([critic.forward(inputs)[:, 0] for critic in critics])
    which = values.argmin(axis=0)
    return np.take_along_axis(values, which[None], axis=0)[0], which


def lowest_by_actions(critics: list[Perceptron], which: np.ndarray, num_observations: int) -> np.ndarray:
    """Return the derivative of the smallest values by the actions (num_rows, action_size), after `lowest`.

    Only the critic that decides a row is differentiated there, which is half of the work with two.
    """
    columns = slice(num_observations, None)
    parts = []
    for index, critic in enumerate(critics):
        rows = np.flatnonzero(which == index)
        parts.append((rows, critic.by_inputs(np.ones((len(rows), 1), np.float32), rows=rows, columns=columns)))
    slopes = np.empty((len(which), parts[0][1].shape[1]), dtype=np.float32)
    for rows, part in parts:
        slopes[rows] = part
    return slopes
