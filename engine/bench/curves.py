"""`python -m engine.bench.curves TASK -o FILE`: does training learn what stock Stable-Baselines3 learns, and how soon?

Trains several seeds on our side or stock's, evaluates now and then, and appends one line of JSON for each evaluation;
`--table FILE` prints the curves in it, `--table FILE --until RETURN` how soon a return was reached. Schedules are those
of the configuration's whole training.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecNormalize

from engine.bench.block import Side
from engine.bench.stock import VecKind, make_stock, make_stock_env
from engine.kernels.library import multiply_on_one_thread
from engine.protocol.config import RunConfig
from engine.protocol.presets import build_config
from engine.tasks import make_batch
from engine.worker.algorithms import build_model
from engine.worker.environments import make_training_env
from engine.worker.evaluation import evaluate

NUM_EPISODES = 10
STOCK_SEED = 1000
"""Of the environments that stock is evaluated in."""
NUM_RESAMPLES = 10_000


@dataclass(frozen=True, kw_only=True)
class Point:
    """One evaluation."""

    side: str
    task: str
    seed: int
    step: int
    return_mean: float
    training_s: float
    """Wall time of training until then, evaluations not included."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When to evaluate, and when to end."""

    num_steps: int
    """Timesteps after which training ends."""
    every: int
    """Timesteps between two evaluations."""
    until: float = math.inf
    """An evaluation's mean return after which training ends."""


def train(config: RunConfig, side: Side, plan: Plan) -> Iterable[Point]:
    """Train and return an evaluation at the beginning and after each `plan.every` timesteps."""
    torch.set_num_threads(1)
    multiply_on_one_thread()  # as in an engine; products are shared out by ours
    if side is Side.OURS:
        torch.distributions.Distribution.set_default_validate_args(False)
        env = make_training_env(config)
        model, judge = build_model(config, env, device="cpu"), _our_judge(config)
    else:
        model, judge = make_stock(config, kind=VecKind(side.value)), _stock_judge(config)
    env = model.get_env()
    assert env is not None
    with closing(env):
        watch = _Watch(config, side, judge, plan)
        model.learn(config.total_timesteps, watch)
    return watch.points


class _Watch(BaseCallback):
    """Evaluates between two updates and ends training."""

    def __init__(self, config: RunConfig, side: Side, judge: Callable[[BaseAlgorithm], float], plan: Plan) -> None:
        super().__init__()
        self.points: list[Point] = []
        self._config, self._side, self._judge, self._plan = config, side, judge, plan
        self._next, self._began, self._idle_s = 0, time.perf_counter(), 0.0

    def _on_rollout_start(self) -> None:
        if self.num_timesteps < self._next:
            return
        self._next += self._plan.every
        now = time.perf_counter()
        return_mean = self._judge(self.model)
        self.points.append(
            Point(
                side=self._side.value,
                task=self._config.task,
                seed=self._config.seed,
                step=self.num_timesteps,
                return_mean=return_mean,
                training_s=now - self._began - self._idle_s,
            )
        )
        self._idle_s += time.perf_counter() - now

    def _on_step(self) -> bool:
        is_reached = bool(self.points) and self.points[-1].return_mean >= self._plan.until
        return self.num_timesteps <= self._plan.num_steps and not is_reached


def _our_judge(config: RunConfig) -> Callable[[BaseAlgorithm], float]:
    batch = make_batch(config, Path(), num_envs=NUM_EPISODES, seed=config.evaluation.seed)

    def judge(model: BaseAlgorithm) -> float:
        env: Any = model.get_env()

        def act(observations: Any) -> np.ndarray:
            return model.predict(env.normalize_obs(observations), deterministic=True)[0]

        report = evaluate(act, batch, seed=config.evaluation.seed)
        assert report is not None
        return report.return_mean

    return judge


def _stock_judge(config: RunConfig) -> Callable[[BaseAlgorithm], float]:
    many = build_config(config.task, overrides=[f"num_envs={NUM_EPISODES}"])
    env: Any = make_stock_env(many, kind=VecKind.DUMMY)
    env.seed(STOCK_SEED)
    env.training, env.norm_reward = False, False

    def judge(model: BaseAlgorithm) -> float:
        trained: Any = model.get_env()
        env.norm_obs = isinstance(trained, VecNormalize) and trained.norm_obs
        env.obs_rms = getattr(trained, "obs_rms", None)
        returns, _ = evaluate_policy(model, env, n_eval_episodes=NUM_EPISODES, return_episode_rewards=True)
        return float(np.mean(returns))

    return judge


def interquartile_mean(values: Sequence[float]) -> float:
    """Return the mean without the lowest and the highest quarter, rounded down (Agarwal et al. 2021)."""
    ordered, cut = np.sort(values), len(values) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def interquartile_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the interquartile mean; the draws are the same every time."""
    draws = np.random.default_rng(0).choice(np.asarray(values), size=(NUM_RESAMPLES, len(values)))
    cut = len(values) // 4
    means = np.sort(draws, axis=1)[:, cut : len(values) - cut].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def table(points: Iterable[Point]) -> str:
    """Return a Markdown table: for each task and timestep the interquartile mean over the seeds of either side."""
    groups: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for point in points:
        groups[point.task, point.step][_name(point)].append(point.return_mean)
    lines = ["| Task | Timesteps | Stock, seeds | Ours, seeds |", "| --- | --- | --- | --- |"]
    for (task, step), sides in sorted(groups.items()):
        cells = [_cell(sides[name]) if name in sides else "–" for name in ("stock", "ours")]
        lines.append(f"| `{task}` | {step:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def reach_table(points: Iterable[Point], goal: float) -> str:
    """Return a Markdown table: timesteps and training time of each seed until an evaluation reached `goal`."""
    lines = ["| Task | Side | Seed | Timesteps | Seconds |", "| --- | --- | --- | --- | --- |"]
    seeds: dict[tuple[str, str, int], list[Point]] = defaultdict(list)
    for point in points:
        seeds[point.task, _name(point), point.seed].append(point)
    for (task, side, seed), own in sorted(seeds.items()):
        first = next((point for point in sorted(own, key=lambda each: each.step) if point.return_mean >= goal), None)
        last = max(point.step for point in own)
        reached = f"{first.step:,} | {first.training_s:,.0f}" if first else f"not in {last:,} | –"
        lines.append(f"| `{task}` | {side} | {seed} | {reached} |")
    return "\n".join(lines)


def _name(point: Point) -> str:
    return "ours" if point.side == Side.OURS.value else "stock"


def _cell(values: Sequence[float]) -> str:
    low, high = interquartile_interval(values)
    return f"{interquartile_mean(values):,.0f} [{low:,.0f}, {high:,.0f}], {len(values)}"


def _read(path: Path) -> list[Point]:
    return [Point(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def main(arguments: list[str] | None = None) -> int:
    """Train, or print a table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine.bench.curves")
    parser.add_argument("task", nargs="?")
    parser.add_argument("--algo", default="ppo")
    parser.add_argument("--preset", default="")
    parser.add_argument("--side", choices=[side.value for side in Side], default=Side.OURS.value)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--every", type=int, default=40_000)
    parser.add_argument("--until", type=float, default=math.inf, metavar="RETURN")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", type=Path, default=Path("curves.jsonl"))
    parser.add_argument("--table", type=Path)
    options = parser.parse_args(arguments)
    if options.table:
        points = _read(options.table)
        text = table(points) if math.isinf(options.until) else reach_table(points, options.until)
        print(text)  # noqa: T201 - stdout is data
        return 0
    if not options.task:
        parser.error("name a task, or a file for --table")
    for seed in options.seeds:
        overrides = [*options.overrides, f"seed={seed}"]
        config = build_config(options.task, algorithm=options.algo, preset=options.preset, overrides=overrides)
        plan = Plan(num_steps=options.steps, every=options.every, until=options.until)
        points = train(config, Side(options.side), plan)
        with options.output.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(point)) + "\n" for point in points)
    return 0


if __name__ == "__main__":
    sys.exit(main())
