"""Quadrupeds that follow velocity commands: what robots/a1.py, laikago.py, aliengo.py and mini_cheetah.py share.

Observations, terms and weights are those of legged_gym (envs/base/legged_robot.py and its configuration), most of which
Isaac Lab has too (isaaclab_tasks, locomotion/velocity), unless a comment says otherwise. Both multiply weights by the
time step; here nothing does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from robots.errors import TaskDefinitionError, suggest
from robots.scene import Ground, Terrain
from robots.spec import (
    CommandTerm,
    CurriculumTerm,
    DisturbanceTerm,
    ObservationTerm,
    RandomizationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import curriculum, disturbances, legged, observations, randomization, resets, rewards, terminations

REACH_RAD = (0.2, 0.4, 0.4)
"""How far action 1 moves hip, thigh and knee from the stance; hips half as far, as in walk-these-ways."""
FLAT = "flat"
TERRAINS = {FLAT: None, "rough": Terrain(kind="rough"), "stairs": Terrain(kind="stairs")}
SPEED, YAW_RATE = "track_command_speed", "track_command_yaw_rate"
COMMAND_RANGE, TERRAIN_LEVEL = "command_range", "terrain_level"
COMMAND = {"command": "velocity"}
ALL_JOINTS = {"joints": "all"}
RESAMPLE_S = (5.0, 10.0)
"""Chosen: legged_gym draws new commands every 10 s, which is one change in an episode; here there are two to three."""
PUSH_INTERVAL_S = (10.0, 15.0)
"""Isaac Lab's; legged_gym pushes every 15 s."""
SENSOR_NOISE = {
    "linear_velocity": 0.1,
    "angular_velocity": 0.2,
    "gravity": 0.05,
    "joint_position": 0.01,
    "joint_velocity": 1.5,
}
"""legged_gym's noise_scales: half ranges of uniform noise, in each observation's unit before its scale."""


@dataclass(frozen=True, kw_only=True)
class Quadruped:
    """A robot and what its walking task has to know of it.

    Gains of the robots are chosen: the stance gives way by 0.2 rad at most under the robot's own weight.
    """

    robot: RobotSpec
    trunk: str
    feet: tuple[str, ...]
    """Links that it stands on."""
    legs: tuple[str, ...]
    """Links of the legs that should not touch the ground."""
    min_height_m: float
    """Height of the trunk's centre over the ground at which it has fallen."""
    effort_weight: float
    """Weight of the squared torques, the smaller the heavier the robot."""


def for_each_leg(
    legs: tuple[str, ...], joints: tuple[str, ...], values: tuple[float, float, float]
) -> dict[str, float]:
    """Return a value for each joint of each leg; names of `joints` have `{leg}` in them: hip, thigh and knee."""
    return {name.format(leg=leg): value for leg in legs for name, value in zip(joints, values, strict=True)}


def walk(task_id: str, quadruped: Quadruped, *, terrain: str, push_m_s: float, randomize: bool) -> TaskSpec:
    """Return the task to walk as commanded. Raises TaskDefinitionError for parameters that are not allowed.

    `push_m_s` is the largest change of speed by a push, 0 for none; `randomize` varies friction, mass and sensors.
    """
    if terrain not in TERRAINS:
        raise TaskDefinitionError(f"{task_id}: terrain: no such terrain {terrain!r}{suggest(terrain, TERRAINS)}")
    if push_m_s < 0.0:
        raise TaskDefinitionError(f"{task_id}: push_m_s: got {push_m_s}; must not be below 0, which means no pushes.")
    tiles = TERRAINS[terrain]
    return TaskSpec(
        id=task_id,
        robot=quadruped.robot,
        physics_dt_s=0.005,
        control_dt_s=0.02,
        episode_length_s=20.0,
        ground=Ground(lateral_friction=1.0, terrain=tiles),
        observations=_observations(tiles),
        commands={"velocity": _velocity(tiles)},
        rewards=_rewards(quadruped),
        reward_range=(-100.0, 3.45),
        terminations=_terminations(quadruped, tiles),
        resets=_resets(tiles),
        disturbances=_pushes(push_m_s),
        randomizations=_randomizations(quadruped) if randomize else {},
        curriculum=_curriculum(tiles),
    )


def _observations(tiles: Terrain | None) -> dict[str, ObservationTerm]:
    terms = {
        "linear_velocity": ObservationTerm(function=observations.base_linear_velocity_b, scale=2.0),
        "angular_velocity": ObservationTerm(function=observations.base_angular_velocity_b, scale=0.25),
        "gravity": ObservationTerm(function=observations.gravity_direction_b),
        "speed_command": ObservationTerm(function=legged.speed_command, params=COMMAND, scale=2.0),
        # Chosen: 1 instead of legged_gym's 0.25, with which a small network hardly sees it.
        "yaw_rate_command": ObservationTerm(function=legged.yaw_rate_command, params=COMMAND),
        "joint_position": ObservationTerm(function=observations.joint_position_from_default, params=ALL_JOINTS),
        "joint_velocity": ObservationTerm(function=observations.joint_velocity, params=ALL_JOINTS, scale=0.05),
        "last_action": ObservationTerm(function=observations.last_action),
    }
    if tiles is not None:
        # Chosen: half as dense as legged_gym's, 45 points instead of 187, for networks that train on a processor.
        scan = {"length_m": 1.6, "width_m": 0.8, "spacing_m": 0.2, "offset_m": 0.5}
        terms["height_scan"] = ObservationTerm(function=legged.height_scan, params=scan, scale=5.0)
    return terms


def _velocity(tiles: Terrain | None) -> CommandTerm:
    # Chosen: less than legged_gym's ±1 each, for a million steps instead of its hundred. On tiles the paths are
    # straighter, so that they lead over the ground and not around on it, and get harder with the ground.
    yaw_rate = 1.0 if tiles is None else 0.3
    ranges = {"speed_x_m_s": (-0.5, 1.0), "speed_y_m_s": (-0.3, 0.3), "yaw_rate_rad_s": (-yaw_rate, yaw_rate)}
    return CommandTerm(
        function=legged.draw_velocity,
        size=3,
        resample_s=RESAMPLE_S,
        params=ranges,
        curriculum=COMMAND_RANGE if tiles is None else TERRAIN_LEVEL,
    )


def _rewards(quadruped: Quadruped) -> dict[str, RewardTerm]:
    return {
        # Isaac Lab's weights for the A1. Chosen: kernels half as wide as theirs, since a robot that stands would earn
        # two thirds with commands as slow as these.
        SPEED: RewardTerm(function=legged.track_command_speed_exp, weight=1.5, params={**COMMAND, "width_m_s": 0.25}),
        YAW_RATE: RewardTerm(
            function=legged.track_command_yaw_rate_exp, weight=0.75, params={**COMMAND, "width_rad_s": 0.25}
        ),
        # Chosen: motion costs half of what it does in legged_gym or less; with few robots to explore, the policy would
        # rather stand still.
        "speed_z": RewardTerm(function=rewards.speed_z_l2, weight=-1.0),
        "angular_speed_xy": RewardTerm(function=rewards.angular_speed_xy_l2, weight=-0.02),
        "orientation": RewardTerm(function=rewards.orientation_l2, weight=-1.0),
        "joint_effort": RewardTerm(function=rewards.joint_effort_l2, weight=quadruped.effort_weight),
        "joint_acceleration": RewardTerm(function=legged.joint_acceleration_l2, weight=-1e-7),
        "action_rate": RewardTerm(function=rewards.action_rate_l2, weight=-0.01),
        # Chosen: from 0.1 s instead of 0.5 s, which robots of this size do not reach.
        "feet_air_time": RewardTerm(
            function=legged.feet_air_time,
            weight=1.0,
            params={**COMMAND, "contact_links": quadruped.feet, "threshold_s": 0.1, "longest_s": 0.4},
        ),
        "leg_contact": RewardTerm(
            function=legged.ground_contact_count, weight=-0.5, params={"contact_links": quadruped.legs}
        ),
    }


def _terminations(quadruped: Quadruped, tiles: Terrain | None) -> dict[str, TerminationTerm]:
    terms = {
        "too_low": TerminationTerm(function=terminations.base_below, params={"height_m": quadruped.min_height_m}),
        "tipped_over": TerminationTerm(function=terminations.tilt_beyond, params={"limit_rad": 1.0}),
        "trunk_contact": TerminationTerm(
            function=terminations.ground_contact, params={"contact_links": (quadruped.trunk,)}
        ),
    }
    if tiles is not None:
        terms["off_tiles"] = TerminationTerm(function=legged.off_tiles, params=_row(tiles), truncates=True)
    return terms


def _resets(tiles: Terrain | None) -> dict[str, ResetTerm]:
    terms = {"joints": ResetTerm(function=resets.offset_joint_position, params={**ALL_JOINTS, "half_range": 0.1})}
    if tiles is not None:
        where = {**_row(tiles), "half_range_m": 0.5, "footprint_m": 0.3}
        terms["tile"] = ResetTerm(function=legged.start_on_tile, params=where, curriculum=TERRAIN_LEVEL)
    return terms


def _pushes(push_m_s: float) -> dict[str, DisturbanceTerm]:
    if push_m_s == 0.0:
        return {}
    half_range = {"half_range_m_s": (push_m_s, push_m_s, 0.0)}
    return {"push": DisturbanceTerm(function=disturbances.push_base, params=half_range, interval_s=PUSH_INTERVAL_S)}


def _randomizations(quadruped: Quadruped) -> dict[str, RandomizationTerm]:
    terms = {
        "ground_friction": RandomizationTerm(function=randomization.ground_friction, params={"range": (0.5, 1.25)}),
        # Chosen: legged_gym adds up to ±1 kg to an A1's trunk of 4.7 kg; these robots differ in size.
        "trunk_mass": RandomizationTerm(
            function=randomization.link_mass_scale, params={"links": (quadruped.trunk,), "range": (0.8, 1.2)}
        ),
    }
    for name, half_range in SENSOR_NOISE.items():
        params = {"observations": (name,), "standard_deviation": half_range / math.sqrt(3.0)}
        terms[f"{name}_noise"] = RandomizationTerm(function=randomization.observation_noise, params=params)
    return terms


def _curriculum(tiles: Terrain | None) -> dict[str, CurriculumTerm]:
    if tiles is None:
        # legged_gym widens at 0.8 of its wider kernel; 0.6 of this one is a smaller error.
        params = {"reward": SPEED, "step": 0.1, "up_at": 0.6, "down_at": 0.4}
        return {COMMAND_RANGE: CurriculumTerm(function=curriculum.reward_step, params=params)}
    params = {"reward": SPEED, "step": 1.0 / (tiles.num_tiles - 1), "up_distance_m": tiles.tile_m / 2, "down_at": 0.4}
    return {TERRAIN_LEVEL: CurriculumTerm(function=legged.terrain_level_step, params=params)}


def _row(tiles: Terrain) -> dict[str, float]:
    return {"tile_m": tiles.tile_m, "num_tiles": tiles.num_tiles}
