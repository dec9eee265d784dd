"""A run is a directory. This module makes, opens, lists and finds them.

config.yaml      resolved, written once        provenance.json   commit, versions, hardware, command
events.jsonl     all that a viewer reads       commands.jsonl    all that a viewer writes
engine.log       output of the engine          engine.lock       who trains it
heartbeat.json   the engine's sign of life     supervisor.lock   who waits for the engine
tb/              TensorBoard                   checkpoints/      one directory for each timestep saved
task.json        facts of the task             robot/ plugins/   files of the task, where it is not built in
tags.json        words that people gave the run; no engine reads it
remote.json      what is known of a run that another machine trains; cloud/ holds the rest of it
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.protocol.algorithms import algorithm_name
from engine.protocol.config import RunConfig, parse_config, to_yaml
from engine.protocol.errors import NotARunError, StorageError, UnknownNameError, UsageError
from engine.protocol.files import write_whole
from engine.protocol.lock import RunLock
from engine.protocol.provenance import Provenance
from engine.protocol.task_facts import FACTS
from engine.protocol.yaml_loader import load_yaml_file

ROBOT_FOLDER, PLUGINS_FOLDER = "robot", "plugins"
"""Below a run directory: the files of a robot that YAML declares, and plug-ins that are single files."""
MOST_NAMED = 5
"""Chosen: runs that a message names."""


@dataclass(frozen=True)
class RunDir:
    """Paths of one run. Making one checks nothing; `open_run` does."""

    path: Path

    @property
    def id(self) -> str:
        """Name of the run, unique in its folder."""
        return self.path.name

    @property
    def config(self) -> Path:
        """Resolved configuration; written once, never edited."""
        return self.path / "config.yaml"

    @property
    def provenance(self) -> Path:
        """Where the run comes from."""
        return self.path / "provenance.json"

    @property
    def facts(self) -> Path:
        """What viewers need to know about the task."""
        return self.path / FACTS

    @property
    def tags(self) -> Path:
        """Words that people gave the run."""
        return self.path / "tags.json"

    @property
    def remote(self) -> Path:
        """What is known here of a run that another machine trains."""
        return self.path / "remote.json"

    @property
    def cloud(self) -> Path:
        """Folder of what the cloud and this machine tell each other."""
        return self.path / "cloud"

    @property
    def events(self) -> Path:
        """Append-only events of the engine."""
        return self.path / "events.jsonl"

    @property
    def commands(self) -> Path:
        """Append-only commands of viewers."""
        return self.path / "commands.jsonl"

    @property
    def engine_log(self) -> Path:
        """Raw output of the engine process."""
        return self.path / "engine.log"

    @property
    def lock_file(self) -> Path:
        """Who trains the run."""
        return self.path / "engine.lock"

    @property
    def supervisor_lock(self) -> Path:
        """Who waits for the engine, to tell how it ended."""
        return self.path / "supervisor.lock"

    @property
    def heartbeat(self) -> Path:
        """The engine's latest sign of life."""
        return self.path / "heartbeat.json"

    @property
    def reserve(self) -> Path:
        """Space kept back while an engine trains, so that it can tell of a full disk."""
        return self.path / ".reserve"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard's files."""
        return self.path / "tb"

    def lock(self) -> RunLock:
        """Return the exclusive lock that an engine holds while it trains."""
        return RunLock(self.lock_file)

    def read_config(self) -> RunConfig:
        """Read the resolved configuration. Raises ConfigError when it was damaged."""
        return parse_config(load_yaml_file(self.config, None), source=str(self.config))


def create_run(
    runs_dir: Path, config: RunConfig, provenance: Provenance, *, clock: Callable[[], float] = time.time
) -> RunDir:
    """Make a new run directory below `runs_dir`. Raises StorageError when it cannot be written.

    The id is the time, the task, the algorithm and the seed; a second run in the same second gets a number behind it.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock()))
    run = RunDir(_make_unique(runs_dir, f"{stamp}-{run_name(config)}"))
    try:
        write_whole(run.config, to_yaml(config).encode())
        write_whole(run.provenance, msgspec.json.format(msgspec.json.encode(provenance)))
    except StorageError:
        shutil.rmtree(run.path, ignore_errors=True)  # half a run would stand in every list
        raise
    return run


def run_name(config: RunConfig) -> str:
    """Return the id of a run of `config` without its time: task, algorithm and seed."""
    # A gym: or file task may hold characters that a directory name should not.
    task = "".join(char if char.isalnum() or char in "_-." else "_" for char in config.task_name)
    return f"{task}-{algorithm_name(config.algorithm)}-s{config.seed}"


def open_run(path: Path) -> RunDir:
    """Return the run in `path`. Raises NotARunError when it is none."""
    run = RunDir(path.absolute())
    if not path.is_dir():
        raise NotARunError(f"{path}: no such directory; `rlrobo runs` lists the runs.")
    if not run.config.is_file():
        raise NotARunError(f"{path}: not a run directory (it has no config.yaml); `rlrobo runs` lists the runs.")
    return run


def list_runs(runs_dir: Path) -> list[RunDir]:
    """Return the runs in `runs_dir`, the newest first; an absent folder holds none."""
    if not runs_dir.is_dir():
        return []
    return [RunDir(path) for path in sorted(runs_dir.iterdir(), reverse=True) if (path / "config.yaml").is_file()]


def find_run(runs_dir: Path, text: str) -> RunDir:
    """Return the run that `text` means: a path, an id, `latest`, or a part of exactly one id.

    Raises NotARunError for a path that is no run, UnknownNameError where no run matches, UsageError where several do.
    """
    if "/" in text or Path(text).is_dir():
        return open_run(Path(text))
    runs = list_runs(runs_dir)
    ids = [run.id for run in runs]
    hint = f"`rlrobo runs` lists the runs in {runs_dir}."
    if text == "latest" and runs:
        return runs[0]
    matches = [run for run in runs if run.id == text] or [run for run in runs if text in run.id]
    if len(matches) > 1:
        named = ", ".join(run.id for run in matches[:MOST_NAMED])
        rest = " …" if len(matches) > MOST_NAMED else ""
        raise UsageError(f"{text!r} means {len(matches)} runs; give more of the id. They are {named}{rest}.")
    if not matches:
        raise UnknownNameError("run", text, ids[:MOST_NAMED], hint if ids else f"There are none yet. {hint}")
    return matches[0]


def _make_unique(runs_dir: Path, name: str) -> Path:
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            path = runs_dir / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    except OSError as err:
        raise StorageError.from_os_error(err, runs_dir) from err
    raise StorageError(f"{runs_dir}: a thousand runs are named {name}; wait a second.")
