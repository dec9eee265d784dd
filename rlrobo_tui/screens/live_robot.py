"""The robot beside the charts of a large terminal: when it plays, and the key that shows and hides it."""

from __future__ import annotations

from rlrobo_tui.run_view import RunView
from rlrobo_tui.screens.page import Page
from rlrobo_tui.terminal import is_in_browser, is_over_ssh
from rlrobo_tui.widgets.robot_tile import RobotTile

LEFT_SIZE = (200, 50)
"""Columns and lines from which on the newest runs and the robot stand beside the charts."""


class RobotKeys(Page[None]):
    """Mix-in for the live page."""

    view: RunView

    @property
    def has_room_for_robot(self) -> bool:
        """Whether the terminal is large enough."""
        return self.app.size.width >= LEFT_SIZE[0] and self.app.size.height >= LEFT_SIZE[1]

    @property
    def is_robot_wanted(self) -> bool:
        """Whether the robot shall play where there is room: the user's choice, else where pictures cost nothing."""
        chosen = self.rlrobo.memory.live.has_robot
        is_far = is_over_ssh() or is_in_browser() or self.rlrobo.is_low_bandwidth
        return not is_far if chosen is None else chosen

    def arrange_left(self) -> None:
        """Show what the terminal has room for beside the charts, and let no robot play that is not shown."""
        must_play = self.has_room_for_robot and self.is_robot_wanted
        self.set_class(self.has_room_for_robot, "-rail")
        self.set_class(must_play, "-robot")
        tile = self.query_one(RobotTile)
        if must_play and not tile.is_on:
            tile.switch_on(self.rlrobo.memory.replay, has_color=self.rlrobo.has_colored_pictures)
        elif not must_play:
            tile.switch_off()

    def draw_robot(self) -> None:
        """Tell the robot which checkpoint is the newest."""
        saved = self.view.checkpoints
        self.query_one(RobotTile).follow(saved[-1].step if saved else None)

    def action_robot(self) -> None:
        """Show or hide the robot."""
        self.rlrobo.memory.live.has_robot = not self.is_robot_wanted
        self.arrange_left()
