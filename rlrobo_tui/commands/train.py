"""`rlrobo train`: make a run, start its engine, follow it.

The engine is a process of its own: closing the terminal leaves it at work, Ctrl-C here asks it to stop.
"""

import subprocess
from typing import Annotated, Any

import msgspec
import typer

from engine.launch import start_engine
from engine.protocol.algorithms import ALGORITHMS, algorithm_name
from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.commands import Stop, send_command
from engine.protocol.config import RunConfig, to_yaml
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.settings import read_settings
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.protocol.summary import summarize
from rlrobo_tui.commands.follow import Display, choose_display, follow
from rlrobo_tui.commands.options import JsonOption, complete_tasks, parse_count
from rlrobo_tui.commands.train_config import Request, resolve
from rlrobo_tui.console import narrate, print_data, print_json
from rlrobo_tui.run_view import RunView
from rlrobo_tui.tail import RunTail

NUM_LOG_LINES = 15


def train(
    target: Annotated[
        str,
        typer.Argument(metavar="TASK|CONFIG.yaml", help="Task id or YAML file.", autocompletion=complete_tasks),
    ],
    *,
    algo: Annotated[str, typer.Option(help=f"Algorithm: {', '.join(ALGORITHMS)}. [default: ppo]")] = "",
    preset: Annotated[str, typer.Option(help="Hyper-parameters: tuned, sb3 or another of the task's.")] = "",
    steps: Annotated[str, typer.Option(help="Timesteps to train for, such as 200k or 1e6.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "",
    envs: Annotated[int | None, typer.Option(help="Environments that are simulated side by side.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any other key; may be repeated.")
    ] = None,
    must_follow: Annotated[bool, typer.Option("--follow/--detach", help="Follow the run, or return at once.")] = True,
    as_json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved YAML and train nothing.")] = False,
) -> None:
    """Train a robot; the run goes on when this terminal closes.

    Ctrl-C while following saves a checkpoint and stops the run. The last line on stdout is the run's directory.
    """
    options = {
        "total_timesteps": parse_count(steps, option="--steps") if steps else None,
        "seed": seed,
        "device": device or None,
        "num_envs": envs,
    }
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    request = Request(target=target, algorithm=algo, preset=preset, assignments=(*given, *(assignments or [])))
    config = resolve(request, read_settings())
    if dry_run:
        print_data(to_yaml(config).rstrip())
        return
    run, process = launch(config)
    if not must_follow:
        narrate(f"Watch it with `rlrobo watch {run.id}`, end it with `rlrobo stop {run.id}`.")
        _print_result(run, result_of(run, None), as_json)
        return
    raise typer.Exit(_train_to_end(run, process, as_json=as_json))


def launch(config: RunConfig) -> tuple[RunDir, "subprocess.Popen[bytes]"]:
    """Make a run for `config` and start its engine. Raises StorageError."""
    run = create_run(read_settings().runs_dir, config, collect_provenance())
    name = algorithm_name(config.algorithm)
    narrate(f"Training {config.task} with {name} for {config.total_timesteps:,} timesteps in {run.path}")
    return run, start_engine(run)


def follow_or_stop(tail: RunTail, process: "subprocess.Popen[bytes]", display: Display) -> bool | None:
    """Follow a run; Ctrl-C asks its engine to stop, a second one leaves it to do so.

    Returns whether the engine started, or None when it was interrupted.
    """

    def has_engine() -> bool:
        return process.poll() is None

    try:
        return follow(tail, display, has_engine=has_engine)
    except KeyboardInterrupt:
        send_command(tail.run.commands, Stop())
        display.say("stopping, saving a checkpoint; Ctrl-C again leaves it to finish alone")
    try:
        follow(tail, display, has_engine=has_engine)
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
    try:
        lines = run.engine_log.read_text(errors="replace").strip().splitlines()[-NUM_LOG_LINES:]
    except OSError:
        lines = []
    log = "\n".join(f"  {line}" for line in lines) or "  (it is empty)"
    return (
        f"{run.path}: the engine ended before it began. The end of engine.log:\n{log}\n"
        "Mend what it names and train again; `rlrobo doctor` checks this machine."
    )


def _train_to_end(run: RunDir, process: "subprocess.Popen[bytes]", *, as_json: bool) -> int:
    tail = RunTail(run)
    display = choose_display()
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
    _print_result(run, result_of(run, tail.view), as_json)
    if has_started is None:
        return 130
    return exit_code_of(tail.view) if has_started else 1


def _print_result(run: RunDir, result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        print_data(str(run.path))
