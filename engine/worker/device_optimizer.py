"""Torch's own optimiser with everything that it reads on the device and in its place, so that a step can be captured.

For the time of a step the optimiser is told so: the learning rate is a tensor, and steps are counted on the device. In
between its settings are those of stock Stable-Baselines3, and so are checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from engine.worker.flat_networks import has_plain_features

FLAGS: dict[type[torch.optim.Optimizer], dict[str, bool]] = {
    torch.optim.Adam: {"fused": True},
    torch.optim.AdamW: {"fused": True},
    torch.optim.RMSprop: {"foreach": True},
}
"""What makes each kind take few kernels and leave the learning rate on the device."""


def why_not_on_device(networks: Iterable[Any], optimizers: Iterable[torch.optim.Optimizer]) -> str:
    """Return why an update cannot do without the host; empty where it can."""
    for network in networks:
        if not has_plain_features(network):
            return "observations are not plain numbers"
    for optimizer in optimizers:
        if type(optimizer) not in FLAGS or len(optimizer.param_groups) > 1:
            return f"the optimiser is {type(optimizer).__name__}"
    return ""


class DeviceOptimizer:
    """Steps of one optimiser."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        """Take an optimiser that `why_not_on_device` has nothing against."""
        self._optimizer = optimizer
        self.parameters: list[torch.Tensor] = optimizer.param_groups[0]["params"]
        """What it updates."""
        self._gradients = [torch.zeros_like(parameter) for parameter in self.parameters]
        device = self.parameters[0].device
        self._lr = torch.zeros((), device=device)
        self._places: list[int] = []
        self.num_moves = 0
        """How often something was in another place than before; what was captured then is void."""
        self._flags = {**FLAGS[type(optimizer)], "capturable": device.type == "cuda"}

    def begin(self) -> None:
        """Take over the learning rate, and the state that a checkpoint has given the optimiser, or make one."""
        if not self._optimizer.state:
            self._make_state()
        if self._find() != self._places:
            for state in self._optimizer.state.values():
                state["step"] = state["step"].to(self._lr.device)
            self._places = self._find()
            self.num_moves += 1
        self._lr.fill_(self._optimizer.param_groups[0]["lr"])

    def differentiate(self, loss: torch.Tensor) -> None:
        """Write the gradient of a loss by the parameters, and by nothing else."""
        torch._foreach_copy_(self._gradients, torch.autograd.grad(loss, self.parameters))  # type: ignore[reportPrivateImportUsage]

    def step(self, *, max_grad_norm: float | None = None) -> None:
        """Take a step down the gradient that was written last, clipped to a norm."""
        for parameter, gradient in zip(self.parameters, self._gradients, strict=True):
            parameter.grad = gradient
        if max_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, max_grad_norm)
        group = self._optimizer.param_groups[0]
        before = {name: group[name] for name in ("lr", *self._flags)}
        group.update(self._flags, lr=self._lr)
        try:
            self._optimizer.step()
        finally:
            group.update(before)

    def descend(self, loss: torch.Tensor) -> None:
        """Take a step down the gradient of a loss."""
        self.differentiate(loss)
        self.step()

    def _find(self) -> list[int]:
        """Return where everything is in memory."""
        state = [tensor.data_ptr() for each in self._optimizer.state.values() for tensor in each.values()]
        return [*state, *(parameter.data_ptr() for parameter in self.parameters)]

    def _make_state(self) -> None:
        """Let the optimiser put its state in place, by a step of length 0 that is then forgotten."""
        self._lr.zero_()
        self.step()
        for state in self._optimizer.state.values():
            for tensor in state.values():
                tensor.zero_()
