"""What the reporter makes of metrics and episodes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.protocol.events import AnyEvent, Episodes, Metrics
from engine.protocol.json_lines import EventWriter, event_reader
from engine.worker.control import Progress
from engine.worker.divergence import DivergedError, check_finite
from engine.worker.host import HostMeter
from engine.worker.reporter import STATS_WINDOW, Reporter
from robots.env import EpisodeRecord


@dataclass(frozen=True)
class Desk:
    """A reporter and what it has written."""

    reporter: Reporter
    path: Path

    def read(self) -> list[AnyEvent]:
        return event_reader(self.path).read_new()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path, clock=lambda: 0.0)
    yield Desk(Reporter(writer, Progress(step=100), HostMeter("cpu")), path)
    writer.close()


def episode(total: float, length: int, termination: str) -> EpisodeRecord:
    return EpisodeRecord(
        env_index=0,
        episode_return=total,
        length_steps=length,
        reward_sums={"alive": total + 1.0, "effort": -1.0},
        termination=termination,
        terminated=termination != "time_limit",
    )


def test_episodes_are_batched_and_averaged(desk: Desk) -> None:
    desk.reporter.add_episodes([episode(10.0, 5, "fell"), episode(30.0, 15, "time_limit")])
    desk.reporter.flush()
    episodes, metrics = desk.read()
    assert isinstance(episodes, Episodes)
    assert (episodes.returns, episodes.lengths) == ([10.0, 30.0], [5, 15])
    assert episodes.terminations == {"fell": 1, "time_limit": 1}
    assert episodes.reward_sums == {"alive": 21.0, "effort": -1.0}
    assert isinstance(metrics, Metrics)
    assert metrics.values["rollout/ep_rew_mean"] == 20.0
    assert metrics.values["reward/alive"] == 21.0
    assert metrics.values["termination/fell"] == 0.5


def test_what_no_longer_ends_episodes_is_charted_at_zero(desk: Desk) -> None:
    desk.reporter.add_episodes([episode(1.0, 1, "fell")])
    desk.reporter.flush()
    desk.reporter.add_episodes([episode(1.0, 1, "time_limit")] * STATS_WINDOW)
    desk.reporter.flush()
    metrics = desk.read()[-1]
    assert isinstance(metrics, Metrics)
    assert (metrics.values["termination/fell"], metrics.values["termination/time_limit"]) == (0.0, 1.0)


def test_the_loggers_dict_is_copied(desk: Desk) -> None:
    values = {"train/loss": 1.0}
    desk.reporter.write(values, {})
    values.clear()
    desk.reporter.flush()
    (metrics,) = desk.read()
    assert isinstance(metrics, Metrics)
    assert metrics.values["train/loss"] == 1.0


def test_text_is_no_metric(desk: Desk) -> None:
    desk.reporter.write({"note": "hello", "time/fps": 3}, {})
    desk.reporter.flush()
    (metrics,) = desk.read()
    assert isinstance(metrics, Metrics)
    assert "note" not in metrics.values
    assert metrics.values["time/fps"] == 3.0


def test_a_metric_that_is_not_finite_is_null_and_warned_of_once(desk: Desk) -> None:
    for _ in range(2):
        desk.reporter.write({"rollout/odd": float("inf")}, {})
        desk.reporter.flush()
    events = desk.read()
    values = [event.values["rollout/odd"] for event in events if isinstance(event, Metrics)]
    assert values == [None, None]
    assert [type(event).__name__ for event in events].count("Warned") == 1


def test_a_loss_that_is_not_finite_is_named() -> None:
    check_finite({"train/loss": 1.0, "rollout/odd": float("nan")})
    with pytest.raises(DivergedError, match="train/loss"):
        check_finite({"train/loss": float("nan")})
