"""What a configuration trains: the one place where a run's `task` becomes a task and its environments. No torch.

`task` is the id of a task that is registered (built in or by a plug-in), a robot's YAML file, or `gym:ENV_ID`. Files
are looked for below `folder`, which is the run directory: a run holds all it needs.
"""

import math
import sys
from pathlib import Path

from gymnasium import spaces

from engine.protocol.config import GYM_PREFIX, RunConfig
from engine.protocol.errors import ConfigError
from engine.protocol.task_facts import FACTS, TaskFacts, read_facts
from engine.protocol.yaml_loader import load_yaml_file
from robots.batch import Batch
from robots.env import RobotBatch, RobotEnv
from robots.errors import UnknownTaskError
from robots.gym_batch import GymBatch, GymEnv
from robots.plugins import load_plugins
from robots.registry import TASKS, load_task
from robots.spec import TaskSpec


def make_batch(config: RunConfig, folder: Path, *, num_envs: int, seed: int) -> Batch:
    """Return environments of the task of `config` to evaluate in, with every curriculum at its full level.

    Raises RobotError and ConfigError.
    """
    if config.is_gym:
        return GymBatch(_gym_id(config, folder), config.task_params, num_envs=num_envs, seed=seed)
    return RobotBatch(load_run_task(config, folder), num_envs=num_envs, seed=seed)


def make_training_batch(config: RunConfig, folder: Path, environments: range) -> Batch:
    """Return some of the environments of `config` by their indices, seeded by its seed, which follow curricula.

    Raises RobotError and ConfigError.
    """
    own: dict[str, int] = {
        "num_envs": len(environments),
        "first_env_index": environments.start,
        "seed": config.seed,
    }
    if config.is_gym:
        return GymBatch(_gym_id(config, folder), config.task_params, **own)
    return RobotBatch(load_run_task(config, folder), **own, is_training=True)


def make_env(config: RunConfig, folder: Path, *, render_mode: str) -> RobotEnv | GymEnv:
    """Return one environment of the task of `config` to look at. Raises RobotError and ConfigError."""
    if config.is_gym:
        return GymEnv(_gym_id(config, folder), config.task_params, render_mode=render_mode)
    return RobotEnv(load_run_task(config, folder), render_mode=render_mode)


def load_run_task(config: RunConfig, folder: Path) -> TaskSpec:
    """Return the task of `config`. Raises RobotError and ConfigError, also for a `gym:` task, which has none."""
    if config.is_gym:
        raise ConfigError(config.task, "task", "another package simulates it, and this needs a PyBullet task.")
    warnings = offer_plugins(config, folder)
    if config.is_robot_file:
        from robots.declared import declare

        path = folder / config.task
        if config.task_params:
            raise ConfigError(str(path), "task_params", "a robot's file has none; change the file itself.")
        task = declare(load_yaml_file(path, None), source=path)
    else:
        try:
            task = load_task(config.task, config.task_params)
        except UnknownTaskError as err:
            facts = read_facts(folder / FACTS)
            origin = f"It came from the plug-in {facts.origin}." if facts and facts.origin else ""
            raise UnknownTaskError(" ".join(filter(None, [str(err), origin, *warnings]))) from None
    if not config.changes_terms:
        return task
    from robots.variants import with_terms

    return with_terms(
        task,
        randomizations=config.randomizations,
        disturbances=config.disturbances,
        curriculum=config.curriculum,
    )


def offer_plugins(config: RunConfig, folder: Path) -> list[str]:
    """Load plug-ins unless the task is built in and names none; return a warning for each that is broken.

    The warnings go to stderr, too, which is engine.log in an engine.
    """
    if config.task in TASKS and not config.plugins:
        return []
    warnings = load_plugins(folder / name for name in config.plugins)
    for warning in warnings:
        print(f"rlrobo: {warning}", file=sys.stderr)  # noqa: T201 - the only reader is a person or engine.log
    return warnings


def describe(config: RunConfig, folder: Path) -> TaskFacts:
    """Make one environment and return what viewers need to know. Raises RobotError and ConfigError."""
    batch = make_batch(config, folder, num_envs=1, seed=0)
    try:
        batch.reset()  # what only shows then had better show before there is a run
        return _facts(config, batch)
    finally:
        batch.close()


def _gym_id(config: RunConfig, folder: Path) -> str:
    """Return the id of another package's environment, which a plug-in may have registered."""
    offer_plugins(config, folder)
    return config.task.removeprefix(GYM_PREFIX)


def _facts(config: RunConfig, batch: Batch) -> TaskFacts:
    actions = batch.action_space
    entry = TASKS.get(config.task)
    # Returns that were measured on the task itself say nothing about a variant of it.
    measured = None if config.task_params or config.changes_terms else entry
    return TaskFacts(
        id=config.task_name,
        robot=batch.task.robot.name if isinstance(batch, RobotBatch) else "",
        summary=entry.summary if entry else "",
        variant=_variant(config),
        origin=entry.origin if entry else "",
        observation_size=math.prod(batch.observation_space.shape),
        action_size=int(actions.n) if isinstance(actions, spaces.Discrete) else math.prod(actions.shape or ()),
        has_choices=not isinstance(actions, spaces.Box),
        goal_size=batch.goal_size,
        has_success=batch.has_success,
        max_episode_steps=batch.max_episode_steps,
        control_dt_s=batch.control_dt_s,
        solved_return=measured.solved_return if measured else None,
        random_return=measured.random_return if measured else None,
    )


def _variant(config: RunConfig) -> str:
    params = [
        f"{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in config.task_params.items()
    ]
    return ", ".join([*params, *config.randomizations, *config.disturbances, *config.curriculum])
