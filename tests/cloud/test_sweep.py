"""What runs left behind is found in every region and removed; what is needed is left alone."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloud.aws import Aws
from cloud.errors import CloudError
from cloud.instances import Instance
from cloud.layout import TAG_ATTEMPT, TAG_RUN, TAG_STACK, RunKeys
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, Pool, encode
from cloud.store import ObjectStore
from cloud.sweep import LEFT_S, OrphanKind, enabled_regions, find_orphans, remove, why_orphan
from tests.cloud.canned_door import CannedDoor
from tests.cloud.directory_store import DirectoryStore
from tests.fakeaws.fake import REGIONS, FakeAws
from tests.fakeaws.scenario import Fault

IMAGE = "ami-12c6146b"
NOW = time.time()
POOL = Pool(instance_type="c7i.large", zone="us-east-1a")


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path)


def running(run_id: str, *, attempt: int = 1) -> Instance:
    return Instance(
        id=f"i-{attempt}",
        region="us-east-1",
        pool=POOL,
        state="running",
        run_id=run_id,
        attempt=attempt,
        stack="rlrobo",
    )


def send(store: ObjectStore, run_id: str) -> RunKeys:
    """Write down a run with one attempt that trains."""
    keys = RunKeys(run_id)
    store.put(keys.spec, encode(CloudSpec(run_id=run_id, region="us-east-1", bucket="b", created_at=NOW)))
    store.put(keys.attempt(1), encode(Attempt(number=1, token="t", state=AttemptState.RUNNING)))
    return keys


def test_an_instance_that_trains_is_needed(store: DirectoryStore) -> None:
    send(store, "run")
    assert why_orphan(running("run"), store, now=NOW) == ""


def test_an_instance_without_a_stack_a_run_or_its_record_is_not(store: DirectoryStore) -> None:
    assert why_orphan(running("run"), None, now=NOW) == "its stack rlrobo is not there any more"
    assert why_orphan(running(""), store, now=NOW) == "it has no run"
    assert why_orphan(running("run"), store, now=NOW) == "nobody knows its run run"


def test_an_instance_past_the_deadline_is_not_needed(store: DirectoryStore) -> None:
    send(store, "run")
    assert why_orphan(running("run"), store, now=NOW + 25 * 3600) == "it is past its run's deadline"


def test_an_instance_has_ten_minutes_after_its_runs_end(store: DirectoryStore) -> None:
    keys = send(store, "run")
    store.put(keys.end, encode(End(epoch=1, cause=Cause.FINISHED, step=1, time=NOW)))
    assert why_orphan(running("run"), store, now=NOW + LEFT_S - 1) == ""
    assert why_orphan(running("run"), store, now=NOW + LEFT_S + 1) == "its run is over"


def test_an_instance_whose_place_another_has_taken_is_not_needed(store: DirectoryStore) -> None:
    keys = send(store, "run")
    later = Attempt(number=2, token="t")
    store.put(keys.attempt(2), encode(later))
    assert why_orphan(running("run"), store, now=NOW) == ""
    store.put(keys.attempt(2), encode(msgspec.structs.replace(later, state=AttemptState.LAUNCHED)))
    assert why_orphan(running("run"), store, now=NOW) == "attempt 2 has taken its place"
    assert why_orphan(running("run", attempt=2), store, now=NOW) == ""


def test_an_instance_whose_attempt_was_closed_is_not_needed(store: DirectoryStore) -> None:
    keys = send(store, "run")
    store.put(keys.attempt(1), encode(Attempt(number=1, token="t", state=AttemptState.ENDED, ended_at=NOW)))
    assert why_orphan(running("run"), store, now=NOW + LEFT_S - 1) == ""
    assert why_orphan(running("run"), store, now=NOW + LEFT_S + 1) == "its attempt has ended"


def test_requests_and_fleets_without_an_instance_are_found() -> None:
    tags = [{"ResourceId": "fleet-1", "Value": "over"}, {"ResourceId": "fleet-2", "Value": "forgotten"}]

    def describe_fleets(params: Mapping[str, Any]) -> dict[str, Any]:
        (fleet_id,) = params["FleetIds"]
        if fleet_id == "fleet-2":
            raise CloudError("gone", code="InvalidFleetId.NotFound")
        return {"Fleets": [{"FleetState": "active"}]}

    door = CannedDoor(
        {
            "describe_instances": lambda _: {"Reservations": []},
            "describe_volumes": lambda _: {"Volumes": []},
            "describe_spot_instance_requests": lambda _: {
                "SpotInstanceRequests": [{"SpotInstanceRequestId": "sir-1", "InstanceId": "i-gone"}]
            },
            "describe_tags": lambda _: {"Tags": tags},
            "describe_fleets": describe_fleets,
        }
    )
    found = find_orphans(door, ["us-east-1"], lambda region, stack: None, now=NOW)
    assert [str(orphan) for orphan in found.orphans] == [
        "Spot request sir-1 in us-east-1: it has no instance any more",
        "fleet fleet-1 in us-east-1: it has no instance any more",
    ]


def test_a_region_that_does_not_answer_is_told() -> None:
    door = CannedDoor({"describe_instances": CloudError("not enabled", code="OptInRequired")})
    found = find_orphans(door, ["eu-south-1"], lambda region, stack: None, now=NOW)
    assert found.unchecked == {"eu-south-1": "not enabled"}


def start(aws: Aws, run_id: str) -> str:
    """Return a running instance with our tags."""
    tags = {TAG_STACK: "rlrobo", TAG_RUN: run_id, TAG_ATTEMPT: "1"}
    marks = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
    answer = aws.call(
        "ec2",
        "run_instances",
        MinCount=1,
        MaxCount=1,
        ImageId=IMAGE,
        InstanceType="c7i.large",
        TagSpecifications=marks,
    )
    return answer["Instances"][0]["InstanceId"]


@pytest.mark.slow
def test_orphans_are_found_and_removed_in_three_regions(aws: Aws, fake_aws: FakeAws) -> None:
    planted = {region: start(aws.in_region(region), "gone") for region in REGIONS}
    found = find_orphans(aws, REGIONS, lambda region, stack: None, now=NOW)
    assert {orphan.region: orphan.id for orphan in found.orphans if orphan.kind is OrphanKind.INSTANCE} == planted
    assert "its stack rlrobo is not there any more" in str(found.orphans[0])
    assert remove(aws, found.orphans) == {}
    again = find_orphans(aws, REGIONS, lambda region, stack: None, now=NOW)
    assert again.orphans == ()
    assert fake_aws.alive == []


@pytest.mark.slow
def test_what_is_not_ours_is_left_alone(aws: Aws, fake_aws: FakeAws) -> None:
    aws.call("ec2", "run_instances", MinCount=1, MaxCount=1, ImageId=IMAGE, InstanceType="c7i.large")
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    assert (found.orphans, found.wanted) == ((), ())
    assert len(fake_aws.alive) == 1


@pytest.mark.slow
def test_a_volume_that_no_instance_uses_is_deleted(aws: Aws) -> None:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": TAG_STACK, "Value": "rlrobo"}]}]
    volume = aws.call("ec2", "create_volume", Size=8, AvailabilityZone="us-east-1a", TagSpecifications=tags)
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    assert [(orphan.kind, orphan.id) for orphan in found.orphans] == [(OrphanKind.VOLUME, volume["VolumeId"])]
    assert remove(aws, found.orphans) == {}
    assert remove(aws, found.orphans) == {}


@pytest.mark.slow
def test_a_region_that_does_not_answer_is_told_and_the_others_are_looked_at(aws: Aws, fake_aws: FakeAws) -> None:
    instance_id = start(aws, "gone")
    fake_aws.scenario.fail(
        Fault(action="*", code="OptInRequired", times=None, where=lambda call: call.region == "eu-west-1")
    )
    found = find_orphans(aws, ["eu-west-1", "us-east-1"], lambda region, stack: None, now=NOW)
    assert instance_id in {orphan.id for orphan in found.orphans}
    assert list(found.unchecked) == ["eu-west-1"]
    assert "account cannot use this yet" in found.unchecked["eu-west-1"]


@pytest.mark.slow
def test_what_cannot_be_removed_is_told(aws: Aws, fake_aws: FakeAws) -> None:
    start(aws, "gone")
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    fake_aws.scenario.fail(Fault(action="TerminateInstances", code="UnauthorizedOperation", status=403))
    (failure,) = remove(aws, found.orphans).values()
    assert "may not do ec2:TerminateInstances" in failure


@pytest.mark.slow
def test_the_accounts_regions_are_listed(aws: Aws) -> None:
    assert set(REGIONS) <= set(enabled_regions(aws))
