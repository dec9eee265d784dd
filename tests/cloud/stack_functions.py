"""The stack's inline functions as Python, and the little of S3 and EC2 that they call.

The module named boto3 inside them is a fake; what it raises are botocore's own errors. The same functions run against
moto, with boto3's own parameter checks, in test_stack_functions_on_moto.py.
"""

# ruff: noqa: N801, N803, N818 # named as boto3 names them
import datetime
import hashlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError

from cloud.template import resource

STACK, BUCKET = "rlrobo", "bucket"
NOW = 1_800_000_000.0
ENVIRONMENT = {
    "STACK": STACK,
    "BUCKET": BUCKET,
    "SUBNETS": "us-east-1a=subnet-a,us-east-1b=subnet-b",
    "TEMPLATE": "lt-1",
    "VERSION": "3",
}


def code_of(name: str) -> str:
    return resource(name).properties["Code"]["ZipFile"]


def load(name: str, clients: dict[str, Any], environment: dict[str, str] = ENVIRONMENT) -> ModuleType:
    """Return a function's module as Lambda imports it, with `clients` for boto3."""
    boto3 = SimpleNamespace(client=clients.__getitem__)
    module = ModuleType(name)
    with mock.patch.dict(sys.modules, {"boto3": boto3}), mock.patch.dict("os.environ", environment):
        exec(compile(code_of(name), f"{name}.py", "exec"), module.__dict__)
    return module


def error(code: str, operation: str = "Call") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


class FakeS3:
    """A bucket with conditional writes."""

    class exceptions:
        class NoSuchKey(ClientError):
            """There is no such object."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.is_down = False

    def put(self, key: str, value: Any, *, at: float = NOW) -> None:
        self.objects[key] = (value if isinstance(value, bytes) else json.dumps(value).encode(), at)

    def json(self, key: str) -> Any:
        return json.loads(self.objects[key][0])

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if self.is_down:
            raise error("503", "HeadObject")
        if Key not in self.objects:
            raise error("404", "HeadObject")
        return {"LastModified": datetime.datetime.fromtimestamp(self.objects[Key][1], datetime.timezone.utc)}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise self.exceptions.NoSuchKey({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content, _ = self.objects[Key]
        return {"Body": SimpleNamespace(read=lambda: content), "ETag": self.etag(Key)}

    def put_object(
        self, *, Bucket: str, Key: str, Body: str, IfMatch: str = "", IfNoneMatch: str = ""
    ) -> dict[str, Any]:
        if (IfNoneMatch and Key in self.objects) or (IfMatch and IfMatch != self.etag(Key)):
            raise error("PreconditionFailed", "PutObject")
        self.put(Key, Body.encode())
        return {"ETag": self.etag(Key)}

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.objects.pop(Key, None)

    def etag(self, key: str) -> str:
        return hashlib.md5(self.objects[key][0]).hexdigest()

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        found = [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]
        yield {"Contents": found} if found else {}


class FakeEc2:
    """Instances with tags, and fleets that give one where there is capacity."""

    def __init__(self) -> None:
        self.instances: list[dict[str, Any]] = []
        self.fleets: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.capacity: set[tuple[str, str]] = set()
        """Instance type and subnet."""
        self.refuses: dict[str, str] = {}
        """Error code by instance that cannot be ended, or for `create_fleet`."""

    def add(self, *, state: str = "running", launched_at: float = NOW, reason: str = "", **tags: str) -> dict[str, Any]:
        """Add an instance with the stack's tag and `rlrobo:<name>` for each of `tags`."""
        named = {f"rlrobo:{name}": value for name, value in {"stack": STACK, **tags}.items()}
        instance = {
            "InstanceId": f"i-{len(self.instances) + 1}",
            "State": {"Name": state},
            "LaunchTime": datetime.datetime.fromtimestamp(launched_at, datetime.timezone.utc),
            "Tags": [{"Key": key, "Value": value} for key, value in named.items()],
            "StateReason": {"Code": reason},
        }
        self.instances.append(instance)
        return instance

    def states(self) -> list[str]:
        return [instance["State"]["Name"] for instance in self.instances]

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_instances"
        return SimpleNamespace(paginate=lambda **params: [self.describe_instances(**params)])

    def describe_instances(self, *, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Reservations": [{"Instances": [one]} for one in self.instances if _passes(one, Filters)]}

    def terminate_instances(self, *, InstanceIds: list[str]) -> None:
        for instance in self.instances:
            if instance["InstanceId"] in InstanceIds:
                if code := self.refuses.get(instance["InstanceId"]):
                    raise error(code, "TerminateInstances")
                instance["State"]["Name"] = "terminated"

    def create_launch_template_version(self, **params: Any) -> dict[str, Any]:
        self.versions.append(params)
        return {"LaunchTemplateVersion": {"VersionNumber": 3 + len(self.versions)}}

    def create_fleet(self, **params: Any) -> dict[str, Any]:
        self.fleets.append(params)
        if code := self.refuses.get("create_fleet"):
            raise error(code, "CreateFleet")
        overrides = params["LaunchTemplateConfigs"][0]["Overrides"]
        for place in overrides:
            if (place["InstanceType"], place["SubnetId"]) in self.capacity:
                tags = {
                    tag["Key"].removeprefix("rlrobo:"): tag["Value"] for tag in params["TagSpecifications"][1]["Tags"]
                }
                instance = self.add(**tags)
                got = {
                    "LaunchTemplateAndOverrides": {"Overrides": place},
                    "InstanceIds": [instance["InstanceId"]],
                }
                return {"FleetId": f"fleet-{len(self.fleets)}", "Instances": [got], "Errors": []}
        lack = [{"ErrorCode": "InsufficientInstanceCapacity"} for _ in overrides]
        return {"FleetId": f"fleet-{len(self.fleets)}", "Instances": [], "Errors": lack}

    def describe_spot_price_history(self, **params: Any) -> dict[str, Any]:
        return {"SpotPriceHistory": [{"SpotPrice": "0.125"}]}


def _passes(instance: dict[str, Any], filters: list[dict[str, Any]]) -> bool:
    values = {f"tag:{tag['Key']}": tag["Value"] for tag in instance["Tags"]}
    values["instance-state-name"] = instance["State"]["Name"]
    return all(values.get(wanted["Name"]) in wanted["Values"] for wanted in filters)
