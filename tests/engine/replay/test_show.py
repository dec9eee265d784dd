"""Checkpoints that play side by side, on a clock of the test's own."""

from typing import Any

import numpy as np
import pytest

from engine.replay.show import HOLD_S, Show
from engine.replay.wire import Lane, Wish

DT_S = 0.5


class Counting:
    """A stage whose episodes end after as many steps as their policy's checkpoint says; step n is worth n."""

    control_dt_s = DT_S
    max_episode_steps = None

    def __init__(self) -> None:
        self.seeds: list[int | None] = []

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        self.seeds.append(seed)
        self._count = 0
        return np.zeros(1), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._count += 1
        info = {"reward_terms": {"count": float(self._count)}, "termination": "counted"}
        return np.zeros(1), float(self._count), self._count == int(action[0]), False, info

    def picture(self, *, width: int, height: int) -> np.ndarray:
        return np.full((height, width, 3), 255, dtype=np.uint8)


class Policy:
    """Acts by its checkpoint's timestep."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.asked: list[bool] = []

    def act(self, observations: np.ndarray, *, deterministic: bool) -> np.ndarray:
        self.asked.append(deterministic)
        return np.full((len(observations), 1), self.step)


class Theatre:
    """A show with its clock, its stages and its policies."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.stages: list[Counting] = []
        self.policies: list[Policy] = []
        self.show = Show(self._build, self._hire, clock=lambda: self.now_s)

    def _build(self) -> Counting:
        self.stages.append(Counting())
        return self.stages[-1]

    def _hire(self, step: int) -> Policy:
        self.policies.append(Policy(step))
        return self.policies[-1]

    def pass_time(self, seconds: float) -> None:
        """Let the time pass as the process does: wait until something is due, do it."""
        end_s = self.now_s + seconds
        while self.show.wait_s is not None and self.now_s + self.show.wait_s <= end_s + 1e-9:
            self.now_s += self.show.wait_s
            self.show.advance()
        self.now_s = end_s

    def lanes(self) -> list[Lane]:
        return self.show.frame()[0].lanes


@pytest.fixture
def theatre() -> Theatre:
    return Theatre()


@pytest.mark.parametrize(("speed", "num_steps"), [(1.0, 5), (2.0, 9), (0.5, 3)])
def test_simulated_time_passes_at_the_speed_wished_for(theatre: Theatre, speed: float, num_steps: int) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,), speed=speed))
    theatre.pass_time(4 * DT_S)  # the first step is due at once
    assert [lane.step for lane in theatre.lanes()] == [num_steps]


def test_speed_zero_takes_a_step_whenever_it_may(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,), speed=0.0))
    for _ in range(7):
        assert theatre.show.wait_s == 0.0
        theatre.show.advance()
    assert theatre.lanes()[0].step == 7


def test_a_paused_show_waits_for_wishes_only_and_single_steps_are_counted_once(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,), is_paused=True))
    assert theatre.show.wait_s is None
    theatre.show.grant(Wish(checkpoints=(1000,), is_paused=True, num_single_steps=3))
    theatre.show.grant(Wish(checkpoints=(1000,), is_paused=True, num_single_steps=3))
    theatre.show.advance()
    assert theatre.lanes()[0].step == 3


def test_time_spent_paused_is_not_caught_up_with(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,)))
    theatre.show.grant(Wish(checkpoints=(1000,), is_paused=True))
    theatre.now_s += 60.0
    theatre.show.grant(Wish(checkpoints=(1000,)))
    theatre.pass_time(0.0)
    assert theatre.lanes()[0].step == 1


def test_each_step_is_told_once_with_its_terms_and_actions(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,)))
    theatre.pass_time(2 * DT_S)
    (lane,) = theatre.lanes()
    assert lane.reward_terms == [{"count": 1.0}, {"count": 2.0}, {"count": 3.0}]
    assert lane.actions == [[1000.0]] * 3
    assert lane.episode_return == 6.0
    assert theatre.lanes()[0].reward_terms == []


def test_who_ends_first_waits_and_the_next_episodes_begin_together(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(2, 4), seed=7))
    theatre.pass_time(3 * DT_S)
    first, second = theatre.lanes()
    assert (first.step, first.ending, first.last_return) == (2, "counted", 3.0)
    assert (second.step, second.ending) == (4, "counted")
    theatre.pass_time(HOLD_S)
    assert [(lane.episode, lane.step, lane.ending) for lane in theatre.lanes()] == [(2, 0, "")] * 2
    assert [stage.seeds for stage in theatre.stages] == [[7, None], [7, None]]


def test_another_seed_checkpoint_or_kind_of_action_begins_anew(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,), seed=1))
    for wish in (
        Wish(checkpoints=(1000,), seed=2),
        Wish(checkpoints=(2000,), seed=2),
        Wish(checkpoints=(2000,), seed=2, is_deterministic=False),
    ):
        theatre.pass_time(2 * DT_S)
        theatre.show.grant(wish)
        assert [(lane.episode, lane.step) for lane in theatre.lanes()] == [(1, 0)]
    theatre.pass_time(0.0)
    assert theatre.stages[0].seeds == [1, 2, 2, 2]
    assert theatre.policies[1].asked[-1] is False


def test_a_checkpoint_that_stays_is_not_loaded_again(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000,)))
    theatre.show.grant(Wish(checkpoints=(1000, 2000)))
    theatre.show.grant(Wish(checkpoints=(2000,)))
    assert [policy.step for policy in theatre.policies] == [1000, 2000]
    assert len(theatre.stages) == 2


def test_a_frame_has_a_picture_of_the_size_wished_for_of_each(theatre: Theatre) -> None:
    theatre.show.grant(Wish(checkpoints=(1000, 2000), width=8, height=6))
    frame, pictures = theatre.show.frame()
    assert (frame.width, frame.height, frame.has_camera, frame.max_steps) == (8, 6, False, None)
    assert [len(picture) for picture in pictures] == [8 * 6 * 3] * 2
