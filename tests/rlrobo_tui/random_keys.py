"""What somebody might press: keys that mean something on the page in sight, others, the mouse, other sizes."""

from __future__ import annotations

import asyncio
import contextlib
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.screen import Screen

from rlrobo_tui.actions.registry import ACTIONS, actions_of
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.typed_confirm import TypedConfirm

SIZES = ((80, 24), (120, 40), (200, 60), (60, 18), (40, 10), (100, 30), (20, 5), (3, 1), (160, 50))
SPECIAL = (
    "up", "down", "left", "right", "enter", "escape", "tab", "shift+tab", "space", "backspace", "delete", "home", "end",
    "pageup", "pagedown", "f1", "f2", "f3", "f10", "shift+up", "shift+left", "ctrl+left", "ctrl+right", "insert",
)  # fmt: skip
CONTROL = tuple(f"ctrl+{letter}" for letter in string.ascii_lowercase)
PRINTABLE = (*string.ascii_letters, *string.digits, *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ", "é", "界", "😀")
WORDS = ("state:running", "reward>1e9", "[bold]", "ant_walk", "gym:Nothing-v0", "/no/such.urdf", "-1", "1e400", "x=[1")
LEAVING = ("q", "ctrl+q")
PATIENCE_S = 20.0
SLICE_S = 0.5
"""A machine that sleeps, or a process that is stopped, takes no more than this from the app's time to answer."""
NUM_TURNS = 3
"""How often the app's queue is emptied after keys: the first time they are handed to widgets, then those answer."""
LEAVES_SELDOM = 0.9
"""Part of the keys that would end the app that is not pressed: to begin again takes longer than a key."""
MOUSE = {
    "down": [events.MouseDown],
    "click": [events.MouseDown, events.MouseUp],
    "move": [events.MouseMove],
    "wheel_down": [events.MouseScrollDown],
    "wheel_up": [events.MouseScrollUp],
}


def keys_of(scope: str) -> list[str]:
    """Return the keys of one page."""
    return [key for action in actions_of(scope) for key in action.keys.split(",")]


POOLS = {
    "app": keys_of("app"),
    "any page": sorted({key for action in ACTIONS for key in action.keys.split(",")}),
    "special": SPECIAL,
    "control": CONTROL,
    "printable": PRINTABLE,
    "words": [f"paste:{words}" for words in WORDS],
}
KINDS = {"page": 55, "app": 12, "any page": 7, "special": 6, "control": 4, "printable": 6, "words": 1, "size": 2,
         "mouse": 7}  # fmt: skip
"""Of a hundred."""


@dataclass
class Chance:
    """Decides what is pressed next, by the page in sight; all of it follows from the seed and the pages."""

    seed: int
    pressed: list[str] = field(default_factory=list)
    """All of it, as `play` takes it."""

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def next(self, screen: Screen[object], size: tuple[int, int]) -> list[str]:
        """Return what is pressed next, some of it in one go, as somebody who types ahead does."""
        random = self._random
        count = random.choice((1, 1, 1, 2, 3, 5))
        found = [each for _ in range(count) for each in self._one(screen, size)]
        kept = [each for each in found if each not in LEAVING or random.random() > LEAVES_SELDOM]
        self.pressed += kept
        return kept

    def _one(self, screen: Screen[object], size: tuple[int, int]) -> list[str]:
        random, chance = self._random, self._random.random()
        if isinstance(screen, Confirm) and chance < 0.3:
            return [random.choice(("y", "n", "enter", "tab"))]
        if isinstance(screen, TypedConfirm) and chance < 0.3:
            return [f"paste:{screen._word}", "enter"]
        (kind,) = random.choices(list(KINDS), list(KINDS.values()))
        if kind == "page":
            return [random.choice(keys_of(getattr(screen, "SCOPE", "overlay")))]
        if kind == "size":
            return ["size:{}x{}".format(*random.choice(SIZES))]
        if kind == "mouse":
            return [f"{random.choice(list(MOUSE))}:{random.randrange(size[0])}x{random.randrange(size[1])}"]
        return [random.choice(POOLS[kind])]


async def play(app: App[None], presses: list[str]) -> None:
    """Hand them to the app as a terminal does, without a pause; return when it has heard them.

    Raises AssertionError where it never does.
    """
    for press in presses:
        for event in _events(app, press):
            event.set_sender(app)
            app.post_message(event)
    for _ in range(NUM_TURNS):
        has_heard = asyncio.Event()
        if app.call_later(has_heard.set):
            await _happens(has_heard)


async def _happens(event: asyncio.Event) -> None:
    for _ in range(round(PATIENCE_S / SLICE_S)):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), SLICE_S)
            return
    raise AssertionError(f"the app heard nothing for {PATIENCE_S:.0f} s")


def _events(app: App[None], press: str) -> Iterator[events.Event]:
    kind, _, what = press.partition(":")
    if not what:
        yield _key(press)
    elif kind == "paste":
        yield events.Paste(what)
    elif kind == "size":
        width, height = (int(number) for number in what.split("x"))
        assert app._driver is not None
        app._driver._size = (width, height)
        yield events.Resize(Size(width, height), Size(width, height))
    else:
        x, y = (int(number) for number in what.split("x"))
        for each in MOUSE[kind]:
            yield each(None, x, y, 0, 0, 1, False, False, False)


def _key(name: str) -> events.Key:
    if len(name) > 1:
        return events.Key(name, " " if name == "space" else None)
    return events.Key(name if name.isalnum() else _character_to_key(name), name)
