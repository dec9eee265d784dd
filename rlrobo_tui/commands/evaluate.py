"""`rlrobo evaluate`: play episodes with a checkpoint and say how good it is, with its uncertainty."""

import json
import time
from typing import Annotated, Any

import typer

from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.child import run_child
from rlrobo_tui.commands.options import (
    CheckpointOption,
    DeviceOption,
    JsonOption,
    RunArgument,
    choose_checkpoint,
    named_run,
)
from rlrobo_tui.commands.task_facts import facts_of
from rlrobo_tui.console import narrate, print_data, print_json, progress_bar
from rlrobo_tui.quantities import count_of, number

MODULE = "engine.worker.evaluate"


def evaluate(
    run: RunArgument = "latest",
    *,
    checkpoint: CheckpointOption = "best",
    episodes: Annotated[int, typer.Option("--episodes", "-n", min=1, help="Episodes to play.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start states.")] = 10_000,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Measure what a checkpoint can do."""
    found = named_run(run)
    step = choose_checkpoint(found, checkpoint).step
    narrate(f"Evaluating {found.id}, checkpoint {step:,}, {count_of(episodes, 'episode')}")
    options = {"checkpoint": step, "episodes": episodes, "seed": seed, "device": device}
    result = play_episodes(found, options)
    if as_json:
        print_json(result)
        return
    for line in describe(result, facts_of(found)):
        print_data(line)


def play_episodes(run: RunDir, options: dict[str, Any]) -> dict[str, Any]:
    """Evaluate in a child process with `options` as its command line; return its result. Raises ChildError."""
    arguments = [str(run.path), *(text for key, given in options.items() for text in (f"--{key}", str(given)))]
    began = time.monotonic()
    with progress_bar("episodes") as bar:
        task = bar.add_task("episodes", total=options["episodes"], rate=0.0)

        def listen(message: dict[str, Any]) -> None:
            done = message.get("done", 0)
            bar.update(task, completed=done, rate=done / (time.monotonic() - began))

        output = run_child(MODULE, arguments, working_directory=run.path, listen=listen)
    return json.loads(output)


def describe(result: dict[str, Any], facts: TaskFacts | None) -> list[str]:
    """Write the lines that a person reads."""
    mean, interval = result["return_mean"], result["return_ci95"]
    lines = [
        f"return {number(mean)} ± {number(interval)} (95 % confidence interval of the mean)",
        f"standard deviation {number(result['return_std'])} over {count_of(result['episodes'], 'episode')} "
        f"of {number(result['length_mean'])} steps on average",
        "ended by " + ", ".join(f"{name} {rate:.0%}" for name, rate in result["termination_rates"].items()),
        f"checkpoint {result['checkpoint_step']:,}, seed {result['seed']}",
    ]
    if result["success_rate"] is not None:
        lines.insert(0, f"success rate {result['success_rate']:.0%}")
    if facts is not None and facts.solved_return is not None and facts.random_return is not None:
        verdict = "solved" if mean >= facts.solved_return else "not solved yet"
        lines.append(
            f"{facts.id}: random actions reach {facts.random_return:g}, {facts.solved_return:g} counts as solved: "
            f"{verdict}"
        )
    return lines
