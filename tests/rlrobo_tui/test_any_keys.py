"""Whatever is pressed, the app neither fails nor ends by itself, and nothing ends or is deleted without a yes.

Another seed or number: `KEYS_SEED=7 NUM_KEYS=2000 pytest -m slow tests/rlrobo_tui/test_any_keys.py`. A failure writes
what was pressed into a file; `KEYS_FILE=FILE` presses just that again, and lines may be taken out of the file until
little is left of it.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from rlrobo_tui.app import RlroboApp
from tests.rlrobo_tui.harmless import Harmless, harmless
from tests.rlrobo_tui.random_keys import SIZES, Chance, play

NUM_SHOWN = 40
NUM_A_START = 2500
"""Keys after which the app is begun anew: what is remembered is read again."""


class Monkey:
    """Presses keys and looks whether all is well."""

    def __init__(self, world: Harmless, *, seed: int, again: Path | None = None) -> None:
        self._world = world
        self._chance = Chance(seed)
        self._sizes = Random(seed)
        self._left = again.read_text().splitlines() if again else None
        self._history: list[str] = []

    def press(self, num_keys: int) -> None:
        """Press so many keys, in as many apps as are left meanwhile. Raises AssertionError with what was pressed."""
        while len(self._chance.pressed) < num_keys and self._left != []:
            until = min(num_keys, len(self._chance.pressed) + NUM_A_START)
            asyncio.run(self._use_once(until))

    async def _use_once(self, until: int) -> None:
        """Press until the app is left, or long enough."""
        app, num_left = RlroboApp(self._world.runs_dir), self._world.num_left
        try:
            async with app.run_test(size=self._sizes.choice(SIZES[:3])) as pilot:
                await pilot.pause()
                while len(self._chance.pressed) < until and self._left != [] and not app._exit:
                    presses = self._next(app)
                    self._history += [f"{press}  ({type(app.screen).__name__})" for press in presses]
                    await play(app, presses)
                    assert not app.crashes, app.crashes[0]
                    assert not self._world.wrongs, self._world.wrongs
                assert not app._exit or self._world.num_left > num_left, "the app ended by itself"
        except BaseException as err:
            path = self._world.runs_dir.parent / "keys.txt"
            path.write_text("\n".join(self._chance.pressed))
            told = "\n".join(self._history[-NUM_SHOWN:])
            raise AssertionError(f"{err}\nafter these, the last of {path} (KEYS_FILE):\n{told}") from err

    def _next(self, app: RlroboApp) -> list[str]:
        if self._left is None:
            return self._chance.next(app.screen, (app.size.width, app.size.height))
        self._chance.pressed.append(self._left.pop(0))
        return self._chance.pressed[-1:]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harmless]:
    """A folder of runs of every state in which nothing is real."""
    with harmless(tmp_path, monkeypatch) as made:
        made.make_runs()
        yield made


def press_some(world: Harmless, *, num_keys: int) -> None:
    seed = int(os.environ.get("KEYS_SEED", "1"))
    again = os.environ.get("KEYS_FILE")
    Monkey(world, seed=seed, again=Path(again) if again else None).press(int(os.environ.get("NUM_KEYS", num_keys)))


def test_any_hundred_keys_do_no_harm(world: Harmless) -> None:
    press_some(world, num_keys=100)


@pytest.mark.slow
def test_any_ten_thousand_keys_do_no_harm(world: Harmless) -> None:
    press_some(world, num_keys=10_000)
