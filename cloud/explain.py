"""Turn a code of AWS into one sentence, the next step, and what a program may do about it.

The codes are in error_table.py. A code may come in an exception or in the `Errors` of a fleet; it means the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from cloud.error_table import TABLE, UNKNOWN, Kind, Row
from cloud.errors import CloudError
from cloud.quota_codes import quota_code, request_command
from cloud.records import Market

_MAX_MESSAGE_CHARS = 240
_VCPUS_OF_A_RUN = 8
"""What to ask for where the type's vCPUs are not known."""


class Explanation(NamedTuple):
    """What a code means."""

    kind: Kind
    sentence: str
    """What was refused and why, with the code; one line."""
    next_step: str
    """What the user can do, or what happens by itself; one line."""
    is_elsewhere_possible: bool
    """Whether another instance type or zone may work."""
    is_temporary: bool
    """Whether the same may work later without anybody doing anything."""

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}"


def explain(code: str, message: str, *, context: Mapping[str, str] | None = None) -> Explanation:
    """Explain a code of AWS, an EC2 state reason, or the name of an error of boto3.

    `message` is what AWS said. `context` may hold `service`, `action` (`ec2:CreateFleet`), `region`, `instance_type`,
    `zone`, `market`, `vcpus` (needed), `used_vcpus` (of the quota) and `resource`: what is there makes the sentence
    more exact.
    """
    row = _row(code, message)
    words = _words(message, {**(context or {}), "code": code})
    sentence, next_step = row.sentence.format_map(words), row.next_step.format_map(words)
    if code:
        sentence = f"{sentence.removesuffix('.')} ({code})."
    return Explanation(row.kind, sentence, next_step, row.is_elsewhere_possible, row.is_temporary)


def as_error(code: str, message: str, *, context: Mapping[str, str] | None = None) -> CloudError:
    """Return the error to raise for a code of AWS."""
    explanation = explain(code, message, context=context)
    error = CloudError(str(explanation), code=code, is_temporary=explanation.is_temporary)
    error.reason = message
    return error


def kind_of(code: str) -> Kind:
    """Return what sort of failure a code is, whatever the message said."""
    return _row(code, "").kind


def _row(code: str, message: str) -> Row:
    bare = code.removeprefix("Server.").removeprefix("Client.")
    for pattern, row in TABLE.get(bare, ()):
        if pattern in message:
            return row
    return _by_ending(bare)


def _by_ending(code: str) -> Row:
    """Return the row for a code that the table does not name but whose form says enough."""
    endings = {
        ".NotFound": "NotFound",
        ".NotFoundException": "NotFound",
        "NotFoundException": "NotFound",
        ".Malformed": "InvalidParameterValue",
        ".Duplicate": "AlreadyExists",
        "AlreadyExists": "AlreadyExists",
        "AlreadyExistsException": "AlreadyExists",
        "LimitExceeded": "LimitExceeded",
        "LimitExceededException": "LimitExceeded",
    }
    named = next((name for ending, name in endings.items() if code.endswith(ending)), None)
    return TABLE[named][-1].row if named else UNKNOWN


def _words(message: str, context: dict[str, str]) -> dict[str, str]:
    """Return everything that a sentence of the table may mention."""
    region = context.get("region") or "this region"
    instance_type, zone = context.get("instance_type", ""), context.get("zone", "")
    where = f"{instance_type} in {zone or region}" if instance_type else "this request"
    market = context.get("market", "")
    found = {
        "action": context.get("action") or "the request",
        "message": _readable(message),
        "permission": _permission(message) or context.get("action") or "the action",
        "caller": _caller(message),
        "place": where,
        "zone": zone or region,
        "region": region,
        "resource": context.get("resource") or _named_in(message) or "it",
        "market": "Spot" if market != Market.ON_DEMAND.value else "on-demand",
    }
    return found | _quota_words(context, Market(market or "spot"), region)


def _quota_words(context: dict[str, str], market: Market, region: str) -> dict[str, str]:
    instance_type, vcpus = context.get("instance_type", ""), int(context.get("vcpus", 0))
    quota = quota_code(instance_type, market) if instance_type else None
    needed = f"; {instance_type} needs {vcpus} vCPUs" if vcpus else ""
    if quota is None:
        link = f"https://{region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"
        return {"quota": "quota of vCPUs", "needed": needed, "more_quota": f"Ask AWS for more at {link}."}
    wanted = int(context.get("used_vcpus", 0)) + (vcpus or _VCPUS_OF_A_RUN)
    command = request_command(quota, vcpus=wanted, region=region)
    return {"quota": str(quota), "needed": needed, "more_quota": f"Ask for more: `{command}`."}


def _permission(message: str) -> str:
    match = re.search(r"perform:? \[?([\w-]+:\w+)", message)
    return match[1] if match else ""


def _caller(message: str) -> str:
    match = re.search(r"(arn:aws[\w-]*:(?:sts|iam)::\d*:[\w+=,.@/-]+)", message)
    return match[1] if match else "This caller"


def _named_in(message: str) -> str:
    match = re.search(r"'([\w./:-]+)'", message)
    return match[1] if match else ""


def _readable(message: str) -> str:
    """Return AWS's own words in one line, without the encoded part that only AWS can read, and without key ids."""
    text = re.sub(r"Encoded authorization failure message:.*", "", message, flags=re.DOTALL)
    text = re.sub(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b", "(key)", text)
    text = " ".join(text.split()).removesuffix(".")
    return f"{text[:_MAX_MESSAGE_CHARS]}…" if len(text) > _MAX_MESSAGE_CHARS else text or "no reason given"
