"""`rlrobo watch`: follow a run that somebody else started. Never changes it."""

import time
from collections.abc import Callable
from typing import Annotated

import typer

from cloud.attach import ensure_link
from engine.launch import find_engine
from engine.protocol.events import encode_event
from engine.protocol.json_lines import event_reader
from engine.protocol.lock import read_holder
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands.attend import exit_code_of, explain_early_death
from rlrobo_tui.commands.follow import POLL_INTERVAL_S, choose_display, follow, progress_sentence
from rlrobo_tui.commands.options import RunArgument, named_run
from rlrobo_tui.console import narrate, narrate_skipped, print_data
from rlrobo_tui.steering import is_elsewhere
from rlrobo_tui.tail import RunTail

START_ALLOWANCE_S = 30.0
"""How long a run may be without an engine after it was made; chosen: loading Python on a busy disk."""


def watch(
    run: RunArgument = "latest",
    *,
    plain: Annotated[bool, typer.Option("--plain", help="One sentence for each change, nothing in place.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the events to stdout as they come.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Show how it stands now and leave.")] = False,
) -> None:
    """Follow a run until it ends. Ctrl-C leaves the run alone."""
    found = named_run(run)
    if not once:
        ensure_link(found)
    try:
        code = _watch_events(found, once=once) if as_json else _watch_view(found, plain=plain, once=once)
    except KeyboardInterrupt:
        narrate(f"Left; the run goes on. End it with `rlrobo stop {found.id}`.")
        code = 0
    raise typer.Exit(code)


def may_have_engine(run: RunDir) -> bool:
    """Whether an engine works on `run`, may work on it on another machine, or is about to start."""
    holder = read_holder(run.lock_file)
    if find_engine(run) is not None or (holder is not None and not holder.is_here) or is_elsewhere(run):
        return True
    return time.time() - run.config.stat().st_mtime < START_ALLOWANCE_S


def _say_what_is_awaited(tail: RunTail) -> None:
    """Say why one waits: before a first event there is nothing to see, and another machine's end is not seen here."""
    tail.poll()
    run = tail.run
    holder = read_holder(run.lock_file)
    is_far = holder is not None and not holder.is_here and not tail.is_over and not is_elsewhere(run)
    if (tail.num_events and not is_far) or not may_have_engine(run):
        return
    if is_elsewhere(run):
        what = "no event yet; a machine starts for it in the cloud."
    elif holder is None:
        what = f"no engine yet; waiting at most {START_ALLOWANCE_S:.0f} s for one to start."
    elif holder.is_here:
        what = f"no event yet; its engine, process {holder.pid}, is starting."
    else:
        seen = "" if tail.num_events else "no event yet; "
        what = (
            f"{seen}its engine is on {holder.hostname}, as far as is known here, and this waits for its files. "
            f"Ctrl-C leaves; look there whether it still runs."
        )
    narrate(f"{run.id}: {what}")


def _watch_view(run: RunDir, *, plain: bool, once: bool) -> int:
    tail = RunTail(run)
    if once:
        tail.poll()
        view = tail.view
        print_data(
            f"{run.id}  {view.status.value}  {progress_sentence(view)}  {view.end_message or view.alarm}".rstrip()
        )
        narrate_skipped(run.events, tail.num_corrupt)
        return exit_code_of(view) if tail.is_over else 0
    _say_what_is_awaited(tail)
    display = choose_display(plain=plain)
    try:
        has_started = follow(tail, display, has_engine=lambda: may_have_engine(run))
    finally:
        display.close()
    narrate_skipped(run.events, tail.num_corrupt)
    if not has_started:
        narrate(f"rlrobo: {explain_early_death(run)}")
        return 1
    narrate(f"{tail.view.status.value.capitalize()}: {tail.view.end_message}")
    return exit_code_of(tail.view)


def _watch_events(run: RunDir, *, once: bool, sleep: Callable[[float], None] = time.sleep) -> int:
    """Copy the events to stdout until the run is over."""
    tail, reader = RunTail(run), event_reader(run.events)
    _say_what_is_awaited(tail)
    while True:
        is_alive = may_have_engine(run)
        tail.poll()
        for event in reader.read_new():
            print_data(encode_event(event).decode().rstrip())
        if tail.is_over or once:
            narrate_skipped(run.events, reader.num_corrupt)
            return exit_code_of(tail.view) if tail.is_over else 0
        if not is_alive and tail.view.started_at is None:
            narrate_skipped(run.events, reader.num_corrupt)
            narrate(f"rlrobo: {explain_early_death(run)}")
            return 1
        sleep(POLL_INTERVAL_S)
