"""Pictures for a terminal: where the camera stands, and which colours there are."""

from collections.abc import Iterator

import numpy as np
import pytest

from engine.replay.paint import draw, fit, paint, placed, quantized
from engine.replay.wire import CameraWish, Wish
from robots.env import RobotEnv
from robots.render import Layers, render_layers, render_rgb
from robots.spec import Camera

OWN = Camera(distance_m=2.0, yaw_deg=40.0, pitch_deg=-20.0)
NIGHT = (15, 20, 26)


@pytest.fixture(scope="module")
def cheetah() -> Iterator[RobotEnv]:
    """A robot on a ground."""
    env = RobotEnv("half_cheetah_run", render_mode="rgb_array")
    env.reset(seed=1)
    yield env
    env.close()


@pytest.mark.parametrize(
    ("wish", "camera"),
    [
        (CameraWish(), OWN),
        (CameraWish(view="orbit", turn_deg=90.0), Camera(distance_m=2.0, yaw_deg=130.0, pitch_deg=-20.0)),
        (CameraWish(zoom=2.0, tilt_deg=5.0), Camera(distance_m=1.0, yaw_deg=40.0, pitch_deg=-15.0)),
        (CameraWish(view="front"), Camera(distance_m=2.0, yaw_deg=90.0, pitch_deg=-8.0)),
        (CameraWish(view="top", tilt_deg=-30.0), Camera(distance_m=2.0, yaw_deg=0.0, pitch_deg=-89.0)),
    ],
)
def test_each_view_has_its_place(wish: CameraWish, camera: Camera) -> None:
    assert placed(OWN, wish) == camera


def test_layers_are_the_picture_with_what_is_where(cheetah: RobotEnv) -> None:
    simulation = cheetah.mdp.simulation
    layers = render_layers(simulation, 0, width=64, height=48)
    assert (layers.rgb == render_rgb(simulation, 0, width=64, height=48)).all()
    assert not (layers.is_empty & layers.is_ground).any()
    assert layers.is_empty[0].all()  # the sky
    assert layers.is_ground[-1].all()
    robot = ~(layers.is_empty | layers.is_ground)
    assert 0.5 * 1.9 < layers.depth_m[robot].mean() < 1.5 * 1.9  # its camera stands 1.9 m away


def test_the_sky_is_the_viewers_background_and_the_robot_is_not(cheetah: RobotEnv) -> None:
    wish = Wish(checkpoints=(0,), width=40, height=30, ground=NIGHT)
    picture = np.frombuffer(draw(cheetah, wish), dtype=np.uint8).reshape(30, 40, 3)
    assert (picture[0] == NIGHT).all()
    assert picture.max() > 150


def layers_of(color: tuple[int, int, int], *, is_ground: bool, depth_m: float) -> Layers:
    """A picture of 2 x 2 pixels, which is one after painting."""
    rgb = np.full((2, 2, 3), color, dtype=np.uint8)
    yes, no = np.ones((2, 2), dtype=bool), np.zeros((2, 2), dtype=bool)
    depth = np.full((2, 2), depth_m, dtype=np.float32)
    return Layers(rgb=rgb, depth_m=depth, is_empty=no, is_ground=yes if is_ground else no)


def test_the_ground_fades_with_its_distance() -> None:
    wish = Wish(checkpoints=(), ground=(0, 0, 0), num_shades=256)
    means = [
        paint(layers_of((200, 200, 200), is_ground=True, depth_m=depth), wish, robot_m=1.0).mean()
        for depth in (1.0, 4.0, 40.0)
    ]
    assert means[0] > means[1] > means[2] == 0.0


def test_a_dark_robot_is_lifted_off_a_dark_background_only() -> None:
    robot = layers_of((0, 0, 100), is_ground=False, depth_m=1.0)
    dark, light = (
        paint(robot, Wish(checkpoints=(), ground=ground, num_shades=256), robot_m=1.0)[0, 0]
        for ground in ((0, 0, 0), (255, 255, 255))
    )
    assert dark.min() > 60
    assert light.tolist() == [0, 0, 100]


def test_the_background_is_one_of_few_shades() -> None:
    colors = np.linspace(0, 255, 300).reshape(100, 3)
    few = quantized(np.vstack([colors, [NIGHT]]), background=NIGHT, num_shades=8)
    assert tuple(few[-1]) == NIGHT
    assert all(len(np.unique(few[:, channel])) <= 9 for channel in range(3))


def test_another_packages_picture_is_fitted_undistorted() -> None:
    white = np.full((40, 20, 3), 255, dtype=np.uint8)
    fitted = fit(white, (10, 20), background=(1, 2, 3))
    assert fitted.shape == (10, 20, 3)
    assert (fitted[:, 7:12] == 255).all()  # 5 columns: half as wide as high
    assert (fitted[:, :7] == (1, 2, 3)).all()
    assert (fitted[:, 12:] == (1, 2, 3)).all()
