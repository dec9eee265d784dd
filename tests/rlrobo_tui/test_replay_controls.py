"""What the keys of the replay page set, and the pictures that it keeps."""

import pytest

from engine.replay.wire import Frame, Lane
from rlrobo_tui.memory import ReplayMemory
from rlrobo_tui.replay_controls import MAX_ZOOM, SPEEDS, Controls, History
from rlrobo_tui.robot_feed import Shown

NIGHT = (15, 20, 26)


def shown(step: int, *, size: int = 10) -> Shown:
    lane = Lane(checkpoint=1, episode=1, step=step, episode_return=0.0)
    frame = Frame(
        width=1, height=1, max_steps=None, control_dt_s=0.02, action_names=(), has_camera=True, lanes=[lane]
    )  # fmt: skip
    return Shown(frame, [bytes(size)])


def step_of(found: Shown | None) -> int | None:
    return found.frame.lanes[0].step if found else None


def test_speed_stays_within_its_limits() -> None:
    controls = Controls(checkpoint=1)
    controls.change_speed(-99)
    assert controls.speed == SPEEDS[0]
    controls.change_speed(99)
    assert controls.speed == 0.0  # as fast as possible


def test_the_camera_turns_around_and_never_leaves_its_limits() -> None:
    controls = Controls(checkpoint=1)
    controls.move(turns=-1, tilts=-99, zooms=99)
    assert (controls.turn_deg, controls.tilt_deg, controls.zoom) == (350.0, -90.0, MAX_ZOOM)
    controls.next_view()
    assert (controls.view, controls.turn_deg, controls.zoom) == ("orbit", 0.0, 1.0)
    controls.orbit(9.0)
    assert controls.turn_deg == 180.0


def test_a_wish_says_all_that_is_set() -> None:
    controls = Controls(checkpoint=300, beside=200, seed=7, is_paused=True, num_single_steps=2)
    wish = controls.wish(size=(60, 40), ground=NIGHT)
    assert wish.checkpoints == (300, 200)
    assert (wish.seed, wish.is_paused, wish.num_single_steps) == (7, True, 2)
    assert (wish.width, wish.height, wish.ground) == (60, 40, NIGHT)


def test_pictures_without_colour_are_drawn_on_black() -> None:
    controls = Controls(checkpoint=1)
    while controls.quality.has_color:
        controls.next_quality()
    assert controls.wish(size=(8, 8), ground=(250, 250, 250)).ground == (0, 0, 0)


def test_history_goes_back_and_forward_and_ends_on_both_sides() -> None:
    history = History()
    for step in (1, 2, 3):
        history.add(shown(step))
    assert [step_of(history.move(-1)) for _ in range(3)] == [2, 1, None]
    assert [step_of(history.move(1)) for _ in range(3)] == [2, 3, None]
    assert history.num_back == 0


def test_a_picture_of_the_same_moment_replaces_the_last() -> None:
    history = History()
    for step in (1, 2, 2, 2):
        history.add(shown(step))
    assert step_of(history.move(-1)) == 1


def test_history_is_bounded_by_the_size_of_its_pictures() -> None:
    history = History(max_bytes=35)
    for step in range(10):
        history.add(shown(step))
    assert [step_of(history.move(-1)) for _ in range(3)] == [8, 7, None]
    history.to_present()
    history.add(shown(99, size=1000))
    assert history.move(-1) is None


def test_what_was_remembered_is_taken_over_as_far_as_there_is_such_a_thing() -> None:
    controls = Controls(checkpoint=1)
    controls.restore(ReplayMemory(speed=2.0, view="top", quality="coarse", is_deterministic=False), has_color=True)
    assert (controls.speed, controls.view, controls.quality.num_shades) == (2.0, "top", 7)
    assert not controls.is_deterministic
    controls.restore(ReplayMemory(speed=3.0, view="moon", quality="grand"), has_color=True)
    assert (controls.speed, controls.view, controls.quality.num_shades) == (2.0, "top", 7)


@pytest.mark.parametrize(("speed", "slower", "faster"), [(3.0, 2.0, 0.0), (0.01, 0.1, 0.25), (50.0, 4.0, 0.0)])
def test_a_speed_between_the_steps_goes_to_its_neighbours(speed: float, slower: float, faster: float) -> None:
    controls = Controls(checkpoint=1, speed=speed)
    controls.change_speed(-1)
    assert controls.speed == slower
    controls.speed = speed
    controls.change_speed(1)
    assert controls.speed == faster
