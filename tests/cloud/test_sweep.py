"""What runs left behind is found in every region and removed; what is needed is left alone."""

import time

import msgspec
import pytest

from cloud.aws import Aws
from cloud.instances import find_instances
from cloud.layout import TAG_ATTEMPT, TAG_RUN, TAG_STACK, RunKeys
from cloud.outputs import StackOutputs
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, encode
from cloud.s3 import S3Store
from cloud.store import ObjectStore
from cloud.sweep import LEFT_S, OrphanKind, enabled_regions, find_orphans, remove
from tests.fakeaws.fake import REGIONS, FakeAws
from tests.fakeaws.scenario import Fault

IMAGE = "ami-12c6146b"
NOW = time.time()


@pytest.fixture
def store(aws: Aws, stack: StackOutputs) -> S3Store:
    return aws.store(stack.bucket)


def start(aws: Aws, run_id: str, *, attempt: int = 1) -> str:
    """Return a running instance with our tags."""
    tags = {TAG_STACK: "rlrobo", TAG_RUN: run_id, TAG_ATTEMPT: str(attempt)}
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


def send(store: ObjectStore, run_id: str, *, created_at: float = NOW) -> RunKeys:
    """Write down a run with one attempt that trains."""
    keys = RunKeys(run_id)
    spec = CloudSpec(run_id=run_id, region="us-east-1", bucket="b", created_at=created_at)
    store.put(keys.spec, encode(spec))
    store.put(keys.attempt(1), encode(Attempt(number=1, token="t", state=AttemptState.RUNNING)))
    return keys


def reasons(aws: Aws, store: ObjectStore, *, now: float = NOW) -> dict[str, str]:
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: store, now=now)
    return {orphan.id: orphan.reason for orphan in found.orphans if orphan.kind is OrphanKind.INSTANCE}


def test_an_instance_that_trains_is_needed(aws: Aws, store: S3Store) -> None:
    send(store, "trains")
    instance_id = start(aws, "trains")
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: store, now=NOW)
    assert [instance.id for instance in found.wanted] == [instance_id]
    assert reasons(aws, store) == {}


def test_an_instance_of_a_run_that_nobody_knows_is_not(aws: Aws, store: S3Store) -> None:
    instance_id = start(aws, "unknown")
    assert reasons(aws, store) == {instance_id: "nobody knows its run unknown"}


def test_an_instance_past_the_deadline_is_not(aws: Aws, store: S3Store) -> None:
    send(store, "late")
    instance_id = start(aws, "late")
    assert reasons(aws, store, now=NOW + 25 * 3600) == {instance_id: "it is past its run's deadline"}


def test_an_instance_has_ten_minutes_after_its_runs_end(aws: Aws, store: S3Store) -> None:
    keys = send(store, "over")
    instance_id = start(aws, "over")
    store.put(keys.end, encode(End(epoch=1, cause=Cause.FINISHED, step=1, time=NOW)))
    assert reasons(aws, store, now=NOW + LEFT_S - 1) == {}
    assert reasons(aws, store, now=NOW + LEFT_S + 1) == {instance_id: "its run is over"}


def test_an_instance_whose_place_another_has_taken_is_not_needed(aws: Aws, store: S3Store) -> None:
    keys = send(store, "twice")
    first, second = start(aws, "twice"), start(aws, "twice", attempt=2)
    later = Attempt(number=2, token="t")
    store.put(keys.attempt(2), encode(later))
    assert reasons(aws, store) == {}
    store.put(keys.attempt(2), encode(msgspec.structs.replace(later, state=AttemptState.LAUNCHED)))
    assert reasons(aws, store) == {first: "attempt 2 has taken its place"}
    assert second in {instance.id for instance in find_instances(aws, run_id="twice")}


def test_an_instance_whose_attempt_was_closed_is_not_needed(aws: Aws, store: S3Store) -> None:
    keys = send(store, "closed")
    instance_id = start(aws, "closed")
    closed = Attempt(number=1, token="t", state=AttemptState.ENDED, ended_at=NOW)
    store.put(keys.attempt(1), encode(closed))
    assert reasons(aws, store, now=NOW + LEFT_S + 1) == {instance_id: "its attempt has ended"}


def test_orphans_are_found_and_removed_in_three_regions(aws: Aws, fake_aws: FakeAws) -> None:
    planted = {region: start(aws.in_region(region), "gone") for region in REGIONS}
    found = find_orphans(aws, REGIONS, lambda region, stack: None, now=NOW)
    assert {orphan.region: orphan.id for orphan in found.orphans if orphan.kind is OrphanKind.INSTANCE} == planted
    assert "its stack rlrobo is not there any more" in str(found.orphans[0])
    assert remove(aws, found.orphans) == {}
    again = find_orphans(aws, REGIONS, lambda region, stack: None, now=NOW)
    assert again.orphans == ()
    assert fake_aws.alive == []


def test_what_is_not_ours_is_left_alone(aws: Aws, fake_aws: FakeAws) -> None:
    aws.call("ec2", "run_instances", MinCount=1, MaxCount=1, ImageId=IMAGE, InstanceType="c7i.large")
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    assert (found.orphans, found.wanted) == ((), ())
    assert len(fake_aws.alive) == 1


def test_a_volume_that_no_instance_uses_is_deleted(aws: Aws) -> None:
    tags = [{"ResourceType": "volume", "Tags": [{"Key": TAG_STACK, "Value": "rlrobo"}]}]
    volume = aws.call("ec2", "create_volume", Size=8, AvailabilityZone="us-east-1a", TagSpecifications=tags)
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    assert [(orphan.kind, orphan.id) for orphan in found.orphans] == [(OrphanKind.VOLUME, volume["VolumeId"])]
    assert remove(aws, found.orphans) == {}
    assert remove(aws, found.orphans) == {}


def test_a_region_that_does_not_answer_is_told_and_the_others_are_looked_at(aws: Aws, fake_aws: FakeAws) -> None:
    instance_id = start(aws, "gone")
    fake_aws.scenario.fail(
        Fault(action="*", code="OptInRequired", times=None, where=lambda call: call.region == "eu-west-1")
    )
    found = find_orphans(aws, ["eu-west-1", "us-east-1"], lambda region, stack: None, now=NOW)
    assert instance_id in {orphan.id for orphan in found.orphans}
    assert list(found.unchecked) == ["eu-west-1"]
    assert "account cannot use this yet" in found.unchecked["eu-west-1"]


def test_what_cannot_be_removed_is_told(aws: Aws, fake_aws: FakeAws) -> None:
    start(aws, "gone")
    found = find_orphans(aws, ["us-east-1"], lambda region, stack: None, now=NOW)
    fake_aws.scenario.fail(Fault(action="TerminateInstances", code="UnauthorizedOperation", status=403))
    (failure,) = remove(aws, found.orphans).values()
    assert "may not do ec2:TerminateInstances" in failure


def test_the_accounts_regions_are_listed(aws: Aws) -> None:
    assert set(REGIONS) <= set(enabled_regions(aws))
