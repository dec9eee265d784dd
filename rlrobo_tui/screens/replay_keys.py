"""What the keys of the replay page do. The page itself draws."""

from __future__ import annotations

from engine.protocol.run_dir import RunDir
from rlrobo_tui.checkpoint_list import Saved, neighbour
from rlrobo_tui.player import Player
from rlrobo_tui.replay_controls import Controls
from rlrobo_tui.replay_words import speed_text
from rlrobo_tui.robot_feed import News, Shown
from rlrobo_tui.screens.replay_jobs import ReplayJobs
from rlrobo_tui.widgets.checkpoint_rail import CheckpointRail

BESIDE_COLUMNS = 160
"""Two robots, and what surrounds them, need as many."""


class ReplayKeys(ReplayJobs):
    """Changes the controls, and the page with them."""

    def __init__(self, run: RunDir, saved: list[Saved], controls: Controls) -> None:
        super().__init__(run, controls)
        self.saved = saved
        """Checkpoints, the newest first; never empty."""
        self.player = Player(run, self.hear)
        self.shown: Shown | None = None
        """The picture in sight."""
        self.failed = ""
        """Why the process that plays is gone."""
        self.is_following = False
        """Whether each new checkpoint plays when the episode under way has ended."""

    # ---- what the page does ----

    def start_feed(self) -> None:
        """Start the process that plays."""
        raise NotImplementedError

    def hear(self, number: int, news: News) -> None:
        """Take what the process with that number tells, in a thread of its own."""
        raise NotImplementedError

    def look(self, places: int) -> bool:
        """Show an older (negative) or a newer picture; return whether there is one."""
        raise NotImplementedError

    def look_at_present(self) -> None:
        """Show what plays."""
        raise NotImplementedError

    def take_next(self) -> None:
        """Play a newer checkpoint, where one waits for the end of the episode."""
        if self.next_step is not None:
            self.choose(self.next_step)

    # ---- what is so ----

    @property
    def run_id(self) -> str:
        """The run whose checkpoints play."""
        return self.run_dir.id

    @property
    def command(self) -> str:
        """What shows the same in a window."""
        speed = f" --speed {self.controls.speed:g}" if self.controls.speed not in (0.0, 1.0) else ""
        return f"rlrobo replay {self.run_id} --checkpoint {self.controls.checkpoint} --seed {self.controls.seed}{speed}"

    @property
    def next_step(self) -> int | None:
        """Timestep of the checkpoint that plays next; None where this one plays on."""
        newest = self.saved[0].step
        return newest if self.is_following and newest != self.controls.checkpoint else None

    @property
    def has_picture(self) -> bool:
        """Whether there is a robot to look at."""
        return self.shown is not None

    @property
    def has_camera(self) -> bool:
        """Whether its camera can be moved."""
        return self.shown is not None and self.shown.frame.has_camera

    @property
    def has_failed(self) -> bool:
        """Whether the process that plays has died."""
        return bool(self.failed)

    @property
    def has_room_beside(self) -> bool:
        """Whether two checkpoints can play side by side."""
        return self.app.size.width >= BESIDE_COLUMNS and len(self.saved) > 1

    def choose(self, step: int) -> None:
        """Play another checkpoint, also after the process died over the last one."""
        if step == self.controls.checkpoint and not self.failed:
            return
        self.controls.checkpoint = step
        self.look_at_present()
        if self.failed:
            self.start_feed()
        self.draw_words()

    def on_checkpoint_rail_chosen(self, message: CheckpointRail.Chosen) -> None:
        """Play what was clicked."""
        self.is_following = False
        self.choose(message.step)

    # ---- play ----

    def action_back(self) -> None:
        """Leave the full view, or the page."""
        if self.has_class("-full"):
            self.action_full()
        else:
            self.rlrobo.action_last_page()

    def action_play(self) -> None:
        """Pause or go on."""
        self.controls.is_paused = not self.controls.is_paused
        self.look_at_present()
        self.draw_words()

    def action_step(self) -> None:
        """Go one picture forward, and beyond the newest one control step."""
        was_paused, self.controls.is_paused = self.controls.is_paused, True
        if not self.look(1) and was_paused:
            self.controls.num_single_steps += 1
        self.draw_words()

    def action_step_back(self) -> None:
        """Look at the picture before."""
        self.controls.is_paused = True
        if not self.look(-1):
            self.notify("No older picture is kept.")
        self.draw_words()

    def action_slower(self) -> None:
        """Play slower."""
        self.controls.change_speed(-1)
        self._say_speed()

    def action_faster(self) -> None:
        """Play faster."""
        self.controls.change_speed(1)
        self._say_speed()

    def _say_speed(self) -> None:
        self.rlrobo.memory.replay.speed = self.controls.speed
        if self.shown is None:
            self.notify(speed_text(self.controls.speed))
        self.draw_words()

    def action_next_seed(self) -> None:
        """Begin from the start states of the next seed."""
        self.controls.seed += 1
        self.look_at_present()
        self.draw_words()

    def action_sample(self) -> None:
        """Switch between most likely and sampled actions."""
        self.controls.is_deterministic = not self.controls.is_deterministic
        self.rlrobo.memory.replay.is_deterministic = self.controls.is_deterministic
        self.look_at_present()
        self.draw_words()

    # ---- checkpoints ----

    def action_older(self) -> None:
        """Play the next older checkpoint."""
        self._choose_neighbour(1, "This is the oldest checkpoint.")

    def action_newer(self) -> None:
        """Play the next newer checkpoint."""
        self._choose_neighbour(-1, "This is the newest checkpoint. F plays new ones as they are saved.")

    def _choose_neighbour(self, places: int, otherwise: str) -> None:
        self.is_following = False
        found = neighbour(self.saved, self.controls.checkpoint, places)
        if found is None:
            self.notify(otherwise)
        else:
            self.choose(found.step)

    def action_follow(self) -> None:
        """Follow the newest checkpoint, or stay."""
        self.is_following = not self.is_following
        words = "The newest checkpoint plays, and each newer one after the episode in which it is saved."
        self.notify(words if self.is_following else "Stays with this one.")
        self.take_next()
        self.draw_words()

    def action_beside(self) -> None:
        """Put the best, the newest or the oldest checkpoint beside this one, or take it away."""
        steps = [item.step for item in self.saved]
        best = [item.step for item in self.saved if item.is_best]
        others = [step for step in (*best, steps[0], steps[-1]) if step != self.controls.checkpoint]
        self.controls.beside = None if self.controls.beside is not None else others[0]
        self.draw_words()

    # ---- camera ----

    def action_camera(self) -> None:
        """Take the next camera."""
        self.controls.next_view()
        self.rlrobo.memory.replay.view = self.controls.view
        self.look_at_present()
        self.draw_words()

    def action_turn_left(self) -> None:
        """Turn the camera."""
        self._move(turns=-1)

    def action_turn_right(self) -> None:
        """Turn the camera."""
        self._move(turns=1)

    def action_tilt_up(self) -> None:
        """Raise the camera."""
        self._move(tilts=-1)

    def action_tilt_down(self) -> None:
        """Lower the camera."""
        self._move(tilts=1)

    def action_zoom_in(self) -> None:
        """Go nearer."""
        self._move(zooms=1)

    def action_zoom_out(self) -> None:
        """Go farther away."""
        self._move(zooms=-1)

    def _move(self, *, turns: int = 0, tilts: int = 0, zooms: int = 0) -> None:
        self.controls.move(turns=turns, tilts=tilts, zooms=zooms)
        self.look_at_present()

    def action_quality(self) -> None:
        """Show pictures in the next quality."""
        if not self.rlrobo.has_colored_pictures:
            self.notify("Without colour pictures are made of characters.")
            return
        self.controls.next_quality()
        self.rlrobo.memory.replay.quality = self.controls.quality.name
        self.draw_words()

    def action_full(self) -> None:
        """Show the robot alone, or with all that surrounds it."""
        self.toggle_class("-full")
        self.call_after_refresh(self.draw_words)

    def action_again(self) -> None:
        """Start the process that plays again."""
        self.start_feed()
        self.refresh_bindings()
