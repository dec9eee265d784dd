"""What a configuration trains: the one place where a run's `task` becomes a task and a batch of environments."""

from engine.protocol.config import RunConfig
from robots.env import RobotBatch
from robots.registry import load_task
from robots.spec import TaskSpec


def load_run_task(config: RunConfig) -> TaskSpec:
    """Return the task of `config` with its parameters. Raises RobotError."""
    return load_task(config.task, config.task_params)


def make_batch(config: RunConfig, *, num_envs: int, seed: int, is_training: bool = False) -> RobotBatch:
    """Return environments of the task of `config`; only those for training follow curricula. Raises RobotError."""
    return RobotBatch(load_run_task(config), num_envs=num_envs, seed=seed, is_training=is_training)
