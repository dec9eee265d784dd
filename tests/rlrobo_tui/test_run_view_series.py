"""What a view computes from its series, and snapshots of it."""

import math

import pytest

from engine.protocol.events import Metrics
from engine.protocol.status import Status
from rlrobo_tui.run_view import RunView


def test_a_snapshot_does_not_see_what_comes_later() -> None:
    view = RunView()
    view.fold([Metrics(seq=1, step=1, values={"a": 1.0})])
    snapshot = view.snapshot()
    view.fold([Metrics(seq=2, step=2, values={"b": 2.0})])
    assert (snapshot.step, set(snapshot.series)) == (1, {"a"})


def test_the_time_left_spreads_as_recent_speeds_do() -> None:
    view = RunView(total_timesteps=1000, step=400, status=Status.RUNNING)
    view.fold(Metrics(step=400, values={"time/steps_per_second": speed}) for speed in (90.0, 110.0, 90.0, 110.0))
    assert (view.eta_s, view.eta_spread_s) == (600 / 110, None)
    view.fold([Metrics(step=400, values={"time/steps_per_second": 100.0})])
    assert view.eta_s == 6.0
    assert view.eta_spread_s == pytest.approx(6.0 * math.sqrt(80.0) / 100.0)
