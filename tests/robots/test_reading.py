"""Reading the state costs few calls of PyBullet, and what terms share is computed once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from robots.binding import required_reads
from robots.bullet.client import p
from robots.env import RobotEnv
from robots.registry import load_task
from robots.spec import RandomizationTerm
from robots.state import State, shared
from robots.terms.randomization import link_mass_scale

GETTERS = ("getBasePositionAndOrientation", "getBaseVelocity", "getJointStates", "getLinkStates", "getLinkState",
           "getContactPoints")  # fmt: skip


def count_getters(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> dict[str, int]:
    """Return how often each getter is called while `action` runs."""
    counts: Counter[str] = Counter()

    def call(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        counts[name] += 1
        return function(*args, **kwargs)

    with monkeypatch.context() as patched:
        for name in GETTERS:
            patched.setattr(p, name, partial(call, name, getattr(p, name)))
        action()
    return dict(counts)


@pytest.mark.parametrize(
    ("task_id", "getters"),
    [
        ("ant_walk", {*GETTERS} - {"getLinkState"}),
        ("half_cheetah_run", {"getJointStates", "getLinkStates", "getContactPoints"}),
        ("cartpole_balance", {"getJointStates"}),
    ],
)
def test_a_step_calls_each_getter_once_at_most(
    task_id: str, getters: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = RobotEnv(task_id)
    env.reset(seed=1)
    action = np.zeros(env.action_space.shape or ())
    assert count_getters(monkeypatch, lambda: env.step(action)) == dict.fromkeys(getters, 1)
    env.close()


def test_a_fixed_obstacle_is_read_at_the_start_only(monkeypatch: pytest.MonkeyPatch) -> None:
    env = RobotEnv("husky_navigate")
    env.reset(seed=1)
    action = np.zeros(env.action_space.shape or ())
    counts = count_getters(monkeypatch, lambda: env.step(action))
    assert counts["getBasePositionAndOrientation"] == 1
    before = env.mdp.simulation.state.object_position_w.copy()
    env.reset()
    assert (env.mdp.simulation.state.object_position_w != before).any()
    env.close()


def test_links_that_only_a_start_term_names_are_not_read() -> None:
    mass = RandomizationTerm(function=link_mass_scale, params={"links": ("pole",), "range": (0.8, 1.2)})
    task = replace(load_task("cartpole_balance"), randomizations={"mass": mass})
    assert not required_reads(task).link_positions


def test_what_terms_share_is_computed_once_until_the_state_changes() -> None:
    env = RobotEnv("ant_walk")
    env.reset(seed=1)
    state, calls = env.mdp.simulation.state, []

    @shared
    def height(state: State, joints: slice) -> np.ndarray:
        calls.append(joints)
        return state.base_position_w[:, 2].copy()

    height(state, slice(None))
    first = height(state, slice(None))
    height(state, slice(0, 1))
    assert calls == [slice(None), slice(0, 1)]
    env.step(np.zeros(8))
    assert height(state.previous, slice(None)) is first
    assert height(state, slice(None)) != first
    assert len(calls) == 3
    env.close()


def test_what_terms_share_depends_on_every_parameter() -> None:
    env = RobotEnv("ant_walk")
    state = env.mdp.simulation.state

    @shared
    def parameters_of(_: State, *parameters: object) -> tuple[object, ...]:
        return parameters

    feet, legs = np.array([5, 10]), np.array([5, 11])
    for given in ((), (feet,), (legs,), (feet, 1), (feet, 2), (slice(0, 2),), (slice(0, 3),)):
        assert parameters_of(state, *given) == given
    assert parameters_of(state, feet.copy())[0] is feet
    env.close()
