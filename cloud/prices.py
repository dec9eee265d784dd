"""What instances cost in an hour, in US dollars, as AWS says now. What AWS does not say is unknown, never guessed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

from cloud.door import Door
from cloud.errors import CloudError
from cloud.records import Market, Pool

_PRICING_REGION = "us-east-1"
"""The price list of all regions is served there."""
_OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe", "eusc-")
_PRODUCT = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
}
"""What we launch; the price list has hundreds of variants of each type."""


def spot_prices(door: Door, instance_types: Iterable[str]) -> dict[Pool, float]:
    """Return what each type costs on Spot now, in every zone that has it. Raises CloudError."""
    found: dict[Pool, tuple[datetime, float]] = {}
    types = sorted(set(instance_types))
    if not types:
        return {}
    for item in door.pages(
        "ec2",
        "describe_spot_price_history",
        "SpotPriceHistory",
        InstanceTypes=types,
        ProductDescriptions=["Linux/UNIX"],
        StartTime=datetime.fromtimestamp(time.time(), timezone.utc),
    ):
        pool = Pool(instance_type=item["InstanceType"], zone=item["AvailabilityZone"])
        told = (item["Timestamp"], float(item["SpotPrice"]))
        found[pool] = max(found.get(pool, told), told)
    return {pool: price for pool, (_, price) in found.items()}


def on_demand_prices(door: Door, instance_types: Iterable[str]) -> dict[str, float]:
    """Return what each type costs on demand; types whose price cannot be learned are left out."""
    types = sorted(set(instance_types))
    if not types or door.region.startswith(_OTHER_PARTITIONS):
        return {}
    pricing = door.in_region(_PRICING_REGION)
    with ThreadPoolExecutor(min(8, len(types))) as threads:
        prices = threads.map(lambda name: _on_demand_price(pricing, name, door.region), types)
        return {name: price for name, price in zip(types, prices, strict=True) if price is not None}


def current_prices(door: Door, pools: Iterable[Pool]) -> dict[Pool, float]:
    """Return what the pools cost now; those whose price is not known are left out. Raises CloudError."""
    wanted = list(pools)
    spot = spot_prices(door, (pool.instance_type for pool in wanted if pool.market is Market.SPOT))
    on_demand = on_demand_prices(door, (pool.instance_type for pool in wanted if pool.market is Market.ON_DEMAND))
    found = {
        pool: spot.get(pool) if pool.market is Market.SPOT else on_demand.get(pool.instance_type) for pool in wanted
    }
    return {pool: price for pool, price in found.items() if price is not None}


def _on_demand_price(pricing: Door, instance_type: str, region: str) -> float | None:
    fields = {"instanceType": instance_type, "regionCode": region, **_PRODUCT}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in fields.items()]
    try:
        answer = pricing.call("pricing", "get_products", ServiceCode="AmazonEC2", Filters=filters)
    except CloudError:  # savings are then not shown; nothing else depends on it
        return None
    return next((price for product in answer["PriceList"] for price in _hourly(json.loads(product))), None)


def _hourly(product: dict[str, Any]) -> Iterator[float]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            price = float(dimension["pricePerUnit"].get("USD", 0.0))
            if dimension["unit"] == "Hrs" and price > 0:
                yield price
