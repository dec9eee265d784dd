"""`rlrobo resume`: let a paused run go on, or start a new engine that goes on from a checkpoint of an ended one."""

from dataclasses import dataclass
from typing import Annotated

import typer

from engine.launch import start_engine
from engine.protocol.checkpoints import find_checkpoint, list_checkpoints
from engine.protocol.commands import Resume
from engine.protocol.disk import check_space
from engine.protocol.errors import ConfigError, UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from engine.protocol.summary import RunSummary, summarize
from rlrobo_tui.commands.attend import attend, leave
from rlrobo_tui.commands.control import WaitOption, give, has_engine
from rlrobo_tui.commands.options import (
    AutoResumeOption,
    FollowOption,
    FromOption,
    JsonOption,
    RunArgument,
    named_run,
    parse_total,
    which_checkpoint,
)
from rlrobo_tui.commands.task_facts import facts_for, facts_of
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.console import narrate
from rlrobo_tui.tail import RunTail


@dataclass(frozen=True)
class Plan:
    """Where a new engine begins and ends."""

    from_step: int | None
    """Timestep of the checkpoint that was asked for; None: the engine takes the latest that verifies."""
    begin: int
    """Timestep at which it is going to begin."""
    total: int
    """Timesteps to train for."""


def resume(
    run: RunArgument,
    *,
    from_step: FromOption = "",
    steps: Annotated[
        str, typer.Option(metavar="N|+N", help="Train for N timesteps in all, or for N more than planned.")
    ] = "",
    auto_resume: AutoResumeOption = 0,
    must_follow: FollowOption = True,
    wait: WaitOption = True,
    as_json: JsonOption = False,
) -> None:
    """Let a paused run go on, or go on with a run that ended.

    A stopped, failed or killed run goes on from its latest checkpoint, in the same directory. Checkpoints after --from
    are set aside.
    """
    found = named_run(run)
    if has_engine(found):
        if from_step or steps or auto_resume:
            raise UsageError(
                f"{found.id}: its engine lives, and --from, --steps and --auto-resume are for a new one. "
                f"Leave them out, or stop it first with `rlrobo stop {found.id}`."
            )
        _let_go_on(found, wait=wait)
        return
    plan = plan_resume(found, from_step=from_step, steps=steps)
    config = found.read_config()
    facts = facts_of(found) or facts_for(config, folder=found.path)
    if warning := check_space(found.path, size_of(config, facts)):
        narrate(f"rlrobo: {warning}")
    tail = RunTail(found)
    tail.poll()
    narrate(f"{found.id}: going on from {plan.begin:,} to {plan.total:,} timesteps.")
    total = plan.total if steps else None
    process = start_engine(found, from_step=plan.from_step, total_timesteps=total, auto_resume=auto_resume)
    if not must_follow:
        leave(found, process, as_json=as_json)
        return
    raise typer.Exit(attend(tail, process, as_json=as_json))


def plan_resume(run: RunDir, *, from_step: str = "", steps: str = "") -> Plan:
    """Decide where `run` goes on. Raises UsageError when nothing is left to train, CheckpointError, ConfigError."""
    summary = summarize(run)
    total = parse_total(steps, present=summary.total_steps) if steps else summary.total_steps
    asked = find_checkpoint(run.checkpoints, which_checkpoint(from_step)).step if from_step else None
    saved = [checkpoint.step for checkpoint in list_checkpoints(run.checkpoints)]
    begin = asked if asked is not None else max(saved, default=0)
    if steps and total <= begin:
        raise ConfigError(
            "command line",
            "--steps",
            f"{run.id} would go on from {begin:,} timesteps, so expected more than that, got {total:,}; "
            "`--steps +200k` adds to what was planned.",
        )
    if total <= begin or _is_completed(summary, asked, steps):
        raise UsageError(
            f"{run.id}: all {total:,} timesteps are trained, there is nothing to resume; "
            f"train further with `rlrobo resume {run.id} --steps +200k`."
        )
    return Plan(asked, begin, total)


def _let_go_on(run: RunDir, *, wait: bool) -> None:
    """Resume a run whose engine lives."""
    status = summarize(run).status
    if status is not Status.PAUSED:
        raise UsageError(
            f"{run.id}: its engine works on it (status {status.value}) and is not paused, so there is nothing to "
            f"resume; watch it with `rlrobo watch {run.id}`, or stop it first."
        )
    give(run, Resume(), wait=wait)


def _is_completed(summary: RunSummary, asked: int | None, steps: str) -> bool:
    return summary.status is Status.FINISHED and asked is None and not steps
