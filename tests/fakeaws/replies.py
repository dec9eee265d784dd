"""Answers in AWS's forms: errors and results, as each service's protocol writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from tests.fakeaws.calls import Call

_JSON_SERVICES = ("ssm", "servicequotas", "pricing", "logs", "ecr", "events", "lambda", "scheduler")
_EC2_SPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
REQUEST_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)


def error(call: Call, code: str, message: str, *, status: int = 400) -> Reply:
    """Return an error as the service of `call` writes it."""
    if call.service in _JSON_SERVICES:
        return as_json({"__type": code, "message": message, "Message": message}, status=status)
    code, message = escape(code), escape(message)
    if call.service == "ec2":
        errors = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return _xml(f"<Response>{errors}<RequestID>{REQUEST_ID}</RequestID></Response>", status)
    if call.service == "s3":
        body = (
            "" if call.action.startswith("Head") else f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        )
        return _xml(body, status)
    detail = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return _xml(f"<ErrorResponse>{detail}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>", status)


def as_json(content: Mapping[str, Any], *, status: int = 200) -> Reply:
    """Return a result of a JSON service."""
    return Reply(status, json.dumps(content).encode(), "application/x-amz-json-1.1")


def as_ec2(action: str, content: Mapping[str, Any]) -> Reply:
    """Return a result of EC2: nested dictionaries, lists as sets of items."""
    body = f"<requestId>{REQUEST_ID}</requestId>{_elements(content)}"
    return _xml(f'<{action}Response xmlns="{_EC2_SPACE}">{body}</{action}Response>', 200)


def _elements(content: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_element(value)}</{name}>" for name, value in content.items() if value is not None)


def _element(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "".join(f"<item>{_element(item)}</item>" for item in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _xml(body: str, status: int) -> Reply:
    return Reply(status, f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode() if body else b"")
