"""destroy removes the stack, keeps the runs, and refuses while anything runs."""

import datetime
from typing import Any

import pytest

from cloud.deploy import Choices, deploy
from cloud.destroy import MAX_COUNTED, destroy, measure_bucket
from cloud.errors import CloudError
from engine.protocol.errors import UsageError
from tests.cloud.fake_account import ACCOUNT, Died, FakeAccount

BUCKET = f"rlrobo-{ACCOUNT}-eu-west-1"


@pytest.fixture
def account() -> FakeAccount:
    made = FakeAccount()
    deploy(made, choices=Choices(), follower=made.follower([]))
    made.changes.clear()
    return made


def remove(account: FakeAccount) -> list[str]:
    lines: list[str] = []
    destroy(account, "rlrobo", account.follower(lines))
    return lines


def instance(*, state: str = "running", stack: str = "rlrobo") -> dict[str, Any]:
    return {
        "InstanceId": "i-1",
        "InstanceType": "c7i.large",
        "Placement": {"AvailabilityZone": "eu-west-1a"},
        "State": {"Name": state},
        "InstanceLifecycle": "spot",
        "LaunchTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        "Tags": [{"Key": "rlrobo:stack", "Value": stack}, {"Key": "rlrobo:run", "Value": "ant"}],
    }


def test_the_stack_goes_and_the_bucket_stays(account: FakeAccount) -> None:
    account.buckets[BUCKET]["objects"] = [
        {"Key": "runs/ant/spec.json", "Size": 10**9},
        {"Key": "runs/ant/END.json", "Size": 10**9},
        {"Key": "runs/bee/spec.json", "Size": 10**9},
        {"Key": "wheels/x", "Size": 0},
    ]
    lines = remove(account)
    assert account.named("rlrobo") == []
    assert BUCKET in account.buckets
    assert any("(stays)" in line for line in lines)
    assert any("2 runs in 4 objects, 3.00 GB" in line and "deploy` takes it into use again" in line for line in lines)


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_it_refuses_while_an_instance_is_there(account: FakeAccount, state: str) -> None:
    account.instances = [instance(state=state)]
    with pytest.raises(UsageError, match=r"i-1 \(c7i.large in eu-west-1a \(spot\), run ant\).*rlrobo cloud stop"):
        remove(account)
    assert account.changes == []


@pytest.mark.parametrize("other", [{"state": "terminated"}, {"state": "shutting-down"}, {"stack": "other"}])
def test_what_has_ended_and_what_is_not_ours_is_no_reason(account: FakeAccount, other: dict[str, str]) -> None:
    account.instances = [instance(**other)]
    remove(account)
    assert account.named("rlrobo") == []


def test_removing_again_says_that_there_is_nothing(account: FakeAccount) -> None:
    remove(account)
    assert remove(account)[0] == "There is no stack rlrobo in eu-west-1; nothing to remove."


@pytest.mark.parametrize("dies_after", [False, True])
def test_it_goes_on_where_it_died(account: FakeAccount, dies_after: bool) -> None:
    account.dies_at, account.dies_after = 0, dies_after
    with pytest.raises(Died):
        remove(account)
    account.dies_at = None
    remove(account)
    assert account.named("rlrobo") == []
    assert account.changes.count("delete_stack") == 1


def test_deploy_and_destroy_can_follow_each_other(account: FakeAccount) -> None:
    for _ in range(2):
        remove(account)
        deploy(account, choices=Choices(), follower=account.follower([]))
    assert list(account.buckets) == [BUCKET]


def test_what_cannot_be_removed_is_said(account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(found: dict[str, Any]) -> None:
        account.add_event(found, "Repository", "DELETE_FAILED", "it is in use")
        found["StackStatus"] = "DELETE_FAILED"

    monkeypatch.setattr(account, "_remove_one", fail)
    with pytest.raises(CloudError, match=r"could not be removed .*Repository: it is in use"):
        remove(account)


def test_a_large_bucket_is_not_counted_to_its_end(account: FakeAccount) -> None:
    account.buckets[BUCKET]["objects"] = [{"Key": f"runs/{i % 3}/x{i}", "Size": 1} for i in range(MAX_COUNTED + 1)]
    stored = measure_bucket(account, BUCKET)
    assert stored is not None
    assert (stored.num_objects, stored.is_all) == (MAX_COUNTED, False)
    assert any("more than 3 runs in 10,000 objects" in line for line in remove(account))


def test_no_bucket_is_nothing_to_tell_of(account: FakeAccount) -> None:
    account.buckets.clear()
    assert measure_bucket(account, BUCKET) is None
    assert not any("bucket" in line.lower() and "stays, for" in line for line in remove(account))
