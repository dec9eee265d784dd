"""An AWS account as far as deploy, doctor and destroy see it: what they ask changes dictionaries.

It dies on demand before or after its n-th change, as a process or a network does.
"""

# ruff: noqa: N803 # named as boto3 names them
from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from cloud.changes import Follower
from cloud.errors import CloudError
from tests.cloud.fake_stacks import ACCOUNT, FakeStacks

ARN = f"arn:aws:iam::{ACCOUNT}:user/ann"


class Died(BaseException):
    """The process that called is gone."""


class FakeAccount(FakeStacks):
    """A door to an account with one default VPC and nothing else."""

    def __init__(self, region: str = "eu-west-1") -> None:
        super().__init__(region)
        self.roles: list[str] = []
        self.instances: list[dict[str, Any]] = []
        self.ingress: list[dict[str, Any]] = []
        self.subnets = [("eu-west-1a", True), ("eu-west-1b", True), ("eu-west-1c", False)]
        self.has_default_vpc = True
        self.quotas = {"L-34B43A08": 5.0, "L-3819A6DF": 0.0}
        self.refuses: dict[str, str] = {}
        """Error code by operation."""
        self.changes: list[str] = []
        """Operations that changed something, in order."""
        self.dies_at: int | None = None
        self.dies_after = False
        self.waits = 0

    # -- the door

    def in_region(self, region: str) -> FakeAccount:
        return self if region == self.region else FakeAccount(region)

    def call(self, service: str, operation: str, *, is_launch: bool = False, **params: Any) -> dict[str, Any]:
        if code := self.refuses.get(operation):
            raise CloudError(f"AWS refused {operation} ({code}).", code=code)
        method: Callable[..., dict[str, Any] | None] = getattr(self, f"{service.replace('-', '_')}_{operation}")
        if operation.startswith(("describe_", "get_", "list_", "head_")):
            return copy.deepcopy(method(**params) or {})
        if len(self.changes) == self.dies_at and not self.dies_after:
            raise Died
        answer = method(**params) or {}
        self.changes.append(operation)
        if len(self.changes) - 1 == self.dies_at and self.dies_after:
            raise Died
        return answer

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
        yield from self.call(service, operation, **params)[key]

    def sleep(self, seconds: float) -> None:
        """Let CloudFormation finish one thing."""
        self.waits += 1
        for found in self.stacks.values():
            if found["StackStatus"].endswith("_IN_PROGRESS"):
                self.go_on(found)

    def follower(self, lines: list[str]) -> Follower:
        return Follower(say=lines.append, sleep=self.sleep)

    # -- what is asked

    def sts_get_caller_identity(self) -> dict[str, Any]:
        return {"Arn": ARN, "Account": ACCOUNT}

    def ec2_describe_regions(self, **_: Any) -> dict[str, Any]:
        return {"Regions": [{"OptInStatus": self.refuses.get("region", "opt-in-not-required")}]}

    def ec2_describe_vpcs(self, *, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        named = Filters[0]["Values"][0]
        is_there = named == "vpc-1" or (named == "true" and self.has_default_vpc)
        return {"Vpcs": [{"VpcId": "vpc-1"}] if is_there else []}

    def ec2_describe_subnets(self, **_: Any) -> dict[str, Any]:
        found = [
            {"AvailabilityZone": zone, "SubnetId": f"subnet-{index}", "MapPublicIpOnLaunch": is_public}
            for index, (zone, is_public) in enumerate(self.subnets)
        ]
        return {"Subnets": found}

    def ec2_describe_instances(self, **_: Any) -> dict[str, Any]:
        return {"Reservations": [{"Instances": self.instances}]}

    def ec2_describe_instance_types(self, *, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        facts = {
            "VCpuInfo": {"DefaultVCpus": 4},
            "MemoryInfo": {"SizeInMiB": 8192},
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        }
        return {"InstanceTypes": [{"InstanceType": name, **facts} for name in Filters[0]["Values"]]}

    def service_quotas_get_service_quota(self, *, QuotaCode: str, **_: Any) -> dict[str, Any]:
        return {"Quota": {"Value": self.quotas[QuotaCode]}}

    def ec2_describe_launch_template_versions(self, **_: Any) -> dict[str, Any]:
        return {"LaunchTemplateVersions": [{"LaunchTemplateData": self.template_data}]}

    def ec2_describe_security_groups(self, **_: Any) -> dict[str, Any]:
        return {"SecurityGroups": [{"IpPermissions": self.ingress}]}

    def ec2_revoke_security_group_ingress(self, *, IpPermissions: list[Any], **_: Any) -> None:
        self.ingress = [each for each in self.ingress if each not in IpPermissions]

    def iam_list_roles(self, *, PathPrefix: str) -> dict[str, Any]:
        return {"Roles": [{"RoleName": name} for name in self.roles if f"/{name}/" in PathPrefix]}

    def iam_create_service_linked_role(self, *, AWSServiceName: str) -> None:
        self.roles.append(AWSServiceName)

    def lambda_get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:
        return {"FunctionName": FunctionName}

    def events_describe_rule(self, *, Name: str) -> dict[str, Any]:
        return {"State": self.rules[Name]}

    def events_enable_rule(self, *, Name: str) -> None:
        self.rules[Name] = "ENABLED"

    # -- S3 and ECR

    def s3_head_bucket(self, *, Bucket: str, ExpectedBucketOwner: str) -> None:
        assert ExpectedBucketOwner == ACCOUNT
        if Bucket not in self.buckets:
            raise CloudError("Not found.", code="404")

    def s3_create_bucket(self, *, Bucket: str, CreateBucketConfiguration: dict[str, str]) -> None:
        assert CreateBucketConfiguration == {"LocationConstraint": self.region}
        self.buckets[Bucket] = {"objects": []}

    def s3_list_objects_v2(self, *, Bucket: str) -> dict[str, Any]:
        if Bucket not in self.buckets:
            raise CloudError("There is no such bucket.", code="NoSuchBucket")
        return {"Contents": self.buckets[Bucket]["objects"]}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the getter or setter of a bucket's or repository's setting."""
        service, verb, what = (*name.split("_", 2), "", "")[:3]
        if service not in ("s3", "ecr") or verb not in ("get", "put"):
            raise AttributeError(name)

        def get(*, Bucket: str = "", repositoryName: str = "", **_: Any) -> Any:
            settings = self.buckets[Bucket] if Bucket else self.repositories[repositoryName]
            if what not in settings and what == "bucket_versioning":
                return {}  # S3 has no error for it
            if what not in settings:
                raise CloudError("Nothing is set.", code=_UNSET.get(what, ""))
            return settings[what]

        def put(*, Bucket: str = "", repositoryName: str = "", ExpectedBucketOwner: str = "", **value: Any) -> None:
            settings = self.buckets[Bucket] if Bucket else self.repositories[repositoryName]
            # S3 takes and gives these two in other forms.
            if what == "bucket_versioning":
                value = value["VersioningConfiguration"]
            if what == "bucket_lifecycle_configuration":
                value = value["LifecycleConfiguration"]
            settings[what] = value

        return get if verb == "get" else put

    def ecr_describe_repositories(self, *, repositoryNames: list[str]) -> dict[str, Any]:
        settings = self.repositories[repositoryNames[0]]
        return {
            "repositories": [
                {
                    **settings.get("image_tag_mutability", {"imageTagMutability": "MUTABLE"}),
                    **settings.get("image_scanning_configuration", {}),
                }
            ]
        }


_UNSET = {
    "bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "public_access_block": "NoSuchPublicAccessBlockConfiguration",
    "bucket_ownership_controls": "OwnershipControlsNotFoundError",
    "bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
    "bucket_policy": "NoSuchBucketPolicy",
    "lifecycle_policy": "LifecyclePolicyNotFoundException",
}


def policy_of(account: FakeAccount, bucket: str) -> list[dict[str, Any]]:
    return json.loads(account.buckets[bucket]["bucket_policy"]["Policy"])["Statement"]
