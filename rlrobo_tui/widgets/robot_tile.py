"""A small picture of what a run has learned: its newest checkpoint plays, a newer one after the episode under way.

Costs little: few pictures a second of few pixels, none while another page lies over this one. Whoever shows it starts
and ends the process that plays.
"""

from __future__ import annotations

import time

from textual.content import Content
from textual.message import Message

from engine.protocol.run_dir import RunDir
from rlrobo_tui.memory import ReplayMemory
from rlrobo_tui.player import Player
from rlrobo_tui.replay_controls import MIN_SIZE, Controls
from rlrobo_tui.replay_words import lane_line, loading
from rlrobo_tui.robot_feed import News, Shown, Waiting
from rlrobo_tui.widgets.robot_view import RobotView

FPS = 5
NO_CHECKPOINT = "No checkpoint yet; the first one plays here."


class RobotTile(RobotView, can_focus=True):
    """Plays at real time, whatever the replay page was set to: as fast as possible would take a core from training."""

    class Heard(Message):
        """The process that plays had news."""

        def __init__(self, number: int, news: News) -> None:
            super().__init__()
            self.number, self.news = number, news

    def __init__(self, run: RunDir, *, id: str, classes: str) -> None:
        super().__init__(id=id)
        self.add_class(classes)
        self.controls = Controls(checkpoint=0)
        self.player = Player(run, lambda number, news: self.post_message(self.Heard(number, news)))
        self.is_on = False
        """Whether it shall play."""
        self._newest: int | None = None
        """Timestep of the newest checkpoint."""
        self._waits_for, self._waits_since = "", 0.0

    def on_mount(self) -> None:
        """Begin to ask for pictures."""
        self.border_title = "robot, newest checkpoint"
        self.border_subtitle = "b hides it  v replays all"
        self.set_interval(1 / FPS, self._tick)

    def on_unmount(self) -> None:
        """End the process with the page."""
        self.player.stop()

    def switch_on(self, memory: ReplayMemory, *, has_color: bool) -> None:
        """Play as soon as there is a checkpoint, seen as on the replay page."""
        self.is_on = True
        self.controls.restore(memory, has_color=has_color)
        self.controls.speed = 1.0
        self.say(Content(NO_CHECKPOINT))
        if self._newest is not None:
            self._start(self._newest)

    def switch_off(self) -> None:
        """End the process."""
        self.is_on = False
        self.player.stop()

    def follow(self, newest: int | None) -> None:
        """Hear of the newest checkpoint: its timestep, None where there is none."""
        is_news, self._newest = newest != self._newest, newest
        if self.is_on and is_news and newest is not None and self.player.feed is None:
            self._start(newest)

    def on_robot_tile_heard(self, message: Heard) -> None:
        """Show a picture, or why there is none."""
        if not self.player.is_from_present(message.number):
            return
        news = message.news
        if isinstance(news, Shown):
            self._take(news)
        elif isinstance(news, Waiting):
            self._waits_for = news.what
        else:
            self.player.stop()
            self.say(Content.assemble((news.reason, "$error"), "\nThe next checkpoint tries again; b b does it now."))

    def _start(self, checkpoint: int) -> None:
        self.controls.checkpoint = checkpoint
        self._waits_for, self._waits_since = "a process to start", time.monotonic()
        try:
            self.player.start()
        except OSError as err:
            self.say(Content(f"The process that plays could not be started: {err}."))

    def _take(self, shown: Shown) -> None:
        self.show(shown.pictures[0], shown.frame.width, has_color=self.controls.quality.has_color)
        self.overlay([lane_line(shown.frame.lanes[0], shown.frame, width=self.size.width)])
        if self.player.is_at_an_end(shown.frame) and self._newest is not None:
            self.controls.checkpoint = self._newest

    def _tick(self) -> None:
        """Ask for the next picture when the last one is there; hold the robot while nobody can see it."""
        if self.player.feed is None:
            return
        if not (self.app.screen is self.screen and self.is_on_screen):
            self.player.pause()
            return
        if not self.has_picture:
            self.say(loading(self._waits_for, time.monotonic() - self._waits_since))
        if self.player.is_free and min(self.picture_size) >= MIN_SIZE:
            self.controls.orbit(1 / FPS)
            self.player.ask(self.controls.wish(size=self.picture_size, ground=self.ground))
