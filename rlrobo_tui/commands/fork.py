"""`rlrobo fork`: start a new run from a checkpoint of another one, with other settings. The other is only read."""

from typing import Annotated

import msgspec
import typer

from engine.launch import start_engine
from engine.protocol.checkpoints import Checkpoint
from engine.protocol.config import RunConfig, apply_overrides, parse_config
from engine.protocol.disk import check_space
from engine.protocol.errors import ConfigError
from engine.protocol.fork import check_fork, fork_run
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import read_settings
from engine.protocol.summary import summarize
from engine.protocol.task_facts import TaskFacts, write_facts
from rlrobo_tui.commands.attend import attend, leave
from rlrobo_tui.commands.options import (
    AutoResumeOption,
    FollowOption,
    FromOption,
    JsonOption,
    RunArgument,
    SetOption,
    choose_checkpoint,
    named_run,
    parse_total,
    which_checkpoint,
)
from rlrobo_tui.commands.packing import check_fit_of
from rlrobo_tui.commands.task_facts import facts_for, facts_of
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.console import narrate
from rlrobo_tui.tail import RunTail


def fork(
    run: RunArgument,
    *,
    from_step: FromOption = "",
    assignments: SetOption = None,
    steps: Annotated[
        str, typer.Option(metavar="N|+N", help="Train until N timesteps in all, or N more than the other run.")
    ] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of everything random from here on.")] = None,
    auto_resume: AutoResumeOption = 0,
    must_follow: FollowOption = True,
    as_json: JsonOption = False,
) -> None:
    """Start a new run from a checkpoint of another one.

    It has the other run's configuration with what --set changes; task, algorithm and network stay. The other run is
    not touched. The last line on stdout is the new run's directory.
    """
    parent = named_run(run)
    checkpoint = choose_checkpoint(parent, which_checkpoint(from_step or "latest"))
    total = parse_total(steps, present=summarize(parent).total_steps) if steps else None
    given = [f"{key}={value}" for key, value in {"total_timesteps": total, "seed": seed}.items() if value is not None]
    config = forked_config(parent, checkpoint, assignments=[*given, *(assignments or [])])
    forked = _make(parent, checkpoint, config)
    process = start_engine(forked, auto_resume=auto_resume)
    if not must_follow:
        leave(forked, process, as_json=as_json)
        return
    raise typer.Exit(attend(RunTail(forked), process, as_json=as_json))


def forked_config(parent: RunDir, checkpoint: Checkpoint, *, assignments: list[str]) -> RunConfig:
    """Return the configuration of a fork: the parent's with `key=value` texts applied. Raises ConfigError."""
    before = parent.read_config()
    present_total = [f"total_timesteps={summarize(parent).total_steps}"]
    raw = apply_overrides(msgspec.to_builtins(before), [*present_total, *assignments])
    config = parse_config(raw, source="--set")
    check_fork(before, config, begin=checkpoint.step)
    return config


def _make(parent: RunDir, checkpoint: Checkpoint, config: RunConfig) -> RunDir:
    runs_dir = read_settings().runs_dir
    facts = _facts(parent, config)
    check_fit_of(config, facts)
    if warning := check_space(runs_dir, size_of(config, facts)):
        narrate(f"rlrobo: {warning}")
    forked = fork_run(parent, checkpoint, runs_dir=runs_dir, config=config, provenance=collect_provenance())
    write_facts(facts, forked.facts)
    narrate(
        f"Forked {parent.id} at {checkpoint.step:,} timesteps; training to {config.total_timesteps:,} in {forked.path}"
    )
    return forked


def _facts(parent: RunDir, config: RunConfig) -> TaskFacts:
    """Return the facts of the task of a fork. Raises ConfigError where the parent's policy does not fit it."""
    before = facts_of(parent)
    keys = ("task_params", "randomizations", "disturbances", "curriculum")
    old = parent.read_config()
    if before is not None and all(getattr(config, key) == getattr(old, key) for key in keys):
        return before
    facts = facts_for(config, folder=parent.path)
    sizes = ("observation_size", "action_size", "goal_size")
    if before is not None and any(getattr(before, name) != getattr(facts, name) for name in sizes):
        raise ConfigError(
            "fork",
            "task_params",
            f"the policy takes {before.observation_size} observations and gives {before.action_size} actions, and the "
            f"changed task has {facts.observation_size} and {facts.action_size}; train a new run instead.",
        )
    return facts
