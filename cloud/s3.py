"""A bucket of S3 as the protocol needs it: conditional writes, and content that is verified both ways.

boto3's own `upload_file` cannot be conditional and does not compare a whole file with a digest, so parts are sent here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cloud.errors import CloudError
from cloud.store import Listed, Stored
from engine.protocol.crash_points import reach
from engine.protocol.errors import StorageError
from engine.protocol.files import sha256_of, sync_directory

if TYPE_CHECKING:
    from cloud.aws import Aws

PART_BYTES = 16 << 20
"""Size of the parts of a large upload; smaller files are one object written at once. S3 wants 5 MiB at least."""
_PARALLEL_PARTS = 4
_CONFLICT_TRIES = 8
_DOWNLOAD_TRIES = 4
_ABSENT = ("NoSuchKey", "404", "NotFound")


class S3Store:
    """The ObjectStore of one bucket."""

    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self.bucket = bucket

    def get(self, key: str) -> Stored | None:
        """Return an object, None where there is none."""
        answer = self._get(key)
        if answer is None:
            return None
        return Stored(b"".join(self._aws.read(answer["Body"])), answer["ETag"])

    def put(self, key: str, content: bytes) -> str:
        """Write an object whatever was there; return its etag."""
        return self._put(key, content)["ETag"]

    def create(self, key: str, content: bytes) -> bool:
        """Write an object where there is none; return whether this call did, also where its first answer was lost."""
        try:
            self._put_when_undisputed(key, content, IfNoneMatch="*")
        except CloudError as err:
            if err.code not in ("PreconditionFailed", "412"):
                raise
            return err.num_retries > 0 and self._is_ours(key, content) is not None
        return True

    def replace(self, key: str, content: bytes, *, etag: str) -> str | None:
        """Write an object where it still has this etag; return the new one, None where it has changed or is gone."""
        try:
            return self._put_when_undisputed(key, content, IfMatch=etag)["ETag"]
        except CloudError as err:
            if err.code not in ("PreconditionFailed", "412", *_ABSENT):
                raise
            return self._is_ours(key, content) if err.num_retries else None

    def upload(self, key: str, path: Path, *, sha256: str) -> None:
        """Write a file's content, verified by S3 on arrival; one that is there already is left alone.

        One that is tagged is written again: its tag would let it expire. Raises CloudError with the code
        `ContentMismatch`, and writes nothing, where the file has not the content `sha256`.
        """
        size_bytes = path.stat().st_size
        if self._has(key, size_bytes):
            return
        if size_bytes > PART_BYTES:
            self._upload_parts(key, path, sha256)
            return
        content = path.read_bytes()
        _check_digest(f"{path}", hashlib.sha256(content).hexdigest(), sha256)
        self._put(key, content)

    def download(self, key: str, path: Path, *, sha256: str = "") -> bool:
        """Write an object to a file, whole or not at all, and verify it; return False where there is none.

        Raises CloudError with the code `ContentMismatch` where the object has not the content `sha256`, StorageError
        where the disk refuses.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                if not self._download_to(file, key):
                    return False
                os.fsync(file.fileno())
            if sha256:
                _check_digest(f"s3://{self.bucket}/{key}", sha256_of(temporary), sha256)
            temporary.replace(path)
            sync_directory(path.parent)
        except OSError as err:
            raise StorageError.from_os_error(err, path) from err
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def list(self, prefix: str, *, after: str = "") -> Iterator[Listed]:
        """Yield the objects below a prefix by key, those after the key `after`."""
        start: dict[str, Any] = {"StartAfter": after} if after else {}
        for item in self._aws.pages("s3", "list_objects_v2", "Contents", Bucket=self.bucket, Prefix=prefix, **start):
            yield Listed(item["Key"], item["Size"], item["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        """Delete an object; an absent one is fine."""
        self._aws.call("s3", "delete_object", Bucket=self.bucket, Key=key)

    def tag(self, key: str, tags: dict[str, str]) -> None:
        """Set an object's tags."""
        tag_set = [{"Key": name, "Value": value} for name, value in tags.items()]
        self._aws.call("s3", "put_object_tagging", Bucket=self.bucket, Key=key, Tagging={"TagSet": tag_set})

    def clock_offset_s(self) -> float | None:
        """Return by how much S3's clock is ahead of this machine's, from its last answer; None before one."""
        return self._aws.clock_offset_s

    def _put(self, key: str, content: bytes, **conditions: Any) -> dict[str, Any]:
        return self._aws.call(
            "s3",
            "put_object",
            Bucket=self.bucket,
            Key=key,
            Body=content,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=_checksum(content),
            **conditions,
        )

    def _put_when_undisputed(self, key: str, content: bytes, **conditions: Any) -> dict[str, Any]:
        """Write under a condition, again where S3 says that two writers met (409): nobody has won then."""
        for tries_left in reversed(range(_CONFLICT_TRIES)):
            try:
                return self._put(key, content, **conditions)
            except CloudError as err:
                if err.code not in ("ConditionalRequestConflict", "409") or not tries_left:
                    raise
            time.sleep(random.uniform(0.02, 0.2))
        raise AssertionError("the loop returns or raises")

    def _is_ours(self, key: str, content: bytes) -> str | None:
        """Return the etag of what is there where it is what a first, unanswered try of this call wrote."""
        stored = self.get(key)
        return stored.etag if stored and stored.content == content else None

    def _has(self, key: str, size_bytes: int) -> bool:
        try:
            head = self._aws.call("s3", "head_object", Bucket=self.bucket, Key=key)
        except CloudError as err:
            if err.code not in _ABSENT:
                raise
            return False
        return head["ContentLength"] == size_bytes and not head.get("TagCount")

    def _get(self, key: str, **options: Any) -> dict[str, Any] | None:
        try:
            return self._aws.call("s3", "get_object", Bucket=self.bucket, Key=key, ChecksumMode="ENABLED", **options)
        except CloudError as err:
            if err.code not in _ABSENT:
                raise
            return None

    def _download_to(self, file: BinaryIO, key: str) -> bool:
        """Write an object to `file`; a connection that breaks is taken up where it broke."""
        etag, failures = "", 0
        while True:
            resumed: dict[str, Any] = {"Range": f"bytes={file.tell()}-", "IfMatch": etag} if file.tell() else {}
            try:
                answer = self._get(key, **resumed)
                if answer is None:
                    return False
                etag = answer["ETag"]
                for block in self._aws.read(answer["Body"]):
                    file.write(block)
                    failures = 0
                return True
            except CloudError as err:
                failures += 1
                if not err.is_temporary or failures >= _DOWNLOAD_TRIES:
                    raise

    def _upload_parts(self, key: str, path: Path, sha256: str) -> None:
        """Send a large file in parts, several at a time; it becomes an object only where all of it is as promised."""
        target: dict[str, Any] = {"Bucket": self.bucket, "Key": key}
        started = self._aws.call("s3", "create_multipart_upload", **target, ChecksumAlgorithm="SHA256")
        upload = {**target, "UploadId": started["UploadId"]}
        try:
            parts, digest = self._send_parts(path, upload)
            _check_digest(f"{path}", digest, sha256)
            reach("cloud-before-complete-upload")
            self._aws.call("s3", "complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with contextlib.suppress(CloudError):  # the bucket's lifecycle removes what stays
                self._aws.call("s3", "abort_multipart_upload", **upload)
            raise

    def _send_parts(self, path: Path, upload: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
        digest = hashlib.sha256()
        sent: list[Future[dict[str, Any]]] = []
        with path.open("rb") as file, ThreadPoolExecutor(_PARALLEL_PARTS) as threads:
            while content := file.read(PART_BYTES):
                digest.update(content)
                if len(sent) >= _PARALLEL_PARTS:  # no more parts in memory than are being sent
                    sent[-_PARALLEL_PARTS].result()
                sent.append(threads.submit(self._send_part, len(sent) + 1, content, upload))
            return [part.result() for part in sent], digest.hexdigest()

    def _send_part(self, number: int, content: bytes, upload: dict[str, Any]) -> dict[str, Any]:
        checksum = _checksum(content)
        answer = self._aws.call(
            "s3",
            "upload_part",
            **upload,
            PartNumber=number,
            Body=content,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=checksum,
        )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}


def _checksum(content: bytes) -> str:
    """Return the sha256 as S3 wants it in a header."""
    return b64encode(hashlib.sha256(content).digest()).decode()


def _check_digest(where: str, found: str, expected: str) -> None:
    if found != expected:
        raise CloudError(
            f"{where}: expected content with sha256 {expected[:12]}…, got {found[:12]}…; it was changed or is damaged. "
            "An older checkpoint is used instead where there is one.",
            code="ContentMismatch",
        )
