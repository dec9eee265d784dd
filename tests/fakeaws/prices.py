"""Prices and quotas, as EC2, the Pricing service and Service Quotas tell them from the scenario."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import Any

from cloud.records import Market, Pool
from tests.fakeaws.backend import ec2_of
from tests.fakeaws.calls import Call
from tests.fakeaws.replies import Reply, as_ec2, as_json, error
from tests.fakeaws.scenario import QUOTA_NAMES, PoolError, Scenario, num_vcpus

_LONGEST_HISTORY_S = 90 * 86400.0


def price_history(call: Call, scenario: Scenario) -> Reply:
    """Answer DescribeSpotPriceHistory: the price in force at StartTime and every change since, the newest first."""
    filters = {entry["Name"]: entry["Value"] for entry in call.params.get("Filter", [])}
    types = call.params.get("InstanceType") or filters.get("instance-type", [])
    every_zone = sorted({subnet.availability_zone for subnet in ec2_of(call.region).describe_subnets()})
    asked = [call.params["AvailabilityZone"]] if "AvailabilityZone" in call.params else []
    zones = asked or filters.get("availability-zone") or every_zone
    now = time.time()
    begin = _seconds(call.params["StartTime"]) if "StartTime" in call.params else now - _LONGEST_HISTORY_S
    items = [
        {
            "instanceType": kind,
            "productDescription": "Linux/UNIX",
            "spotPrice": f"{price:.6f}",
            "timestamp": _timestamp(since),
            "availabilityZone": zone,
        }
        for kind in types
        for zone in zones
        for since, price in _changes(scenario, Pool(instance_type=kind, zone=zone), begin, now)
    ]
    return as_ec2("DescribeSpotPriceHistory", {"spotPriceHistorySet": items, "nextToken": ""})


def get_products(call: Call, scenario: Scenario) -> Reply:
    """Answer the Pricing service's GetProducts: the on-demand price of an instance type in a region."""
    wanted = {entry["Field"]: entry["Value"] for entry in call.params.get("Filters", [])}
    kind, region = wanted.get("instanceType", ""), wanted.get("regionCode", "us-east-1")
    try:
        vcpus = num_vcpus(kind)
    except PoolError:
        return as_json({"FormatVersion": "aws_v1", "PriceList": []})
    pool = Pool(instance_type=kind, zone=f"{region}a", market=Market.ON_DEMAND)
    price = {"unit": "Hrs", "pricePerUnit": {"USD": f"{scenario.price(pool, time.time()):.10f}"}}
    attributes = {"instanceType": kind, "regionCode": region, "vcpu": str(vcpus), "operatingSystem": "Linux"}
    product: dict[str, Any] = {
        "product": {"productFamily": "Compute Instance", "sku": f"SKU{kind}", "attributes": attributes},
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {"SKU.OD": {"priceDimensions": {"SKU.OD.HRS": price}}}},
    }
    return as_json({"FormatVersion": "aws_v1", "PriceList": [json.dumps(product)]})


def quotas(call: Call, scenario: Scenario) -> Reply:
    """Answer Service Quotas: GetServiceQuota and ListServiceQuotas of EC2."""
    known = {code: _quota(code, value) for code, value in scenario.quotas.items()}
    if call.action == "ListServiceQuotas":
        return as_json({"Quotas": list(known.values())})
    if call.action == "GetServiceQuota" and call.params["QuotaCode"] in known:
        return as_json({"Quota": known[call.params["QuotaCode"]]})
    return error(call, "NoSuchResourceException", "The request failed because the specified quota does not exist.")


def _quota(code: str, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaCode": code,
        "QuotaName": QUOTA_NAMES.get(code, code),
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _changes(scenario: Scenario, pool: Pool, begin: float, now: float) -> list[tuple[float, float]]:
    try:
        num_vcpus(pool.instance_type)
    except PoolError:
        return []
    curve = [(max(since, now - _LONGEST_HISTORY_S), price) for since, price in scenario.curve(pool) if since <= now]
    first = max((since for since, _ in curve if since <= begin), default=0.0)
    return [(since, price) for since, price in reversed(curve) if since >= first]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
