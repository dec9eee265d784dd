"""Count how exactly the classic tasks equal their peers over 100 episodes: `python -m tests.robots.parity [TASK...]`.

The protocol is that of the slow test in tests/robots/test_classic_parity.py; here differences are counted, not refused.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import gymnasium
import numpy as np

from robots.env import RobotEnv
from tests.robots.test_classic_parity import PEERS, STEPS_PER_ACTION, action_size, held_actions, reset_both

NUM_EPISODES, MAX_STEPS = 100, 1000
OBSERVATION_TOLERANCE, REWARD_TOLERANCE = 1e-5, 1e-4
COLUMNS = ("task", "steps", "identical", "observation", "reward", "beyond", "endings")


@dataclass
class Differences:
    """What was found in one task."""

    num_steps: int = 0
    num_identical: int = 0
    """Observations that are equal bit by bit."""
    observation: float = 0.0
    """Largest difference of an element."""
    reward: float = 0.0
    """Largest difference."""
    num_beyond: int = 0
    """Steps with a difference beyond a tolerance."""
    num_endings: int = 0
    """Steps that terminate in one of the two only."""


def main(task_ids: list[str]) -> None:
    """Print a line for each task."""
    print(_line(COLUMNS), flush=True)  # noqa: T201
    for task_id in task_ids or PEERS:
        found = compare(task_id)
        largest = (f"{found.observation:.1e}", f"{found.reward:.1e}")
        row = (task_id, found.num_steps, found.num_identical, *largest, found.num_beyond, found.num_endings)
        print(_line(row), flush=True)  # noqa: T201


def compare(task_id: str, *, num_episodes: int = NUM_EPISODES) -> Differences:
    """Play the same episodes in both and count."""
    peer, ours, found = PEERS[task_id](), RobotEnv(task_id), Differences()
    reset_both(peer, ours, seed=7)
    rng = np.random.default_rng(3)
    max_steps = min(MAX_STEPS, ours.task.max_episode_steps)
    for num_held in itertools.islice(itertools.cycle(STEPS_PER_ACTION), num_episodes):
        reset_both(peer, ours)
        _play(peer, ours, itertools.islice(held_actions(rng, num_held, action_size(ours)), max_steps), found)
    peer.close()
    ours.close()
    return found


def _line(values: Sequence[object]) -> str:
    return f"{values[0]!s:34}" + "".join(f"{value!s:>13}" for value in values[1:])


def _play(peer: gymnasium.Env, ours: RobotEnv, actions: Iterator[np.ndarray], found: Differences) -> None:
    for action in actions:
        expected, expected_reward, expected_terminated, _, _ = peer.step(action)
        observation, reward, terminated, _, _ = ours.step(action)
        expected = expected.astype(np.float32)
        of_observation = float(np.abs(np.asarray(observation) - expected).max())
        of_reward = abs(reward - float(expected_reward))
        found.num_steps += 1
        found.num_identical += of_observation == 0.0
        found.observation = max(found.observation, of_observation)
        found.reward = max(found.reward, of_reward)
        found.num_beyond += of_observation > OBSERVATION_TOLERANCE or of_reward > REWARD_TOLERANCE
        found.num_endings += terminated != expected_terminated
        if terminated or expected_terminated:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
