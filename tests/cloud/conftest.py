"""What the tests of the cloud part share."""

import os

import pytest


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force nothing onto the disk: no test here takes the power away."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
