"""The sections of a report as HTML. Everything that comes from a run is escaped in `text`, `table` and `pairs`."""

import base64
import shlex
import time
from collections.abc import Iterable, Sequence
from html import escape as text

from engine.protocol.checkpoints import POLICY, Checkpoint
from engine.protocol.events import EvaluationDone
from rlrobo_tui.glossary import explain
from rlrobo_tui.quantities import count, duration, number, percent
from rlrobo_tui.report.charts import Chart, Measured, draw
from rlrobo_tui.report.facts import Facts, Video
from rlrobo_tui.time_use import efficiency_sentence, time_shares

RETURN = "rollout/ep_rew_mean"
SMALL_CHARTS = (
    "rollout/success_rate", "rollout/ep_len_mean", "train/explained_variance", "train/approx_kl", "train/clip_fraction",
    "train/value_loss", "train/critic_loss", "train/actor_loss", "train/ent_coef", "train/std", "train/learning_rate",
    "time/steps_per_second",
)  # fmt: skip
MAX_SMALL_CHARTS = 8
MOST_EVALUATIONS, LAST_EVALUATIONS = 30, 15
"""Chosen: a longer table is folded, and what stays in sight has the best and so many of the last ones."""


def heading(facts: Facts) -> str:
    """Say what the run is and how it stands."""
    view, task = facts.view, facts.task
    robot = f"{task.summary} Robot: {task.robot}." if task and task.robot else (task.summary if task else "")
    state = f"{view.status.value}: {view.end_message}" if view.end_message else view.status.value
    how = f"{view.algorithm.upper()}, seed {facts.config.seed}"
    return (
        f"<h1>{text(facts.config.task_name)} <small>{text(how)}</small></h1>"
        f'<p class="id">{text(facts.run.id)}</p><p>{text(robot)}</p>'
        f'<p class="state {view.status.value}"><b>{text(state)}</b></p>'
    )


def headline(facts: Facts) -> str:
    """Give the numbers that everybody asks for first."""
    view = facts.view
    last = view.evaluations[-1] if view.evaluations else None
    took = view.updated_at - view.started_at if view.updated_at and view.started_at else None
    cards = [
        ("Best evaluation", _interval(view.best), f"step {view.best.step:,}" if view.best else "none yet"),
        ("Last evaluation", _interval(last), f"step {last.step:,}" if last else "none yet"),
        ("Training return", number(view.latest(RETURN)), "mean of the last 100 episodes"),
        ("Timesteps", count(view.step), f"of {count(view.total_timesteps)}"),
        ("Took", duration(took), f"{count(view.step / took)} timesteps/s on average" if took else ""),
    ]
    found = (
        f'<div class="card"><span>{text(name)}</span><b>{text(value)}</b><span>{text(words)}</span></div>'
        for name, value, words in cards
    )
    return f'<div class="cards">{"".join(found)}</div>'


def curves(facts: Facts) -> str:
    """Draw the return with evaluations, and below it what else was measured."""
    view, parts = facts.view, []
    if view.series.get(RETURN):
        evaluations = [
            Measured(item.step, item.return_mean, item.return_ci95, item is view.best) for item in view.evaluations
        ]
        solved = facts.task.solved_return if facts.task else None
        chart = Chart(
            title=RETURN,
            series=view.series[RETURN],
            evaluations=evaluations,
            restarts=view.restarts,
            solved=solved,
        )
        resumed = ' <i class="k-restart"></i>resumed' if view.restarts else ""
        key = (
            '<p class="key"><i class="k-smooth"></i>moving average (0.9) <i class="k-raw"></i>measured '
            '<i class="k-evaluation">◆</i>evaluation ± 95 % <i class="k-best">◆</i>the best'
            f"{resumed}</p>"
        )
        parts.append(_figure(chart, key))
    chosen = [name for name in SMALL_CHARTS if view.series.get(name)][:MAX_SMALL_CHARTS]
    small = [
        _figure(Chart(title=name, series=view.series[name], restarts=view.restarts, width=440, height=190))
        for name in chosen
    ]
    if not parts and not small:
        return _section("Curves", "<p>Nothing was measured.</p>")
    return _section("Curves", "".join(parts) + f'<div class="grid2">{"".join(small)}</div>')


def evaluations(facts: Facts) -> str:
    """Tabulate the evaluations."""
    view = facts.view
    if not view.evaluations:
        return _section("Evaluations", "<p>There was none.</p>")
    has_success = any(item.success_rate is not None for item in view.evaluations)
    rows = [
        [
            f"{item.step:,}", _interval(item), number(item.return_std), f"{item.length_mean:.0f}", f"{item.episodes}",
            *([percent(item.success_rate) if item.success_rate is not None else "–"] if has_success else []),
            ", ".join(f"{percent(rate)} {name}" for name, rate in item.termination_rates.items() if rate),
            "the best" if item is view.best else "",
        ]
        for item in view.evaluations
    ]  # fmt: skip
    success = [">success"] if has_success else []
    titles = [">step", ">return, 95 %", ">std", ">length", ">episodes", *success, "ended by", ""]
    words = (
        "<p>Played without exploration, by a process of its own; the interval is that of the mean over episodes.</p>"
    )
    if len(rows) <= MOST_EVALUATIONS:
        return _section("Evaluations", words + table(titles, rows))
    best = [row for row in rows[:-LAST_EVALUATIONS] if row[-1]]
    last = best + rows[-LAST_EVALUATIONS:]
    whole = f"<details><summary>All {len(rows)} evaluations</summary>{table(titles, rows)}</details>"
    return _section("Evaluations", f"{words}<p>The best and the last:</p>{table(titles, last)}{whole}")


def rewards(facts: Facts) -> str:
    """Show what an episode's return is made of, and what ends episodes."""
    sums, view = facts.view.reward_sums, facts.view
    largest = max((abs(value) for value in sums.values()), default=0.0) or 1.0
    bars = [(name, abs(value) / largest, f"{value:+.4g}") for name, value in sums.items()]
    total = sum(view.terminations.values())
    ends = [
        (name, amount / total, percent(amount / total))
        for name, amount in sorted(view.terminations.items(), key=lambda item: -item[1])
        if amount
    ]
    parts = []
    if bars:
        parts.append(f"<div><h3>Reward terms, weighted sum over an episode</h3>{_bars(bars)}</div>")
    if ends:
        parts.append(f"<div><h3>What ended {view.num_episodes:,} training episodes</h3>{_bars(ends)}</div>")
    return _section("Rewards and endings", f'<div class="grid2">{"".join(parts)}</div>') if parts else ""


def time_use(facts: Facts) -> str:
    """Show where the time went."""
    shares = [(name, share, percent(share)) for name, share in time_shares(facts.view).items()]
    if not shares:
        return ""
    return _section("Where time went", _bars(shares) + f"<p>{text(efficiency_sentence(facts.view))}</p>")


def configuration(facts: Facts) -> str:
    """Show what differs from the preset, and the whole configuration."""
    if not facts.preset:
        said = "<p>Its task has no preset here to compare it with.</p>"
    elif not facts.changes:
        said = f"<p>As the preset <code>{text(facts.preset)}</code> has it.</p>"
    else:
        rows = [[key, *values] for key, values in facts.changes.items()]
        said = table(["key", f"preset {facts.preset}", "this run"], rows)
    return _section("Configuration", f"{said}<pre>{text(facts.config_text)}</pre>")


def provenance(facts: Facts) -> str:
    """Tell how to make the run again."""
    known = facts.provenance
    if known is None:
        return _section("Provenance", "<p>provenance.json is missing or damaged.</p>")
    dirty = " with changes that were not committed" if known.is_dirty else ""
    rows = {
        "Command": shlex.join(known.command),
        "Commit": f"{known.commit}{dirty}" if known.commit else "outside of a git checkout",
        "Forked from": f"{known.parent.run}, step {known.parent.step:,}" if known.parent else "",
        "Python": known.python,
        "Packages": ", ".join(f"{name} {version}" for name, version in known.versions.items()),
        "Machine": f"{known.processor}, {known.num_cpus} CPUs, {known.memory_bytes / 2**30:.1f} GiB",
        "System": known.platform,
        "Device": facts.view.device,
        "Environments": str(facts.view.num_envs or ""),
    }
    return _section("Provenance", pairs(rows))


def checkpoints(facts: Facts) -> str:
    """Tabulate the checkpoints with their hashes."""
    if not facts.checkpoints:
        return _section("Checkpoints", "<p>There is none.</p>")
    rows = [_checkpoint_row(item) for item in facts.checkpoints]
    titles = [">step", "saved (UTC)", "reason", ">return", ">size", f"sha256 of {POLICY}"]
    return _section("Checkpoints", table(titles, rows))


def log(facts: Facts) -> str:
    """List what happened, restarts included."""
    view = facts.view
    repeated = sum(item.num_repeated for item in view.restarts)
    said = f"Resumed {len(view.restarts)} times, {repeated:,} timesteps trained again. " if view.restarts else ""
    lost = f"{facts.num_corrupt} lines of the events cannot be read. " if facts.num_corrupt else ""
    rows = [[_utc(line.time), f"{line.step:,}", line.text] for line in view.log]
    return _section("What happened", f'<p>{said}{lost}</p><div class="log">{table(["UTC", ">step", ""], rows)}</div>')


def video(video: Video | None) -> str:
    """Embed a video."""
    if video is None:
        return ""
    data = base64.b64encode(video.content).decode()
    size = f"{len(video.content) / 1e6:.1f} MB"
    return _section(
        "Video",
        f'<video controls loop muted src="data:video/mp4;base64,{data}"></video><p>{text(video.caption)} ({size})</p>',
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a title that begins with > aligns its column right."""
    kinds = [' class="n"' if title.startswith(">") else "" for title in titles]
    head = "".join(f"<th{kind}>{text(title.lstrip('>'))}</th>" for kind, title in zip(kinds, titles, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def pairs(rows: dict[str, str]) -> str:
    """Return names with what they are; what is empty is left out."""
    found = (f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows.items() if value)
    return f"<dl>{''.join(found)}</dl>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{text(title)}</h2>{body}</section>"


def _figure(chart: Chart, key: str = "") -> str:
    metric = explain(chart.title)
    unit = f" in {metric.unit}" if metric and metric.unit else ""
    words = f"<p>{text(metric.meaning)}</p>" if metric else ""
    title = f"<figcaption><b>{text(chart.title)}</b>{text(unit)}{words}</figcaption>"
    return f"<figure>{title}{draw(chart)}{key}</figure>"


def _bars(rows: Iterable[tuple[str, float, str]]) -> str:
    found = (
        f'<tr><td>{text(name)}</td><td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none">'
        f'<rect class="{"minus" if value.startswith("-") else "plus"}" width="{part * 100:.1f}" height="8"/></svg></td>'
        f'<td class="n">{text(value)}</td></tr>'
        for name, part, value in rows
    )
    return f'<table class="bars">{"".join(found)}</table>'


def _checkpoint_row(item: Checkpoint) -> list[str]:
    manifest = item.manifest
    policy = manifest.files.get(POLICY)
    result = manifest.evaluation
    return [
        f"{item.step:,}",
        _utc(manifest.saved_at),
        manifest.reason,
        number(result.return_mean if result else None),
        f"{item.size_bytes / 1e6:.2f} MB",
        policy.sha256 if policy else "–",
    ]


def _interval(item: EvaluationDone | None) -> str:
    return f"{number(item.return_mean)} ± {number(item.return_ci95)}" if item else "–"


def _utc(time_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time_s))
