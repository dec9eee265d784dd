"""An AWS account for each test that asks for one."""

from tests.fakeaws.fixture import fake_aws

__all__ = ["fake_aws"]
