"""The bucket: who wins a conditional write, what a lost answer means, and that nothing unverified gets through."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

import cloud.s3
from cloud.aws import Aws
from cloud.errors import CloudError
from cloud.s3 import S3Store
from cloud.store import ObjectStore

LOST = "a lost answer"


class Faulty(Aws):
    """AWS that fails as it is told: `faults` holds, for an operation, what its next calls do instead."""

    faults: dict[str, list[CloudError | str]]
    calls: list[str]

    def call(self, service: str, operation: str, *, is_launch: bool = False, **params: Any) -> dict[str, Any]:
        self.calls.append(operation)
        fault = self.faults[operation].pop(0) if self.faults.get(operation) else None
        if isinstance(fault, CloudError):
            raise fault
        answer = super().call(service, operation, is_launch=is_launch, **params)
        if fault == LOST:  # botocore sends it again and hears what the first sending led to
            error = CloudError("exists", code="PreconditionFailed")
            error.num_retries = 1
            raise error
        return answer


@pytest.fixture(scope="module")
def account() -> Iterator[Faulty]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
            environment.setenv(name, value)
        environment.delenv("AWS_PROFILE", raising=False)
        yield Faulty("us-east-1")  # one for all tests: a client takes a third of a second


@pytest.fixture
def aws(account: Faulty) -> Faulty:
    account.faults, account.calls = {}, []
    return account


@pytest.fixture
def store(aws: Faulty, request: pytest.FixtureRequest) -> S3Store:
    """A bucket of the test's own."""
    bucket = f"bucket-{abs(hash(request.node.name))}"
    aws.call("s3", "create_bucket", Bucket=bucket)
    aws.calls.clear()
    return aws.store(bucket)


def test_it_is_an_object_store(store: S3Store) -> None:
    as_protocol: ObjectStore = store
    assert as_protocol.get("nothing") is None


def test_what_is_put_is_read(store: S3Store) -> None:
    etag = store.put("a", b"one")
    assert store.get("a") == (b"one", etag)


def test_only_the_first_creates(store: S3Store) -> None:
    assert store.create("a", b"one")
    assert not store.create("a", b"two")
    stored = store.get("a")
    assert stored is not None
    assert stored.content == b"one"


def test_a_create_whose_answer_was_lost_is_known_as_ours(aws: Faulty, store: S3Store) -> None:
    aws.faults["put_object"] = [LOST]
    assert store.create("a", b"one")


def test_a_create_that_another_won_meanwhile_is_not_ours(aws: Faulty, store: S3Store) -> None:
    store.put("a", b"another's")
    error = CloudError("exists", code="PreconditionFailed")
    error.num_retries = 1
    aws.faults["put_object"] = [error]
    assert not store.create("a", b"ours")


def test_two_that_meet_try_again(aws: Faulty, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.s3.time, "sleep", lambda _: None)
    aws.faults["put_object"] = [CloudError("met", code="ConditionalRequestConflict")] * 2
    assert store.create("a", b"one")
    assert aws.calls.count("put_object") == 3


def test_replace_compares(store: S3Store) -> None:
    first = store.put("a", b"one")
    second = store.replace("a", b"two", etag=first)
    assert second is not None
    assert store.replace("a", b"three", etag=first) is None
    assert store.get("a") == (b"two", second)


def test_replace_of_nothing_is_none(store: S3Store) -> None:
    assert store.replace("a", b"one", etag='"0"') is None


def test_a_replace_whose_answer_was_lost_is_known_as_ours(aws: Faulty, store: S3Store) -> None:
    first = store.put("a", b"one")
    aws.faults["put_object"] = [LOST]
    etag = store.replace("a", b"two", etag=first)
    assert store.get("a") == (b"two", etag)


def test_a_missing_bucket_is_no_missing_object(aws: Faulty) -> None:
    with pytest.raises(CloudError, match="cloud doctor") as caught:
        aws.store("gone").get("a")
    assert caught.value.code == "NoSuchBucket"


def test_list_goes_on_after_a_key(store: S3Store) -> None:
    for key in ("p/a", "p/b", "p/c", "q/a"):
        store.put(key, b"12")
    assert [(item.key, item.size_bytes) for item in store.list("p/", after="p/a")] == [("p/b", 2), ("p/c", 2)]


def test_delete_of_nothing_is_fine(store: S3Store) -> None:
    store.delete("nothing")


def test_a_small_and_a_large_file_arrive_whole(store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.s3, "PART_BYTES", 5 << 20)
    for size in (0, 100, 11 << 20):
        path, content = tmp_path / "file", bytes(index % 251 for index in range(1 << 10)) * (size >> 10)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        store.upload(f"blob-{size}", path, sha256=digest)
        assert store.download(f"blob-{size}", tmp_path / "back", sha256=digest)
        assert (tmp_path / "back").read_bytes() == content


def test_what_is_there_is_not_sent_again(aws: Faulty, store: S3Store, tmp_path: Path) -> None:
    path, digest = saved(tmp_path, b"abc")
    store.upload("blob", path, sha256=digest)
    store.upload("blob", path, sha256=digest)
    assert aws.calls.count("put_object") == 1


def test_what_is_tagged_is_written_again_and_has_no_tag(aws: Faulty, store: S3Store, tmp_path: Path) -> None:
    path, digest = saved(tmp_path, b"abc")
    store.upload("blob", path, sha256=digest)
    store.tag("blob", {"class": "superseded"})
    assert aws.call("s3", "get_object_tagging", Bucket=store.bucket, Key="blob")["TagSet"]
    store.upload("blob", path, sha256=digest)
    assert aws.call("s3", "get_object_tagging", Bucket=store.bucket, Key="blob")["TagSet"] == []


@pytest.mark.parametrize("size", [100, 11 << 20])
def test_a_file_that_changed_is_not_written(
    store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(cloud.s3, "PART_BYTES", 5 << 20)
    path, _ = saved(tmp_path, b"x" * size)
    with pytest.raises(CloudError, match="expected content with sha256") as caught:
        store.upload("blob", path, sha256="0" * 64)
    assert caught.value.code == "ContentMismatch"
    assert store.get("blob") is None


def test_a_part_that_fails_leaves_no_object_and_no_parts(
    aws: Faulty, store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.s3, "PART_BYTES", 5 << 20)
    aws.faults["upload_part"] = [CloudError("gone", code="ServiceUnavailable")]
    path, digest = saved(tmp_path, b"x" * (11 << 20))
    with pytest.raises(CloudError, match="gone"):
        store.upload("blob", path, sha256=digest)
    assert store.get("blob") is None
    assert not aws.call("s3", "list_multipart_uploads", Bucket=store.bucket).get("Uploads")


def test_a_damaged_download_leaves_the_old_file(store: S3Store, tmp_path: Path) -> None:
    path, digest = saved(tmp_path, b"good")
    store.put("blob", b"bad!")
    with pytest.raises(CloudError, match="expected content with sha256"):
        store.download("blob", path, sha256=digest)
    assert path.read_bytes() == b"good"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_missing_object_leaves_no_file(store: S3Store, tmp_path: Path) -> None:
    assert not store.download("nothing", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_download_goes_on_where_it_broke(
    aws: Faulty, store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytes(range(256)) * (3 << 12)
    store.put("blob", content)
    whole = Aws.read

    def broken(self: Aws, body: Any) -> Iterator[bytes]:
        monkeypatch.setattr(Aws, "read", whole)
        yield next(whole(self, body))
        raise CloudError("cut", code="ResponseStreamingError", is_temporary=True)

    monkeypatch.setattr(Aws, "read", broken)
    assert store.download("blob", tmp_path / "file", sha256=hashlib.sha256(content).hexdigest())
    assert aws.calls.count("get_object") == 2


def saved(folder: Path, content: bytes) -> tuple[Path, str]:
    """Return a file and its digest."""
    path = folder / "file"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()
