"""What randomisation terms draw: in range, row by row, and not at all at level 0."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from robots.control import PositionControl
from robots.dynamics import own_dynamics
from robots.scene import Ground
from robots.spec import RandomizationTerm, TaskSpec
from robots.state import Start, default_start
from robots.terms import randomization
from robots.terms.library import terms_of
from robots.terms.sampling import Distribution
from tests.robots.conftest import LEG, MODEL, TASK

ALL = slice(None)
PARAMS: dict[str, dict[str, Any]] = {
    "link_mass_scale": {"links": ALL, "range": (1.5, 2.0)},
    "link_mass_added": {"links": [0], "range_kg": (1.0, 3.0)},
    "link_inertia_scale": {"links": ALL, "range": (1.5, 2.0)},
    "link_friction": {"links": [2], "range": (0.1, 0.2)},
    "ground_friction": {"range": (0.1, 0.2)},
    "object_mass_scale": {"objects": ALL, "range": (1.5, 2.0)},
    "object_friction": {"objects": ALL, "range": (0.1, 0.2)},
    "gravity_scale": {"range": (0.1, 0.2)},
    "gravity_tilt": {"max_tilt_rad": 0.5},
    "motor_strength": {"joints": ALL, "range": (0.5, 0.75)},
    "stiffness_scale": {"joints": ALL, "range": (0.5, 0.75)},
    "damping_scale": {"joints": ALL, "range": (0.5, 0.75)},
    "action_delay": {"range_s": (1.0, 2.0)},
    "observation_delay": {"range_s": (1.0, 2.0)},
    "observation_noise": {"observations": [0, 1], "standard_deviation": 0.5},
    "observation_bias": {"observations": [0, 1], "half_range": 0.5},
}
"""Parameters as terms get them when they are called, for the leg of conftest.py."""
TERMS = terms_of("randomizations")


def some_randomization(start: Start, rngs: list[np.random.Generator]) -> None:
    """Make the task one that varies."""


def leg_task(**changes: Any) -> TaskSpec:
    robot = replace(LEG, control=PositionControl(action_scale_rad=1.0, stiffness=10.0, damping=1.0))
    term = RandomizationTerm(function=some_randomization)
    return replace(TASK, **{"robot": robot, "ground": Ground(), "randomizations": {"any": term}, **changes})


def start_of(task: TaskSpec, num_rows: int) -> Start:
    dynamics = own_dynamics(task, MODEL, num_rows=num_rows, observation_size=3)
    return default_start(task, MODEL, num_rows=num_rows, dynamics=dynamics)


def draw(name: str, start: Start, *, level: float = 1.0, seeds: tuple[int, ...], **changes: Any) -> np.ndarray:
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return TERMS[name](start, rngs, **{**PARAMS[name], **changes}, level=np.full(len(seeds), level))


def arrays(start: Start) -> dict[str, np.ndarray]:
    return {field.name: getattr(start.dynamics, field.name) for field in fields(start.dynamics)}


def test_every_registered_term_is_tried_here() -> None:
    assert set(PARAMS) == set(TERMS)


@pytest.mark.parametrize("name", PARAMS)
def test_a_row_depends_on_its_own_generator_only(name: str) -> None:
    together, alone = start_of(leg_task(), 3), start_of(leg_task(), 1)
    logged = draw(name, together, seeds=(1, 2, 3))
    logged_alone = draw(name, alone, seeds=(2,))
    assert logged.shape == (3,)
    assert logged[1] == logged_alone[0]
    for key, values in arrays(together).items():
        np.testing.assert_array_equal(values[1:2], arrays(alone)[key])


@pytest.mark.parametrize("name", PARAMS)
def test_a_term_changes_one_property(name: str) -> None:
    start, own = start_of(leg_task(), 2), start_of(leg_task(), 2)
    draw(name, start, seeds=(1, 2))
    changed = [key for key, values in arrays(start).items() if not np.array_equal(values, arrays(own)[key])]
    assert len(changed) == 1


@pytest.mark.parametrize("name", PARAMS)
def test_at_level_0_everything_stays_as_the_model_has_it(name: str) -> None:
    start, own = start_of(leg_task(), 2), start_of(leg_task(), 2)
    draw(name, start, level=0.0, seeds=(1, 2))
    for key, values in arrays(start).items():
        np.testing.assert_allclose(values, arrays(own)[key], atol=1e-12)


def test_half_the_level_draws_from_half_the_range() -> None:
    start = start_of(leg_task(), 200)
    factors = draw("gravity_scale", start, level=0.5, seeds=tuple(range(200)), range=(0.0, 3.0))
    assert 0.5 <= factors.min() < 0.55
    assert 1.95 < factors.max() <= 2.0


def test_a_factor_multiplies_the_models_own_mass() -> None:
    start = start_of(leg_task(), 1)
    draw("link_mass_scale", start, seeds=(1,), range=(2.0, 2.0))
    np.testing.assert_allclose(start.dynamics.mass_kg, [[16.0, 4.0, 1.0]])


def test_a_payload_weighs_the_same_on_each_link() -> None:
    start = start_of(leg_task(), 1)
    logged = draw("link_mass_added", start, seeds=(1,), links=[0, 2], range_kg=(1.5, 1.5))
    np.testing.assert_allclose(start.dynamics.mass_kg, [[9.5, 2.0, 2.0]])
    assert logged[0] == 1.5


def test_terms_add_up() -> None:
    start = start_of(leg_task(), 1)
    for _ in range(2):
        draw("action_delay", start, seeds=(1,), range_s=(1.0, 1.0))
        draw("link_mass_scale", start, seeds=(1,), range=(2.0, 2.0))
        draw("observation_noise", start, seeds=(1,))
    assert start.dynamics.action_delay_steps[0] == 4  # steps of 0.5 s
    assert start.dynamics.mass_kg[0, 0] == 32.0
    assert start.dynamics.observation_noise[0, 0] == pytest.approx(np.sqrt(0.5))


def test_a_log_uniform_factor_is_as_often_below_1_as_above() -> None:
    drawn = draw("gravity_scale", start_of(leg_task(), 400), seeds=tuple(range(400)), range=(0.25, 4.0))
    start = start_of(leg_task(), 400)
    logged = draw(
        "motor_strength",
        start,
        seeds=tuple(range(400)),
        joints=[0],
        range=(0.25, 4.0),
        distribution=Distribution.LOG_UNIFORM,
    )
    assert np.mean(logged < 1.0) == pytest.approx(0.5, abs=0.1)
    assert np.mean(drawn < 1.0) == pytest.approx(0.2, abs=0.1)


def test_a_delay_is_logged_as_it_is_rounded() -> None:
    start = start_of(leg_task(), 1)
    assert draw("observation_delay", start, seeds=(1,), range_s=(0.7, 0.7))[0] == 0.5
    assert start.dynamics.observation_delay_steps[0] == 1


def test_tilted_gravity_is_as_strong_as_before() -> None:
    start = start_of(leg_task(), 1)
    tilt = draw("gravity_tilt", start, seeds=(1,))
    gravity = start.dynamics.gravity_w[0]
    assert np.linalg.norm(gravity) == pytest.approx(9.81)
    assert gravity[2] == pytest.approx(-9.81 * np.cos(tilt[0]))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("gravity_scale", {"range": (2.0, 1.0)}, r"a range needs lowest <= highest; got \[2.0, 1.0\]"),
        ("ground_friction", {"range": (-0.1, 1.0)}, r"the range must not begin below 0"),
        ("link_mass_scale", {"range": (0.0, 1.0)}, r"the range must not begin below 0.001"),
        ("link_mass_added", {"links": ALL, "range_kg": (-1.0, 1.0)}, r"-1 kg is more than .* 0.5 kg"),
        (
            "action_delay",
            {"range_s": (0.0, 0.2)},
            r"rounded to control steps of 0.5 s, so that \[0.0, 0.2\] is no delay",
        ),
        ("observation_noise", {"standard_deviation": -1.0}, r"standard_deviation: must not be below 0"),
        (
            "motor_strength",
            {"range": (0.0, 1.0), "distribution": Distribution.LOG_UNIFORM},
            r"a log_uniform range needs numbers above 0",
        ),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(name, start_of(leg_task(), 1), seeds=(1,), **changes)


@pytest.mark.parametrize(
    ("name", "task_changes", "message"),
    [
        ("ground_friction", {"ground": None}, "the task has no ground"),
        ("stiffness_scale", {"robot": LEG}, "only PositionControl has"),
        ("damping_scale", {"robot": LEG}, "only PositionControl has"),
    ],
)
def test_what_would_have_no_effect_is_refused(name: str, task_changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(name, start_of(leg_task(**task_changes), 1), seeds=(1,))


def test_a_passive_joint_has_no_motor() -> None:
    robot = replace(LEG, joints=("hip",), passive_joints=("knee",))
    start = start_of(leg_task(robot=robot), 1)
    assert draw("motor_strength", start, seeds=(1,)).shape == (1,)
    with pytest.raises(ValueError, match="passive and has no motor"):
        draw("motor_strength", start, seeds=(1,), joints=[1])


def test_a_ghost_has_no_friction_and_a_wall_no_weight() -> None:
    cube, ball = TASK.objects
    kinds = type(cube.kind)
    task = leg_task(objects=(replace(cube, kind=kinds.GHOST), replace(ball, kind=kinds.FIXED)))
    with pytest.raises(ValueError, match="touches nothing"):
        draw("object_friction", start_of(task, 1), seeds=(1,))
    with pytest.raises(ValueError, match="does not move"):
        draw("object_mass_scale", start_of(task, 1), seeds=(1,), objects=[1])
    assert randomization.object_friction(
        start_of(task, 1), [np.random.default_rng(0)], objects=[1], range=(0.5, 0.5), level=np.ones(1)
    ) == pytest.approx(0.5)
