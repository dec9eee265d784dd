"""Look at the account and the stack as they are, and put back what has drifted.

Each check looks at one thing by AWS's API, not at what CloudFormation believes. Nothing that costs money is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from cloud.changes import find_stack
from cloud.deploy import read_outputs
from cloud.errors import CloudError
from cloud.findings import Finding, Verdict, Visit
from cloud.instance_types import describe_types
from cloud.quotas import Quota, check_quota
from cloud.records import Market
from cloud.service_roles import command, make_role, missing_roles
from cloud.stack_checks import look_at_bucket, look_at_images, look_at_machines, look_at_network, look_at_reaper

MAX_OFFSET_S = 30.0
"""Of this machine's clock; AWS refuses requests that are five minutes off."""
PROBES = ("c7i.large", "g5.xlarge")
"""One type for each of the quotas that runs use: without and with a GPU."""
_WHOLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


def examine(visit: Visit) -> Iterator[Finding]:
    """Yield what was found, one check after the other. Raises nothing: a check that AWS refuses is a failure."""
    identity = _examined("credentials", lambda: _credentials(visit))
    yield from identity
    if identity[-1].verdict is Verdict.FAILURE:
        return  # every other check would say the same
    yield from _examined("region", lambda: _region(visit))
    yield from _examined("spot roles", lambda: _roles(visit))
    yield from _examined("quotas", lambda: _quotas(visit))
    stack = _examined("stack", lambda: _stack(visit))
    yield from stack
    if stack[-1].verdict is Verdict.FAILURE:
        return
    outputs = read_outputs(visit.door, visit.stack)
    yield from _examined("bucket", lambda: look_at_bucket(visit, outputs))
    yield from _examined("images", lambda: look_at_images(visit))
    yield from _examined("machines", lambda: look_at_machines(visit, outputs))
    yield from _examined("network", lambda: look_at_network(visit, outputs))
    yield from _examined("reaper", lambda: look_at_reaper(visit, outputs))


def _examined(name: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except CloudError as err:
        return [Finding(name=name, verdict=Verdict.FAILURE, seen=str(err))]


def _credentials(visit: Visit) -> list[Finding]:
    began = time.time()
    answer = visit.door.call("sts", "get_caller_identity")
    found = [Finding(name="credentials", verdict=Verdict.OK, seen=answer["Arn"])]
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date:
        found.append(_clock(parsedate_to_datetime(date).timestamp() - (began + time.time()) / 2))
    return found


def _clock(offset_s: float) -> Finding:
    """Judge by how much AWS's clock is ahead; its answers tell whole seconds."""
    if abs(offset_s) <= MAX_OFFSET_S:
        return Finding(name="clock", verdict=Verdict.OK, seen=f"within {max(1, round(abs(offset_s)))} s of AWS's")
    way = "behind" if offset_s > 0 else "ahead of"
    return Finding(
        name="clock",
        verdict=Verdict.WARNING,
        seen=f"this machine's clock is {abs(offset_s):.0f} s {way} AWS's",
        fix="set the clock, such as `timedatectl set-ntp true`; AWS refuses requests that are five minutes off",
    )


def _region(visit: Visit) -> list[Finding]:
    name = visit.door.region
    answer = visit.door.call("ec2", "describe_regions", RegionNames=[name], AllRegions=True)
    if answer["Regions"][0].get("OptInStatus") == "not-opted-in":
        fix = f"enable it with `aws account enable-region --region-name {name}`, or choose another with --region"
        return [Finding(name="region", verdict=Verdict.FAILURE, seen=f"{name} is not enabled", fix=fix)]
    return [Finding(name="region", verdict=Verdict.OK, seen=name)]


def _roles(visit: Visit) -> list[Finding]:
    missing = missing_roles(visit.door)
    if not missing:
        return [Finding(name="spot roles", verdict=Verdict.OK, seen="EC2 may take Spot capacity for this account")]
    if not visit.may_repair:
        return [
            Finding(name="spot roles", verdict=Verdict.FAILURE, seen=f"missing: {', '.join(missing)}", fix=command())
        ]
    for name in missing:
        make_role(visit.door, name)
    return [Finding(name="spot roles", verdict=Verdict.REPAIRED, seen=f"made {' and '.join(missing)}")]


def _quotas(visit: Visit) -> list[Finding]:
    """Tell what may be launched; that no GPU may is how every account begins, and no fault."""
    facts = describe_types(visit.door, PROBES)
    report = check_quota(visit.door, facts.values(), Market.SPOT)
    limits = [f"{quota.name}: {_free(quota)}" for quota in report.quotas]
    verdict = Verdict.WARNING if PROBES[0] in report.refused else Verdict.OK
    fix = " ".join(dict.fromkeys(report.refused.values()))
    return [Finding(name="quotas", verdict=verdict, seen="; ".join(limits) or "not known", fix=fix)]


def _free(quota: Quota) -> str:
    return "not known" if quota.limit_vcpus is None else f"{quota.free_vcpus} of {quota.limit_vcpus} vCPUs free"


def _stack(visit: Visit) -> list[Finding]:
    found = find_stack(visit.door, visit.stack)
    again = "rlrobo cloud deploy"
    if found is None:
        seen = f"there is no stack {visit.stack} in {visit.door.region}"
        return [Finding(name="stack", verdict=Verdict.FAILURE, seen=seen, fix=again)]
    if found["StackStatus"] not in _WHOLE:
        seen = f"{visit.stack} is in {found['StackStatus']}"
        return [Finding(name="stack", verdict=Verdict.FAILURE, seen=seen, fix=f"{again} goes on from there")]
    read_outputs(visit.door, visit.stack)
    pages = visit.door.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=visit.stack)
    everything = list(pages)
    empty = [each["LogicalResourceId"] for each in everything if not each.get("PhysicalResourceId")]
    if empty:
        seen = f"{visit.stack} claims resources that are not there: {', '.join(empty)}"
        return [Finding(name="stack", verdict=Verdict.WARNING, seen=seen, fix=f"rlrobo cloud destroy, then {again}")]
    seen = f"{visit.stack}, {found['StackStatus']}, {len(everything)} resources"
    return [Finding(name="stack", verdict=Verdict.OK, seen=seen)]
