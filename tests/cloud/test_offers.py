"""Offers: today's prices, what a run is expected to take, and what is said where nobody knows."""

from pathlib import Path

import pytest

from cloud import prices, speeds
from cloud.aws import Aws
from cloud.instance_types import InstanceFacts, check_types, describe_types
from cloud.offers import offers
from cloud.prices import current_prices, on_demand_prices, spot_prices
from cloud.records import Market, Pool
from cloud.speeds import PARALLEL_SHARE, Speed, expected_speed, record_speed
from engine.protocol.errors import UnknownNameError
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fault

A = Pool(instance_type="c7i.xlarge", zone="us-east-1a")
FACTS = InstanceFacts(name="c7i.xlarge", vcpus=4, memory_gib=8)


@pytest.fixture(autouse=True)
def own_speeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speeds.platformdirs, "user_data_path", lambda _: tmp_path / "data")


def test_an_offer_says_what_the_whole_run_costs(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.set_price(A, 0.05)
    record_speed(speed(2000))
    found = offers(aws, instance_types=["c7i.xlarge"], num_steps=3_600_000, task="ant_walk", algorithm="ppo")
    (offer,) = (each for each in found if each.pool == A)
    assert (offer.vcpus, offer.memory_gib, offer.gpu, offer.is_measured) == (4, 8.0, "", True)
    assert offer.hours == pytest.approx(0.5)
    assert offer.total_usd == pytest.approx(0.025)
    assert offer.on_demand_price_per_hour_usd == pytest.approx(0.2)
    assert offer.saved_share == pytest.approx(0.75)


def test_the_cheapest_run_comes_first_and_not_the_cheapest_hour(aws: Aws) -> None:
    record_speed(speed(1000, instance_type="c7i.large", vcpus=2))
    record_speed(speed(9000, instance_type="c7i.2xlarge", vcpus=8))
    found = offers(
        aws, instance_types=["c7i.large", "c7i.2xlarge"], num_steps=10_000_000, task="ant_walk", algorithm="ppo"
    )
    assert found[0].pool.instance_type == "c7i.2xlarge"
    assert min(found, key=lambda offer: offer.price_per_hour_usd).pool.instance_type == "c7i.large"


def test_a_task_that_nobody_has_trained_has_a_price_and_no_total(aws: Aws) -> None:
    found = offers(aws, instance_types=["g5.xlarge"], num_steps=1000, task="nothing", algorithm="ppo")
    assert {offer.gpu for offer in found} == {"NVIDIA A10G"}
    assert {(offer.hours, offer.total_usd) for offer in found} == {(None, None)}
    prices = [offer.price_per_hour_usd for offer in found]
    assert prices == sorted(prices)


def test_an_unknown_type_is_named(aws: Aws) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown instance type 'c7i\.xlarg'"):
        check_types(aws, ["c7i.xlarge", "c7i.xlarg"])
    assert list(describe_types(aws, ["c7i.xlarge", "c7i.xlarg"])) == ["c7i.xlarge"]


def test_facts_come_from_ec2(aws: Aws) -> None:
    facts = describe_types(aws, ["g5.2xlarge", "c7g.large", "p5.48xlarge"])
    assert (facts["g5.2xlarge"].vcpus, facts["g5.2xlarge"].num_gpus, facts["g5.2xlarge"].has_cuda) == (8, 1, True)
    assert facts["c7g.large"].architectures == ("arm64",)
    assert facts["p5.48xlarge"].num_gpus == 8


def test_an_old_price_does_not_count(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.set_price(A, 0.9, at=1000.0)
    fake_aws.scenario.set_price(A, 0.07)
    assert spot_prices(aws, ["c7i.xlarge"])[A] == 0.07


def test_prices_of_both_markets(aws: Aws) -> None:
    on_demand = Pool(instance_type="c7i.xlarge", zone="us-east-1a", market=Market.ON_DEMAND)
    nowhere = Pool(instance_type="c7i.xlarge", zone="us-east-1z")
    found = current_prices(aws, [A, on_demand, nowhere])
    assert found == {A: pytest.approx(0.06), on_demand: pytest.approx(0.2)}


def test_a_price_list_that_does_not_answer_makes_prices_unknown(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.fail(Fault(action="GetProducts", code="AccessDeniedException", times=None))
    assert on_demand_prices(aws, ["c7i.xlarge"]) == {}
    assert on_demand_prices(aws.in_region("cn-north-1"), ["c7i.xlarge"]) == {}


def test_the_hourly_price_is_found_among_the_others() -> None:
    dimensions = {
        "a": {"unit": "Quantity", "pricePerUnit": {"USD": "500"}},
        "b": {"unit": "Hrs", "pricePerUnit": {"USD": "0.0000000000"}},
        "c": {"unit": "Hrs", "pricePerUnit": {"USD": "0.1785000000"}},
    }
    product = {"terms": {"OnDemand": {"x": {"priceDimensions": dimensions}}}}
    assert list(prices._hourly(product)) == [0.1785]


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
