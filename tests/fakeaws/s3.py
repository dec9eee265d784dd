"""S3: the checksums that moto takes on trust, verified before it sees the object; and policies that it misreads."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator

from tests.fakeaws.calls import Call
from tests.fakeaws.replies import Reply, error

WRITES = ("PutObject", "UploadPart")


def refuse_damaged(call: Call) -> Reply | None:
    """Return the error of a write whose content is not what its checksums say; None: it is."""
    if call.action not in WRITES:
        return None
    content, trailer = _decoded(call)
    told = {**call.headers, **trailer}
    for name, computed in (
        ("content-md5", lambda: hashlib.md5(content).digest()),
        ("x-amz-checksum-sha256", lambda: hashlib.sha256(content).digest()),
        ("x-amz-checksum-crc32", lambda: zlib.crc32(content).to_bytes(4, "big")),
    ):
        if name in told and told[name] != base64.b64encode(computed()).decode():
            kind = "Content-MD5" if name == "content-md5" else name.rpartition("-")[2].upper()
            return error(call, "BadDigest", f"The {kind} you specified did not match the calculated checksum.")
    return None


class BucketPolicies:
    """The policies of buckets, kept and told but not applied.

    moto leaves their conditions out: one that denies what comes without TLS would deny everything.
    """

    def __init__(self) -> None:
        self._policies: dict[str, bytes] = {}

    def answer(self, call: Call) -> Reply | None:
        """Answer a call about a policy; None: it is about something else."""
        if call.action == "PutBucketPolicy":
            self._policies[call.bucket] = call.body
            return Reply(204, b"")
        if call.action == "DeleteBucketPolicy":
            self._policies.pop(call.bucket, None)
            return Reply(204, b"")
        if call.action != "GetBucketPolicy":
            return None
        if call.bucket not in self._policies:
            return error(call, "NoSuchBucketPolicy", "The bucket policy does not exist", status=404)
        return Reply(200, self._policies[call.bucket], "application/json")


def _decoded(call: Call) -> tuple[bytes, dict[str, str]]:
    """Return content and trailing headers of an upload."""
    if "aws-chunked" not in call.headers.get("content-encoding", ""):
        return call.body, {}
    chunks = list(_chunks(call.body))
    end = call.body.rfind(b"\r\n0") + 2 if b"\r\n0" in call.body else 0
    lines = call.body[end:].decode().split("\r\n")[1:]
    trailer = dict(line.split(":", 1) for line in lines if ":" in line)
    return b"".join(chunks), {name.lower(): value.strip() for name, value in trailer.items()}


def _chunks(body: bytes) -> Iterator[bytes]:
    at = 0
    while True:
        line_end = body.index(b"\r\n", at)
        size = int(body[at:line_end].split(b";")[0], 16)
        if size == 0:
            return
        yield body[line_end + 2 : line_end + 2 + size]
        at = line_end + 2 + size + 2
