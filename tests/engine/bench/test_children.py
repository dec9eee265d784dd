"""Processes that answer, that fail and that die."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection

import pytest

from engine.bench.children import Child
from engine.protocol.errors import RlroboError, UsageError
from robots.errors import RobotError


def double(connection: Connection, factor: int) -> None:
    while True:
        connection.send(connection.recv() * factor)


def die(connection: Connection) -> None:
    connection.recv()
    os._exit(9)


def make_a_mistake(_: Connection, kind: type[Exception]) -> None:
    raise kind("what went wrong")


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    """Return a function that starts a child with a function of this file; it ends with the test."""
    with ExitStack() as stack:

        def start(work: Callable[..., None], *arguments: object) -> Child:
            child = Child("ours", f"{__name__}:{work.__name__}", *arguments)
            stack.callback(child.close)
            return child

        yield start


def test_it_answers_until_it_is_closed(start: Callable[..., Child]) -> None:
    child = start(double, 3)
    assert [child.ask(2), child.ask(5)] == [6, 15]
    child.close()
    child.close()


def test_one_that_dies_is_named(start: Callable[..., Child]) -> None:
    with pytest.raises(RlroboError, match=r"ours: its process died \(exit code 9\)"):
        start(die).ask(None)


@pytest.mark.parametrize(
    ("kind", "raised", "message"),
    [
        (UsageError, UsageError, "^what went wrong"),
        (RobotError, UsageError, "^what went wrong"),
        (RlroboError, RlroboError, "^what went wrong"),
        (ZeroDivisionError, RlroboError, "^ours: ZeroDivisionError: what went wrong"),
    ],
)
def test_its_errors_are_raised_here(
    start: Callable[..., Child], kind: type[Exception], raised: type[RlroboError], message: str
) -> None:
    with pytest.raises(RlroboError, match=message) as caught:
        start(make_a_mistake, kind).receive()
    assert type(caught.value) is raised
