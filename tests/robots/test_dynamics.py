"""What is randomised is really so in the engine, for one episode, and leaves no trace in the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from robots.bullet.client import p
from robots.cartpole import CART, CARTPOLE, POLE, cartpole_balance
from robots.control import EffortControl, Motor, MotorControl, MotorMode, PositionControl
from robots.env import RobotBatch
from robots.errors import TaskDefinitionError
from robots.panda import panda_push
from robots.scene import Ground, ObjectSpec
from robots.spec import DisturbanceTerm, RandomizationTerm, TaskSpec
from robots.terms.library import terms_of

TERMS = terms_of("randomizations")
CUBE = ObjectSpec(name="cube", size_m=(0.1, 0.1, 0.1), start_position_w=(5.0, 0.0, 20.0), lateral_friction=1.0)
GRAVITY_M_S2 = 9.81
MakeBatch = Callable[..., RobotBatch]


@pytest.fixture
def make_batch() -> Iterator[MakeBatch]:
    """Build a batch of one environment that has begun, and close it after the test."""
    batches: list[RobotBatch] = []

    def make(task: TaskSpec, name: str = "", **params: Any) -> RobotBatch:
        if name:
            terms = {**task.randomizations, name: RandomizationTerm(function=TERMS[name], params=params)}
            task = replace(task, randomizations=terms)
        batches.append(RobotBatch(task, num_envs=1, seed=0))
        batches[-1].reset()
        return batches[-1]

    yield make
    for batch in batches:
        batch.close()


def cartpole(**changes: Any) -> TaskSpec:
    """Return a cart that stands still, with one physics step for a control step and a cube high above nothing."""
    return replace(
        cartpole_balance(),
        **{"resets": {}, "terminations": {}, "physics_dt_s": 0.02, "objects": (CUBE,), **changes},
    )


def act(batch: RobotBatch, action: float = 1.0, num_steps: int = 1) -> Any:
    """Step with the same action; return the state."""
    for _ in range(num_steps):
        batch.step(np.full((1, *batch.action_space.shape), action))
    return batch.mdp.simulation.state


def dynamics_of(batch: RobotBatch, body: int, link: int = -1) -> tuple[Any, ...]:
    """Return mass, lateral friction and inertia as the engine has them."""
    return p.getDynamicsInfo(body, link, physicsClientId=batch.mdp.simulation.worlds[0].client)[:3]


def test_mass_and_inertia_grow_together(make_batch: MakeBatch) -> None:
    plain, heavy = make_batch(cartpole()), make_batch(cartpole(), "link_mass_scale", links="all", range=(3.0, 3.0))
    robot = plain.mdp.simulation.worlds[0].robot
    for link in (0, 1):
        mass_kg, _, inertia = dynamics_of(plain, robot, link)
        heavier_kg, _, larger = dynamics_of(heavy, robot, link)
        assert heavier_kg == pytest.approx(3.0 * mass_kg)
        assert larger == pytest.approx([3.0 * each for each in inertia])


def test_inertia_grows_alone(make_batch: MakeBatch) -> None:
    plain = make_batch(cartpole())
    other = make_batch(cartpole(), "link_inertia_scale", links=("pole",), range=(2.0, 2.0))
    robot = plain.mdp.simulation.worlds[0].robot
    mass_kg, _, inertia = dynamics_of(plain, robot, 1)
    same_kg, _, larger = dynamics_of(other, robot, 1)
    assert same_kg == mass_kg
    assert larger == pytest.approx([2.0 * each for each in inertia])


def test_a_force_moves_three_times_the_mass_a_third_as_far(make_batch: MakeBatch) -> None:
    speeds = [
        act(batch).joint_velocity[0, 0]
        for batch in (make_batch(cartpole()), make_batch(cartpole(), "link_mass_scale", links="all", range=(3.0, 3.0)))
    ]
    assert speeds[0] == pytest.approx(3.0 * speeds[1], rel=1e-3)


def test_friction_of_links_ground_and_objects_is_set(make_batch: MakeBatch) -> None:
    task = cartpole(ground=Ground())
    links = make_batch(task, "link_friction", links=("pole",), range=(0.3, 0.3))
    world = links.mdp.simulation.worlds[0]
    assert dynamics_of(links, world.robot, 1)[1] == 0.3
    assert dynamics_of(links, world.robot, 0)[1] == 0.5  # the model's
    ground = make_batch(task, "ground_friction", range=(0.3, 0.3))
    assert dynamics_of(ground, ground.mdp.simulation.worlds[0].ground or 0)[1] == 0.3
    cubes = make_batch(task, "object_friction", objects="all", range=(0.3, 0.3))
    assert dynamics_of(cubes, cubes.mdp.simulation.worlds[0].objects[0])[1] == 0.3


@pytest.mark.parametrize(("friction", "slides"), [(1.0, False), (0.1, True)])
def test_a_cube_slides_down_a_slope_where_the_ground_is_smooth(
    make_batch: MakeBatch, friction: float, slides: bool
) -> None:
    lying = replace(CUBE, start_position_w=(5.0, 0.0, 0.1))
    task = cartpole(ground=Ground(), objects=(lying,))
    tilt = RandomizationTerm(function=TERMS["gravity_tilt"], params={"max_tilt_rad": 0.4})
    task = replace(task, randomizations={"tilt": tilt})
    batch = make_batch(task, "ground_friction", range=(friction, friction))
    state = act(batch, 0.0, num_steps=25)
    assert batch.mdp.starter.drawn["tilt"][0] > 0.2  # steeper than friction 0.1 holds, not than 1.0 does
    assert (np.linalg.norm(state.object_linear_velocity_w[0, 0]) > 0.2) == slides


def test_an_objects_mass_and_inertia_grow_together(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "object_mass_scale", objects=("cube",), range=(2.0, 2.0))
    mass_kg, _, inertia = dynamics_of(batch, batch.mdp.simulation.worlds[0].objects[0])
    assert mass_kg == 2.0
    assert inertia == pytest.approx([2.0 * 2 / 3 * 0.1**2] * 3)  # of a cube: m (2a)² / 6


def test_a_cube_falls_as_fast_as_gravity_says(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "gravity_scale", range=(0.5, 0.5))
    for _ in range(2):  # the same again in a second episode
        speed = act(batch).object_linear_velocity_w[0, 0, 2]
        assert speed == pytest.approx(-0.5 * GRAVITY_M_S2 * 0.02, rel=1e-2)
        batch.reset()


def test_a_cube_falls_aside_where_gravity_is_tilted(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "gravity_tilt", max_tilt_rad=0.5)
    x, y, z = act(batch).object_linear_velocity_w[0, 0]
    assert np.arctan2(np.hypot(x, y), -z) == pytest.approx(batch.mdp.starter.drawn["gravity_tilt"][0], rel=1e-3)


PUSHES = {
    "effort": EffortControl(effort=10.0),
    "position": PositionControl(action_scale_rad=0.1, stiffness=100.0, damping=0.0),
    "motor": MotorControl(
        actions=("speed",), motors={CART: Motor(mode=MotorMode.VELOCITY, gains=(1000.0,), max_effort=10.0)}
    ),
}
"""Controls that push the cart with 10 N."""


@pytest.mark.parametrize("kind", PUSHES)
def test_a_motor_of_half_the_strength_gives_half_the_force(make_batch: MakeBatch, kind: str) -> None:
    task = cartpole(robot=replace(CARTPOLE, control=PUSHES[kind]))
    full, half = make_batch(task), make_batch(task, "motor_strength", joints=(CART,), range=(0.5, 0.5))
    assert act(full).joint_velocity[0, 0] == pytest.approx(2.0 * act(half).joint_velocity[0, 0], rel=1e-3)


def test_an_arm_without_strength_gives_no_torque(make_batch: MakeBatch) -> None:
    batch = make_batch(panda_push(), "motor_strength", joints="all", range=(0.0, 0.0))
    assert not act(batch).joint_effort.any()


@pytest.mark.parametrize("name", ["stiffness_scale", "damping_scale"])
def test_a_gain_is_scaled(make_batch: MakeBatch, name: str) -> None:
    gains = {"stiffness_scale": (100.0, 0.0), "damping_scale": (0.0, 10.0)}[name]
    control = PositionControl(action_scale_rad=0.1, stiffness=gains[0], damping=gains[1])
    pushed = DisturbanceTerm(function=push_cart, interval_s=(0.02, 0.02))
    task = cartpole(robot=replace(CARTPOLE, control=control), disturbances={"push": pushed})
    efforts = [
        act(batch, num_steps=2).joint_effort[0, 0]
        for batch in (make_batch(task), make_batch(task, name, joints=(CART,), range=(2.0, 2.0)))
    ]
    assert efforts[1] == pytest.approx(2.0 * efforts[0], rel=0.05)


def push_cart(start: Any, rngs: list[np.random.Generator]) -> None:
    start.joint_velocity[:, 0] = 1.0


def test_an_action_comes_late(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "action_delay", range_s=(0.04, 0.04))
    speeds = [act(batch).joint_velocity[0, 0] for _ in range(3)]
    assert speeds[:2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert speeds[2] > 0.1


def test_the_state_has_the_action_of_the_policy_even_if_motors_get_it_late(make_batch: MakeBatch) -> None:
    """What a policy on a robot knows is what it said itself."""
    batch = make_batch(cartpole(), "action_delay", range_s=(0.04, 0.04))
    assert act(batch).action[0, 0] == 1.0


def test_an_observation_comes_late_and_the_first_one_stays_meanwhile(make_batch: MakeBatch) -> None:
    plain, late = make_batch(cartpole()), make_batch(cartpole(), "observation_delay", range_s=(0.04, 0.04))
    actions = np.ones((1, 1))
    true = [plain.reset(), *(plain.step(actions).observations for _ in range(4))]
    seen = [late.reset(), *(late.step(actions).observations for _ in range(4))]
    np.testing.assert_array_equal(seen, [true[0], true[0], true[0], true[1], true[2]])


def test_bias_stays_for_an_episode_and_is_in_the_terms_own_unit(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "observation_bias", observations=("pole_angle",), half_range=0.01)
    plain = make_batch(cartpole())
    errors = [
        (batch.step(np.ones((1, 1))).observations - plain.step(np.ones((1, 1))).observations)[0] for _ in range(5)
    ]
    drawn = batch.mdp.starter.drawn["observation_bias"][0]
    np.testing.assert_allclose(np.abs(errors), np.tile([0.0, 0.0, 5.0 * drawn, 0.0], (5, 1)), atol=1e-6)
    assert 0.0 < drawn <= 0.01


def test_noise_differs_at_each_step_and_is_in_the_terms_own_unit(make_batch: MakeBatch) -> None:
    batch = make_batch(cartpole(), "observation_noise", observations=("pole_angle",), standard_deviation=0.01)
    angles = [batch.step(np.zeros((1, 1))).observations[0, 2] for _ in range(200)]
    still = [batch.step(np.zeros((1, 1))).observations[0, 1] for _ in range(3)]
    assert np.std(angles) == pytest.approx(5.0 * 0.01, rel=0.2)
    assert still == pytest.approx([0.0] * 3, abs=1e-9)


def test_without_randomisation_no_episode_sets_a_property(
    monkeypatch: pytest.MonkeyPatch, make_batch: MakeBatch
) -> None:
    batch = make_batch(cartpole())
    varied = make_batch(cartpole(), "gravity_scale", range=(0.5, 2.0))
    calls: list[str] = []
    for name in ("changeDynamics", "setGravity"):
        monkeypatch.setattr(p, name, lambda *args, name=name, **kwargs: calls.append(name))
    batch.reset()
    assert calls == []
    varied.reset()
    assert calls == ["setGravity"]


def test_the_term_that_refuses_is_named_when_the_task_is_loaded(make_batch: MakeBatch) -> None:
    with pytest.raises(
        TaskDefinitionError, match=r"^cartpole_balance: randomizations.ground_friction: the task has no ground"
    ):
        make_batch(cartpole(), "ground_friction", range=(0.5, 1.0))


def test_a_passive_joint_is_named_when_the_task_is_loaded(make_batch: MakeBatch) -> None:
    with pytest.raises(
        TaskDefinitionError, match=r"^cartpole_balance: randomizations.motor_strength: joints: .*passive"
    ):
        make_batch(cartpole(), "motor_strength", joints=(POLE,), range=(0.5, 1.0))
