"""The terms on states known by hand, and both robots on the ground: how they drive, collide and arrive."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from robots.arena import Arena, Footprint
from robots.env import EpisodeRecord, RobotBatch, RobotEnv
from robots.errors import TaskDefinitionError
from robots.registry import load_task
from robots.render import render_rgb
from robots.scene import Camera
from robots.state import Start, State, default_start
from robots.terms import navigation
from tests.robots.gap_driver import drive

HALF = np.sqrt(0.5)
YAW_90 = (0.0, 0.0, HALF, HALF)
XY = slice(0, 2)
EVERY_LINK = slice(None)
ARENA = Arena(
    side_m=10.0,
    goal_distance_m=5.0,
    clearance_m=0.6,
    passage_m=0.3,
    cell_m=0.2,
    obstacles=(Footprint(height_m=0.5, radius_m=0.2), Footprint(height_m=0.8, half_x_m=0.3, half_y_m=0.2)),
)
NAVIGATORS = pytest.mark.parametrize("task_id", ["racecar_navigate", "husky_navigate"])
MakeBatch = Callable[..., RobotBatch]
MakeState = Callable[..., State]


@pytest.fixture
def make_batch() -> Iterator[MakeBatch]:
    """Build batches of a task, with its parameters, begin an episode in each, and close them after the test."""
    batches: list[RobotBatch] = []

    def make(task_id: str, num_envs: int = 1, **params: float) -> RobotBatch:
        batches.append(RobotBatch(load_task(task_id, params), num_envs=num_envs, seed=3))
        batches[-1].reset()
        return batches[-1]

    yield make
    for batch in batches:
        batch.close()


def test_the_goal_is_seen_from_the_heading(make_state: MakeState) -> None:
    """The robot at (1, 2) faces +y; the goal is 3 m to its right and 4 m ahead."""
    state = make_state(base_position_w=(1.0, 2.0, 0.3), base_quaternion_w=YAW_90, command=(4.0, 6.0, 0.0))
    np.testing.assert_allclose(navigation.goal_distance(state, XY), [[5.0]])
    np.testing.assert_allclose(navigation.goal_direction(state, XY), [[0.8, -0.6]], atol=1e-12)


def test_speed_and_yaw_rate_are_the_robots_own(make_state: MakeState) -> None:
    state = make_state(
        base_quaternion_w=YAW_90, base_linear_velocity_w=(0.5, 2.0, 0.0), base_angular_velocity_w=(0.0, 0.0, -3.0)
    )
    np.testing.assert_allclose(navigation.speed_ahead(state), [[2.0]])
    np.testing.assert_allclose(navigation.yaw_rate(state), [[-3.0]])


def test_progress_is_what_the_distance_loses_in_a_step(make_state: MakeState) -> None:
    """From 5 m away to 4 m."""
    state = make_state(base_position_w=(0.0, 0.0, 0.0), command=(4.0, 0.0, 0.0))
    state.previous.base_position_w[:, 1] = 3.0
    np.testing.assert_allclose(navigation.goal_progress(state, XY), [1.0])


def test_a_goal_counts_within_its_radius_and_without_a_collision(make_state: MakeState) -> None:
    state = make_state(num_envs=3, command=(1.0, 0.0, 0.0))
    state.base_position_w[:, 0] = (0.6, 0.4, 0.6)
    state.link_collision[2, 1] = 1.0
    reached = navigation.has_reached_goal(state, XY, EVERY_LINK, radius_m=0.5)
    np.testing.assert_array_equal(reached, [True, False, False])
    np.testing.assert_array_equal(navigation.has_collided(state, EVERY_LINK), [False, False, True])
    np.testing.assert_array_equal(navigation.has_collided(state, [0, 2]), [False, False, False])


def test_laying_out_places_robot_goal_and_obstacles(make_start: Callable[[int], Start]) -> None:
    """At level 0 the obstacles stay where they are declared, at level 1 each stands on the ground."""
    start = make_start(2)
    navigation.lay_out(start, [np.random.default_rng(seed) for seed in (1, 2)], ARENA, level=np.array([0.0, 1.0]))
    np.testing.assert_array_equal(start.object_position_w[0], np.zeros((2, 3)))
    np.testing.assert_array_equal(start.object_position_w[1, :, 2], [0.25, 0.4])
    goals = navigation.goal_of_layout(start, [])
    assert np.all(np.linalg.norm(goals - start.base_position_w[:, :2], axis=1) >= 5.0)
    np.testing.assert_allclose(np.linalg.norm(start.base_quaternion_w, axis=1), 1.0)
    assert start.base_quaternion_w[0, 2] != start.base_quaternion_w[1, 2]


def test_goals_need_a_layout(make_start: Callable[[int], Start]) -> None:
    with pytest.raises(ValueError, match=r"needs the reset navigation\.lay_out"):
        navigation.goal_of_layout(make_start(1), [np.random.default_rng(0)])


@NAVIGATORS
def test_full_speed_ahead_is_straight_and_without_slip(make_batch: MakeBatch, task_id: str) -> None:
    batch = make_batch(task_id, num_obstacles=0)
    state = play(batch, (1.0, 0.0), num_steps=20)
    top_speed, radius_m, wheels = {
        "racecar_navigate": (1.5, 0.05, [0, 1, 4, 5]), "husky_navigate": (1.0, 0.17775, [0, 1, 2, 3]),
    }[task_id]  # fmt: skip
    assert navigation.speed_ahead(state)[0, 0] == pytest.approx(top_speed, rel=0.01)
    np.testing.assert_allclose(state.joint_velocity[0, wheels] * radius_m, top_speed, rtol=0.01)
    assert abs(navigation.yaw_rate(state)[0, 0]) < 0.02
    assert navigation.speed_ahead(play(batch, (-1.0, 0.0), num_steps=25))[0, 0] == pytest.approx(-top_speed, rel=0.01)


@NAVIGATORS
def test_round_wheels_roll_without_a_bump(make_batch: MakeBatch, task_id: str) -> None:
    """The engine's prisms in place of cylinders lift the base by more than 2 mm."""
    batch = make_batch(task_id, num_obstacles=0)
    play(batch, (1.0, 0.0), num_steps=20)
    heights = [play(batch, (1.0, 0.0), num_steps=1).base_position_w[0, 2] for _ in range(20)]
    assert np.ptp(heights) < 1e-5


@NAVIGATORS
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_positive_turn_is_to_the_left(make_batch: MakeBatch, task_id: str, sign: float) -> None:
    """Counter-clockwise, so that a goal on the left is approached; at a yaw rate near that of the observation's 1."""
    batch = make_batch(task_id, num_obstacles=0)
    rates = [navigation.yaw_rate(play(batch, (1.0, sign), num_steps=1))[0, 0] for _ in range(40)]
    top_yaw_rate = 1.0 / batch.task.observations["yaw_rate"].scale
    assert np.mean(rates[15:]) == pytest.approx(sign * top_yaw_rate, rel=0.1)


def test_the_racecar_turns_in_the_circle_of_its_steering(make_batch: MakeBatch) -> None:
    """Wheelbase 0.325 m, 0.3 rad: 1.05 m at the rear axle for wheels that do not slip; they do a little."""
    batch = make_batch("racecar_navigate", num_obstacles=0)
    state = play(batch, (0.5, 0.5), num_steps=30)
    np.testing.assert_allclose(state.joint_position[0, 2:4], 0.3, atol=0.02)
    radius_m = navigation.speed_ahead(state)[0, 0] / navigation.yaw_rate(state)[0, 0]
    assert radius_m == pytest.approx(0.325 / math.tan(0.3), rel=0.12)


def test_the_husky_turns_on_the_spot(make_batch: MakeBatch) -> None:
    batch = make_batch("husky_navigate", num_obstacles=0)
    before_m = batch.mdp.simulation.state.base_position_w[0, :2].copy()
    state = play(batch, (0.0, 1.0), num_steps=60)
    assert np.linalg.norm(state.base_position_w[0, :2] - before_m) < 0.35
    assert abs(np.linalg.norm(state.base_linear_velocity_w[0])) < 0.35


@NAVIGATORS
def test_driving_into_a_box_is_a_collision(make_batch: MakeBatch, task_id: str) -> None:
    """A box 1.5 m ahead ends the episode; it costs 5, and is no success although the goal lies within the box."""
    batch = make_batch(task_id, num_obstacles=2)
    episode = play_against_a_box(batch, distance_m=1.5)
    assert (episode.termination, episode.terminated, episode.success) == ("collision", True, False)
    assert (episode.reward_sums["collision"], episode.reward_sums["reached_goal"]) == (-5.0, 0.0)


@NAVIGATORS
def test_reaching_the_goal_ends_the_episode_with_success(make_batch: MakeBatch, task_id: str) -> None:
    """3 m straight ahead: progress earns what the distance lost, and a step costs 0.02."""
    batch = make_batch(task_id, num_obstacles=0)
    start = batch.mdp.simulation.state.start.base_position_w[0, :2].copy()
    batch.mdp.simulation.state.command[0] = start + 3.0 * heading(batch)
    episode = until_it_ends(batch, (1.0, 0.0))
    radius_m = batch.task.terminations["reached_goal"].params["radius_m"]
    assert (episode.termination, episode.terminated, episode.success) == ("reached_goal", True, True)
    sums = episode.reward_sums
    assert (sums["reached_goal"], sums["collision"], sums["action_rate"]) == (10.0, 0.0, -0.01)
    assert sums["time"] == pytest.approx(-0.02 * episode.length_steps)
    assert 3.0 - radius_m <= sums["goal_progress"] <= 3.0 - radius_m + 0.16


@NAVIGATORS
def test_standing_still_truncates_at_the_time_limit(make_batch: MakeBatch, task_id: str) -> None:
    batch = make_batch(task_id, num_obstacles=0)
    batch.mdp.step_count[:] = batch.task.max_episode_steps - 3
    episode = until_it_ends(batch, (0.0, 0.0))
    assert (episode.termination, episode.terminated, episode.success) == ("time_limit", False, False)


@pytest.mark.parametrize(("num_obstacles", "num_envs", "least_success"), [(0, 4, 1.0), (12, 6, 0.6)])
@NAVIGATORS
def test_a_driver_without_learning_arrives(
    make_batch: MakeBatch, task_id: str, num_obstacles: int, num_envs: int, least_success: float
) -> None:
    batch = make_batch(task_id, num_envs=num_envs, num_obstacles=num_obstacles)
    sizes = {"racecar_navigate": {"sight_m": 1.5, "room_m": 0.35}, "husky_navigate": {"sight_m": 1.5, "room_m": 0.6}}
    observations, successes = batch.reset(), {}
    while len(successes) < batch.num_envs:
        step = batch.step(drive(batch.task, observations, **sizes[task_id]))
        observations = step.observations
        for episode in step.episodes:
            successes.setdefault(episode.env_index, episode.success)
    assert np.mean(list(successes.values())) >= least_success


@NAVIGATORS
def test_the_camera_stays_where_it_sees_the_whole_arena(task_id: str) -> None:
    """Only the robot moves in the picture; a camera that followed it would move the chequered ground."""
    env = RobotEnv(task_id, render_mode="rgb_array")
    env.reset(seed=5)
    assert 0.0 < changed_share(env) < 0.05
    assert changed_share(env, replace(env.task.robot.camera, follows_base=True)) > 0.1
    env.close()


@NAVIGATORS
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"num_obstacles": -1}, "task_params.num_obstacles: got -1; allowed: 0 to 32"),
        ({"num_obstacles": 33}, "task_params.num_obstacles: got 33; allowed: 0 to 32"),
        ({"arena_m": 3.0}, "task_params.arena_m: got 3.0; allowed: 4 to 20"),
        ({"arena_m": float("nan")}, "task_params.arena_m: got nan; allowed: 4 to 20"),
    ],
)
def test_sizes_out_of_range_are_refused(task_id: str, params: dict[str, float], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=f"^{task_id}: {message}"):
        load_task(task_id, params)


@NAVIGATORS
def test_parameters_reach_the_arena(make_batch: MakeBatch, task_id: str) -> None:
    batch = make_batch(task_id, num_obstacles=2, arena_m=20.0)
    names = [each.name for each in batch.task.objects]
    assert names == ["obstacle_0", "obstacle_1", "goal_marker"]
    to_goal = batch.mdp.simulation.state.command[0] - batch.mdp.simulation.state.base_position_w[0, :2]
    assert np.linalg.norm(to_goal) >= 10.0


def changed_share(env: RobotEnv, camera: Camera | None = None) -> float:
    """Drive ahead for some steps; return the share of a picture's points that changed meanwhile."""
    pictures = []
    for num_steps in (0, 5):
        for _ in range(num_steps):
            env.mdp.advance(np.array([(1.0, 0.0)]), [np.random.default_rng(0)])
        pictures.append(render_rgb(env.mdp.simulation, 0, width=160, height=120, camera=camera))
    before, after = pictures
    return float(np.mean(np.any(before != after, axis=2)))


def play(batch: RobotBatch, action: tuple[float, float], *, num_steps: int) -> State:
    """Hold an action without ending episodes, and return the state."""
    for _ in range(num_steps):
        batch.mdp.advance(np.array([action]), [np.random.default_rng(0)])
    return batch.mdp.simulation.state


def until_it_ends(batch: RobotBatch, action: tuple[float, float]) -> EpisodeRecord:
    for _ in range(batch.task.max_episode_steps):
        if episodes := batch.step(np.array([action])).episodes:
            return episodes[0]
    raise AssertionError("no episode ended within the time limit")


def play_against_a_box(batch: RobotBatch, *, distance_m: float) -> EpisodeRecord:
    """Put a box and the goal ahead, everything else where it is declared, and drive on."""
    simulation, task = batch.mdp.simulation, batch.task
    place = simulation.state.base_position_w[0, :2] + distance_m * heading(batch)
    start = default_start(task, simulation.model, num_rows=1)
    box = next(index for index, each in enumerate(task.objects) if each.shape == "box")
    start.object_position_w[0, box] = (*place, 0.2)
    for index in range(len(task.objects)):
        simulation.worlds[0].place_object(index, start, 0)
    simulation.state.command[0] = place
    return until_it_ends(batch, (1.0, 0.0))


def heading(batch: RobotBatch) -> np.ndarray:
    _, _, yaw = batch.mdp.simulation.state.base_roll_pitch_yaw
    return np.array((np.cos(yaw[0]), np.sin(yaw[0])))
