"""What a CUDA graph does, on the CPU: operations are recorded once, then done again with the same tensors.

So what would go wrong on a GPU goes wrong here: a number that the host reads or has put in, a tensor that was in
another place when the graph was captured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

FROM_HOST = ("aten::_local_scalar_dense", "aten::lift_fresh", "aten::nonzero", "aten::equal")
"""Operations that a capture forbids, or whose numbers it would repeat for ever."""


class EmulatedGraph:
    """Takes the place of device_graph.Captured."""

    num_replays = 0
    """Of all graphs."""

    def __init__(self, function: Callable[[], Any], device: torch.device) -> None:
        self._function = function
        self._num_calls = 0
        self._recording = _Recording()
        self._result: Any = None

    def __call__(self) -> Any:
        self._num_calls += 1
        if self._num_calls <= 2:
            return self._function()
        if self._num_calls == 3:
            with self._recording:
                self._result = self._function()
        else:
            EmulatedGraph.num_replays += 1
            self._recording.replay()
        return self._result


class _Recording(TorchDispatchMode):
    """Operations in their order, with their tensors."""

    def __init__(self) -> None:
        super().__init__()
        self._operations: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert func._schema.name not in FROM_HOST, f"{func} needs the host"
        result = func(*args, **(kwargs or {}))
        self._operations.append((func, args, kwargs or {}, result))
        return result

    @torch.no_grad()
    def replay(self) -> None:
        for func, args, kwargs, result in self._operations:
            again = func(*args, **kwargs)
            for place, tensor in zip(tree_leaves(result), tree_leaves(again), strict=True):
                # What is a view, or was changed in place, is there already.
                if isinstance(place, torch.Tensor) and place.data_ptr() != tensor.data_ptr():
                    place.copy_(tensor)
