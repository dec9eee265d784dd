"""A simulation that nobody sees moves as one that is drawn, without the robot's meshes."""

from __future__ import annotations

import numpy as np
import pytest

from robots.env import RobotEnv
from robots.errors import RobotError


@pytest.mark.parametrize("task_id", ["ant_walk", "a1_walk", "panda_push", "husky_navigate"])
def test_what_is_drawn_does_not_change_what_happens(task_id: str) -> None:
    trajectories = []
    for render_mode in (None, "rgb_array"):
        env = RobotEnv(task_id, render_mode=render_mode)
        env.reset(seed=3)
        rng = np.random.default_rng(1)
        states = []
        for _ in range(30):
            env.step(rng.uniform(-1.0, 1.0, env.action_space.shape))
            states.append(env.mdp.simulation.state.flat.copy())
        env.close()
        trajectories.append(np.array(states))
    np.testing.assert_array_equal(*trajectories)


def test_an_unseen_environment_draws_no_picture() -> None:
    env = RobotEnv("cartpole_balance")
    with pytest.raises(RobotError, match="make the environment with 'rgb_array'"):
        env.picture(width=64, height=48)
    env.close()
