"""Small pictures for a terminal: few pixels and few colours, the robot bright before the viewer's own background."""

import dataclasses

import numpy as np

from engine.replay.playback import Stage
from engine.replay.wire import CameraWish, Wish
from robots.env import RobotEnv
from robots.render import Layers, render_layers
from robots.spec import Camera

OVERSAMPLING = 2
"""Pixels drawn for each one shown, in both directions. Chosen: edges are smooth, and it costs 4 ms a picture."""
GROUND_STRENGTH = 0.3
"""Chosen: how much of the ground's colour is left over the background, near the camera."""
FOG_DISTANCES = 3.0
"""Chosen: the ground fades over this many distances to the robot, before its pattern is finer than a pixel."""
TONE_ON_DARK, TONE_ON_LIGHT = (190, 205, 228), (90, 120, 160)
"""Chosen: what colour the ground's light and dark squares are mixed with the background from."""
LIFT = 0.28
"""Chosen: how much white a robot gets on a dark background, where dark blue and brown could not be seen."""
TOP_PITCH_DEG, FRONT_PITCH_DEG, FRONT_YAW_DEG = -89.0, -8.0, 90.0
"""Straight down; and from +x, where robots walk to, looking back at them."""


def draw(stage: Stage, wish: Wish) -> bytes:
    """Return a picture of the stage's present state as `wish` wants it: height * width * 3 bytes.

    Raises RobotError where another package's environment draws nothing.
    """
    if isinstance(stage, RobotEnv):
        camera = placed(stage.task.robot.camera, wish.camera)
        width, height = OVERSAMPLING * wish.width, OVERSAMPLING * wish.height
        layers = render_layers(stage.mdp.simulation, 0, width=width, height=height, camera=camera)
        return paint(layers, wish, robot_m=camera.distance_m).tobytes()
    picture = stage.picture(width=wish.width, height=wish.height)
    colors = fit(picture, (wish.height, wish.width), background=wish.ground)
    return quantized(colors, background=wish.ground, num_shades=wish.num_shades).tobytes()


def placed(own: Camera, wish: CameraWish) -> Camera:
    """Return the camera of `wish`, whose starting point is the robot's `own`."""
    yaw_deg, pitch_deg = own.yaw_deg, own.pitch_deg
    if wish.view == "front":
        yaw_deg, pitch_deg = FRONT_YAW_DEG, FRONT_PITCH_DEG
    elif wish.view == "top":
        yaw_deg, pitch_deg = 0.0, TOP_PITCH_DEG
    return dataclasses.replace(
        own,
        yaw_deg=yaw_deg + wish.turn_deg,
        pitch_deg=min(89.0, max(TOP_PITCH_DEG, pitch_deg + wish.tilt_deg)),
        distance_m=own.distance_m / wish.zoom,
    )


def paint(layers: Layers, wish: Wish, *, robot_m: float) -> np.ndarray:
    """Return colours (height, width, 3), uint8: the ground fades into the background, the robot stands out.

    `layers` are OVERSAMPLING times as large; `robot_m` is the camera's distance to the robot.
    """
    background = np.array(wish.ground, dtype=np.float32)
    is_dark = bool(background.mean() < 128)
    colors = layers.rgb.astype(np.float32)
    if is_dark:
        colors += LIFT * (255.0 - colors)
    fog = np.exp(-np.maximum(0.0, layers.depth_m / robot_m - 1.0) / FOG_DISTANCES)
    strength = np.where(layers.is_ground, GROUND_STRENGTH * fog, 1.0)
    strength[layers.is_empty] = 0.0
    offsets = _shrunk((colors - background) * strength[:, :, None])
    is_scenery = _shrunk((layers.is_ground | layers.is_empty)[:, :, None].astype(np.float32))[:, :, 0] == 1.0
    # One number for each pixel of the ground: rounded by channel, a grey floor turns green here and pink there.
    tone = np.array(TONE_ON_DARK if is_dark else TONE_ON_LIGHT, dtype=np.float32) - background
    depth = np.round(offsets[is_scenery].mean(axis=1) / tone.mean() * (2 * wish.num_shades)) / (2 * wish.num_shades)
    painted = quantized(background + offsets, background=wish.ground, num_shades=wish.num_shades)
    painted[is_scenery] = np.clip(background + depth[:, None] * tone, 0, 255)
    return painted


def fit(picture: np.ndarray, shape: tuple[int, int], *, background: tuple[int, int, int]) -> np.ndarray:
    """Return the whole of `picture` (any height, any width, 3) within (height, width, 3), float32, not distorted."""
    height, width = shape
    scale = min(height / picture.shape[0], width / picture.shape[1])
    rows, columns = (max(1, round(size * scale)) for size in picture.shape[:2])
    # The nearest pixel is enough: these pictures are drawn for people, in strong colours.
    row_of = (np.arange(rows) + 0.5) * picture.shape[0] / rows
    column_of = (np.arange(columns) + 0.5) * picture.shape[1] / columns
    whole = np.empty((height, width, 3), dtype=np.float32)
    whole[:] = background
    top, left = (height - rows) // 2, (width - columns) // 2
    whole[top : top + rows, left : left + columns] = picture[row_of.astype(int)[:, None], column_of.astype(int)]
    return whole


def quantized(colors: np.ndarray, *, background: tuple[int, int, int], num_shades: int) -> np.ndarray:
    """Return `colors` (…, 3) of 0..255 as uint8 with few shades, so that neighbours are often equal.

    The background is one of the shades.
    """
    step = 255 / (num_shades - 1)
    rounded = background + np.round((colors - np.array(background)) / step) * step
    return np.clip(rounded, 0, 255).astype(np.uint8)


def _shrunk(colors: np.ndarray) -> np.ndarray:
    """Return the mean of every OVERSAMPLING x OVERSAMPLING pixels of `colors` (height, width, channels)."""
    height, width, channels = colors.shape
    blocks = (height // OVERSAMPLING, OVERSAMPLING, width // OVERSAMPLING, OVERSAMPLING, channels)
    return colors.reshape(blocks).mean(axis=(1, 3))
