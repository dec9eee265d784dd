"""Which quota counts a type."""

import pytest

from cloud.quota_codes import quota_code
from cloud.records import Market

SPOT = {
    "c7i.2xlarge": "L-34B43A08",
    "im4gn.large": "L-34B43A08",
    "t3.micro": "L-34B43A08",
    "g5.xlarge": "L-3819A6DF",
    "gr6.4xlarge": "L-3819A6DF",
    "p4d.24xlarge": "L-7212CCBC",
    "p5en.48xlarge": "L-C4BD4855",
    "trn1.2xlarge": "L-6B0D517C",
    "x2iedn.xlarge": "L-E3A00192",
    "dl1.24xlarge": "L-85EED4F7",
}


@pytest.mark.parametrize("instance_type", SPOT)
def test_a_type_is_counted_by_its_family(instance_type: str) -> None:
    quota = quota_code(instance_type, Market.SPOT)
    assert quota is not None
    assert quota.code == SPOT[instance_type]


def test_markets_have_quotas_of_their_own() -> None:
    quota = quota_code("p5.48xlarge", Market.ON_DEMAND)
    assert quota is not None
    assert (quota.code, str(quota)) == ("L-417A185B", "on-demand quota of P instances")


@pytest.mark.parametrize("instance_type", ["hpc7a.96xlarge", "mac2.metal", "u-6tb1.metal", "", "7"])
def test_an_unknown_family_has_none(instance_type: str) -> None:
    assert quota_code(instance_type, Market.SPOT) is None
