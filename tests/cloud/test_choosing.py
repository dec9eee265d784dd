"""Which types a run gets, and what quotas allow of them."""

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
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fault

STANDARD, GPU = "L-34B43A08", "L-3819A6DF"


def config(**changes: object) -> RunConfig:
    return RunConfig(task="ant_walk", **changes)  # type: ignore[arg-type]


def test_auto_is_ten_and_more_types_of_the_size_that_the_run_can_use(aws: Aws, fake_aws: FakeAws) -> None:
    choice = choose_types(aws, config(algorithm=PPO(), num_envs=8))
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


def test_auto_takes_the_size_that_the_quota_allows(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.quotas[STANDARD] = 5.0
    choice = choose_types(aws, config(num_envs=16))
    assert {facts.vcpus for facts in choice.facts.values()} == {4}


def test_auto_takes_gpus_only_for_cuda(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.quotas[GPU] = 64.0
    choice = choose_types(aws, config(device="cuda"))
    assert len(choice.facts) >= 10
    assert all(facts.has_cuda for facts in choice.facts.values())


def test_no_gpu_quota_is_found_before_any_launch(aws: Aws, fake_aws: FakeAws) -> None:
    with pytest.raises(CloudError) as caught:
        choose_types(aws, config(device="cuda"))
    assert "The Spot quota of G and VT instances in us-east-1 is 0 vCPUs, 0 of them in use;" in str(caught.value)
    assert "needs 4. Ask for more: `aws service-quotas request-service-quota-increase" in str(caught.value)
    assert "--quota-code L-3819A6DF --desired-value 4 --region us-east-1`" in str(caught.value)
    assert not any(call.action in ("CreateFleet", "RunInstances") for _, call in fake_aws.calls)


def test_named_types_keep_their_order(aws: Aws, fake_aws: FakeAws) -> None:
    choice = choose_types(aws, config(), ["m7i.large", "c7i.large"])
    assert list(choice.facts) == ["m7i.large", "c7i.large"]


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("c7g.large", {}, "PyBullet is there for x86_64 only"),
        ("c7i.large", {"device": "cuda"}, "has no NVIDIA GPU"),
    ],
)
def test_a_type_that_cannot_train_the_run_is_refused(
    aws: Aws, name: str, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        choose_types(aws, config(**changes), [name])


def test_an_unknown_type_is_refused(aws: Aws) -> None:
    with pytest.raises(UnknownNameError, match="unknown instance type"):
        choose_types(aws, config(), ["c99.large"])


def test_what_runs_counts_against_the_quota_of_its_market(aws: Aws, fake_aws: FakeAws) -> None:
    aws.call("ec2", "run_instances", MinCount=1, MaxCount=1, InstanceType="c7i.xlarge", ImageId="ami-12c6146b")
    facts = describe_types(aws, ["c7i.large"])
    (spot,) = check_quota(aws, facts.values(), Market.SPOT).quotas
    (on_demand,) = check_quota(aws, facts.values(), Market.ON_DEMAND).quotas
    assert (spot.used_vcpus, on_demand.used_vcpus) == (0, 4)
    assert on_demand.free_vcpus == 252


def test_a_quota_that_aws_does_not_tell_refuses_nothing(aws: Aws, fake_aws: FakeAws) -> None:
    for action in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        fake_aws.scenario.fail(Fault(action=action, code="AccessDeniedException", times=None))
    report = check_quota(aws, describe_types(aws, ["c7i.large"]).values(), Market.SPOT)
    assert report.fitting == ("c7i.large",)
    assert report.quotas[0].free_vcpus is None


def test_a_market_that_does_not_answer_is_no_free_quota(aws: Aws, fake_aws: FakeAws) -> None:
    fake_aws.scenario.fail(Fault(action="GetServiceQuota", code="ExpiredTokenException"))
    with pytest.raises(CloudError, match="expired"):
        check_quota(aws, describe_types(aws, ["c7i.large"]).values(), Market.SPOT)
