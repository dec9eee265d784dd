"""What was read of a run is kept for whoever looks at it next."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.protocol.events import Metrics, RunStarted
from engine.protocol.run_dir import RunDir
from rlrobo_tui import kept_tails
from rlrobo_tui.kept_tails import KeptTails
from tests.rlrobo_tui.app_runs import append, make_run

METRIC = "rollout/ep_rew_mean"


def made(tmp_path: Path, seed: int, *, num_values: int = 1) -> RunDir:
    values = [Metrics(step=step, values={METRIC: float(step)}) for step in range(num_values)]
    return make_run(tmp_path, events=[RunStarted(task="cartpole_balance", seed=seed), *values], seed=seed)


def read(tails: KeptTails, run: RunDir) -> int:
    """Return how many events were read of a run when it was borrowed; it is read to its end then."""
    with tails.borrow(run) as tail:
        num_known = tail.num_events
        tail.poll()
        return num_known


def test_only_what_is_new_is_read_of_a_run_that_was_looked_at(tmp_path: Path) -> None:
    tails, run = KeptTails(), made(tmp_path, 1)
    assert read(tails, run) == 0
    append(run, [Metrics(step=9, values={METRIC: 9.0})])
    with tails.borrow(run) as tail:
        assert tail.num_events == 2
        tail.poll()
        assert [point.value for point in tail.view.series[METRIC]] == [0.0, 9.0]


def test_whoever_comes_next_waits_for_what_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tails, "PATIENCE_S", 60.0)
    tails, run = KeptTails(), made(tmp_path, 1)
    with ThreadPoolExecutor() as pool:
        with tails.borrow(run) as tail:
            tail.poll()
            waiting = pool.submit(read, tails, run)
        assert waiting.result() == 2


def test_two_that_look_at_once_do_not_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tails, "PATIENCE_S", 0.0)
    tails, run = KeptTails(), made(tmp_path, 1)
    with tails.borrow(run) as first, tails.borrow(run) as second:
        assert first is not second
        first.poll()
    assert read(tails, run) == 2, "the one that came back last is kept"


def test_nothing_is_kept_of_a_reader_that_failed(tmp_path: Path) -> None:
    tails, run = KeptTails(), made(tmp_path, 1)
    with pytest.raises(ZeroDivisionError), tails.borrow(run):
        raise ZeroDivisionError
    assert not tails.has(run)


def test_the_oldest_are_forgotten_and_the_last_one_never(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_tails, "MAX_RUNS", 2)
    monkeypatch.setattr(kept_tails, "MAX_POINTS", 10)
    tails, short = KeptTails(), [made(tmp_path, seed) for seed in (1, 2, 3)]
    for run in short:
        read(tails, run)
    assert [read(tails, run) for run in reversed(short)] == [2, 2, 0]
    long = made(tmp_path, 4, num_values=20)
    read(tails, long)
    assert (read(tails, short[0]), read(tails, short[1])) == (0, 0), "there was no room beside it"
    read(tails, long)
    assert read(tails, long) == 21
