"""A robot whose fixed root carries it on sliding joints has its base at a link."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robots.env import RobotEnv
from robots.errors import TaskDefinitionError
from robots.registry import load_task


def test_the_base_is_where_the_link_is() -> None:
    env = RobotEnv("hopper_hop")
    env.reset(seed=1)
    state = env.mdp.simulation.state
    np.testing.assert_allclose(state.base_position_w[0], (0.0, 0.0, 1.25), atol=1e-6)
    for _ in range(10):
        env.step(np.zeros(3))
    torso = state.model.link_names.index("torso")
    np.testing.assert_array_equal(state.base_position_w[0], state.link_position_w[0, torso])
    assert state.base_linear_velocity_w.any()
    env.close()


def test_an_unknown_link_is_named() -> None:
    task = load_task("hopper_hop")
    task = replace(task, robot=replace(task.robot, base_link="torsoe"))
    with pytest.raises(TaskDefinitionError, match="hopper_hop: base_link: the robot has no 'torsoe'; did you mean"):
        RobotEnv(task)
