"""What the walkers of Roboschool have in common: they differ in robot, feet and what counts as alive.

The same observations, rewards and physics as the tasks of pybullet_envs_gymnasium 0.6.0, so that results
compare; tests/robots/test_classic_parity.py steps both. One thing differs: an original's first reset takes
its position over fewer parts than all later ones, which shows in the angle to the target of that reset and
in the progress of the step after it. We always do as in the later ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from robots.spec import (
    Ground,
    ObservationTerm,
    ResetTerm,
    RewardTerm,
    RobotSpec,
    Solver,
    Substeps,
    TaskSpec,
    TerminationTerm,
)
from robots.terms import locomotor, resets
from robots.terms.terminations import base_below

OBSERVATION_CLIP = (-5.0, 5.0)


def roboschool_walker(
    task_id: str,
    robot: RobotSpec,
    *,
    feet: tuple[str, ...],
    alive: RewardTerm,
    terminations: Mapping[str, TerminationTerm],
) -> TaskSpec:
    """Return the task of walking along the x axis as fast as the motors' power is worth.

    `feet` are the links whose contact with the ground is observed.
    """
    # The mean position is that of all links and of the floor at 0. A robot that stands on sliding joints has
    # a fixed root at 0 that the original does not count; the root takes the floor's place.
    position = {"links": "all", "num_still_parts": 0 if robot.base_link else 1}
    clip = OBSERVATION_CLIP
    return TaskSpec(
        id=task_id,
        robot=robot,
        physics_dt_s=0.0165 / 4,
        control_dt_s=0.0165,
        episode_length_s=16.5,
        ground=Ground(model="pybullet_data/plane_stadium.sdf", lateral_friction=0.8, restitution=0.5),
        solver=Solver(substeps=Substeps.IN_SOLVER, num_iterations=5, contact_erp=0.9, gravity_m_s2=9.8),
        observations={
            "height": ObservationTerm(function=locomotor.base_height_change, clip=clip),
            "target_direction": ObservationTerm(function=locomotor.target_direction, params=position, clip=clip),
            "velocity": ObservationTerm(function=locomotor.base_velocity_in_heading, scale=0.3, clip=clip),
            "roll_pitch": ObservationTerm(function=locomotor.roll_pitch, clip=clip),
            "joints": ObservationTerm(function=locomotor.joint_position_velocity, clip=clip),
            "feet_contact": ObservationTerm(
                function=locomotor.previous_contact, params={"contact_links": feet}, clip=clip
            ),
        },
        rewards={
            "alive": alive,
            "progress": RewardTerm(function=locomotor.target_progress, weight=1.0, params=position),
            "electricity": RewardTerm(function=locomotor.electric_power_l1, weight=-2.0),
            "stall_torque": RewardTerm(function=locomotor.action_mean_l2, weight=-0.1),
            "joints_at_limit": RewardTerm(function=locomotor.joints_at_limit_count, weight=-0.1),
        },
        reward_range=(-50.0, 50.0),
        terminations=terminations,
        resets={
            "joints": ResetTerm(function=resets.offset_joint_position, params={"joints": "all", "half_range": 0.1})
        },
    )


def stays_upright(*, height_m: float, limit_rad: float) -> tuple[RewardTerm, dict[str, TerminationTerm]]:
    """Return the reward for a torso above a height with a small pitch, and the terminations otherwise."""
    alive = RewardTerm(
        function=locomotor.upright_alive, weight=1.0, params={"height_m": height_m, "limit_rad": limit_rad}
    )
    return alive, {
        "fell": TerminationTerm(function=base_below, params={"height_m": height_m}),
        "pitched": TerminationTerm(function=locomotor.pitch_beyond, params={"limit_rad": limit_rad}),
    }
