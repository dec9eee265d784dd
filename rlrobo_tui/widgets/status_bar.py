"""The lines that never leave the live screen: what the run is, how far it is, its key numbers."""

from dataclasses import dataclass, field, replace

from textual.content import Content
from textual.widgets import Static

from engine.protocol.status import Status
from rlrobo_tui.badges import BADGES
from rlrobo_tui.cloud_runs import CloudRun
from rlrobo_tui.cloud_words import link_alarm, pinned_line, spent_words
from rlrobo_tui.glossary import short_name
from rlrobo_tui.health import hints
from rlrobo_tui.link import Link
from rlrobo_tui.quantities import count, count_of, duration, number, percent
from rlrobo_tui.run_list import shorten
from rlrobo_tui.run_view import SPEED, RunView
from rlrobo_tui.series import Series
from rlrobo_tui.widgets.text_bars import cut, progress_bar

VARIANT_COLUMNS = 30
"""Chosen: what follows in the line still fits into 80 columns."""
SUCCESS, LENGTH, LEVELS = "rollout/success_rate", "rollout/ep_len_mean", "curriculum/"
KPIS = (
    ("rollout/ep_rew_mean", "return"),
    (SUCCESS, "success"),
    (LENGTH, "length"),
    ("train/approx_kl", "kl"),
    ("train/entropy_loss", "ent. loss"),
    ("train/explained_variance", "expl. var"),
    ("train/actor_loss", "actor loss"),
    ("train/critic_loss", "critic loss"),
    ("train/ent_coef", "ent coef"),
    ("train/std", "std"),
    ("train/value_loss", "value loss"),
    ("train/learning_rate", "lr"),
)
"""Key numbers in their order of importance, each with its label; `key_numbers` knows which of them a run has."""
SEPARATOR = ("  ·  ", "$faint")
WAITING = "no numbers yet: the first ones come with the first episode"
LEAST_BAR = 5
"""Chosen: columns of the bar for whose sake the spread of the time left is not told."""
NUM_LINES = 3
"""Of a run on this machine."""


@dataclass(frozen=True)
class Moment:
    """What the lines depend on besides the view."""

    now: float
    """Seconds since 1970 (UTC)."""
    width: int = 80
    """Columns."""
    is_ascii: bool = False
    variant: str = ""
    """How the task differs from the one of its name."""
    pending: str = ""
    """A command that was sent and not answered yet, such as `pausing`."""
    link: Link = field(default_factory=Link)
    cloud: CloudRun | None = None
    """Of a run in the cloud: what it costs, and whether what happens there arrives here."""
    is_short: bool = False
    """Whether the cloud's own line has no room."""


def key_numbers(view: RunView) -> list[tuple[str, str]]:
    """Return metric and label of the key numbers that a run has; the levels of curricula come before lengths."""
    levels = [(name, short_name(name)) for name in view.series if name.startswith(LEVELS)]
    before = [name for name, _ in KPIS].index(LENGTH)
    return [each for each in (*KPIS[:before], *levels, *KPIS[before:]) if view.latest(each[0]) is not None]


def headline(view: RunView, moment: Moment) -> Content:
    """Return state and what the run is, as much as fits; at the right edge the link to it and the data's age."""
    badge = BADGES[view.status]
    parts = [
        view.task or view.run_id,
        shorten(moment.variant, VARIANT_COLUMNS),
        view.algorithm.upper(),
        view.device,
        count_of(view.num_envs, "env"),
        f"seed {view.seed}",
    ]
    if view.started_at is None:
        parts = [view.run_id]
    line = Content.styled(badge.text(is_ascii=moment.is_ascii), f"${badge.color} bold").append("  ")
    right = _link(view, moment)
    spare = moment.width - line.cell_length - len(parts[0]) - right.cell_length - len(SEPARATOR[0]) - 2
    if (aside := _aside(view, moment)) and spare > 0:
        right = Content.assemble((cut(aside, min(len(aside), spare)), "$warning"), SEPARATOR, right)
    room = moment.width - right.cell_length - 2
    for index, part in enumerate(part for part in parts if part):
        piece = Content.assemble(*([SEPARATOR] if index else []), (part, "bold" if not index else "$muted"))
        if index and line.cell_length + piece.cell_length > room:
            break
        line = line.append(piece)
    gap = max(2, moment.width - line.cell_length - right.cell_length)
    return line.append(" " * gap).append(right)


def progress_line(view: RunView, moment: Moment) -> Content:
    """Return steps, a bar, percentage, speed, elapsed time and time left."""
    steps = f"{count(view.step)} / {count(view.total_timesteps)}"
    speed = view.latest(SPEED)
    facts = [percent(view.progress)]
    if speed is not None and view.status is Status.RUNNING and not view.alarm:
        facts.append(f"{count(speed)} steps/s{_trend(view.series[SPEED]).strip()}")
    facts.append(duration(_elapsed_s(view, moment.now)))
    if view.eta_s is not None:
        spread = f" ±{duration(view.eta_spread_s)}" if round(view.eta_spread_s or 0) else ""
        facts.append(f"ETA {duration(view.eta_s)}")
        is_narrow = len(steps) + len("   ".join(facts)) + len(spread) + LEAST_BAR + 2 > moment.width
        facts[-1] += "" if is_narrow else spread
    text = "   ".join(facts)
    bar_width = max(0, min(60, moment.width - len(steps) - len(text) - 5))
    return Content.assemble(
        (steps, "$foreground"), " ", progress_bar(view.progress, width=bar_width), " ", (text, "$muted")
    )


def kpi_line(view: RunView, moment: Moment) -> Content:
    """Return as many key numbers as fit in the width; those that look odd have a sign, as in the side panel."""
    line, used = Content(""), 0
    odd = {hint.metric for hint in hints(view)}
    for metric, label in key_numbers(view):
        series = view.series[metric]
        is_share = metric == SUCCESS or metric.startswith(LEVELS)
        value = percent(series[-1].value) if is_share else number(series[-1].value)
        text = f"{'!' if metric in odd else ''}{value}{_trend(series)}"
        size = len(label) + len(text) + 1 + (3 if used else 0)
        if used + size > moment.width:
            break
        gap = "   " if used else ""
        style = "$warning bold" if metric in odd else "bold"
        line = line.append(Content.assemble(gap, (f"{label} ", "$muted"), (text, style)))
        used += size
    if used:
        return line
    words = "no numbers: nothing of it was read yet" if moment.link.trouble else WAITING
    return Content.styled(words, "$muted")


class StatusBar(Static):
    """The pinned lines at the top of the live screen."""

    def show(self, view: RunView, moment: Moment) -> None:
        """Draw the state of `view` at `moment`, whose width the bar knows itself."""
        self.set_class(moment.cloud is not None, "-cloud")
        size = self.content_size
        moment = replace(moment, width=max(10, size.width), is_short=size.height < NUM_LINES + 1)
        lines = [make(view, moment) for make in (headline, progress_line, kpi_line)]
        if moment.cloud is not None:
            lines.append(pinned_line(moment.cloud, moment.now, width=moment.width))
        text = Content("\n").join(lines)
        if text != self.content:
            self.update(text, layout=False)


def _link(view: RunView, moment: Moment) -> Content:
    """Return whether what is shown is what is so; before it what the run costs, where that has no line of its own.

    Neither ever gives way.
    """
    cloud = moment.cloud
    alarm = "" if cloud is None or moment.link.trouble else link_alarm(cloud, moment.now)
    is_odd = bool(alarm or moment.link.trouble)
    words = Content.styled(alarm or moment.link.words(view, moment.now), "$warning bold" if is_odd else "$muted")
    if cloud is None or not moment.is_short:
        return words
    return Content.assemble((spent_words(cloud), "bold"), SEPARATOR, words)


def _aside(view: RunView, moment: Moment) -> str:
    if moment.pending:
        return f"{moment.pending}…"
    if view.alarm:
        return view.alarm.partition(":")[0]  # the whole sentence is in the log
    if view.status_detail and view.status in (Status.STARTING, Status.STOPPING):
        return view.status_detail
    return ""


def _elapsed_s(view: RunView, now: float) -> float | None:
    if view.started_at is None:
        return None
    return ((view.updated_at or now) if view.status.is_over else now) - view.started_at


def _trend(series: Series) -> str:
    """Return an arrow when the last value is clearly above or below the mean of those before."""
    recent = series.recent(11)
    if len(recent) < 6:
        return ""
    earlier = recent[:-1]
    middle = sum(earlier) / len(earlier)
    spread = max(earlier) - min(earlier)
    if abs(recent[-1] - middle) <= spread / 4:
        return " "
    return "▲" if recent[-1] > middle else "▼"
