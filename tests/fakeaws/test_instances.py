"""Instances boot their user data, see their own metadata only, and end as EC2's end."""

import json
import time

import psutil
import pytest

from cloud.outputs import StackOutputs
from cloud.records import Pool
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.keys import USER_ACCESS_KEY, USER_SECRET_KEY
from tests.fakeaws.launch import launch_fleet

ASK = """#!/bin/bash
imds=$AWS_EC2_METADATA_SERVICE_ENDPOINT
token=$(curl -sX PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $imds/latest/api/token)
ask() { curl -s -w '\\n' -H "X-aws-ec2-metadata-token: $token" $imds/latest/$1; }
"""


def launch(fake: FakeAws, stack: StackOutputs, user_data: str) -> str:
    return launch_fleet(fake, stack, user_data)["Instances"][0]["InstanceIds"][0]


def states(fake: FakeAws) -> dict[str, str]:
    reservations = fake.client("ec2").describe_instances()["Reservations"]
    return {i["InstanceId"]: i["State"]["Name"] for r in reservations for i in r["Instances"]}


def test_user_data_runs_with_its_own_metadata_and_without_the_user_s_keys(
    fake_aws: FakeAws, stack: StackOutputs
) -> None:
    script = ASK + "ask meta-data/instance-id; ask meta-data/iam/security-credentials/rlrobo-instance; env; echo end"
    instance_id = launch(fake_aws, stack, script)
    fake_aws.wait_until(lambda: "\nend" in fake_aws.console(instance_id), "the script ran")
    console = fake_aws.console(instance_id)
    assert console.startswith(f"{instance_id}\n")
    assert '"AccessKeyId": "ASIA' in console
    assert USER_ACCESS_KEY not in console
    assert USER_SECRET_KEY not in console


def test_shutdown_ends_the_instance_and_every_process_of_it(fake_aws: FakeAws, stack: StackOutputs) -> None:
    detached = "setsid sleep 1000 & echo $! > $HOME/pid; sleep 1000 & shutdown -h now; sleep 1000"
    instance_id = launch(fake_aws, stack, f"#!/bin/bash\n{detached}\n")
    fake_aws.wait_until(lambda: not fake_aws.alive, "the instance is off")
    assert fake_aws.life(instance_id).reason == "Client.InstanceInitiatedShutdown"
    assert not fake_aws.life(instance_id).machine.is_alive()
    assert states(fake_aws) == {instance_id: "terminated"}


def test_a_timed_shutdown_can_be_put_off(fake_aws: FakeAws, stack: StackOutputs) -> None:
    # The first of these would be over within the test; minutes are scaled by 0.05.
    launch(fake_aws, stack, "#!/bin/bash\nshutdown -h +0.02; shutdown -c; shutdown -P +1000; echo end; sleep 1000")
    instance_id = fake_aws.lives[0].instance_id
    fake_aws.wait_until(lambda: "end" in fake_aws.console(instance_id), "the script ran")
    time.sleep(0.1)
    assert fake_aws.alive


def test_an_interruption_is_announced_and_comes_at_its_time(fake_aws: FakeAws, stack: StackOutputs) -> None:
    wait = "until ask meta-data/spot/instance-action | grep time; do sleep 0.05; done; sleep 1000"
    instance_id = launch(fake_aws, stack, ASK + wait)
    fake_aws.interrupt(instance_id, notice_s=24)
    told_at = fake_aws.life(instance_id).machine.imds.interruption_at
    assert told_at is not None
    fake_aws.wait_until(lambda: "time" in fake_aws.console(instance_id), "the notice was seen")
    told = json.loads(fake_aws.console(instance_id))
    assert told["action"] == "terminate"
    fake_aws.wait_until(lambda: not fake_aws.alive, "the instance is gone")
    ended_at = fake_aws.life(instance_id).ended_at
    assert ended_at is not None
    assert ended_at >= told_at
    described = fake_aws.client("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    assert described["StateReason"]["Code"] == "Server.SpotInstanceTermination"


def test_an_instance_may_vanish_without_a_notice(fake_aws: FakeAws, stack: StackOutputs) -> None:
    instance_id = launch(fake_aws, stack, "#!/bin/bash\nsleep 1000")
    fake_aws.interrupt(instance_id, notice_s=0)
    assert fake_aws.alive == []
    assert not fake_aws.life(instance_id).machine.is_alive()


def test_a_hung_instance_is_alive_and_does_nothing(fake_aws: FakeAws, stack: StackOutputs) -> None:
    script = "#!/bin/bash\necho $$ > $HOME/pid; while true; do sleep 0.02; echo x; done"
    instance_id = launch(fake_aws, stack, script)
    fake_aws.wait_until(lambda: "x" in fake_aws.console(instance_id), "it runs")
    fake_aws.freeze(instance_id)
    root = fake_aws.life(instance_id).machine.console.parent
    process = psutil.Process(int((root / "home/pid").read_text()))
    fake_aws.wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it hangs")
    assert fake_aws.alive
    fake_aws.thaw(instance_id)
    before = len(fake_aws.console(instance_id))
    fake_aws.wait_until(lambda: len(fake_aws.console(instance_id)) > before, "it goes on")


def test_an_instance_is_pending_before_it_boots(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fake_aws.scenario.pending_s = 1000.0
    early = launch(fake_aws, stack, "#!/bin/bash\necho up; sleep 1000")
    assert states(fake_aws) == {early: "pending"}
    assert not fake_aws.life(early).machine.is_alive()
    fake_aws.scenario.pending_s = 0.05
    late = launch(fake_aws, stack, "#!/bin/bash\necho up; sleep 1001")
    fake_aws.wait_until(lambda: "up" in fake_aws.console(late), "it boots")
    assert states(fake_aws) == {early: "pending", late: "running"}


def test_the_bill_follows_the_price_of_the_pool() -> None:
    from tests.fakeaws.scenario import Scenario

    scenario, pool = Scenario(), Pool(instance_type="c7i.large", zone="us-east-1a")
    scenario.prices[pool] = [(0.0, 0.36), (1000.0, 0.72)]
    assert scenario.cost(pool, 900.0, 1100.0) == pytest.approx(100 * 0.36 / 3600 + 100 * 0.72 / 3600)
    assert scenario.cost(pool, 100.0, 101.0) == pytest.approx(60 * 0.36 / 3600)
