"""What is said of a cloud run: its state, its costs, how fresh all that is. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from textual.content import Content

from cloud.layout import RunKeys
from cloud.link_report import LinkReport, LinkState, Way
from cloud.records import Attempt, AttemptState, Cause, Market
from rlrobo_tui.badges import Badge
from rlrobo_tui.cloud_runs import CloudRun
from rlrobo_tui.quantities import age, count, count_of, dollars, dollars_an_hour, duration
from rlrobo_tui.run_list import Column

RUN = "run"
COLUMNS = (
    Column("state", 9),
    Column(RUN, 9),
    Column("pool", rank=3),
    Column("$/h", 5, is_right=True),
    Column("spent", 6, is_right=True),
    Column("cap", 6, is_right=True, rank=1),
    Column("saved", 6, is_right=True, rank=4),
    Column("ends in", 7, is_right=True, rank=2),
    Column("taken", 5, is_right=True),
    Column("lost", 5, is_right=True, rank=5),
    Column("link", 8, is_right=True),
)
"""Columns of the list; `layout` of run_list.py chooses those that fit."""

_STATES = {
    LinkState.LAUNCHING: Badge("○", "[.]", "LAUNCH", "secondary"),
    LinkState.BOOTING: Badge("○", "[.]", "BOOT", "secondary"),
    LinkState.TRAINING: Badge("●", "[*]", "TRAIN", "success"),
    LinkState.SAVING: Badge("◌", "[~]", "SAVE", "warning"),
    LinkState.RECOVERING: Badge("↻", "[~]", "RECOVER", "warning"),
    LinkState.AWAY: Badge("?", "[?]", "NO AWS", "warning"),
    LinkState.ENDED: Badge("■", "[#]", "ENDED", "secondary"),
}
_UNFOLLOWED = Badge("?", "[?]", "NO LINK", "warning")
_CAUSES = {
    Cause.FINISHED: Badge("✓", "[v]", "DONE", "primary"),
    Cause.STOPPED: Badge("■", "[#]", "STOPPED", "secondary"),
    Cause.BUDGET: Badge("■", "[#]", "BUDGET", "warning"),
    Cause.DEADLINE: Badge("■", "[#]", "TIME UP", "warning"),
    Cause.FAILED: Badge("✗", "[x]", "FAILED", "error"),
    Cause.REFUSED: Badge("✗", "[x]", "REFUSED", "error"),
    Cause.NO_CAPACITY: Badge("✗", "[x]", "NO ROOM", "error"),
    Cause.BOOT_FAILED: Badge("✗", "[x]", "NO BOOT", "error"),
    Cause.INTERRUPTED: Badge("↻", "[~]", "TAKEN", "warning"),
    Cause.FENCED: Badge("■", "[#]", "FENCED", "secondary"),
    Cause.LOST: Badge("✗", "[x]", "LOST", "error"),
    Cause.TERMINATED: Badge("■", "[#]", "KILLED", "warning"),
}
SEPARATOR = (" · ", "$faint")
LIVE_S = 15.0
"""News that come by SSH take less than a second; chosen: a link that missed three looks may have lost that way, too."""


def badge_of(found: CloudRun) -> Badge:
    """Return how the run stands."""
    if not found.is_active:
        return _CAUSES.get(found.cause, _STATES[LinkState.ENDED])
    return _STATES[found.report.state] if found.is_followed else _UNFOLLOWED


def link_words(found: CloudRun, now: float) -> str:
    """Say in a few words how old what is known here is, and whether it is brought up to date."""
    if not found.is_active:
        return f"{age(now - found.report.time)} ago"
    contact = found.report.contact_at
    old = age(max(0.0, now - contact)) if contact else "never"
    if not found.is_followed:
        return f"off {old}"
    if _is_live(found.report, now):
        return "ssh live"
    return f"away {old}" if found.report.state is LinkState.AWAY else f"ok {old}" if contact else "begins"


def link_alarm(found: CloudRun, now: float) -> str:
    """Say in a few words that what happens there does not arrive here, and since when; empty while it does."""
    contact = found.report.contact_at
    old = f" {age(max(0.0, now - contact))}" if contact else ""
    if not found.is_active:
        return ""
    if not found.is_followed:
        return f"NO LINK{old}"
    return f"NO AWS{old}" if found.report.state is LinkState.AWAY else ""


def spent_words(found: CloudRun) -> str:
    """Return what was spent, and of how much: $0.42 of $5.00."""
    cap = found.spec.max_price_total_usd
    return dollars(found.spent_usd) + (f" of {dollars(cap)}" if cap is not None else "")


def cells(found: CloudRun, now: float, *, is_ascii: bool) -> dict[str, str]:
    """Return the text of each column by its title."""
    report = found.report
    left_s = found.spec.deadline() - now
    return {
        "state": badge_of(found).text(is_ascii=is_ascii),
        RUN: found.run.id.partition("-")[2] or found.run.id,
        "pool": f"{found.pool.instance_type} {found.pool.zone}" if found.pool else "–",
        "$/h": f"{found.rate:.3f}" if found.rate is not None else "–",
        "spent": dollars(found.spent_usd),
        "cap": dollars(found.spec.max_price_total_usd),
        "saved": dollars(max(found.saved_usd, report.saved_usd)),
        "ends in": duration(left_s) if found.is_active else "–",
        "taken": str(found.interruptions),
        "lost": count(found.lost_steps),
        "link": link_words(found, now),
    }


def totals(runs: Sequence[CloudRun]) -> str:
    """Return what all runs cost together, and what they cost right now."""
    rates = [each.rate for each in runs if each.rate is not None]
    parts = [
        count_of(len(runs), "run"),
        f"{sum(each.is_active for each in runs)} active",
        f"{dollars_an_hour(sum(rates))} now",
        f"spent {dollars(sum(each.spent_usd for each in runs))}",
        f"saved {dollars(sum(max(each.saved_usd, each.report.saved_usd) for each in runs))}",
    ]
    return " · ".join(parts)


def pinned_line(found: CloudRun, now: float, *, width: int) -> Content:
    """Return place, price, money, interruptions and time left, as much as fits; at the right edge the link to AWS."""
    right_words = f"AWS {link_words(found, now)}" if found.is_active else f"ended {link_words(found, now)}"
    right = Content.styled(right_words, "$warning bold" if link_alarm(found, now) else "$muted")
    room = width - right.cell_length - 2
    line = Content("")
    shown = _fitting(_facts(found, now), room)
    for index, (text, style) in enumerate(shown):
        line = line.append(Content.assemble(*([SEPARATOR] if index else []), (text, style)))
    return line.append(" " * max(2, width - line.cell_length - right.cell_length)).append(right)


def attempt_lines(found: CloudRun, now: float, *, is_ascii: bool) -> list[Content]:
    """Return the attempts of a run, the newest first: when, where, at what price, how far, and why each ended."""
    return [
        line
        for each in reversed(found.attempts)
        for line in _attempt(each, found.costs.get(each.number), now, is_ascii=is_ascii)
    ]


def time_bar(found: CloudRun, now: float, *, width: int) -> Content:
    """Return one line over the time from the first launch: heavy where an instance was there, light between them."""
    spans = [(each.launched_at, each.ended_at or now) for each in found.attempts if each.launched_at is not None]
    if not spans or width < 24:
        return Content("")
    begin = min(start for start, _ in spans)
    end = now if found.is_active else max(stop for _, stop in spans)
    labels = (_clock(begin), "now" if found.is_active else _clock(end))
    cells = width - sum(map(len, labels)) - 2
    middles = [begin + (index + 0.5) * (end - begin) / cells for index in range(cells)]
    is_there = [any(start <= middle <= stop for start, stop in spans) for middle in middles]
    pieces = [("━", "$success") if there else ("┄", "$warning") for there in is_there]
    return Content.assemble((f"{labels[0]} ", "$muted"), *pieces, (f" {labels[1]}", "$muted"))


def terms_line(found: CloudRun) -> str:
    """Return what the user allowed, and how much the run keeps in S3."""
    spec, stored = found.spec, found.report.stored_bytes
    cap = f"at most {dollars(spec.max_price_total_usd)}" if spec.max_price_total_usd is not None else "no price limit"
    until = time.strftime("%d %b %H:%M", time.localtime(spec.deadline()))
    parts = [
        spec.region,
        f"{cap}, {spec.max_hours:g} h until {until}",
        *(["on-demand allowed"] if spec.may_use_on_demand else []),
        "exact resume" if spec.is_exact else "resume from the newest",
        *([f"{stored / 1e6:,.1f} MB in S3"] if stored is not None else []),
    ]
    return " · ".join(parts)


def storage_line(found: CloudRun) -> str:
    """Return where the run's files are in S3."""
    return f"s3://{found.spec.bucket}/{RunKeys(found.run.id).prefix}"


def _is_live(report: LinkReport, now: float) -> bool:
    """Whether events come from the instance itself as they are written."""
    news_at = report.news_at
    return report.through is Way.SSH and report.state is not LinkState.AWAY and now - (news_at or 0.0) < LIVE_S


def _facts(found: CloudRun, now: float) -> list[tuple[int, str, str]]:
    """Return rank, text and style of the parts of the pinned line, in their order; low ranks go first."""
    spec, pool = found.spec, found.pool
    cap = spec.max_price_total_usd
    is_dear = cap is not None and found.spent_usd >= 0.8 * cap
    left_s = spec.deadline() - now
    facts = [
        (0, pool.market.value.replace("_", "-") if pool else "spot", "bold"),
        (5, pool.instance_type if pool else "", "$muted"),
        (7, pool.zone if pool else "", "$muted"),
        (1, dollars_an_hour(found.rate) if found.rate is not None else "", ""),
        (2, spent_words(found), "$warning bold" if is_dear else "bold"),
        (3, count_of(found.interruptions, "interruption"), "$warning" if found.interruptions else "$muted"),
        (4, f"{count(found.lost_steps)} lost" if found.lost_steps else "", "$warning"),
        (6, f"{duration(left_s)} left" if found.is_active else "", "$warning bold" if left_s < 1800 else "$muted"),
    ]
    return [fact for fact in facts if fact[1]]


def _fitting(facts: Iterable[tuple[int, str, str]], room: int) -> list[tuple[str, str]]:
    """Return those that fit beside each other, the important ones before others, in their order."""
    facts = list(facts)
    shown: set[int] = set()
    for rank, text, _ in sorted(facts):
        room -= len(text) + (len(SEPARATOR[0]) if shown else 0)
        if room < 0:
            break
        shown.add(rank)
    return [(text, style) for rank, text, style in facts if rank in shown]


def _attempt(each: Attempt, spent: float | None, now: float, *, is_ascii: bool) -> list[Content]:
    began = each.launched_at or each.intended_at
    took = duration((each.ended_at or now) - each.launched_at) if each.launched_at is not None else "no instance"
    where = f"{each.pool.instance_type} {each.pool.zone}" if each.pool else "no pool"
    facts = [time.strftime("%d %b %H:%M", time.localtime(began)), took, where]
    if each.pool is not None and each.pool.market is not Market.SPOT:
        facts.append(each.pool.market.value.replace("_", "-"))
    if each.price_per_hour_usd is not None:
        facts.append(f"{dollars_an_hour(each.price_per_hour_usd)}{_discount(each)}")
    badge = _CAUSES.get(each.cause) or _STATES[_state(each)]
    steps = [f"{count(each.first_step)} to {count(max(each.first_step, each.last_step))}"]
    if each.saved_step:
        steps.append(f"saved {count(each.saved_step)}")
    if each.lost_steps:
        steps.append(f"{count(each.lost_steps)} lost")
    if spent is not None:
        steps.append(dollars(spent))
    lines = [
        Content.assemble((f"#{each.number} ", "bold"), ("  ".join(facts), "$muted")),
        Content.assemble(
            "   ", (badge.text(is_ascii=is_ascii), f"${badge.color} bold"), "  ", ("  ".join(steps), "$foreground")
        ),
    ]
    return [*lines, *([Content.assemble("   ", each.detail)] if each.detail else [])]


def _clock(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))


def _state(each: Attempt) -> LinkState:
    if each.state is AttemptState.RUNNING:
        return LinkState.TRAINING
    return LinkState.ENDED if each.state is AttemptState.ENDED else LinkState.LAUNCHING


def _discount(each: Attempt) -> str:
    """Return how far below the on-demand price the attempt was."""
    price, on_demand = each.price_per_hour_usd, each.on_demand_price_per_hour_usd
    if price is None or not on_demand or price >= on_demand:
        return ""
    return f" ({1 - price / on_demand:.0%} off)"
