"""Find the live page in tests, and wait until it has read its run."""

from textual.pilot import Pilot

from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import until


def live(pilot: Pilot[None]) -> LiveScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, LiveScreen))


async def loaded(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: any(isinstance(screen, LiveScreen) for screen in pilot.app.screen_stack))
    await until(pilot, lambda: live(pilot).view.step == 500)
