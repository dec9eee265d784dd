"""What algorithms have in common whose update is computed in closed form where that covers the policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm


class ClosedForm(BaseAlgorithm):
    """Mix-in for Stable-Baselines3's algorithms, which update what is not covered."""

    _networks: Any = None
    """The policy over flat vectors; None where Stable-Baselines3 updates it."""

    def _make_networks(self) -> Any:
        """Return the policy over flat vectors, or None where the closed form does not cover it."""
        raise NotImplementedError

    def _update(self, networks: Any, *arguments: Any, **keywords: Any) -> None:
        """Update `networks`; takes what the algorithm's `train` takes."""
        raise NotImplementedError

    def _setup_model(self) -> None:
        super()._setup_model()
        # Before anything acts: torch's products depend on where in memory weights are, and a resumed run must have them
        # in the same places as the run that went on.
        self._networks = self._make_networks()

    def train(self, *arguments: Any, **keywords: Any) -> None:
        """Update the policy as Stable-Baselines3's `train` does, with its arguments."""
        if self._networks is None:
            super().train(*arguments, **keywords)  # type: ignore[misc] - of the algorithm that this is mixed into
            return
        with np.errstate(all="ignore"):  # what is not finite shows in the logged losses, which are checked
            self._update(self._networks, *arguments, **keywords)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_networks"]
