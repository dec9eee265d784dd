"""An instance's role may do what its policies say, and no more."""

from typing import Any

from tests.fakeaws.calls import Call
from tests.fakeaws.policy import RolePolicy

POLICY = RolePolicy(
    [
        {
            "Statement": [
                {"Effect": "Allow", "Action": "s3:*Object", "Resource": "arn:aws:s3:::b/runs/*"},
                {
                    "Effect": "Allow",
                    "Action": "s3:ListBucket",
                    "Resource": "arn:aws:s3:::b",
                    "Condition": {"StringLike": {"s3:prefix": "runs/*"}},
                },
                {"Effect": "Deny", "Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::b/runs/*/spec.json"]},
                {
                    "Effect": "Allow",
                    "Action": "ec2:TerminateInstances",
                    "Resource": "*",
                    "Condition": {"StringLike": {"aws:userid": "*:${ec2:InstanceID}"}},
                },
            ]
        }
    ]
)


def may(action: str, *, key: str = "", prefix: str = "") -> bool:
    return POLICY.allows(called("s3", action, bucket="b", key=key, params={"prefix": prefix}), instance_id="i-1")


def called(service: str, action: str, **fields: Any) -> Call:
    return Call(service=service, action=action, region="us-east-1", access_key="A", **fields)


def test_a_role_writes_its_prefix_only() -> None:
    assert may("PutObject", key="runs/r/a")
    assert may("UploadPart", key="runs/r/a")
    assert not may("PutObject", key="wheels/a")
    assert not may("PutObject", key="runs/r/spec.json")
    assert may("GetObject", key="runs/r/spec.json")
    assert may("ListObjectsV2", prefix="runs/r/")
    assert not may("ListObjectsV2")


def test_a_tag_needs_a_permission_of_its_own() -> None:
    call = called("s3", "PutObject", bucket="b", key="runs/r/a", headers={"x-amz-tagging": "class=superseded"})
    assert not POLICY.allows(call, instance_id="i-1")


def test_only_who_may_list_a_key_learns_that_it_is_not_there() -> None:
    assert POLICY.may_know_absence(called("s3", "GetObject", bucket="b", key="runs/r/none"))
    assert not POLICY.may_know_absence(called("s3", "GetObject", bucket="b", key="wheels/none"))


def test_an_instance_ends_itself_only() -> None:
    def may_end(target: str) -> bool:
        return POLICY.allows(called("ec2", "TerminateInstances", params={"InstanceId": [target]}), instance_id="i-1")

    assert may_end("i-1")
    assert not may_end("i-2")
