"""cloud/stack.yaml as text for CloudFormation and as data for those who show or compare it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

PATH = Path(__file__).with_name("stack.yaml")
MAX_BYTES = 51_200
"""CloudFormation takes no longer template in a call."""


class Resource(Struct, frozen=True, kw_only=True):
    """A resource of the template."""

    name: str
    """Its logical id."""
    kind: str
    """Such as AWS::S3::Bucket."""
    purpose: str
    condition: str
    """Name of the condition under which it is made; empty: always."""
    stays: bool
    """Whether it outlives the stack."""
    properties: dict[str, Any]
    """As written; an intrinsic function is a dictionary with one key, such as {"Ref": ...} or {"Fn::Sub": ...}."""


def template_text() -> str:
    """Return what CloudFormation is given."""
    return PATH.read_text(encoding="utf-8")


@cache
def template() -> dict[str, Any]:
    """Return the template as data; not to be changed."""
    return yaml.load(template_text(), Loader=_Loader)


def resources() -> list[Resource]:
    """Return the template's resources in its order."""
    return [
        Resource(
            name=name,
            kind=body["Type"],
            purpose=body["Metadata"]["Purpose"],
            condition=body.get("Condition", ""),
            stays=body.get("DeletionPolicy") == "Retain",
            properties=body.get("Properties", {}),
        )
        for name, body in template()["Resources"].items()
    ]


def resource(name: str) -> Resource:
    """Return one resource."""
    return next(found for found in resources() if found.name == name)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # pyright: ignore[reportArgumentType]
    return {name: value}


_Loader.add_multi_constructor("!", _long_form)
