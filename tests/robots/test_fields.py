"""Mappings that people write become dataclasses, or an error that says where, what was seen and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest

from robots.errors import TaskDefinitionError
from robots.fields import in_words, read_dataclass, read_value


class Colour(Enum):
    RED = "of blood"
    GREEN = "of grass"


@dataclass(frozen=True, kw_only=True)
class Wheel:
    radius_m: float
    colour: Colour = Colour.RED


@dataclass(frozen=True, kw_only=True)
class Cart:
    name: str
    size_m: tuple[float, float]
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None
    load_kg: float | Mapping[str, float] = 0.0
    by_name: Mapping[str, Wheel] = field(default_factory=dict)


CART = {"name": "cart", "size_m": [1, 2.5]}


def read(**changes: object) -> Cart:
    return read_dataclass(Cart, {**CART, **changes}, "cart.yaml:")


def test_lists_names_and_mappings_become_what_the_fields_hold() -> None:
    cart = read(wheels=[{"radius_m": 1, "colour": "green"}], spare={"radius_m": 2}, by_name={"a": {"radius_m": 3}})
    assert cart.size_m == (1.0, 2.5)
    assert cart.wheels == (Wheel(radius_m=1.0, colour=Colour.GREEN),)
    assert (cart.spare, cart.by_name) == (Wheel(radius_m=2.0), {"a": Wheel(radius_m=3.0)})


@pytest.mark.parametrize("load", [3, {"left": 1.0, "right": 2}])
def test_a_field_of_two_kinds_takes_either(load: Any) -> None:
    assert read(load_kg=load).load_kg == load


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nam": "x"}, r"^cart.yaml: nam: unknown key; did you mean 'name'\?"),
        ({"name": 5}, r"^cart.yaml: name: expected text, got 5$"),
        ({"size_m": [1]}, r"^cart.yaml: size_m: expected a list of 2 numbers, got \[1\]$"),
        ({"size_m": [1, True]}, r"^cart.yaml: size_m: expected a list of 2 numbers"),
        (
            {"wheels": [{"radius_m": 1}, {"radius_m": "big"}]},
            r"^cart.yaml: wheels\[1\].radius_m: expected a number, got",
        ),
        ({"wheels": {"radius_m": 1}}, r"^cart.yaml: wheels: expected a list of values"),
        ({"spare": {}}, r"^cart.yaml: spare.radius_m: missing; expected a number$"),
        ({"spare": {"radius_m": 1, "colour": "gren"}}, r"^cart.yaml: spare.colour: got 'gren'; did you mean 'green'\?"),
        ({"spare": 4}, r"^cart.yaml: spare: expected `key: value` lines, got 4$"),
        ({"load_kg": {"left": "x"}}, r"^cart.yaml: load_kg.left: expected a number, got 'x'$"),
        ({"load_kg": float("nan")}, r"^cart.yaml: load_kg: got nan, which is not a number to compute with$"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(changes: dict[str, object], message: str) -> None:
    with pytest.raises(TaskDefinitionError, match=message):
        read(**changes)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(TaskDefinitionError, match=r"^cart.yaml: size_m: missing; expected a list of 2 numbers$"):
        read_dataclass(Cart, {"name": "cart"}, "cart.yaml:")


def test_null_is_allowed_where_the_field_may_be_none() -> None:
    assert read(spare=None).spare is None
    with pytest.raises(TaskDefinitionError, match=r"name: expected text, got None"):
        read(name=None)


def test_a_given_field_is_no_key() -> None:
    with pytest.raises(TaskDefinitionError, match=r"name: unknown key"):
        read_dataclass(Cart, CART, "cart.yaml:", name="given")


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (float, "a number"),
        (int | None, "a whole number or null"),
        (tuple[str, ...], "a list of names"),
        (Colour, "red or green"),
    ],
)
def test_annotations_are_said_in_words(hint: Any, words: str) -> None:
    assert in_words(hint) == words


def test_a_value_alone_can_be_read() -> None:
    assert read_value([1, 2, 3], tuple[float, ...], "here") == (1.0, 2.0, 3.0)
