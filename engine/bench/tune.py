"""Find how a task trains fastest on this machine: `python -m engine.bench.tune CONFIG` prints JSON.

Tried are numbers of environments, of sampling processes (on-policy algorithms have them) and of torch's threads (the
others gain from them). Each setting trains one block by itself; then the fastest and the one of CONFIG train in turns.
Every setting has as many timesteps between two updates as CONFIG, so only the number of environments they come from
differs: PPO and A2C have other `n_steps`, the others another `train_freq`.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import sys
from dataclasses import asdict, dataclass

import msgspec

from engine.bench.block import Order
from engine.bench.race import BLOCK_S
from engine.bench.ratios import paired_ratio
from engine.bench.train import print_result
from engine.bench.trainer import enter, learn_at_once, our_entrant
from engine.messages import tell
from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig, parse_config, timesteps_per_update
from engine.protocol.provenance import usable_cpus

NUM_FINALISTS = 3
MIN_ROUNDS = 3
NUM_ENVS = (1, 2, 4, 8, 16, 32, 64)
MIN_ENVS_ON_POLICY = 8
"""chosen: with fewer, the NumPy calls of a step serve hardly more than one environment."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What may be set to train faster; names are the configuration's keys."""

    num_envs: int
    steps: int
    """`n_steps` of on-policy algorithms, `train_freq` of the others."""
    num_workers: int
    num_threads: int


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A setting and how fast it was."""

    setting: Setting
    rate: float
    """Timesteps a second; of finalists the median over their blocks."""
    is_finalist: bool
    is_given: bool
    """Whether it is the one of CONFIG."""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What is printed."""

    task: str
    algorithm: str
    num_cores: int
    timesteps_per_update: int
    """The same for all settings."""
    tried: list[Tried]
    """The fastest first."""
    assignments: list[str]
    """The fastest setting as `key=value`."""
    speedup: float
    """Median ratio of the fastest to that of CONFIG over neighbouring blocks."""
    speedup_ci95: tuple[float, float]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="engine.bench.tune")
    parser.add_argument("config", type=lambda text: parse_config(json.loads(text), source="configuration"))
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args(arguments)
    return print_result(lambda: asdict(tune(options.config, seconds=options.seconds)))


def tune(config: RunConfig, *, seconds: float) -> Tuning:
    """Try settings for about `seconds`, half of them for the first blocks. Raises RlroboError."""
    config = learn_at_once(config)
    given = setting_of(config)
    settings = candidates(config, num_cores=usable_cpus())
    block_s = seconds / 2 / len(settings)
    first = {setting: _try_alone(config, setting, block_s) for setting in settings}
    finalists = list(dict.fromkeys([given, *sorted(settings, key=first.__getitem__, reverse=True)[:NUM_FINALISTS]]))
    tell(finalists=len(finalists), seconds=seconds / 2)
    rates = _race(config, finalists, seconds / 2)
    medians = {setting: statistics.median(values) for setting, values in rates.items()}
    best = max(medians, key=medians.__getitem__)
    speedup = paired_ratio(rates[best], rates[given])
    tried = [
        Tried(
            setting=setting,
            rate=medians.get(setting, rate),
            is_finalist=setting in medians,
            is_given=setting == given,
        )
        for setting, rate in first.items()
    ]
    return Tuning(
        task=config.task_name,
        algorithm=algorithm_name(config.algorithm),
        num_cores=usable_cpus(),
        timesteps_per_update=timesteps_per_update(config),
        tried=sorted(tried, key=lambda each: (each.is_finalist, each.rate), reverse=True),
        assignments=assignments(config, best),
        speedup=speedup.median,
        speedup_ci95=(speedup.low, speedup.high),
    )


def setting_of(config: RunConfig) -> Setting:
    """Return the setting that `config` has."""
    return Setting(
        num_envs=config.num_envs,
        steps=getattr(config.algorithm, _steps_key(config)),
        num_workers=config.num_workers,
        num_threads=config.num_threads,
    )


def candidates(config: RunConfig, *, num_cores: int) -> list[Setting]:
    """Return the settings to try on a machine with `num_cores`, the one of `config` first."""
    is_on_policy = algorithm_name(config.algorithm) in ON_POLICY
    timesteps = timesteps_per_update(config)
    least = MIN_ENVS_ON_POLICY if is_on_policy else 1
    sizes = {config.num_envs, *(n for n in NUM_ENVS if n >= least and timesteps % n == 0)}
    if getattr(config.algorithm, "her", None) is not None:
        sizes = {config.num_envs}  # with more, hindsight needs other learning_starts
    cores = [n for n in (2**power for power in range(16)) if n < num_cores] + [num_cores]
    found = [setting_of(config)]
    for num_envs, number in itertools.product(sorted(sizes), cores):
        setting = Setting(
            num_envs=num_envs,
            steps=timesteps // num_envs,
            # One for each core is what 0 means.
            num_workers=(0 if number == num_cores else number) if is_on_policy else config.num_workers,
            num_threads=config.num_threads if is_on_policy else number,
        )
        if number <= num_envs or not is_on_policy:
            found.append(setting)
    return list(dict.fromkeys(found))


def assignments(config: RunConfig, setting: Setting) -> list[str]:
    """Return `setting` as `key=value` texts for --set."""
    keys = {"num_envs": setting.num_envs, _steps_key(config): setting.steps}
    if algorithm_name(config.algorithm) in ON_POLICY:
        return [f"{key}={value}" for key, value in {**keys, "num_workers": setting.num_workers}.items()]
    return [f"{key}={value}" for key, value in {**keys, "num_threads": setting.num_threads}.items()]


def _with(config: RunConfig, setting: Setting) -> RunConfig:
    algorithm = msgspec.structs.replace(config.algorithm, **{_steps_key(config): setting.steps})
    return msgspec.structs.replace(
        config,
        algorithm=algorithm,
        num_envs=setting.num_envs,
        num_workers=setting.num_workers,
        num_threads=setting.num_threads,
    )


def _steps_key(config: RunConfig) -> str:
    return "n_steps" if algorithm_name(config.algorithm) in ON_POLICY else "train_freq"


def _try_alone(config: RunConfig, setting: Setting, block_s: float) -> float:
    """Return the rate of a block that is trained after a first rollout."""
    with contextlib.ExitStack() as stack:
        trainer = enter(stack, our_entrant(_with(config, setting)))
        trainer.begin(min_seconds=0.0)
        rate = trainer.train(Order(min_seconds=block_s)).rate
        tell(setting=asdict(setting), rate=rate)
        return rate


def _race(config: RunConfig, settings: list[Setting], seconds: float) -> dict[Setting, list[float]]:
    """Return the rates of the settings' blocks; they take turns, in the opposite order every other time."""
    block_s = min(BLOCK_S, seconds / MIN_ROUNDS / len(settings))
    num_rounds = max(MIN_ROUNDS, round(seconds / block_s / len(settings)))
    rates: dict[Setting, list[float]] = {setting: [] for setting in settings}
    with contextlib.ExitStack() as stack:
        turns = [(setting, enter(stack, our_entrant(_with(config, setting)))) for setting in settings]
        for _, trainer in turns:
            trainer.begin(min_seconds=0.0)
        for number in range(num_rounds):
            for setting, trainer in turns:
                rates[setting].append(trainer.train(Order(min_seconds=block_s)).rate)
            turns.reverse()
            tell(round=number + 1, rounds=num_rounds)
    return rates


if __name__ == "__main__":
    sys.exit(main())
