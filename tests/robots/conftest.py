"""States with numbers known by hand, for tests of terms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robots.state import RobotModel, State, state_width


@pytest.fixture
def make_state() -> Callable[..., State]:
    """Build a state of two joints and three links from the arrays that the test names."""

    def make(num_envs: int = 1, **arrays: object) -> State:
        model = RobotModel(
            joint_names=("hip", "knee"),
            link_names=("base", "thigh", "foot"),
            joint_lower=np.array([-1.0, 0.0]),
            joint_upper=np.array([1.0, 4.0]),
            joint_effort_limit=np.array([10.0, 10.0]),
            default_joint_position=np.array([0.5, 1.0]),
        )
        width = state_width(model, num_actions=2)
        state = State(np.zeros((num_envs, width)), model, control_dt_s=0.5)
        state.previous = State(np.zeros((num_envs, width)), model, control_dt_s=0.5)
        state.start = State(np.zeros((num_envs, width)), model, control_dt_s=0.5)
        for each in (state, state.previous, state.start):
            each.base_quaternion_w[:] = (0.0, 0.0, 0.0, 1.0)
        for name, value in arrays.items():
            getattr(state, name)[:] = value
        return state

    return make
