"""`rlrobo pause | stop | checkpoint | set`: leave a command for a run's engine and wait for its answer."""

import time
from collections.abc import Callable
from typing import Annotated

import typer

from cloud.attach import ensure_link
from engine.launch import find_engine, find_supervisor
from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.commands import Command, Pause, SaveCheckpoint, Set, Stop, command_type, send_command
from engine.protocol.errors import ConfigError, UsageError
from engine.protocol.events import CommandDone
from engine.protocol.json_lines import event_reader
from engine.protocol.lock import read_holder
from engine.protocol.run_dir import RunDir
from engine.protocol.summary import summarize
from rlrobo_tui.commands.follow import POLL_INTERVAL_S
from rlrobo_tui.commands.options import RunArgument, named_run
from rlrobo_tui.console import narrate
from rlrobo_tui.steering import is_elsewhere, kill

ANSWER_TIMEOUT_S = 120.0
"""How long an engine may take to answer: it looks between two steps, and an update or evaluation may come first."""

WaitOption = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until the engine has done it.")]


def pause(run: RunArgument, wait: WaitOption = True) -> None:
    """Hold a run; its engine stays and uses next to no CPU."""
    give(named_run(run), Pause(), wait=wait)


def checkpoint(run: RunArgument, wait: WaitOption = True) -> None:
    """Save a checkpoint now."""
    give(named_run(run), SaveCheckpoint(), wait=wait)


def set_value(
    run: RunArgument,
    assignment: Annotated[str, typer.Argument(metavar="KEY=VALUE", help="For example learning_rate=1e-4.")],
    wait: WaitOption = True,
) -> None:
    """Change a hyper-parameter of a run while it trains."""
    key, _, text = assignment.partition("=")
    try:
        command = Set(key=key.strip(), value=float(text))
    except ValueError:
        raise ConfigError("command line", assignment, "expected key=number, such as learning_rate=1e-4.") from None
    give(named_run(run), command, wait=wait)


def stop(
    run: RunArgument,
    wait: WaitOption = True,
    must_kill: Annotated[
        bool, typer.Option("--kill", help="Kill the engine; what came after the last checkpoint is lost.")
    ] = False,
    is_confirmed: Annotated[bool, typer.Option("--yes", "-y", help="Kill without asking.")] = False,
) -> None:
    """Save a checkpoint and end a run."""
    found = named_run(run)
    if must_kill:
        _kill(found, is_confirmed=is_confirmed)
        return
    give(found, Stop(), wait=wait)
    if wait:
        _wait_for_end(found)


def give(run: RunDir, command: Command, *, wait: bool) -> None:
    """Leave `command` for the engine of `run`. Raises UsageError when there is none or when it refuses."""
    _require_engine(run)
    reader = event_reader(run.events)
    reader.read_new()
    send_command(run.commands, command)
    name = command_type(command)
    if not wait:
        narrate(f"{run.id}: left {name} for its engine.")
        return
    answer = wait_for_answer(run, command, reader.read_new)
    if not answer.is_accepted:
        raise UsageError(f"{run.id}: {name} refused: {answer.detail}.")
    narrate(f"{run.id}: {name} done at step {answer.step:,}{': ' if answer.detail else '.'}{answer.detail}")


def wait_for_answer(
    run: RunDir,
    command: Command,
    read_new: Callable[[], list],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> CommandDone:
    """Return the engine's answer. Raises UsageError when it dies first and typer.Exit(3) when it takes too long."""
    deadline = clock() + ANSWER_TIMEOUT_S
    while True:
        is_alive = has_engine(run)
        for event in read_new():
            if isinstance(event, CommandDone) and event.command_id == command.id:
                return event
        if not is_alive:
            raise UsageError(f"{run.id}: the engine ended before it answered; see `rlrobo watch {run.id} --once`.")
        if clock() > deadline:
            narrate(
                f"rlrobo: {run.id}: no answer in {ANSWER_TIMEOUT_S:.0f} s; the engine may be busy with a long update. "
                f"The command stays in its queue; look with `rlrobo watch {run.id}`."
            )
            raise typer.Exit(3)
        sleep(POLL_INTERVAL_S)


def has_engine(run: RunDir) -> bool:
    """Whether an engine holds `run` here or is only starting, or says so from another machine."""
    holder = read_holder(run.lock_file)
    is_here = find_engine(run) is not None or find_supervisor(run) is not None
    return is_here or (holder is not None and not holder.is_here) or is_elsewhere(run)


def _require_engine(run: RunDir) -> None:
    ensure_link(run)  # or a command for the cloud would lie here
    if not has_engine(run):
        summary = summarize(run)
        raise UsageError(
            f"{run.id}: no engine works on it (status {summary.status.value}), so nothing can be asked of it; "
            "`rlrobo runs --status running` lists those that train."
        )


def _wait_for_end(run: RunDir, *, sleep: Callable[[float], None] = time.sleep) -> None:
    while has_engine(run):
        sleep(POLL_INTERVAL_S)
    summary = summarize(run)
    narrate(f"{run.id}: {summary.status.value} at step {summary.step:,}. {summary.message}")


def _kill(run: RunDir, *, is_confirmed: bool) -> None:
    is_remote = is_elsewhere(run)
    if not is_remote and find_engine(run) is None and find_supervisor(run) is None:
        raise UsageError(f"{run.id}: no engine works on it on this machine; there is nothing to kill.")
    question = f"Kill the engine of {run.id}? What came after its last checkpoint is lost."
    if not is_confirmed and not typer.confirm(question, err=True):
        raise UsageError("nothing was killed; `rlrobo stop` without --kill saves a checkpoint first.")
    kill(run)
    if is_remote:
        _wait_for_end(run)
        return
    num_checkpoints = len(list_checkpoints(run.checkpoints))
    narrate(f"{run.id}: killed; {num_checkpoints} checkpoints are left, in {run.checkpoints}")
