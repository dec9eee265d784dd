"""What once left the app without ears, or failed while it was left: things that happen while widgets are taken away."""

import asyncio
import threading
from pathlib import Path

import pytest
from textual.widgets import Static

from engine.protocol.events import RunEnded
from engine.protocol.status import EndReason
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens import run_control
from tests.rlrobo_tui.app_runs import make_run, soon, training, until


class Lingering(Static):
    """Takes its time to go."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go = asyncio.Event()

    async def on_unmount(self) -> None:
        await self.may_go.wait()


def test_a_question_that_comes_while_the_app_is_left_does_not_break_that_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(tmp_path, events=[*training(), RunEnded(step=500, reason=EndReason.COMPLETED, message="")])
    is_measured = threading.Event()
    monkeypatch.setattr(run_control, "size_of", lambda _: is_measured.wait(60.0))
    app = RlroboApp(tmp_path)

    async def ask_late(lingering: Lingering, busy: asyncio.Event) -> None:
        page = app.screen
        await soon(lambda: app._next_callbacks)  # the app waits for the page's end; so did the question, in its place
        is_measured.set()
        await soon(lambda: not app._next_callbacks or all(worker.is_finished for worker in page.workers))
        lingering.may_go.set()  # the page ends, and with it what it had to ask
        await soon(lambda: not page.is_running)
        busy.set()

    async def leave() -> None:
        async with app.run_test() as pilot:
            page, lingering, busy = app.screen, Lingering(), asyncio.Event()
            await until(pilot, lambda: page.check_action("delete", ()))
            await page.mount(lingering)
            await pilot.press("X")
            app.call_later(busy.wait)
            late = asyncio.create_task(ask_late(lingering, busy))
        await late

    asyncio.run(leave())
    assert not app.crashes
