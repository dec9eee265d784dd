"""Every code with which EC2 refuses a launch, as an error of the call and as one of a pool, ends in one plain line."""

import time

import pytest

from cloud.aws import Aws
from cloud.error_table import Kind
from cloud.errors import CloudError
from cloud.explain import kind_of
from cloud.launcher import launch, token_for
from cloud.outputs import StackOutputs
from cloud.records import Attempt, AttemptState, CloudSpec, Pool
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fault

pytestmark = pytest.mark.slow
CODES = (
    "InsufficientInstanceCapacity",
    "UnfulfillableCapacity",
    "InsufficientFreeAddressesInSubnet",
    "InsufficientReservedInstanceCapacity",
    "Unsupported",
    "MaxSpotInstanceCountExceeded",
    "VcpuLimitExceeded",
    "InstanceLimitExceeded",
    "MaxFleetCountExceeded",
    "VolumeLimitExceeded",
    "SpotMaxPriceTooLow",
    "UnauthorizedOperation",
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
    "OptInRequired",
    "PendingVerification",
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "InvalidInstanceType",
    "InvalidAMIID.NotFound",
    "InvalidAMIID.Malformed",
    "InvalidSubnetID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidSecurityGroupID.NotFound",
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidIamInstanceProfileArn.Malformed",
    "RequestLimitExceeded",
    "InternalError",
    "ExpiredToken",
    "AuthFailure",
    "ACodeOfNextYear",
)
RAISED = (Kind.CREDENTIALS, Kind.NETWORK, Kind.THROTTLED)
"""Of the call, these leave the attempt as it is: the same call is made again later."""


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("form", ["call", "pool"])
def test_a_refusal_is_one_line_and_leaves_nothing(
    code: str, form: str, aws: Aws, fake_aws: FakeAws, stack: StackOutputs
) -> None:
    pools = tuple(Pool(instance_type="c7i.large", zone=zone) for zone in list(stack.subnets)[:2])
    spec = CloudSpec(
        run_id=f"run-{time.time_ns()}",
        region=stack.region,
        bucket=stack.bucket,
        instance_types=("c7i.large",),
        created_at=time.time(),
    )
    attempt = Attempt(number=1, token=token_for(spec, 1), pools=pools, intended_at=time.time())
    if form == "call":
        fake_aws.scenario.fail(Fault(action="CreateFleet", code=code, message="So it is.", times=None))
    else:
        fake_aws.scenario.pool_errors.update(dict.fromkeys(pools, (code, "So it is.")))
    try:
        launched = launch(aws, spec, attempt, stack=stack, user_data="#!/bin/sh\n")
    except CloudError as err:
        assert form == "call"
        assert kind_of(code) in RAISED
        sentence = str(err)
    else:
        assert launched.state is AttemptState.ENDED
        sentence = launched.detail
    assert code in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "`"))
    assert fake_aws.lives == []
    sent = sum(call.action == "CreateFleet" for _, call in fake_aws.calls)
    assert sent == (3 if form == "call" and kind_of(code) in (Kind.NETWORK, Kind.THROTTLED) else 1)
