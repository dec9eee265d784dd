"""Make a run that holds all it needs: a robot's YAML with its model and meshes, plug-in files, facts of the task."""

import copy
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, StorageError
from engine.protocol.fit import check_fit
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import PLUGINS_FOLDER, ROBOT_FOLDER, RunDir, create_run
from engine.protocol.task_facts import TaskFacts, write_facts
from engine.protocol.yaml_loader import dump_yaml, load_yaml_file, parse_yaml
from robots.errors import RobotError
from robots.model_file import PACKAGED
from robots.model_references import copy_model


def make_run(runs_dir: Path, config: RunConfig, facts: TaskFacts, command: Sequence[str] | None = None) -> RunDir:
    """Make a run below `runs_dir` and copy the files of its task, whose paths are absolute, into it.

    Raises StorageError, ConfigError and RobotError; then nothing is left of it.
    """
    check_fit_of(config, facts)
    packed = msgspec.structs.replace(
        config,
        task=f"{ROBOT_FOLDER}/{Path(config.task).name}" if config.is_robot_file else config.task,
        plugins=[f"{PLUGINS_FOLDER}/{Path(name).name}" for name in config.plugins],
    )
    run = create_run(runs_dir, packed, collect_provenance(list(command) if command else None))
    try:
        if config.is_robot_file:
            copy_robot(Path(config.task), run.path / ROBOT_FOLDER)
        for name in config.plugins:
            (run.path / PLUGINS_FOLDER).mkdir(exist_ok=True)
            shutil.copyfile(name, run.path / PLUGINS_FOLDER / Path(name).name)
        write_facts(facts, run.facts)
    except (OSError, StorageError, ConfigError, RobotError) as err:
        shutil.rmtree(run.path, ignore_errors=True)  # half a run would stand in every list
        if isinstance(err, OSError):
            raise StorageError.from_os_error(err, run.path) from err
        raise
    return run


def check_fit_of(config: RunConfig, facts: TaskFacts) -> None:
    """Refuse an algorithm that cannot learn a task of these facts. Raises ConfigError."""
    check_fit(
        config,
        has_goals=facts.goal_size > 0,
        max_episode_steps=facts.max_episode_steps,
        has_choices=facts.has_choices,
    )


def copy_robot(source: Path, folder: Path) -> None:
    """Copy a robot's YAML into the new `folder`, with the models that it names; those of PyBullet stay where they are.

    Raises OSError, ConfigError and ModelFileError.
    """
    folder.mkdir()
    raw = load_yaml_file(source, None)
    moved = copy.deepcopy(raw)
    text = source.read_text(encoding="utf-8")
    for section in ("robot", "ground"):
        model = (raw.get(section) or {}).get("model")
        if not isinstance(model, str) or model.startswith(PACKAGED):
            continue
        target = Path("models" if section == "robot" else "ground")
        moved[section]["model"] = (target / copy_model(source.parent / model, folder / target)).as_posix()
        text = _with_line(text, model, moved[section]["model"])
    (folder / source.name).write_text(_checked(text, moved), encoding="utf-8")


def _with_line(text: str, old: str, new: str) -> str:
    """Change the lines `model: old` and nothing else: the comments of a person stay in the run."""
    return re.sub(rf"""(?m)^(\s*model:\s*)["']?{re.escape(old)}["']?(\s*(?:#.*)?)$""", rf"\g<1>{new}\g<2>", text)


def _checked(text: str, expected: dict[str, Any]) -> str:
    """Return `text` if it means what is expected, else YAML that does, without comments."""
    try:
        is_right = parse_yaml(text, source="copy") == expected
    except ConfigError:
        is_right = False
    return text if is_right else dump_yaml(expected)
