"""Calls that fail for a passing reason are repeated, and only those."""

import threading
import time
from pathlib import Path

import msgspec
import pytest

from cloud.errors import CloudError
from cloud.patience import PatientStore
from cloud.timing import VARIABLE, Timing, read_timing
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down

QUICK = msgspec.structs.replace(Timing(), first_backoff_s=1e-4, longest_backoff_s=1e-3)


def patient(tmp_path: Path, errors: list[CloudError], **options: object) -> tuple[PatientStore, FaultyStore]:
    faulty = FaultyStore(DirectoryStore(tmp_path), lambda name, key: Fault(errors.pop()) if errors else None)
    return PatientStore(faulty, QUICK, **options), faulty  # type: ignore[arg-type]


def test_a_passing_failure_is_tried_again(tmp_path: Path) -> None:
    store, faulty = patient(tmp_path, [slow_down() for _ in range(5)])
    store.put("a", b"one")
    assert faulty.calls["put"] == 6
    assert [listed.key for listed in store.list("a")] == ["a"]


def test_a_lasting_failure_is_passed_on_at_once(tmp_path: Path) -> None:
    store, faulty = patient(tmp_path, [CloudError("no", code="AccessDenied")])
    with pytest.raises(CloudError, match="no"):
        store.put("a", b"one")
    assert faulty.calls["put"] == 1


def test_it_ends_when_all_is_over(tmp_path: Path) -> None:
    over = threading.Event()
    over.set()
    store, faulty = patient(tmp_path, [slow_down() for _ in range(5)], is_over=over)
    with pytest.raises(CloudError):
        store.put("a", b"one")
    assert faulty.calls["put"] == 1


def test_it_ends_when_its_time_is_over(tmp_path: Path) -> None:
    store, faulty = patient(tmp_path, [slow_down() for _ in range(5)], until=time.monotonic())
    with pytest.raises(CloudError):
        store.put("a", b"one")
    assert faulty.calls["put"] == 1


def test_one_variable_scales_every_time() -> None:
    scaled = msgspec.structs.asdict(read_timing({VARIABLE: "0.5"}))
    assert scaled == {name: value / 2 for name, value in msgspec.structs.asdict(Timing()).items()}
    assert read_timing({}) == Timing()
