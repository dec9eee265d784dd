"""What only a real account can tell: prices, capacity, permissions, boot, a real interruption, that nothing is left.

`pytest --live tests/live -s` with credentials that may deploy the stack. It costs a few cents, at most a dollar, and
takes about half an hour, most of it the installation on fresh instances.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from cloud.destroy import running_instances
from cloud.local import CloudFiles
from cloud.records import AttemptState, Cause
from engine.protocol.status import Status
from tests.live.account import Account

pytestmark = pytest.mark.filterwarnings("default")
ROLE = "rlrobo-live-interrupts"


def test_the_doctor_finds_the_stack_well(account: Account) -> None:
    done = account.rlrobo("cloud", "doctor", "--region", account.outputs.region, "--stack", account.outputs.stack)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_trains_to_its_end_and_leaves_nothing(account: Account) -> None:
    run = account.train(steps=50_000, share=0.3)
    account.wait_until(lambda: Status(account.status(run)["status"]).is_over, "the run is over")
    assert account.status(run)["status"] == "finished", CloudFiles(run).log.read_text()
    account.wait_until(lambda: not running_instances(account.aws, account.outputs.stack), "its instance is gone")
    attempts = CloudFiles(run).read_attempts()
    assert [attempt.cause for attempt in attempts] == [Cause.FINISHED]


@pytest.fixture
def interrupting_role(account: Account) -> Iterator[str]:
    """A role with which the Fault Injection Service may interrupt instances; removed afterwards."""
    iam, trust = "iam", {"Effect": "Allow", "Principal": {"Service": "fis.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Effect": "Allow", "Action": ["ec2:SendSpotInstanceInterruptions", "ec2:Describe*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = account.aws.call(iam, "create_role", RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(document))
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    account.aws.call(iam, "put_role_policy", RoleName=ROLE, PolicyName=ROLE, PolicyDocument=allowed)
    time.sleep(15.0)  # a new role is not known everywhere at once
    yield role["Role"]["Arn"]
    account.aws.call(iam, "delete_role_policy", RoleName=ROLE, PolicyName=ROLE)
    account.aws.call(iam, "delete_role", RoleName=ROLE)


def test_an_interrupted_run_goes_on_elsewhere(account: Account, interrupting_role: str) -> None:
    run = account.train("--set", "checkpoints.every_timesteps=20000", steps=2_000_000, share=0.5)
    files = CloudFiles(run)

    def saved_step() -> int:
        return max((attempt.saved_step for attempt in files.read_attempts()), default=0)

    account.wait_until(lambda: account.status(run)["step"] > 60_000, "the run trains")
    interrupt(account, files.read_attempts()[-1].instance_id, role=interrupting_role)
    account.wait_until(lambda: len(files.read_attempts()) > 1, "the next attempt")
    first = files.read_attempts()[0]
    assert (first.state, first.cause) == (AttemptState.ENDED, Cause.INTERRUPTED), first
    assert saved_step() > 0
    account.wait_until(lambda: files.read_attempts()[-1].state is AttemptState.RUNNING, "it goes on")
    assert files.read_attempts()[-1].first_step >= 20_000
    assert account.rlrobo("stop", run.id).returncode == 0
    account.wait_until(lambda: not running_instances(account.aws, account.outputs.stack), "nothing is left")


def interrupt(account: Account, instance_id: str, *, role: str) -> None:
    """Have AWS take a Spot instance back, with its two minutes' notice."""
    identity = account.aws.call("sts", "get_caller_identity")
    arn = f"arn:aws:ec2:{account.outputs.region}:{identity['Account']}:instance/{instance_id}"
    action = {"actionId": "aws:ec2:send-spot-instance-interruptions", "targets": {"SpotInstances": "one"}}
    template = account.aws.call(
        "fis",
        "create_experiment_template",
        clientToken=instance_id,
        description="rlrobo's live tests",
        roleArn=role,
        stopConditions=[{"source": "none"}],
        targets={"one": {"resourceType": "aws:ec2:spot-instance", "resourceArns": [arn], "selectionMode": "ALL"}},
        actions={"interrupt": {**action, "parameters": {"durationBeforeInterruption": "PT2M"}}},
    )["experimentTemplate"]["id"]
    try:
        account.aws.call("fis", "start_experiment", clientToken=instance_id, experimentTemplateId=template)
    finally:
        account.aws.call("fis", "delete_experiment_template", id=template)
