"""The live screen: what it shows of a run and how its keys steer the engine."""

import subprocess
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.events import Metrics, RunEnded, StatusChanged, Warned
from engine.protocol.json_lines import command_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.log import LogScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.banner import Banner
from rlrobo_tui.widgets.chart import Chart
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run that trains; this process stands for its engine."""
    run = make_run(tmp_path, events=training())
    hold(run)
    return run


def live(pilot: Pilot[None]) -> LiveScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, LiveScreen))


async def loaded(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: any(isinstance(screen, LiveScreen) for screen in pilot.app.screen_stack))
    await until(pilot, lambda: live(pilot).view.step == 500)


def commands(run: RunDir) -> list[str]:
    return [type(command).__name__ for command in command_reader(run.commands).read_new()]


def test_the_dashboard_shows_state_progress_and_chart(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "┤" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        for words in ("● RUN", "cartpole_balance", "500 / 1.00k", "50%", "2.00k steps/s", "return 100.0", "best 90.00"):
            assert words in text

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60), (40, 10), (20, 5)])
def test_every_size_is_drawn_without_an_exception(run: RunDir, size: tuple[int, int]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("question_mark", "escape", "e", "escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await pilot.press("n")
        await pilot.pause()

    drive(RlroboApp(run.path.parent, run=run), play, size=size)


def test_a_storm_of_resizes_is_survived(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        for width, height in [(200, 60), (40, 10), (120, 40), (80, 24), (1, 1), (100, 30)]:
            await pilot.resize_terminal(width, height)
        assert "cartpole_balance" in screen_text(pilot.app)

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.parametrize(("key", "command"), [("p", "Pause"), ("c", "SaveCheckpoint")])
def test_one_key_pauses_or_saves(run: RunDir, key: str, command: str) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press(key)

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == [command]


def test_the_pause_key_resumes_a_paused_run(run: RunDir) -> None:
    append(run, [StatusChanged(step=500, status=Status.PAUSED)])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("p")

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == ["Resume"]


@pytest.mark.parametrize("keys", [["s", "enter"], ["s", "escape"], ["s", "n", "s", "s", "q"]])
def test_nothing_stops_a_run_by_accident(run: RunDir, keys: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press(*keys)

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == []


def test_stop_needs_its_key_and_a_yes(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")

    drive(RlroboApp(run.path.parent, run=run), play)
    assert commands(run) == ["Stop"]


def test_a_run_that_is_over_takes_no_commands(tmp_path: Path) -> None:
    ended = RunEnded(step=500, reason=EndReason.DIVERGED, message="approx_kl became NaN at step 500.")
    run = make_run(tmp_path, events=[*training(), ended])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: live(pilot).view.status is Status.FAILED)
        await pilot.press("p", "c", "s", "y")
        await until(pilot, lambda: "approx_kl became NaN" in screen_text(pilot.app))
        assert "✗ FAILED" in screen_text(pilot.app)

    drive(RlroboApp(tmp_path, run=run), play)
    assert commands(run) == []


def test_a_killed_engine_raises_the_banner(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hold(run, engine.pid)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        assert not pilot.app.screen.query_one(Banner).display
        engine.kill()
        engine.wait()
        await until(pilot, lambda: pilot.app.screen.query_one(Banner).display)
        await until(pilot, lambda: "died without a word" in screen_text(pilot.app))
        assert "Last checkpoint at 500" in screen_text(pilot.app)

    drive(RlroboApp(tmp_path, run=run), play)
    assert OUTCOMES[EndReason.KILLED].status is Status.FAILED


def test_quit_leaves_the_engine_alone(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    hold(run, engine.pid)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("q")

    try:
        drive(RlroboApp(tmp_path, run=run), play)
        assert engine.poll() is None
        assert commands(run) == []
    finally:
        engine.kill()
        engine.wait()


def test_unreadable_lines_are_counted(run: RunDir) -> None:
    with run.events.open("ab") as file:
        file.write(b'{"type": "metrics", broken\n')

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "1 unreadable lines skipped" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_new_events_appear_while_one_looks(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        append(run, [Warned(step=510, code="x", message="the floor is wet")])
        await until(pilot, lambda: "the floor is wet" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_metric_and_smoothing_keys_change_the_chart(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        chart = pilot.app.screen.query_one("#main-chart", Chart)
        await pilot.press("a", "m")
        assert (chart.metric, live(pilot).lens.weight) == ("train/approx_kl", 0.97)
        await pilot.press("m")
        assert live(pilot).lens.weight == 0

    drive(RlroboApp(run.path.parent, run=run), play)


def test_any_metric_can_be_picked(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("A", "home", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert pilot.app.screen.query_one("#main-chart", Chart).metric == "reward/alive"

    drive(RlroboApp(run.path.parent, run=run), play)


def test_brackets_go_to_the_neighbouring_run_and_stop_at_the_end(tmp_path: Path) -> None:
    first = make_run(tmp_path, events=training(seed=1), seed=1)
    second = make_run(tmp_path, events=training(seed=2), seed=2)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: live(pilot).run_dir.id == first.id)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert live(pilot).run_dir.id == first.id

    drive(RlroboApp(tmp_path, run=second), play)


def test_wide_screens_show_reward_terms_and_endings(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "effort" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        for words in ("+120.0", "-20.00", "pole_fell", "100%", "approx_kl"):
            assert words in text

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 40))


def test_help_lists_the_keys_and_explains_the_metrics(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        text = screen_text(pilot.app)
        assert "Save a checkpoint now." in text
        assert "rollout/ep_rew_mean" in text

    drive(RlroboApp(run.path.parent, run=run), play, size=(100, 120))


@pytest.mark.parametrize("reason", list(EndReason))
def test_the_footer_of_a_run_that_is_over_fits_into_80_columns(run: RunDir, reason: EndReason) -> None:
    append(run, [RunEnded(step=500, reason=reason, message="Over.")])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: screen_text(pilot.app).rstrip().endswith("q Quit"))
        assert "Pause" not in screen_text(pilot.app).splitlines()[-1]

    drive(RlroboApp(run.path.parent, run=run), play)


def test_help_keeps_the_mark_of_a_state_and_its_word_on_one_line(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: "✗ FAILED" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play, size=(80, 80))


def test_the_log_page_shows_what_the_engine_printed(run: RunDir) -> None:
    run.engine_log.write_text("Traceback: [the] cause\n")

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        await until(pilot, lambda: "Traceback: [the] cause" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_a_folder_that_cannot_be_written_is_said_and_survived(run: RunDir) -> None:
    run.commands.mkdir()

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("c")
        await until(pilot, lambda: any("cannot write" in notice.message for notice in pilot.app._notifications))

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_ascii_mode_draws_only_ascii(run: RunDir, size: tuple[int, int]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "[*] RUN" in screen_text(pilot.app))
        assert screen_text(pilot.app).isascii()
        await pilot.press("escape")
        await until(pilot, lambda: "[*] RUN" in screen_text(pilot.app) and isinstance(pilot.app.screen, RunsScreen))
        assert screen_text(pilot.app).isascii()

    drive(RlroboApp(run.path.parent, run=run, options=Options(ascii=True)), play, size=size)


def test_a_curriculums_level_is_charted_by_itself(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        append(run, [Metrics(step=500, values={"curriculum/difficulty": 0.25})])
        await until(pilot, lambda: "curriculum/difficulty" in live(pilot).view.series)
        await until(pilot, lambda: "curriculum/difficulty" in [chart.metric for chart in live(pilot).query(Chart)])

    drive(RlroboApp(run.path.parent, run=run), play)


def test_e_saves_a_report_in_the_runs_folder_and_says_where(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("E")
        path = run.path / "report.html"
        await until(pilot, lambda: str(path) in [notice.message for notice in pilot.app._notifications])
        assert "cartpole_balance" in path.read_text()

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_a_report_that_cannot_be_written_is_said(run: RunDir) -> None:
    (run.path / "report.html").mkdir()

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("E")
        await until(pilot, lambda: any("report.html" in notice.message for notice in pilot.app._notifications))

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_a_large_terminal_shows_the_newest_runs_beside_the_charts(tmp_path: Path) -> None:
    first = make_run(tmp_path, events=training(seed=1), seed=1)
    second = make_run(tmp_path, events=training(seed=2), seed=2)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "›✗ cartpole_b…-ppo-s2  100.0" in screen_text(pilot.app))
        assert " ✗ cartpole_b…-ppo-s1" in screen_text(pilot.app)
        await pilot.click("#run-rail", offset=(5, 2))
        await until(pilot, lambda: live(pilot).run_dir.id == first.id)
        await until(pilot, lambda: "›✗ cartpole_b…-ppo-s1" in screen_text(pilot.app))
        await pilot.press("f")
        assert not live(pilot).query_one("#run-rail").display

    drive(RlroboApp(tmp_path, run=second), play, size=(200, 50))
