"""One attempt is one instance: whatever is lost on the way, and nothing is left of what could not be had."""

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from cloud.aws import Aws
from cloud.errors import CloudError
from cloud.instances import Instance, describe, end_run, ended_cause, find_fleets, find_instances, terminate
from cloud.launcher import launch, token_for
from cloud.outputs import StackOutputs
from cloud.pools import choose_pools
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool, encode
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fails, Fault

USER_DATA = "#!/bin/sh\nexec sleep 600\n"
TYPES = ("c7i.large", "m7i.large")


@pytest.fixture
def spec(stack: StackOutputs) -> CloudSpec:
    return CloudSpec(
        run_id=f"run-{time.time_ns()}",
        region="us-east-1",
        bucket=stack.bucket,
        instance_types=TYPES,
        created_at=time.time(),
    )


def intended(spec: CloudSpec, stack: StackOutputs, number: int = 1) -> Attempt:
    pools = tuple(choose_pools(spec, sorted(stack.subnets)[:2], [], now=time.time()))
    return Attempt(number=number, token=token_for(spec, number), pools=pools, intended_at=time.time())


def test_an_attempt_is_launched_where_it_is_cheapest(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    cheapest = Pool(instance_type="m7i.large", zone="us-east-1b")
    fake_aws.scenario.set_price(cheapest, 0.0123)
    launched = launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    assert launched.state is AttemptState.LAUNCHED
    assert launched.pool == cheapest
    assert launched.price_per_hour_usd == 0.0123
    assert launched.on_demand_price_per_hour_usd == pytest.approx(0.1)
    assert launched.image_id.startswith("ami-")
    (instance,) = find_instances(aws, run_id=spec.run_id)
    assert (instance.id, instance.attempt, instance.pool) == (launched.instance_id, 1, cheapest)
    assert instance.deadline == int(spec.deadline())
    assert instance.spot_request_id


def test_the_same_attempt_is_launched_once(aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec) -> None:
    attempt = intended(spec, stack)
    first = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    second = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert first.instance_id == second.instance_id
    assert len(fake_aws.lives) == 1


def test_a_lost_answer_gives_no_second_instance(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    fake_aws.scenario.fail(Fault(action="CreateFleet", fails=Fails.REPLY_LOST))
    launched = launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    assert [life.instance_id for life in fake_aws.lives] == [launched.instance_id]


def test_answers_that_stay_lost_leave_the_attempt_to_be_launched_again(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    attempt = intended(spec, stack)
    fake_aws.scenario.fail(Fault(action="CreateFleet", fails=Fails.REPLY_LOST, times=3))
    with pytest.raises(CloudError, match="cannot be reached") as caught:
        launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert caught.value.is_temporary
    fake_aws.scenario.hidden_describes = 3  # not even its tags are seen: the token must do
    launched = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert [life.instance_id for life in fake_aws.lives] == [launched.instance_id]


def test_a_new_instance_that_ec2_does_not_show_yet_counts(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    fake_aws.scenario.hidden_describes = 2
    launched = launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    assert launched.instance_id == fake_aws.lives[0].instance_id


@pytest.mark.slow
@pytest.mark.parametrize("place", ["cloud-before-launch", "cloud-after-launch"])
def test_a_process_that_dies_around_the_launch_leaves_one_instance(
    *, place: str, aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec, tmp_path: Path
) -> None:
    attempt = intended(spec, stack)
    for name, record in {"spec": spec, "attempt": attempt, "stack": stack}.items():
        (tmp_path / name).write_bytes(encode(record))
    code = (
        "import sys; from pathlib import Path; from cloud.aws import Aws; from cloud.launcher import launch;"
        "from cloud.outputs import StackOutputs; from cloud.records import Attempt, CloudSpec, decode;"
        "read = lambda name, kind: decode((Path(sys.argv[1]) / name).read_bytes(), kind);"
        "launch(Aws.open('us-east-1'), read('spec', CloudSpec), read('attempt', Attempt),"
        f"stack=read('stack', StackOutputs), user_data={USER_DATA!r})"
    )
    environment = {**os.environ, "RLROBO_CRASH_AT": place}
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=False)
    assert died.returncode == -9
    launched = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert [life.instance_id for life in fake_aws.lives] == [launched.instance_id]


def test_no_capacity_anywhere_ends_the_attempt_with_every_pool_named(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    attempt = intended(spec, stack)
    for pool in attempt.pools:
        fake_aws.scenario.capacity[pool] = 0
    ended = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert (ended.state, ended.cause) == (AttemptState.ENDED, Cause.NO_CAPACITY)
    assert "no Spot capacity for c7i.large in us-east-1a right now (InsufficientInstanceCapacity)." in ended.detail
    assert "The same in m7i.large in us-east-1a, us-east-1b; c7i.large in us-east-1b." in ended.detail
    assert "\n" not in ended.detail
    assert ended.instance_id == ""
    assert fleet_states(aws, spec) == {"deleted_terminating"}


def test_on_demand_is_taken_only_where_it_is_allowed(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    spec = msgspec.structs.replace(spec, may_use_on_demand=True)
    attempt = intended(spec, stack)
    for pool in attempt.pools:
        if pool.market is Market.SPOT:
            fake_aws.scenario.capacity[pool] = 0
    launched = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert launched.pool is not None
    assert launched.pool.market is Market.ON_DEMAND
    assert launched.price_per_hour_usd == launched.on_demand_price_per_hour_usd


def test_a_quota_is_refused_with_its_command(aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec) -> None:
    fake_aws.scenario.quotas["L-34B43A08"] = 3.0
    launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    ended = launch(aws, spec, intended(spec, stack, 2), stack=stack, user_data=USER_DATA)
    assert ended.cause is Cause.REFUSED
    assert "c7i.large needs 2 vCPUs (MaxSpotInstanceCountExceeded)" in ended.detail
    assert "--quota-code L-34B43A08 --desired-value 4 --region us-east-1" in ended.detail


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        ("InsufficientInstanceCapacity", 500, Cause.NO_CAPACITY),
        ("UnauthorizedOperation", 403, Cause.REFUSED),
    ],
)
def test_a_refusal_of_the_whole_call_is_sent_once_and_explained(
    *, code: str, status: int, cause: Cause, aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    fake_aws.scenario.fail(Fault(action="CreateFleet", code=code, status=status, times=None))
    ended = launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    assert (ended.state, ended.cause) == (AttemptState.ENDED, cause)
    assert f"({code})" in ended.detail
    assert sum(call.action == "CreateFleet" for _, call in fake_aws.calls) == 1


def test_expired_credentials_leave_the_attempt_as_it_is(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    attempt = intended(spec, stack)
    fake_aws.scenario.fail(Fault(action="CreateFleet", code="RequestExpired"))
    with pytest.raises(CloudError, match="credentials of this machine have expired"):
        launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert launch(aws, spec, attempt, stack=stack, user_data=USER_DATA).state is AttemptState.LAUNCHED


def test_a_token_that_was_used_for_something_else_leads_to_the_next_attempt(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    attempt = intended(spec, stack)
    fake_aws.scenario.fail(Fault(action="CreateFleet", code="IdempotentParameterMismatch"))
    ended = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert ended.cause is Cause.LOST
    assert token_for(spec, 2) != attempt.token


def test_an_attempt_whose_instance_has_ended_meanwhile_says_so(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    attempt = intended(spec, stack)
    launched = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    fake_aws.interrupt(launched.instance_id, notice_s=0)
    fake_aws.wait_until(lambda: not fake_aws.alive)
    ended = launch(aws, spec, attempt, stack=stack, user_data=USER_DATA)
    assert (ended.state, ended.cause) == (AttemptState.ENDED, Cause.INTERRUPTED)


def test_terminate_leaves_no_instance_request_or_fleet(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec
) -> None:
    launched = launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    request_ids = [instance.spot_request_id for instance in find_instances(aws, run_id=spec.run_id)]
    terminate(aws, [launched.instance_id, "i-0123456789abcdef0"])
    assert fake_aws.alive == []
    assert find_fleets(aws, [spec.run_id]) == [launched.fleet_id]
    assert fleet_states(aws, spec) == {"deleted_terminating"}
    (request,) = aws.call("ec2", "describe_spot_instance_requests", SpotInstanceRequestIds=request_ids)[
        "SpotInstanceRequests"
    ]
    assert request["State"] in ("closed", "cancelled")
    assert {"Key": "rlrobo:run", "Value": spec.run_id} in request["Tags"]
    terminate(aws, [launched.instance_id])
    instance = describe(aws, launched.instance_id)
    assert instance is not None
    assert ended_cause(instance) is Cause.TERMINATED


def test_end_run_ends_what_nobody_wrote_down(aws: Aws, fake_aws: FakeAws, stack: StackOutputs, spec: CloudSpec) -> None:
    launch(aws, spec, intended(spec, stack), stack=stack, user_data=USER_DATA)
    end_run(aws, spec.run_id)
    assert fake_aws.alive == []


def test_a_new_instance_that_is_unknown_is_not_gone(aws: Aws) -> None:
    with pytest.raises(CloudError, match="does not show") as caught:
        describe(aws, "i-0123456789abcdef0", launched_at=time.time())
    assert caught.value.is_temporary
    assert describe(aws, "i-0123456789abcdef0", launched_at=time.time() - 3600) is None


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("Server.SpotInstanceTermination", Cause.INTERRUPTED),
        ("Client.UserInitiatedShutdown", Cause.TERMINATED),
        ("Client.InstanceInitiatedShutdown", Cause.NONE),
        ("Server.InsufficientInstanceCapacity", Cause.NO_CAPACITY),
        ("Server.InternalError", Cause.BOOT_FAILED),
        ("Server.SomethingNew", Cause.LOST),
        ("", Cause.LOST),
    ],
)
def test_why_an_instance_ended(code: str, cause: Cause) -> None:
    pool = Pool(instance_type="c7i.large", zone="us-east-1a")
    assert ended_cause(Instance(id="i-1", region="us-east-1", pool=pool, state="terminated", reason_code=code)) is cause
    assert ended_cause(Instance(id="i-1", region="us-east-1", pool=pool, state="running")) is Cause.NONE


def test_an_attempt_outside_the_stacks_zones_is_refused(aws: Aws, stack: StackOutputs, spec: CloudSpec) -> None:
    attempt = Attempt(number=1, token="t", pools=(Pool(instance_type="c7i.large", zone="us-east-1z"),))
    assert launch(aws, spec, attempt, stack=stack, user_data=USER_DATA).cause is Cause.REFUSED


def fleet_states(aws: Aws, spec: CloudSpec) -> set[str]:
    """Return the states of all fleets of a run."""
    found = aws.call("ec2", "describe_fleets", FleetIds=find_fleets(aws, [spec.run_id]))
    return {fleet["FleetState"] for fleet in found["Fleets"]}
