"""Follow CloudFormation while it changes a stack; bring a stack that was left halfway to where one can go on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NoReturn

from msgspec import Struct

from cloud.door import Door
from cloud.errors import CloudError
from cloud.template import resources

POLL_S = 3.0
"""Between two looks at what CloudFormation has done."""
_COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_WRECKS = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
"""A stack in these states can only be deleted."""


class Follower(Struct, frozen=True, kw_only=True):
    """Who is told what happens, and how time passes."""

    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep


def find_stack(door: Door, stack: str) -> dict[str, Any] | None:
    """Return what CloudFormation says of a stack; None where there is none. Raises CloudError."""
    for found in door.pages("cloudformation", "describe_stacks", "Stacks"):
        if found["StackName"] == stack and found["StackStatus"] != "DELETE_COMPLETE":
            return found
    return None


def settle(door: Door, stack: str, follower: Follower) -> dict[str, Any] | None:
    """Wait for what is going on, remove what a failed creation left; return the stack to update, None to create it.

    What deploy or destroy began before its process died ends here. Raises CloudError.
    """
    found = find_stack(door, stack)
    while found is not None and found["StackStatus"] not in _COMPLETE:
        status = found["StackStatus"]
        if status in _WRECKS:
            follower.say(f"The stack {stack} is in {status}, as a failed deployment leaves it; it is removed first.")
            delete(door, found, follower)
        elif status == "UPDATE_ROLLBACK_FAILED":
            follower.say(f"The stack {stack} could not go back to what it was; that is tried again.")
            door.call("cloudformation", "continue_update_rollback", StackName=stack)
            follow(door, found["StackId"], follower)
        elif status.endswith("_IN_PROGRESS"):
            follower.say(f"The stack {stack} is in {status}; waiting for it.")
            follow(door, found["StackId"], follower)
        else:
            raise CloudError(
                f"The stack {stack} in {door.region} is in {status}, which rlrobo cannot mend. Look at its events in "
                "the CloudFormation console, or deploy another one with --stack."
            )
        found = find_stack(door, stack)
    return found


def delete(door: Door, found: dict[str, Any], follower: Follower) -> None:
    """Delete a stack and wait until it is gone. Raises CloudError."""
    seen = event_ids(door, found["StackId"])
    door.call("cloudformation", "delete_stack", StackName=found["StackName"])
    status = follow(door, found["StackId"], follower, seen=seen)
    if status != "DELETE_COMPLETE":
        refuse(door, found, f"could not be removed ({status})", seen=seen)


def follow(door: Door, stack_id: str, follower: Follower, *, seen: set[str] | None = None) -> str:
    """Tell each step until CloudFormation is done; return the stack's status then. Raises CloudError.

    `seen`: ids of events not to be told, such as those of earlier changes.
    """
    told = event_ids(door, stack_id) if seen is None else set(seen)
    purposes = {found.name: found.purpose for found in resources()}
    while True:
        status = _status(door, stack_id)
        for event in reversed(_events(door, stack_id)):
            if event["EventId"] not in told:
                told.add(event["EventId"])
                _tell(event, purposes, follower)
        if not status.endswith("_IN_PROGRESS"):
            return status
        follower.sleep(POLL_S)


def event_ids(door: Door, stack_id: str) -> set[str]:
    """Return the ids of everything that has happened to a stack so far."""
    return {event["EventId"] for event in _events(door, stack_id)}


def refuse(door: Door, found: dict[str, Any], what: str, *, seen: set[str]) -> NoReturn:
    """Raise the CloudError that tells why a change of a stack failed; `seen` are the events before it."""
    reasons = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(_events(door, found["StackId"]))
        if event["EventId"] not in seen
        and event["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    why = "; ".join(dict.fromkeys(reasons)) or "CloudFormation gives no reason"
    raise CloudError(
        f"The stack {found['StackName']} in {door.region} {what}: {why}. Mend that and do the same again: it goes on "
        "from where it is."
    )


def _status(door: Door, stack_id: str) -> str:
    """Return the state of a stack by its id, which also tells of one that is deleted."""
    answer = door.call("cloudformation", "describe_stacks", StackName=stack_id)
    return answer["Stacks"][0]["StackStatus"]


def _events(door: Door, stack_id: str) -> list[dict[str, Any]]:
    """Return what happened to a stack, newest first."""
    return list(door.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id))


def _tell(event: dict[str, Any], purposes: dict[str, str], follower: Follower) -> None:
    status, name = event["ResourceStatus"], event["LogicalResourceId"]
    purpose = purposes.get(name, name)
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and name in purposes:
        follower.say(f"  + {purpose}" if status == "CREATE_COMPLETE" else f"  ~ {purpose}")
    elif status == "DELETE_COMPLETE" and name in purposes:
        follower.say(f"  - {purpose}")
    elif status == "DELETE_SKIPPED":
        follower.say(f"  = {purpose} (stays)")
    elif status.endswith("_FAILED"):
        follower.say(f"  ! {purpose}: {event.get('ResourceStatusReason', status)}")
