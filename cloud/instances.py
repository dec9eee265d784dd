"""The instances of runs: find them by their tags, see how they are, end them. EC2's answers become records here.

EC2 is eventually consistent: a new instance may be unknown to the next call for seconds. That is not taken for "gone".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from cloud.door import Door
from cloud.errors import CloudError
from cloud.layout import TAG_ATTEMPT, TAG_DEADLINE, TAG_RUN, TAG_STACK
from cloud.records import Cause, Market, Pool

YOUNG_S = 300.0
"""An instance that EC2 does not know within this time of its launch is still expected to appear."""
_LOOKS = 5
_THERE = ("pending", "running", "stopping", "stopped")


class Instance(Struct, frozen=True, kw_only=True):
    """An instance that carries our tags."""

    id: str
    region: str
    pool: Pool
    state: str
    """EC2's word: pending, running, shutting-down, terminated, stopping, stopped."""
    run_id: str = ""
    attempt: int = 0
    stack: str = ""
    launched_at: float = 0.0
    deadline: float | None = None
    """When the stack's reaper ends it."""
    image_id: str = ""
    address: str = ""
    """Public address; empty: none."""
    spot_request_id: str = ""
    reason_code: str = ""
    """Why it ended, such as Server.SpotInstanceTermination."""
    state_reason: str = ""
    """The same in EC2's words."""

    @property
    def is_there(self) -> bool:
        """Whether it runs or may run again: it costs money."""
        return self.state in _THERE


def find_instances(door: Door, *, run_id: str = "", regions: Sequence[str] = ()) -> list[Instance]:
    """Return our instances, also those that ended within the hour: of a run, or of all runs; oldest first.

    Raises CloudError.
    """
    mark = {"Name": f"tag:{TAG_RUN}", "Values": [run_id]} if run_id else {"Name": "tag-key", "Values": [TAG_STACK]}
    found = [
        instance
        for region in regions or (door.region,)
        for instance in _described(door.in_region(region), Filters=[mark])
    ]
    return sorted(found, key=lambda instance: instance.launched_at)


def describe(door: Door, instance_id: str, *, launched_at: float = 0.0) -> Instance | None:
    """Return an instance; None where it is gone for good. Raises CloudError.

    Where `launched_at` is minutes ago only, an instance that EC2 does not know yet is a CloudError, a temporary one.
    """
    try:
        return next(_described(door, InstanceIds=[instance_id]), None)
    except CloudError as err:
        if err.code != "InvalidInstanceID.NotFound":
            raise
        if time.time() - launched_at < YOUNG_S:
            raise CloudError(
                f"EC2 does not show {instance_id} yet; it was launched a moment ago. It is asked again by itself.",
                code=err.code,
                is_temporary=True,
            ) from err
        return None


def ended_cause(instance: Instance) -> Cause:
    """Return why an instance ended, as far as EC2 knows.

    NONE where it is there, and where it shut itself down: what S3 holds tells why. TERMINATED may have been anybody.
    """
    if instance.is_there:
        return Cause.NONE
    return _CAUSES.get(instance.reason_code, Cause.LOST)


def terminate(door: Door, instance_ids: Iterable[str], *, fleet_ids: Iterable[str] = ()) -> None:
    """End instances, their Spot requests and their fleets; return when EC2 has confirmed it.

    What has ended already is fine. Raises CloudError where something is not proven to end; calling again is safe.
    """
    ids = [instance_id for instance_id in dict.fromkeys(instance_ids) if instance_id]
    known = [instance for instance_id in ids if (instance := describe(door, instance_id))]
    # First the request: an instance that is ended counts against the quota until its request is cancelled.
    cancel_requests(door, [instance.spot_request_id for instance in known if instance.spot_request_id])
    for instance_id in ids:
        _terminate_one(door, instance_id)
    runs = {instance.run_id for instance in known if instance.run_id}
    delete_fleets(door, {*fleet_ids, *find_fleets(door, runs)} - {""})


def end_run(door: Door, run_id: str) -> None:
    """End everything of a run that costs money or counts against a quota. Raises CloudError; calling again is safe."""
    living = [instance.id for instance in find_instances(door, run_id=run_id) if instance.is_there]
    terminate(door, living, fleet_ids=find_fleets(door, [run_id]))


def find_fleets(door: Door, run_ids: Iterable[str]) -> list[str]:
    """Return the ids of the fleets of runs. DescribeFleets hides instant ones, so their tags are asked for."""
    wanted = sorted(set(run_ids))
    if not wanted:
        return []
    asked = {"resource-type": ["fleet"], "key": [TAG_RUN], "value": wanted}
    filters = [{"Name": name, "Values": values} for name, values in asked.items()]
    return sorted({item["ResourceId"] for item in door.pages("ec2", "describe_tags", "Tags", Filters=filters)})


def delete_fleets(door: Door, fleet_ids: Iterable[str]) -> None:
    """Delete fleets together with their instances; a fleet that is gone is fine. Raises CloudError."""
    wanted = sorted(fleet_ids)
    for begin in range(0, len(wanted), 25):  # EC2 takes no more instant fleets at once
        answer = door.call("ec2", "delete_fleets", FleetIds=wanted[begin : begin + 25], TerminateInstances=True)
        for failure in answer.get("UnsuccessfulFleetDeletions", []):
            code, message = failure["Error"]["Code"], failure["Error"]["Message"]
            if code not in ("fleetIdDoesNotExist", "fleetNotInDeletableState"):
                raise CloudError(f"EC2 did not delete {failure['FleetId']}: {message} ({code}). Try again.", code=code)


def cancel_requests(door: Door, request_ids: Iterable[str]) -> None:
    """Cancel Spot requests; one that is gone is fine. Raises CloudError."""
    for request_id in request_ids:
        try:
            door.call("ec2", "cancel_spot_instance_requests", SpotInstanceRequestIds=[request_id])
        except CloudError as err:
            if err.code != "InvalidSpotInstanceRequestID.NotFound":
                raise


def again_while_unknown(look: Callable[[], Instance | None]) -> Instance | None:
    """Look at a new instance until EC2 knows it; None where it does not for seconds."""
    for tries_left in reversed(range(_LOOKS)):
        try:
            if found := look():
                return found
        except CloudError as err:
            if err.code != "InvalidInstanceID.NotFound":
                raise
        if tries_left:
            time.sleep(2.0**-tries_left)
    return None


_CAUSES = {
    "Server.SpotInstanceTermination": Cause.INTERRUPTED,
    "Server.SpotInstanceShutdown": Cause.INTERRUPTED,
    "Client.InstanceInitiatedShutdown": Cause.NONE,
    "Client.UserInitiatedShutdown": Cause.TERMINATED,
    "Server.InsufficientInstanceCapacity": Cause.NO_CAPACITY,
    "Server.InternalError": Cause.BOOT_FAILED,
    "Client.InternalError": Cause.BOOT_FAILED,
    "Client.VolumeLimitExceeded": Cause.REFUSED,
    "Client.InvalidSnapshot.NotFound": Cause.BOOT_FAILED,
    "Server.ScheduledStop": Cause.LOST,
}
"""EC2's codes of StateReason."""


def _described(door: Door, **params: Any) -> Iterator[Instance]:
    for reservation in door.pages("ec2", "describe_instances", "Reservations", **params):
        for item in reservation["Instances"]:
            yield _instance(item, door.region)


def _instance(item: dict[str, Any], region: str) -> Instance:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    is_spot = item.get("InstanceLifecycle") == "spot"
    reason = item.get("StateReason", {})
    return Instance(
        id=item["InstanceId"],
        region=region,
        pool=Pool(
            instance_type=item["InstanceType"],
            zone=item["Placement"]["AvailabilityZone"],
            market=Market.SPOT if is_spot else Market.ON_DEMAND,
        ),
        state=item["State"]["Name"],
        run_id=tags.get(TAG_RUN, ""),
        attempt=int(tags[TAG_ATTEMPT]) if tags.get(TAG_ATTEMPT, "").isdigit() else 0,
        stack=tags.get(TAG_STACK, ""),
        launched_at=item["LaunchTime"].timestamp(),
        deadline=float(tags[TAG_DEADLINE]) if tags.get(TAG_DEADLINE, "").isdigit() else None,
        image_id=item.get("ImageId", ""),
        address=item.get("PublicIpAddress", ""),
        spot_request_id=item.get("SpotInstanceRequestId", ""),
        reason_code=reason.get("Code", ""),
        state_reason=reason.get("Message", ""),
    )


def _terminate_one(door: Door, instance_id: str) -> None:
    """End one instance: one unknown id in a list would let all of them live."""
    for tries_left in reversed(range(_LOOKS)):
        try:
            door.call("ec2", "terminate_instances", InstanceIds=[instance_id])
            return
        except CloudError as err:
            # Unknown may mean new, so it is asked for several times; then it is long gone.
            if err.code != "InvalidInstanceID.NotFound":
                raise
        if tries_left:
            time.sleep(2.0**-tries_left)
