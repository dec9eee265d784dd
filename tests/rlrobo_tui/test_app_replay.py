"""The replay page: what it shows of a checkpoint, and what each key asks of the process that plays."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.replay import ReplayScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.step_plots import StepPlot
from tests.rlrobo_tui.app_replays import asked, playing, replay, step_of
from tests.rlrobo_tui.app_runs import drive, hold, make_run, screen_text, training, until


def test_the_best_checkpoint_plays_beside_all_and_how_they_were_evaluated(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await until(pilot, lambda: "▀" not in screen_text(pilot.app))  # both pixels of a cell are alike here
        text = screen_text(pilot.app)
        assert "Replay  cartpole_balance  ·  PPO  ·  seed 1" in text
        lines = [line.split("│")[1] for line in text.splitlines() if line.startswith("│")]
        assert [" ".join(line.split()) for line in lines[:3]] == [
            "↑ 300 70.00 ±2.00",
            "▸★ 200 90.00 ±2.00",
            "100 20.00 ±2.00",
        ]
        assert "▶ ×1 · follow · seed 10000" in text
        assert "200 · return " in text

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_no_run_and_no_checkpoint_name_the_key_that_helps(tmp_path: Path, told: list[str]) -> None:
    async def press_4(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: told)
        assert not any(isinstance(screen, ReplayScreen) for screen in pilot.app.screen_stack)

    drive(RlroboApp(tmp_path), press_4)
    assert "n starts one" in told.pop()
    run = make_run(tmp_path, events=training())
    drive(RlroboApp(tmp_path, run=run), press_4)
    assert "no engine that could save one; n starts a new run" in told.pop()
    hold(run)
    drive(RlroboApp(tmp_path, run=run), press_4)
    assert "c on its page (2) saves one" in told.pop()


def test_every_key_of_playing_asks_for_what_it_says(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await asked(pilot, page, lambda wish: wish.speed == 0.0)
        assert "as fast as possible" in screen_text(pilot.app)
        await pilot.press("less_than_sign")
        await asked(pilot, page, lambda wish: wish.speed == 4.0)
        await pilot.press("S")
        await asked(pilot, page, lambda wish: wish.seed == 10_001)
        await pilot.press("D")
        await asked(pilot, page, lambda wish: not wish.is_deterministic)
        assert "sampled actions" in screen_text(pilot.app)
        await pilot.press("space")
        await asked(pilot, page, lambda wish: wish.is_paused)
        assert "‖ paused" in screen_text(pilot.app)
        await pilot.press("space")
        await asked(pilot, page, lambda wish: not wish.is_paused)

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_steps_go_back_through_what_was_seen_and_then_on(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await until(pilot, lambda: step_of(page) > 3)
        await pilot.press("space")
        await until(pilot, lambda: page.player.is_free and page.player.asked and page.player.asked.is_paused)
        await pilot.pause()
        present = step_of(page)
        await pilot.press("comma", "comma")
        assert step_of(page) == present - 2
        assert "‖ 2 back" in screen_text(pilot.app)
        await pilot.press("full_stop", "full_stop")
        assert step_of(page) == present
        await pilot.press("full_stop")
        await until(pilot, lambda: step_of(page) == present + 1)

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_what_was_chosen_for_playing_is_there_the_next_time(played_run: RunDir) -> None:
    async def choose(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await pilot.press("greater_than_sign", "D", "C", "T")

    async def look(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await asked(pilot, page, lambda wish: (wish.speed, wish.is_deterministic, wish.num_shades) == (2.0, False, 7))
        assert page.controls.view == "orbit"

    drive(RlroboApp(played_run.path.parent, run=played_run), choose)
    drive(RlroboApp(played_run.path.parent, run=played_run), look)


def test_the_camera_goes_through_its_views_and_moves(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("h", "left", "l", "right", "l", "j", "plus", "minus", "plus")
        await asked(pilot, page, lambda wish: wish.camera.turn_deg == 10.0 and wish.camera.tilt_deg == 5.0)
        await pilot.press("k", "up")
        await asked(pilot, page, lambda wish: wish.camera.tilt_deg == -5.0 and wish.camera.zoom > 1)
        await pilot.press("C")
        await asked(pilot, page, lambda wish: wish.camera.view == "orbit" and 0 < wish.camera.turn_deg < 90)
        for view in ("front", "top", "follow"):
            await pilot.press("C")
            await asked(pilot, page, lambda wish, view=view: wish.camera.view == view)
        assert page.controls.zoom == 1.0

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_quality_and_full_view_change_what_is_drawn(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("T")
        await asked(pilot, page, lambda wish: wish.num_shades == 7)
        await pilot.press("T")
        await until(pilot, lambda: "-----" in screen_text(pilot.app))
        await pilot.press("f")
        await asked(pilot, page, lambda wish: wish.width == 80)
        assert "checkpoints" not in screen_text(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: "checkpoints" in screen_text(pilot.app))
        assert pilot.app.screen is page

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_escape_goes_back_and_the_process_ends(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        assert page.player.feed is not None
        process = page.player.feed._process
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        await until(pilot, lambda: process.returncode is not None)
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await playing(pilot)

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


@pytest.mark.slow
def test_over_a_network_pictures_are_small_and_plots_half_as_frequent(
    played_run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "there")
    plotted: set[int] = set()
    monkeypatch.setattr(StepPlot, "show", lambda plot, _: plotted.add(plot.screen._num_taken))

    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await asked(pilot, page, lambda wish: (wish.width, wish.height) == (60, 60))
        await until(pilot, lambda: page._num_taken >= 6)
        assert plotted  # a picture that comes before the page has its size has no plot yet
        assert all(number % 2 for number in plotted)

    drive(RlroboApp(played_run.path.parent, run=played_run), play, size=(160, 48))


@pytest.mark.slow
def test_every_size_is_drawn_without_an_exception(played_run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        for size in [(200, 60), (60, 18), (40, 10), (1, 1), (20, 5), (120, 40)]:
            await pilot.resize_terminal(*size)
            await pilot.press("comma", "T", "C", "B", "space")

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_without_colour_pictures_are_characters_and_terms_have_textures(
    played_run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await until(pilot, lambda: "-----" in screen_text(pilot.app))
        await until(pilot, lambda: "# alive +1.50  = effort -0.5" in screen_text(pilot.app))
        await pilot.press("T")
        assert replay(pilot).controls.quality.name == "characters"
        assert screen_text(pilot.app).isascii()

    drive(RlroboApp(played_run.path.parent, run=played_run, options=Options(ascii=True)), play, size=(120, 40))
