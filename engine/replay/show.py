"""Checkpoints of one run that play side by side: what a viewer wished, when the next step is due, what there is to see.

Knows no pipes and no terminals; engine/replay/terminal.py connects it with its viewer.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.replay.paint import draw
from engine.replay.playback import Playback, Stage
from engine.replay.wire import Frame, Lane, Wish
from robots.env import Observation, RobotEnv

LAG_LIMIT_S = 0.25
"""What is later than this stays late instead of racing to catch up."""
HOLD_S = 0.8
"""Chosen: an episode's last state is shown this long before the next one begins."""
NUM_RECENT_STEPS = 256
"""Steps that are told with a frame at most."""
FIRST_WISH = Wish(checkpoints=(), is_paused=True)


class Player:
    """One checkpoint's policy on a stage."""

    def __init__(self, stage: Any, policy: Any, checkpoint: int) -> None:
        """`stage` is a Stage; `policy.act` also takes `deterministic`, as engine.worker.policy.Policy's does."""
        self.stage = stage
        self.checkpoint = checkpoint
        self.policy = policy
        self._is_deterministic = True
        self._recent: deque[tuple[dict[str, float], list[float]]] = deque(maxlen=NUM_RECENT_STEPS)
        self._playback: Playback[Stage]

    def start(self, *, seed: int, is_deterministic: bool) -> None:
        """Begin anew with the first episode of `seed`."""
        self._is_deterministic = is_deterministic
        self._playback = Playback(self.stage, self, seed=seed)
        self._ending, self._number = "", 1
        self._recent.clear()

    def act(self, observations: Observation) -> np.ndarray:
        """Return actions (num_envs, action_size) for raw observations (num_envs, observation_size)."""
        return self.policy.act(observations, deterministic=self._is_deterministic)

    @property
    def has_ended(self) -> bool:
        """Whether the episode in sight is over."""
        return bool(self._ending)

    def begin(self) -> None:
        """Begin the next episode."""
        self._playback.begin()
        self._ending = ""
        self._number += 1
        self._recent.clear()

    def step(self) -> None:
        """Take one control step, unless the episode is over."""
        if self.has_ended:
            return
        episode = self._playback.step()
        last = self._playback.last_step
        if last is not None:
            self._recent.append((last.reward_terms, np.ravel(last.action).tolist()))
        if episode is not None:
            self._ending = episode.termination

    def tell(self) -> Lane:
        """Say how it goes, and which steps were taken since the last time."""
        playback = self._playback
        steps = [*self._recent]
        self._recent.clear()
        return Lane(
            checkpoint=self.checkpoint,
            episode=self._number,
            step=playback.num_episode_steps,
            episode_return=playback.episode_return,
            ending=self._ending,
            last_return=playback.episodes[-1].episode_return if playback.episodes else None,
            reward_terms=[terms for terms, _ in steps],
            actions=[action for _, action in steps],
        )


class Show:
    """Players in step with each other and with a clock. Call `grant` with a wish, and `advance` again and again."""

    def __init__(
        self,
        make_stage: Callable[[], Any],
        load: Callable[[int], Any],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` returns the policy of the checkpoint with a timestep."""
        self._make_stage, self._load, self._clock = make_stage, load, clock
        self._stages: list[Any] = []
        self._players: list[Player] = []
        self._wish = FIRST_WISH
        self._num_single_steps = 0
        self._due_s = 0.0
        """Time of the next step, or of the next episode."""

    @property
    def wait_s(self) -> float | None:
        """Seconds until there is something to do; None: nothing before the next wish."""
        if not self._players or self._wish.is_paused:
            return None
        return max(0.0, self._due_s - self._clock())

    def grant(self, wish: Wish) -> None:
        """Show what `wish` says from now on. Raises RlroboError and RobotError."""
        before, self._wish = self._wish, wish
        if wish.checkpoints != before.checkpoints:
            self._cast(wish.checkpoints)
        anew = (wish.checkpoints, wish.seed, wish.is_deterministic)
        if anew != (before.checkpoints, before.seed, before.is_deterministic):
            for player in self._players:
                player.start(seed=wish.seed, is_deterministic=wish.is_deterministic)
            self._due_s = self._clock()
        elif before.is_paused and not wish.is_paused:
            self._due_s = self._clock()
        for _ in range(wish.num_single_steps - self._num_single_steps):
            self._step()
        self._num_single_steps = wish.num_single_steps

    def advance(self) -> None:
        """Take the step that is due, if one is."""
        now_s = self._clock()
        if self.wait_s is None or now_s < self._due_s:
            return
        self._step()
        speed = self._wish.speed
        if not speed:
            self._due_s = now_s
        elif self._have_all_ended:
            self._due_s = now_s + HOLD_S
        else:
            # A clock of simulated time, not a pause after each step: the simulation's own time would add up.
            dt_s = self._stages[0].control_dt_s / speed
            self._due_s = max(self._due_s + dt_s, now_s - LAG_LIMIT_S)

    def frame(self) -> tuple[Frame, list[bytes]]:
        """Return what there is to see now. Raises RobotError where it cannot be drawn."""
        first = self._stages[0]
        is_robot = isinstance(first, RobotEnv)
        frame = Frame(
            width=self._wish.width,
            height=self._wish.height,
            max_steps=first.task.max_episode_steps if is_robot else first.max_episode_steps,
            control_dt_s=first.control_dt_s,
            action_names=tuple(first.task.robot.action_names) if is_robot else (),
            has_camera=is_robot,
            lanes=[player.tell() for player in self._players],
        )
        return frame, [draw(player.stage, self._wish) for player in self._players]

    @property
    def _have_all_ended(self) -> bool:
        return all(player.has_ended for player in self._players)

    def _cast(self, checkpoints: tuple[int, ...]) -> None:
        """Give each checkpoint a player on a stage of its own."""
        while len(self._stages) < len(checkpoints):
            self._stages.append(self._make_stage())
        known = {player.checkpoint: player.policy for player in self._players}
        self._players = [
            Player(stage, known.get(step) or self._load(step), step)
            for stage, step in zip(self._stages, checkpoints, strict=False)
        ]

    def _step(self) -> None:
        """Take a step everywhere, or begin everywhere: whoever ends first waits for the others."""
        if self._have_all_ended:
            for player in self._players:
                player.begin()
            return
        for player in self._players:
            player.step()
