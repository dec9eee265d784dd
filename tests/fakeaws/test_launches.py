"""Launches end as EC2's do: by capacity, quota and price of each pool, and once for each client token."""

import pytest
from botocore.exceptions import ClientError

from cloud.outputs import StackOutputs
from cloud.records import Pool
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.launch import fleet_request, launch_fleet
from tests.fakeaws.scenario import Fails, Fault

A, B = Pool(instance_type="c7i.large", zone="us-east-1a"), Pool(instance_type="c7i.large", zone="us-east-1b")


def test_a_fleet_starts_in_the_cheapest_pool_that_has_capacity(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fake_aws.scenario.set_price(B, 0.001)
    fake_aws.scenario.capacity[B] = 0
    reply = launch_fleet(fake_aws, stack, "#!/bin/sh\n", zones=("b", "a"))
    assert [life.pool for life in fake_aws.lives] == [A]
    assert reply["Instances"][0]["InstanceIds"] == [fake_aws.lives[0].instance_id]
    (error,) = reply["Errors"]
    assert error["ErrorCode"] == "InsufficientInstanceCapacity"
    assert error["Lifecycle"] == "spot"
    assert error["LaunchTemplateAndOverrides"]["Overrides"]["SubnetId"] == stack.subnets["us-east-1b"]


def test_a_fleet_without_any_capacity_is_no_error_of_the_call(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fake_aws.scenario.pool_errors[A] = ("UnfulfillableCapacity", "None.")
    fake_aws.scenario.quotas["L-3819A6DF"] = 0
    reply = launch_fleet(fake_aws, stack, "#!/bin/sh\n", types=("c7i.large", "g5.xlarge"))
    assert reply["Instances"] == []
    assert {error["ErrorCode"] for error in reply["Errors"]} == {
        "UnfulfillableCapacity",
        "MaxSpotInstanceCountExceeded",
    }
    assert fake_aws.lives == []


def test_the_launch_template_counts_in_full(fake_aws: FakeAws, stack: StackOutputs) -> None:
    launch_fleet(fake_aws, stack, "#!/bin/sh\n")
    ec2 = fake_aws.client("ec2")
    filters = [{"Name": "instance-lifecycle", "Values": ["spot"]}]
    (reservation,) = ec2.describe_instances(Filters=filters)["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["IamInstanceProfile"]["Arn"] == stack.instance_profile_arn
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [stack.security_group]
    assert instance["InstanceLifecycle"] == "spot"
    request_id = instance["SpotInstanceRequestId"]
    (request,) = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request_id])["SpotInstanceRequests"]
    assert request["InstanceId"] == instance["InstanceId"]
    told = ec2.describe_instance_attribute(
        InstanceId=instance["InstanceId"], Attribute="instanceInitiatedShutdownBehavior"
    )
    assert told["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"


def test_a_client_token_launches_once(fake_aws: FakeAws, stack: StackOutputs) -> None:
    request = fleet_request(stack)
    ec2 = fake_aws.client("ec2")
    first, second = ec2.create_fleet(**request, ClientToken="t1"), ec2.create_fleet(**request, ClientToken="t1")
    assert first["Instances"] == second["Instances"]
    assert len(fake_aws.lives) == 1
    other = fleet_request(stack, zones=("a", "b"))
    assert _code(lambda: ec2.create_fleet(**other, ClientToken="t1")) == "IdempotentParameterMismatch"
    filters = [{"Name": "client-token", "Values": ["t1"]}]
    assert len(ec2.describe_instances(Filters=filters)["Reservations"]) == 1


def test_a_token_of_an_ended_instance_gives_no_second_one(fake_aws: FakeAws, stack: StackOutputs) -> None:
    ec2 = fake_aws.client("ec2")
    request = {"MinCount": 1, "MaxCount": 1, "InstanceType": "c7i.large", "ClientToken": "t2"}
    template = {"LaunchTemplateId": stack.launch_template_id, "Version": "1"}
    launched = ec2.run_instances(**request, LaunchTemplate=template)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[launched])
    assert fake_aws.life(launched).reason == "Client.UserInitiatedShutdown"
    assert _code(lambda: ec2.run_instances(**request, LaunchTemplate=template)) == "IdempotentInstanceTerminated"


def test_a_lost_reply_leaves_an_instance_that_the_same_token_finds(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fake_aws.scenario.fail(Fault(action="CreateFleet", fails=Fails.REPLY_LOST))
    ec2, request = fake_aws.client("ec2"), fleet_request(stack)
    with pytest.raises(Exception, match="Connection"):
        ec2.create_fleet(**request, ClientToken="t3")
    again = ec2.create_fleet(**request, ClientToken="t3")
    assert [life.instance_id for life in fake_aws.lives] == again["Instances"][0]["InstanceIds"]


def test_a_new_instance_is_not_seen_at_once(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fake_aws.scenario.hidden_describes = 2
    launch_fleet(fake_aws, stack, "#!/bin/sh\n")
    ec2, instance_id = fake_aws.client("ec2"), fake_aws.lives[0].instance_id
    assert ec2.describe_instances()["Reservations"] == []
    assert _code(lambda: ec2.describe_instances(InstanceIds=[instance_id])) == "InvalidInstanceID.NotFound"
    assert ec2.describe_instances(InstanceIds=[instance_id])["Reservations"] != []
    assert len(fake_aws.alive) == 1


def test_a_fleet_is_deleted_with_its_instances_only(fake_aws: FakeAws, stack: StackOutputs) -> None:
    fleet_id = launch_fleet(fake_aws, stack, "#!/bin/sh\n")["FleetId"]
    ec2 = fake_aws.client("ec2")
    (reservation,) = ec2.describe_instances()["Reservations"]
    request_ids = [instance["SpotInstanceRequestId"] for instance in reservation["Instances"]]
    refused = ec2.delete_fleets(FleetIds=[fleet_id, "fleet-0"], TerminateInstances=False)
    assert len(refused["UnsuccessfulFleetDeletions"]) == 2
    deleted = ec2.delete_fleets(FleetIds=[fleet_id], TerminateInstances=True)
    assert deleted["SuccessfulFleetDeletions"][0]["CurrentFleetState"] == "deleted_terminating"
    assert fake_aws.alive == []
    (request_id,) = request_ids
    (request,) = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=request_ids)["SpotInstanceRequests"]
    assert (request["State"], request["Status"]["Code"]) == ("closed", "instance-terminated-by-user")
    cancelled = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request_id])
    assert cancelled["CancelledSpotInstanceRequests"][0]["State"] == "closed"


def test_user_data_beyond_16_kib_is_refused(fake_aws: FakeAws, stack: StackOutputs) -> None:
    assert _code(lambda: launch_fleet(fake_aws, stack, "#" * 16385)) == "InvalidParameterValue"


def _code(call: object) -> str:
    assert callable(call)
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"]
