"""Open the replay page in tests, and save checkpoints for it."""

from collections.abc import Callable

from textual.pilot import Pilot

from engine.protocol.checkpoints import EvaluationResult, Manifest, new_checkpoint
from engine.protocol.run_dir import RunDir
from engine.replay.wire import Wish
from rlrobo_tui.screens.replay import ReplayScreen
from tests.rlrobo_tui.app_runs import until

MEANS = {100: 20.0, 200: 90.0, 300: 70.0}
"""Mean return of each checkpoint's evaluation, by its timestep: the middle one is the best."""


def save(run: RunDir, step: int, return_mean: float | None = None) -> None:
    evaluation = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=3.0, episodes=9)
    manifest = Manifest(
        step=step, algorithm="ppo", task="t", reason="periodic", saved_at=0.0, files={}, evaluation=evaluation
    )
    with new_checkpoint(run.checkpoints, manifest):
        pass


def replay(pilot: Pilot[None]) -> ReplayScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ReplayScreen))


async def playing(pilot: Pilot[None]) -> ReplayScreen:
    """Open the page and wait for the first picture and the first events."""
    await pilot.press("4")
    await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
    page = replay(pilot)
    await until(pilot, lambda: page.has_picture and page.view.task)
    return page


async def asked(pilot: Pilot[None], page: ReplayScreen, is_so: Callable[[Wish], object]) -> None:
    """Wait until the process was asked for such a picture."""
    await until(pilot, lambda: page.player.asked is not None and is_so(page.player.asked))


def step_of(page: ReplayScreen) -> int:
    assert page.shown is not None
    return page.shown.frame.lanes[0].step
