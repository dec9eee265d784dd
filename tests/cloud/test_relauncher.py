"""The stack's relauncher follows the same protocol as the user's machine."""

import base64
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest

from cloud.layout import ATTEMPT_PLACEHOLDER, RunKeys
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Head, Market, Pool, decode, encode
from cloud.send import send
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.stack_functions import NOW, FakeEc2, FakeS3, load

KEYS = RunKeys("ant")
POOLS = (Pool(instance_type="c7i.large", zone="us-east-1a"), Pool(instance_type="c7i.large", zone="us-east-1b"))
FIRST = Attempt(
    number=1,
    token="t1",
    state=AttemptState.RUNNING,
    pools=POOLS,
    pool=POOLS[0],
    instance_id="i-1",
    image_id="ami-1",
    price_per_hour_usd=0.1,
    intended_at=NOW - 3700,
    launched_at=NOW - 3600,
)
HEAD = Head(epoch=1, step=500, manifest_key="m", barrier_step=400, barrier_manifest_key="b", saved_at=NOW)
INTERRUPTED = "Server.SpotInstanceTermination"


class Relauncher(NamedTuple):
    """The function and its world."""

    module: ModuleType
    s3: FakeS3
    ec2: FakeEc2

    def send(self, *attempts: Attempt, **settings: Any) -> None:
        """Put a run into the bucket as the user's machine does."""
        spec = CloudSpec(run_id="ant", region="us-east-1", bucket="bucket", created_at=NOW - 7200, **settings)
        self.s3.put(KEYS.spec, encode(spec))
        self.s3.put(KEYS.boot, b"#!/bin/bash\nagent --attempt @ATTEMPT@\n")
        self.s3.put(KEYS.open_marker, b"")
        for attempt in attempts:
            self.s3.put(KEYS.attempt(attempt.number), encode(attempt))

    def lose(self, *, reason: str = INTERRUPTED, attempt: int = 1) -> None:
        """Have EC2 end the attempt's instance."""
        self.ec2.add(run="ant", attempt=str(attempt), state="terminated", reason=reason)

    def wake(self, *, at: float = NOW) -> None:
        self.module.time.time = lambda: at
        self.module.handler({}, None)

    def attempt(self, number: int) -> Attempt:
        return decode(self.s3.objects[KEYS.attempt(number)][0], Attempt)

    def num_attempts(self) -> int:
        return sum(key.startswith(KEYS.attempts) for key in self.s3.objects)


@pytest.fixture
def relauncher(monkeypatch: pytest.MonkeyPatch) -> Relauncher:
    s3, ec2 = FakeS3(), FakeEc2()
    module = load("Relauncher", {"s3": s3, "ec2": ec2})
    monkeypatch.setattr(module, "time", ModuleType("time"))
    ec2.capacity = {("c7i.large", "subnet-a"), ("c7i.large", "subnet-b")}
    return Relauncher(module, s3, ec2)


def test_an_interrupted_run_goes_on_in_another_pool(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.s3.put(KEYS.head, encode(HEAD))
    relauncher.lose()
    relauncher.wake()
    old, new = relauncher.attempt(1), relauncher.attempt(2)
    assert (old.state, old.cause, old.saved_step, old.ended_at) == (AttemptState.ENDED, Cause.INTERRUPTED, 500, NOW)
    assert (new.state, new.pool, new.instance_id) == (AttemptState.LAUNCHED, POOLS[1], "i-2")
    assert (new.first_step, new.image_id, new.fleet_id, new.launched_at) == (400, "ami-1", "fleet-1", NOW)
    assert new.price_per_hour_usd == 0.125
    assert len(new.token) == 64


def test_a_run_that_need_not_be_exact_goes_on_from_the_newest_checkpoint(relauncher: Relauncher) -> None:
    relauncher.send(FIRST, is_exact=False)
    relauncher.s3.put(KEYS.head, encode(HEAD))
    relauncher.lose()
    relauncher.wake()
    assert relauncher.attempt(2).first_step == 500


def test_the_new_instance_gets_user_data_tags_and_the_same_image(relauncher: Relauncher) -> None:
    relauncher.send(FIRST, max_hours=10)
    relauncher.lose()
    relauncher.wake()
    (version,), (fleet,) = relauncher.ec2.versions, relauncher.ec2.fleets
    assert base64.b64decode(version["LaunchTemplateData"]["UserData"]) == b"#!/bin/bash\nagent --attempt 2\n"
    assert (version["LaunchTemplateId"], version["SourceVersion"]) == ("lt-1", "3")
    (config,) = fleet["LaunchTemplateConfigs"]
    assert config["LaunchTemplateSpecification"] == {"LaunchTemplateId": "lt-1", "Version": "4"}
    assert config["Overrides"] == [{"InstanceType": "c7i.large", "SubnetId": "subnet-b", "ImageId": "ami-1"}]
    assert fleet["Type"] == "instant"
    assert fleet["ClientToken"] == version["ClientToken"] == relauncher.attempt(2).token
    for tags in fleet["TagSpecifications"]:
        assert {tag["Key"]: tag["Value"] for tag in tags["Tags"]} == {
            "rlrobo:stack": "rlrobo",
            "rlrobo:run": "ant",
            "rlrobo:attempt": "2",
            "rlrobo:deadline": str(int(NOW - 7200 + 36000)),
        }


@pytest.mark.parametrize("state", ["pending", "running", "shutting-down", "stopping", "stopped"])
def test_nothing_follows_while_an_instance_may_live(relauncher: Relauncher, state: str) -> None:
    relauncher.send(FIRST)
    relauncher.ec2.add(run="ant", attempt="1", state=state)
    relauncher.wake()
    assert relauncher.num_attempts() == 1
    assert relauncher.attempt(1) == FIRST


def test_nothing_follows_an_attempt_that_says_it_ended_while_its_instance_lives(relauncher: Relauncher) -> None:
    relauncher.send(msgspec.structs.replace(FIRST, state=AttemptState.ENDED, cause=Cause.INTERRUPTED))
    relauncher.ec2.add(run="ant", attempt="1", state="shutting-down")
    relauncher.wake()
    assert relauncher.num_attempts() == 1


def test_an_instance_that_ec2_forgot_is_lost(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.wake()
    assert relauncher.attempt(1).cause is Cause.LOST
    assert relauncher.attempt(2).state is AttemptState.LAUNCHED


def test_an_instance_that_ec2_does_not_show_yet_is_waited_for(relauncher: Relauncher) -> None:
    relauncher.send(msgspec.structs.replace(FIRST, launched_at=NOW - 299))
    relauncher.wake()
    assert relauncher.num_attempts() == 1


def test_what_a_person_ended_stays_ended(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.s3.put(KEYS.sign, {"time": NOW - 5})
    relauncher.lose(reason="Client.UserInitiatedShutdown")
    relauncher.wake()
    assert relauncher.attempt(1).cause is Cause.TERMINATED
    relauncher.wake(at=NOW + 3600)
    assert relauncher.num_attempts() == 1


def test_what_the_reaper_ended_for_its_silence_goes_on(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.s3.put(KEYS.sign, {"time": NOW - 1800})
    relauncher.lose(reason="Client.UserInitiatedShutdown")
    relauncher.wake()
    assert relauncher.attempt(1).cause is Cause.LOST
    assert relauncher.num_attempts() == 2


@pytest.mark.parametrize("cause", [Cause.FINISHED, Cause.STOPPED, Cause.FAILED, Cause.REFUSED, Cause.BOOT_FAILED])
def test_nothing_follows_what_another_machine_would_repeat(relauncher: Relauncher, cause: Cause) -> None:
    relauncher.send(msgspec.structs.replace(FIRST, state=AttemptState.ENDED, cause=cause))
    relauncher.lose()
    relauncher.wake()
    assert relauncher.num_attempts() == 1


def test_a_run_that_is_over_is_closed(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.s3.put(KEYS.end, {"cause": "finished"})
    relauncher.lose()
    relauncher.wake()
    assert relauncher.num_attempts() == 1
    assert KEYS.open_marker not in relauncher.s3.objects


def test_nothing_follows_past_the_deadline(relauncher: Relauncher) -> None:
    relauncher.send(FIRST, max_hours=1.9)
    relauncher.lose()
    relauncher.wake()
    assert relauncher.num_attempts() == 1
    assert KEYS.open_marker not in relauncher.s3.objects


@pytest.mark.parametrize(("cap", "num_attempts"), [(0.1, 1), (0.11, 2), (None, 2)])
def test_nothing_follows_when_the_money_is_spent(relauncher: Relauncher, cap: float | None, num_attempts: int) -> None:
    relauncher.send(FIRST, max_price_total_usd=cap)  # an hour for $0.10 until now
    relauncher.lose()
    relauncher.wake()
    assert relauncher.num_attempts() == num_attempts


def test_a_pool_without_capacity_is_written_down_and_tried_again(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.lose()
    relauncher.ec2.capacity = set()
    relauncher.wake()
    failed = relauncher.attempt(2)
    assert (failed.state, failed.cause) == (AttemptState.ENDED, Cause.NO_CAPACITY)
    assert failed.detail == "InsufficientInstanceCapacity"
    relauncher.ec2.capacity = {("c7i.large", "subnet-a")}
    relauncher.wake(at=NOW + 300)
    assert relauncher.attempt(3).pool == POOLS[0], "after a failure everywhere, all pools count again"
    assert relauncher.attempt(3).token != failed.token


def test_attempts_without_progress_end(relauncher: Relauncher) -> None:
    relauncher.send(FIRST, max_attempts_without_progress=3)
    for number in range(1, 7):
        relauncher.lose(attempt=number)
        for instance in relauncher.ec2.instances:
            instance["State"]["Name"] = "terminated"
        relauncher.wake(at=NOW + number)
    assert relauncher.num_attempts() == 3


def test_progress_lets_attempts_go_on(relauncher: Relauncher) -> None:
    relauncher.send(FIRST, max_attempts_without_progress=2)
    for number in range(1, 5):
        relauncher.s3.put(KEYS.head, encode(msgspec.structs.replace(HEAD, step=500 * number)))
        relauncher.lose(attempt=number)
        for instance in relauncher.ec2.instances:
            instance |= {"State": {"Name": "terminated"}, "StateReason": {"Code": INTERRUPTED}}
        relauncher.wake(at=NOW + number)
    assert relauncher.num_attempts() == 5


def test_an_attempt_that_was_written_down_but_never_launched_is_launched(relauncher: Relauncher) -> None:
    intended = msgspec.structs.replace(
        FIRST, state=AttemptState.INTENDED, launched_at=None, instance_id="", pool=None, intended_at=NOW - 299
    )
    relauncher.send(intended)
    relauncher.wake()
    assert relauncher.attempt(1) == intended, "the user's machine has five minutes to do it itself"
    relauncher.wake(at=NOW + 1)
    launched = relauncher.attempt(1)
    assert (launched.state, launched.token) == (AttemptState.LAUNCHED, "t1")
    assert relauncher.num_attempts() == 1


def test_one_that_was_sent_in_other_words_ends_and_the_next_follows(relauncher: Relauncher) -> None:
    relauncher.send(
        msgspec.structs.replace(FIRST, state=AttemptState.INTENDED, launched_at=None, instance_id="", pool=None)
    )
    relauncher.ec2.refuses["create_fleet"] = "IdempotentParameterMismatch"
    relauncher.wake()
    assert (relauncher.attempt(1).cause, relauncher.attempt(1).detail) == (
        Cause.LOST,
        "IdempotentParameterMismatch",
    )
    relauncher.ec2.refuses.clear()
    relauncher.wake(at=NOW + 300)
    assert relauncher.attempt(2).state is AttemptState.LAUNCHED


def test_a_writer_that_was_faster_wins(relauncher: Relauncher, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's machine writes attempt 2 between this function's look and its own write."""
    relauncher.send(FIRST)
    relauncher.lose()
    theirs = Attempt(number=2, token="theirs", intended_at=NOW)
    plain = relauncher.s3.put_object

    def put_late(**params: Any) -> Any:
        if params.get("IfNoneMatch"):
            relauncher.s3.put(KEYS.attempt(2), encode(theirs))
        return plain(**params)

    monkeypatch.setattr(relauncher.s3, "put_object", put_late)
    relauncher.wake()
    assert relauncher.attempt(2) == theirs
    assert relauncher.ec2.fleets == []


def test_on_demand_pools_are_never_taken(relauncher: Relauncher) -> None:
    dear = Pool(instance_type="c7i.large", zone="us-east-1b", market=Market.ON_DEMAND)
    relauncher.send(msgspec.structs.replace(FIRST, pools=(POOLS[0], dear)))
    relauncher.lose()
    relauncher.wake()
    assert relauncher.attempt(2).pools == (POOLS[0],)


def test_a_refusal_of_one_run_does_not_stop_the_others(relauncher: Relauncher, capsys: pytest.CaptureFixture) -> None:
    relauncher.send(FIRST)
    relauncher.s3.put("open/zoo", b"")
    relauncher.s3.put("runs/zoo/spec.json", relauncher.s3.objects[KEYS.spec][0])
    relauncher.s3.put("runs/zoo/boot.sh", b"#!")
    relauncher.s3.put("runs/zoo/attempts/0001.json", encode(FIRST))
    relauncher.ec2.refuses["create_fleet"] = "UnauthorizedOperation"
    relauncher.wake()
    assert [fleet["TagSpecifications"][1]["Tags"][1]["Value"] for fleet in relauncher.ec2.fleets] == ["ant", "zoo"]
    assert capsys.readouterr().out.count("UnauthorizedOperation") >= 2


def test_runs_without_a_marker_are_not_looked_at(relauncher: Relauncher) -> None:
    relauncher.send(FIRST)
    relauncher.lose()
    del relauncher.s3.objects[KEYS.open_marker]
    relauncher.wake()
    assert relauncher.num_attempts() == 1


def test_without_a_known_image_it_is_left_to_the_users_machine(relauncher: Relauncher) -> None:
    relauncher.send(msgspec.structs.replace(FIRST, state=AttemptState.INTENDED, launched_at=None, image_id=""))
    relauncher.wake()
    assert relauncher.ec2.fleets == []
    assert relauncher.attempt(1).state is AttemptState.INTENDED


@pytest.mark.parametrize("has_relauncher", [True, False])
def test_sending_a_run_leaves_what_the_relauncher_needs(tmp_path: Path, has_relauncher: bool) -> None:
    run = RunDir(tmp_path / "ant")
    run.path.mkdir()
    run.config.write_text("task: ant_walk\n")
    store = DirectoryStore(tmp_path / "bucket")
    spec = CloudSpec(
        run_id="ant",
        region="us-east-1",
        bucket="bucket",
        image="registry/rlrobo@sha256:1",
        has_relauncher=has_relauncher,
    )
    send(run, spec, store, lambda _: None)
    assert [found.key for found in store.list("open/")] == ([KEYS.open_marker] if has_relauncher else [])
    boot = store.get(KEYS.boot)
    assert boot is not None
    assert ATTEMPT_PLACEHOLDER.encode() in boot.content
