"""`python -m engine.replay.gui`: replay a checkpoint in PyBullet's window.

Runs in a process of its own because PyBullet ends the process when its window is closed. A person uses
`rlrobo replay`.
"""

import dataclasses
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.messages import tell
from engine.replay.child import open_playback, replay_parser, run_as_child
from engine.replay.playback import Playback
from engine.tasks import load_run_task
from robots.bullet.client import p
from robots.env import RobotEnv
from robots.render import follow_with_window
from robots.simulation import Simulation
from robots.spec import Camera

PICTURE_INTERVAL_S = 1 / 30
LAG_LIMIT_S = 0.25
"""Simulation that is later than this stays late instead of racing to catch up."""
TURN_DEG = 5.0
ZOOM = 1.1

HELP = "arrows turn, + - zoom, space pauses, . steps, n next episode, [ ] speed, q quits"


@dataclass
class Controls:
    """What the keys of the window have set."""

    camera: Camera
    speed: float = 1.0
    is_paused: bool = False
    num_single_steps: int = 0
    """Steps still to take while paused."""
    must_begin: bool = False
    """Whether the next episode was asked for."""
    must_quit: bool = False

    def press(self, key: int) -> None:
        """Do what `key` means; unknown keys mean nothing."""
        camera = self.camera
        turns = {
            p.B3G_LEFT_ARROW: (-TURN_DEG, 0.0),
            p.B3G_RIGHT_ARROW: (TURN_DEG, 0.0),
            p.B3G_UP_ARROW: (0.0, -TURN_DEG),
            p.B3G_DOWN_ARROW: (0.0, TURN_DEG),
        }
        if key in turns:
            yaw, pitch = turns[key]
            pitch_deg = min(89.0, max(-89.0, camera.pitch_deg + pitch))
            self.camera = dataclasses.replace(camera, yaw_deg=camera.yaw_deg + yaw, pitch_deg=pitch_deg)
        elif key in (ord("+"), ord("=")):
            self.camera = dataclasses.replace(camera, distance_m=camera.distance_m / ZOOM)
        elif key == ord("-"):
            self.camera = dataclasses.replace(camera, distance_m=camera.distance_m * ZOOM)
        elif key == ord(" "):
            self.is_paused = not self.is_paused
        elif key == ord("."):
            self.is_paused, self.num_single_steps = True, self.num_single_steps + 1
        elif key == ord("n"):
            self.must_begin = True
        elif key in (ord("["), ord("]")):
            self.speed = min(8.0, max(0.125, self.speed * (2.0 if key == ord("]") else 0.5)))
        elif key == ord("q"):
            self.must_quit = True


def show(
    playback: Playback[RobotEnv],
    controls: Controls,
    *,
    is_enough: Callable[[], bool],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Play at `controls.speed` times real time until `is_enough` or the user quits."""
    simulation = playback.env.mdp.simulation
    due_s = next_picture_s = clock()
    keys = Keys()
    while not (controls.must_quit or is_enough()):
        for key in keys.pressed(simulation):
            controls.press(key)
        _advance(playback, controls)
        if clock() >= next_picture_s:
            follow_with_window(simulation, controls.camera)
            next_picture_s = clock() + PICTURE_INTERVAL_S
        # A clock of simulated time, not a pause after each step: the simulation's own time would add up.
        due_s = max(due_s + playback.control_dt_s / controls.speed, clock() - LAG_LIMIT_S)
        sleep(max(0.0, due_s - clock()))


def _advance(playback: Playback[RobotEnv], controls: Controls) -> None:
    if controls.must_begin:
        controls.must_begin = False
        playback.begin()
    elif not controls.is_paused or controls.num_single_steps:
        controls.num_single_steps = max(0, controls.num_single_steps - 1)
        episode = playback.step()
        if episode:
            tell(
                episode=len(playback.episodes),
                episode_return=episode.episode_return,
                num_steps=episode.num_steps,
                termination=episode.termination,
            )
            playback.begin()


class Keys:
    """Which keys were pressed since the last look; a short tap shows only as a key that was released."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def pressed(self, simulation: Simulation) -> list[int]:
        """Return the keys that went down since the last call, each once."""
        events = p.getKeyboardEvents(physicsClientId=simulation.worlds[0].client)
        found = [
            key
            for key, state in events.items()
            if state & p.KEY_WAS_TRIGGERED or (state & p.KEY_WAS_RELEASED and key not in self._held)
        ]
        self._held = {key for key, state in events.items() if not state & p.KEY_WAS_RELEASED}
        return found


def main(arguments: list[str] | None = None) -> int:
    """Open the window that the command line asks for; return the exit code."""
    options = replay_parser("engine.replay.gui").parse_args(arguments)

    def work() -> None:
        playback = open_playback(
            options, lambda config, folder: RobotEnv(load_run_task(config, folder), render_mode="human")
        )
        tell(window="open", keys=HELP)

        def is_enough() -> bool:
            has_all_episodes = bool(options.episodes) and len(playback.episodes) >= options.episodes
            return has_all_episodes or bool(options.steps and playback.num_steps >= options.steps)

        controls = Controls(camera=playback.env.task.robot.camera, speed=options.speed)
        show(playback, controls, is_enough=is_enough)
        playback.env.close()

    return run_as_child(work)


if __name__ == "__main__":
    sys.exit(main())
