"""How busy the machine is that trains: processors, memory and GPU, for half a millisecond every five seconds."""

import ctypes
import time
from collections.abc import Callable

import psutil
import torch

INTERVAL_S = 5.0
"""Between two measurements."""
_NVML = "libnvidia-ml.so.1"
"""NVIDIA's management library, which comes with the driver; NVML API reference, chapter 4."""


class HostMeter:
    """Measures the whole machine, whoever keeps it busy."""

    def __init__(self, device: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`device` is where the networks live, as torch names it."""
        self._clock = clock
        self._measured_s = clock()
        self._gpu = find_gpu(device)
        psutil.cpu_percent()  # it tells what happened since its last call

    def take(self) -> dict[str, float]:
        """Return the metrics by their names, or none before it is time."""
        if self._clock() - self._measured_s < INTERVAL_S:
            return {}
        self._measured_s = self._clock()
        memory = psutil.virtual_memory()
        values = {
            "host/cpu_percent": psutil.cpu_percent(),
            "host/memory_percent": memory.percent,
            "host/memory_bytes": float(memory.total - memory.available),
        }
        busy = self._gpu.busy_percent() if self._gpu else None
        return values if busy is None else {**values, "host/gpu_percent": busy}


class Gpu:
    """A GPU of NVIDIA's, as its driver's library sees it."""

    def __init__(self, library: ctypes.CDLL, uuid: str) -> None:
        """Raises OSError where the library does not know it."""
        self._library = library
        self._handle = ctypes.c_void_p()
        if library.nvmlInit_v2() or library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(self._handle)):
            raise OSError(f"NVML does not know {uuid}")

    def busy_percent(self) -> float | None:
        """Return the part of the last moments in which it computed, 0 to 100; None where the driver keeps silent."""
        used = (ctypes.c_uint * 2)()  # of the GPU, of its memory's bandwidth
        failed = self._library.nvmlDeviceGetUtilizationRates(self._handle, ctypes.byref(used))
        return None if failed else float(used[0])


def find_gpu(device: str) -> Gpu | None:
    """Return the GPU that torch calls `device`; None where it is none of NVIDIA's."""
    if not device.startswith("cuda"):
        return None
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    try:
        return Gpu(ctypes.CDLL(_NVML), uuid)
    except OSError:  # AMD's torch says cuda as well
        return None
