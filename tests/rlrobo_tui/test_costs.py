"""What a run had cost at each moment."""

from pathlib import Path

import numpy as np
import pytest

from cloud.ledger import Ledger
from cloud.local import CloudFiles
from rlrobo_tui.costs import CostTail, costs_of
from tests.rlrobo_tui.app_runs import make_run
from tests.rlrobo_tui.paid_runs import pay, send


@pytest.fixture
def files(tmp_path: Path) -> CloudFiles:
    return CloudFiles(make_run(tmp_path, events=[]))


def test_costs_rise_evenly_while_a_machine_is_paid_and_stay_between_two(files: CloudFiles) -> None:
    pay(files.run, (1000.0, 1100.0, 36.0), (1200.0, 1300.0, 72.0))
    costs = costs_of(Ledger(files.ledger))
    assert costs.at(np.array([0.0, 1000.0, 1050.0, 1100.0, 1150.0, 1250.0, 9000.0])) == pytest.approx(
        [0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 3.0]
    )
    assert costs.spent_usd == pytest.approx(3.0)


def test_machines_that_are_paid_at_the_same_time_add_up(files: CloudFiles) -> None:
    pay(files.run, (0.0, 200.0, 36.0), (100.0, 300.0, 36.0))
    assert costs_of(Ledger(files.ledger)).at(np.array([100.0, 150.0, 200.0, 300.0])) == pytest.approx(
        [1.0, 2.0, 3.0, 4.0]
    )


def test_a_run_of_this_machine_has_no_costs_and_one_without_a_machine_yet_has_cost_nothing(files: CloudFiles) -> None:
    tail = CostTail(files.run)
    assert tail.poll()
    assert tail.costs is None
    send(files.run)
    assert tail.poll()
    assert tail.costs is not None
    assert tail.costs.at(np.array([5.0, 6.0])).tolist() == [0.0, 0.0]
    pay(files.run, (0.0, 100.0, 36.0))
    assert tail.poll()
    assert tail.costs.spent_usd == pytest.approx(1.0)
    assert not tail.poll()
