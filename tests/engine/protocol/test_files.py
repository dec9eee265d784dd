"""A file is replaced whole or stays as it was."""

import errno
import os
from pathlib import Path

import pytest

from engine.protocol.errors import StorageError
from engine.protocol.files import sha256_of, write_whole


def test_content_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_old_file_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.yaml"
    write_whole(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StorageError, match=r"the disk is full; free some space\. What was saved before is untouched"):
        write_whole(path, b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("config.yaml", b"old")]


def test_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_bytes(b"")
    with pytest.raises(StorageError, match="a part of this path is a file"):
        write_whole(tmp_path / "runs" / "config.yaml", b"new")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "disk quota is used up"),
        (errno.EROFS, "read-only; choose another place with RLROBO_RUNS_DIR"),
        (errno.EACCES, "permission denied; choose another place"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_storage_error_says_what_to_do(number: int, advice: str) -> None:
    assert advice in str(StorageError.from_os_error(OSError(number, os.strerror(number)), Path("runs")))


def test_sha256_is_the_published_one(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
