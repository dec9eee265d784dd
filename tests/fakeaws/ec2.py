"""EC2: what moto does not answer as AWS does. Everything else goes through.

Calls are answered one at a time, so that two launches with one client token cannot both launch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from tests.fakeaws.backend import ec2_of, instances_of
from tests.fakeaws.calls import Call
from tests.fakeaws.launching import Forward, Launching, check_user_data
from tests.fakeaws.prices import price_history
from tests.fakeaws.replies import Reply, as_ec2, error
from tests.fakeaws.scenario import PoolError, Scenario


class Ec2:
    """EC2 of all regions."""

    def __init__(self, scenario: Scenario, forward: Forward) -> None:
        self._scenario = scenario
        self._forward = forward
        self._launching = Launching(scenario, forward)
        self._launches: dict[tuple[str, str, str], tuple[str, Reply, list[str]]] = {}
        """By region, action and client token: what was asked, the reply, the instances."""
        self._unseen: dict[str, int] = {}
        """How often each instance is still not found."""
        self._own: dict[str, Callable[[Call], Reply]] = {
            "CreateFleet": self._launch,
            "RunInstances": self._launch,
            "DescribeInstances": self._look,
            "TerminateInstances": self._look,
            "DeleteFleets": _delete_fleets,
            "CancelSpotInstanceRequests": _cancel_spot_requests,
            "CreateLaunchTemplate": self._create_template,
            "CreateLaunchTemplateVersion": self._create_template,
            "DescribeSpotPriceHistory": lambda call: price_history(call, scenario),
        }

    def answer(self, call: Call) -> Reply:
        """Answer one call."""
        try:
            return self._own.get(call.action, self._pass)(call)
        except PoolError as failure:
            return error(call, failure.code, str(failure))

    def _pass(self, call: Call) -> Reply:
        return self._forward(call, {})

    def _launch(self, call: Call) -> Reply:
        """Launch, or answer as before where this client token has launched already."""
        token = call.params.get("ClientToken", "")
        asked = hashlib.sha256(json.dumps(call.params, sort_keys=True).encode()).hexdigest()
        known = self._launches.get((call.region, call.action, token))
        if known and known[0] != asked:
            text = "The request uses the same client token as a previous, but non-identical request."
            return error(call, "IdempotentParameterMismatch", text)
        if known and call.action == "RunInstances" and self._are_ended(call.region, known[2]):
            text = "The client token was used for instances that are terminated."
            return error(call, "IdempotentInstanceTerminated", text)
        if known:
            return known[1]
        before = {instance.id for instance in instances_of(call.region)}
        is_fleet = call.action == "CreateFleet"
        reply = self._launching.create_fleet(call) if is_fleet else self._launching.run_instances(call)
        new = [instance for instance in instances_of(call.region) if instance.id not in before]
        for instance in new:
            instance.client_token = token
            self._unseen[instance.id] = self._scenario.hidden_describes
        if token and reply.status == 200:
            self._launches[call.region, call.action, token] = asked, reply, [instance.id for instance in new]
        return reply

    def _are_ended(self, region: str, instance_ids: list[str]) -> bool:
        return all(i.state == "terminated" for i in instances_of(region) if i.id in instance_ids)

    def _look(self, call: Call) -> Reply:
        """Answer as if new instances were not known everywhere yet."""
        unseen = {instance_id for instance_id, looks in self._unseen.items() if looks > 0}
        asked = call.params.get("InstanceId", [])
        for instance_id in unseen.intersection(asked) if asked else unseen:
            self._unseen[instance_id] -= 1
        if unseen.intersection(asked):
            text = f"The instance ID '{min(unseen.intersection(asked))}' does not exist"
            return error(call, "InvalidInstanceID.NotFound", text)
        reservations = ec2_of(call.region).reservations
        hidden = [r for r in reservations.values() if any(i.id in unseen for i in r.instances)]
        for reservation in hidden:
            del reservations[reservation.id]
        try:
            return self._forward(call, {})
        finally:
            reservations.update({reservation.id: reservation for reservation in hidden})

    def _create_template(self, call: Call) -> Reply:
        check_user_data(call.params.get("LaunchTemplateData", {}).get("UserData", ""))
        reply = self._forward(call, {})
        if reply.status == 200 and "SourceVersion" in call.params:
            template = ec2_of(call.region).get_launch_template(call.params["LaunchTemplateId"])
            source, new = template.get_version(call.params["SourceVersion"]), template.latest_version()
            new.data = {**source.data, **new.data}  # moto forgets what the new version does not name
        return reply


def _delete_fleets(call: Call) -> Reply:
    backend, deleted, refused = ec2_of(call.region), [], []
    ends_instances = call.params.get("TerminateInstances") == "true"
    for fleet_id in call.params.get("FleetId", []):
        fleet = backend.fleets.get(fleet_id)
        if fleet is None:
            text = f"The fleet {fleet_id} does not exist."
            refused.append({"fleetId": fleet_id, "error": {"code": "fleetIdDoesNotExist", "message": text}})
        elif fleet.fleet_type == "instant" and not ends_instances:
            text = "An instant fleet is deleted together with its instances."
            refused.append({"fleetId": fleet_id, "error": {"code": "fleetNotInDeletableState", "message": text}})
        else:
            before = fleet.state
            living = [spot.instance for spot in fleet.spot_requests] + [
                i["instance"] for i in fleet.on_demand_instances
            ]
            for instance in living if ends_instances else ():
                instance.terminate()
            fleet.state = "deleted_terminating" if ends_instances else "deleted_running"
            deleted.append({"fleetId": fleet_id, "currentFleetState": fleet.state, "previousFleetState": before})
    return as_ec2("DeleteFleets", {"successfulFleetDeletionSet": deleted, "unsuccessfulFleetDeletionSet": refused})


def _cancel_spot_requests(call: Call) -> Reply:
    requests = ec2_of(call.region).spot_instance_requests
    wanted = call.params.get("SpotInstanceRequestId", [])
    unknown = [name for name in wanted if name not in requests]
    if unknown:
        text = f"The spot instance request ID '{unknown[0]}' does not exist"
        return error(call, "InvalidSpotInstanceRequestID.NotFound", text)
    for name in wanted:
        if requests[name].state in ("open", "active"):
            requests[name].state = "cancelled"
    cancelled = [{"spotInstanceRequestId": name, "state": requests[name].state} for name in wanted]
    return as_ec2("CancelSpotInstanceRequests", {"spotInstanceRequestSet": cancelled})
