"""What CreateFleet is asked and answers: one request to EC2 each time, and refusals explained in both their forms."""

import time
from base64 import b64decode

import msgspec
import pytest

from cloud.aws import Aws
from cloud.errors import CloudError
from cloud.fleet import Recipe, Refusal, fleet_request, is_worth_another_try, read_answer, sentence
from cloud.launcher import launch, token_for
from cloud.outputs import StackOutputs
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.scenario import Fault

A = Pool(instance_type="c7i.large", zone="us-east-1a")
B = Pool(instance_type="m7i.large", zone="us-east-1b")
ZONES = {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"}
SPEC = CloudSpec(run_id="run", region="us-east-1", bucket="b", instance_types=("c7i.large",), created_at=1000.0)
ATTEMPT = Attempt(number=3, token="t" * 64, pools=(A, B))
STACK = StackOutputs(
    stack="rlrobo",
    region="us-east-1",
    bucket="b",
    launch_template_id="lt-1",
    launch_template_version="7",
    subnets={zone: subnet for subnet, zone in ZONES.items()},
    security_group="",
    instance_profile_arn="",
    repository_uri="",
    log_group="",
    reaper="",
)
RECIPE = Recipe(SPEC, ATTEMPT, STACK, "#!/bin/sh\n", {"c7i.large": "ami-1", "m7i.large": "ami-1"})
NO_CAPACITY = ("InsufficientInstanceCapacity", "UnfulfillableCapacity", "InsufficientFreeAddressesInSubnet")
CAUSES = {
    **dict.fromkeys((*NO_CAPACITY, "SpotMaxPriceTooLow", "InsufficientHostCapacity"), Cause.NO_CAPACITY),
    **dict.fromkeys(
        (
            *("MaxSpotInstanceCountExceeded", "VcpuLimitExceeded", "MaxFleetCountExceeded", "VolumeLimitExceeded"),
            *("InstanceLimitExceeded", "Unsupported", "InvalidFleetConfiguration", "UnauthorizedOperation"),
            *("AuthFailure.ServiceLinkedRoleCreationNotPermitted", "OptInRequired", "InvalidParameterValue"),
            *("InvalidAMIID.NotFound", "InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "MissingParameter"),
            *("InvalidLaunchTemplateId.NotFound", "InvalidInstanceType", "PendingVerification", "SomethingNew"),
        ),
        Cause.REFUSED,
    ),
}
"""What a launch ends with, by code; the same in both forms."""
RAISED = ("RequestLimitExceeded", "InternalError", "Unavailable", "ExpiredToken", "RequestExpired", "AuthFailure")
"""After these the same launch has to be sent again, so an exception stays one."""


def test_the_request_says_everything_that_a_launch_needs() -> None:
    request = fleet_request(RECIPE, [A, B])
    assert request["Type"] == "instant"
    assert request["ClientToken"] == ATTEMPT.token
    assert request["SpotOptions"]["AllocationStrategy"] == "price-capacity-optimized"
    (config,) = request["LaunchTemplateConfigs"]
    template = config["LaunchTemplateSpecification"]
    assert (template["LaunchTemplateId"], template["Version"]) == ("lt-1", "7")
    assert b64decode(template["LaunchTemplateSpecificationUserData"]) == b"#!/bin/sh\n"
    assert config["Overrides"] == [
        {"InstanceType": "c7i.large", "SubnetId": "subnet-a", "ImageId": "ami-1"},
        {"InstanceType": "m7i.large", "SubnetId": "subnet-b", "ImageId": "ami-1"},
    ]
    tags = {tag["Key"]: tag["Value"] for tag in request["TagSpecifications"][1]["Tags"]}
    assert tags == {
        "rlrobo:stack": "rlrobo",
        "rlrobo:run": "run",
        "rlrobo:attempt": "3",
        "rlrobo:deadline": str(1000 + 24 * 3600),
    }
    assert "MaxPrice" not in str(request)


def test_the_request_on_demand_has_a_token_of_its_own() -> None:
    request = fleet_request(RECIPE, [msgspec.structs.replace(A, market=Market.ON_DEMAND)])
    assert request["ClientToken"] != ATTEMPT.token
    assert len(request["ClientToken"]) <= 64
    assert "SpotOptions" not in request
    assert request["TargetCapacitySpecification"]["DefaultTargetCapacityType"] == "on-demand"


def test_a_token_belongs_to_one_attempt_of_one_spec() -> None:
    other = msgspec.structs.replace(SPEC, instance_types=("m7i.large",))
    tokens = {token_for(SPEC, 1), token_for(SPEC, 2), token_for(other, 1)}
    assert len(tokens) == 3
    assert all(len(token) <= 64 and token.isascii() for token in tokens)
    assert token_for(SPEC, 1) in tokens


def test_an_answer_names_the_pool_by_its_subnet() -> None:
    place = {"LaunchTemplateAndOverrides": {"Overrides": {"InstanceType": "c7i.large", "SubnetId": "subnet-a"}}}
    answer = {
        "FleetId": "fleet-1",
        "Instances": [{**place, "InstanceIds": ["i-1"], "InstanceType": "c7i.large"}],
        "Errors": [{**place, "ErrorCode": "Unsupported", "ErrorMessage": "No."}],
    }
    launched = read_answer(answer, Market.SPOT, ZONES)
    assert (launched.instance_id, launched.pool, launched.fleet_id) == ("i-1", A, "fleet-1")
    assert launched.refusals == (Refusal(A, "Unsupported", "No."),)


def test_an_answer_with_nothing_in_it_is_no_instance_and_may_be_tried_again() -> None:
    launched = read_answer({"FleetId": "fleet-1"}, Market.SPOT, ZONES)
    assert (launched.instance_id, launched.refusals) == ("", ())
    assert is_worth_another_try([], "us-east-1")
    assert "no instance and no reason" in sentence([], "us-east-1")


def test_one_empty_pool_among_others_that_are_refused_is_worth_another_try() -> None:
    refusals = [Refusal(A, "VcpuLimitExceeded", ""), Refusal(B, "InsufficientInstanceCapacity", "")]
    assert is_worth_another_try(refusals, "us-east-1")
    assert not is_worth_another_try(refusals[:1], "us-east-1")


def test_a_reason_is_told_once_for_all_its_pools() -> None:
    refusals = [Refusal(pool, "InsufficientInstanceCapacity", "None.") for pool in (A, B)]
    told = sentence([*refusals, Refusal(A, "Unsupported", "Not here.")], "us-east-1")
    assert told.count("(InsufficientInstanceCapacity)") == 1
    assert "The same in m7i.large in us-east-1b." in told
    assert "(Unsupported)" in told
    assert "\n" not in told


@pytest.mark.parametrize("code", CAUSES)
def test_a_refusal_of_a_pool_is_explained(code: str) -> None:
    refusal = Refusal(A, code, "AWS's own words.", 2)
    told = sentence([refusal], "us-east-1")
    assert f"({code})." in told
    assert len(told.split(". ")) >= 2  # what it is, and the next step
    assert is_worth_another_try([refusal], "us-east-1") is (CAUSES[code] is Cause.NO_CAPACITY)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["Errors", "exception"])
def test_every_code_ends_a_launch_alike_in_both_forms(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, form: str
) -> None:
    for code, cause in CAUSES.items():
        fake_aws.renew()
        if form == "Errors":
            fake_aws.scenario.pool_errors[A] = (code, "AWS's own words.")
        else:
            fake_aws.scenario.fail(Fault(action="CreateFleet", code=code, times=None))
        spec = msgspec.structs.replace(SPEC, run_id=f"{form}-{code}", created_at=time.time())
        attempt = Attempt(number=1, token=token_for(spec, 1), pools=(A,))
        ended = launch(aws, spec, attempt, stack=stack, user_data="#!/bin/sh\n")
        assert (code, ended.state, ended.cause) == (code, AttemptState.ENDED, cause)
        assert f"({code})." in ended.detail
        assert sum(call.action == "CreateFleet" for _, call in fake_aws.calls) == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", RAISED)
def test_what_may_pass_or_needs_a_login_leaves_the_attempt_as_it_is(
    aws: Aws, fake_aws: FakeAws, stack: StackOutputs, code: str
) -> None:
    fake_aws.scenario.fail(Fault(action="CreateFleet", code=code, times=None))
    spec = msgspec.structs.replace(SPEC, run_id=code, created_at=time.time())
    attempt = Attempt(number=1, token=token_for(spec, 1), pools=(A,))
    with pytest.raises(CloudError, match=code):
        launch(aws, spec, attempt, stack=stack, user_data="#!/bin/sh\n")
