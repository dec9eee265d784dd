"""What the tests on a real account do there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.aws import Aws
from cloud.ledger import Ledger
from cloud.local import CloudFiles
from cloud.outputs import StackOutputs
from engine.protocol.run_dir import RunDir, list_runs

TYPES = "c7i.large,c7a.large,c6i.large,c6a.large,m7i.large,m6i.large,m6a.large,c5.large,m5.large"
PATIENCE_S = 1800.0


@dataclass(frozen=True)
class Account:
    """One account with a stack of these tests."""

    aws: Aws
    outputs: StackOutputs
    folder: Path
    cap_usd: float

    @property
    def runs_dir(self) -> Path:
        """Folder of the runs."""
        return self.folder / "runs"

    def rlrobo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-c", "from rlrobo_tui.cli import main; main()", *arguments]
        environment = {**os.environ, "RLROBO_RUNS_DIR": str(self.runs_dir)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def train(self, *options: str, steps: int, share: float) -> RunDir:
        """Start a run on Spot that may cost a share of the cap, and return at once."""
        limits = ("--max-price-total", f"{share * self.cap_usd:.2f}", "--max-hours", "0.75")
        place = ("--on", "spot", "--instance", TYPES, "--region", self.outputs.region, "--stack", self.outputs.stack)
        done = self.rlrobo("train", "cartpole_balance", "--steps", str(steps), *place, *limits, *options, "--detach")
        assert done.returncode == 0, done.stderr
        return list_runs(self.runs_dir)[0]

    def status(self, run: RunDir) -> dict[str, Any]:
        """Return the run's line of `rlrobo runs --json`."""
        listed = json.loads(self.rlrobo("runs", "--json").stdout)
        return next(each for each in listed if each["id"] == run.id)

    def wait_until(self, is_so: Callable[[], object], what: str) -> None:
        """Return when something is so. Raises AssertionError after half an hour."""
        limit = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < limit, f"not within {PATIENCE_S / 60:.0f} minutes: {what}"
            time.sleep(5.0)

    def spent_usd(self) -> float:
        """Return what all runs cost, as their ledgers say."""
        return sum(Ledger(CloudFiles(run).ledger).spent_usd for run in list_runs(self.runs_dir))
