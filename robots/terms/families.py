"""Which functions of the modules made for a family of tasks are terms, and of which groups.

A new public function in one of these modules needs its line here; a test finds those without. Used by
robots/terms/library.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from robots.terms import goals, kernels, legged, locomotor, manipulation, navigation, pendulum, reacher

Function = Callable[..., Any]

FAMILIES: dict[ModuleType, dict[str, tuple[Function, ...]]] = {
    goals: {"observations": (goals.command,), "commands": (goals.draw_goal,)},
    legged: {
        "observations": (legged.speed_command, legged.yaw_rate_command, legged.height_scan),
        "rewards": (
            legged.track_command_speed_exp,
            legged.track_command_yaw_rate_exp,
            legged.feet_air_time,
            legged.ground_contact_count,
            legged.joint_acceleration_l2,
        ),
        "terminations": (legged.off_tiles,),
        "resets": (legged.start_on_tile,),
        "commands": (legged.draw_velocity,),
        "curriculum": (legged.terrain_level_step,),
    },
    locomotor: {
        "observations": (
            locomotor.base_height_change,
            locomotor.base_height_over,
            locomotor.target_direction,
            locomotor.base_velocity_in_heading,
            locomotor.roll_pitch,
            locomotor.joint_position_velocity,
            locomotor.previous_contact,
        ),
        "rewards": (
            locomotor.height_alive,
            locomotor.upright_alive,
            locomotor.off_ground_alive,
            locomotor.target_progress,
            locomotor.electric_power_l1,
            locomotor.action_mean_l2,
            locomotor.joints_at_limit_count,
        ),
        "terminations": (locomotor.pitch_beyond,),
    },
    manipulation: {
        "observations": (
            manipulation.hand_position,
            manipulation.hand_velocity,
            manipulation.gripper_width,
            manipulation.object_position,
            manipulation.object_rotation,
            manipulation.object_linear_velocity,
            manipulation.object_angular_velocity,
        ),
        "resets": (manipulation.offset_object,),
    },
    navigation: {
        "observations": (
            navigation.lidar_range,
            navigation.goal_distance,
            navigation.goal_direction,
            navigation.speed_ahead,
            navigation.yaw_rate,
        ),
        "rewards": (navigation.goal_progress, navigation.has_collided, navigation.has_reached_goal),
        "terminations": (navigation.has_collided, navigation.has_reached_goal),
        "resets": (navigation.lay_out,),
        "commands": (navigation.goal_of_layout,),
    },
    pendulum: {
        "rewards": (pendulum.upright_cosine, pendulum.link_x_l2, pendulum.link_height_l2),
        "terminations": (pendulum.link_below,),
    },
    reacher: {
        "observations": (reacher.target_to_tip, reacher.relative_direction),
        "rewards": (reacher.approach, reacher.motor_power_l1, reacher.action_l1, reacher.joint_stuck),
        "commands": (reacher.draw_target,),
    },
}

HELPERS = {goals.goal_distance, goals.goal_reward, kernels.exp_kernel}
"""Public functions in the modules of terms that are none."""
