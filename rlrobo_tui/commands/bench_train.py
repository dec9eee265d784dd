"""`rlrobo bench train`: how fast a task trains next to stock Stable-Baselines3, and what is fastest on this machine."""

import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from engine.protocol.algorithms import ALGORITHMS, ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError, UsageError
from engine.protocol.settings import read_settings
from rlrobo_tui.commands.child import run_child
from rlrobo_tui.commands.options import JsonOption, SetOption, complete_tasks, parse_count
from rlrobo_tui.commands.train_config import Request, resolve
from rlrobo_tui.console import narrate, print_data, print_json, print_table
from rlrobo_tui.quantities import count_of

HEADERS = ("TASK", "ALGO", ">ENVS", ">OURS", ">STOCK", ">CEILING", ">RATIO", ">95 %", ">CONTROL")
TUNE_HEADERS = (">WORKERS", ">THREADS", ">RATE", "MEASURED")


class DisturbedError(RlroboError):
    """The machine was too busy to measure; it may be quieter later."""

    exit_code = 3


def train(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE.yaml|gym:ENV_ID", help="As `rlrobo train` takes it.", autocompletion=complete_tasks
        ),
    ],
    *,
    algo: Annotated[
        str, typer.Option(help=f"Algorithm: {', '.join(ALGORITHMS)}. [default: ppo, or one that is tuned for the task]")
    ] = "",
    preset: Annotated[str, typer.Option(help="Hyper-parameters: tuned, sb3 or another of the task's.")] = "",
    assignments: SetOption = None,
    seconds: Annotated[float, typer.Option(min=0.01, help="Time of all measured blocks together.")] = 120.0,
    steps: Annotated[
        str, typer.Option(help="Timesteps that each contestant trains in its blocks, instead of --seconds.")
    ] = "",
    must_tune: Annotated[
        bool, typer.Option("--tune", help="Find the fastest number of environments, workers and threads instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast a task trains, next to stock Stable-Baselines3 with the same hyper-parameters.

    Exits with 3 when ours against ours is not within 0.95 and 1.05: something else kept the machine busy.
    """
    if must_tune and steps:
        raise UsageError("--tune and --steps: blocks of --tune are as long as --seconds allows; leave out --steps.")
    request = Request(target=task, algorithm=algo, preset=preset, assignments=tuple(assignments or ()))
    config = resolve(request, read_settings())
    limits = ["--seconds", str(seconds)]
    if must_tune:
        _tune(config, limits, as_json=as_json)
        return
    if steps:
        limits += ["--timesteps", str(parse_count(steps, option="--steps"))]
    speed = _measure("engine.bench.train", config, limits)
    if as_json:
        print_json(speed)
    else:
        print_table(HEADERS, [_row(speed)])
        narrate(_explain(speed))
    if speed["is_void"]:
        raise DisturbedError(_disturbance(speed))


def _tune(config: RunConfig, limits: list[str], *, as_json: bool) -> None:
    tuning = _measure("engine.bench.tune", config, limits)
    if as_json:
        print_json(tuning)
        return
    steps = "N_STEPS" if algorithm_name(config.algorithm) in ON_POLICY else "TRAIN_FREQ"
    print_table((">ENVS", f">{steps}", *TUNE_HEADERS), [_setting_row(each) for each in tuning["tried"]])
    low, high = tuning["speedup_ci95"]
    narrate(
        "RATE is timesteps per second, updates included; those in turns were measured side by side, the others alone. "
        f"Every setting makes an update after {tuning['timesteps_per_update']:,} timesteps. Another number of "
        "environments still changes what is learned, so compare returns, too. "
        f"The fastest is {tuning['speedup']:.2f} ({low:.2f}-{high:.2f}) times as fast as yours:"
    )
    print_data(" ".join(f"--set {text}" for text in tuning["assignments"]))


def _setting_row(tried: dict[str, Any]) -> tuple[str, ...]:
    setting = tried["setting"]
    notes = [*(["yours"] if tried["is_given"] else []), *(["in turns"] if tried["is_finalist"] else [])]
    return (
        str(setting["num_envs"]),
        str(setting["steps"]),
        _number(setting["num_workers"]),
        _number(setting["num_threads"]),
        f"{tried['rate']:,.0f}",
        ", ".join(notes) or "alone",
    )


def _in_words(setting: dict[str, Any]) -> str:
    return (
        f"{count_of(setting['num_envs'], 'environment')}, workers {_number(setting['num_workers'])}, "
        f"threads {_number(setting['num_threads'])}"
    )


def _number(value: int) -> str:
    return str(value or "auto")


def _measure(module: str, config: RunConfig, limits: list[str]) -> dict[str, Any]:
    text = json.dumps(msgspec.to_builtins(config))
    return json.loads(run_child(module, [text, *limits], working_directory=Path.cwd(), listen=_narrate_progress))


def _narrate_progress(message: dict[str, Any]) -> None:
    if "contestant" in message:
        narrate(f"{message['contestant']}: {message['rate']:,.0f} steps/s")
    elif "setting" in message:
        narrate(f"{_in_words(message['setting'])}: {message['rate']:,.0f} steps/s")
    elif "finalists" in message:
        narrate(f"Comparing {count_of(message['finalists'], 'setting')} in turns, about {message['seconds']:.0f} s")
    elif "seconds" in message:
        narrate(f"Measuring in {message['rounds']} rounds, about {message['seconds']:.0f} s")
    elif "round" in message:
        narrate(f"Round {message['round']} of {message['rounds']}")


def _row(speed: dict[str, Any]) -> tuple[str, ...]:
    low, high = speed["ratio_ci95"]
    return (
        speed["task"],
        speed["algorithm"],
        str(speed["num_envs"]),
        f"{speed['ours']:,.0f}",
        f"{speed['peer']:,.0f}",
        "-" if speed["ceiling"] is None else f"{speed['ceiling']:,.0f}",
        f"{speed['ratio_median']:.2f}x",
        f"{low:.2f}-{high:.2f}",
        f"{speed['control_ratio']:.2f}",
    )


def _explain(speed: dict[str, Any]) -> str:
    threads = speed["peer_num_threads"]
    return (
        "OURS and STOCK are timesteps per second, updates included; CEILING is the physics engine alone on "
        f"{speed['num_cores']} cores. STOCK is Stable-Baselines3 {speed['versions']['stable-baselines3']} on "
        f"{speed['peer_env']} with {speed['peer_vec_env']} and {threads} thread{'s' if threads > 1 else ''} of torch. "
        f"RATIO is the median over {speed['blocks']} pairs of neighbouring blocks with its 95 % interval, CONTROL the "
        "same for ours against ours."
    )


def _disturbance(speed: dict[str, Any]) -> str:
    return (
        f"the measurement is void: ours against ours was {speed['control_ratio']:.2f}, and 0.95 to 1.05 is allowed. "
        f"Something else kept the {speed['num_cores']} cores busy: the load average was {speed['load_before']:.1f} "
        f"before and {speed['load_after']:.1f} after. Close other programs, or give more --seconds, and run it again."
    )
