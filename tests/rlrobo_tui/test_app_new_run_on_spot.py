"""A new run on a rented machine: what the form asks and says, and that it is a child process that rents."""

import asyncio
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.protocol.run_dir import RunDir
from rlrobo_tui import starting
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.new_run import NewRunScreen
from rlrobo_tui.twin import Output
from tests.rlrobo_tui.app_forms import form
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until
from tests.rlrobo_tui.paid_runs import send

ASKED = "Asking AWS for prices and quotas …"


class Child:
    """Stands for the command that rents: it answers when it may."""

    def __init__(self, answer: Output) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.may_answer = asyncio.Event()
        self._answer = answer

    async def run(self, *arguments: str) -> Output:
        self.calls.append(arguments)
        await self.may_answer.wait()
        return self._answer


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Callable[[Output], Child]:
    def use(answer: Output) -> Child:
        made = Child(answer)
        monkeypatch.setattr(starting, "run_command", made.run)
        return made

    return use


def test_the_form_rents_a_machine_by_a_child_and_opens_the_run(
    tmp_path: Path, child: Callable[[Output], Child], told: list[str], started: list[RunDir]
) -> None:
    run = make_run(tmp_path, events=training(), seed=9)
    rents = child(Output(0, json.dumps({"id": run.id, "dir": str(run.path)}) + "\n", "offers\n"))

    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+n", *"spot", "tab", "2", "tab", *"1.5")
        await until(pilot, lambda: screen.answers.max_hours == "1.5")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await until(pilot, lambda: "1.5 hours at the latest" in screen_text(pilot.app))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert rents.calls == []
        await pilot.press("ctrl+r", "y")
        await until(pilot, lambda: rents.calls)
        assert told == [ASKED]
        await pilot.press("ctrl+r", "y")
        await until(pilot, lambda: len(told) > 1)
        assert told[1] == "AWS is still being asked for the run before."
        rents.may_answer.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen) and pilot.app.screen.run_id == run.id)
        assert pilot.app.current == run  # type: ignore[attr-defined]
        assert rents.calls == [(*shlex.split(screen.command)[1:], "--detach", "--json")]
        assert rents.calls[0][-8:-2] == ("--on", "spot", "--max-price-total", "2", "--max-hours", "1.5")

    drive(RlroboApp(tmp_path), play)
    assert started == []


@pytest.mark.slow
def test_what_aws_refuses_is_said_in_the_form(tmp_path: Path, child: Callable[[Output], Child]) -> None:
    refusal = "us-east-1 has no stack rlrobo; make it with `rlrobo cloud deploy`."
    rents = child(Output(2, "", f"an offer\nrlrobo: {refusal}\n"))
    rents.may_answer.set()

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+n", "ctrl+n", *"spot", "ctrl+r", "y")
        await until(pilot, lambda: f"✗ {refusal}" in screen_text(pilot.app))
        await pilot.press("ctrl+r", "y")  # what was mended outside is tried again
        await until(pilot, lambda: len(rents.calls) == 2)

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_the_step_asks_for_limits_of_a_rented_machine_only(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "ctrl+n")
        await until(pilot, lambda: "cores, load" in screen_text(pilot.app) or "core, load" in screen_text(pilot.app))
        assert "dollars" not in screen_text(pilot.app)
        await pilot.press("down")
        assert screen.focused is screen.query_one("#num_envs")
        await pilot.press("up", *"spot")
        await until(pilot, lambda: "rlrobo cloud deploy" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "measures how fast" not in text
        assert "load" not in text
        assert not screen.may_measure
        await pilot.press("down", "0")
        assert screen.focused is screen.query_one("#max_price_total")
        await until(pilot, lambda: "expected dollars > 0, got 0. Nearest: 1." in screen_text(pilot.app))
        assert "✗ Hardware" in screen_text(pilot.app)
        await pilot.press("backspace", "ctrl+n")
        await until(pilot, lambda: "! limits" in screen_text(pilot.app))
        assert "✓ cores" not in screen_text(pilot.app)

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_the_answers_of_a_cloud_run_are_filled_in(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    send(run)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        screen = await form(pilot, "ctrl+n", "ctrl+n", "ctrl+l")
        await until(pilot, lambda: screen.query_one("#place", Input).value == "spot")
        assert "--on spot --max-hours 24" in screen.command

    drive(RlroboApp(tmp_path, run=run), play)


@pytest.mark.slow
def test_nothing_is_rented_while_the_app_is_read_only(tmp_path: Path, child: Callable[[Output], Child]) -> None:
    rents = child(Output(0, "", ""))

    async def play(pilot: Pilot[None]) -> None:
        await form(pilot, "ctrl+n", "ctrl+n", *"spot", "ctrl+o", "ctrl+r", "y")
        await pilot.pause()
        assert isinstance(pilot.app.screen, NewRunScreen)

    drive(RlroboApp(tmp_path), play)
    assert rents.calls == []
