"""What is measured of the machine, and how seldom."""

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from engine.worker.host import INTERVAL_S, Gpu, HostMeter, find_gpu


def test_the_machine_is_measured_when_it_is_time_and_not_before() -> None:
    now = 0.0
    meter = HostMeter("cpu", clock=lambda: now)
    assert meter.take() == {}
    now = INTERVAL_S
    values = meter.take()
    assert set(values) == {"host/cpu_percent", "host/memory_percent", "host/memory_bytes"}
    assert 0 < values["host/memory_percent"] <= 100
    assert values["host/memory_bytes"] > 1e6
    assert meter.take() == {}


def test_a_processor_is_no_gpu() -> None:
    assert find_gpu("cpu") is None


def library(*, fails: bool = False) -> Any:
    """Return what stands for the driver's library: it knows GPU-1, which is busy for 42 % of the time."""

    def tell(_: ctypes.c_void_p, used: Any) -> int:
        used._obj[0], used._obj[1] = 42, 7
        return 3 if fails else 0

    return SimpleNamespace(
        nvmlInit_v2=lambda: 0,
        nvmlDeviceGetHandleByUUID=lambda uuid, _: 0 if uuid == b"GPU-1" else 6,
        nvmlDeviceGetUtilizationRates=tell,
    )


def test_a_gpu_tells_how_busy_it_is() -> None:
    assert Gpu(library(), "GPU-1").busy_percent() == 42
    assert Gpu(library(fails=True), "GPU-1").busy_percent() is None


def test_an_unknown_gpu_is_an_error() -> None:
    with pytest.raises(OSError, match="GPU-2"):
        Gpu(library(), "GPU-2")
