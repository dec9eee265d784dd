"""The live page: what it shows of a run."""

import threading
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from engine.protocol.events import Metrics, RunEnded, Warned
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.log import LogScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.tail import RunTail
from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.event_log import EventLog
from tests.rlrobo_tui.app_live import live, loaded
from tests.rlrobo_tui.app_runs import append, drive, make_run, screen_text, training, until


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


def test_what_was_known_is_there_at_once_when_one_comes_back(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    is_readable = threading.Event()

    def read_late(tail: RunTail) -> bool:
        is_readable.wait()
        return False

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await until(pilot, lambda: cast(RlroboApp, pilot.app).tails.has(run))
        monkeypatch.setattr(RunTail, "poll", read_late)
        await pilot.press("2")
        await until(pilot, lambda: "return 100.0" in screen_text(pilot.app))
        is_readable.set()

    drive(RlroboApp(run.path.parent, run=run), play)


def test_the_log_fills_the_room_that_it_has_now(run: RunDir) -> None:
    append(run, [Warned(step=500 + index, code="x", message=f"warning {index}") for index in range(20)])

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "warning 19" in screen_text(pilot.app))
        log = pilot.app.screen.query_one(EventLog)
        await until(pilot, lambda: screen_text(pilot.app).count("warning: ") == log.content_size.height)
        before = log.content_size.height
        live(pilot).remove_class("-tall").add_class("-xtall")  # as a banner that goes gives it room
        await until(pilot, lambda: log.content_size.height > before)
        await until(pilot, lambda: screen_text(pilot.app).count("warning: ") == log.content_size.height)

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 40))


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


def is_whole_footer_of_an_ended_run(line: str) -> bool:
    return line.endswith("q Quit") and "Pause" not in line


@pytest.mark.parametrize("reason", list(EndReason))
def test_the_footer_of_a_run_that_is_over_fits_into_80_columns(run: RunDir, reason: EndReason) -> None:
    append(run, [RunEnded(step=500, reason=reason, message="Over.")])

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: is_whole_footer_of_an_ended_run(screen_text(pilot.app).rstrip().splitlines()[-1]))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_help_keeps_the_mark_of_a_state_and_its_word_on_one_line(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("question_mark", "slash", *"states")
        await until(pilot, lambda: "✗ FAILED" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_the_log_page_shows_what_the_engine_printed(run: RunDir) -> None:
    run.engine_log.write_text("Traceback: [the] cause\n")

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen))
        await until(pilot, lambda: "Traceback: [the] cause" in screen_text(pilot.app))

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


@pytest.mark.slow
def test_a_large_terminal_shows_the_newest_runs_beside_the_charts(tmp_path: Path) -> None:
    first = make_run(tmp_path, events=training(seed=1), seed=1)
    second = make_run(tmp_path, events=training(seed=2), seed=2)

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "›✗ cartpole_…-ppo-s2   100.0" in screen_text(pilot.app))
        assert " ✗ cartpole_…-ppo-s1" in screen_text(pilot.app)
        await pilot.click("#run-rail", offset=(5, 2))
        await until(pilot, lambda: live(pilot).run_dir.id == first.id)
        await until(pilot, lambda: "›✗ cartpole_…-ppo-s1" in screen_text(pilot.app))
        await pilot.press("f")
        assert not live(pilot).query_one("#run-rail").display

    app = RlroboApp(tmp_path, run=second)
    app.memory.live.has_robot = False
    drive(app, play, size=(200, 50))


def test_the_log_page_goes_on_with_the_run_and_has_the_keys_of_a_pager(run: RunDir) -> None:
    run.engine_log.write_text("one\n" * 50 + "the end\n")

    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await pilot.press("e")
        await until(pilot, lambda: "the end" in screen_text(pilot.app))
        with run.engine_log.open("a") as file:
            file.write("more\n")
        await until(pilot, lambda: "more" in screen_text(pilot.app))
        await pilot.press("g")
        await until(pilot, lambda: "engine started" in screen_text(pilot.app))
        await pilot.press("space")
        await until(pilot, lambda: "engine started" not in screen_text(pilot.app))
        await pilot.press("b")
        await until(pilot, lambda: "engine started" in screen_text(pilot.app))
        await pilot.press("G")
        await until(pilot, lambda: "more" in screen_text(pilot.app))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_a_run_that_ended_is_drawn_whole_although_no_news_comes(tmp_path: Path) -> None:
    ended = [Metrics(step=500, values={"train/approx_kl": 0.01}), RunEnded(step=500, reason=EndReason.COMPLETED)]
    make_run(tmp_path, events=[*training(), *ended])
    app = RlroboApp(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: app.current)
        await pilot.press("2")
        await until(pilot, lambda: "approx_kl" in screen_text(app))

    drive(app, play, size=(120, 40))
