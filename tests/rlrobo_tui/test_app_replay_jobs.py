"""What the replay page starts beside itself: a recording, and a window."""

from typing import Any

import pytest
from textual.pilot import Pilot

from engine.protocol.errors import DisplayError
from engine.protocol.run_dir import RunDir
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens import replay_jobs
from tests.rlrobo_tui.app_replays import playing, replay
from tests.rlrobo_tui.app_runs import drive, screen_text, until


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


def test_a_recording_shows_its_progress_and_where_it_is(played_run: RunDir, jobs: list[Job], told: list[str]) -> None:
    async def play(pilot: Pilot[None]) -> None:
        page = await playing(pilot)
        await pilot.press("V")
        (job,) = jobs
        path = played_run.path / "videos" / "000000200-seed10000.mp4"
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

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_a_window_without_a_display_says_why_and_what_to_do(
    played_run: RunDir, jobs: list[Job], told: list[str], monkeypatch: pytest.MonkeyPatch
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

    drive(RlroboApp(played_run.path.parent, run=played_run), play)


def test_on_a_slow_line_no_robot_is_drawn_and_who_may_only_watch_records_nothing(
    played_run: RunDir, jobs: list[Job]
) -> None:
    async def play(pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await until(pilot, lambda: "Robots are not drawn" in screen_text(pilot.app))
        assert replay(pilot).player.feed is None
        await pilot.press("J", "space", "V")
        assert replay(pilot).controls.checkpoint == 100
        assert jobs == []

    drive(RlroboApp(played_run.path.parent, run=played_run, options=Options(read_only=True, low_bandwidth=True)), play)
