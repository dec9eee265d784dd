"""The built-in cart-pole as a YAML file would declare it, for tests of declared tasks."""

from __future__ import annotations

import copy
from typing import Any

CART, POLE = "slider_to_cart", "cart_to_pole"
_CARTPOLE: dict[str, Any] = {
    "id": "cartpole_balance",
    "robot": {
        "name": "cartpole",
        "model": "pybullet_data/cartpole.urdf",
        "joints": [CART],
        "passive_joints": [POLE],
        "control": {"mode": "effort", "effort": 10},
        "is_fixed": True,
        "camera": {"distance_m": 4.2, "yaw_deg": 0, "pitch_deg": -10, "target_offset_w": [0, 0, 0.3]},
    },
    "physics_dt_s": 0.01,
    "control_dt_s": 0.02,
    "episode_length_s": 10,
    "observations": {
        "cart_position": {"term": "joint_position", "joints": [CART]},
        "cart_velocity": {"term": "joint_velocity", "joints": CART},
        "pole_angle": {"term": "joint_position", "joints": [POLE], "scale": 5},
        "pole_velocity": {"term": "joint_velocity", "joints": [POLE]},
    },
    "rewards": {"alive": {"weight": 1}},
    "reward_range": [0, 1],
    "terminations": {
        "pole_fell": {"term": "joint_beyond", "joints": [POLE], "limit": 0.21},
        "cart_left_rail": {"term": "joint_beyond", "joints": [CART], "limit": 2.4},
    },
    "resets": {
        "position": {"term": "offset_joint_position", "joints": [CART, POLE], "half_range": 0.05},
        "velocity": {"term": "offset_joint_velocity", "joints": [CART, POLE], "half_range": 0.05},
    },
}


def cartpole_mapping(**changes: Any) -> dict[str, Any]:
    """Return the mapping; a change of `robot__joints` is one below `robot`, and None removes a key."""
    mapping = copy.deepcopy(_CARTPOLE)
    for path, value in changes.items():
        *parents, key = path.split("__")
        inner = mapping
        for parent in parents:
            inner = inner[parent]
        if value is None:
            del inner[key]
        else:
            inner[key] = value
    return mapping
