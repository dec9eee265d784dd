"""The page that compares runs."""

import re
from itertools import count
from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.config import RunConfig
from engine.protocol.events import Metrics, RunEnded, RunStarted
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir, create_run
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.lens import XAxis
from rlrobo_tui.screens.compare import CompareScreen
from rlrobo_tui.screens.dialogs import PickMetric
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_runs import NOWHERE, append, drive, make_run, screen_text, training, until
from tests.rlrobo_tui.paid_runs import pay

RETURN, KL = "rollout/ep_rew_mean", "train/approx_kl"
START = 1_800_000_000.0
OTHER_CONFIG = {"num_envs": 16}


def make(runs_dir: Path, seed: int, factor: float, *, steps: int = 1000, **settings: int) -> RunDir:
    """Make an ended run whose return is `factor` times the timestep, over 1000; 10 s lie between two events."""
    config = RunConfig(task="ant_walk", total_timesteps=1000, seed=seed, **settings)  # type: ignore[arg-type]
    run = create_run(runs_dir, config, NOWHERE)
    values = [Metrics(step=step, values={RETURN: factor * step / 1000, KL: 0.01}) for step in range(0, steps + 1, 100)]
    writer = EventWriter(run.events, clock=count(START, 10).__next__)
    for event in (RunStarted(task="ant_walk", seed=seed, total_timesteps=1000), *values, RunEnded(step=steps)):
        writer.write(event)
    writer.close()
    return run


def make_seeds(runs_dir: Path) -> list[RunDir]:
    """Make two seeds of one configuration and one of another."""
    return [make(runs_dir, 1, 100.0), make(runs_dir, 2, 110.0), make(runs_dir, 3, 300.0, **OTHER_CONFIG)]


def comparing(runs_dir: Path, marked: list[RunDir], *, ascii: bool = False) -> RlroboApp:
    app = RlroboApp(runs_dir, options=Options(ascii=ascii))
    app.memory.marks = [run.id for run in marked]
    return app


async def opened(pilot: Pilot[None]) -> CompareScreen:
    """Press the digit and wait until something is drawn."""
    await pilot.press("3")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen) and pilot.app.screen.curves)
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


def rows(pilot: Pilot[None]) -> list[str]:
    """Return the lines of the table below its header."""
    lines = screen_text(pilot.app).splitlines()
    start = next(index for index, line in enumerate(lines) if " run " in line and "difference" in line)
    return [line for line in lines[start + 1 :] if re.match(" [A-H] ", line)]


def test_marked_runs_are_compared_in_the_order_of_their_marks(tmp_path: Path) -> None:
    runs = make_seeds(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        await until(pilot, lambda: len(rows(pilot)) == 2)
        first, second = rows(pilot)
        assert first.split()[:4] == ["A", "━━━", "ant_walk-ppo-s3", "1"]
        assert "+" not in first
        assert all(words in second for words in ("B ━ ━", "ant_walk-ppo-s1", "100.0", "-200.0", "one seed"))
        assert "A s3" in screen_text(pilot.app)  # at the end of its line
        assert screen.command == f"rlrobo compare {runs[2].id} {runs[0].id} --metric {RETURN}"

    drive(comparing(tmp_path, [runs[2], runs[0]]), play)


def test_returns_of_different_tasks_are_not_called_comparable(tmp_path: Path) -> None:
    tasks = ("cartpole_balance", "inverted_pendulum_swingup")
    runs = [make_run(tmp_path, events=training(task), task=task) for task in tasks]

    async def play(pilot: Pilot[None]) -> None:
        await opened(pilot)
        words = "2 runs · of different tasks: their returns do not compare"
        await until(pilot, lambda: words in screen_text(pilot.app))

    drive(comparing(tmp_path, runs), play)


def test_without_marks_the_current_run_meets_the_newest_of_its_task(tmp_path: Path) -> None:
    make_run(tmp_path, events=[], task="cartpole_balance")
    current = make_seeds(tmp_path)[0]

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        assert [curve.name for curve in screen.curves] == ["ant_walk-ppo-s1", "ant_walk-ppo-s3"]

    app = RlroboApp(tmp_path)
    app.current = current
    drive(app, play)


def test_a_single_run_is_not_compared(tmp_path: Path) -> None:
    make_run(tmp_path, events=[])

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("3")
        assert isinstance(pilot.app.screen, RunsScreen)
        assert "mark them with space" in [note.message for note in pilot.app._notifications][-1]

    drive(RlroboApp(tmp_path), play)


def test_seeds_become_their_mean_with_an_interval(tmp_path: Path) -> None:
    app = comparing(tmp_path, make_seeds(tmp_path))

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        await pilot.press("g")
        await until(pilot, lambda: len(rows(pilot)) == 2)
        assert "means over seeds ± 95 % (t)" in screen_text(pilot.app)
        assert "105.0 ± 63.53" in rows(pilot)[0]  # 12.706 * sqrt(50) / sqrt(2)
        assert screen.command.endswith("--aggregate")
        await pilot.press("d")
        await until(pilot, lambda: "num_envs   8  16" in screen_text(pilot.app))
        assert "│ seed" not in screen_text(pilot.app)
        await until(pilot, lambda: "105.0 ± 63.53" in rows(pilot)[0] and len(rows(pilot)) == 2)
        with_band = screen_text(pilot.app)
        await pilot.press("b")
        await until(pilot, lambda: "± 95 % (t)" not in screen_text(pilot.app))
        assert screen_text(pilot.app).count("⢕") < with_band.count("⢕") or "⢕" not in with_band

    drive(app, play, size=(120, 40))
    assert app.memory.compare.is_aggregated
    assert not app.memory.compare.has_band


def test_keys_change_what_is_compared_and_over_what(tmp_path: Path) -> None:
    app = comparing(tmp_path, make_seeds(tmp_path))

    async def play(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("m", "x", "x")
        await until(pilot, lambda: "over time since the start · EMA 0.97" in screen_text(pilot.app))
        await pilot.press("x", "a")
        await until(pilot, lambda: "╭─ train/approx_kl" in screen_text(pilot.app))
        await pilot.press("A")
        await until(pilot, lambda: isinstance(pilot.app.screen, PickMetric))
        await pilot.press("k", "enter")
        await until(pilot, lambda: f"╭─ {RETURN}" in screen_text(pilot.app))

    drive(app, play)
    assert app.memory.compare.x_axis == XAxis.STEPS.value


def test_runs_with_a_price_are_aligned_on_cost_and_others_are_left_out_and_named(tmp_path: Path) -> None:
    runs = make_seeds(tmp_path)
    for run, price_usd_h in zip(runs[:2], (1.0, 2.0), strict=True):
        pay(run, (START - 70, START + 110, price_usd_h))
    app = comparing(tmp_path, runs)

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        assert "cost" in screen_text(pilot.app)
        await pilot.press("x", "x", "x")
        await until(pilot, lambda: "C trained here: no price; it is left out" in screen_text(pilot.app))
        await until(pilot, lambda: "over cost" in screen_text(pilot.app) and "$0.05" in screen_text(pilot.app))
        assert screen.command.endswith("--x cost")
        await pilot.press("g")
        await until(pilot, lambda: "B trained here: no price; it is left out" in screen_text(pilot.app))
        await pilot.press("x")
        await until(pilot, lambda: "over steps" in screen_text(pilot.app))

    drive(app, play, size=(120, 40))


def test_cost_is_no_choice_where_no_run_has_a_price(tmp_path: Path, told: list[str]) -> None:
    app = comparing(tmp_path, make_seeds(tmp_path))
    app.memory.compare.x_axis = XAxis.COST.value

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        assert screen.lens.x_axis is XAxis.STEPS
        await pilot.press("x", "x", "x")
        assert screen.lens.x_axis is XAxis.STEPS
        assert told == ["Not over cost: these runs were trained here, at no price."]

    drive(app, play)


def test_lines_are_inspected_zoomed_hidden_and_opened(tmp_path: Path) -> None:
    app = comparing(tmp_path, make_seeds(tmp_path))

    async def play(pilot: Pilot[None]) -> None:
        screen = await opened(pilot)
        await pilot.press("m", "m", "i", "h")  # not smoothed
        await until(pilot, lambda: "at 9" in screen_text(pilot.app) and "C 29" in screen_text(pilot.app))
        await pilot.press("l", "equals_sign", "equals_sign")
        assert screen.lens.window(screen.span) == (750.0, 1000.0)
        await pilot.press("i", "h", "underscore", "0")
        assert screen.lens.window(screen.span) == (0.0, 1000.0)
        await pilot.press("j", "space")
        await until(pilot, lambda: "B hid" in screen_text(pilot.app))
        assert "B s2" not in screen_text(pilot.app)
        await pilot.press("space", "k", "t")
        await until(pilot, lambda: "difference" not in screen_text(pilot.app))
        await pilot.press("t", "j", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert app.current is not None
        assert app.current.id.endswith("-s3")
        await pilot.press("3")
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))

    drive(app, play)


def test_only_keys_in_which_configurations_differ_are_shown(tmp_path: Path) -> None:
    runs = make_seeds(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "num_envs   8  16" in screen_text(pilot.app))
        assert "clip_range" not in screen_text(pilot.app)
        await pilot.press("d")
        await until(pilot, lambda: "num_envs" not in screen_text(pilot.app))

    drive(comparing(tmp_path, [runs[0], runs[2]]), play)


@pytest.mark.slow
def test_a_run_that_goes_on_moves_its_line_and_a_metric_without_values_is_said(tmp_path: Path) -> None:
    runs = make_seeds(tmp_path)
    late = make_run(tmp_path, events=[RunStarted(task="ant_walk", total_timesteps=1000)], task="ant_walk", seed=9)

    async def play(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await until(pilot, lambda: "no value" in screen_text(pilot.app))
        append(late, [Metrics(step=100, values={RETURN: 5.0}), Metrics(step=200, values={RETURN: 777.0})])
        await until(pilot, lambda: any("777.0" in row for row in rows(pilot)))

    drive(comparing(tmp_path, [runs[0], late]), play)


@pytest.mark.slow
def test_ascii_has_a_sign_of_its_own_for_each_line(tmp_path: Path) -> None:
    app = comparing(tmp_path, make_seeds(tmp_path), ascii=True)

    async def play(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await until(pilot, lambda: len(rows(pilot)) == 3)
        assert [row.split()[1] for row in rows(pilot)] == ["***", "===", ":::"]
        assert screen_text(pilot.app).isascii()

    drive(app, play, size=(60, 18))
