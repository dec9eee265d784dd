"""Find and remove what runs left behind, in all regions: instances, volumes, Spot requests and fleets with our tags.

What is wanted is decided by S3: an instance is an orphan where its run is over, unknown, past its deadline, or trained
by a later attempt. Nothing without our tags is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from msgspec import Struct

from cloud.attempts import read_attempts
from cloud.door import Door
from cloud.errors import CloudError
from cloud.instances import Instance, cancel_requests, delete_fleets, find_instances, terminate
from cloud.layout import TAG_RUN, TAG_STACK, RunKeys
from cloud.records import AttemptState, CloudSpec, End, decode
from cloud.store import ObjectStore

LEFT_S = 600.0
"""After its end an instance has this long to upload its logs and power off; as in the stack's reaper."""
StoreOf = Callable[[str, str], ObjectStore | None]
"""Returns the bucket of a stack in a region; None where there is no such stack."""
_OURS = {"Name": "tag-key", "Values": [TAG_STACK]}


class OrphanKind(str, Enum):
    """What it is."""

    INSTANCE = "instance"
    VOLUME = "volume"
    SPOT_REQUEST = "Spot request"
    FLEET = "fleet"


class Orphan(Struct, frozen=True, kw_only=True):
    """Something of ours that nobody needs."""

    kind: OrphanKind
    id: str
    region: str
    run_id: str = ""
    reason: str
    """Why it is an orphan."""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.id} in {self.region}: {self.reason}"


class Sweep(Struct, frozen=True, kw_only=True):
    """What was found."""

    orphans: tuple[Orphan, ...]
    wanted: tuple[Instance, ...]
    """Our instances that have work to do."""
    unchecked: dict[str, str]
    """Regions that could not be looked at, and why."""


def enabled_regions(door: Door) -> list[str]:
    """Return the regions that the account may use. Raises CloudError."""
    return sorted(item["RegionName"] for item in door.call("ec2", "describe_regions")["Regions"])


def find_orphans(door: Door, regions: Sequence[str], store_of: StoreOf, *, now: float) -> Sweep:
    """Look at regions, several at a time; one that does not answer is told in `unchecked`."""
    orphans: list[Orphan] = []
    wanted: list[Instance] = []
    unchecked: dict[str, str] = {}

    def look(region: str) -> tuple[list[Orphan], list[Instance]] | CloudError:
        try:
            return _look(door.in_region(region), store_of, now)
        except CloudError as err:
            return err

    with ThreadPoolExecutor(min(8, max(1, len(regions)))) as threads:
        for region, found in zip(regions, threads.map(look, regions), strict=True):
            if isinstance(found, CloudError):
                unchecked[region] = str(found)
            else:
                orphans += found[0]
                wanted += found[1]
    return Sweep(orphans=tuple(orphans), wanted=tuple(wanted), unchecked=unchecked)


def remove(door: Door, orphans: Iterable[Orphan]) -> dict[str, str]:
    """Remove orphans; return by id why one could not be."""
    failures = {}
    for orphan in orphans:
        try:
            _remove(door.in_region(orphan.region), orphan)
        except CloudError as err:
            failures[orphan.id] = str(err)
    return failures


def why_orphan(instance: Instance, store: ObjectStore | None, *, now: float) -> str:
    """Return why nobody needs an instance; empty where it is needed. Raises CloudError."""
    if store is None:
        return f"its stack {instance.stack} is not there any more"
    if not instance.run_id:
        return "it has no run"
    keys = RunKeys(instance.run_id)
    spec = store.get(keys.spec)
    if spec is None:
        return f"nobody knows its run {instance.run_id}"
    if now > decode(spec.content, CloudSpec).deadline():
        return "it is past its run's deadline"
    end = store.get(keys.end)
    if end is not None and now > decode(end.content, End).time + LEFT_S:
        return "its run is over"
    return _why_attempt_is_over(instance, store, keys, now)


def _why_attempt_is_over(instance: Instance, store: ObjectStore, keys: RunKeys, now: float) -> str:
    for attempt in read_attempts(store, keys):
        if attempt.number > instance.attempt and attempt.state is not AttemptState.INTENDED:
            return f"attempt {attempt.number} has taken its place"
        is_own = attempt.number == instance.attempt
        if is_own and attempt.state is AttemptState.ENDED and now > (attempt.ended_at or 0.0) + LEFT_S:
            return "its attempt has ended"
    return ""


def _look(door: Door, store_of: StoreOf, now: float) -> tuple[list[Orphan], list[Instance]]:
    """Return the orphans of one region, and the instances that are needed."""
    living = [instance for instance in find_instances(door) if instance.is_there]
    stores = {stack: store_of(door.region, stack) for stack in sorted({instance.stack for instance in living})}
    reasons = {instance.id: why_orphan(instance, stores[instance.stack], now=now) for instance in living}
    orphans = [
        Orphan(
            kind=OrphanKind.INSTANCE,
            id=instance.id,
            region=door.region,
            run_id=instance.run_id,
            reason=reasons[instance.id],
        )
        for instance in living
        if reasons[instance.id]
    ]
    wanted = [instance for instance in living if not reasons[instance.id]]
    return [*orphans, *_volumes(door), *_requests(door, living), *_fleets(door, living)], wanted


def _volumes(door: Door) -> Iterator[Orphan]:
    filters = [_OURS, {"Name": "status", "Values": ["available"]}]
    for item in door.pages("ec2", "describe_volumes", "Volumes", Filters=filters):
        reason = "no instance uses it"
        yield Orphan(kind=OrphanKind.VOLUME, id=item["VolumeId"], region=door.region, reason=reason)


def _requests(door: Door, living: Sequence[Instance]) -> Iterator[Orphan]:
    known = {instance.id for instance in living}
    filters = [_OURS, {"Name": "state", "Values": ["open", "active"]}]
    for item in door.pages("ec2", "describe_spot_instance_requests", "SpotInstanceRequests", Filters=filters):
        if item.get("InstanceId") not in known:
            yield Orphan(
                kind=OrphanKind.SPOT_REQUEST,
                id=item["SpotInstanceRequestId"],
                region=door.region,
                reason="it has no instance any more",
            )


def _fleets(door: Door, living: Sequence[Instance]) -> Iterator[Orphan]:
    """Yield fleets of runs without an instance: they cost nothing, but an account may have only so many."""
    running = {instance.run_id for instance in living}
    filters = [{"Name": "resource-type", "Values": ["fleet"]}, {"Name": "key", "Values": [TAG_RUN]}]
    runs = {
        item["ResourceId"]: item["Value"]
        for item in door.pages("ec2", "describe_tags", "Tags", Filters=filters)
        if item["Value"] not in running
    }
    for fleet_id, run_id in runs.items():
        # One at a time: a fleet that was deleted a while ago is unknown, and would hide the others.
        try:
            found = door.call("ec2", "describe_fleets", FleetIds=[fleet_id])["Fleets"]
        except CloudError as err:
            if not err.code.startswith("InvalidFleetId"):
                raise
            continue
        if any(fleet["FleetState"] in ("submitted", "active", "modifying") for fleet in found):
            reason = "it has no instance any more"
            yield Orphan(kind=OrphanKind.FLEET, id=fleet_id, region=door.region, run_id=run_id, reason=reason)


def _remove(door: Door, orphan: Orphan) -> None:
    if orphan.kind is OrphanKind.INSTANCE:
        terminate(door, [orphan.id])
    elif orphan.kind is OrphanKind.SPOT_REQUEST:
        cancel_requests(door, [orphan.id])
    elif orphan.kind is OrphanKind.FLEET:
        delete_fleets(door, [orphan.id])
    else:
        _delete_volume(door, orphan.id)


def _delete_volume(door: Door, volume_id: str) -> None:
    try:
        door.call("ec2", "delete_volume", VolumeId=volume_id)
    except CloudError as err:
        if err.code != "InvalidVolume.NotFound":
            raise
