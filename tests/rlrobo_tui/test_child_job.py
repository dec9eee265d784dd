"""A child process beside a page: what it tells, how it ends, how it is ended."""

import threading
from pathlib import Path

from engine.protocol.errors import RlroboError, UsageError
from rlrobo_tui.child_job import ChildJob, Order

PATIENCE_S = 20.0
WAITS = """
import sys, time
try:
    print('{"done": 1}', file=sys.stderr, flush=True)
    time.sleep(60)
finally:
    open("cleaned", "w").close()
"""
FAILS = """
import sys
print('{"error": "The disk is full."}', file=sys.stderr)
sys.exit(1)
"""


def refuse() -> None:
    raise UsageError("no window here.")


def outcome(order: Order) -> RlroboError | None:
    """Do it to its end; return what went wrong."""
    over, errors = threading.Event(), []
    ChildJob(order, listen=lambda _: None, over=lambda error: (errors.append(error), over.set()))
    assert over.wait(PATIENCE_S)
    return errors[0]


def test_a_job_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(FAILS)
    assert str(outcome(Order(module="job", arguments=[], folder=tmp_path))) == "The disk is full."
    (tmp_path / "job.py").write_text("")
    assert outcome(Order(module="job", arguments=[], folder=tmp_path)) is None


def test_a_job_without_a_point_starts_no_process(tmp_path: Path) -> None:
    order = Order(module="nowhere", arguments=[], folder=tmp_path, check=refuse)
    assert str(outcome(order)) == "no window here."


def test_a_stopped_job_tidies_up_and_tells_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(WAITS)
    works, told = threading.Event(), []
    job = ChildJob(
        Order(module="job", arguments=[], folder=tmp_path), listen=lambda _: works.set(), over=told.append
    )  # fmt: skip
    assert works.wait(PATIENCE_S)
    job.stop()
    job.join(PATIENCE_S)
    assert (tmp_path / "cleaned").exists()
    assert told == []
