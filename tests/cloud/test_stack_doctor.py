"""doctor sees what drifted, puts it back, and leaves alone what is right."""

import json
from typing import Any

import pytest

from cloud.deploy import Choices, deploy
from cloud.doctor import examine
from cloud.findings import Finding, Verdict, Visit
from tests.cloud.fake_account import ACCOUNT, FakeAccount

BUCKET = f"rlrobo-{ACCOUNT}-eu-west-1"
WORLD = {"FromPort": 22, "ToPort": 22, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
OURS = {"FromPort": 22, "ToPort": 22, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "192.0.2.7/32"}]}


@pytest.fixture
def account() -> FakeAccount:
    made = FakeAccount()
    deploy(made, choices=Choices(ssh_from="192.0.2.7"), follower=made.follower([]))
    made.ingress = [OURS]
    made.changes.clear()
    return made


def look(account: FakeAccount, *, may_repair: bool = True) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in examine(Visit(door=account, may_repair=may_repair)):
        found.setdefault(finding.name, []).append(finding)
    return found


def verdicts(findings: dict[str, list[Finding]]) -> set[Verdict]:
    return {finding.verdict for group in findings.values() for finding in group}


def test_a_fresh_stack_is_well_and_nothing_is_changed(account: FakeAccount) -> None:
    found = look(account)
    assert verdicts(found) == {Verdict.OK}
    assert list(found) == [
        "credentials", "region", "spot roles", "quotas", "stack", "bucket", "images", "machines", "network", "reaper"
    ]  # fmt: skip
    assert account.changes == []


def spoil_setting(name: str, value: Any) -> Any:
    def spoil(account: FakeAccount) -> None:
        account.buckets[BUCKET][name] = value

    return spoil


def forget_setting(name: str) -> Any:
    def spoil(account: FakeAccount) -> None:
        del account.buckets[BUCKET][name]

    return spoil


def lose_bucket(account: FakeAccount) -> None:
    account.buckets.clear()


def loosen_images(account: FakeAccount) -> None:
    account.repositories["rlrobo"].clear()


def open_to_the_world(account: FakeAccount) -> None:
    account.ingress = [OURS, WORLD]


def sleep(account: FakeAccount) -> None:
    account.rules["reaperschedule"] = "DISABLED"


def lose_roles(account: FakeAccount) -> None:
    account.roles.clear()


DRIFTS = {
    "encryption gone": ("bucket", forget_setting("bucket_encryption")),
    "versions off": ("bucket", spoil_setting("bucket_versioning", {"Status": "Suspended"})),
    "public": ("bucket", forget_setting("public_access_block")),
    "owned by writers": ("bucket", forget_setting("bucket_ownership_controls")),
    "expires by age": (
        "bucket",
        spoil_setting(
            "bucket_lifecycle_configuration",
            {"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "runs/"}, "Expiration": {"Days": 30}}]},
        ),
    ),
    "no lifecycle": ("bucket", forget_setting("bucket_lifecycle_configuration")),
    "without TLS": ("bucket", forget_setting("bucket_policy")),
    "bucket gone": ("bucket", lose_bucket),
    "images mutable": ("images", loosen_images),
    "open to the world": ("network", open_to_the_world),
    "reaper asleep": ("reaper", sleep),
    "roles gone": ("spot roles", lose_roles),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_put_back(account: FakeAccount, drift: str) -> None:
    name, spoil = DRIFTS[drift]
    spoil(account)
    found = look(account)
    assert {finding.verdict for finding in found[name]} == {Verdict.REPAIRED}
    assert verdicts(look(account)) == {Verdict.OK}


@pytest.mark.parametrize("drift", DRIFTS)
def test_without_leave_to_repair_it_only_tells(account: FakeAccount, drift: str) -> None:
    name, spoil = DRIFTS[drift]
    spoil(account)
    found = look(account, may_repair=False)
    assert {finding.verdict for finding in found[name]} == {Verdict.FAILURE}
    assert all(finding.fix for finding in found[name])
    assert account.changes == []


def test_a_key_of_the_users_own_is_as_good(account: FakeAccount) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
    account.buckets[BUCKET]["bucket_encryption"] = {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
    assert verdicts(look(account)) == {Verdict.OK}


def test_what_s3_words_differently_is_no_drift(account: FakeAccount) -> None:
    """S3 gives an empty filter for every object, other orders, and everybody as an AWS principal."""
    settings = account.buckets[BUCKET]
    rules = settings["bucket_lifecycle_configuration"]["Rules"]
    for rule in rules:
        if rule["Filter"] == {"Prefix": ""}:
            rule["Filter"] = {}
    rules.reverse()
    policy = json.loads(settings["bucket_policy"]["Policy"])
    policy["Statement"][0]["Principal"] = {"AWS": "*"}
    policy["Statement"][0]["Resource"].reverse()
    settings["bucket_policy"] = {"Policy": json.dumps(policy)}
    assert verdicts(look(account)) == {Verdict.OK}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"MetadataOptions": {"HttpTokens": "optional"}}, "IMDSv2"),
        ({"InstanceInitiatedShutdownBehavior": "stop"}, "power-off ends an instance"),
        ({"BlockDeviceMappings": []}, "disks are encrypted"),
        ({"SecurityGroupIds": ["sg-1", "sg-2"]}, "nothing but the stack's security group"),
    ],
)
def test_machines_that_would_be_unsafe_are_refused(account: FakeAccount, change: dict[str, Any], said: str) -> None:
    account.template_data |= change
    (finding,) = look(account)["machines"]
    assert finding.verdict is Verdict.FAILURE
    assert said in finding.seen
    assert "rlrobo cloud destroy" in finding.fix


def test_without_credentials_nothing_else_is_asked(account: FakeAccount) -> None:
    account.refuses["get_caller_identity"] = "ExpiredToken"
    found = look(account)
    assert list(found) == ["credentials"]
    assert found["credentials"][0].verdict is Verdict.FAILURE


def test_quotas_are_told_and_none_for_gpus_is_no_fault(account: FakeAccount) -> None:
    (finding,) = look(account)["quotas"]
    assert finding.verdict is Verdict.OK
    assert "5 of 5 vCPUs free" in finding.seen
    assert "0 of 0 vCPUs free" in finding.seen
    assert "g5.xlarge needs 4." in finding.fix


def test_a_quota_too_small_for_any_run_is_a_warning(account: FakeAccount) -> None:
    account.quotas["L-34B43A08"] = 0.0
    (finding,) = look(account)["quotas"]
    assert finding.verdict is Verdict.WARNING
    assert "aws service-quotas request-service-quota-increase" in finding.fix


def test_without_a_stack_the_next_step_is_named() -> None:
    found = look(FakeAccount())
    assert found["stack"][0].verdict is Verdict.FAILURE
    assert found["stack"][0].fix == "rlrobo cloud deploy"
    assert "bucket" not in found


def test_a_region_that_is_not_enabled_is_said(account: FakeAccount) -> None:
    account.refuses["region"] = "not-opted-in"
    assert look(account)["region"][0].verdict is Verdict.FAILURE


def test_resources_that_cloudformation_only_claims_are_named(account: FakeAccount) -> None:
    account.living("rlrobo")["resources"]["BucketPolicy"]["PhysicalResourceId"] = ""
    (finding,) = look(account)["stack"]
    assert (finding.verdict, "BucketPolicy" in finding.seen) == (Verdict.WARNING, True)


def test_a_refusal_of_one_check_does_not_hide_the_others(account: FakeAccount) -> None:
    account.refuses["get_bucket_encryption"] = "AccessDenied"
    found = look(account)
    assert found["bucket"][0].verdict is Verdict.FAILURE
    assert found["reaper"][0].verdict is Verdict.OK


@pytest.mark.parametrize(("offset_s", "verdict"), [(0, Verdict.OK), (-29, Verdict.OK), (31, Verdict.WARNING)])
def test_a_clock_that_is_off_is_seen(monkeypatch: pytest.MonkeyPatch, offset_s: float, verdict: Verdict) -> None:
    made = FakeAccount()
    date = "Thu, 26 Nov 2026 07:00:00 GMT"
    headers = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    plain = made.sts_get_caller_identity()
    monkeypatch.setattr(made, "sts_get_caller_identity", lambda: {**plain, **headers})
    monkeypatch.setattr("cloud.doctor.time.time", lambda: 1795676400.0 - offset_s)
    (clock,) = look(made)["clock"]
    assert clock.verdict is verdict
    if verdict is Verdict.WARNING:
        assert "31 s behind" in clock.seen
