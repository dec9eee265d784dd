"""`rlrobo robots new` and `check`: a robot of one's own, from its model to a task that can be trained.

A model may be broken so that PyBullet aborts or hangs; both commands load it in a child process with a time limit.
"""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.protocol.errors import UsageError
from engine.protocol.files import write_whole
from engine.protocol.settings import read_settings
from engine.protocol.yaml_loader import load_yaml_file
from rlrobo_tui.commands.child import ChildError, Listener, run_child
from rlrobo_tui.commands.options import JsonOption, complete_tasks
from rlrobo_tui.commands.task_facts import offer_plugins
from rlrobo_tui.console import narrate, print_data, print_json, print_table, stderr_console
from rlrobo_tui.quantities import count_of, number
from robots.model_file import PACKAGED
from robots.registry import find_task

PROPOSE, CHECK = "robots.propose", "robots.check"
ROOT = Path(__file__).parents[2]
NUM_BULLET_WORDS = 4
_BULLET_MARK = re.compile(r"b3(?:Error|Warning|Printf)\[[^]]*\]:")
"""Begins everything that PyBullet prints about a model."""
PROPOSE_LIMIT_S = 120.0
"""Chosen: loading takes seconds; meshes of a hundred megabytes half a minute."""


def new(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="URDF or MJCF file; `pybullet_data/…` is one that PyBullet brings.")
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="YAML file to write. [default: beside the model]")
    ] = None,
    fixed: Annotated[
        bool | None, typer.Option("--fixed/--floating", help="Whether its root stands still. [default: a guess]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the YAML file.")] = False,
) -> None:
    """Inspect a robot's model and write a YAML file that can be trained; no Python needed."""
    target = output or _beside(model)
    if target.suffix not in (".yaml", ".yml"):
        raise UsageError(f"--output {target}: expected a name that ends with .yaml.")
    if target.exists() and not force:
        raise UsageError(f"{target}: exists already; --force overwrites it, --output FILE.yaml writes another one.")
    found = _propose(model, target, fixed)
    for warning in found["warnings"]:
        narrate(f"rlrobo: {warning}")
    write_whole(target, found["text"].encode())
    joints = count_of(found["num_driven"], "driven joint")
    narrate(f"{target}: {joints}; its task: {found['goal']}. Read it, then `rlrobo robots check {target}`.")
    print_data(str(target))


def check(
    task: Annotated[
        str,
        typer.Argument(metavar="FILE.yaml|TASK", help="A robot's YAML, or a task id.", autocompletion=complete_tasks),
    ],
    *,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the first state as PNG. [default: beside the YAML]")
    ] = None,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds after which it is given up.")] = 600.0,
    as_json: JsonOption = False,
) -> None:
    """Try a task out: what every task promises, a zero and a random agent, a picture."""
    with tempfile.TemporaryDirectory() as folder:
        arguments, drawn = _check_arguments(task, Path(folder), picture)
        with stderr_console().status("loading") as status:

            def listen(message: dict[str, Any]) -> None:
                if "doing" in message:
                    status.update(message["doing"])

            output = _run(CHECK, arguments, listen=listen, time_limit_s=time_limit)
    report = json.loads(output.splitlines()[-1])
    if as_json:
        print_json({**report, "picture": str(drawn) if drawn else None})
    else:
        _print_report(report)
        if drawn:
            narrate(f"Picture: {drawn}")
    broken = [promise for promise in report["promises"] if promise["problem"]]
    if broken:
        raise typer.Exit(1)


def _beside(model: str) -> Path:
    """Return the model's name as YAML: beside it, or here for a model that PyBullet brings. Raises UsageError."""
    path = Path(model)
    if path.is_dir():
        raise UsageError(f"{model}: is a folder; name a URDF or MJCF file.")
    return Path(path.stem + ".yaml") if model.startswith(PACKAGED) else path.with_suffix(".yaml")


def _propose(model: str, target: Path, fixed: bool | None) -> dict[str, Any]:
    path, written = model, model
    if not model.startswith(PACKAGED):
        path = str(Path(model).absolute())
        written = os.path.relpath(Path(model).resolve(), target.resolve().parent)
    guess = "guess" if fixed is None else "yes" if fixed else "no"
    arguments = [path, target.stem, target.name, "--written-model", written, "--fixed", guess]
    output = _run(PROPOSE, arguments, listen=lambda _: None, time_limit_s=PROPOSE_LIMIT_S)
    return json.loads(output.splitlines()[-1])


def _run(module: str, arguments: list[str], *, listen: Listener, time_limit_s: float) -> str:
    """Run a child; to its error add what PyBullet said before. Raises ChildError."""
    try:
        # In our own folder, because -m puts the working directory first: a user's `robots` must not shadow ours.
        return run_child(module, arguments, working_directory=ROOT, listen=listen, time_limit_s=time_limit_s)
    except ChildError as err:
        short = str(err).replace(f"{Path.cwd()}/", "")
        said = [text.strip() for text in _BULLET_MARK.split(" ".join(err.lines)) if text.strip()]
        if _BULLET_MARK.search(" ".join(err.lines)):
            short += f"\nPyBullet said: {'; '.join(said[-NUM_BULLET_WORDS:])}"
        raise ChildError(short, exit_code=err.exit_code, lines=err.lines) from None


def _check_arguments(task: str, folder: Path, picture: Path | None) -> tuple[list[str], Path | None]:
    """Return the child's command line and where the picture will be; `folder` is for what the child is to read."""
    arguments = [task]
    if task.endswith((".yaml", ".yml")):
        arguments = [str(Path(task).absolute())]
        declared = folder / "declared.json"
        declared.write_text(json.dumps(load_yaml_file(Path(task), None)), encoding="utf-8")
        arguments += ["--declared", str(declared)]
        picture = picture or Path(task).with_suffix(".png")
    else:
        offer_plugins(task)
        find_task(task)
    for file in read_settings().plugins:
        arguments += ["--plugin", str(Path(file).absolute())]
    return [*arguments, *(["--picture", str(picture.absolute())] if picture else [])], picture


def _print_report(report: dict[str, Any]) -> None:
    sizes = ", ".join(f"{name} {size}" for name, size in report["observation"].items())
    print_data(f"{report['task']}: observation {sum(report['observation'].values())} ({sizes})")
    print_data(f"action {len(report['actions'])} ({', '.join(report['actions'])})")
    kept = [promise for promise in report["promises"] if not promise["problem"]]
    print_data(f"{len(kept)} of {count_of(len(report['promises']), 'promise')} kept")
    for promise in report["promises"]:
        if promise["problem"]:
            print_data(f"  broken: {promise['name']}: {promise['problem']}")
    print_data("")
    _print_agents(report["agents"], report["max_episode_steps"])
    for note in report["notes"]:
        narrate(f"note: {note}")


def _print_agents(agents: dict[str, Any], max_steps: int) -> None:
    rows = [
        ("return", *(f"{number(each['mean_return'])} ± {number(each['return_std'])}" for each in agents.values())),
        *(
            (f"reward/{term}", *(number(each["reward_sums"][term]) for each in agents.values()))
            for term in next(iter(agents.values()))["reward_sums"]
        ),
        (f"steps, of {max_steps}", *(f"{each['mean_length_steps']:.0f}" for each in agents.values())),
        *(
            (f"ended by {name}", *(str(each["terminations"].get(name, 0)) for each in agents.values()))
            for name in dict.fromkeys(name for each in agents.values() for name in each["terminations"])
        ),
        ("steps a second", *(f"{each['steps_per_s']:.0f}" for each in agents.values())),
    ]
    if any(each["success_rate"] is not None for each in agents.values()):
        rows.insert(1, ("success", *(f"{each['success_rate'] or 0:.0%}" for each in agents.values())))
    print_table(["EPISODE MEAN", *(f">{name.upper()} AGENT" for name in agents)], rows)
