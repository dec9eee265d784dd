"""The replay page: what it shows of a checkpoint, and what each key asks of the process that plays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.protocol.checkpoints import EvaluationResult, Manifest, new_checkpoint
from engine.protocol.errors import DisplayError
from engine.protocol.events import EvaluationDone
from engine.protocol.run_dir import RunDir
from engine.replay.wire import Wish
from rlrobo_tui import robot_feed
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens import replay_jobs
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.replay import ReplayScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.step_history import Steps
from rlrobo_tui.widgets.step_plots import StepPlot
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until

ROOT = Path(__file__).parents[2]
MEANS = {100: 20.0, 200: 90.0, 300: 70.0}
"""Mean return of each checkpoint's evaluation, by its timestep: the middle one is the best."""


def save(run: RunDir, step: int, return_mean: float | None = None) -> None:
    evaluation = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=3.0, episodes=9)
    manifest = Manifest(
        step=step, algorithm="ppo", task="t", reason="periodic", saved_at=0.0, files={}, evaluation=evaluation
    )
    with new_checkpoint(run.checkpoints, manifest):
        pass


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """A run with three evaluated checkpoints; a light process stands for the one that plays."""
    monkeypatch.setattr(robot_feed, "MODULE", "tests.rlrobo_tui.fake_player")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    run = make_run(tmp_path, events=training())
    for step, mean in MEANS.items():
        save(run, step, mean)
        append(run, [EvaluationDone(step=step, episodes=9, return_mean=mean, return_ci95=2.0)])
    return run


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app says in passing."""
    messages: list[str] = []
    monkeypatch.setattr(RlroboApp, "notify", lambda _, message, **__: messages.append(message))
    return messages


def replay(pilot: Pilot[None]) -> ReplayScreen:
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, ReplayScreen))


async def playing(pilot: Pilot[None]) -> ReplayScreen:
    """Open the page and wait for the first picture and the first events."""
    await pilot.press("4")
    await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
    page = replay(pilot)
    await until(pilot, lambda: page.has_picture and page.view.task)
    return page


async def asked(pilot: Pilot[None], page: ReplayScreen, is_so: Callable[[Wish], object]) -> None:
    """Wait until the process was asked for such a picture."""
    await until(pilot, lambda: page._asked is not None and is_so(page._asked))


def test_the_best_checkpoint_plays_beside_all_and_how_they_were_evaluated(run: RunDir) -> None:
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

    drive(RlroboApp(run.path.parent, run=run), play)


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


def test_every_key_of_playing_asks_for_what_it_says(run: RunDir) -> None:
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

    drive(RlroboApp(run.path.parent, run=run), play)


def test_steps_go_back_through_what_was_seen_and_then_on(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await until(pilot, lambda: step_of(page) > 3)
        await pilot.press("space")
        await until(pilot, lambda: page.feed and page.feed.is_free and page._asked and page._asked.is_paused)
        await pilot.pause()
        present = step_of(page)
        await pilot.press("comma", "comma")
        assert step_of(page) == present - 2
        assert "‖ 2 back" in screen_text(pilot.app)
        await pilot.press("full_stop", "full_stop")
        assert step_of(page) == present
        await pilot.press("full_stop")
        await until(pilot, lambda: step_of(page) == present + 1)

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_what_was_chosen_for_playing_is_there_the_next_time(run: RunDir) -> None:
    async def choose(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await pilot.press("greater_than_sign", "D", "C", "T")

    async def look(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await asked(pilot, page, lambda wish: (wish.speed, wish.is_deterministic, wish.num_shades) == (2.0, False, 7))
        assert page.controls.view == "orbit"

    drive(RlroboApp(run.path.parent, run=run), choose)
    drive(RlroboApp(run.path.parent, run=run), look)


def step_of(page: ReplayScreen) -> int:
    assert page.shown is not None
    return page.shown.frame.lanes[0].step


def test_j_and_k_go_through_the_checkpoints_and_stop_at_their_ends(run: RunDir, told: list[str]) -> None:
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
        assert page.command == f"rlrobo replay {run.id} --checkpoint 100 --seed 10000"

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_a_followed_run_plays_each_new_checkpoint_after_the_episode(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlrobo_tui.screens.replay.POLL_S", 0.01)

    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("F")
        await asked(pilot, page, lambda wish: wish.checkpoints == (300,))
        save(run, 400)
        await until(pilot, lambda: "400 plays next" in screen_text(pilot.app))
        assert page.controls.checkpoint == 300
        await pilot.press("greater_than_sign", "greater_than_sign", "greater_than_sign")
        await asked(pilot, page, lambda wish: wish.checkpoints == (400,))
        await until(pilot, lambda: "plays next" not in screen_text(pilot.app))
        await pilot.press("F")
        save(run, 500)
        await until(pilot, lambda: page.saved[0].step == 500)
        assert page.controls.checkpoint == 400

    drive(RlroboApp(run.path.parent, run=run), play)


def test_the_camera_goes_through_its_views_and_moves(run: RunDir) -> None:
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

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_two_checkpoints_play_side_by_side_where_there_is_room(run: RunDir) -> None:
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

    drive(RlroboApp(run.path.parent, run=run), play, size=(160, 48))


@pytest.mark.slow
def test_quality_and_full_view_change_what_is_drawn(run: RunDir) -> None:
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

    drive(RlroboApp(run.path.parent, run=run), play)


def test_escape_goes_back_and_the_process_ends(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        assert page.feed is not None
        process = page.feed._process
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        await until(pilot, lambda: process.returncode is not None)
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await playing(pilot)

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.parametrize(
    ("failure", "keys", "reason"),
    [
        ("load", [], "The checkpoint is damaged."),
        pytest.param("seed", ["S"], "Segmentation fault", marks=pytest.mark.slow),
    ],
)
def test_a_process_that_dies_is_a_banner_and_the_app_goes_on(
    run: RunDir, failure: str, keys: list[str], reason: str, *, monkeypatch: pytest.MonkeyPatch
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
        await until(pilot, lambda: not page.failed and page.feed and page.feed.is_free and page._asked)

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_another_checkpoint_starts_the_process_again(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PLAYER", "load")

    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen) and replay(pilot).failed)
        monkeypatch.delenv("FAKE_PLAYER")
        await pilot.press("J")
        await until(pilot, lambda: replay(pilot).has_picture)
        assert not replay(pilot).failed

    drive(RlroboApp(run.path.parent, run=run), play)


@pytest.mark.slow
def test_over_a_network_pictures_are_small_and_plots_half_as_frequent(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "there")
    plotted: list[Steps] = []
    monkeypatch.setattr(StepPlot, "show", lambda _, steps: plotted.append(steps))

    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await asked(pilot, page, lambda wish: (wish.width, wish.height) == (60, 60))
        await until(pilot, lambda: page._num_taken >= 6)
        assert len(plotted) == 2 * ((page._num_taken + 1) // 2)  # of the rewards and of the actions

    drive(RlroboApp(run.path.parent, run=run), play, size=(160, 48))


@pytest.mark.slow
def test_every_size_is_drawn_without_an_exception(run: RunDir) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        for size in [(200, 60), (60, 18), (40, 10), (1, 1), (20, 5), (120, 40)]:
            await pilot.resize_terminal(*size)
            await pilot.press("comma", "T", "C", "B", "space")

    drive(RlroboApp(run.path.parent, run=run), play)


def test_without_colour_pictures_are_characters_and_terms_have_textures(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await until(pilot, lambda: "-----" in screen_text(pilot.app))
        await until(pilot, lambda: "# alive +1.50  = effort -0.5" in screen_text(pilot.app))
        await pilot.press("T")
        assert replay(pilot).controls.quality.name == "characters"
        assert screen_text(pilot.app).isascii()

    drive(RlroboApp(run.path.parent, run=run, options=Options(ascii=True)), play, size=(120, 40))


class Job:
    """Stands for a child process beside the page."""

    made: list["Job"] = []  # noqa: RUF012

    def __init__(self, order: Any, *, listen: Any, over: Any) -> None:
        self.order, self.listen, self.over = order, listen, over
        self.is_stopped = False
        Job.made.append(self)

    def stop(self) -> None:
        self.is_stopped = True


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that the page starts."""
    monkeypatch.setattr(replay_jobs, "ChildJob", Job)
    monkeypatch.setattr(Job, "made", [])
    return Job.made


def test_a_recording_shows_its_progress_and_where_it_is(run: RunDir, jobs: list[Job], told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("V")
        (job,) = jobs
        path = run.path / "videos" / "000000200-seed10000.mp4"
        assert job.order.arguments[job.order.arguments.index("--out") + 1] == str(path)
        job.order.check()
        assert path.parent.is_dir()
        job.listen({"done": page._max_frames // 2})
        await until(pilot, lambda: "recording 50%" in screen_text(pilot.app))
        job.over(None)
        await until(pilot, lambda: told == [str(path)])
        assert "recording" not in screen_text(pilot.app)
        await pilot.press("V", "V")
        assert jobs[1].is_stopped
        await pilot.press("V")
        await pilot.press("escape")
        await until(pilot, lambda: jobs[2].is_stopped)

    drive(RlroboApp(run.path.parent, run=run), play)


def test_a_window_without_a_display_says_why_and_what_to_do(
    run: RunDir, jobs: list[Job], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)

    async def play(pilot: Pilot[None]) -> None:
        await playing(pilot)
        await pilot.press("g", "g")
        (job,) = jobs
        assert job.order.module == "engine.replay.gui"
        with pytest.raises(DisplayError) as raised:
            job.order.check()
        job.over(raised.value)
        await until(pilot, lambda: "DISPLAY is not set" in told[-1] and "V records one" in told[-1])
        await pilot.press("g")
        assert len(jobs) == 2

    drive(RlroboApp(run.path.parent, run=run), play)


def test_on_a_slow_line_no_robot_is_drawn_and_who_may_only_watch_records_nothing(run: RunDir, jobs: list[Job]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: "Robots are not drawn" in screen_text(pilot.app))
        assert replay(pilot).feed is None
        await pilot.press("J", "space", "V")
        assert replay(pilot).controls.checkpoint == 100
        assert jobs == []

    drive(RlroboApp(run.path.parent, run=run, options=Options(read_only=True, low_bandwidth=True)), play)
