"""The two roles in whose name EC2 takes Spot capacity for an account; EC2 makes neither for a caller without rights."""

from __future__ import annotations

from collections.abc import Callable

from cloud.door import Door
from cloud.errors import CloudError

ROLES = {
    "AWSServiceRoleForEC2Spot": "spot.amazonaws.com",
    "AWSServiceRoleForEC2Fleet": "ec2fleet.amazonaws.com",
}
"""Service by role."""


def missing_roles(door: Door) -> list[str]:
    """Return which of the roles the account does not have. Raises CloudError."""
    return [name for name, service in ROLES.items() if not _is_there(door, service)]


def make_role(door: Door, name: str) -> None:
    """Make a role; one that is there is fine. Raises CloudError."""
    try:
        door.call("iam", "create_service_linked_role", AWSServiceName=ROLES[name])
    except CloudError as err:
        if "has been taken" not in err.reason:
            raise


def make_service_roles(door: Door, say: Callable[[str], None]) -> None:
    """Make the roles that are missing. What the caller may not do is said, not raised: they may well be there."""
    try:
        for name in missing_roles(door):
            make_role(door, name)
            say(f"  + role {name}, which belongs to the account and stays")
    except CloudError as err:
        say(f"  ! {err} {command()}")


def command() -> str:
    """Return what an administrator types where we may not."""
    lines = [f"`aws iam create-service-linked-role --aws-service-name {service}`" for service in ROLES.values()]
    return f"An administrator makes the roles for Spot once with {' and '.join(lines)}."


def _is_there(door: Door, service: str) -> bool:
    return any(door.pages("iam", "list_roles", "Roles", PathPrefix=f"/aws-service-role/{service}/"))
