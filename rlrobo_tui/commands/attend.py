"""Attend to a run whose engine was just started: follow it to its end, stop it on Ctrl-C, tell the result.

`train`, `resume` and `fork` do. The engine is a process of its own and never needs this one.
"""

import subprocess
import time
from typing import Any

import msgspec

from cloud.local import CloudFiles
from engine.launch import find_engine, find_supervisor
from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.commands import Stop, send_command
from engine.protocol.run_dir import RunDir
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.protocol.summary import summarize
from rlrobo_tui.commands.follow import POLL_INTERVAL_S, Display, choose_display, follow
from rlrobo_tui.console import narrate, print_data, print_json
from rlrobo_tui.run_view import RunView
from rlrobo_tui.tail import RunTail

NUM_LOG_LINES = 15
START_POLL_S = 0.01


def leave(run: RunDir, process: "subprocess.Popen[bytes]", *, as_json: bool) -> None:
    """Say how to find `run` again, whose engine goes on alone, and print what is known of it now.

    Returns when `process`, its supervisor, can be found by the next command, which may be typed at once.
    """
    while find_supervisor(run) is None and find_engine(run) is None and process.poll() is None:
        time.sleep(START_POLL_S)
    narrate(f"Watch it with `rlrobo watch {run.id}`, end it with `rlrobo stop {run.id}`.")
    print_result(run, result_of(run, None), as_json=as_json)


def attend(tail: RunTail, process: "subprocess.Popen[bytes]", *, as_json: bool) -> int:
    """Follow a run until its engine is done and print the result; return the exit code.

    `tail` has read what stood in the run before the engine started.
    """
    run = tail.run
    display = choose_display(since=tail.view)
    try:
        has_started = follow_or_stop(tail, process, display)
    finally:
        display.close()
    if has_started is False:
        narrate(f"rlrobo: {explain_early_death(run)}")
    elif tail.is_over:
        narrate(f"{tail.view.status.value.capitalize()}: {tail.view.end_message}")
        if list_checkpoints(run.checkpoints):
            narrate(f"Look at it with `rlrobo replay {run.id}` and `rlrobo evaluate {run.id}`.")
    print_result(run, result_of(run, tail.view), as_json=as_json)
    if has_started is None:
        return 130
    return exit_code_of(tail.view) if has_started else 1


def follow_or_stop(tail: RunTail, process: "subprocess.Popen[bytes]", display: Display) -> bool | None:
    """Follow a run; Ctrl-C asks its engine to stop, a second one leaves it to do so.

    Returns whether the engine started, or None when it was interrupted.
    """
    num_seen = tail.num_events
    try:
        return _follow_restarts(tail, process, display, num_seen)
    except KeyboardInterrupt:
        send_command(tail.run.commands, Stop())
        display.say("stopping, saving a checkpoint; Ctrl-C again leaves it to finish alone")
    try:
        _follow_restarts(tail, process, display, num_seen)
    except KeyboardInterrupt:
        display.say(f"left; the engine finishes alone. Look with `rlrobo watch {tail.run.id}`.")
    return None


def result_of(run: RunDir, view: RunView | None) -> dict[str, Any]:
    """Return what a script learns about `run`: its summary, with what the whole `view` knows better than its end."""
    result: dict[str, Any] = msgspec.to_builtins(summarize(run))
    if view is not None:
        best = view.best
        result["return_mean"] = view.latest("rollout/ep_rew_mean")
        result["best_return_mean"] = best.return_mean if best else None
    return result


def exit_code_of(view: RunView) -> int:
    """Return 0 for a run that finished or was stopped, 3 for a failure that may pass when tried again, else 1."""
    reason = view.end_reason or EndReason.KILLED
    if OUTCOMES[reason].status is not Status.FAILED:
        return 0
    return 3 if OUTCOMES[reason].is_retryable else 1


def explain_early_death(run: RunDir) -> str:
    """Say that the engine died before it began, with the end of its log."""
    files = CloudFiles(run)
    path = files.log if files.spec.is_file() else run.engine_log
    try:
        lines = path.read_text(errors="replace").strip().splitlines()[-NUM_LOG_LINES:]
    except OSError:
        lines = []
    log = "\n".join(f"  {line}" for line in lines) or "  (it is empty)"
    return (
        f"{run.path}: the engine ended before it began. The end of {path.name}:\n{log}\n"
        "Mend what it names and train again; `rlrobo doctor` checks this machine."
    )


def print_result(run: RunDir, result: dict[str, Any], *, as_json: bool) -> None:
    """Write `result` to stdout as JSON, or else the directory of `run`."""
    if as_json:
        print_json(result)
    else:
        print_data(str(run.path))


def _follow_restarts(tail: RunTail, process: "subprocess.Popen[bytes]", display: Display, num_seen: int) -> bool:
    """Follow to an end that is final: `process` may start a crashed engine again, and is gone when it does not."""

    def has_engine() -> bool:
        return process.poll() is None

    while True:
        is_alive = has_engine()
        if not follow(tail, display, has_engine=has_engine, num_seen=num_seen):
            return False
        if not is_alive:
            return True
        time.sleep(POLL_INTERVAL_S)
