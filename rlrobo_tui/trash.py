"""Delete runs in a way that can be undone: they move into a folder beside the others, where no list looks."""

from pathlib import Path

from engine.launch import find_engine, find_supervisor
from engine.protocol.errors import RunBusyError, StorageError
from engine.protocol.run_dir import RunDir
from rlrobo_tui.steering import is_elsewhere

FOLDER = ".trash"


def size_of(run: RunDir) -> int:
    """Return the bytes of a run's files."""
    return sum(path.lstat().st_size for path in run.path.rglob("*") if path.is_file())


def delete(run: RunDir) -> RunDir:
    """Move a run into the trash beside it and return it there. Raises RunBusyError where it trains, StorageError."""
    if find_engine(run) is not None or find_supervisor(run) is not None or is_elsewhere(run):
        raise RunBusyError(f"{run.id} trains; stop it first with `rlrobo stop {run.id}`.")
    return _move(run, run.path.parent / FOLDER)


def undelete(run: RunDir) -> RunDir:
    """Move a run out of the trash, to where it was. Raises StorageError."""
    return _move(run, run.path.parents[1])


def _move(run: RunDir, folder: Path) -> RunDir:
    target = folder / run.id
    try:
        folder.mkdir(exist_ok=True)
        if target.exists():
            raise StorageError(f"{target} exists already; move it away first. Nothing was moved.")
        run.path.rename(target)
    except OSError as err:
        raise StorageError.from_os_error(err, target) from err
    return RunDir(target)
