"""Terms of the classic tasks on states with numbers known by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robots.state import State
from robots.terms import locomotor, observations, pendulum, reacher

MakeState = Callable[..., State]

TARGET = slice(0, 2)
FOOT = [2]


def pitched(angle_rad: float) -> tuple[float, float, float, float]:
    return (0.0, np.sin(angle_rad / 2), 0.0, np.cos(angle_rad / 2))


@pytest.mark.parametrize(
    ("height_m", "pitch_rad", "expected"),
    [(1.0, 0.0, 1.0), (0.8, 0.0, -1.0), (1.0, 1.1, -1.0), (1.0, -1.1, -1.0)],
)
def test_upright_alive(make_state: MakeState, height_m: float, pitch_rad: float, expected: float) -> None:
    state = make_state(base_position_w=(0.0, 0.0, height_m), base_quaternion_w=pitched(pitch_rad))
    assert locomotor.upright_alive(state, height_m=0.8, limit_rad=1.0) == expected
    assert locomotor.pitch_beyond(state, limit_rad=1.0) == (abs(pitch_rad) > 1.0)


def test_height_alive_gives_its_bonus(make_state: MakeState) -> None:
    state = make_state(base_position_w=(0.0, 0.0, 1.0))
    assert locomotor.height_alive(state, height_m=0.9, bonus=2.0) == 2.0
    assert locomotor.height_alive(state, height_m=1.0, bonus=2.0) == -1.0


def test_a_knee_on_the_ground_counts_one_step_late(make_state: MakeState) -> None:
    state = make_state(link_contact=(0.0, 1.0, 0.0))
    assert locomotor.off_ground_alive(state, [1], limit_rad=1.0) == 1.0
    state.previous.flat[:] = state.flat
    assert locomotor.off_ground_alive(state, [1], limit_rad=1.0) == -1.0
    assert locomotor.off_ground_alive(state, FOOT, limit_rad=1.0) == 1.0


def test_height_over_a_reference(make_state: MakeState) -> None:
    state = make_state(base_position_w=(0.0, 0.0, 1.0))
    np.testing.assert_allclose(locomotor.base_height_over(state, height_m=0.8), [[0.2]])


def test_joint_position_within_its_range(make_state: MakeState) -> None:
    state = make_state(joint_position=(-1.0, 3.0))
    np.testing.assert_allclose(observations.joint_position_relative(state, slice(None)), [[-1.0, 0.5]])


def test_direction_of_a_joint_that_hangs(make_state: MakeState) -> None:
    state = make_state(joint_position=(np.pi, np.pi / 2))
    np.testing.assert_allclose(observations.joint_direction(state, [0]), [[-1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(pendulum.upright_cosine(state, [0]), [-1.0])


def test_a_link_ahead_and_high(make_state: MakeState) -> None:
    state = make_state(link_position_w=(2.0, 0.0, 0.7))
    np.testing.assert_allclose(observations.link_position_x(state, FOOT), [[2.0]])
    np.testing.assert_allclose(observations.link_position(state, FOOT), [[2.0, 0.0, 0.7]])
    np.testing.assert_allclose(pendulum.link_x_l2(state, FOOT), [4.0])
    np.testing.assert_allclose(pendulum.link_height_l2(state, FOOT, height_m=1.7), [1.0])
    assert pendulum.link_below(state, FOOT, height_m=0.7)
    assert not pendulum.link_below(state, FOOT, height_m=0.6)


def test_the_tip_comes_nearer_to_the_target(make_state: MakeState) -> None:
    """From 10 m to 5 m, seen from the target."""
    state = make_state(link_position_w=(4.0, 5.0, 0.0), command=(1.0, 1.0, 0.0))
    state.previous.link_position_w[:] = (7.0, 9.0, 0.0)
    state.previous.command[:] = state.command
    np.testing.assert_allclose(reacher.target_to_tip(state, FOOT, TARGET), [[3.0, 4.0]])
    np.testing.assert_allclose(reacher.approach(state, FOOT, TARGET), [5.0])


def test_costs_of_the_reacher(make_state: MakeState) -> None:
    state = make_state(action=(0.5, -1.0), joint_velocity=(10.0, 20.0), joint_position=(0.0, 3.99))
    np.testing.assert_allclose(reacher.motor_power_l1(state), [2.5])
    np.testing.assert_allclose(reacher.action_l1(state), [1.5])
    np.testing.assert_array_equal(reacher.joint_stuck(state, slice(None)), [1])
