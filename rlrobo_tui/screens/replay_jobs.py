"""What the replay page starts beside itself: PyBullet's window, and the recording of a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.message import Message

from engine.protocol.errors import RlroboError, StorageError, UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import read_facts
from engine.replay.display import require_display
from rlrobo_tui.child_job import ChildJob, Order
from rlrobo_tui.quantities import percent
from rlrobo_tui.replay_controls import Controls
from rlrobo_tui.screens.page import Page

FPS = 30
MAX_STEPS = 3000
"""Of a recorded episode whose time limit is not known."""


class ReplayJobs(Page[None]):
    """Starts and ends them; both play the checkpoint, seed and speed that the page does."""

    class Recorded(Message):
        """So many frames are written."""

        def __init__(self, num_frames: int) -> None:
            super().__init__()
            self.num_frames = num_frames

    class VideoOver(Message):
        """The recording ended."""

        def __init__(self, path: Path, error: RlroboError | None) -> None:
            super().__init__()
            self.path, self.error = path, error

    class WindowOver(Message):
        """The window is closed, or it could not be opened."""

        def __init__(self, error: RlroboError | None) -> None:
            super().__init__()
            self.error = error

    def __init__(self, run: RunDir, controls: Controls) -> None:
        super().__init__()
        self.run_dir = run
        self.controls = controls
        self.job_words = ""
        """How far the recording is."""
        self._video: ChildJob | None = None
        self._window: ChildJob | None = None
        self._max_frames = 1

    def draw_words(self) -> None:
        """Bring all words up to date."""
        raise NotImplementedError

    def stop_jobs(self) -> None:
        """End both."""
        for job in (self._video, self._window):
            if job is not None:
                job.stop()

    def action_window(self) -> None:
        """Open PyBullet's window on this checkpoint."""
        if self._window is not None:
            self.notify("The window is open already; q in it closes it.")
            return
        self.notify("The window opens in some seconds.")
        order = Order(
            module="engine.replay.gui",
            arguments=[*self._arguments(), "--episodes", "0"],
            folder=self.run_dir.path,
            check=self._check_window,
        )
        self._window = ChildJob(
            order, listen=lambda _: None, over=lambda error: self.post_message(self.WindowOver(error))
        )

    def action_record(self) -> None:
        """Record an episode, or stop recording it."""
        if self._video is None:
            self._record(self.run_dir.path / "videos" / f"{self.controls.checkpoint:09d}-seed{self.controls.seed}.mp4")
        else:
            self._video.stop()
            self._video, self.job_words = None, ""
            self.notify("Recording was stopped; no file is left.")
        self.draw_words()

    def on_replay_jobs_window_over(self, message: WindowOver) -> None:
        """Say why there is no window."""
        self._window = None
        if message.error is not None:
            self.notify(f"{message.error} V records one here.", severity="warning", timeout=15, markup=False)

    def on_replay_jobs_recorded(self, message: Recorded) -> None:
        """Say how far the recording is; an episode may end before its time limit."""
        if self._video is not None:
            self.job_words = f"recording {percent(min(1.0, message.num_frames / self._max_frames))}"
            self.draw_words()

    def on_replay_jobs_video_over(self, message: VideoOver) -> None:
        """Say where the video is, or why there is none."""
        self._video, self.job_words = None, ""
        if message.error is None:
            self.notify(str(message.path), title="Recorded", timeout=20, markup=False)
        else:
            self.notify(str(message.error), title="Not recorded", severity="error", timeout=20, markup=False)
        self.draw_words()

    def _check_window(self) -> None:
        """Raise RlroboError where no window can be opened."""
        if self.run_dir.read_config().is_gym:
            raise UsageError("only PyBullet tasks have a window.")
        require_display()

    def _record(self, path: Path) -> None:
        facts = read_facts(self.run_dir.facts)
        seconds = (facts.max_episode_steps or MAX_STEPS) * facts.control_dt_s if facts else MAX_STEPS / FPS
        self._max_frames = max(1, round(seconds / self._speed * FPS))
        limit = [] if facts and facts.max_episode_steps else ["--steps", str(MAX_STEPS)]

        def check() -> None:
            try:
                path.parent.mkdir(exist_ok=True)
            except OSError as err:
                raise StorageError.from_os_error(err, path.parent) from err

        def listen(message: dict[str, Any]) -> None:
            if "done" in message:
                self.post_message(self.Recorded(message["done"]))

        order = Order(
            module="engine.replay.video",
            arguments=[*self._arguments(), *limit, "--episodes", "1", "--fps", str(FPS), "--out", str(path)],
            folder=self.run_dir.path,
            check=check,
        )
        self.job_words = "recording…"
        self._video = ChildJob(order, listen=listen, over=lambda error: self.post_message(self.VideoOver(path, error)))

    def _arguments(self) -> list[str]:
        """Return what a replay process needs to know."""
        controls = self.controls
        which = ["--checkpoint", str(controls.checkpoint), "--seed", str(controls.seed)]
        return [str(self.run_dir.path), *which, "--speed", str(self._speed)]

    @property
    def _speed(self) -> float:
        """The page's speed; real time where that is as fast as possible."""
        return self.controls.speed or 1.0
