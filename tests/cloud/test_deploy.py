"""deploy makes the same stack whatever it finds, and whenever it or the process before it died."""

import json
from collections.abc import Callable

import pytest

from cloud.deploy import Choices, bucket_name, deploy, plan, read_outputs
from cloud.errors import CloudError
from cloud.outputs import StackOutputs
from cloud.settings import Place, bucket_settings, repository_settings
from cloud.template import resources
from engine.protocol.errors import ConfigError
from tests.cloud.fake_account import ACCOUNT, Died, FakeAccount, policy_of

BUCKET = f"rlrobo-{ACCOUNT}-eu-west-1"


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount()


def make(account: FakeAccount, lines: list[str] | None = None, **choices: object) -> StackOutputs:
    told = [] if lines is None else lines
    return deploy(account, choices=Choices(**choices), follower=account.follower(told))  # type: ignore[arg-type]


def assert_whole(account: FakeAccount) -> None:
    """Everything is there once and set as the template says."""
    (found,) = account.named("rlrobo")
    assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    place = Place(door=account, bucket=BUCKET, account=ACCOUNT)
    for setting in (*bucket_settings(place), *repository_settings(account, "rlrobo")):
        assert setting.is_right(), setting.name
    assert sorted(account.roles) == ["ec2fleet.amazonaws.com", "spot.amazonaws.com"]
    assert list(account.buckets) == [BUCKET]


def test_a_first_deployment_makes_everything_and_tells_what(account: FakeAccount) -> None:
    lines: list[str] = []
    outputs = make(account, lines)
    assert_whole(account)
    assert outputs.bucket == BUCKET
    assert outputs.subnets == {"eu-west-1a": "subnet-0", "eu-west-1b": "subnet-1"}, "only those with public addresses"
    assert not outputs.has_relauncher
    for found in resources():
        assert (f"  + {found.purpose}" in lines) == (found.condition != "Relaunches")


def test_deploying_again_changes_nothing(account: FakeAccount) -> None:
    first = make(account, ssh_from="192.0.2.7", has_relauncher=True)
    changes, lines = len(account.changes), []
    assert make(account, lines) == first
    assert first.ssh_cidr == "192.0.2.7/32"
    assert lines == ["The stack rlrobo in eu-west-1 is up to date."]
    assert len(account.changes) == changes


def test_a_choice_is_kept_until_another_is_made(account: FakeAccount) -> None:
    make(account, ssh_from="192.0.2.7", has_relauncher=True)
    outputs = make(account, ssh_from="")
    assert (outputs.ssh_cidr, outputs.has_relauncher) == ("", True)


def test_turning_the_relauncher_off_removes_it(account: FakeAccount) -> None:
    make(account, has_relauncher=True)
    lines: list[str] = []
    assert not make(account, lines, has_relauncher=False).has_relauncher
    assert "  - relauncher: a function that launches the next attempt of an interrupted run" in lines


def test_a_bucket_that_stayed_is_taken_into_use_and_set_right(account: FakeAccount) -> None:
    account.buckets[BUCKET] = {"objects": [{"Key": "runs/ant/spec.json", "Size": 1}]}
    make(account)
    assert_whole(account)
    assert "Bucket" not in account.living("rlrobo")["resources"]
    assert account.buckets[BUCKET]["objects"], "what it holds is still there"
    make(account)
    assert_whole(account)


def test_a_users_own_policy_statement_stays(account: FakeAccount) -> None:
    own = {"Sid": "Mine", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": "x"}
    account.buckets[BUCKET] = {"objects": [], "bucket_policy": {"Policy": json.dumps({"Statement": [own]})}}
    make(account)
    assert [each["Sid"] for each in policy_of(account, BUCKET)] == ["Mine", "TlsOnly"]


@pytest.mark.parametrize("dies_after", [False, True], ids=["call lost", "answer lost"])
def test_it_goes_on_wherever_it_died(dies_after: bool) -> None:
    whole = FakeAccount()
    make(whole, has_relauncher=True)
    for step in range(len(whole.changes)):
        account = FakeAccount()
        account.dies_at, account.dies_after = step, dies_after
        with pytest.raises(Died):
            make(account, has_relauncher=True)
        account.dies_at = None
        make(account, has_relauncher=True)
        assert_whole(account)


@pytest.mark.parametrize("steps", range(0, 24, 3))
def test_it_waits_for_a_deployment_that_another_process_began(account: FakeAccount, steps: int) -> None:
    account.dies_at, account.dies_after = 2, True
    with pytest.raises(Died):
        make(account)
    assert account.changes[-1] == "create_stack"
    account.dies_at = None
    for _ in range(steps):
        account.sleep(1)
    make(account)
    assert_whole(account)
    assert account.changes.count("create_stack") == 1


def test_a_failure_is_told_and_the_next_try_removes_what_it_left(account: FakeAccount) -> None:
    account.fails_on = "Repository"
    lines: list[str] = []
    with pytest.raises(CloudError, match=r"could not be made .*Repository: Limit of buckets exceeded. Mend that"):
        make(account, lines)
    assert any(line.startswith("  ! repository for container images") for line in lines)
    account.fails_on = ""
    make(account, lines)
    assert_whole(account)
    assert any("ROLLBACK_COMPLETE" in line and "removed first" in line for line in lines)


def test_an_update_that_fails_says_that_all_is_as_it_was(account: FakeAccount) -> None:
    make(account)
    account.fails_on = "Relauncher"
    with pytest.raises(CloudError, match=r"could not be changed .* and is as it was: Relauncher: Limit"):
        make(account, has_relauncher=True)
    account.fails_on = ""
    assert make(account, has_relauncher=True).has_relauncher


def test_a_stack_that_could_not_go_back_is_helped(account: FakeAccount) -> None:
    make(account)
    account.living("rlrobo")["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
    make(account)
    assert account.living("rlrobo")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_state_that_is_not_known_is_said(account: FakeAccount) -> None:
    make(account)
    account.living("rlrobo")["StackStatus"] = "IMPORT_ROLLBACK_FAILED"
    with pytest.raises(CloudError, match="is in IMPORT_ROLLBACK_FAILED, which rlrobo cannot mend"):
        make(account)


def test_roles_that_may_not_be_made_are_no_obstacle(account: FakeAccount) -> None:
    account.refuses["list_roles"] = "AccessDenied"
    lines: list[str] = []
    make(account, lines)
    assert any("aws iam create-service-linked-role --aws-service-name spot.amazonaws.com" in line for line in lines)


def test_a_plan_changes_nothing_and_tells_what_stays(account: FakeAccount) -> None:
    planned = plan(account, choices=Choices())
    assert account.changes == []
    assert planned.bucket == BUCKET
    assert len(planned.created) == sum(found.condition != "Relaunches" for found in resources())
    assert planned.kept == ()
    assert planned.stays_after_destroy == tuple(found.purpose for found in resources() if found.stays)
    make(account)
    again = plan(account, choices=Choices(has_relauncher=True))
    assert again.kept == planned.created
    assert again.created == tuple(found.purpose for found in resources() if found.condition == "Relaunches")


def test_a_plan_sees_a_bucket_that_stayed(account: FakeAccount) -> None:
    account.buckets[BUCKET] = {"objects": []}
    assert [line.partition(":")[0] for line in plan(account, choices=Choices()).kept] == [
        "bucket for runs",
        "policy of that bucket",
    ]


@pytest.mark.parametrize("address", ["1.2.3", "1.2.3.4/24", "0.0.0.0/0", "1.2.3.456", "any", "2001:db8::1"])
def test_ssh_is_opened_to_one_address_only(account: FakeAccount, address: str) -> None:
    with pytest.raises(ConfigError, match="is no IPv4 address"):
        make(account, ssh_from=address)
    assert not account.stacks


@pytest.mark.parametrize("name", ["", "A", "rl_robo", "1abc", "x", "abcdefghijklmnopqrstuvwxyz", "rlrobo-"])
def test_a_name_that_no_bucket_can_have_is_refused(account: FakeAccount, name: str) -> None:
    with pytest.raises(ConfigError, match="2 to 24 of a-z"):
        plan(account, stack=name, choices=Choices())


def without_default_vpc(account: FakeAccount) -> None:
    account.has_default_vpc = False


def without_public_subnets(account: FakeAccount) -> None:
    account.subnets = [("eu-west-1a", False)]


def with_a_bucket_of_somebody_else(account: FakeAccount) -> None:
    account.refuses["head_bucket"] = "403"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_default_vpc, "aws ec2 create-default-vpc --region eu-west-1"),
        (without_public_subnets, "no subnet that gives instances a public address"),
        (with_a_bucket_of_somebody_else, "does not own it"),
    ],
)
def test_what_the_account_lacks_is_said_before_anything_is_made(
    account: FakeAccount, spoil: Callable[[FakeAccount], None], message: str
) -> None:
    spoil(account)
    with pytest.raises(CloudError, match=message):
        make(account)
    assert not account.stacks


def test_outputs_of_what_is_not_there_say_how_to_make_it(account: FakeAccount) -> None:
    with pytest.raises(CloudError, match="Make it with `rlrobo cloud deploy --region eu-west-1`"):
        read_outputs(account)
    with pytest.raises(CloudError, match="--stack other`"):
        read_outputs(account, "other")


def test_outputs_of_half_a_stack_say_how_to_finish_it(account: FakeAccount) -> None:
    account.dies_at, account.dies_after = 2, True
    with pytest.raises(Died):
        make(account)
    with pytest.raises(CloudError, match=r"is in CREATE_IN_PROGRESS\. Finish it with"):
        read_outputs(account)


def test_the_bucket_has_the_same_name_after_destroy_and_deploy(account: FakeAccount) -> None:
    assert bucket_name(account) == make(account).bucket == bucket_name(account)
