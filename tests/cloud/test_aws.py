"""The door: what is sent once and what again, and that credentials are read anew when they have failed."""

from collections.abc import Iterator
from typing import Any

import pytest

import cloud.aws
from cloud.aws import Aws
from cloud.errors import CloudError
from engine.protocol.errors import ConfigError
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fails, Fault

FLEET: dict[str, Any] = {
    "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": {"LaunchTemplateId": "lt-0", "Version": "1"}}],
    "TargetCapacitySpecification": {"TotalTargetCapacity": 1},
}


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeAws]:
    """An account without a stack."""
    with FakeAws(tmp_path_factory.mktemp("aws")) as fake, pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        for name, value in fake.environment().items():
            environment.setenv(name, value)
        yield fake


@pytest.fixture(scope="module")
def shared(fake: FakeAws) -> Aws:
    return Aws.open(fake.region)


@pytest.fixture
def aws(fake: FakeAws, shared: Aws) -> Aws:
    fake.renew()
    return shared


def sent(fake: FakeAws, action: str) -> int:
    return sum(call.action == action for _, call in fake.calls)


def test_who_calls_is_told(aws: Aws) -> None:
    assert aws.caller().startswith("arn:aws:")


def test_a_passing_failure_is_tried_again(aws: Aws, fake: FakeAws) -> None:
    fake.scenario.fail(Fault(action="GetCallerIdentity", code="InternalError", status=500))
    assert aws.caller()
    assert sent(fake, "GetCallerIdentity") == 2


def test_a_launch_is_sent_once_whatever_comes_back(aws: Aws, fake: FakeAws) -> None:
    fake.scenario.fail(Fault(action="RunInstances", code="InsufficientInstanceCapacity", status=500, times=None))
    with pytest.raises(CloudError, match="no Spot capacity") as caught:
        aws.call("ec2", "run_instances", is_launch=True, MinCount=1, MaxCount=1)
    assert caught.value.code == "InsufficientInstanceCapacity"
    assert sent(fake, "RunInstances") == 1


def test_credentials_are_read_anew_after_they_were_refused(
    aws: Aws, fake: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
        door = Aws.open("us-east-1")
        with pytest.raises(CloudError, match="does not accept the credentials"):
            door.caller()
    assert door.caller() == aws.caller()


def test_a_write_whose_answer_is_lost_on_the_wire_is_known_as_ours(aws: Aws, fake: FakeAws) -> None:
    aws.call("s3", "create_bucket", Bucket="lossy")
    store = aws.store("lossy")
    fake.scenario.fail(Fault(action="PutObject", fails=Fails.REPLY_LOST))
    assert store.create("lease", b"mine")
    stored = store.get("lease")
    assert stored is not None
    fake.scenario.fail(Fault(action="PutObject", fails=Fails.REPLY_LOST))
    etag = store.replace("lease", b"mine still", etag=stored.etag)
    assert store.get("lease") == (b"mine still", etag)
    assert not store.create("lease", b"another's")


def test_pages_fail_as_calls_do(aws: Aws, fake: FakeAws) -> None:
    fake.scenario.fail(Fault(action="DescribeInstances", code="UnauthorizedOperation", status=403))
    with pytest.raises(CloudError, match="may not do ec2:DescribeInstances in us-east-1"):
        list(aws.pages("ec2", "describe_instances", "Reservations"))


def test_no_answer_at_all_is_a_passing_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match="cannot be reached") as caught:
        Aws.open("us-east-1").call("ec2", "create_fleet", is_launch=True, **FLEET)
    assert caught.value.is_temporary


def test_parameters_that_boto3_refuses_are_explained(aws: Aws) -> None:
    with pytest.raises(CloudError, match="does not accept ec2:DescribeInstances"):
        aws.call("ec2", "describe_instances", Nonsense=1)


def test_the_clock_is_compared(aws: Aws) -> None:
    aws.caller()
    assert aws.clock_offset_s is not None
    assert abs(aws.clock_offset_s) < 5


def test_the_region_is_found_as_the_command_line_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Aws.open().region == "eu-west-1"
    assert Aws.open("us-west-2").region == "us-west-2"


@pytest.mark.usefixtures("aws")
def test_without_any_region_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError, match="no region is set"):
        Aws.open()


@pytest.mark.usefixtures("aws")
def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(CloudError, match=r"no such AWS profile: .*\(nobody\)"):
        Aws.open(profile="nobody")


def test_another_region_is_the_same_callers(aws: Aws) -> None:
    assert aws.in_region("eu-west-1").region == "eu-west-1"
    assert aws.in_region(aws.region) is aws


@pytest.mark.slow
def test_a_wait_that_ends_badly_says_what_aws_said(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.aws.time, "sleep", lambda _: None)
    with pytest.raises(CloudError, match="does not exist") as caught:
        aws.wait("cloudformation", "stack_create_complete", StackName="none")
    assert caught.value.code == "ValidationError"
