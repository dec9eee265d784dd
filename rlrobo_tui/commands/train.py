"""`rlrobo train`: make a run, start its engine, follow it.

The engine is a process of its own: closing the terminal leaves it at work, Ctrl-C here asks it to stop.
"""

import subprocess
from typing import Annotated

import typer

from engine.launch import start_engine
from engine.protocol.algorithms import ALGORITHMS, algorithm_name
from engine.protocol.config import RunConfig, to_yaml
from engine.protocol.disk import check_space
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import read_settings
from rlrobo_tui.commands.attend import attend, leave
from rlrobo_tui.commands.on_spot import launch_on_spot
from rlrobo_tui.commands.options import (
    AutoResumeOption,
    FollowOption,
    JsonOption,
    SetOption,
    complete_tasks,
    parse_count,
)
from rlrobo_tui.commands.packing import make_run
from rlrobo_tui.commands.place import HERE, SPOT, SpotRequest, check_place, parse_instances
from rlrobo_tui.commands.task_facts import facts_for
from rlrobo_tui.commands.train_config import Request, resolve, size_of
from rlrobo_tui.console import narrate, print_data
from rlrobo_tui.tail import RunTail


def train(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE.yaml|gym:ENV_ID",
            help="Task id, YAML of a run or a robot, or another package's environment.",
            autocompletion=complete_tasks,
        ),
    ],
    *,
    algo: Annotated[
        str, typer.Option(help=f"Algorithm: {', '.join(ALGORITHMS)}. [default: ppo, or one that is tuned for the task]")
    ] = "",
    preset: Annotated[str, typer.Option(help="Hyper-parameters: tuned, sb3 or another of the task's.")] = "",
    steps: Annotated[str, typer.Option(help="Timesteps to train for, such as 200k or 1e6.")] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "",
    envs: Annotated[int | None, typer.Option(help="Environments that are simulated side by side.")] = None,
    assignments: SetOption = None,
    plugin: Annotated[
        list[str] | None, typer.Option("--plugin", metavar="FILE", help="Python file that registers tasks.")
    ] = None,
    auto_resume: AutoResumeOption = 0,
    must_follow: FollowOption = True,
    as_json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved YAML and train nothing.")] = False,
    place: Annotated[str, typer.Option("--on", help="Where to train: here, or spot for a rented machine.")] = HERE,
    instance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="Spot: instance types, best first; auto takes many that suit. [default: auto]"
        ),
    ] = None,
    region: Annotated[str, typer.Option(help="Spot: AWS region. [default: that of the AWS settings]")] = "",
    stack: Annotated[str, typer.Option(help="Spot: stack of `rlrobo cloud deploy`.")] = "rlrobo",
    max_price_total: Annotated[
        float | None, typer.Option(metavar="DOLLARS", help="Spot: most that the whole run may cost.")
    ] = None,
    max_hours: Annotated[float, typer.Option(help="Spot: everything is ended after this time.")] = 24.0,
    on_demand_fallback: Annotated[
        bool, typer.Option("--on-demand-fallback", help="Spot: pay the full price where no Spot capacity is left.")
    ] = False,
    newest: Annotated[
        bool,
        typer.Option("--newest", help="Spot: lose few timesteps to an interruption, rather than go on exactly."),
    ] = False,
    image: Annotated[str, typer.Option(help="Spot: container image to run instead of this very code.")] = "",
) -> None:
    """Train a robot; the run goes on when this terminal closes.

    Ctrl-C while following saves a checkpoint and stops the run. The last line on stdout is the run's directory. With
    --on spot an AWS Spot instance trains it, and the next one where AWS takes it back.
    """
    spot = SpotRequest(
        instances=parse_instances(instance),
        region=region,
        stack=stack,
        max_price_total=max_price_total,
        max_hours=max_hours,
        on_demand_fallback=on_demand_fallback,
        newest=newest,
        image=image,
    )
    check_place(place, spot)
    options = {
        "total_timesteps": parse_count(steps, option="--steps") if steps else None,
        "seed": seed,
        "device": device or None,
        "num_envs": envs,
    }
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    settings = read_settings()
    request = Request(
        target=target,
        algorithm=algo,
        preset=preset,
        assignments=(*given, *(assignments or [])),
        plugins=tuple(plugin or ()),
    )
    config = resolve(request, settings)
    if dry_run:
        print_data(to_yaml(config).rstrip())
        return
    if place == SPOT:
        run, process = launch_on_spot(config, spot, auto_resume=auto_resume)
    else:
        run, process = launch(config, auto_resume=auto_resume)
    if not must_follow:
        leave(run, process, as_json=as_json)
        return
    raise typer.Exit(attend(RunTail(run), process, as_json=as_json))


def launch(config: RunConfig, *, auto_resume: int = 0) -> tuple[RunDir, "subprocess.Popen[bytes]"]:
    """Make a run for `config` and start its engine. Raises StorageError, also when it could not save once."""
    runs_dir = read_settings().runs_dir
    facts = facts_for(config)
    if warning := check_space(runs_dir, size_of(config, facts)):
        narrate(f"rlrobo: {warning}")
    run = make_run(runs_dir, config, facts)
    name = algorithm_name(config.algorithm)
    narrate(f"Training {config.task_name} with {name} for {config.total_timesteps:,} timesteps in {run.path}")
    return run, start_engine(run, auto_resume=auto_resume)
