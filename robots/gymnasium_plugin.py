"""Every task as a Gymnasium environment, `rlrobo/<task id>-v0`, once this module is imported.

robots/gymnasium_hook.py imports it whenever Gymnasium is imported where this project is installed; where it is only on
the path, `gymnasium.make("robots.gymnasium_plugin:rlrobo/ant_walk-v0")` does.
"""

from __future__ import annotations

import gymnasium

from robots.registry import TASKS

NAMESPACE = "rlrobo"


def register_envs() -> None:
    """Register every task that Gymnasium does not have yet; may be called again."""
    for task_id, entry in TASKS.items():
        env_id = f"{NAMESPACE}/{task_id}-v0"
        if env_id not in gymnasium.registry:
            gymnasium.register(
                id=env_id,
                entry_point="robots.env:RobotEnv",
                kwargs={"task": task_id},
                reward_threshold=entry.solved_return,
            )


register_envs()
