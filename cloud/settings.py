"""Settings of the bucket and the repository as they are, next to the template's; a setting that drifted is put back.

CloudFormation looks at them only when the template changes. The bucket of a stack that was destroyed and made again is
not CloudFormation's at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from cloud.door import Door
from cloud.errors import CloudError
from cloud.template import resource

_ABSENT = (
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "NoSuchLifecycleConfiguration",
    "NoSuchBucketPolicy",
    "LifecyclePolicyNotFoundException",
)


class Place(Struct, frozen=True, kw_only=True):
    """Where the bucket is."""

    door: Door
    bucket: str
    account: str
    partition: str = "aws"


class Setting(Struct, frozen=True, kw_only=True):
    """One thing that can drift."""

    name: str
    """What holds when it is right."""
    is_right: Callable[[], bool]
    """Whether it holds. Raises CloudError."""
    write: Callable[[], None]
    """Make it hold. Raises CloudError."""

    def repair(self) -> bool:
        """Make it hold where it does not; return whether something was changed. Raises CloudError."""
        if self.is_right():
            return False
        self.write()
        return True


def bucket_settings(place: Place) -> list[Setting]:
    """Return what the template says of the bucket."""
    return [_encryption(place), _versioning(place), _privacy(place), _ownership(place), _lifecycle(place), _tls(place)]


def repository_settings(door: Door, name: str) -> list[Setting]:
    """Return what the template says of the repository `name`."""
    wanted = resource("Repository").properties
    mutability = wanted["ImageTagMutability"]
    rules = json.loads(wanted["LifecyclePolicy"]["LifecyclePolicyText"])
    scan = {"scanOnPush": wanted["ImageScanningConfiguration"]["ScanOnPush"]}

    def described() -> dict[str, Any]:
        return door.call("ecr", "describe_repositories", repositoryNames=[name])["repositories"][0]

    def lifecycle() -> Any:
        answer = _read(door, "ecr", "get_lifecycle_policy", repositoryName=name)
        return answer and json.loads(answer["lifecyclePolicyText"])

    return [
        Setting(
            name="a pushed image is never replaced",
            is_right=lambda: described().get("imageTagMutability") == mutability,
            write=lambda: _write(
                door, "ecr", "put_image_tag_mutability", repositoryName=name, imageTagMutability=mutability
            ),
        ),
        Setting(
            name="images are scanned when they are pushed",
            is_right=lambda: described().get("imageScanningConfiguration") == scan,
            write=lambda: _write(
                door, "ecr", "put_image_scanning_configuration", repositoryName=name, imageScanningConfiguration=scan
            ),
        ),
        Setting(
            name="only the ten newest images are kept",
            is_right=lambda: lifecycle() == rules,
            write=lambda: _write(
                door, "ecr", "put_lifecycle_policy", repositoryName=name, lifecyclePolicyText=json.dumps(rules)
            ),
        ),
    ]


def tls_only(place: Place) -> dict[str, Any]:
    """Return the statement of the bucket's policy."""
    (statement,) = resource("BucketPolicy").properties["PolicyDocument"]["Statement"]
    names = {"${AWS::Partition}": place.partition, "${BucketName}": place.bucket}
    arns = [_filled(text["Fn::Sub"], names) for text in statement["Resource"]]
    return {**statement, "Resource": arns}


def _encryption(place: Place) -> Setting:
    (rule,) = resource("Bucket").properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    wanted = rule["ServerSideEncryptionByDefault"]

    def is_right() -> bool:
        rules = (_look(place, "get_bucket_encryption") or {}).get("ServerSideEncryptionConfiguration", {})
        # A key of the user's own (aws:kms) is as good.
        found = [each.get("ApplyServerSideEncryptionByDefault", {}) for each in rules.get("Rules", [])]
        return any(each.get("SSEAlgorithm") in (wanted["SSEAlgorithm"], "aws:kms", "aws:kms:dsse") for each in found)

    rules = [{"ApplyServerSideEncryptionByDefault": wanted}]
    return Setting(
        name="the bucket encrypts what it holds",
        is_right=is_right,
        write=lambda: _put(place, "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": rules}),
    )


def _versioning(place: Place) -> Setting:
    wanted = resource("Bucket").properties["VersioningConfiguration"]
    return Setting(
        name="the bucket keeps earlier versions",
        is_right=lambda: (_look(place, "get_bucket_versioning") or {}).get("Status") == wanted["Status"],
        write=lambda: _put(place, "put_bucket_versioning", VersioningConfiguration=wanted),
    )


def _privacy(place: Place) -> Setting:
    wanted, key = resource("Bucket").properties["PublicAccessBlockConfiguration"], "PublicAccessBlockConfiguration"
    return Setting(
        name="the bucket cannot be made public",
        is_right=lambda: (_look(place, "get_public_access_block") or {}).get(key) == wanted,
        write=lambda: _put(place, "put_public_access_block", **{key: wanted}),
    )


def _ownership(place: Place) -> Setting:
    wanted = resource("Bucket").properties["OwnershipControls"]
    return Setting(
        name="the bucket's owner owns what it holds",
        is_right=lambda: (_look(place, "get_bucket_ownership_controls") or {}).get("OwnershipControls") == wanted,
        write=lambda: _put(place, "put_bucket_ownership_controls", OwnershipControls=wanted),
    )


def _lifecycle(place: Place) -> Setting:
    wanted = [_lifecycle_rule(rule) for rule in resource("Bucket").properties["LifecycleConfiguration"]["Rules"]]

    def is_right() -> bool:
        found = (_look(place, "get_bucket_lifecycle_configuration") or {}).get("Rules", [])
        return sorted(map(_facts, found)) == sorted(map(_facts, wanted))

    return Setting(
        name="only superseded objects, old versions and incomplete uploads expire",
        is_right=is_right,
        write=lambda: _put(place, "put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": wanted}),
    )


def _tls(place: Place) -> Setting:
    wanted = tls_only(place)

    def statements() -> list[dict[str, Any]]:
        answer = _look(place, "get_bucket_policy")
        return json.loads(answer["Policy"])["Statement"] if answer else []

    def write() -> None:
        others = [found for found in statements() if found.get("Sid") != wanted["Sid"]]
        policy = {"Version": "2012-10-17", "Statement": [*others, wanted]}
        _put(place, "put_bucket_policy", Policy=json.dumps(policy))

    return Setting(
        name="the bucket answers over TLS only",
        is_right=lambda: any(_as_sets(found) == _as_sets(wanted) for found in statements()),
        write=write,
    )


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of the template in the words of S3's API."""
    tags = rule.get("TagFilters", [])
    made = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Tag": tags[0]} if tags else {"Prefix": ""}}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": rule["ExpirationInDays"]}
    for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if key in rule:
            made[key] = rule[key]
    return made


def _facts(rule: dict[str, Any]) -> str:
    """Return what a rule does as text that compares, however S3 words "every object"."""
    where = rule.get("Filter", {})
    filters = {key: value for key, value in where.items() if value}
    rest = {key: value for key, value in rule.items() if key not in ("Filter", "Prefix")}
    return json.dumps({**rest, "filters": filters, "prefix": rule.get("Prefix") or ""}, sort_keys=True)


def _as_sets(statement: dict[str, Any]) -> str:
    """Return a statement as text that compares, whatever the order of its resources and how S3 words everybody."""
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    places = sorted([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    rest = {key: value for key, value in statement.items() if key not in ("Principal", "Resource", "Sid")}
    return json.dumps({**rest, "everybody": everybody, "places": places}, sort_keys=True)


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _look(place: Place, operation: str) -> dict[str, Any] | None:
    return _read(place.door, "s3", operation, Bucket=place.bucket, ExpectedBucketOwner=place.account)


def _put(place: Place, operation: str, **params: Any) -> None:
    _write(place.door, "s3", operation, Bucket=place.bucket, ExpectedBucketOwner=place.account, **params)


def _read(door: Door, service: str, operation: str, **params: Any) -> dict[str, Any] | None:
    """Return an answer, None where nothing is set."""
    try:
        return door.call(service, operation, **params)
    except CloudError as err:
        if err.code in _ABSENT:
            return None
        raise


def _write(door: Door, service: str, operation: str, **params: Any) -> None:
    door.call(service, operation, **params)
