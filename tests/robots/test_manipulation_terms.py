"""Each term of arms and goals on a state whose answer is known by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from robots.state import Start, State
from robots.terms import goals, manipulation

FOOT, THIGH = [0], [1]
CUBE, BALL = [0], [1]
MakeState = Callable[..., State]


def test_the_hand_is_the_link_that_is_asked_for(make_state: MakeState) -> None:
    state = make_state(
        frame_position_w=[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]],
        frame_linear_velocity_w=[[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]],
    )
    np.testing.assert_array_equal(manipulation.hand_position(state, THIGH), [[4.0, 5.0, 6.0]])
    np.testing.assert_array_equal(manipulation.hand_velocity(state, FOOT), [[0.1, 0.2, 0.3]])


def test_gripper_width_is_what_both_fingers_open(make_state: MakeState) -> None:
    state = make_state(num_envs=2, joint_position=[[0.01, 0.02], [0.04, 0.04]])
    np.testing.assert_allclose(manipulation.gripper_width(state, [0, 1]), [[0.03], [0.08]])


def test_objects_are_read_by_their_place_in_the_task(make_state: MakeState) -> None:
    half = np.sqrt(0.5)
    state = make_state(
        object_position_w=[[[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]],
        object_quaternion_w=[[[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, half, half]]],
        object_linear_velocity_w=[[[3.0, 0.0, 0.0], [0.0, 4.0, 0.0]]],
        object_angular_velocity_w=[[[5.0, 0.0, 0.0], [0.0, 6.0, 0.0]]],
    )
    np.testing.assert_array_equal(manipulation.object_position(state, BALL), [[0.0, 2.0, 0.0]])
    np.testing.assert_array_equal(manipulation.object_linear_velocity(state, CUBE), [[3.0, 0.0, 0.0]])
    np.testing.assert_array_equal(manipulation.object_angular_velocity(state, BALL), [[0.0, 6.0, 0.0]])
    np.testing.assert_allclose(manipulation.object_rotation(state, BALL), [[0.0, 0.0, np.pi / 2]])


def test_an_object_is_moved_within_its_range_and_stays_on_its_height(make_start: Callable[[int], Start]) -> None:
    start = make_start(50)
    rngs = [np.random.default_rng(seed) for seed in range(50)]
    manipulation.offset_object(start, rngs, CUBE, half_range_m=0.15)
    moved = start.object_position_w[:, 0]
    assert np.all(np.abs(moved[:, :2]) <= 0.15)
    assert np.all(moved[:, :2].std(axis=0) > 0.05)  # 0.087 m of a uniform draw
    np.testing.assert_array_equal(moved[:, 2], 0.0)
    np.testing.assert_array_equal(start.object_position_w[:, 1], 0.0)


@pytest.mark.parametrize(("is_sparse", "expected"), [(True, [-1.0, 0.0, 0.0]), (False, [-5.0, -0.05, 0.0])])
def test_goal_reward_by_distance(is_sparse: bool, expected: list[float]) -> None:
    """5 m away in a triangle of 3, 4 and 5; at the threshold; there. At the threshold it is not yet a success."""
    achieved = np.array([[3.0, 4.0, 0.0], [0.0, 0.05, 0.0], [0.0, 0.0, 0.0]])
    rewards = goals.goal_reward(achieved, np.zeros((3, 3)), threshold_m=0.05, is_sparse=is_sparse)
    np.testing.assert_allclose(rewards, expected)


def test_goals_lie_in_their_box_and_a_share_at_its_bottom(make_start: Callable[[int], Start]) -> None:
    rngs = [np.random.default_rng(seed) for seed in range(400)]
    low, high = (-0.1, 0.0, 0.02), (0.1, 0.3, 0.22)
    drawn = goals.draw_goal(make_start(400), rngs, low, high, low_share=0.3)
    assert np.all((drawn >= low) & (drawn <= high))
    at_bottom = np.mean(drawn[:, 2] == 0.02)
    assert at_bottom == pytest.approx(0.3, abs=0.07)  # three standard errors


def test_goals_without_a_share_are_anywhere_in_the_box(make_start: Callable[[int], Start]) -> None:
    rngs = [np.random.default_rng(seed) for seed in range(50)]
    drawn = goals.draw_goal(make_start(50), rngs, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert np.all(drawn[:, 2] > 0.0)
