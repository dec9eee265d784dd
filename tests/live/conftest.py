"""An AWS account, a stack of its own for the time of these tests, and the end of everything whatever happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.aws import Aws
from cloud.changes import Follower
from cloud.deploy import Choices, deploy
from cloud.destroy import destroy, running_instances
from cloud.errors import CloudError
from cloud.instances import terminate
from cloud.outputs import StackOutputs
from tests.live.account import Account

HERE = Path(__file__).parent
CAP_USD = 1.0
"""Of all tests together. Each run has a part of it as its own cap, which the instance itself holds."""
PREFIX = "rlrobo-live-"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests out unless they are asked for."""
    if config.getoption("--live"):
        return
    skip = pytest.mark.skip(reason="spends up to a dollar on your AWS account; ask for it with --live")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The account of your AWS settings with a new stack, which is removed afterwards with its bucket and instances."""
    aws = Aws.open()
    name = f"{PREFIX}{int(time.time()) % 10**8:08d}"
    print(f"\nAccount {aws.caller()}, region {aws.region}, stack {name}; at most ${CAP_USD:.2f}.")  # noqa: T201
    try:
        outputs = deploy(aws, stack=name, choices=Choices(volume_gib=16), follower=Follower(say=print))
        made = Account(aws, outputs, tmp_path_factory.mktemp("live"), cap_usd=CAP_USD)
        yield made
        print(f"\nSpent ${made.spent_usd():.3f} on instances, as the ledgers say.")  # noqa: T201
    finally:
        _end_all(aws, name)
        _remove(aws, name)


def _end_all(aws: Aws, stack: str) -> None:
    """End every instance of the stack; this is what must not fail."""
    for _ in range(10):
        left = running_instances(aws, stack)
        if not left:
            return
        terminate(aws, [each.id for each in left])
        time.sleep(10.0)
    raise AssertionError(f"instances of {stack} still run: end them at once with `rlrobo cloud orphans --remove`")


def _remove(aws: Aws, stack: str) -> None:
    """Remove the stack, then what it keeps for users: the bucket of these tests holds nothing of value."""
    outputs = _outputs(aws, stack)
    destroy(aws, stack, Follower(say=print))
    if outputs is None:
        return
    for kind in ("Versions", "DeleteMarkers"):
        for item in aws.pages("s3", "list_object_versions", kind, Bucket=outputs.bucket):
            aws.call("s3", "delete_object", Bucket=outputs.bucket, Key=item["Key"], VersionId=item["VersionId"])
    aws.call("s3", "delete_bucket", Bucket=outputs.bucket)


def _outputs(aws: Aws, stack: str) -> StackOutputs | None:
    from cloud.deploy import read_outputs

    try:
        return read_outputs(aws, stack)
    except CloudError:  # it never came to be
        return None
