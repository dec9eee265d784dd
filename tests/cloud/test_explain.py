"""AWS's codes in sentences: the table is whole, quotas come with their command, and nothing secret is repeated."""

import pytest

from cloud.error_table import TABLE
from cloud.explain import Kind, as_error, explain, kind_of

CONTEXT = {
    "region": "eu-west-1",
    "action": "ec2:CreateFleet",
    "instance_type": "c7i.2xlarge",
    "zone": "eu-west-1a",
    "market": "spot",
    "vcpus": "8",
}
KINDS = {
    "InsufficientInstanceCapacity": Kind.CAPACITY,
    "UnfulfillableCapacity": Kind.CAPACITY,
    "Server.InsufficientInstanceCapacity": Kind.CAPACITY,
    "InsufficientFreeAddressesInSubnet": Kind.CAPACITY,
    "Unsupported": Kind.CAPACITY,
    "MaxSpotInstanceCountExceeded": Kind.QUOTA,
    "VcpuLimitExceeded": Kind.QUOTA,
    "MaxFleetCountExceeded": Kind.QUOTA,
    "Client.VolumeLimitExceeded": Kind.QUOTA,
    "SpotMaxPriceTooLow": Kind.PRICE,
    "UnauthorizedOperation": Kind.PERMISSION,
    "AccessDenied": Kind.PERMISSION,
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted": Kind.PERMISSION,
    "OptInRequired": Kind.PERMISSION,
    "ExpiredToken": Kind.CREDENTIALS,
    "RequestExpired": Kind.CREDENTIALS,
    "AuthFailure": Kind.CREDENTIALS,
    "InvalidClientTokenId": Kind.CREDENTIALS,
    "NoCredentialsError": Kind.CREDENTIALS,
    "RequestTimeTooSkewed": Kind.CREDENTIALS,
    "RequestLimitExceeded": Kind.THROTTLED,
    "SlowDown": Kind.THROTTLED,
    "InternalError": Kind.NETWORK,
    "EndpointConnectionError": Kind.NETWORK,
    "BadDigest": Kind.NETWORK,
    "InvalidParameterValue": Kind.PARAMETERS,
    "InvalidInstanceType": Kind.PARAMETERS,
    "InvalidAMIID.NotFound": Kind.PARAMETERS,
    "InvalidLaunchTemplateId.NotFound": Kind.PARAMETERS,
    "IdempotentParameterMismatch": Kind.CONFLICT,
    "IdempotentInstanceTerminated": Kind.CONFLICT,
    "PreconditionFailed": Kind.CONFLICT,
    "InvalidInstanceID.NotFound": Kind.NOT_FOUND,
    "NoSuchBucket": Kind.PARAMETERS,
    "InvalidFooID.NotFound": Kind.NOT_FOUND,
    "FooLimitExceeded": Kind.QUOTA,
    "SomethingNew": Kind.UNKNOWN,
}


@pytest.mark.parametrize("code", KINDS)
def test_a_code_has_its_kind(code: str) -> None:
    assert kind_of(code) is KINDS[code]


@pytest.mark.parametrize("context", [CONTEXT, {}], ids=["with_context", "without"])
def test_every_case_is_one_line_with_a_next_step(context: dict[str, str]) -> None:
    for code, cases in TABLE.items():
        for case in cases:
            found = explain(code, f"AWS said {case.pattern}", context=context)
            assert f"({code})" in found.sentence
            assert "\n" not in str(found)
            assert "{" not in str(found), code
            assert len(found.next_step) > 15, code
            assert found.next_step.endswith("."), code


def test_only_capacity_price_types_and_faults_of_aws_may_work_elsewhere() -> None:
    elsewhere = {case.row.kind for cases in TABLE.values() for case in cases if case.row.is_elsewhere_possible}
    assert elsewhere == {Kind.CAPACITY, Kind.PRICE, Kind.PARAMETERS, Kind.NETWORK}


def test_nothing_that_somebody_must_do_is_temporary() -> None:
    temporary = {case.row.kind for cases in TABLE.values() for case in cases if case.row.is_temporary}
    assert not temporary & {Kind.QUOTA, Kind.PERMISSION, Kind.CREDENTIALS, Kind.PARAMETERS, Kind.NOT_FOUND}


def test_a_quota_comes_with_what_is_needed_and_the_command() -> None:
    context = {**CONTEXT, "instance_type": "g5.2xlarge"}
    found = str(explain("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded", context=context))
    assert "Spot quota of G and VT instances in eu-west-1 is used up; g5.2xlarge needs 8 vCPUs" in found
    assert (
        "`aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-3819A6DF "
        "--desired-value 8 --region eu-west-1`" in found
    )


def test_the_on_demand_quota_is_another() -> None:
    context = {**CONTEXT, "market": "on_demand"}
    assert "L-1216C47A" in explain("VcpuLimitExceeded", "", context=context).next_step


def test_a_missing_permission_is_named_and_the_encoded_part_left_out() -> None:
    message = (
        "You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/ada is not authorized "
        "to perform: ec2:RunInstances on resource: arn:aws:ec2:eu-west-1:123456789012:instance/* because no "
        "identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: vGhIsIsEnc"
    )
    found = str(explain("UnauthorizedOperation", message, context=CONTEXT))
    assert "arn:aws:iam::123456789012:user/ada may not do ec2:RunInstances in eu-west-1" in found
    assert "vGhIsIsEnc" not in found


def test_a_denial_by_the_organisation_is_not_a_missing_permission() -> None:
    found = explain("AccessDenied", "… perform: s3:PutObject with an explicit deny in a service control policy")
    assert "is denied s3:PutObject in this region by a policy of the organisation or the account" in found.sentence


def test_a_skewed_clock_is_told_from_wrong_keys() -> None:
    assert "clock" in explain("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z").sentence
    assert "clock" not in explain("SignatureDoesNotMatch", "The signature does not match").sentence


def test_a_type_in_a_zone_that_lacks_it_may_work_elsewhere() -> None:
    message = "Your requested instance type (c7i.2xlarge) is not supported in your requested Availability Zone"
    assert explain("InvalidFleetConfiguration", message).is_elsewhere_possible
    assert not explain("InvalidFleetConfiguration", "The overrides are not unique").is_elsewhere_possible


def test_an_unknown_code_keeps_what_aws_said() -> None:
    found = str(explain("SomethingNew", "The moon\n is  full.", context=CONTEXT))
    assert "AWS refused ec2:CreateFleet in eu-west-1: The moon is full (SomethingNew)." in found


def test_no_key_is_repeated() -> None:
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    assert key not in str(explain("SomethingNew", f"key {key} is odd"))


def test_the_error_knows_its_code() -> None:
    error = as_error("InternalError", "An internal error has occurred", context=CONTEXT)
    assert (error.code, error.is_temporary) == ("InternalError", True)
