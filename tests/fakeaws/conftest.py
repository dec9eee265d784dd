"""An AWS account with a stack, shared by the tests of a module and made as new before each."""

from collections.abc import Iterator

import pytest

from cloud.outputs import StackOutputs
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.stack import make_stack


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeAws, StackOutputs]]:
    with FakeAws(tmp_path_factory.mktemp("aws") / "machines") as fake:
        yield fake, make_stack(fake)


@pytest.fixture
def fake_aws(account: tuple[FakeAws, StackOutputs]) -> FakeAws:
    account[0].renew()
    return account[0]


@pytest.fixture
def stack(account: tuple[FakeAws, StackOutputs]) -> StackOutputs:
    return account[1]
