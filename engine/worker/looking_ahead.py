"""Begin a gradient step while the robots are simulated, as far as what they do then cannot matter to it.

Where an update follows every timestep, its minibatch is drawn before the timestep instead of after it, with the same
random numbers: Stable-Baselines3 draws none in between. Unless the timestep itself is among the rows, all that the
targets need is there. So no number changes, nor how many gradient steps there are for a timestep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.type_aliases import RolloutReturn, TrainFreq, TrainFrequencyUnit

from engine.worker.flat_critics import ReplayBatch
from engine.worker.numpy_acting import NumpyActing
from engine.worker.packed_replay import DrawnRows, PackedReplay, can_pack

EVERY_TIMESTEP = TrainFreq(1, TrainFrequencyUnit.STEP)


@dataclass(frozen=True)
class Minibatch:
    """What a gradient step learns from."""

    rows: DrawnRows | ReplayBatch
    random: Any
    """The random numbers that the algorithm needs for it."""

    def gathered(self) -> ReplayBatch:
        """Return the rows themselves."""
        return self.rows if isinstance(self.rows, ReplayBatch) else ReplayBatch.gather(self.rows)


class LookingAhead(NumpyActing):
    """Mix-in for off-policy algorithms whose update on the CPU is ours."""

    _replay: PackedReplay | None = None
    _drawn: Minibatch | None = None
    """The minibatch of the next gradient step, where it is drawn."""

    def _begins_step(self) -> Callable[[Minibatch], None] | None:
        """Return what begins a gradient step on another thread; None where nothing does."""
        raise NotImplementedError

    def _draw_random(self, num_rows: int) -> Any:
        """Draw what a minibatch of so many rows needs."""
        raise NotImplementedError

    def collect_rollouts(self, *arguments: Any, **keywords: Any) -> RolloutReturn:
        """Fill the replay buffer with a rollout."""
        self._drawn = None  # of a rollout that ended early
        return super().collect_rollouts(*arguments, **keywords)

    def _setup_model(self) -> None:
        super()._setup_model()
        if self._networks is not None and self.device.type == "cpu" and can_pack(self.replay_buffer):
            assert self.replay_buffer is not None
            self._replay = PackedReplay(self.replay_buffer)

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return actions as Stable-Baselines3 does, and begin the gradient step that follows the timestep."""
        actions = super()._sample_action(learning_starts, action_noise, n_envs)
        begin = self._begins_step()
        if begin is not None and self._is_update_next() and (replay := self._plain_replay()) is not None:
            rows = replay.draw(self.batch_size, gamma=self.gamma, is_ahead=True)
            self._drawn = Minibatch(rows, self._draw_random(len(rows)))
            if rows.are_there:
                begin(self._drawn)
        return actions

    def _draw(self, batch_size: int) -> Minibatch:
        """Return the minibatch of a gradient step."""
        drawn, self._drawn = self._drawn, None
        if drawn is not None and len(drawn.rows) == batch_size:
            return drawn
        if (replay := self._plain_replay()) is not None:
            return Minibatch(replay.draw(batch_size, gamma=self.gamma), self._draw_random(batch_size))
        assert self.replay_buffer is not None
        samples = self.replay_buffer.sample(batch_size, env=self._vec_normalize_env)
        return Minibatch(ReplayBatch.of(samples, gamma=self.gamma), self._draw_random(batch_size))

    def _is_update_next(self) -> bool:
        """Whether an update follows the timestep that begins."""
        is_learning = self.num_timesteps + self.n_envs > self.learning_starts and self.gradient_steps != 0
        return is_learning and self.train_freq == EVERY_TIMESTEP

    def _plain_replay(self) -> PackedReplay | None:
        """Return the rows of the buffer where nothing is done to them on the way."""
        env = self._vec_normalize_env
        is_plain = env is None or not (env.norm_obs or env.norm_reward)
        return self._replay if is_plain and self._replay and self._replay.holds(self.replay_buffer) else None

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_replay", "_drawn"]
