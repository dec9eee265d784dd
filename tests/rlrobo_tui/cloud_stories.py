"""Cloud runs for tests: files as the process that follows a run writes them, with fixed values."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cloud.ledger import Ledger
from cloud.link_report import LinkReport, LinkState
from cloud.local import CloudFiles
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool
from engine.protocol.config import RunConfig
from engine.protocol.events import RunEnded
from engine.protocol.lock import describe_process
from engine.protocol.remote import Remote, write_remote
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import EndReason
from tests.rlrobo_tui.app_runs import NOWHERE, append, training

HERE = Pool(instance_type="c7i.2xlarge", zone="us-east-1a")
THERE = Pool(instance_type="c7a.2xlarge", zone="us-east-1c")
DEAR = Pool(instance_type="c7i.2xlarge", zone="us-east-1b", market=Market.ON_DEMAND)
PRICES = {HERE: (0.142, 0.357), THERE: (0.131, 0.328), DEAR: (0.357, 0.357)}
HOUR, MINUTE = 3600.0, 60.0


@dataclass(frozen=True, kw_only=True)
class Try:
    """An attempt; times in hours before the moment at which the story is told."""

    pool: Pool
    began: float
    ended: float | None = None
    steps: tuple[int, int] = (0, 0)
    saved: int = 0
    cause: Cause = Cause.NONE
    detail: str = ""

    def attempt(self, number: int, now: float) -> Attempt:
        """Return it as a record."""
        price, on_demand = PRICES[self.pool]
        return Attempt(
            number=number,
            token=f"token-{number}",
            state=AttemptState.RUNNING if self.ended is None else AttemptState.ENDED,
            pool=self.pool,
            instance_id=f"i-{number:017d}",
            price_per_hour_usd=price,
            on_demand_price_per_hour_usd=on_demand,
            intended_at=now - self.began * HOUR - 4,
            launched_at=now - self.began * HOUR,
            ended_at=None if self.ended is None else now - self.ended * HOUR,
            first_step=self.steps[0],
            last_step=self.steps[1],
            saved_step=self.saved,
            lost_steps=self.steps[1] - self.saved if self.cause is Cause.INTERRUPTED else 0,
            cause=self.cause,
            detail=self.detail,
        )


@dataclass(frozen=True, kw_only=True)
class CloudStory:
    """What is known here of a run in the cloud."""

    state: LinkState = LinkState.TRAINING
    sentence: str = ""
    tries: Sequence[Try] = ()
    cap: float | None = 5.0
    contact: float | None = 4.0
    """Seconds ago that S3 answered."""
    alarm: str = ""


TAKEN = Try(
    pool=HERE, began=3.2, ended=1.9, steps=(0, 204_800), saved=200_000, cause=Cause.INTERRUPTED,
    detail="AWS took the instance back after a notice of 118 s.",
)  # fmt: skip
STORIES = {
    "training": CloudStory(
        sentence="i-00000000000000002 (c7a.2xlarge in us-east-1c (spot)) trains.",
        tries=[TAKEN, Try(pool=THERE, began=1.8, steps=(200_000, 240_000), saved=240_000)],
    ),
    "recovering": CloudStory(
        state=LinkState.RECOVERING,
        sentence="Attempt 2 is launched in c7a.2xlarge in us-east-1c (spot): another pool than the one that was lost.",
        tries=[TAKEN],
    ),
    "starting": CloudStory(
        state=LinkState.BOOTING, cap=None,
        sentence="i-00000000000000001 (c7i.2xlarge in us-east-1a (spot)) installs rlrobo.",
        tries=[Try(pool=HERE, began=0.02)],
    ),
    "away": CloudStory(
        state=LinkState.AWAY, contact=95.0,
        sentence="AWS does not accept the credentials any more (ExpiredToken). Renew them with `aws sso login`.",
        tries=[Try(pool=HERE, began=2.0, steps=(0, 120_000), saved=120_000)],
    ),
    "unfollowed": CloudStory(
        contact=3 * HOUR, sentence="i-00000000000000001 (c7i.2xlarge in us-east-1a (spot)) trains.",
        tries=[Try(pool=HERE, began=4.0, steps=(0, 90_000), saved=80_000)],
    ),
    "budget": CloudStory(
        state=LinkState.ENDED, cap=0.2, sentence="$0.20 are spent; --max-price-total is $0.20.",
        tries=[
            Try(pool=HERE, began=30.0, ended=28.59, steps=(0, 310_000), saved=310_000, cause=Cause.BUDGET,
                detail="$0.20 are spent; --max-price-total is $0.20."),
        ],
    ),
    "finished": CloudStory(
        state=LinkState.ENDED, sentence="All timesteps are trained.",
        tries=[
            Try(pool=HERE, began=50.0, ended=49.0, steps=(0, 180_000), saved=180_000, cause=Cause.INTERRUPTED,
                detail="AWS took the instance back."),
            Try(pool=DEAR, began=48.9, ended=48.0, steps=(180_000, 400_000), saved=400_000, cause=Cause.FINISHED),
        ],
    ),
}  # fmt: skip


def send(run: RunDir, story: CloudStory, now: float, *, follower: int = 0) -> None:
    """Write the files of a run's story as of `now`, in seconds since 1970; 0: no process follows it."""
    files = CloudFiles(run)
    began = max((each.began for each in story.tries), default=0.0)
    spec = CloudSpec(
        run_id=run.id,
        region="us-east-1",
        bucket="rlrobo-123456789012",
        max_price_total_usd=story.cap,
        created_at=now - began * HOUR - MINUTE,
    )
    files.write_spec(spec)
    ledger, attempts = Ledger(files.ledger), []
    for number, each in enumerate(story.tries, start=1):
        attempts.append(each.attempt(number, now))
        files.write_attempt(attempts[-1])
        end = now - (each.ended or 0.0) * HOUR
        ledger.charge(number, each.pool, begin=now - each.began * HOUR, end=end, prices=PRICES[each.pool])
    is_over = story.state is LinkState.ENDED
    told_at = now - story.tries[-1].ended * HOUR if is_over and story.tries[-1].ended else now
    report = LinkReport(
        state=story.state,
        sentence=story.sentence,
        time=told_at,
        contact_at=None if story.contact is None else told_at - story.contact,
        attempt=len(attempts),
        instance_id=attempts[-1].instance_id if attempts else "",
        pool=attempts[-1].pool if attempts else None,
        interruptions=sum(each.cause is Cause.INTERRUPTED for each in attempts),
        lost_steps=sum(each.lost_steps for each in attempts),
        spent_usd=ledger.spent_usd,
        saved_usd=ledger.saved_usd,
        cap_usd=story.cap,
        deadline=spec.deadline(),
        stored_bytes=48_300_000,
    )
    files.write_report(report)
    training = story.state in (LinkState.TRAINING, LinkState.SAVING, LinkState.AWAY)
    remote = Remote(
        place="spot", is_active=not is_over, sentence=story.sentence, time=told_at, alarm=story.alarm,
        is_training=training,
    )  # fmt: skip
    write_remote(run.remote, remote)
    if follower:
        run.supervisor_lock.write_bytes(msgspec.json.encode(describe_process(follower)))


def make_cloud_runs(folder: Path, *names: str, now: float, follower: int | None = None) -> dict[str, RunDir]:
    """Make a run for each story, by its name; the process `follower` (this one) follows all but `unfollowed`."""
    runs: dict[str, RunDir] = {}
    for seed, name in enumerate(names or STORIES, start=1):
        story = STORIES[name]
        is_over = story.state is LinkState.ENDED
        events = [] if name == "starting" else training(seed=seed)
        if is_over:
            reason = EndReason.COMPLETED if name == "finished" else EndReason.STOPPED
            events = [*events, RunEnded(step=500, reason=reason, message=story.sentence)]
        config = RunConfig(task="cartpole_balance", total_timesteps=1000, seed=seed)
        runs[name] = create_run(folder, config, NOWHERE, clock=lambda: now)
        append(runs[name], events)
        is_followed = name != "unfollowed" and not is_over
        send(runs[name], story, now, follower=(follower or os.getpid()) if is_followed else 0)
    return runs
