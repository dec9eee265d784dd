"""Terms of legged robots on states, starts and episodes whose answer is known by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from robots.curriculum import EndedEpisodes
from robots.state import Start, State
from robots.terms import legged, terminations
from robots.terrain import HeightField

COMMAND = slice(0, 3)
FOOT = [2]
HALF = np.sqrt(0.5)
YAW_90 = (0.0, 0.0, HALF, HALF)
SLOPE = HeightField(heights_m=np.array(((0.0, 0.0), (2.0, 2.0))), cell_m=20.0, corner_xy_w=(-10.0, -10.0))
"""Rises by 0.1 m a metre along x; 1 m at the origin."""
RANGES = {"speed_x_m_s": (-0.5, 1.0), "speed_y_m_s": (-0.2, 0.2), "yaw_rate_rad_s": (2.0, 3.0)}

MakeState = Callable[..., State]
MakeStart = Callable[[int], Start]


def test_commanded_speed_ahead_is_along_the_heading(make_state: MakeState) -> None:
    """A robot that faces +y and moves to +y at 1 m/s does what (1, 0) asks for, and is 1 m/s off from (0, 0)."""
    state = make_state(
        2, base_quaternion_w=YAW_90, base_linear_velocity_w=(0.0, 1.0, 0.0), command=((1.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    )
    tracked = legged.track_command_speed_exp(state, COMMAND, width_m_s=1.0)
    np.testing.assert_allclose(tracked, [1.0, np.exp(-1.0)])


def test_speed_error_is_of_both_directions_together(make_state: MakeState) -> None:
    state = make_state(base_linear_velocity_w=(1.0, 1.0, 5.0), command=(0.4, 0.2, 0.0))
    tracked = legged.track_command_speed_exp(state, COMMAND, width_m_s=2.0)
    np.testing.assert_allclose(tracked, [np.exp(-(0.36 + 0.64) / 4.0)])


def test_commanded_yaw_rate_is_counter_clockwise(make_state: MakeState) -> None:
    state = make_state(2, base_angular_velocity_w=(0.0, 0.0, 0.5), command=((0.0, 0.0, 0.5), (0.0, 0.0, -0.5)))
    tracked = legged.track_command_yaw_rate_exp(state, COMMAND, width_rad_s=0.5)
    np.testing.assert_allclose(tracked, [1.0, np.exp(-4.0)])


def test_command_is_observed_in_two_parts(make_state: MakeState) -> None:
    state = make_state(command=(0.4, -0.1, 0.7))
    np.testing.assert_array_equal(legged.speed_command(state, COMMAND), [[0.4, -0.1]])
    np.testing.assert_array_equal(legged.yaw_rate_command(state, COMMAND), [[0.7]])


@pytest.mark.parametrize(
    ("contact", "air_time_s", "speed", "expected"),
    [
        pytest.param(1.0, 0.5, 1.0, 0.4, id="landed after 0.5 s and the half second of the step"),
        pytest.param(1.0, 3.0, 1.0, 0.9, id="longer than counts"),
        pytest.param(1.0, 0.0, 1.0, 0.0, id="stood before"),
        pytest.param(0.0, 0.5, 1.0, 0.0, id="is still in the air"),
        pytest.param(1.0, 0.5, 0.0, 0.0, id="is to stand"),
    ],
)
def test_air_time(make_state: MakeState, contact: float, air_time_s: float, speed: float, expected: float) -> None:
    """Steps take 0.5 s in these states."""
    state = make_state(command=(speed, 0.0, 0.0))
    state.link_contact[:, FOOT] = contact
    state.previous.link_air_time_s[:, FOOT] = air_time_s
    earned = legged.feet_air_time(state, COMMAND, FOOT, threshold_s=0.6, longest_s=1.5)
    np.testing.assert_allclose(earned, [expected])


def test_links_on_the_ground_are_counted(make_state: MakeState) -> None:
    state = make_state(link_contact=(1.0, 0.0, 1.0))
    np.testing.assert_array_equal(legged.ground_contact_count(state, slice(0, 2)), [1.0])
    np.testing.assert_array_equal(legged.ground_contact_count(state, slice(None)), [2.0])


def test_joint_acceleration_is_the_change_within_a_step(make_state: MakeState) -> None:
    """From (0, 0) to (1, -2) rad/s in 0.5 s: 2 and -4 rad/s²."""
    state = make_state(joint_velocity=(1.0, -2.0))
    np.testing.assert_allclose(legged.joint_acceleration_l2(state), [20.0])


def test_height_scan_goes_along_the_heading_from_the_right(make_state: MakeState) -> None:
    """On a slope along x, a robot that faces +y has the higher ground on its right. It is at x = 1, 1.6 m high.

    The ground at x = 3, 1 and -1 is 1.3, 1.1 and 0.9 m high, and 0.4 m are taken off.
    """
    state = make_state(base_position_w=(1.0, 0.0, 1.6), base_quaternion_w=YAW_90)
    state.terrain = SLOPE
    scan = legged.height_scan(state, length_m=2.0, width_m=4.0, spacing_m=2.0, offset_m=0.4)
    np.testing.assert_allclose(scan, [[-0.1, 0.1, 0.3] * 2])


def test_height_scan_is_cut_at_a_metre(make_state: MakeState) -> None:
    state = make_state(base_position_w=(0.0, 0.0, 9.0))
    scan = legged.height_scan(state, length_m=1.0, width_m=1.0, spacing_m=1.0, offset_m=0.0)
    np.testing.assert_array_equal(scan, [[1.0] * 4])


def test_base_height_is_over_the_ground_below(make_state: MakeState) -> None:
    """At x = 5 the slope is 1.5 m high."""
    state = make_state(2, base_position_w=((5.0, 0.0, 1.7), (5.0, 0.0, 1.8)))
    state.terrain = SLOPE
    np.testing.assert_array_equal(terminations.base_below(state, 0.25), [True, False])


def test_off_tiles(make_state: MakeState) -> None:
    """Three tiles of 4 m reach from x = -2 to 10 and to y = ±2."""
    inside, outside = ((9.9, 0.0), (-1.9, 1.9)), ((10.1, 0.0), (-2.1, 0.0), (5.0, 2.1), (5.0, -2.1))
    state = make_state(6, base_position_w=[(*point, 0.0) for point in (*inside, *outside)])
    np.testing.assert_array_equal(legged.off_tiles(state, 4.0, 3), [False] * 2 + [True] * 4)


def test_commands_fill_their_ranges(make_start: MakeStart) -> None:
    drawn = draw(make_start, 4000)
    np.testing.assert_allclose(drawn.min(axis=0), (-0.5, -0.2, 2.0), atol=0.01)
    np.testing.assert_allclose(drawn.max(axis=0), (1.0, 0.2, 3.0), atol=0.01)


def test_ranges_open_up_from_the_easiest_command(make_start: MakeStart) -> None:
    """Half way from (0.5, 0, 0) to the ranges."""
    drawn = draw(make_start, 4000, level=0.5)
    np.testing.assert_allclose(drawn.min(axis=0), (0.0, -0.1, 1.0), atol=0.01)
    np.testing.assert_allclose(drawn.max(axis=0), (0.75, 0.1, 1.5), atol=0.01)
    np.testing.assert_array_equal(draw(make_start, 2, level=0.0), [(0.5, 0.0, 0.0)] * 2)


def test_slow_commands_become_zero(make_start: MakeStart) -> None:
    drawn = draw(make_start, 500, dead_zone_m_s=0.3)
    speed = np.hypot(drawn[:, 0], drawn[:, 1])
    assert set(speed < 0.3) == {True, False}
    assert not speed[speed < 0.3].any()
    assert np.all(drawn[:, 2] >= 2.0), "turning goes on"


def test_a_share_of_the_commands_is_to_stand(make_start: MakeStart) -> None:
    stands = ~draw(make_start, 2000, standing_share=0.25).any(axis=1)
    assert stands.mean() == pytest.approx(0.25, abs=0.03)


def test_command_of_a_row_comes_from_its_own_generator(make_start: MakeStart) -> None:
    together = draw(make_start, 3)
    alone = draw(make_start, 1, first_row=2)
    np.testing.assert_array_equal(alone[0], together[2])


def test_start_is_on_the_tile_of_the_level(make_start: MakeStart) -> None:
    """Five tiles of 4 m: level 0 is at x = 0, level 0.5 at x = 8, level 1 at x = 16."""
    start = make_start(3)
    rngs = [np.random.default_rng(row) for row in range(3)]
    legged.start_on_tile(start, rngs, 4.0, 5, 0.5, 0.1, np.array((0.0, 0.5, 1.0)))
    np.testing.assert_allclose(start.base_position_w[:, 0], (0.0, 8.0, 16.0), atol=0.5)
    assert np.all(np.abs(start.base_position_w[:, 1]) <= 0.5)


def test_start_is_above_the_highest_ground_below_the_feet(make_start: MakeStart) -> None:
    """On the slope, 0.4 m ahead of the base the ground is 0.04 m higher."""
    start = replace(make_start(1), terrain=SLOPE)
    start.base_position_w[:, 2] = 0.3
    legged.start_on_tile(start, [np.random.default_rng(0)], 4.0, 5, 0.5, 0.4, np.zeros(1))
    x, _, z = start.base_position_w[0]
    assert z == pytest.approx(0.3 + 1.0 + 0.1 * (x + 0.4))


def test_terrain_level_follows_distance_and_tracking() -> None:
    """Went far; stayed and followed half; stayed and followed little."""
    ended = EndedEpisodes(
        length_steps=np.full(3, 100),
        max_steps=100,
        reward_sums={"track": np.array((20.0, 100.0, 20.0))},
        reward_weights={"track": 2.0},
        success=np.zeros(3, dtype=bool),
        distance_m=np.array((5.0, 1.0, 1.0)),
        level=np.full(3, 0.5),
    )
    change = legged.terrain_level_step(ended, reward="track", step=0.1, up_distance_m=4.0, down_at=0.4)
    np.testing.assert_allclose(change, [0.1, 0.0, -0.1])


def draw(
    make_start: MakeStart, num_rows: int, *, level: float = 1.0, first_row: int = 0, **params: float
) -> np.ndarray:
    """Return commands for rows with a generator each; nothing is zeroed unless the test says so."""
    rngs = [np.random.default_rng(first_row + row) for row in range(num_rows)]
    levels = np.full(num_rows, level)
    params = {"dead_zone_m_s": 0.0, "standing_share": 0.0, **params}
    return legged.draw_velocity(make_start(num_rows), rngs, **RANGES, level=levels, **params)  # type: ignore[arg-type]
