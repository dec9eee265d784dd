"""Offers: today's prices, what a run is expected to take, and what is said where nobody knows."""

import json
from pathlib import Path

import pytest

from cloud import speeds
from cloud.aws import Aws
from cloud.errors import CloudError
from cloud.instance_types import InstanceFacts, check_types, describe_types
from cloud.offers import offers
from cloud.prices import current_prices, on_demand_prices
from cloud.records import Market, Pool
from cloud.speeds import PARALLEL_SHARE, Speed, expected_speed, record_speed, speed_of
from engine.protocol.config import RunConfig, to_yaml
from engine.protocol.errors import UnknownNameError
from engine.protocol.events import Metrics
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from tests.cloud.canned_door import CannedDoor, describe_instance_types, spot_price_history
from tests.fakeaws.fake import FakeAws

A = Pool(instance_type="c7i.xlarge", zone="us-east-1a")
DIMENSIONS = {
    "a": {"unit": "Quantity", "pricePerUnit": {"USD": "500"}},
    "b": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0000000000"}},
    "c": {"unit": "Hrs", "pricePerUnit": {"USD": "0.1785000000"}},
}
PRODUCT = {"terms": {"OnDemand": {"x": {"priceDimensions": DIMENSIONS}}}}
"""Of the price list; only the last price is one an hour."""
FACTS = InstanceFacts(name="c7i.xlarge", vcpus=4, memory_gib=8)


@pytest.fixture
def curves() -> dict[tuple[str, str], list[tuple[float, str]]]:
    """When a pool began to cost what."""
    return {
        ("c7i.large", "us-east-1a"): [(1000.0, "0.030000")],
        ("c7i.xlarge", "us-east-1a"): [(5000.0, "0.050000"), (1000.0, "0.900000")],
        ("c7i.xlarge", "us-east-1b"): [(1000.0, "0.070000")],
        ("c7i.2xlarge", "us-east-1a"): [(1000.0, "0.120000")],
        ("g5.xlarge", "us-east-1a"): [(1000.0, "0.400000")],
        ("g5.xlarge", "us-east-1b"): [(1000.0, "0.350000")],
    }


@pytest.fixture
def door(curves: dict[tuple[str, str], list[tuple[float, str]]]) -> CannedDoor:
    return CannedDoor(
        {
            "describe_instance_types": describe_instance_types,
            "describe_spot_price_history": spot_price_history(curves),
            "get_products": lambda _: {"PriceList": [json.dumps(PRODUCT)]},
        }
    )


@pytest.fixture(autouse=True)
def own_speeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds.platformdirs, "user_data_path", lambda _: tmp_path / "data")


def test_an_offer_says_what_the_whole_run_costs(door: CannedDoor) -> None:
    record_speed(speed(2000))
    found = offers(door, instance_types=["c7i.xlarge"], num_steps=3_600_000, task="ant_walk", algorithm="ppo")
    assert [offer.pool.zone for offer in found] == ["us-east-1a", "us-east-1b"]
    offer = found[0]
    assert (offer.pool, offer.vcpus, offer.memory_gib, offer.gpu, offer.is_measured) == (A, 4, 8.0, "", True)
    assert offer.hours == pytest.approx(0.5)
    assert offer.total_usd == pytest.approx(0.025)
    assert offer.on_demand_price_per_hour_usd == 0.1785
    assert offer.saved_share == pytest.approx(1 - 0.05 / 0.1785)


def test_the_cheapest_run_comes_first_and_not_the_cheapest_hour(door: CannedDoor) -> None:
    record_speed(speed(1000, instance_type="c7i.large", vcpus=2))
    record_speed(speed(9000, instance_type="c7i.2xlarge", vcpus=8))
    found = offers(
        door, instance_types=["c7i.large", "c7i.2xlarge"], num_steps=10_000_000, task="ant_walk", algorithm="ppo"
    )
    assert [offer.pool.instance_type for offer in found] == ["c7i.2xlarge", "c7i.large"]


def test_a_task_that_nobody_has_trained_has_a_price_and_no_total(door: CannedDoor) -> None:
    found = offers(door, instance_types=["g5.xlarge"], num_steps=1000, task="nothing", algorithm="ppo")
    assert {offer.gpu for offer in found} == {"NVIDIA X1"}
    assert {(offer.hours, offer.total_usd) for offer in found} == {(None, None)}
    assert [offer.price_per_hour_usd for offer in found] == [0.35, 0.4]


def test_an_unknown_type_is_named(door: CannedDoor) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown instance type 'c7i\.xlarg'"):
        check_types(door, ["c7i.xlarge", "c7i.xlarg"])
    assert list(describe_types(door, ["c7i.xlarge", "c7i.xlarg"])) == ["c7i.xlarge"]


def test_prices_of_both_markets(door: CannedDoor) -> None:
    on_demand = Pool(instance_type="c7i.xlarge", zone="us-east-1a", market=Market.ON_DEMAND)
    nowhere = Pool(instance_type="c7i.xlarge", zone="us-east-1z")
    assert current_prices(door, [A, on_demand, nowhere]) == {A: 0.05, on_demand: 0.1785}


def test_the_price_list_is_asked_where_it_is(door: CannedDoor) -> None:
    assert on_demand_prices(door.in_region("eu-west-1"), ["c7i.xlarge"]) == {"c7i.xlarge": 0.1785}
    assert door.calls == [("us-east-1", "get_products")]


def test_a_price_list_that_does_not_answer_makes_prices_unknown(door: CannedDoor) -> None:
    assert on_demand_prices(door.in_region("cn-north-1"), ["c7i.xlarge"]) == {}
    door.answers["get_products"] = CloudError("no", code="AccessDeniedException")
    assert on_demand_prices(door, ["c7i.xlarge"]) == {}
    door.answers["get_products"] = lambda _: {"PriceList": []}
    assert on_demand_prices(door, ["c7i.xlarge"]) == {}


@pytest.mark.slow
def test_offers_come_from_what_aws_answers(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.set_price(A, 0.9, at=1000.0)
    fake_aws.scenario.set_price(A, 0.05)
    record_speed(speed(2000))
    found = offers(aws, instance_types=["c7i.xlarge"], num_steps=3_600_000, task="ant_walk", algorithm="ppo")
    (offer,) = (each for each in found if each.pool == A)
    assert (offer.vcpus, offer.memory_gib, offer.price_per_hour_usd) == (4, 8.0, 0.05)
    assert offer.on_demand_price_per_hour_usd == pytest.approx(0.2)
    facts = describe_types(aws, ["g5.2xlarge", "c7g.large", "p5.48xlarge"])
    assert (facts["g5.2xlarge"].vcpus, facts["g5.2xlarge"].num_gpus, facts["g5.2xlarge"].has_cuda) == (8, 1, True)
    assert facts["c7g.large"].architectures == ("arm64",)
    assert facts["p5.48xlarge"].num_gpus == 8


def test_more_cores_help_ppo_as_far_as_it_samples_and_sac_not_at_all() -> None:
    for algorithm in ("ppo", "sac"):
        record_speed(speed(1000, instance_type="", vcpus=2, algorithm=algorithm))
    ppo, sac = (expected_speed(FACTS, task="ant_walk", algorithm=name) for name in ("ppo", "sac"))
    assert ppo is not None
    assert ppo.steps_per_second == pytest.approx(1000 / (1 - PARALLEL_SHARE / 2))
    assert not ppo.is_measured
    assert sac == (1000, False)


def test_a_new_measurement_takes_the_place_of_the_old_one() -> None:
    record_speed(speed(1000))
    record_speed(speed(1200))
    assert expected_speed(FACTS, task="ant_walk", algorithm="ppo") == (1200, True)
    assert len([known for known in speeds.known_speeds() if known.task == "ant_walk"]) == 1


def test_a_run_tells_how_fast_it_was_by_its_last_metrics(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.config.write_text(to_yaml(RunConfig(task="ant_walk")), encoding="utf-8")
    assert speed_of(run, instance_type="c7i.xlarge", vcpus=4) is None
    writer = EventWriter(run.events, clock=lambda: 0.0)
    for rate in (None, 900.0, 1100.0, 1000.0):
        writer.write(Metrics(step=1, values={"time/steps_per_second": rate}))
    writer.close()
    found = speed_of(run, instance_type="c7i.xlarge", vcpus=4)
    assert found is not None
    assert (found.task, found.algorithm, found.steps_per_second) == ("ant_walk", "ppo", 1000)


def test_a_damaged_file_of_measurements_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/speeds.json").write_bytes(b"[{")
    assert expected_speed(FACTS, task="ant_walk", algorithm="ppo") is None
    record_speed(speed(1000))
    assert expected_speed(FACTS, task="ant_walk", algorithm="ppo") == (1000, True)


def test_the_shipped_measurements_are_read() -> None:
    assert expected_speed(FACTS, task="half_cheetah_run", algorithm="sac") == (123, False)


def speed(
    steps_per_second: float, *, instance_type: str = "c7i.xlarge", vcpus: int = 4, algorithm: str = "ppo"
) -> Speed:
    return Speed(
        task="ant_walk",
        algorithm=algorithm,
        instance_type=instance_type,
        vcpus=vcpus,
        steps_per_second=steps_per_second,
    )
