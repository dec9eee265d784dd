"""What `rlrobo train --on spot` shows before it rents anything, and what it refuses."""

import pytest

from cloud.offers import Offer
from cloud.records import Pool
from engine.protocol.errors import ConfigError
from rlrobo_tui.commands.on_spot import limit_sentence, offer_lines
from rlrobo_tui.commands.place import SpotRequest, check_place, parse_instances

POOL = Pool(instance_type="c7i.2xlarge", zone="us-east-1a")
MEASURED = Offer(
    pool=POOL,
    vcpus=8,
    memory_gib=16.0,
    price_per_hour_usd=0.12,
    on_demand_price_per_hour_usd=0.36,
    steps_per_second=4000.0,
    is_measured=True,
    hours=2.0,
)
UNKNOWN = Offer(pool=POOL, vcpus=8, memory_gib=16.0, gpu="NVIDIA A10G", price_per_hour_usd=0.5)


def test_offers_are_a_table_that_leaves_open_what_is_not_known() -> None:
    lines = offer_lines([MEASURED, UNKNOWN])
    assert [line.split() for line in lines] == [
        ["TYPE", "ZONE", "VCPU", "GPU", "$/H", "ON", "DEMAND", "SAVED", "STEPS/S", "TIME", "TOTAL"],
        ["c7i.2xlarge", "us-east-1a", "8", "-", "0.120", "0.360", "67%", "4,000", "2h", "00m", "$0.24"],
        ["c7i.2xlarge", "us-east-1a", "8", "NVIDIA", "A10G", "0.500", "-", "-", "-", "-", "-"],
    ]


def test_an_estimate_says_that_it_is_one() -> None:
    line = offer_lines([Offer(**{**_fields(MEASURED), "is_measured": False})])[1]
    assert "~4,000" in line
    assert "~$0.24" in line


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (SpotRequest(max_price_total=1.5, max_hours=10), "It ends by itself after $1.50 or 10 hours at the latest."),
        (
            SpotRequest(max_hours=10),
            "It ends by itself after 10 hours, about $1.20 at today's price, at the latest. "
            "Set a limit in dollars with --max-price-total.",
        ),
    ],
)
def test_the_limit_is_said(request_: SpotRequest, said: str) -> None:
    assert limit_sentence(request_, MEASURED) == said


@pytest.mark.parametrize(
    ("texts", "expected"),
    [(None, ("auto",)), (["c7i.large, c7a.large", "m7i.large"], ("c7i.large", "c7a.large", "m7i.large"))],
)
def test_instance_types_come_with_commas_or_one_by_one(texts: list[str] | None, expected: tuple[str, ...]) -> None:
    assert parse_instances(texts) == expected


@pytest.mark.parametrize(
    ("place", "request_", "problem"),
    [
        ("moon", SpotRequest(), "expected here or spot, got 'moon'"),
        ("here", SpotRequest(max_price_total=1.0), "add --on spot"),
        ("spot", SpotRequest(max_price_total=0.0), "expected dollars > 0, got 0"),
        ("spot", SpotRequest(max_hours=-1.0), "expected hours > 0, got -1"),
        ("spot", SpotRequest(max_hours=float("nan")), "expected hours > 0, got nan"),
        ("spot", SpotRequest(max_price_total=float("inf")), "expected dollars > 0, got inf"),
    ],
)
def test_what_means_nothing_is_refused(place: str, request_: SpotRequest, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check_place(place, request_)


def _fields(offer: Offer) -> dict[str, object]:
    return {name: getattr(offer, name) for name in offer.__struct_fields__}
