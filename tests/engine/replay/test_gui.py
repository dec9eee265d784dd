"""The replay window: its keys without a window, and the window itself on a display of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from engine.replay import gui
from engine.replay.gui import Controls, show
from engine.replay.playback import Playback
from robots.bullet.client import p
from robots.env import Observation, RobotEnv
from robots.spec import Camera


class Idle:
    """A policy that pushes nothing."""

    def act(self, observations: Observation) -> np.ndarray:
        """Return zero actions for one driven joint."""
        return np.zeros((len(observations), 1), dtype=np.float32)


def press(*keys: int) -> Controls:
    controls = Controls(camera=Camera(distance_m=2.0, yaw_deg=10.0, pitch_deg=-20.0))
    for key in keys:
        controls.press(key)
    return controls


def test_arrows_turn_the_camera() -> None:
    assert press(p.B3G_RIGHT_ARROW, p.B3G_UP_ARROW).camera == Camera(distance_m=2.0, yaw_deg=15.0, pitch_deg=-25.0)


def test_camera_never_turns_over() -> None:
    assert press(*[p.B3G_UP_ARROW] * 100).camera.pitch_deg == -89.0


def test_plus_and_minus_undo_each_other() -> None:
    assert press(ord("+")).camera.distance_m < 2.0
    assert press(ord("+"), ord("-")).camera.distance_m == pytest.approx(2.0)


def test_speed_stays_within_its_limits() -> None:
    assert press(*[ord("]")] * 9).speed == 8.0
    assert press(*[ord("[")] * 9).speed == 0.125


def test_space_pauses_and_goes_on() -> None:
    assert press(ord(" ")).is_paused
    assert not press(ord(" "), ord(" ")).is_paused


@pytest.fixture
def playback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Playback[RobotEnv]]:
    """The pole on its cart in a world without a window."""
    monkeypatch.setattr(gui, "follow_with_window", lambda *_: None)
    env = RobotEnv("cartpole_balance")
    yield Playback(env, Idle(), seed=3)
    env.close()


def play(
    playback: Playback[RobotEnv], monkeypatch: pytest.MonkeyPatch, *, keys: list[list[int]], speed: float = 1.0
) -> float:
    """Show as many rounds as there are `keys`; return the time that it took on a clock of the test's own."""
    now_s = [0.0]
    rounds = iter(keys)
    monkeypatch.setattr(gui.Keys, "pressed", lambda *_: next(rounds))

    def sleep(duration_s: float) -> None:
        now_s[0] += duration_s

    controls = Controls(camera=Camera(distance_m=2.0), speed=speed)
    num_rounds = [0]

    def is_enough() -> bool:
        num_rounds[0] += 1
        return num_rounds[0] > len(keys)

    show(playback, controls, is_enough=is_enough, clock=lambda: now_s[0], sleep=sleep)
    return now_s[0]


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 0.2), (2.0, 0.1), (0.5, 0.4)])
def test_simulated_time_passes_at_the_chosen_speed(
    speed: float, seconds: float, playback: Playback[RobotEnv], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert play(playback, monkeypatch, keys=[[]] * 10, speed=speed) == pytest.approx(seconds)
    assert playback.num_steps == 10


def test_paused_window_steps_once_for_each_point(playback: Playback[RobotEnv], monkeypatch: pytest.MonkeyPatch) -> None:
    play(playback, monkeypatch, keys=[[ord(" ")], [], [ord(".")], [], [ord(".")], []])
    assert playback.num_steps == 2


def test_q_ends_the_show(playback: Playback[RobotEnv], monkeypatch: pytest.MonkeyPatch) -> None:
    play(playback, monkeypatch, keys=[[], [ord("q")], [], []])
    assert playback.num_steps == 2


@pytest.fixture
def display() -> Iterator[str]:
    """An X display that nobody sees."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "+extension", "GLX"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


WINDOW = """
import numpy as np
from engine.replay.gui import Controls, show
from engine.replay.playback import Playback
from robots.env import Observation, RobotEnv

class Idle:
    def act(self, observations):
        return np.zeros((len(observations), 1), dtype=np.float32)

playback = Playback(RobotEnv("cartpole_balance", render_mode="human"), Idle(), seed=3)
controls = Controls(camera=playback.env.task.robot.camera, speed=8.0)
show(playback, controls, is_enough=lambda: playback.num_steps >= 20)
playback.env.close()
print(playback.num_steps)
"""


@pytest.mark.display
def test_window_opens_plays_and_closes(display: str) -> None:
    environment = {**os.environ, "DISPLAY": display}
    done = subprocess.run(
        [sys.executable, "-c", WINDOW], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "20" in done.stdout.split()  # PyBullet writes there too


def test_a_tap_between_two_looks_counts_once_and_a_held_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    down, held, up = gui.p.KEY_WAS_TRIGGERED, gui.p.KEY_IS_DOWN, gui.p.KEY_WAS_RELEASED
    looks = iter([{ord("q"): up}, {}, {ord("n"): down | held}, {ord("n"): held}, {ord("n"): up}])
    monkeypatch.setattr(gui.p, "getKeyboardEvents", lambda **_: next(looks))
    simulation = SimpleNamespace(worlds=[SimpleNamespace(client=0)])
    keys = gui.Keys()
    found = [keys.pressed(simulation) for _ in range(5)]  # type: ignore[arg-type]
    assert found == [[ord("q")], [], [ord("n")], [], []]
