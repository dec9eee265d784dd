"""What the live screen shows of a goal task, a curriculum and randomisation."""

from pathlib import Path

from textual.pilot import Pilot

from engine.protocol.events import EvaluationDone, Metrics
from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import TaskFacts, write_facts
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.widgets.chart import Chart
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until


def live(pilot: Pilot[None]) -> LiveScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, LiveScreen))


async def loaded(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: any(isinstance(screen, LiveScreen) for screen in pilot.app.screen_stack))
    await until(pilot, lambda: live(pilot).view.step == 500)


def goal_run(folder: Path) -> RunDir:
    """A run of a goal task with a curriculum and randomisation: success rises to 0.5, two evaluations succeed less."""
    metrics = [
        Metrics(
            step=step,
            values={
                "rollout/ep_rew_mean": -40.0,
                "rollout/success_rate": step / 1000,
                "curriculum/terrain": 0.25,
                "randomization/link_mass": 12.5,
            },
        )
        for step in range(50, 501, 50)
    ]
    evaluations = [
        EvaluationDone(step=step, episodes=4, return_mean=-30.0, is_best=step == 500, success_rate=rate)
        for step, rate in ((250, 0.1), (500, 0.4))
    ]
    return make_run(folder, events=[*training()[:2], *metrics, *evaluations])


def test_success_is_a_key_number_and_the_second_chart(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        text = screen_text(pilot.app)
        assert "success 50%" in text.splitlines()[2]
        assert "evaluation: return -30.0 ± 0.0, success 40%, the best so far" in text
        await pilot.press("a")
        chart = live(pilot).query_one("#main-chart", Chart)
        assert chart.metric == "rollout/success_rate"
        assert chart.data is not None
        assert chart.data.marks == [(250, 0.1), (500, 0.4)]

    run = goal_run(tmp_path)
    drive(RlroboApp(tmp_path, run=run), play)


def test_a_level_is_a_key_number_where_the_side_panel_has_no_room(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        assert "terrain 25%" in screen_text(pilot.app).splitlines()[2]
        await pilot.press("a", "a")
        assert live(pilot).query_one("#main-chart", Chart).metric == "curriculum/terrain"

    run = goal_run(tmp_path)
    drive(RlroboApp(tmp_path, run=run), play)


def test_what_differs_from_the_task_stands_behind_its_name(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        assert "cartpole_balance  ·  terrain=rough, ground_friction  ·  PPO" in screen_text(pilot.app).splitlines()[0]

    run = goal_run(tmp_path)
    facts = TaskFacts(
        id="cartpole_balance",
        variant="terrain=rough, ground_friction",
        observation_size=4,
        action_size=1,
        control_dt_s=1,
    )
    write_facts(facts, run.facts)
    drive(RlroboApp(tmp_path, run=run), play)


def test_levels_and_draws_have_a_box_where_there_are_any(tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "terrain (level)" in screen_text(pilot.app))
        lines = screen_text(pilot.app).splitlines()
        assert any("terrain (level)" in line and "25%" in line for line in lines)
        assert any("link_mass" in line and "12.50" in line for line in lines)

    async def play_without(pilot: Pilot[None]) -> None:
        await loaded(pilot)
        await until(pilot, lambda: "effort" in screen_text(pilot.app))
        assert "levels and draws" not in screen_text(pilot.app)

    goals, others = tmp_path / "goals", tmp_path / "others"
    drive(RlroboApp(goals, run=goal_run(goals)), play, size=(120, 40))
    drive(RlroboApp(others, run=make_run(others, events=training())), play_without, size=(120, 40))
