"""Pushes: when they come, how strong they are, and that the engine and the state agree on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robots.cartpole import CART, cartpole_balance
from robots.control import EffortControl
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.hopper import hopper_hop
from robots.scene import Camera
from robots.schedule import Schedule
from robots.spec import (
    CurriculumTerm,
    DisturbanceTerm,
    ObservationTerm,
    RewardTerm,
    RobotSpec,
    TaskSpec,
)
from robots.terms import curriculum, observations, rewards
from robots.terms.library import terms_of

TERMS = terms_of("disturbances")
GRAVITY_M_S2 = 9.81
FALLING = RobotSpec(
    name="falling_a1",
    model="pybullet_data/a1/a1.urdf",
    joints=("FR_hip_joint",),
    control=EffortControl(effort=1.0),
    start_position_w=(0.0, 0.0, 100.0),
    camera=Camera(distance_m=1.0),
)


def falling(**changes: Any) -> TaskSpec:
    """Return a robot that falls through nothing, whose base moves as gravity and pushes say."""
    task = TaskSpec(
        id="fall",
        robot=FALLING,
        physics_dt_s=0.01,
        control_dt_s=0.01,
        episode_length_s=1.0,
        observations={"velocity": ObservationTerm(function=observations.base_linear_velocity_b)},
        rewards={"alive": RewardTerm(function=rewards.alive, weight=1.0)},
        reward_range=(0.0, 1.0),
    )
    return replace(task, **changes)


def push(name: str, interval_s: tuple[float, float], level_of: str | None = None, **params: Any) -> Any:
    term = DisturbanceTerm(function=TERMS[name], params=params, interval_s=interval_s, curriculum=level_of)
    return {"push": term}


def base_speeds(task: TaskSpec, num_steps: int, *, level: float = 1.0) -> np.ndarray:
    """Return the base's velocity after each step (num_steps, 3)."""
    batch = RobotBatch(task, num_envs=1, seed=3)
    batch.levels[:] = level
    batch.reset()
    speeds = []
    for _ in range(num_steps):
        batch.step(np.zeros((1, 1)))
        speeds.append(batch.mdp.simulation.state.base_linear_velocity_w[0].copy())
    batch.close()
    return np.array(speeds)


def test_a_push_comes_when_it_is_due_and_adds_to_the_velocity() -> None:
    task = falling(disturbances=push("push_base", (0.04, 0.04), half_range_m_s=(2.0, 0.0, 0.0)))
    speeds = base_speeds(task, 10)
    changes = np.abs(np.diff(speeds[:, 0], prepend=0.0))
    assert np.flatnonzero(changes > 0.01).tolist() == [3, 7]  # after the fourth and the eighth step
    assert (changes < 4.0).all()
    assert speeds[:, 2] == pytest.approx(-GRAVITY_M_S2 * 0.01 * np.arange(1, 11), rel=0.05)


def test_the_engine_moves_on_with_the_velocity_that_the_state_shows() -> None:
    task = falling(disturbances=push("push_base", (0.02, 0.02), half_range_m_s=(2.0, 2.0, 0.0)))
    pushed, after = base_speeds(task, 3)[1:]
    np.testing.assert_allclose(after[:2], pushed[:2], rtol=1e-2)


def test_intervals_are_drawn_between_the_shortest_and_the_longest() -> None:
    schedule, rngs = Schedule((0.05, 0.15), num_envs=1, control_dt_s=0.01), [np.random.default_rng(0)]
    schedule.begin([0], rngs)
    due = [step for step in range(2000) if schedule.take_due(np.array([step]), rngs)]
    assert set(np.diff(due, prepend=0).tolist()) == set(range(5, 16))


def test_a_low_level_makes_pushes_weaker() -> None:
    curricula = {"hard": CurriculumTerm(function=curriculum.survival_step, params={"step": 0.1})}
    weak = push("push_base", (0.02, 0.02), level_of="hard", half_range_m_s=(2.0, 0.0, 0.0))
    task = falling(disturbances=weak, curriculum=curricula)
    full, half, none = (np.abs(base_speeds(task, 2, level=level)[1, 0]) for level in (1.0, 0.5, 0.0))
    assert full == pytest.approx(2.0 * half, rel=1e-3)
    assert none == pytest.approx(0.0, abs=1e-6)


def test_a_push_may_turn_the_base() -> None:
    turning = push("push_base", (0.02, 0.02), half_range_m_s=(0.0, 0.0, 0.0), half_range_rad_s=(0.0, 0.0, 3.0))
    batch = RobotBatch(falling(disturbances=turning), num_envs=1, seed=3)
    batch.reset()
    for _ in range(2):
        batch.step(np.zeros((1, 1)))
    rates = batch.mdp.simulation.state.base_angular_velocity_w[0]
    batch.close()
    assert abs(rates[2]) > 0.1


def test_joints_are_pushed_where_the_root_is_fixed() -> None:
    task = replace(
        cartpole_balance(),
        resets={},
        terminations={},
        disturbances=push("push_joints", (0.04, 0.04), joints=(CART,), half_range=1.0),
    )
    batch = RobotBatch(task, num_envs=1, seed=0)
    batch.reset()
    speeds, places = [], []
    for _ in range(3):
        batch.step(np.zeros((1, 1)))
        speeds.append(batch.mdp.simulation.state.joint_velocity[0, 0])
        places.append(batch.mdp.simulation.state.joint_position[0, 0])
    batch.close()
    assert speeds[0] == pytest.approx(0.0, abs=1e-6)
    assert abs(speeds[1]) > 0.01
    assert places[2] - places[1] == pytest.approx(speeds[1] * 0.02, rel=0.1)


@pytest.mark.parametrize("task", [cartpole_balance(), hopper_hop()], ids=lambda task: task.id)
def test_a_push_of_a_fixed_root_is_refused(task: TaskSpec) -> None:
    pushed = replace(task, disturbances=push("push_base", (1.0, 2.0), half_range_m_s=(1.0, 1.0, 0.0)))
    with pytest.raises(TaskDefinitionError, match=rf"^{task.id}: disturbances.push: .* fixed .*; use push_joints"):
        RobotBatch(pushed, num_envs=1, seed=0)


def test_a_shortest_time_above_the_longest_is_refused() -> None:
    with pytest.raises(TaskDefinitionError, match=r"disturbances.push: interval: needs 0 < shortest <= longest"):
        falling(disturbances=push("push_base", (2.0, 1.0), half_range_m_s=(1.0, 0.0, 0.0)))
