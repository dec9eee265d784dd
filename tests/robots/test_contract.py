"""A task that breaks a promise of robots/contract.py is noticed; tests/test_every_task.py has those that keep them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robots.cartpole import CARTPOLE, cartpole_balance
from robots.contract import (
    actions_have_an_effect,
    batches_of,
    constant_elements,
    keeps_shapes_types_and_ranges,
    time_limit_truncates_and_does_not_terminate,
    two_resets_differ,
)
from robots.errors import ContractError
from robots.spec import EffortControl, ObservationTerm, TerminationTerm
from robots.terms import observations, terminations


def test_a_reward_outside_its_range_is_noticed() -> None:
    task = replace(cartpole_balance(), reward_range=(0.0, 0.5))
    with batches_of(task) as make, pytest.raises(ContractError, match=r"rewards 1 to 1 leave reward_range, "):
        keeps_shapes_types_and_ranges(make)


def test_equal_starts_are_noticed() -> None:
    task = replace(cartpole_balance(), resets={})
    with (
        batches_of(task) as make,
        pytest.raises(ContractError, match=r"every episode begins with the same observation; add a term to `resets`"),
    ):
        two_resets_differ(make)


def test_motors_without_effort_are_noticed() -> None:
    powerless = replace(CARTPOLE, control=EffortControl(effort=0.0))
    task = replace(cartpole_balance(), robot=powerless)
    with batches_of(task) as make, pytest.raises(ContractError, match=r"no action moves a joint"):
        actions_have_an_effect(make)


def test_an_episode_that_ends_in_its_first_step_is_noticed() -> None:
    fallen = TerminationTerm(function=terminations.base_below, params={"height_m": 10.0})
    task = replace(cartpole_balance(), terminations={"fallen": fallen})
    with batches_of(task) as make, pytest.raises(ContractError, match=r"the time limit does not truncate"):
        time_limit_truncates_and_does_not_terminate(make)


def test_an_element_that_never_changes_is_found() -> None:
    terms = {
        "angle": ObservationTerm(function=observations.joint_position, params={"joints": "all"}),
        "gravity": ObservationTerm(function=observations.gravity_direction_b),
    }
    with batches_of(replace(cartpole_balance(), observations=terms)) as make:
        assert constant_elements(make, num_steps=20) == [2, 3, 4]
