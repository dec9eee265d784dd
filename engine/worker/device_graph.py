"""Make a function of many small operations on a GPU one operation: a CUDA graph, replayed instead of launched anew.

Nothing else here knows CUDA graphs. On the CPU, and where RLROBO_CUDA_GRAPHS is 0, the function is called as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch

from engine.protocol.errors import DeviceError
from engine.protocol.settings import read_settings

NUM_PLAIN_CALLS = 2
"""Calls before the capture, which libraries choose their kernels and workspaces in; chosen: tensordict's number."""


Result = TypeVar("Result")


class Captured(Generic[Result]):
    """A function of tensors that keep their places, with a result that is overwritten by the next call.

    Every call does its work once: the first ones plainly, on a stream of their own as a capture demands, so that there
    is no warming up whose effects were to be undone. Random numbers are the default generator's, whose seed and offset
    a replay reads anew.
    """

    def __init__(self, function: Callable[[], Result], device: torch.device) -> None:
        self._function = function
        self._device = device
        self._num_left = NUM_PLAIN_CALLS
        self._is_wanted = device.type == "cuda" and read_settings().cuda_graphs
        self._stream = torch.cuda.Stream(device) if self._is_wanted else None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: Result

    def __call__(self) -> Result:
        """Do what the function does. Raises DeviceError where it cannot be captured."""
        if self._stream is None:
            return self._function()
        if self._graph is None and self._num_left:
            self._num_left -= 1
            return self._call_aside(self._stream)
        if self._graph is None:
            self._graph = self._capture(self._stream)
        self._graph.replay()
        return self._result

    def _call_aside(self, stream: torch.cuda.Stream) -> Result:
        current = torch.cuda.current_stream(self._device)
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            result = self._function()
        current.wait_stream(stream)
        return result

    def _capture(self, stream: torch.cuda.Stream) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads of the engine must not break the capture.
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self._result = self._function()
        except RuntimeError as err:
            raise DeviceError(
                f"device {self._device}: an update cannot be captured as a CUDA graph: {err}; "
                "set RLROBO_CUDA_GRAPHS=0 to train without, or device=cpu."
            ) from err
        return graph
