"""What algorithms have in common whose update is ours where that covers the policy.

On the CPU it is in closed form; on a GPU it is by autograd, captured in graphs (engine/worker/device_*.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm

DEVICES = frozenset({"cuda"})
"""Kinds of device where autograd updates the policy. The code there is the same for the CPU, where tests run it."""


class ClosedForm(BaseAlgorithm):
    """Mix-in for Stable-Baselines3's algorithms, which update what is not covered."""

    _networks: Any = None
    """What updates the policy; None where Stable-Baselines3 does."""
    _why_stock = ""

    def notes(self) -> dict[str, str]:
        """Return sentences about what makes updates on a GPU slower than they could be, by code of a warning."""
        if self._why_stock:
            message = f"Stable-Baselines3 itself updates the policy on the GPU, which is slower: {self._why_stock}."
            return {"stock_update": message}
        return self._networks.notes if self.device.type in DEVICES else {}

    def _make_networks(self) -> Any:
        """Return the policy over flat vectors, or None where the closed form does not cover it."""
        raise NotImplementedError

    def _why_not_on_device(self) -> str:
        """Return why what `_make_on_device` returns does not cover the policy; empty where it does."""
        raise NotImplementedError

    def _make_on_device(self) -> Any:
        """Return what updates the policy on a GPU; its `notes` are as above."""
        raise NotImplementedError

    def _update(self, networks: Any, *arguments: Any, **keywords: Any) -> None:
        """Update `networks`; takes what the algorithm's `train` takes."""
        raise NotImplementedError

    def _update_on_device(self, networks: Any, *arguments: Any, **keywords: Any) -> None:
        """Do the same on a GPU."""
        self._update(networks, *arguments, **keywords)

    def _setup_model(self) -> None:
        super()._setup_model()
        # Before anything acts: torch's products depend on where in memory weights are, and a resumed run must have them
        # in the same places as the run that went on.
        if self.device.type in DEVICES:
            self._why_stock = self._why_not_on_device()
            self._networks = None if self._why_stock else self._make_on_device()
        elif self.device.type == "cpu":
            self._networks = self._make_networks()

    def train(self, *arguments: Any, **keywords: Any) -> None:
        """Update the policy as Stable-Baselines3's `train` does, with its arguments."""
        if self._networks is None:
            super().train(*arguments, **keywords)  # type: ignore[misc] - of the algorithm that this is mixed into
            return
        update = self._update_on_device if self.device.type in DEVICES else self._update
        with np.errstate(all="ignore"):  # what is not finite shows in the logged losses, which are checked
            update(self._networks, *arguments, **keywords)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_networks", "_why_stock"]
