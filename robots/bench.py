"""Measure how fast a task simulates on one core: `python -m robots.bench TASK...` prints one line of JSON.

Beside our environments it runs what bounds them, the physics engine alone, and the environment of another package that
the task reproduces, where one is installed. Blocks of the three alternate, so that other load on the machine meets all
alike; a rate is the median over its blocks. Time is the processor's, of this process with every thread it may have:
others on the same cores do not count, and nothing is faster for using a second one. `rlrobo bench sim` calls this.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import process_time
from typing import Any

import numpy as np

from robots.bullet.recorder import for_clients, recorded_calls
from robots.env import RobotBatch
from robots.errors import RobotError
from robots.quiet import stdout_to_stderr
from robots.registry import load_task
from robots.spec import TaskSpec

NUM_ENVS = (8, 16, 32)
"""Batch sizes that are tried; chosen: sampling uses such."""
NUM_BLOCKS = 8
NUM_RESETS = 30

_BULLET, _PANDA = "pybullet_envs_gymnasium", "panda_gym.envs"
PEERS = {
    "inverted_pendulum_swingup": f"{_BULLET}.gym_pendulum_envs:InvertedPendulumSwingupBulletEnv",
    "inverted_double_pendulum_balance": f"{_BULLET}.gym_pendulum_envs:InvertedDoublePendulumBulletEnv",
    "reacher_reach": f"{_BULLET}.gym_manipulator_envs:ReacherBulletEnv",
    "hopper_hop": f"{_BULLET}.gym_locomotion_envs:HopperBulletEnv",
    "walker2d_walk": f"{_BULLET}.gym_locomotion_envs:Walker2DBulletEnv",
    "half_cheetah_run": f"{_BULLET}.gym_locomotion_envs:HalfCheetahBulletEnv",
    "ant_walk": f"{_BULLET}.gym_locomotion_envs:AntBulletEnv",
    "humanoid_walk": f"{_BULLET}.gym_locomotion_envs:HumanoidBulletEnv",
    "panda_reach": f"{_PANDA}:PandaReachEnv",
    "panda_push": f"{_PANDA}:PandaPushEnv",
    "panda_pick_and_place": f"{_PANDA}:PandaPickAndPlaceEnv",
    "panda_slide": f"{_PANDA}:PandaSlideEnv",
}
"""The environment that a task reproduces, as "module:class"; it takes no arguments."""


@dataclass(frozen=True, kw_only=True)
class SimulationSpeed:
    """Environment steps a second on one core."""

    task: str
    num_envs: int
    """Batch size of `ours` and `ceiling`."""
    ours: float
    """RobotBatch.step with random actions, resets included."""
    ceiling: float
    """Motor commands and the engine's steps alone, for the same actions in the same states."""
    ratio: float
    """ours / ceiling."""
    peer: float | None
    """One environment that the task reproduces, resets included; None where there is none or it is not installed."""
    speedup: float | None
    """ours / peer."""
    reset_ms: float
    """Time of one reset of one environment."""


def measure(task_id: str, *, num_envs: int, seconds: float) -> SimulationSpeed:
    """Measure a task at one batch size for about `seconds`. Raises UnknownTaskError."""
    with contextlib.ExitStack() as stack:
        task = load_task(task_id)
        ours, ceiling = Ours(task, num_envs), Ceiling(task, num_envs)
        stack.callback(ours.close)
        stack.callback(ceiling.close)
        contestants: list[Callable[[float], float]] = [ours.rate, ceiling.rate]
        peer = _make_peer(task_id)
        if peer is not None:
            stack.callback(peer.close)
            contestants.append(peer.rate)
        block_s = seconds / NUM_BLOCKS / len(contestants)
        blocks = [[rate(block_s) for rate in contestants] for _ in range(NUM_BLOCKS)]
        rates = [statistics.median(column) for column in zip(*blocks, strict=True)]
        return SimulationSpeed(
            task=task_id,
            num_envs=num_envs,
            ours=rates[0],
            ceiling=rates[1],
            ratio=rates[0] / rates[1],
            peer=rates[2] if peer is not None else None,
            speedup=rates[0] / rates[2] if peer is not None else None,
            reset_ms=ours.reset_ms(),
        )


class Ours:
    """A batch with random actions."""

    def __init__(self, task: TaskSpec, num_envs: int) -> None:
        self.batch = RobotBatch(task, num_envs=num_envs, seed=0)
        self._rng = np.random.default_rng(0)
        self.batch.reset()

    def rate(self, block_s: float) -> float:
        """Step for `block_s`; return environment steps a second."""
        num_steps, began = 0, process_time()
        while (spent := process_time() - began) < block_s:
            self.step()
            num_steps += 1
        return num_steps * self.batch.num_envs / spent

    def step(self) -> None:
        """Advance every environment by a random action."""
        self.batch.step(self._rng.uniform(-1.0, 1.0, (self.batch.num_envs, *self.batch.action_space.shape)))

    def reset_ms(self) -> float:
        """Return the median time of a reset of one environment."""
        times = []
        for _ in range(NUM_RESETS):
            began = process_time()
            self.batch.begin([0])
            times.append(process_time() - began)
        return 1e3 * statistics.median(times)

    def close(self) -> None:
        """Free the worlds."""
        self.batch.close()


class Ceiling:
    """The engine's work for a batch: it is stepped off the clock, and its motor commands go to worlds that follow it.

    Only these commands and the engine's steps are on the clock. What else the engine is asked for is not: the state
    that observations and rewards need, inverse kinematics, the joint states between the steps of position control.
    """

    def __init__(self, task: TaskSpec, num_envs: int) -> None:
        self.leader, self.follower = Ours(task, num_envs), Ours(task, num_envs)
        pairs = zip(self.leader.batch.mdp.simulation.worlds, self.follower.batch.mdp.simulation.worlds, strict=True)
        self._clients = {leader.client: follower.client for leader, follower in pairs}

    def rate(self, block_s: float) -> float:
        """Step until the engine has worked for `block_s`; return environment steps a second."""
        num_steps, spent = 0, 0.0
        while spent < block_s:
            spent += self.step()
            num_steps += 1
        return num_steps * self.leader.batch.num_envs / spent

    def step(self) -> float:
        """Advance leader and follower by one step; return for how long the follower's engine has worked (s)."""
        with recorded_calls() as calls:
            self.leader.step()
        functions = for_clients(calls, self._clients)
        # All environments are stepped before any is pushed or begins an episode.
        num_commands = next((index for index, call in enumerate(calls) if not call.is_command), len(calls))
        began = process_time()
        for function in functions[:num_commands]:
            function()
        spent = process_time() - began
        for function in functions[num_commands:]:
            function()
        return spent

    def close(self) -> None:
        """Free the worlds."""
        self.leader.close()
        self.follower.close()


class _Peer:
    """One environment of another package with random actions."""

    def __init__(self, env: Any, max_steps: int) -> None:
        self._env = env
        self._max_steps = max_steps
        self._rng = np.random.default_rng(0)
        self._num_left = 0

    def rate(self, block_s: float) -> float:
        """Step for `block_s`; return environment steps a second."""
        shape = self._env.action_space.shape
        num_steps, began = 0, process_time()
        while (spent := process_time() - began) < block_s:
            if self._num_left == 0:
                self._env.reset()
                self._num_left = self._max_steps
            _, _, terminated, truncated, _ = self._env.step(self._rng.uniform(-1.0, 1.0, shape))
            self._num_left = 0 if terminated or truncated else self._num_left - 1
            num_steps += 1
        return num_steps / spent

    def close(self) -> None:
        self._env.close()


def _make_peer(task_id: str) -> _Peer | None:
    module_name, _, class_name = PEERS.get(task_id, "").partition(":")
    try:
        env = getattr(importlib.import_module(module_name), class_name)() if module_name else None
    except ImportError:
        return None
    return env and _Peer(env, load_task(task_id).max_episode_steps)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="robots.bench")
    parser.add_argument("tasks", nargs="+")
    parser.add_argument("--num-envs", type=int, action="append", default=[])
    parser.add_argument("--seconds", type=float, default=12.0)
    options = parser.parse_args(arguments)
    try:
        with stdout_to_stderr():  # PyBullet greets there
            speeds = [_best(task, options.num_envs or list(NUM_ENVS), options.seconds) for task in options.tasks]
    except RobotError as err:
        print(json.dumps({"error": str(err)}), file=sys.stderr)  # noqa: T201 - the protocol with the parent
        return 2
    print(json.dumps([asdict(speed) for speed in speeds]))  # noqa: T201 - stdout is data
    return 0


def _best(task_id: str, batch_sizes: list[int], seconds: float) -> SimulationSpeed:
    speeds = [measure(task_id, num_envs=size, seconds=seconds / len(batch_sizes)) for size in batch_sizes]
    print(json.dumps({"done": task_id}), file=sys.stderr, flush=True)  # noqa: T201
    return max(speeds, key=lambda speed: speed.ours)


if __name__ == "__main__":
    sys.exit(main())
