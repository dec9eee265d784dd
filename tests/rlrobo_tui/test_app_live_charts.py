"""The keys of the live page that change what its charts and panels show."""

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from engine.protocol.events import CheckpointSaved, Metrics, Resumed, RunEnded, StatusChanged
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.lens import XAxis
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.widgets.chart import Chart
from rlrobo_tui.widgets.event_log import EventLog
from rlrobo_tui.widgets.side_panel import SidePanel
from rlrobo_tui.widgets.sparklines import Sparklines
from tests.rlrobo_tui.app_live import live, loaded
from tests.rlrobo_tui.app_runs import append, drive, make_run, screen_text, until


def main_chart(pilot: Pilot[None]) -> Chart:
    return live(pilot).query_one("#main-chart", Chart)


async def drawn(pilot: Pilot[None]) -> None:
    await loaded(pilot)
    await until(pilot, lambda: "┤" in screen_text(pilot.app))


def test_zoom_pan_and_follow(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        lens, view = live(pilot).lens, live(pilot).view
        await pilot.press("equals_sign")
        assert lens.window(view) == (250, 500)
        assert "· part" in screen_text(pilot.app)
        await pilot.press("h")
        assert lens.window(view) == (187.5, 437.5)
        await pilot.press("l", "plus")
        assert lens.window(view) == (375, 500)
        await pilot.press("underscore")
        assert lens.window(view) == (250, 500)
        await pilot.press("0")
        assert lens.window(view) == (0, 500)

    drive(RlroboApp(run.path.parent, run=run), play)


def test_the_cursor_reads_all_charts_and_escape_takes_it_away(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        await pilot.press("i")
        await until(pilot, lambda: "at 500: raw 100.0" in screen_text(pilot.app))
        assert "at 500: raw 0.01" in screen_text(pilot.app)
        await pilot.press("h")
        assert live(pilot).lens.cursor == 500 - 500 / main_chart(pilot).area.width
        live(pilot).lens.cursor = 260
        await pilot.press("h")
        await until(pilot, lambda: "at 250: raw 50.00" in screen_text(pilot.app))
        await pilot.press("escape")
        assert live(pilot).lens.cursor is None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))

    app = RlroboApp(run.path.parent, run=run)
    app.memory.live.charts = ["train/approx_kl"]
    drive(app, play, size=(120, 40))


@pytest.mark.slow
def test_the_mouse_points_zooms_and_pulls(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        chart = main_chart(pilot)
        await pilot.click(chart, offset=(chart.area.left + 1 + chart.area.width // 2, 3))
        await until(pilot, lambda: live(pilot).lens.cursor is not None)
        assert live(pilot).lens.cursor == pytest.approx(250, abs=10)
        lens, view = live(pilot).lens, live(pilot).view
        middle = (chart.area.left + 1 + chart.area.width // 2, 3)
        await pilot._post_mouse_events([events.MouseScrollUp], chart, offset=middle)
        await until(pilot, lambda: lens.window(view) == pytest.approx((50, 450), abs=5))
        await pilot.press("escape")
        await pilot.mouse_down(chart, offset=middle)
        await pilot.hover(chart, offset=(middle[0] + chart.area.width // 10, 3))
        await pilot.mouse_up(chart, offset=(middle[0] + chart.area.width // 10, 3))
        await until(pilot, lambda: lens.window(view) == pytest.approx((10, 410), abs=8))
        assert lens.cursor is None  # pulling is not pointing
        await pilot._post_mouse_events([events.MouseScrollDown], chart, offset=middle)
        await until(pilot, lambda: lens.window(view) == (0, 500))

    drive(RlroboApp(run.path.parent, run=run), play)


def test_axes_and_smoothing_are_changed_and_remembered(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        await pilot.press("y", "x", "x", "m")
        await until(pilot, lambda: "ep_rew_mean · log" in screen_text(pilot.app))
        assert live(pilot).lens.x_axis is XAxis.ELAPSED
        assert "EMA 0.97" in screen_text(pilot.app)

    app = RlroboApp(run.path.parent, run=run)
    drive(app, play)
    assert (app.memory.live.log, app.memory.live.smoothing) == (["rollout/ep_rew_mean"], 0.97)

    async def play_again(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "ep_rew_mean · log" in screen_text(pilot.app))
        assert live(pilot).lens.x_axis is XAxis.ELAPSED
        await pilot.press("y", "x")
        assert live(pilot).lens.x_axis is XAxis.STEPS
        assert not main_chart(pilot).is_log

    drive(RlroboApp(run.path.parent, run=run), play_again)


def test_a_small_charts_metric_is_chosen_while_it_has_the_focus(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        await pilot.press("tab", "tab", "A", "home", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        small = live(pilot).query_one("#small-1", Chart)
        assert pilot.app.screen.focused is small
        assert small.metric == "reward/alive"
        assert main_chart(pilot).metric == "rollout/ep_rew_mean"
        await pilot.press("shift+tab")
        assert pilot.app.screen.focused is main_chart(pilot)

    app = RlroboApp(run.path.parent, run=run)
    drive(app, play, size=(120, 40))
    assert app.memory.live.charts[0] == "reward/alive"


def test_any_panel_can_have_the_whole_screen(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        for kind in (Chart, SidePanel, EventLog):
            panel = live(pilot).query(kind).first()
            panel.focus()
            await pilot.press("f")
            await until(pilot, lambda panel=panel: panel.outer_size.height > 30 and panel.outer_size.width == 120)
            assert "● RUN" in screen_text(pilot.app)
            assert [each for each in live(pilot).query(".panel") if each.is_on_screen] == [panel]
            await pilot.press("escape")
            await until(pilot, lambda panel=panel: panel.outer_size.height < 30 or panel.outer_size.width < 120)

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 40))


@pytest.mark.slow
def test_layouts_show_more_or_fewer_charts(run: RunDir) -> None:
    def num_shown(pilot: Pilot[None]) -> int:
        return sum(chart.is_on_screen for chart in live(pilot).query(Chart))

    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        assert num_shown(pilot) == 3
        await pilot.press("L")
        await until(pilot, lambda: num_shown(pilot) == 5)
        await pilot.press("L")
        await until(pilot, lambda: num_shown(pilot) == 1)
        assert not live(pilot).query_one(SidePanel).is_on_screen
        await pilot.press("L")
        await until(pilot, lambda: num_shown(pilot) == 3)

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 40))


def test_the_side_panel_scrolls_by_keys(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        side = live(pilot).query_one(SidePanel)
        await until(pilot, lambda: side.max_scroll_y > 0)
        await pilot.press("j")
        await until(pilot, lambda: side.scroll_y == 1)
        await pilot.press("k")
        await until(pilot, lambda: side.scroll_y == 0)

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 20))


def test_restarts_and_a_divergence_are_marked_in_the_chart(run: RunDir) -> None:
    append(
        run,
        [
            Resumed(step=300, discarded_steps=200, total_timesteps=1000),
            StatusChanged(step=300, status=Status.RUNNING),
            CheckpointSaved(step=400, path="checkpoints/000000400"),
            Metrics(step=500, values={"rollout/ep_rew_mean": 50.0}),
            RunEnded(step=500, reason=EndReason.DIVERGED, message="train/loss is not finite."),
        ],
    )

    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        await until(pilot, lambda: "rlrobo fork" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        for words in ("╎200 again", "diverged", "train/loss is not finite.", "algorithm.learning_rate="):
            assert words in text
        assert live(pilot).command.startswith("rlrobo fork")

    drive(RlroboApp(run.path.parent, run=run), play, size=(120, 40))


def test_low_bandwidth_shows_sparklines_only(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "▁" in screen_text(pilot.app))
        assert live(pilot).query_one(Sparklines).is_on_screen
        assert not main_chart(pilot).is_on_screen
        assert "return" in screen_text(pilot.app)

    drive(RlroboApp(run.path.parent, run=run, options=Options(low_bandwidth=True)), play)


def test_empty_lines_of_a_chart_are_drawn_without_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "no value yet" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path, run=make_run(tmp_path, events=[])), play)


def test_nothing_is_drawn_twice(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        chart = main_chart(pilot)
        before = chart.data
        live(pilot).draw()
        assert chart.data is before
        append(run, [Metrics(step=550, values={"rollout/ep_rew_mean": 200.0})])
        await until(pilot, lambda: chart.data is not before)

    drive(RlroboApp(run.path.parent, run=run), play)


def test_charts_have_the_ground_of_the_theme_and_not_that_of_the_terminal(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await drawn(pilot)
        chart = main_chart(pilot)
        grounds = {segment.style and segment.style.bgcolor for segment in chart.render_line(2)}
        assert grounds == {chart.rich_style.bgcolor}

    drive(RlroboApp(run.path.parent, run=run), play)
