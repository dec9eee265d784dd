"""States with numbers known by hand, for tests of terms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robots.spec import Camera, CommandTerm, EffortControl, ObjectSpec, ObservationTerm, RewardTerm, RobotSpec, TaskSpec
from robots.state import Reads, RobotModel, Start, State, default_start, state_widths
from robots.terms import observations, rewards

LEG = RobotSpec(
    name="leg",
    model="leg.urdf",
    joints=("hip", "knee"),
    control=EffortControl(effort=1.0),
    camera=Camera(distance_m=1.0),
)
MODEL = RobotModel(
    joint_names=("hip", "knee"),
    link_names=("base", "thigh", "foot"),
    joint_lower=np.array([-1.0, 0.0]),
    joint_upper=np.array([1.0, 4.0]),
    joint_effort_limit=np.array([10.0, 10.0]),
    default_joint_position=np.array([0.5, 1.0]),
    link_mass_kg=np.array([8.0, 2.0, 0.5]),
    link_friction=np.array([0.5, 0.5, 1.0]),
)
READS = Reads(link_positions=True, link_contacts=True, link_collisions=True, frames=("foot", "thigh"))


def no_command(start: Start, rngs: list[np.random.Generator]) -> np.ndarray:
    return np.zeros((len(rngs), 3))


TASK = TaskSpec(
    id="leg_stand",
    robot=LEG,
    physics_dt_s=0.5,
    control_dt_s=0.5,
    episode_length_s=5.0,
    observations={
        "joints": ObservationTerm(function=observations.joint_position, params={"joints": "all"}),
    },
    rewards={"alive": RewardTerm(function=rewards.alive, weight=1.0)},
    reward_range=(0.0, 1.0),
    commands={"walk": CommandTerm(function=no_command, size=3)},
    objects=(ObjectSpec(name="cube", size_m=(0.1, 0.1, 0.1)), ObjectSpec(name="ball", size_m=(0.1,), shape="sphere")),
)


@pytest.fixture
def make_state() -> Callable[..., State]:
    """Build a state of a leg, two objects and a command of three numbers from the arrays that the test names."""

    def make(num_envs: int = 1, **arrays: object) -> State:
        widths = state_widths(TASK, MODEL, READS)
        state = State(np.zeros((num_envs, sum(widths.values()))), MODEL, widths, control_dt_s=0.5)
        state.previous, state.start = state.like(state.flat.copy()), state.like(state.flat.copy())
        for each in (state, state.previous, state.start):
            each.base_quaternion_w[:] = (0.0, 0.0, 0.0, 1.0)
        for name, value in arrays.items():
            getattr(state, name)[:] = value
        return state

    return make


@pytest.fixture
def make_start() -> Callable[[int], Start]:
    """Build a start of the same leg, objects and command."""
    return lambda num_rows: default_start(TASK, MODEL, num_rows=num_rows)
