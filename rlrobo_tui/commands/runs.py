"""`rlrobo runs`: what was trained here, the newest first."""

import time
from typing import Annotated

import typer

from engine.protocol.errors import ConfigError, UnknownNameError
from engine.protocol.run_dir import list_runs
from engine.protocol.settings import read_settings
from engine.protocol.status import EndReason, Status
from engine.protocol.summary import RunSummary, summarize
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_json, print_table
from rlrobo_tui.quantities import age, count, count_of, number
from rlrobo_tui.run_filter import EXAMPLE, KEYS, parse_query
from rlrobo_tui.run_order import SORTABLE, ordered, parse_order

FILTER_HELP = f"Show only runs that have all of this, such as '{EXAMPLE}'. Keys: {', '.join(KEYS)}."

SORT_HELP = f"Sort by {', '.join(SORTABLE)}; with a minus sign before it the other way round, as in --sort=-return."


def runs(
    *,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Show at most this many.")] = 50,
    status: Annotated[str, typer.Option(help="Show only runs with this status, such as running or failed.")] = "",
    query: Annotated[str, typer.Option("--filter", metavar="QUERY", help=FILTER_HELP)] = "",
    sort: Annotated[str, typer.Option(metavar="COLUMN", help=SORT_HELP)] = SORTABLE[0],
) -> None:
    """List the runs."""
    allowed = [item.value for item in Status]
    if status and status not in allowed:
        raise UnknownNameError("status", status, allowed)
    order, wanted = parse_order(sort), parse_query(query)
    summaries, num_damaged = _summaries(status)
    now = time.time()
    found = ordered((item for item in summaries if wanted.matches(item, now)), order)[:limit]
    if as_json:
        print_json(found)
    elif found:
        _print(found)
        _offer_to_resume(found)
    elif summaries:
        narrate(f"None of {count_of(len(summaries), 'run')} matches {query!r}.")
    elif not num_damaged:
        kind = f"{status} " if status else ""
        narrate(f"No {kind}runs in {read_settings().runs_dir}. Start one with `rlrobo train cartpole_balance`.")


def _summaries(status: str) -> tuple[list[RunSummary], int]:
    """Return the summaries and how many runs are too damaged to have one; those are told at once."""
    found: list[RunSummary] = []
    num_damaged = 0
    for run in list_runs(read_settings().runs_dir):
        try:
            summary = summarize(run)
        except ConfigError as err:  # one damaged run must not hide the others
            narrate(f"rlrobo: {err}")
            num_damaged += 1
            continue
        if not status or summary.status.value == status:
            found.append(summary)
    return found, num_damaged


def _offer_to_resume(found: list[RunSummary]) -> None:
    killed = [item.id for item in found if item.end_reason is EndReason.KILLED]
    if killed:
        others = f" and {len(killed) - 1} more" if len(killed) > 1 else ""
        narrate(f"{killed[0]}{others}: the engine died. Go on with `rlrobo resume {killed[0]}`.")


def _print(found: list[RunSummary]) -> None:
    has_tags = any(item.tags for item in found)
    headers = ["RUN", "STATUS", ">STEP", ">OF", ">RETURN", ">BEST", ">AGO", *(["TAGS"] if has_tags else [])]
    rows = [
        (
            item.id,
            item.status.value,
            count(item.step),
            count(item.total_steps),
            number(item.return_mean),
            number(item.best_return_mean),
            age(time.time() - item.updated_at) if item.updated_at else "–",
            *([" ".join(item.tags)] if has_tags else []),
        )
        for item in found
    ]
    print_table(headers, rows)
