"""What the link process tells viewers: remote.json for every viewer, cloud/link.json for those that know the cloud."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from cloud.link_report import LinkReport, LinkState, Way
from cloud.local import CloudFiles
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End
from cloud.recovery import Close, Conclude, Done, Follow, Launch, Step, Terminate
from cloud.view import View
from cloud.watching import Seen
from engine.protocol.remote import Remote, write_remote
from engine.protocol.run_dir import RunDir

PLACE = "spot"
AWAY_AFTER_S = 30.0
"""A call that failed once is tried again before anybody is worried."""


class Reporting:
    """Writes both files; one that would say the same is left alone but for its time."""

    def __init__(self, run: RunDir, spec: CloudSpec, view: View) -> None:
        self._run, self._files, self._spec, self._view = run, CloudFiles(run), spec, view
        self._report = self._files.read_report() or LinkReport(
            state=LinkState.LAUNCHING, sentence="The run is sent.", time=time.time()
        )

    def say(self, sentence: str) -> None:
        """Tell what happens before there is anything to look at. Raises StorageError."""
        self._write(msgspec.structs.replace(self._report, state=LinkState.LAUNCHING, sentence=sentence))

    def tell(self, step: Step, seen: Seen) -> None:
        """Tell what follows. Raises StorageError."""
        state, sentence = _told(step)
        self._write(self._full(seen, state=state, sentence=sentence))

    def tell_away(self, problem: str) -> None:
        """Tell that AWS cannot be asked; the run goes on. Raises StorageError."""
        since = self._report.contact_at
        if self._report.state is not LinkState.AWAY and since and time.time() - since < AWAY_AFTER_S:
            return
        report = msgspec.structs.replace(self._report, state=LinkState.AWAY, sentence=problem)
        self._write(msgspec.structs.replace(report, **self._news(since)))

    def tell_end(self, end: End, seen: Seen) -> None:
        """Tell how the run ended. Raises StorageError."""
        self._write(self._full(seen, state=LinkState.ENDED, sentence=end.message or _ended(end.cause)))

    def _full(self, seen: Seen, *, state: LinkState, sentence: str) -> LinkReport:
        situation, attempts = seen.situation, seen.situation.attempts
        last = situation.last
        is_paid = last is not None and last.state in (AttemptState.LAUNCHED, AttemptState.RUNNING)
        return LinkReport(
            state=state,
            sentence=sentence,
            time=situation.now,
            contact_at=situation.now,
            attempt=last.number if last else 0,
            instance_id=last.instance_id if last else "",
            pool=last.pool if last else None,
            interruptions=interruptions(attempts),
            lost_steps=sum(attempt.lost_steps for attempt in attempts),
            spent_usd=situation.spent_usd,
            saved_usd=seen.saved_usd,
            price_per_hour_usd=last.price_per_hour_usd if last and is_paid else None,
            cap_usd=self._spec.max_price_total_usd,
            deadline=self._spec.deadline(),
            stored_bytes=seen.stored_bytes,
            **self._news(situation.now),
        )

    def _news(self, contact_at: float | None) -> dict[str, Any]:
        """Return by what way news come, and when the last ones did; S3 answered last at `contact_at`."""
        silent_s = self._view.silent_s()
        if silent_s is None:
            return {"through": Way.S3, "news_at": contact_at}
        return {"through": Way.SSH, "news_at": time.time() - silent_s}

    def _write(self, report: LinkReport) -> None:
        if (report.state, report.sentence) != (self._report.state, self._report.sentence):
            print(f"{report.state.value}: {report.sentence}", file=sys.stderr, flush=True)  # noqa: T201 - link.log
        self._report = report
        self._files.write_report(report)
        remote = Remote(
            place=PLACE,
            is_active=report.state is not LinkState.ENDED,
            sentence=report.sentence,
            time=time.time(),
            alarm=_alarm(report),
            is_training=report.state in (LinkState.TRAINING, LinkState.SAVING, LinkState.AWAY),
        )
        write_remote(self._run.remote, remote)


def interruptions(attempts: Sequence[Attempt]) -> int:
    """Return how often AWS took an instance back."""
    return sum(attempt.cause is Cause.INTERRUPTED for attempt in attempts)


def _told(step: Step) -> tuple[LinkState, str]:
    """Return the state and the sentence that go with a step."""
    if isinstance(step, Follow):
        return step.state, step.sentence
    if isinstance(step, Launch):
        return (LinkState.LAUNCHING if step.number == 1 else LinkState.RECOVERING), step.sentence
    if isinstance(step, Close):
        return LinkState.RECOVERING, step.detail or _ended(step.cause)
    if isinstance(step, Terminate):
        return LinkState.SAVING, step.detail
    if isinstance(step, Conclude):
        return LinkState.SAVING, step.message or _ended(step.cause)
    assert isinstance(step, Done)
    return LinkState.SAVING, "The last files are brought here."


def _ended(cause: Cause) -> str:
    return {
        Cause.FINISHED: "All timesteps are trained.",
        Cause.STOPPED: "Stopped on request.",
        Cause.INTERRUPTED: "AWS took the Spot instance back.",
        Cause.NO_CAPACITY: "There is no capacity now.",
        Cause.BUDGET: "The money for this run is spent (--max-price-total).",
        Cause.DEADLINE: "The time for this run is over (--max-hours).",
        Cause.TERMINATED: "Somebody ended the instance.",
    }.get(cause, "It ended.")


def _alarm(report: LinkReport) -> str:
    if report.state is LinkState.AWAY:
        return f"The cloud does not answer, the run goes on there. {report.sentence}"
    return ""
