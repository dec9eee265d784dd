"""Pictures of a simulation: as an array without a display, or in PyBullet's window.

Waiting between pictures is the caller's business.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p
from robots.errors import RobotError
from robots.quiet import stdout_to_stderr

if TYPE_CHECKING:
    from robots.simulation import Simulation
    from robots.spec import Camera

FIELD_OF_VIEW_DEG = 50.0


def render_rgb(
    simulation: Simulation,
    env_index: int,
    *,
    width: int = 640,
    height: int = 480,
    camera: Camera | None = None,
) -> np.ndarray:
    """Draw one environment by software; return (height, width, 3), uint8. The robot's camera by default."""
    camera = camera or simulation.task.robot.camera
    client = simulation.worlds[env_index].client
    view = p.computeViewMatrixFromYawPitchRoll(
        cameraTargetPosition=_target(simulation, env_index, camera),
        distance=camera.distance_m,
        yaw=camera.yaw_deg,
        pitch=camera.pitch_deg,
        roll=0.0,
        upAxisIndex=2,
    )
    projection = p.computeProjectionMatrixFOV(fov=FIELD_OF_VIEW_DEG, aspect=width / height, nearVal=0.05, farVal=100.0)
    image = p.getCameraImage(
        width,
        height,
        viewMatrix=view,
        projectionMatrix=projection,
        renderer=p.ER_TINY_RENDERER,
        physicsClientId=client,
    )
    return np.reshape(np.asarray(image[2], dtype=np.uint8), (height, width, 4))[:, :, :3].copy()


def connect_window() -> int:
    """Open PyBullet's window without its panels and keys; return the client. Raises RobotError."""
    # Without a display PyBullet ends the whole interpreter, so look first.
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform == "linux" and not has_display:
        raise RobotError("render_mode 'human' needs a display: set DISPLAY, or use render_mode 'rgb_array'")
    with stdout_to_stderr():
        client = p.connect(p.GUI)
    for flag in (
        p.COV_ENABLE_GUI,
        p.COV_ENABLE_RGB_BUFFER_PREVIEW,
        p.COV_ENABLE_DEPTH_BUFFER_PREVIEW,
        p.COV_ENABLE_SEGMENTATION_MARK_PREVIEW,
        p.COV_ENABLE_KEYBOARD_SHORTCUTS,
    ):
        p.configureDebugVisualizer(flag, 0, physicsClientId=client)
    return client


def follow_with_window(simulation: Simulation, camera: Camera | None = None) -> None:
    """Point the window's camera where the robot's own, or the given one, looks."""
    camera = camera or simulation.task.robot.camera
    p.resetDebugVisualizerCamera(
        camera.distance_m,
        camera.yaw_deg,
        camera.pitch_deg,
        _target(simulation, 0, camera),
        physicsClientId=simulation.worlds[0].client,
    )


def _target(simulation: Simulation, env_index: int, camera: Camera) -> list[float]:
    followed = simulation.state.base_position_w[env_index] if camera.follows_base else np.zeros(3)
    return (followed + camera.target_offset_w).tolist()
