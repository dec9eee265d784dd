"""What the tests of the cloud part share."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from cloud.aws import Aws
from cloud.outputs import StackOutputs
from tests.cloud.directory_store import DirectoryStore
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.stack import make_stack

if TYPE_CHECKING:
    from tests.cloud.spot_world import World

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


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[World]":
    """An AWS account of this test alone, with the real stack and instances that boot."""
    from tests.cloud.spot_world import new_world  # it loads torch

    with new_world(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for instances that train; what they leave is large, so it goes at once."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty bucket."""
    return DirectoryStore(tmp_path / "bucket")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """Where checkpoints are made before they are published."""
    return tmp_path / "checkpoints"
