"""The fixture `fake_aws`; a conftest.py that wants it imports it from here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakeaws.fake import FakeAws


@pytest.fixture
def fake_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    """An AWS account of this test alone, which boto3 in this process and its children find by themselves."""
    with FakeAws(tmp_path / "machines") as fake:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        yield fake
