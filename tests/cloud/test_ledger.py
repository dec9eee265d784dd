"""What was charged is never priced again, and every second is charged once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.ledger import Ledger
from cloud.records import Market, Pool

POOL = Pool(instance_type="c7i.2xlarge", zone="us-east-1a")
OTHER = Pool(instance_type="c7a.2xlarge", zone="us-east-1b", market=Market.ON_DEMAND)
HOUR = 3600.0


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "cloud" / "ledger.jsonl")


def test_a_span_costs_its_hours(ledger: Ledger) -> None:
    ledger.charge(1, POOL, begin=0.0, end=2 * HOUR, prices=(0.10, 0.36))
    assert ledger.spent_usd == pytest.approx(0.20)
    assert ledger.saved_usd == pytest.approx(0.52)


def test_another_price_is_for_the_time_after_it(ledger: Ledger) -> None:
    ledger.charge(1, POOL, begin=0.0, end=HOUR, prices=(0.10, None))
    ledger.charge(1, POOL, begin=0.0, end=2 * HOUR, prices=(0.30, None))
    ledger.charge(1, POOL, begin=0.0, end=3 * HOUR, prices=(0.30, None))
    assert [(entry.begin, entry.end) for entry in ledger.entries] == [(0.0, HOUR), (HOUR, 3 * HOUR)]
    assert ledger.spent_usd == pytest.approx(0.70)


def test_attempts_are_charged_apart(ledger: Ledger) -> None:
    ledger.charge(1, POOL, begin=0.0, end=HOUR, prices=(0.10, None))
    ledger.charge(2, OTHER, begin=2 * HOUR, end=3 * HOUR, prices=(0.40, 0.40))
    assert ledger.spent_usd == pytest.approx(0.50)
    assert ledger.saved_usd == 0.0


def test_an_instance_of_seconds_costs_a_minute(ledger: Ledger) -> None:
    ledger.charge(1, POOL, begin=0.0, end=6.0, prices=(3.60, None))
    assert ledger.spent_usd == pytest.approx(0.06)


@given(st.lists(st.tuples(st.floats(0, 1e5), st.sampled_from([0.1, 0.2])), min_size=1, max_size=8))
def test_it_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, charges: list[tuple[float, float]]) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = Ledger(path)
    for end, price in charges:
        before = list(ledger.entries)
        ledger.charge(1, POOL, begin=0.0, end=end, prices=(price, None))
        assert ledger.entries[: max(0, len(before) - 1)] == before[: max(0, len(before) - 1)]
        assert Ledger(path).entries == ledger.entries
    assert sum(entry.end - entry.begin for entry in ledger.entries) == pytest.approx(max(end for end, _ in charges))


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path).charge(1, POOL, begin=0.0, end=HOUR, prices=(0.10, None))
    path.write_bytes(path.read_bytes() + b'{"attempt":\n\xff\n')
    assert len(Ledger(path).entries) == 1
