"""Open the form for a new run in tests."""

from textual.pilot import Pilot

from rlrobo_tui.screens.new_run import NewRunScreen
from tests.rlrobo_tui.app_runs import screen_text, until

WIDE = (120, 40)


async def form(pilot: Pilot[None], *keys: str) -> NewRunScreen:
    """Open the form and, when the cursor stands in its first field, press keys in it."""
    await pilot.press("n")
    await until(pilot, lambda: isinstance(pilot.app.screen, NewRunScreen) and pilot.app.screen.is_mounted)
    screen = pilot.app.screen
    assert isinstance(screen, NewRunScreen)
    await until(pilot, lambda: "Robot" in screen_text(pilot.app) and _has_cursor(screen))
    for key in keys:
        await pilot.press(key)
    return screen


def _has_cursor(screen: NewRunScreen) -> bool:
    if not screen.query(f"#{screen.present}"):
        return False
    fields = screen.step.fields
    return not fields or screen.focused is fields[0]
