"""The runs that were sent to the cloud, as their files on this machine tell. Asks AWS for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cloud.ledger import Ledger
from cloud.link_report import LinkReport, LinkState
from cloud.local import CloudFiles
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Pool
from cloud.recovery import FINAL
from engine.launch import find_supervisor
from engine.protocol.remote import read_remote
from engine.protocol.run_dir import RunDir, list_runs


@dataclass(frozen=True, kw_only=True)
class CloudRun:
    """One of them at one moment."""

    run: RunDir
    spec: CloudSpec
    report: LinkReport
    """What the process that follows it told last."""
    attempts: Sequence[Attempt] = ()
    costs: Mapping[int, float] = field(default_factory=dict)
    """Dollars of each attempt, by its number."""
    saved_usd: float = 0.0
    """Against on-demand prices of the same types."""
    is_active: bool = True
    """Whether a machine trains it, is being started for it, or will be."""
    is_followed: bool = False
    """Whether a process here brings what that machine writes."""
    rate: float | None = None
    """Dollars an hour of its instance now; None: it has none."""

    @property
    def spent_usd(self) -> float:
        """Dollars of all attempts together, as far as is known here."""
        return max(sum(self.costs.values()), self.report.spent_usd)

    @property
    def pool(self) -> Pool | None:
        """Where its instance is, or was last."""
        return self.report.pool or next((each.pool for each in reversed(self.attempts) if each.pool), None)

    @property
    def interruptions(self) -> int:
        """How often AWS took an instance back."""
        return max(self.report.interruptions, sum(each.cause is Cause.INTERRUPTED for each in self.attempts))

    @property
    def lost_steps(self) -> int:
        """Timesteps that had to be trained again."""
        return max(self.report.lost_steps, sum(each.lost_steps for each in self.attempts))

    @property
    def cause(self) -> Cause:
        """Why it ended; NONE while it goes on, and where the files here do not tell."""
        if self.is_active:
            return Cause.NONE
        last = self.attempts[-1].cause if self.attempts else Cause.NONE
        if last in FINAL:
            return last  # after any other cause another attempt follows, unless a limit was reached
        cap = self.spec.max_price_total_usd
        if cap is not None and self.spent_usd >= cap:
            return Cause.BUDGET
        return Cause.DEADLINE if self.report.time > self.spec.deadline() else last


class CloudLister:
    """Lists the cloud runs of a folder; those that are over are read again only when their files change."""

    def __init__(self, runs_dir: Path) -> None:
        self._runs_dir = runs_dir
        self._known: dict[Path, tuple[tuple[int, ...], CloudRun]] = {}

    def read(self) -> list[CloudRun]:
        """Return all of them, those that go on first, then the newest."""
        found: dict[Path, tuple[tuple[int, ...], CloudRun]] = {}
        for run in list_runs(self._runs_dir):
            stamp = _stamp(run)
            known = self._known.get(run.path)
            if known is None or known[0] != stamp or known[1].is_active:
                cloud_run = read_cloud_run(run)
                known = (stamp, cloud_run) if cloud_run is not None else None
            if known is not None:
                found[run.path] = known
        self._known = found
        return sorted((cloud_run for _, cloud_run in found.values()), key=lambda each: not each.is_active)


def read_cloud_run(run: RunDir) -> CloudRun | None:
    """Return what is known here of a run; None for one that was never sent anywhere."""
    files = CloudFiles(run)
    spec = files.read_spec()
    if spec is None:
        return None
    remote = read_remote(run.remote)
    is_active = remote is None or remote.is_active
    report = files.read_report() or LinkReport(
        state=LinkState.LAUNCHING if is_active else LinkState.ENDED,
        sentence=remote.sentence if remote else "Nothing was sent yet.",
        time=remote.time if remote else spec.created_at,
    )
    attempts, ledger = files.read_attempts(), Ledger(files.ledger)
    return CloudRun(
        run=run,
        spec=spec,
        report=report,
        attempts=attempts,
        costs={number: ledger.spent_on(number) for number in sorted({entry.attempt for entry in ledger.entries})},
        saved_usd=ledger.saved_usd,
        is_active=is_active,
        is_followed=is_active and find_supervisor(run) is not None,
        rate=_rate(attempts, ledger) if is_active else None,
    )


def _rate(attempts: Sequence[Attempt], ledger: Ledger) -> float | None:
    """Return what the last attempt's instance costs now: what was paid last, else the price at its launch."""
    last = attempts[-1] if attempts else None
    if last is None or last.state not in (AttemptState.LAUNCHED, AttemptState.RUNNING):
        return None
    paid = [entry.price_per_hour_usd for entry in ledger.entries if entry.attempt == last.number]
    return paid[-1] if paid else last.price_per_hour_usd


def _stamp(run: RunDir) -> tuple[int, ...]:
    files = CloudFiles(run)
    return tuple(_changed_at(path) for path in (files.spec, files.report, files.ledger, files.attempts, run.remote))


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return -1
