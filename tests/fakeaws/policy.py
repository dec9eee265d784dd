"""What an instance's role may do: its IAM policies applied to the calls that the instance makes.

As much of IAM as the stack's template uses: Allow and Deny, wildcards, and conditions on strings. A key that the
evaluation does not know makes a condition fail, as in IAM.
"""

from __future__ import annotations

import ast
import fnmatch
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from moto.iam.models import iam_backends

from tests.fakeaws.backend import ACCOUNT, instances_of
from tests.fakeaws.calls import Call

_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "UploadPart": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
}
"""IAM's name of an action where it is not the call's."""


class Need(NamedTuple):
    """What a call needs to be allowed."""

    action: str
    resource: str
    context: dict[str, str]


class RolePolicy:
    """The policies of one role."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._statements = [statement for document in documents for statement in _listed(document["Statement"])]

    @classmethod
    def of_role(cls, name: str) -> RolePolicy:
        """Return the inline policies of a role that moto knows."""
        role = iam_backends[ACCOUNT]["aws"].get_role(name)
        return cls(_parsed(document) for document in role.policies.values())

    def allows(self, call: Call, *, instance_id: str) -> bool:
        """Whether the role of an instance may make a call."""
        return all(self._permits(need) for need in _needs(call, instance_id))

    def may_know_absence(self, call: Call) -> bool:
        """Whether S3 tells that an object is not there; without the right to list its key, S3 denies access instead."""
        return self._permits(Need("s3:ListBucket", f"arn:aws:s3:::{call.bucket}", {"s3:prefix": call.key}))

    def _permits(self, need: Need) -> bool:
        effects = {statement["Effect"] for statement in self._statements if _applies(statement, need)}
        return "Allow" in effects and "Deny" not in effects


def _needs(call: Call, instance_id: str) -> Iterator[Need]:
    if call.service == "s3":
        action = f"s3:{_S3_ACTIONS.get(call.action, call.action)}"
        bucket = f"arn:aws:s3:::{call.bucket}"
        if not call.key:
            yield Need(action, bucket, {"s3:prefix": call.params.get("prefix", "")})
            return
        yield Need(action, f"{bucket}/{call.key}", {})
        if "x-amz-tagging" in call.headers:
            yield Need("s3:PutObjectTagging", f"{bucket}/{call.key}", {})
        return
    action, caller = f"{call.service}:{call.action}", {"aws:userid": f"AROAEXAMPLE:{instance_id}"}
    if call.action == "GetCallerIdentity":  # needs no permission
        return
    targets = call.params.get("InstanceId", []) if call.action != "DescribeInstances" else []
    if not targets:
        yield Need(action, "*", caller)
    for target in targets:
        tags = [i.get_tags() for i in instances_of(call.region) if i.id == target]
        context = {f"aws:ResourceTag/{tag['key']}": tag["value"] for tag in (tags[0] if tags else [])}
        context |= {"ec2:InstanceID": target, **caller}
        yield Need(action, f"arn:aws:ec2:{call.region}:{ACCOUNT}:instance/{target}", context)


def _applies(statement: Mapping[str, Any], need: Need) -> bool:
    is_action = any(fnmatch.fnmatchcase(need.action.lower(), name.lower()) for name in _listed(statement["Action"]))
    return (
        is_action
        and any(fnmatch.fnmatchcase(need.resource, pattern) for pattern in _listed(statement["Resource"]))
        and all(
            _holds(operator, key, _listed(wanted), need.context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, wanted in tests.items()
        )
    )


def _holds(operator: str, key: str, wanted: list[str], context: Mapping[str, str]) -> bool:
    if key not in context:
        return operator.endswith("IfExists")
    patterns = [_filled(pattern, context) for pattern in wanted]
    if operator.startswith("StringLike"):
        return any(fnmatch.fnmatchcase(context[key], pattern) for pattern in patterns)
    if operator.startswith("StringEquals"):
        return context[key] in patterns
    raise NotImplementedError(f"The condition {operator} of an IAM policy.")


def _filled(pattern: str, context: Mapping[str, str]) -> str:
    for name, value in context.items():
        pattern = pattern.replace(f"${{{name}}}", value)
    return pattern


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parsed(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, str):
        return document
    try:
        return json.loads(document)
    except ValueError:
        return ast.literal_eval(document)  # moto keeps those of a CloudFormation stack so
