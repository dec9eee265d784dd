"""The robot beside the charts of a large terminal: when it plays, and what it costs when nobody looks."""

import pytest
from textual.pilot import Pilot

from engine.protocol.events import CheckpointSaved
from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.widgets.robot_tile import RobotTile
from tests.rlrobo_tui.app_replays import save
from tests.rlrobo_tui.app_runs import append, drive, make_run, screen_text, training, until

LARGE = (200, 60)


def tile(pilot: Pilot[None]) -> RobotTile:
    page = next(screen for screen in pilot.app.screen_stack if isinstance(screen, LiveScreen))
    return page.query_one(RobotTile)


async def playing(pilot: Pilot[None]) -> RobotTile:
    await until(pilot, lambda: any(isinstance(screen, LiveScreen) for screen in pilot.app.screen_stack))
    await until(pilot, lambda: tile(pilot).has_picture)
    return tile(pilot)


def saved(step: int) -> CheckpointSaved:
    return CheckpointSaved(step=step, path=f"checkpoints/{step:09}", reason="periodic", size_bytes=9)


def test_the_newest_checkpoint_plays_and_then_a_newer_one(played_run: RunDir) -> None:
    save(played_run, 500)

    async def play(pilot: Pilot[None]) -> None:
        robot = await playing(pilot)
        await until(pilot, lambda: "500 · return" in screen_text(pilot.app))
        robot.controls.speed = 0.0  # the episode is over after a few pictures
        save(played_run, 600)
        append(played_run, [saved(600)])
        await until(pilot, lambda: "600 · return" in screen_text(pilot.app))

    drive(RlroboApp(played_run.path.parent, run=played_run), play, size=LARGE)


def test_it_is_held_below_another_page_and_its_process_ends_with_its_own(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        robot = await playing(pilot)
        assert robot.player.feed is not None
        process = robot.player.feed._process
        await pilot.press("question_mark")
        await until(pilot, lambda: robot.player.asked and robot.player.asked.is_paused)
        await pilot.press("escape")
        await until(pilot, lambda: robot.player.asked and not robot.player.asked.is_paused)
        await pilot.press("1")
        await until(pilot, lambda: process.returncode is not None)

    drive(RlroboApp(played_run.path.parent, run=played_run), play, size=LARGE)


def test_b_ends_and_starts_it_and_the_choice_is_remembered(played_run: RunDir) -> None:
    async def switch_off(pilot: Pilot[None]) -> None:
        robot = await playing(pilot)
        await pilot.press("b")
        assert robot.player.feed is None
        await until(pilot, lambda: not robot.is_on_screen)
        await pilot.press("b", "b")

    async def stay_off(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query(RobotTile) and tile(pilot)._newest == 500)
        assert tile(pilot).player.feed is None
        await pilot.press("b")
        await playing(pilot)

    drive(RlroboApp(played_run.path.parent, run=played_run), switch_off, size=LARGE)
    drive(RlroboApp(played_run.path.parent, run=played_run), stay_off, size=LARGE)


@pytest.mark.parametrize("reason", ["ssh", pytest.param("low bandwidth", marks=pytest.mark.slow)])
def test_over_a_network_it_plays_only_when_asked(
    played_run: RunDir, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "ssh":
        monkeypatch.setenv("SSH_CONNECTION", "there")

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: pilot.app.screen.query(RobotTile) and tile(pilot)._newest == 500)
        assert tile(pilot).player.feed is None
        await pilot.press("b")
        await playing(pilot)

    options = Options(low_bandwidth=reason == "low bandwidth")
    drive(RlroboApp(played_run.path.parent, run=played_run, options=options), play, size=LARGE)


def test_a_checkpoint_that_cannot_play_says_why_and_the_next_one_tries_again(
    played_run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PLAYER", "load")

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "The checkpoint is damaged." in screen_text(pilot.app))
        monkeypatch.delenv("FAKE_PLAYER")
        append(played_run, [saved(600)])
        await playing(pilot)

    drive(RlroboApp(played_run.path.parent, run=played_run), play, size=LARGE)


def test_without_a_checkpoint_it_waits_for_the_first(played_run: RunDir) -> None:
    run = make_run(played_run.path.parent, events=training()[:-1], seed=2)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "No checkpoint yet;" in screen_text(pilot.app))
        append(run, [saved(500)])
        await playing(pilot)

    drive(RlroboApp(run.path.parent, run=run), play, size=LARGE)
