"""A goal task that is simulated in no time: bring a cart to a place, with a curriculum for how far away that is."""

from __future__ import annotations

import dataclasses

import numpy as np

from robots.cartpole import CART, cartpole_balance
from robots.catalogue.entry import TaskEntry
from robots.curriculum import EndedEpisodes
from robots.registry import TASKS, register
from robots.spec import CommandTerm, CurriculumTerm, GoalSpec, ObservationTerm, RandomizationTerm, TaskSpec
from robots.state import Start
from robots.terms import observations

TASK_ID = "cart_reach"


def place(start: Start, rngs: list[np.random.Generator], level: np.ndarray) -> np.ndarray:
    """Draw a place within ±1 m, nearer at a lower level."""
    return np.stack([rng.uniform(-1.0, 1.0, 1) for rng in rngs]) * (0.2 + 0.8 * level[:, None])


def by_success(ended: EndedEpisodes, step: float) -> np.ndarray:
    """Return a step up for a success, else down."""
    assert ended.success is not None
    return np.where(ended.success, step, -step)


def gravity(start: Start, rngs: list[np.random.Generator]) -> np.ndarray:
    """Draw a gravity of 8 to 12 m/s²."""
    drawn = np.array([rng.uniform(8.0, 12.0) for rng in rngs])
    start.dynamics.gravity_w[:, 2] = -drawn
    return drawn


def cart_reach() -> TaskSpec:
    """Bring the cart to a place on its rail."""
    return dataclasses.replace(
        cartpole_balance(),
        id=TASK_ID,
        episode_length_s=0.4,
        observations={
            "velocity": ObservationTerm(function=observations.joint_velocity, params={"joints": "all"}),
        },
        rewards={},
        reward_range=(-1.0, 0.0),
        terminations={},
        commands={"place": CommandTerm(function=place, size=1, curriculum="distance")},
        curriculum={"distance": CurriculumTerm(function=by_success, params={"step": 0.01}, start=0.3)},
        randomizations={"gravity": RandomizationTerm(function=gravity)},
        goal=GoalSpec(
            achieved=ObservationTerm(function=observations.joint_position, params={"joints": (CART,)}),
            command="place",
            threshold_m=0.05,
        ),
    )


def offer() -> None:
    """Register the task in this process."""
    if TASK_ID not in TASKS:
        register(
            TaskEntry(
                id=TASK_ID,
                factory="tests.engine.worker.goal_task:cart_reach",
                summary="Bring a cart to a place.",
                robot="cartpole",
                observation_size=4,
                action_size=1,
                goal_size=1,
                has_success=True,
                solved_return=-1.0,
                random_return=-20.0,
                episode_length_s=0.4,
                control_dt_s=0.02,
                licence="-",
            )
        )
