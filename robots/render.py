"""Pictures of a simulation: as an array without a display, or in PyBullet's window.

Waiting between pictures is the caller's business.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robots.bullet.client import p
from robots.errors import RobotError
from robots.quiet import stdout_to_stderr

if TYPE_CHECKING:
    from robots.simulation import Simulation
    from robots.spec import Camera

FIELD_OF_VIEW_DEG = 50.0
NEAR_M, FAR_M = 0.05, 100.0
"""What is nearer or farther is not drawn."""


@dataclass(frozen=True, kw_only=True)
class Layers:
    """A picture with what each of its pixels shows, for those who paint it their own way."""

    rgb: np.ndarray
    """(height, width, 3), uint8."""
    depth_m: np.ndarray
    """(height, width), float32: distance from the camera's plane; meaningless where nothing is."""
    is_empty: np.ndarray
    """(height, width), bool: where nothing is."""
    is_ground: np.ndarray
    """(height, width), bool: where the ground is."""


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
    return _pixels(_camera_image(simulation, env_index, camera, (width, height)))


def render_layers(
    simulation: Simulation, env_index: int, *, width: int, height: int, camera: Camera | None = None
) -> Layers:
    """Draw one environment by software as `render_rgb` does, and say what is where."""
    camera = camera or simulation.task.robot.camera
    image = _camera_image(simulation, env_index, camera, (width, height))
    depth = np.reshape(np.asarray(image[3], dtype=np.float32), (height, width))
    bodies = np.reshape(np.asarray(image[4]), (height, width))
    ground = simulation.worlds[env_index].ground
    return Layers(
        rgb=_pixels(image),
        # OpenGL's depth buffer, turned back into a distance.
        depth_m=FAR_M * NEAR_M / (FAR_M - (FAR_M - NEAR_M) * depth),
        is_empty=bodies < 0,
        is_ground=(bodies == ground) if ground is not None else np.zeros_like(bodies, dtype=bool),
    )


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


def _camera_image(simulation: Simulation, env_index: int, camera: Camera, size: tuple[int, int]) -> Any:
    """Return what PyBullet's getCameraImage returns for a picture of `size` (width, height)."""
    width, height = size
    view = p.computeViewMatrixFromYawPitchRoll(
        cameraTargetPosition=_target(simulation, env_index, camera),
        distance=camera.distance_m,
        yaw=camera.yaw_deg,
        pitch=camera.pitch_deg,
        roll=0.0,
        upAxisIndex=2,
    )
    projection = p.computeProjectionMatrixFOV(
        fov=FIELD_OF_VIEW_DEG, aspect=width / height, nearVal=NEAR_M, farVal=FAR_M
    )
    return p.getCameraImage(
        width,
        height,
        viewMatrix=view,
        projectionMatrix=projection,
        renderer=p.ER_TINY_RENDERER,
        physicsClientId=simulation.worlds[env_index].client,
    )


def _pixels(image: Any) -> np.ndarray:
    """Return the picture of a camera image without its alpha, (height, width, 3), uint8."""
    width, height = image[0], image[1]
    return np.reshape(np.asarray(image[2], dtype=np.uint8), (height, width, 4))[:, :, :3].copy()


def _target(simulation: Simulation, env_index: int, camera: Camera) -> list[float]:
    followed = simulation.state.base_position_w[env_index] if camera.follows_base else np.zeros(3)
    return (followed + camera.target_offset_w).tolist()
