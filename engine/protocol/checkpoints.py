"""Checkpoints on disk: written whole or not at all, verified by sha256, never pointed at by anything that can dangle.

`best` and `latest` are derived from the manifests each time. The content of the files is engine.worker's business.
"""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct, field

from engine.protocol.crash_points import reach
from engine.protocol.errors import CheckpointError, StorageError
from engine.protocol.files import sha256_of, sync_directory, sync_file, write_whole

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
POLICY = "policy.zip"
NORMALIZER = "normalizer.npz"
STATE = "state.json"
REPLAY_PREFIX = "replay_"
DISCARDED = "discarded"
"""Folder beside the checkpoints for those that a resume from an earlier one left behind."""


class FileEntry(Struct, frozen=True, kw_only=True):
    """A file of a checkpoint as it was written."""

    sha256: str
    """Hash of its content."""
    size_bytes: int
    """Its size."""


class EvaluationResult(Struct, frozen=True, kw_only=True):
    """The evaluation that was made with exactly this policy."""

    return_mean: float
    """Mean return."""
    return_std: float
    """Standard deviation of the returns over the episodes."""
    episodes: int
    """Number of episodes."""


class Manifest(Struct, frozen=True, kw_only=True):
    """Content of a checkpoint's manifest.json."""

    step: int
    """Timesteps trained."""
    algorithm: str
    """Short name of the algorithm; says which class loads policy.zip."""
    task: str
    """Task id."""
    reason: str
    """periodic, evaluation, command or last."""
    saved_at: float
    """Seconds since 1970 (UTC)."""
    files: dict[str, FileEntry]
    """Every file of the checkpoint but the manifest."""
    evaluation: EvaluationResult | None = None
    """Its evaluation, as soon as there is one."""
    is_evaluation_due: bool = False
    """Whether the schedule asked for an evaluation of this policy; where there is none yet, it is still to come."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of the packages that wrote it."""
    is_barrier: bool = False
    """Whether training itself began anew from here, so that a resumed run is the same run."""
    digest: str = ""
    """sha256 of the manifest without this field."""
    format: int = FORMAT_VERSION
    """Version of this layout."""


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A checkpoint directory whose manifest could be read."""

    path: Path
    """The directory."""
    manifest: Manifest
    """Its manifest."""

    @property
    def step(self) -> int:
        """Timesteps trained."""
        return self.manifest.step

    @property
    def size_bytes(self) -> int:
        """Size of its files."""
        return sum(entry.size_bytes for entry in self.manifest.files.values())


@contextlib.contextmanager
def new_checkpoint(folder: Path, manifest: Manifest, *, previous: Checkpoint | None = None) -> Iterator[Path]:
    """Yield a temporary directory to fill; on leaving, it becomes `folder/<step>` in one rename.

    `manifest.files` and `digest` are filled in here. A file that is a hard link to one of the checkpoint `previous`
    keeps its hash and is not written again. When the block raises, nothing is left and what was there before stays.
    A checkpoint of the same step is replaced. Raises StorageError.
    """
    final = folder / f"{manifest.step:09d}"
    temporary = folder / f".{final.name}.{os.getpid()}.tmp"
    try:
        # An engine that was killed leaves its own; in a container the next one has the same pid.
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        reach("checkpoint-begun")
        yield temporary
        reach("checkpoint-filled")
        known = _known_files(previous)
        files = {path.name: _entry(path, known) for path in sorted(temporary.iterdir())}
        (temporary / MANIFEST).write_bytes(_encode_manifest(msgspec.structs.replace(manifest, files=files)))
        sync_file(temporary / MANIFEST)
        sync_directory(temporary)
        reach("checkpoint-synced")
        _move_into_place(temporary, final)
        reach("checkpoint-renamed")
    except OSError as err:
        raise StorageError.from_os_error(err, final) from err
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_evaluation(path: Path, evaluation: EvaluationResult) -> None:
    """Write into the manifest of the checkpoint in `path` how it was evaluated; one that is gone is left alone.

    Raises StorageError; then the manifest is what it was.
    """
    checkpoint = read_checkpoint(path)
    if checkpoint is not None:
        manifest = msgspec.structs.replace(checkpoint.manifest, evaluation=evaluation)
        write_whole(path / MANIFEST, _encode_manifest(manifest))


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint in the directory `path`, unverified, or None when its manifest cannot be read."""
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Checkpoint(path=path, manifest=manifest)


def list_checkpoints(folder: Path) -> list[Checkpoint]:
    """Return the checkpoints in `folder` by step; what has no readable manifest is none."""
    found = [checkpoint for path in folder.glob("[0-9]*") if (checkpoint := read_checkpoint(path))]
    return sorted(found, key=lambda item: item.step)


def verify(checkpoint: Checkpoint) -> None:
    """Compare every file with the manifest, and the manifest with its own hash.

    Raises CheckpointError that names the first file that differs.
    """
    path = checkpoint.path / MANIFEST
    try:
        content = path.read_bytes()  # not what was read before: an evaluation may have come meanwhile
        is_whole = _digest(content) == msgspec.json.decode(content, type=Manifest).digest
    except (OSError, msgspec.DecodeError):
        is_whole = False
    if not is_whole:
        raise CheckpointError(f"{path}: damaged: it was changed; use another checkpoint.")
    for name, entry in checkpoint.manifest.files.items():
        path = checkpoint.path / name
        try:
            size, digest = path.stat().st_size, sha256_of(path)
        except OSError as err:
            raise CheckpointError(f"{path}: missing or unreadable ({err.strerror}); use another checkpoint.") from err
        if size != entry.size_bytes or digest != entry.sha256:
            raise CheckpointError(
                f"{path}: damaged: {size} bytes with sha256 {digest[:12]}…, the manifest says {entry.size_bytes} bytes "
                f"with {entry.sha256[:12]}…; use another checkpoint."
            )


def find_checkpoint(folder: Path, which: str) -> Checkpoint:
    """Return the verified checkpoint `which`: `best` (highest evaluation), `latest`, or a step.

    `best` is the latest where none was evaluated. For `best` and `latest` a damaged one is passed over for the next.
    Raises CheckpointError when there is none that verifies.
    """
    checkpoints = list_checkpoints(folder)
    if not checkpoints:
        raise CheckpointError(f"{folder}: no checkpoint yet; wait for one, or save one with `rlrobo checkpoint`.")
    if which not in ("best", "latest"):
        return _find_step(checkpoints, which, folder)
    damaged: list[str] = []
    for checkpoint in by_preference(checkpoints, which):
        try:
            verify(checkpoint)
        except CheckpointError as err:
            damaged.append(str(err))
            continue
        return checkpoint
    raise CheckpointError(f"{folder}: no checkpoint verifies. {damaged[0]}")


def best_checkpoint(checkpoints: list[Checkpoint]) -> Checkpoint | None:
    """Return the one with the highest evaluation (the earlier of equals), unverified; None where none was evaluated."""
    evaluated = [item for item in checkpoints if item.manifest.evaluation]
    return by_preference(evaluated, "best")[0] if evaluated else None


def by_preference(checkpoints: list[Checkpoint], which: str) -> list[Checkpoint]:
    """Return all, unverified: for `best` by evaluation and then the others, for `latest` the highest step first."""
    latest_first = sorted(checkpoints, key=lambda item: item.step, reverse=True)
    if which == "latest":
        return latest_first
    evaluated = [item for item in checkpoints if item.manifest.evaluation]
    best_first = sorted(evaluated, key=lambda item: (-_return_mean(item), item.step))
    return best_first + [item for item in latest_first if not item.manifest.evaluation]


def _return_mean(checkpoint: Checkpoint) -> float:
    evaluation = checkpoint.manifest.evaluation
    return evaluation.return_mean if evaluation else float("-inf")


def _find_step(checkpoints: list[Checkpoint], which: str, folder: Path) -> Checkpoint:
    steps = [item.step for item in checkpoints]
    listed = ", ".join(str(step) for step in steps)
    digits = which.replace("_", "")
    if not digits.isdecimal() or int(digits) not in steps:
        raise CheckpointError(f"{folder}: no checkpoint {which!r}; there are: best, latest, {listed}.")
    checkpoint = checkpoints[steps.index(int(digits))]
    verify(checkpoint)
    return checkpoint


def _known_files(previous: Checkpoint | None) -> dict[tuple[int, int], FileEntry]:
    """Return the files of `previous` by device and inode, which a hard link shares."""
    known: dict[tuple[int, int], FileEntry] = {}
    for name, entry in previous.manifest.files.items() if previous else ():
        with contextlib.suppress(OSError):
            status = (previous.path / name).stat()  # type: ignore[union-attr]
            known[status.st_dev, status.st_ino] = entry
    return known


def _entry(path: Path, known: dict[tuple[int, int], FileEntry]) -> FileEntry:
    """Return the entry of a file, forcing it onto the disk unless a checkpoint has it already."""
    status = path.stat()
    entry = known.get((status.st_dev, status.st_ino))
    if entry is not None and entry.size_bytes == status.st_size:
        return entry
    sync_file(path)
    return FileEntry(sha256=sha256_of(path), size_bytes=status.st_size)


def _encode_manifest(manifest: Manifest) -> bytes:
    """Return the content of manifest.json, with the digest it has."""
    manifest = msgspec.structs.replace(manifest, digest=_digest(msgspec.json.encode(manifest)))
    return msgspec.json.format(msgspec.json.encode(manifest))


def _digest(content: bytes) -> str:
    """Hash what stands in a manifest, without its digest: keys of a later version count, white space does not.

    Raises msgspec.DecodeError.
    """
    values = msgspec.json.decode(content, type=dict)
    values.pop("digest", None)
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


def _move_into_place(temporary: Path, final: Path) -> None:
    replaced = final.with_name(f".{final.name}.{time.time_ns()}.old")
    if final.exists():
        final.rename(replaced)
    temporary.rename(final)
    sync_directory(final.parent)
    shutil.rmtree(replaced, ignore_errors=True)
