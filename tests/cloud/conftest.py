"""What the tests of the cloud part share."""

import os
from collections.abc import Iterator

import boto3
import pytest

from cloud.aws import Aws
from cloud.outputs import StackOutputs
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.stack import make_stack

SESSION = boto3.Session()
"""One for all modules: reading what EC2 is takes a session a third of a second."""


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force nothing onto the disk: no test here takes the power away."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeAws, StackOutputs, Aws]]:
    """An AWS account with a stack, shared by the tests of a module."""
    with FakeAws(tmp_path_factory.mktemp("aws") / "machines") as fake, pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            environment.delenv(name, raising=False)
        for name, value in fake.environment().items():
            environment.setenv(name, value)
        aws = Aws.open(fake.region)
        aws._clients._session = SESSION
        yield fake, make_stack(fake), aws


@pytest.fixture
def fake_aws(account: tuple[FakeAws, StackOutputs, Aws]) -> FakeAws:
    """That account, without instances and faults."""
    account[0].renew()
    return account[0]


@pytest.fixture
def stack(account: tuple[FakeAws, StackOutputs, Aws]) -> StackOutputs:
    """Its stack."""
    return account[1]


@pytest.fixture
def aws(account: tuple[FakeAws, StackOutputs, Aws], fake_aws: FakeAws) -> Aws:
    """The user's door to it."""
    return account[2]
