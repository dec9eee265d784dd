"""The resources of a deployed stack, made by hand: for tests of what uses a stack, not of how it is deployed."""

from __future__ import annotations

import json

from cloud.outputs import StackOutputs
from tests.fakeaws.backend import IMAGES
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.imds import ROLE


def make_stack(fake: FakeAws, *, stack: str = "rlrobo", bucket: str = "rlrobo-test") -> StackOutputs:
    """Make bucket, role, security group and launch template in the account's region; return their names."""
    ec2, subnets = fake.client("ec2"), fake.subnets()
    fake.client("s3").create_bucket(Bucket=bucket)
    fake.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    profile = _make_profile(fake)
    group = ec2.create_security_group(GroupName=stack, Description="Nothing comes in")["GroupId"]
    template = ec2.create_launch_template(
        LaunchTemplateName=stack,
        LaunchTemplateData={
            "ImageId": fake.client("ssm").get_parameter(Name=IMAGES[-1])["Parameter"]["Value"],
            "IamInstanceProfile": {"Arn": profile},
            "SecurityGroupIds": [group],
            "InstanceInitiatedShutdownBehavior": "terminate",
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled", "InstanceMetadataTags": "enabled"},
        },
    )["LaunchTemplate"]
    return StackOutputs(
        stack=stack,
        region=fake.region,
        bucket=bucket,
        launch_template_id=template["LaunchTemplateId"],
        launch_template_version="1",
        subnets=subnets,
        security_group=group,
        instance_profile_arn=profile,
        repository_uri="",
        log_group="",
        reaper="",
    )


def _make_profile(fake: FakeAws) -> str:
    iam, trust = fake.client("iam"), {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(policy))
    profile = iam.create_instance_profile(InstanceProfileName=ROLE)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
    return profile
