"""Which types a run gets, and what quotas allow of them."""

from collections.abc import Mapping
from typing import Any

import pytest

from cloud.aws import Aws
from cloud.choosing import auto_vcpus, choose_types
from cloud.errors import CloudError
from cloud.instance_types import describe_types
from cloud.quotas import check_quota
from cloud.records import Market
from engine.protocol.algorithms import PPO, SAC
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, UnknownNameError
from tests.cloud.canned_door import CannedDoor, describe_instance_types
from tests.fakeaws.fake import FakeAws

STANDARD, GPU = "L-34B43A08", "L-3819A6DF"


@pytest.fixture
def quotas() -> dict[str, int]:
    """vCPUs by quota code; what is not there is not told."""
    return {STANDARD: 256, GPU: 0, "L-1216C47A": 256}


@pytest.fixture
def door(quotas: dict[str, int]) -> CannedDoor:
    def get_service_quota(params: Mapping[str, Any]) -> dict[str, Any]:
        if params["QuotaCode"] not in quotas:
            raise CloudError("not told", code="AccessDeniedException")
        return {"Quota": {"Value": float(quotas[params["QuotaCode"]])}}

    return CannedDoor(
        {
            "describe_instance_types": describe_instance_types,
            "describe_instances": lambda _: {"Reservations": []},
            "get_service_quota": get_service_quota,
            "get_aws_default_service_quota": get_service_quota,
        }
    )


def config(**changes: object) -> RunConfig:
    return RunConfig(task="ant_walk", **changes)  # type: ignore[arg-type]


def test_auto_is_ten_and_more_types_of_the_size_that_the_run_can_use(door: CannedDoor, quotas: dict[str, int]) -> None:
    choice = choose_types(door, config(algorithm=PPO(), num_envs=8))
    assert len(choice.facts) >= 10
    assert {facts.vcpus for facts in choice.facts.values()} == {8}
    assert {facts.gpu for facts in choice.facts.values()} == {""}


@pytest.mark.parametrize(
    ("changes", "vcpus"),
    [
        ({"num_envs": 1}, 2),
        ({"num_envs": 9}, 16),
        ({"num_envs": 4096}, 32),
        ({"num_envs": 32, "num_workers": 4}, 4),
        ({"num_envs": 32, "algorithm": SAC()}, 4),
    ],
)
def test_the_size_follows_the_environments_of_ppo(changes: dict[str, object], vcpus: int) -> None:
    assert auto_vcpus(config(**changes)) == vcpus


def test_auto_takes_the_size_that_the_quota_allows(door: CannedDoor, quotas: dict[str, int]) -> None:
    quotas[STANDARD] = 5
    choice = choose_types(door, config(num_envs=16))
    assert {facts.vcpus for facts in choice.facts.values()} == {4}


def test_auto_takes_gpus_only_for_cuda(door: CannedDoor, quotas: dict[str, int]) -> None:
    quotas[GPU] = 64
    choice = choose_types(door, config(device="cuda"))
    assert len(choice.facts) >= 10
    assert all(facts.has_cuda for facts in choice.facts.values())


def test_no_gpu_quota_is_found_before_any_launch(door: CannedDoor, quotas: dict[str, int]) -> None:
    with pytest.raises(CloudError) as caught:
        choose_types(door, config(device="cuda"))
    assert "The Spot quota of G and VT instances in us-east-1 is 0 vCPUs, 0 of them in use;" in str(caught.value)
    assert "needs 4. Ask for more: `aws service-quotas request-service-quota-increase" in str(caught.value)
    assert "--quota-code L-3819A6DF --desired-value 4 --region us-east-1`" in str(caught.value)


def test_named_types_keep_their_order(door: CannedDoor, quotas: dict[str, int]) -> None:
    choice = choose_types(door, config(), ["m7i.large", "c7i.large"])
    assert list(choice.facts) == ["m7i.large", "c7i.large"]


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("c7g.large", {}, "PyBullet is there for x86_64 only"),
        ("c7i.large", {"device": "cuda"}, "has no NVIDIA GPU"),
        ("g4ad.xlarge", {"device": "cuda"}, "has no NVIDIA GPU"),
    ],
)
def test_a_type_that_cannot_train_the_run_is_refused(
    door: CannedDoor, name: str, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        choose_types(door, config(**changes), [name])


def test_an_unknown_type_is_refused(door: CannedDoor) -> None:
    with pytest.raises(UnknownNameError, match="unknown instance type"):
        choose_types(door, config(), ["c99.large"])


def test_what_runs_counts_against_the_quota_of_its_market(door: CannedDoor) -> None:
    running = [
        {"InstanceType": "c7i.xlarge", "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 2}},
        {"InstanceType": "m7i.2xlarge", "InstanceLifecycle": "spot"},
        {"InstanceType": "g5.xlarge", "InstanceLifecycle": "spot"},
    ]
    door.answers["describe_instances"] = lambda _: {"Reservations": [{"Instances": running}]}
    facts = describe_types(door, ["c7i.large"])
    (spot,) = check_quota(door, facts.values(), Market.SPOT).quotas
    (on_demand,) = check_quota(door, facts.values(), Market.ON_DEMAND).quotas
    assert (spot.used_vcpus, on_demand.used_vcpus) == (8, 4)
    assert on_demand.free_vcpus == 252


def test_a_quota_that_aws_does_not_tell_refuses_nothing(door: CannedDoor, quotas: dict[str, int]) -> None:
    quotas.clear()
    report = check_quota(door, describe_types(door, ["c7i.large"]).values(), Market.SPOT)
    assert report.fitting == ("c7i.large",)
    assert report.quotas[0].free_vcpus is None


def test_quotas_that_do_not_answer_are_no_free_quotas(door: CannedDoor) -> None:
    door.answers["get_service_quota"] = CloudError("expired", code="ExpiredTokenException")
    with pytest.raises(CloudError, match="expired"):
        check_quota(door, describe_types(door, ["c7i.large"]).values(), Market.SPOT)


@pytest.mark.slow
def test_types_are_chosen_by_what_aws_answers(aws: Aws, fake_aws: FakeAws) -> None:
    assert len(choose_types(aws, config()).facts) >= 10
    fake_aws.scenario.quotas[STANDARD] = 5.0
    assert {facts.vcpus for facts in choose_types(aws, config(num_envs=16)).facts.values()} == {4}
    fake_aws.scenario.quotas[GPU] = 64.0
    choice = choose_types(aws, config(device="cuda"))
    assert len(choice.facts) >= 10
    assert all(facts.has_cuda for facts in choice.facts.values())
    aws.call("ec2", "run_instances", MinCount=1, MaxCount=1, InstanceType="c7i.xlarge", ImageId="ami-12c6146b")
    report = check_quota(aws, describe_types(aws, ["c7i.large"]).values(), Market.ON_DEMAND)
    assert report.quotas[0].used_vcpus == 4
