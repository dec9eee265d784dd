"""Remove the stack. The runs in its bucket stay, and nothing is removed while an instance runs."""

from __future__ import annotations

from msgspec import Struct

from cloud.changes import Follower, delete, settle
from cloud.deploy import bucket_name
from cloud.door import Door
from cloud.errors import CloudError
from cloud.instances import Instance, find_instances
from engine.protocol.crash_points import reach
from engine.protocol.errors import UsageError

MAX_COUNTED = 10_000
"""More objects than this are not counted."""


class Stored(Struct, frozen=True, kw_only=True):
    """What a bucket holds."""

    bucket: str
    num_runs: int
    num_objects: int
    size_bytes: int
    is_all: bool
    """Whether everything was counted."""


def running_instances(door: Door, stack: str) -> list[Instance]:
    """Return the instances of a stack that cost money. Raises CloudError."""
    return [found for found in find_instances(door) if found.stack == stack and found.is_there]


def measure_bucket(door: Door, bucket: str) -> Stored | None:
    """Return what a bucket holds now; None where there is no such bucket. Raises CloudError."""
    runs: set[str] = set()
    num_objects = size_bytes = 0
    try:
        for item in door.pages("s3", "list_objects_v2", "Contents", Bucket=bucket):
            if num_objects == MAX_COUNTED:
                return Stored(
                    bucket=bucket, num_runs=len(runs), num_objects=num_objects, size_bytes=size_bytes, is_all=False
                )
            num_objects += 1
            size_bytes += item["Size"]
            if item["Key"].startswith("runs/"):
                runs.add(item["Key"].split("/")[1])
    except CloudError as err:
        if err.code != "NoSuchBucket":
            raise
        return None
    return Stored(bucket=bucket, num_runs=len(runs), num_objects=num_objects, size_bytes=size_bytes, is_all=True)


def destroy(door: Door, stack: str, follower: Follower) -> None:
    """Remove a stack and say what stays. Raises UsageError while its instances run, and CloudError."""
    refuse_while_running(door, stack)
    found = settle(door, stack, follower)
    if found is None:
        follower.say(f"There is no stack {stack} in {door.region}; nothing to remove.")
    else:
        refuse_while_running(door, stack)
        follower.say(f"Removing the stack {stack} in {door.region}:")
        reach("cloud-destroy-begun")
        delete(door, found, follower)
        refuse_while_running(door, stack)
    for line in what_stays(door, stack):
        follower.say(line)


def refuse_while_running(door: Door, stack: str) -> None:
    """Raise UsageError where instances of a stack run: without it nothing would end them when they hang."""
    running = running_instances(door, stack)
    if running:
        names = ", ".join(f"{found.id} ({found.pool}, run {found.run_id or 'unknown'})" for found in running)
        raise UsageError(
            f"The stack {stack} in {door.region} is still in use: {names}. Stop the runs first "
            "(`rlrobo cloud stop RUN`), or end the instances with `rlrobo cloud orphans --remove`."
        )


def what_stays(door: Door, stack: str) -> list[str]:
    """Return what is left of a stack after it was removed, why, and how to remove that too. Raises CloudError."""
    lines = ["The roles for Spot stay: they belong to the account, cost nothing and may be in use elsewhere."]
    stored = measure_bucket(door, bucket_name(door, stack))
    if stored is None:
        return lines
    more = "" if stored.is_all else "more than "
    held = f"{stored.num_runs} runs in {stored.num_objects:,} objects, {stored.size_bytes / 1e9:.2f} GB"
    return [
        f"The bucket {stored.bucket} stays, for what it holds: {more}{held}. `rlrobo cloud deploy` takes it into use "
        "again. To lose it and every run in it, empty it with all versions and delete it in the S3 console.",
        *lines,
    ]
