"""The little of moto's insides that this AWS touches."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import StateReason
from moto.ec2.models.spot_requests import SpotInstanceRequest
from moto.ec2.utils import filter_dict_attribute_mapping
from moto.ssm.models import Parameter, ssm_backends

from cloud.records import Market, Pool

ACCOUNT = "123456789012"
IMAGES = (
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id",
    "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    "/aws/service/deeplearning/ami/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
)
"""SSM parameters with machine images that moto does not have; those of Amazon Linux it has."""

# Filters that moto answers with 500.
filter_dict_attribute_mapping.update({"client-token": "client_token", "instance-lifecycle": "lifecycle"})


def ec2_of(region: str) -> EC2Backend:
    """Return moto's EC2 of a region."""
    return ec2_backends[ACCOUNT][region]


def instances_of(region: str) -> list[Any]:
    """Return moto's instances of a region, the ended ones too."""
    return list(ec2_of(region).all_instances())


def pool_of(instance: Any) -> Pool:
    """Return where moto's instance came from."""
    market = Market.SPOT if instance.lifecycle == "spot" else Market.ON_DEMAND
    return Pool(instance_type=instance.instance_type, zone=instance.placement.zone, market=market)


def opens_ssh(instance: Any) -> bool:
    """Whether a security group of moto's instance lets anybody in by port 22."""
    rules = [rule for group in instance.security_groups for rule in group.ingress_rules]
    return any(rule.from_port is not None and int(rule.from_port) <= 22 <= int(rule.to_port) for rule in rules)


def spot_request_of(instance: Any) -> SpotInstanceRequest | None:
    """Return the Spot request that moto's instance fulfils."""
    requests = instance.ec2_backend.spot_instance_requests.values()
    return next((request for request in requests if request.instance is instance), None)


def end_instance(instance: Any, code: str, text: str, *, is_stop: bool = False) -> None:
    """Terminate (or stop) moto's instance for a reason of AWS's, and close its Spot request."""
    if is_stop:
        instance.stop()
    else:
        instance.terminate()
    instance.state_reason = StateReason(f"{code}: {text}", code)
    request = spot_request_of(instance)
    if request is not None and request.state == "active":
        is_by_aws = code == "Server.SpotInstanceTermination"
        request.state = "closed"
        request._status_code = "instance-terminated-no-capacity" if is_by_aws else "instance-terminated-by-user"


def add_images(region: str) -> None:
    """Let SSM know the images that user data may be started on."""
    parameters = ssm_backends[ACCOUNT][region]._parameters
    for index, name in enumerate(IMAGES):
        image = f"ami-{index + 1:017x}"
        added: Any = Parameter(
            ACCOUNT, name, image, "String", None, None, None, datetime.now(timezone.utc), 1, "aws:ec2:image"
        )
        parameters[name].append(added)
