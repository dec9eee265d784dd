"""Launches: capacity and quotas by pool, `Errors` of CreateFleet, and launch templates that count in full.

moto keeps the records; this module decides whether and where an instance is launched, and corrects what moto makes of
it. Called for one EC2 call at a time.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import MetadataOptions
from moto.ec2.models.spot_requests import SpotInstanceRequest
from moto.ec2.utils import random_spot_request_id

from cloud.records import Market, Pool
from tests.fakeaws.backend import ec2_of, instances_of, pool_of
from tests.fakeaws.calls import Call
from tests.fakeaws.replies import Reply, as_ec2
from tests.fakeaws.scenario import PoolError, Scenario, num_vcpus, quota_of

Forward = Callable[[Call, Mapping[str, str]], Reply]
"""Have moto answer a call, with some of its form's fields changed."""
_MAX_USER_DATA = 16384
_FLEET_USER_DATA = "LaunchTemplateSpecificationUserData"
"""User data that CreateFleet takes in place of the template's."""


class Offer(NamedTuple):
    """One way in which a fleet may be launched."""

    pool: Pool
    position: int
    """Of moto's launch specification in its fleet."""
    template: dict[str, Any]
    """Data of the launch template."""
    names: dict[str, Any]
    """How the reply names it."""


def check_user_data(encoded: str) -> None:
    """Raise PoolError where user data is larger than EC2 takes."""
    if len(base64.b64decode(encoded)) > _MAX_USER_DATA:
        raise PoolError("InvalidParameterValue", "User data is limited to 16384 bytes")


class Launching:
    """CreateFleet and RunInstances."""

    def __init__(self, scenario: Scenario, forward: Forward) -> None:
        self._scenario = scenario
        self._forward = forward

    def run_instances(self, call: Call) -> Reply:
        """Answer RunInstances. Raises PoolError."""
        check_user_data(call.params.get("UserData", ""))
        backend = ec2_of(call.region)
        wanted = {**_template_data(backend, call.params.get("LaunchTemplate", {})), **call.params}
        is_spot = wanted.get("InstanceMarketOptions", {}).get("MarketType") == "spot"
        pool = _pool(backend, wanted, Market.SPOT if is_spot else Market.ON_DEMAND)
        if call.params.get("DryRun") == "true":
            return self._forward(call, {})
        self._check(call.region, pool, count=int(call.params.get("MinCount", 1)))
        known = {instance.id for instance in instances_of(call.region)}
        lifecycle = {"InstanceMarketOptions.MarketType": "spot"} if is_spot else {}
        reply = self._forward(call, lifecycle)
        for instance in instances_of(call.region):
            if instance.id not in known:
                _complete(instance, wanted)
                if is_spot:
                    _add_spot_request(backend, instance)
        return reply

    def create_fleet(self, call: Call) -> Reply:
        """Answer CreateFleet. Raises PoolError."""
        backend, target = ec2_of(call.region), call.params["TargetCapacitySpecification"]
        market = Market.SPOT if target.get("DefaultTargetCapacityType") == "spot" else Market.ON_DEMAND
        for config in call.params["LaunchTemplateConfigs"]:
            check_user_data(config["LaunchTemplateSpecification"].get(_FLEET_USER_DATA, ""))
        offers = list(_offers(backend, call.params["LaunchTemplateConfigs"], market))
        # Of moto's fleet only the record is wanted, so it is asked for no instance.
        reply = self._forward(call, {"TargetCapacitySpecification.TotalTargetCapacity": "0"})
        if reply.status != 200:
            return reply
        fleet = list(backend.fleets.values())[-1]
        specs, fleet.target_capacity_specification = list(fleet.launch_specs), target
        launched, errors = [], []
        for offer in self._in_order(offers, market):
            missing = int(target["TotalTargetCapacity"]) - len(launched)
            if missing <= 0:
                break
            names = {"launchTemplateAndOverrides": offer.names, "lifecycle": market.value.replace("_", "-")}
            try:
                self._check(call.region, offer.pool, count=missing)
            except PoolError as failure:
                errors.append({**names, "errorCode": failure.code, "errorMessage": str(failure)})
                continue
            fleet.launch_specs = [specs[offer.position]]
            for _ in range(missing):
                instance = _launch(fleet, market)
                _complete(instance, offer.template)
                launched.append({**names, "instanceIds": [instance.id], "instanceType": instance.instance_type})
        fleet.launch_specs = specs
        return as_ec2("CreateFleet", {"fleetId": fleet.id, "errorSet": errors, "fleetInstanceSet": launched})

    def _in_order(self, offers: list[Offer], market: Market) -> list[Offer]:
        """Return the offers as price-capacity-optimized tries them; on demand, as the client listed them."""
        if market is Market.ON_DEMAND:
            return offers
        now = time.time()
        return sorted(offers, key=lambda offer: self._scenario.price(offer.pool, now))

    def _check(self, region: str, pool: Pool, *, count: int) -> None:
        """Raise PoolError where a pool gives no `count` more instances."""
        if pool in self._scenario.pool_errors:
            raise PoolError(*self._scenario.pool_errors[pool])
        living = [pool_of(i) for i in instances_of(region) if i.state in ("pending", "running")]
        code = quota_of(pool)
        quota = self._scenario.quotas.get(code, 0.0)
        used = sum(num_vcpus(other.instance_type) for other in living if quota_of(other) == code)
        if used + count * num_vcpus(pool.instance_type) > quota:
            if pool.market is Market.SPOT:
                raise PoolError("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
            raise PoolError(
                "VcpuLimitExceeded",
                f"You have requested more vCPU capacity than your current vCPU limit of {quota:.0f} allows for the "
                "instance bucket that the specified instance type belongs to.",
            )
        if living.count(pool) + count > self._scenario.capacity.get(pool, count + len(living)):
            raise PoolError(
                "InsufficientInstanceCapacity",
                f"We currently do not have sufficient {pool.instance_type} capacity in the Availability Zone you "
                f"requested ({pool.zone}).",
            )


def _offers(backend: EC2Backend, configs: list[dict[str, Any]], market: Market) -> Iterator[Offer]:
    position = 0
    for config in configs:
        specification = config["LaunchTemplateSpecification"]
        template = _template_data(backend, specification)
        for override in config.get("Overrides") or [{}]:
            pool = _pool(backend, {**template, **override}, market)
            names = {"launchTemplateSpecification": _names(specification), "overrides": _names(override)}
            yield Offer(pool, position, template, names)
            position += 1


def _names(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: value for name, value in fields.items() if name != _FLEET_USER_DATA}


def _template_data(backend: EC2Backend, specification: Mapping[str, Any]) -> dict[str, Any]:
    if not specification:
        return {}
    if "LaunchTemplateId" in specification:
        template = backend.get_launch_template(specification["LaunchTemplateId"])
    else:
        template = backend.get_launch_template_by_name(specification["LaunchTemplateName"])
    return dict(template.get_version(specification.get("Version", "$Default")).data)


def _pool(backend: EC2Backend, wanted: Mapping[str, Any], market: Market) -> Pool:
    interfaces = wanted.get("NetworkInterfaces") or wanted.get("NetworkInterface") or [{}]
    subnet = wanted.get("SubnetId") or interfaces[0].get("SubnetId")
    if subnet:
        zone = backend.get_subnet(subnet).availability_zone
    else:
        placement = wanted.get("Placement") or {}
        zone = wanted.get("AvailabilityZone") or placement.get("AvailabilityZone") or f"{backend.region_name}a"
    return Pool(instance_type=wanted.get("InstanceType", "m1.small"), zone=zone, market=market)


def _launch(fleet: Any, market: Market) -> Any:
    if market is Market.SPOT:
        fleet.create_spot_requests(1)
        request = fleet.spot_requests[-1]
        request.type = "one-time"
        request.instance.spot_instance_request_id = request.id
        return request.instance
    fleet.create_on_demand_requests(1)
    return fleet.on_demand_instances[-1]["instance"]


def _complete(instance: Any, wanted: Mapping[str, Any]) -> None:
    """Give an instance what its launch template (or the call) says and moto leaves out."""
    if "InstanceInitiatedShutdownBehavior" in wanted:
        instance.instance_initiated_shutdown_behavior = wanted["InstanceInitiatedShutdownBehavior"]
    if "MetadataOptions" in wanted:
        instance.metadata_options = MetadataOptions(wanted["MetadataOptions"])
    interfaces = wanted.get("NetworkInterfaces") or [{}]
    groups = wanted.get("SecurityGroupIds") or interfaces[0].get("Groups") or []
    if groups:
        instance.security_groups = [instance.ec2_backend.get_security_group_from_id(group) for group in groups]
    profile = wanted.get("IamInstanceProfile") or {}
    if instance.id not in instance.ec2_backend.iam_instance_profile_associations and profile:
        instance.ec2_backend.associate_iam_instance_profile(
            instance_id=instance.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )


def _add_spot_request(backend: EC2Backend, instance: Any) -> None:
    """Add the Spot request that moto does not make for RunInstances."""

    class Fulfilled(SpotInstanceRequest):
        def launch_instance(self) -> Any:
            return instance

    request: Any = Fulfilled(
        backend,
        random_spot_request_id(),
        price="",
        image_id=instance.image_id,
        spot_instance_type="one-time",
        valid_from=None,
        valid_until=None,
        launch_group=None,
        availability_zone_group=None,
        key_name=instance.key_name,
        security_groups=[],
        user_data=instance.user_data,
        instance_type=instance.instance_type,
        placement=instance.placement.zone,
        kernel_id=None,
        ramdisk_id=None,
        monitoring_enabled=False,
        subnet_id=instance.subnet_id,
        tags={},
        spot_fleet_id=None,
        instance_interruption_behaviour=None,
    )
    instance.lifecycle, instance.spot_instance_request_id = "spot", request.id
    backend.spot_instance_requests[request.id] = request
