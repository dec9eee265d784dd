"""Try a task out in a process of its own: `python -m robots.check SOURCE [--declared FILE] [--picture FILE]`.

SOURCE is a task id, or the path of a robot's YAML file whose content, as JSON, is in the file `--declared` (this
package reads no YAML). Prints one line of JSON, the Report; progress and errors are JSON objects on stderr. PyBullet
may abort or hang on what it is given, so `rlrobo robots check`, which calls this, stays another process.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robots.contract import PROMISES, SEED, MakeBatch, batches_of, constant_elements
from robots.declared import declare
from robots.env import EpisodeRecord, RobotBatch, RobotEnv
from robots.errors import ContractError, NonFiniteStateError, RobotError
from robots.plugins import load_plugins
from robots.png import encode_png
from robots.quiet import stdout_to_stderr
from robots.registry import load_task
from robots.spec import TaskSpec

NUM_EPISODES = 4
"""Of each agent, side by side."""
STANDING_S = 2.0
"""How long a robot should stand with no action."""
CLIPPED_SHARE = 0.01
"""Observations at their bounds more often than this deserve a note."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One check of robots/contract.py."""

    name: str
    problem: str
    """Empty: kept."""


@dataclass(frozen=True, kw_only=True)
class AgentResult:
    """How an agent fared, over NUM_EPISODES episodes."""

    mean_return: float
    return_std: float
    mean_length_steps: float
    reward_sums: dict[str, float]
    """Mean over the episodes of each term's weighted sum."""
    terminations: dict[str, int]
    """Episodes that each termination ended."""
    success_rate: float | None
    """None: the task has no success."""
    steps_per_s: float
    """Environment steps on one core, beside whatever else the machine does."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a check finds out."""

    task: str
    observation: dict[str, int]
    """Length of each term."""
    actions: list[str]
    """What each element drives."""
    max_episode_steps: int
    promises: list[Promise]
    agents: dict[str, AgentResult]
    """zero and random."""
    notes: list[str]
    """What is allowed and perhaps not meant."""


def check(task: TaskSpec, *, tell: Callable[[str], None]) -> Report:
    """Check the promises and let two agents play; `tell` hears what comes next. Raises RobotError."""
    tell("loading")
    first = RobotBatch(task, num_envs=1, seed=SEED)
    columns, actions = first.mdp.observer.columns, list(task.robot.action_names)
    first.close()
    promises = []
    for promise in PROMISES:
        tell(promise.__name__.replace("_", " "))
        promises.append(_judge(task, promise))
    agents, clipped = {}, np.zeros(sum(_widths(columns).values()))
    for name in ("zero", "random"):
        tell(f"{name} agent")
        agents[name], bounds = _play(task, name)
        clipped = np.maximum(clipped, bounds)
    return Report(
        task=task.id,
        observation=_widths(columns),
        actions=actions,
        max_episode_steps=task.max_episode_steps,
        promises=promises,
        agents=agents,
        notes=[*_constant_notes(task, columns), *_clipped_notes(columns, clipped), *_agent_notes(task, agents)],
    )


def draw(task: TaskSpec) -> bytes:
    """Return a picture of the first state of an episode, as PNG."""
    env = RobotEnv(task, render_mode="rgb_array")
    env.reset(seed=SEED)
    picture = env.render()
    env.close()
    assert picture is not None
    return encode_png(picture)


def _judge(task: TaskSpec, promise: Callable[[MakeBatch], None]) -> Promise:
    name = promise.__name__.replace("_", " ")
    try:
        with batches_of(task) as make:
            promise(make)
    except ContractError as err:
        return Promise(name=name, problem=str(err))
    return Promise(name=name, problem="")


def _play(task: TaskSpec, agent: str) -> tuple[AgentResult, np.ndarray]:
    """Return the result and how often each element of the observation was at its bounds."""
    batch = RobotBatch(task, num_envs=NUM_EPISODES, seed=SEED)
    rng = np.random.default_rng(SEED)
    low, high = batch.observation_space.low, batch.observation_space.high
    shape = (NUM_EPISODES, *(batch.action_space.shape or ()))
    episodes: dict[int, EpisodeRecord] = {}
    batch.reset()
    num_steps, at_bounds, began = 0, np.zeros(len(low)), time.perf_counter()
    while len(episodes) < NUM_EPISODES:
        step = batch.step(rng.uniform(-1, 1, shape) if agent == "random" else np.zeros(shape))
        at_bounds += ((step.observations <= low) | (step.observations >= high)).mean(axis=0)
        num_steps += 1
        for episode in step.episodes:
            episodes.setdefault(episode.env_index, episode)
    batch.close()
    spent = time.perf_counter() - began
    return _summarise(list(episodes.values()), NUM_EPISODES * num_steps / spent), at_bounds / num_steps


def _explain(err: NonFiniteStateError) -> str:
    kind, _, term = err.term.partition(" ")
    speed = float(np.nanmax(np.abs(err.states["joint_velocity"]), initial=0.0))
    return (
        f"{kind}s.{term}: not finite at step {err.step} of an episode; the joints moved at up to {speed:.3g} rad/s or "
        "m/s. Look at the term's scale; softer gains, less effort or a smaller physics_dt_s may help."
    )


def _summarise(episodes: list[EpisodeRecord], steps_per_s: float) -> AgentResult:
    returns = [episode.episode_return for episode in episodes]
    successes = [episode.success for episode in episodes if episode.success is not None]
    return AgentResult(
        mean_return=float(np.mean(returns)),
        return_std=float(np.std(returns)),
        mean_length_steps=float(np.mean([episode.length_steps for episode in episodes])),
        reward_sums={
            name: float(np.mean([episode.reward_sums[name] for episode in episodes]))
            for name in episodes[0].reward_sums
        },
        terminations=dict(Counter(episode.termination for episode in episodes)),
        success_rate=float(np.mean(successes)) if successes else None,
        steps_per_s=steps_per_s,
    )


def _constant_notes(task: TaskSpec, columns: dict[str, slice]) -> list[str]:
    with batches_of(task) as make:
        constant = constant_elements(make, num_steps=200)
    return [f"observations.{place}: never changes in random play." for place in _places(constant, columns)]


def _clipped_notes(columns: dict[str, slice], clipped: np.ndarray) -> list[str]:
    often = np.flatnonzero(clipped > CLIPPED_SHARE).tolist()
    return [
        f"observations.{place}: is at the bounds of its `clip` in {clipped[index]:.0%} of the steps; a smaller `scale`?"
        for place, index in zip(_places(often, columns), often, strict=True)
    ]


def _agent_notes(task: TaskSpec, agents: dict[str, AgentResult]) -> list[str]:
    zero = agents["zero"]
    lasts_s = zero.mean_length_steps * task.control_dt_s
    if lasts_s >= STANDING_S or task.ground is None:
        return []
    why = max(zero.terminations, key=lambda name: zero.terminations[name])
    return [
        f"With no action it lasts {lasts_s:.1f} s ({why}): a stance (robot.default_joint_position) or gains that hold "
        "it make learning much easier."
    ]


def _places(indices: list[int], columns: dict[str, slice]) -> list[str]:
    names = {
        index: f"{name}[{index - each.start}]"
        for name, each in columns.items()
        for index in range(each.start, each.stop)
    }
    return [names[index] for index in indices]


def _widths(columns: dict[str, slice]) -> dict[str, int]:
    return {name: each.stop - each.start for name, each in columns.items()}


def main(arguments: list[str] | None = None) -> int:
    """Check and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="robots.check")
    parser.add_argument("source")
    parser.add_argument("--declared", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--plugin", action="append", default=[])
    options = parser.parse_args(arguments)
    prefix = f"{options.source}: "
    try:
        with stdout_to_stderr():
            report = _check(options)
    except RobotError as err:
        text = _explain(err) if isinstance(err, NonFiniteStateError) else str(err)
        if options.declared is not None and not text.startswith(prefix):
            text = prefix + text.removeprefix(f"{Path(options.source).stem}: ")
        _say(error=text)
        return 2
    print(json.dumps(asdict(report)))  # noqa: T201 - stdout is data
    return 0


def _check(options: argparse.Namespace) -> Report:
    load_plugins(options.plugin)  # the parent has told what is wrong with them
    if options.declared is None:
        task = load_task(options.source)
    else:
        task = declare(json.loads(options.declared.read_text(encoding="utf-8")), source=Path(options.source))
    report = check(task, tell=lambda text: _say(doing=text))
    if options.picture is not None:
        _say(doing="picture")
        options.picture.write_bytes(draw(task))
    return report


def _say(**message: Any) -> None:
    print(json.dumps(message), file=sys.stderr, flush=True)  # noqa: T201 - the protocol with the parent


if __name__ == "__main__":
    sys.exit(main())
