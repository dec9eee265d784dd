"""What the command palette offers besides actions: every run by its name, and our themes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from engine.launch import find_engine
from engine.protocol.commands import Stop, send_command
from engine.protocol.errors import StorageError
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.themes import THEMES

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

NUM_OFFERED = 3
"""Runs that are offered before anything is typed."""


class Offer(NamedTuple):
    """A command of the palette."""

    text: str
    """What is typed: `stop 20260101T120000Z-ant_walk-ppo-s1`, or some letters of it."""
    help: str
    do: Callable[[], object]


class Offers(Provider):
    """Finds offers by some of their letters."""

    def offers(self) -> Iterator[Offer]:
        """Yield all."""
        raise NotImplementedError

    @property
    def rlrobo(self) -> RlroboApp:
        """The app, as what it is."""
        return self.app  # type: ignore[return-value]

    async def search(self, query: str) -> Hits:
        """Yield what fits the letters that were typed."""
        matcher = self.matcher(query)
        for offer in self.offers():
            score = matcher.match(offer.text)
            if score > 0:
                yield Hit(score, matcher.highlight(offer.text), offer.do, text=offer.text, help=offer.help)


class RunOffers(Offers):
    """Open, replay or stop a run wherever you are."""

    async def startup(self) -> None:
        """Read which runs there are."""
        self._runs: list[tuple[RunDir, bool]] = await asyncio.to_thread(_runs, self.rlrobo)

    async def discover(self) -> Hits:
        """Offer the newest runs."""
        for run, _ in self._runs[:NUM_OFFERED]:
            yield DiscoveryHit(f"open {run.id}", partial(self.rlrobo.watch_run, run), help="Watch this run.")

    def offers(self) -> Iterator[Offer]:
        """Yield what each run allows now."""
        for run, has_engine in self._runs:
            yield Offer(f"open {run.id}", "Watch this run.", partial(self.rlrobo.watch_run, run))
            yield Offer(f"replay {run.id}", "See what it has learned.", partial(self._replay, run))
            if has_engine and not self.rlrobo.is_read_only:
                yield Offer(f"stop {run.id}", "Save a checkpoint and end it; asks.", partial(self._stop, run))

    def _replay(self, run: RunDir) -> None:
        self.rlrobo.current = run
        self.rlrobo.go("replay")

    def _stop(self, run: RunDir) -> None:
        app = self.rlrobo

        def answer(is_yes: bool | None) -> None:
            if not is_yes:
                return
            try:
                send_command(run.commands, Stop())
            except StorageError as err:
                app.notify(str(err), severity="error", markup=False)
            else:
                app.notify(f"Stopping {run.id}.", markup=False)

        consequence = "It saves a checkpoint and ends. A stopped run does not go on by itself."
        app.push_screen(Confirm(f"Stop {run.id}?", consequence=consequence, verb="Stop"), answer)


class ThemeOffers(Offers):
    """Our themes; a choice is kept in settings.yaml."""

    async def discover(self) -> Hits:
        """Offer all of them."""
        for offer in self.offers():
            yield DiscoveryHit(offer.text, offer.do)

    def offers(self) -> Iterator[Offer]:
        """Yield each theme."""
        for name in THEMES:
            yield Offer(name, "", partial(self.rlrobo.prefer, "theme", name))


def _runs(app: RlroboApp) -> list[tuple[RunDir, bool]]:
    """Return every run, and whether it has an engine."""
    return [(run, find_engine(run) is not None) for run in list_runs(app.runs_dir)]
