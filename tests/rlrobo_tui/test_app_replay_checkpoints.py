"""Which checkpoints play on the replay page: chosen, followed, side by side, and after one that cannot play."""

import pytest
from textual.pilot import Pilot

from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.replay import ReplayScreen
from tests.rlrobo_tui.app_replays import asked, playing, replay, save
from tests.rlrobo_tui.app_runs import drive, screen_text, until


def test_j_and_k_go_through_the_checkpoints_and_stop_at_their_ends(played_run: RunDir, told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("J")
        await asked(pilot, page, lambda wish: wish.checkpoints == (100,))
        await pilot.press("J")
        assert "oldest" in told[-1]
        await pilot.press("K", "K")
        await asked(pilot, page, lambda wish: wish.checkpoints == (300,))
        await pilot.press("K")
        assert "newest" in told[-1]
        await pilot.click("#rail", offset=(5, 3))
        await asked(pilot, page, lambda wish: wish.checkpoints == (100,))
        assert page.command == f"rlrobo replay {played_run.id} --checkpoint 100 --seed 10000"

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_a_followed_run_plays_each_new_checkpoint_after_the_episode(
    played_run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlrobo_tui.screens.replay.POLL_S", 0.01)

    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("F")
        await asked(pilot, page, lambda wish: wish.checkpoints == (300,))
        save(played_run, 400)
        await until(pilot, lambda: "400 plays next" in screen_text(pilot.app))
        assert page.controls.checkpoint == 300
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await asked(pilot, page, lambda wish: wish.checkpoints == (400,))
        await until(pilot, lambda: "plays next" not in screen_text(pilot.app))
        await pilot.press("F")
        save(played_run, 500)
        await until(pilot, lambda: page.saved[0].step == 500)
        assert page.controls.checkpoint == 400

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_two_checkpoints_play_side_by_side_where_there_is_room(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await until(pilot, lambda: "effort -0.5" in screen_text(pilot.app))
        assert "cart" in screen_text(pilot.app)
        await pilot.press("K", "B")
        await asked(pilot, page, lambda wish: wish.checkpoints == (300, 200))
        await until(pilot, lambda: page.shown and len(page.shown.pictures) == 2)
        await until(pilot, lambda: "200 · return" in screen_text(pilot.app))
        assert "300 · return" in screen_text(pilot.app)
        await pilot.resize_terminal(120, 40)
        await asked(pilot, page, lambda wish: wish.checkpoints == (300,))
        await pilot.press("B")
        assert page.controls.beside is None

    drive(RlroboApp(played_run.path.parent, run=played_run), play, size=(160, 48))


@pytest.mark.parametrize(
    ("failure", "keys", "reason"),
    [
        ("load", [], "The checkpoint is damaged."),
        pytest.param("seed", ["S"], "Segmentation fault", marks=pytest.mark.slow),
    ],
)
def test_a_process_that_dies_is_a_banner_and_the_app_goes_on(
    played_run: RunDir, failure: str, keys: list[str], reason: str, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PLAYER", failure)

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
        page = replay(pilot)
        if keys:
            await until(pilot, lambda: page.has_picture)
        await pilot.press(*keys)
        await until(pilot, lambda: reason in screen_text(pilot.app).replace("\n", " "))
        assert "r try again" in screen_text(pilot.app)
        monkeypatch.delenv("FAKE_PLAYER")
        await pilot.press("r")
        await until(pilot, lambda: not page.failed and page.player.is_free and page.player.asked)

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_another_checkpoint_starts_the_process_again(played_run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PLAYER", "load")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen) and replay(pilot).failed)
        monkeypatch.delenv("FAKE_PLAYER")
        await pilot.press("J")
        await until(pilot, lambda: replay(pilot).has_picture)
        assert not replay(pilot).failed

    drive(RlroboApp(played_run.path.parent, run=played_run), play)
