"""Which machine image an instance starts from."""

import pytest

from cloud.images import CPU_PARAMETER, GPU_PARAMETER, VARIABLE, resolve_image
from tests.cloud.canned_door import CannedDoor


@pytest.fixture
def door() -> CannedDoor:
    return CannedDoor({"get_parameter": lambda params: {"Parameter": {"Value": f"image of {params['Name']}"}}})


def test_the_newest_image_is_asked_for(door: CannedDoor) -> None:
    assert resolve_image(door, has_cuda=False) == f"image of {CPU_PARAMETER}"
    assert resolve_image(door, has_cuda=True) == f"image of {GPU_PARAMETER}"


def test_another_one_may_be_named(door: CannedDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/aws/service/other")
    assert resolve_image(door, has_cuda=True) == "image of /aws/service/other"
    monkeypatch.setenv(VARIABLE, "ami-1")
    assert resolve_image(door, has_cuda=True) == "ami-1"
    assert len(door.calls) == 1
