"""`rlrobo cloud deploy | status | doctor | destroy` against a small account of our own."""

import json
from typing import Any

import pytest

from cloud.changes import Follower
from cloud.image_push import Pushed
from cloud.outputs import StackOutputs
from cloud.template import resources
from rlrobo_tui.commands import cloud_stack
from tests.cloud.fake_account import ACCOUNT, ARN, FakeAccount
from tests.rlrobo_tui.cli_calls import Cli

BUCKET = f"rlrobo-{ACCOUNT}-eu-west-1"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> FakeAccount:
    made = FakeAccount()
    monkeypatch.setattr(cloud_stack, "_open", lambda region: made.in_region(region or made.region))
    monkeypatch.setattr(cloud_stack, "_follower", lambda: Follower(say=cloud_stack.narrate, sleep=made.sleep))
    return made


def test_a_dry_run_tells_everything_and_makes_nothing(cli: Cli, account: FakeAccount) -> None:
    result = cli("cloud", "deploy", "--dry-run")
    assert (result.exit_code, result.stdout, account.changes) == (0, "", [])
    assert f"Account {ACCOUNT} as {ARN}, region eu-west-1, stack rlrobo." in result.stderr
    for found in resources():
        assert (f"  {found.purpose}\n" in result.stderr) == (found.condition != "Relaunches")
    assert f"Stays after `rlrobo cloud destroy`, in {BUCKET}:" in result.stderr
    planned = json.loads(cli("cloud", "deploy", "--dry-run", "--json", "--relauncher").stdout)
    assert len(planned["created"]) == len(resources())


def test_without_somebody_to_ask_nothing_is_made(cli: Cli, account: FakeAccount) -> None:
    result = cli("cloud", "deploy")
    assert result.exit_code == 2
    assert "There is nobody to ask; say --yes." in result.stderr
    assert account.changes == []


def test_deploy_makes_the_stack_and_status_shows_it(cli: Cli, account: FakeAccount) -> None:
    result = cli("cloud", "deploy", "--yes", "--ssh-from", "192.0.2.7", "--relauncher")
    assert result.exit_code == 0
    assert "rlrobo in eu-west-1 is ready. Train there with `rlrobo train TASK --on spot`." in result.stderr
    shown = cli("cloud", "status").stdout
    assert f"bucket     {BUCKET}\n" in shown
    assert "ssh        from 192.0.2.7/32\n" in shown
    assert "relauncher on\n" in shown
    assert "instances  none\n" in shown
    facts = json.loads(cli("cloud", "status", "--json").stdout)
    assert (facts["status"], facts["outputs"]["bucket"], facts["instances"]) == ("CREATE_COMPLETE", BUCKET, [])


def test_deploying_again_asks_nothing_and_gives_outputs_to_a_script(cli: Cli, account: FakeAccount) -> None:
    cli("cloud", "deploy", "--yes")
    result = cli("cloud", "deploy", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["subnets"] == {"eu-west-1a": "subnet-0", "eu-west-1b": "subnet-1"}


def test_ssh_from_me_is_the_address_that_aws_sees(
    cli: Cli, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_stack, "_own_address", lambda: "198.51.100.9")
    cli("cloud", "deploy", "--yes", "--ssh-from", "me")
    assert "from 198.51.100.9/32" in cli("cloud", "status").stdout
    cli("cloud", "deploy", "--yes", "--ssh-from", "none")
    assert "ssh        closed" in cli("cloud", "status").stdout


def test_an_own_address_that_cannot_be_learnt_is_asked_for(
    cli: Cli, account: FakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(url: str, *, timeout: float) -> Any:
        raise OSError("no route")

    monkeypatch.setattr("urllib.request.urlopen", fail)
    result = cli("cloud", "deploy", "--yes", "--ssh-from", "me")
    assert result.exit_code == 2
    assert "give it as a.b.c.d" in result.stderr


def test_status_without_a_stack_says_how_to_make_one(cli: Cli, account: FakeAccount) -> None:
    result = cli("cloud", "status", "--region", "us-east-1", "--stack", "mine")
    assert result.exit_code == 1
    assert "There is no stack mine in us-east-1. Make it with `rlrobo cloud deploy`." in result.stderr


def test_doctor_mends_and_says_so(cli: Cli, account: FakeAccount) -> None:
    cli("cloud", "deploy", "--yes")
    del account.buckets[BUCKET]["bucket_policy"]
    told = cli("cloud", "doctor", "--dry-run")
    assert told.exit_code == 1
    assert "✗ bucket      does not hold: the bucket answers over TLS only" in told.stdout
    assert "fix: rlrobo cloud doctor puts it back" in told.stdout
    mended = cli("cloud", "doctor")
    assert mended.exit_code == 0
    assert "+ bucket      now holds again: the bucket answers over TLS only" in mended.stdout
    verdicts = {found["verdict"] for found in json.loads(cli("cloud", "doctor", "--json").stdout)}
    assert verdicts == {"ok"}


def test_destroy_removes_the_stack_and_tells_what_stays(cli: Cli, account: FakeAccount) -> None:
    cli("cloud", "deploy", "--yes")
    dry = cli("cloud", "destroy", "--dry-run")
    assert "Would remove the stack rlrobo in eu-west-1." in dry.stderr
    assert account.named("rlrobo")
    assert "say --yes" in cli("cloud", "destroy").stderr
    result = cli("cloud", "destroy", "--yes")
    assert result.exit_code == 0
    assert f"The bucket {BUCKET} stays" in result.stderr
    assert account.named("rlrobo") == []


def test_a_mistake_is_a_sentence(cli: Cli, account: FakeAccount) -> None:
    result = cli("cloud", "deploy", "--yes", "--stack", "No_Good")
    assert result.exit_code == 2
    assert result.stderr == (
        "rlrobo: --stack: 'No_Good' is no name for a stack: 2 to 24 of a-z, 0-9 and -, a letter first.\n"
    )


def test_push_image_prints_what_train_takes(cli: Cli, account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    cli("cloud", "deploy", "--yes")
    asked: list[str] = []

    def push(door: object, outputs: StackOutputs, *, target: str, say: object) -> Pushed:
        asked.append(target)
        return Pushed(reference=f"{outputs.repository_uri}@sha256:1", tag=f"{target}-1", was_there=True)

    monkeypatch.setattr("cloud.image_push.push_image", push)
    result = cli("cloud", "push-image", "--target", "cuda")
    assert result.stdout == f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/rlrobo@sha256:1\n"
    assert "This code was pushed before, as cuda-1." in result.stderr
    assert asked == ["cuda"]
    assert "did you mean 'cpu'?" in cli("cloud", "push-image", "--target", "cpuu").stderr
