"""Each term on a state whose answer is known by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robots.state import Start, State
from robots.terms import locomotor, observations, resets, rewards, terminations

HALF = np.sqrt(0.5)
YAW_90 = (0.0, 0.0, HALF, HALF)
ROLL_90 = (HALF, 0.0, 0.0, HALF)
MakeState = Callable[..., State]


def test_base_velocities_are_turned_into_the_body_frame(make_state: MakeState) -> None:
    """A robot that faces +y and moves to +y moves ahead."""
    state = make_state(
        base_quaternion_w=YAW_90,
        base_linear_velocity_w=(0.0, 2.0, 0.5),
        base_angular_velocity_w=(0.0, 3.0, 1.0),
    )
    np.testing.assert_allclose(observations.base_linear_velocity_b(state), [[2.0, 0.0, 0.5]], atol=1e-12)
    np.testing.assert_allclose(observations.base_angular_velocity_b(state), [[3.0, 0.0, 1.0]], atol=1e-12)


def test_gravity_points_to_the_right_of_a_robot_on_its_right_side(make_state: MakeState) -> None:
    state = make_state(base_quaternion_w=ROLL_90)
    np.testing.assert_allclose(observations.gravity_direction_b(state), [[0.0, -1.0, 0.0]], atol=1e-12)


def test_joint_observations(make_state: MakeState) -> None:
    state = make_state(joint_position=(0.75, 1.5), joint_velocity=(3.0, 4.0))
    np.testing.assert_array_equal(observations.joint_position(state, [1]), [[1.5]])
    np.testing.assert_array_equal(observations.joint_velocity(state, [1, 0]), [[4.0, 3.0]])
    np.testing.assert_array_equal(observations.joint_position_from_default(state, [0, 1]), [[0.25, 0.5]])


@pytest.mark.parametrize(
    ("reward", "params", "expected"),
    [
        (rewards.alive, {}, 1.0),
        (rewards.track_speed_x_exp, {"target_m_s": 1.0, "width_m_s": 1.0}, np.exp(-1.0)),
        (rewards.track_speed_x_exp, {"target_m_s": 2.0, "width_m_s": 0.1}, 1.0),
        (rewards.track_yaw_rate_exp, {"target_rad_s": 1.0, "width_rad_s": 2.0}, np.exp(-1.0)),
        (rewards.speed_y_l2, {}, 9.0),
        (rewards.speed_z_l2, {}, 16.0),
        (rewards.angular_speed_xy_l2, {}, 5.0),
        (rewards.orientation_l2, {}, 0.0),
        (rewards.joint_effort_l2, {}, 25.0),
        (rewards.action_rate_l2, {}, 1.25),
        (locomotor.electric_power_l1, {}, 0.3),
        (locomotor.action_mean_l2, {}, 0.625),
        (locomotor.joints_at_limit_count, {}, 1.0),
        (locomotor.height_alive, {"height_m": 0.4}, 1.0),
        (locomotor.height_alive, {"height_m": 0.6}, -1.0),
    ],
)
def test_reward_terms(
    make_state: MakeState, reward: Callable[..., np.ndarray], params: dict[str, float], expected: float
) -> None:
    state = make_state(
        num_envs=2,
        base_position_w=(0.0, 0.0, 0.5),
        base_linear_velocity_w=(2.0, 3.0, 4.0),
        base_angular_velocity_w=(1.0, 2.0, 3.0),
        joint_position=(1.0, 2.0),  # the hip is at its limit, the knee in its middle
        joint_velocity=(4.0, 4.0),
        joint_effort=(3.0, 4.0),
        action=(1.0, -0.5),
    )
    np.testing.assert_allclose(reward(state, **params), [expected, expected], atol=1e-12)


def test_orientation_penalty_of_a_robot_on_its_side_is_one(make_state: MakeState) -> None:
    np.testing.assert_allclose(rewards.orientation_l2(make_state(base_quaternion_w=ROLL_90)), [1.0])


def test_target_progress_counts_the_floor_as_a_link(make_state: MakeState) -> None:
    """Three links advance by 4 m in 0.5 s; with the floor, their mean advances by 3 m."""
    state = make_state()
    state.link_position_w[..., 0] = 4.0
    np.testing.assert_allclose(locomotor.target_progress(state, slice(None), num_still_parts=1), [6.0])


def test_target_direction_of_a_robot_that_faces_left(make_state: MakeState) -> None:
    state = make_state(base_quaternion_w=YAW_90)
    np.testing.assert_allclose(
        locomotor.target_direction(state, slice(None), num_still_parts=0), [[-1.0, 0.0]], atol=1e-12
    )


def test_joint_position_and_velocity_alternate(make_state: MakeState) -> None:
    state = make_state(joint_position=(0.5, 1.0), joint_velocity=(10.0, 20.0))
    np.testing.assert_allclose(locomotor.joint_position_velocity(state), [[0.5, 1.0, -0.5, 2.0]])


def test_contact_is_observed_one_step_late(make_state: MakeState) -> None:
    state = make_state(link_contact=(0.0, 0.0, 1.0))
    assert locomotor.previous_contact(state, [2])[0, 0] == 0.0
    state.previous.flat[:] = state.flat
    assert locomotor.previous_contact(state, [2])[0, 0] == 1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_pitch_of_a_vertical_robot(make_state: MakeState, sign: float) -> None:
    state = make_state(base_quaternion_w=(0.0, sign * HALF, 0.0, HALF))
    np.testing.assert_allclose(locomotor.roll_pitch(state), [[0.0, sign * np.pi / 2]])


def test_terminations_speak_for_each_environment(make_state: MakeState) -> None:
    state = make_state(num_envs=2)
    state.joint_position[1] = (0.0, -0.3)
    state.base_position_w[:, 2] = (0.5, 0.2)
    state.base_quaternion_w[1] = ROLL_90
    state.link_contact[1, 0] = 1.0
    for values in (
        terminations.joint_beyond(state, slice(None), 0.2),
        terminations.base_below(state, 0.2),
        terminations.tilt_beyond(state, 1.5),
        terminations.ground_contact(state, [0, 1]),
    ):
        np.testing.assert_array_equal(values, [False, True])


def test_tilt_is_measured_in_radians_from_upright(make_state: MakeState) -> None:
    state = make_state(base_quaternion_w=(np.sin(0.25), 0.0, 0.0, np.cos(0.25)))  # rolled by 0.5 rad
    assert not terminations.tilt_beyond(state, 0.51)[0]
    assert terminations.tilt_beyond(state, 0.49)[0]


def test_resets_draw_each_row_from_its_own_generator(make_start: Callable[[int], Start]) -> None:
    start = make_start(2)
    resets.offset_joint_position(start, [np.random.default_rng(1), np.random.default_rng(1)], [1], 0.5)
    expected = np.random.default_rng(1).uniform(-0.5, 0.5)
    np.testing.assert_array_equal(start.joint_position, [[0.5, 1.0 + expected], [0.5, 1.0 + expected]])
    resets.offset_joint_velocity(start, [np.random.default_rng(1), np.random.default_rng(2)], slice(None), 1.0)
    assert start.joint_velocity[0, 0] != start.joint_velocity[1, 0]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_yaw_of_a_vertical_robot_is_what_is_left_of_the_turn(make_state: MakeState, sign: float) -> None:
    """Pitched by ±90 degrees and turned by 0.6 rad about the world's z axis."""
    yaw = (0.0, 0.0, np.sin(0.3), np.cos(0.3))
    quaternion = (-yaw[2] * sign * HALF, yaw[3] * sign * HALF, yaw[2] * HALF, yaw[3] * HALF)
    roll, pitch, found = make_state(base_quaternion_w=quaternion).base_roll_pitch_yaw
    np.testing.assert_allclose([roll[0], pitch[0], found[0]], [0.0, sign * np.pi / 2, 0.6], atol=1e-9)
