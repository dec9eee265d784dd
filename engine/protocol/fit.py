"""Whether an algorithm can learn a task at all: checked before a run is made, and by the engine."""

from engine.protocol.algorithms import ON_POLICY, Her, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError


def check_fit(config: RunConfig, *, has_goals: bool, max_episode_steps: int | None, has_choices: bool) -> None:
    """Refuse what Stable-Baselines3 cannot do with a task of these facts. Raises ConfigError."""
    if has_choices:
        _check_choices(config)
    if has_goals:
        _check_goals(config, max_episode_steps=max_episode_steps)
    elif getattr(config.algorithm, "her", None) is not None:
        raise ConfigError(config.task, "algorithm.her", f"{config.task} has no goals; leave it out.")


def _check_choices(config: RunConfig) -> None:
    name = algorithm_name(config.algorithm)
    if name not in ON_POLICY:
        raise ConfigError(
            config.task,
            "algorithm.name",
            f"{name} acts with numbers, and {config.task} offers choices; use ppo or a2c.",
        )
    if getattr(config.algorithm, "use_sde", False):
        raise ConfigError(
            config.task,
            "algorithm.use_sde",
            f"gSDE is noise on numbers, and {config.task} offers choices; leave it out.",
        )


def _check_goals(config: RunConfig, *, max_episode_steps: int | None) -> None:
    algorithm, name = config.algorithm, algorithm_name(config.algorithm)
    if name == "crossq":
        raise ConfigError(
            config.task, "algorithm.name", "CrossQ of sb3-contrib takes no goals; use sac, td3, tqc, ppo or a2c."
        )
    if name not in ON_POLICY and getattr(algorithm, "n_steps", 1) > 1:
        raise ConfigError(config.task, "algorithm.n_steps", "n-step returns do not go with goals; set it to 1.")
    hindsight: Her | None = getattr(algorithm, "her", None)
    if hindsight is not None:
        _check_first_episodes(config, max_episode_steps=max_episode_steps)


def _check_first_episodes(config: RunConfig, *, max_episode_steps: int | None) -> None:
    """Refuse to learn before each environment has ended an episode: hindsight knows only whole ones."""
    if max_episode_steps is None:
        raise ConfigError(
            config.task, "algorithm.her", f"{config.task} has no time limit, and hindsight needs episodes that end."
        )
    needed = max_episode_steps * config.num_envs
    seen = getattr(config.algorithm, "learning_starts", 0)
    if seen < needed:
        raise ConfigError(
            config.task,
            "algorithm.learning_starts",
            f"expected at least {needed} with hindsight replay: an episode of {max_episode_steps} timesteps in each of "
            f"{config.num_envs} environments; got {seen}.",
        )
