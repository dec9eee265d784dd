"""Turn what happens in training into events, at a rate that viewers can follow and training does not feel."""

import math
import statistics
import time
from collections import Counter, deque
from typing import Any

from stable_baselines3.common.logger import KVWriter

from engine.protocol.events import Episodes, Metrics, Warned
from engine.protocol.json_lines import EventWriter
from engine.worker.control import Progress
from engine.worker.divergence import check_finite
from engine.worker.host import HostMeter
from engine.worker.phases import Phases
from robots.env import EpisodeRecord

INTERVAL_S = 0.5
STATS_WINDOW = 100
"""Episodes in rollout/ep_rew_mean, Stable-Baselines3's stats_window_size."""


class Reporter(KVWriter):
    """Gathers metrics and episodes and writes them at most every half second."""

    def __init__(self, writer: EventWriter, progress: Progress, host: HostMeter) -> None:
        self._writer = writer
        self._host = host
        self._progress = progress
        self._values: dict[str, float] = {}
        self._episodes: list[EpisodeRecord] = []
        self._window: deque[EpisodeRecord] = deque(maxlen=STATS_WINDOW)
        self._terminations: set[str] = set()
        self._warned: set[str] = set()
        self._last_flush_s = self._last_speed_s = time.monotonic()
        self._last_speed_step = progress.step
        self._last_idle_s = 0.0
        self._has_speed = False
        self._num_updates_seen: int | None = None

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Take what SB3's logger dumps. It clears its dict right after, so the numbers are copied here.

        Raises DivergedError when a training metric is not finite.
        """
        check_finite(key_values)
        self._values.update({name: float(value) for name, value in key_values.items() if _is_number(value)})

    def add_episodes(self, episodes: list[EpisodeRecord], *, levels: dict[str, float] | None = None) -> None:
        """Take finished training episodes, and how hard each curriculum is after them."""
        self._episodes.extend(episodes)
        self._window.extend(episodes)
        if episodes and levels:
            self._values.update({f"curriculum/{name}": level for name, level in levels.items()})

    def tick(self, training_values: dict[str, Any]) -> None:
        """Write what has gathered, if it is time; `training_values` is what SB3 recorded and has not dumped yet."""
        if time.monotonic() - self._last_flush_s < INTERVAL_S:
            return
        num_updates = training_values.get("train/n_updates")
        if num_updates != self._num_updates_seen:  # SB3 keeps old values until it dumps them
            self._num_updates_seen = num_updates
            self.write(training_values, {})
        self.flush()

    def end_cycle(self, phases: Phases) -> None:
        """Take note that a rollout and the update that follows it are over, and measure both together."""
        if self._measure_speed():
            seconds = phases.take()
            total = sum(seconds.values())
            self._values.update({f"phase/{name}": part / total for name, part in seconds.items()})

    def flush(self) -> None:
        """Write what has gathered."""
        self._last_flush_s = time.monotonic()
        if self._episodes:
            self._write_episodes()
        if not self._has_speed:  # before the first update the speed of sampling is all there is to show
            speed = (self._progress.step - self._last_speed_step) / self._training_s()
            self._values["time/steps_per_second"] = speed
        self._values["time/total_timesteps"] = self._progress.step
        self._values.update(self._host.take())
        self._write_metrics()

    def close(self) -> None:
        """Part of SB3's interface; the event file belongs to the engine's main function."""

    def _write_episodes(self) -> None:
        episodes, self._episodes = self._episodes, []
        sums = {
            term: statistics.fmean(record.reward_sums[term] for record in episodes) for term in episodes[0].reward_sums
        }
        self._writer.write(
            Episodes(
                step=self._progress.step,
                returns=[record.episode_return for record in episodes],
                lengths=[record.length_steps for record in episodes],
                terminations=dict(Counter(record.termination for record in episodes)),
                reward_sums=sums,
                num_successes=None if episodes[0].success is None else sum(bool(each.success) for each in episodes),
                randomizations={
                    name: [record.randomizations[name] for record in episodes] for name in episodes[0].randomizations
                },
            )
        )
        window = list(self._window)
        self._values["rollout/ep_rew_mean"] = statistics.fmean(record.episode_return for record in window)
        self._values["rollout/ep_len_mean"] = statistics.fmean(record.length_steps for record in window)
        if episodes[0].success is not None:
            self._values["rollout/success_rate"] = statistics.fmean(bool(record.success) for record in window)
        for term in sums:
            self._values[f"reward/{term}"] = statistics.fmean(record.reward_sums[term] for record in window)
        for name in episodes[0].randomizations:
            drawn = statistics.fmean(record.randomizations[name] for record in window)
            self._values[f"randomization/{name}"] = drawn
        counts = Counter(record.termination for record in window)
        self._terminations |= counts.keys()  # one that has not happened for a while is 0, and charted
        for name in self._terminations:
            self._values[f"termination/{name}"] = counts[name] / len(window)

    def _measure_speed(self) -> bool:
        """Return whether enough happened since the last time."""
        elapsed_s = self._training_s()
        if self._progress.step <= self._last_speed_step or elapsed_s < INTERVAL_S:
            return False
        self._values["time/steps_per_second"] = (self._progress.step - self._last_speed_step) / elapsed_s
        self._has_speed = True
        self._last_speed_s, self._last_idle_s = time.monotonic(), self._progress.idle_s
        self._last_speed_step = self._progress.step
        return True

    def _training_s(self) -> float:
        """Return the seconds of training since the speed was measured; pauses and evaluations do not count."""
        idle_s = self._progress.idle_s - self._last_idle_s
        return max(1e-9, time.monotonic() - self._last_speed_s - idle_s)

    def _write_metrics(self) -> None:
        values, self._values = self._values, {}
        self._writer.write(Metrics(step=self._progress.step, values=dict(values)))
        for name, value in values.items():
            if not math.isfinite(value) and name not in self._warned:
                self._warned.add(name)
                self._writer.write(
                    Warned(
                        step=self._progress.step,
                        code="not_finite",
                        message=f"{name} is {value}; it is written as null from here on.",
                    )
                )


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str | bool)
