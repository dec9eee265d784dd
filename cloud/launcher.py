"""Launch an attempt: one instance, whatever happens on the way.

The caller has written the attempt down. What is sent carries its token and its tags: a launch whose answer was lost is
found again instead of being repeated, here or by another process.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from cloud.door import Door
from cloud.errors import CloudError
from cloud.explain import Kind, kind_of
from cloud.fleet import (
    MAX_USER_DATA_BYTES,
    Launched,
    Recipe,
    Refusal,
    fleet_request,
    is_worth_another_try,
    read_answer,
    sentence,
    tags_of,
)
from cloud.images import resolve_image
from cloud.instance_types import InstanceFacts, describe_types
from cloud.instances import (
    Instance,
    again_while_unknown,
    delete_fleets,
    describe,
    ended_cause,
    find_instances,
    terminate,
)
from cloud.outputs import StackOutputs
from cloud.prices import current_prices, on_demand_prices
from cloud.quota_codes import quota_code
from cloud.quotas import used_vcpus
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool, encode
from engine.protocol.crash_points import reach

_TRIES = 3
_USED_TOKEN = ("IdempotentParameterMismatch", "IdempotentInstanceTerminated")


def token_for(spec: CloudSpec, number: int) -> str:
    """Return the client token of an attempt: 64 ASCII characters, another for each attempt and each spec."""
    return hashlib.sha256(f"{spec.run_id} {number} ".encode() + encode(spec)).hexdigest()


def launch(door: Door, spec: CloudSpec, attempt: Attempt, *, stack: StackOutputs, user_data: str) -> Attempt:
    """Launch an attempt in one of its pools, Spot before on demand; return it LAUNCHED, or ENDED with the reason.

    Called again for the same attempt it launches nothing new. Raises CloudError where AWS did not answer, limits calls
    or does not accept our credentials: the attempt stays as it is, and the same call has to be made again.
    """
    if len(user_data.encode()) > MAX_USER_DATA_BYTES:
        raise CloudError(f"The user data has {len(user_data.encode())} bytes; EC2 takes {MAX_USER_DATA_BYTES}.")
    if found := _find(door, spec, attempt):
        return _as_found(door, attempt, found)
    if not any(pool.zone in stack.subnets for pool in attempt.pools):
        detail = (
            f"The stack {stack.stack} has no subnet in the zones of this attempt. `rlrobo cloud deploy` looks anew."
        )
        return _ended(attempt, Cause.REFUSED, detail)
    facts = describe_types(door, (pool.instance_type for pool in attempt.pools))
    recipe = Recipe(spec, attempt, stack, user_data, _images(door, attempt, facts))
    refusals: list[Refusal] = []
    for market in (Market.SPOT, Market.ON_DEMAND):
        pools = [pool for pool in attempt.pools if pool.market is market and pool.zone in stack.subnets]
        if not pools:
            continue
        launched = _launch_in(door, recipe, pools)
        if launched.instance_id:
            return _as_launched(door, recipe, launched, pools[0])
        refusals += _with_vcpus(door, launched.refusals, market, facts)
    return _as_refused(door, attempt, refusals)


def _find(door: Door, spec: CloudSpec, attempt: Attempt) -> list[Instance]:
    """Return the instances of an attempt, those that are there first."""
    found = [each for each in find_instances(door, run_id=spec.run_id) if each.attempt == attempt.number]
    return sorted(found, key=lambda instance: not instance.is_there)


def _as_found(door: Door, attempt: Attempt, found: Sequence[Instance]) -> Attempt:
    """Return an attempt that was launched before, as its instance is now."""
    first = found[0]
    terminate(door, [extra.id for extra in found[1:] if extra.is_there])
    attempt = _with_instance(door, attempt, first)
    if first.is_there:
        return attempt
    cause = ended_cause(first) if ended_cause(first) is not Cause.NONE else Cause.LOST
    return _ended(attempt, cause, f"{first.id} ({first.pool}) ended: {first.state_reason or first.state}.")


def _images(door: Door, attempt: Attempt, facts: Mapping[str, InstanceFacts]) -> dict[str, str]:
    """Return the image of each instance type: the attempt's own where it has one already."""
    names = {pool.instance_type for pool in attempt.pools}
    has_cuda = {name: name in facts and facts[name].has_cuda for name in names}
    images = {each: attempt.image_id or resolve_image(door, has_cuda=each) for each in set(has_cuda.values())}
    return {name: images[has_cuda[name]] for name in names}


def _launch_in(door: Door, recipe: Recipe, pools: Sequence[Pool]) -> Launched:
    """Ask for one instance in one of `pools`, all of one market."""
    zones = {subnet: zone for zone, subnet in recipe.stack.subnets.items()}
    try:
        answer = _create_fleet(door, fleet_request(recipe, pools))
    except CloudError as err:
        if kind_of(err.code) in (Kind.CREDENTIALS, Kind.NETWORK, Kind.THROTTLED):
            raise
        if err.code in _USED_TOKEN and (found := _look_again(door, recipe)):
            return Launched("", found.id, found.pool, ())
        return Launched("", "", None, tuple(Refusal(pool, err.code, err.reason) for pool in pools))
    launched = read_answer(answer, pools[0].market, zones)
    if not launched.instance_id:
        with contextlib.suppress(CloudError):  # it is empty; cloud/sweep.py finds what stays
            delete_fleets(door, [launched.fleet_id])
    return launched


def _create_fleet(door: Door, request: dict[str, Any]) -> dict[str, Any]:
    """Send the request, again where no answer came: the token makes it one launch."""
    for tries_left in reversed(range(_TRIES)):
        reach("cloud-before-launch")
        try:
            answer = door.call("ec2", "create_fleet", is_launch=True, **request)
        except CloudError as err:
            if kind_of(err.code) not in (Kind.NETWORK, Kind.THROTTLED) or not tries_left:
                raise
        else:
            reach("cloud-after-launch")
            return answer
        time.sleep(2.0**-tries_left)
    raise AssertionError("the loop returns or raises")


def _look_again(door: Door, recipe: Recipe) -> Instance | None:
    """Return the instance that another request with the same token launched, where it is there."""

    def look() -> Instance | None:
        return next((each for each in _find(door, recipe.spec, recipe.attempt) if each.is_there), None)

    return again_while_unknown(look)


def _as_launched(door: Door, recipe: Recipe, launched: Launched, first: Pool) -> Attempt:
    instance = again_while_unknown(lambda: describe(door, launched.instance_id, launched_at=time.time()))
    attempt = msgspec.structs.replace(recipe.attempt, fleet_id=launched.fleet_id)
    if instance is not None:
        _tag_request(door, recipe, instance)
        return _with_instance(door, attempt, instance)
    # EC2 gave it and does not show it yet; what the answer said will do.
    pool = launched.pool or first
    return msgspec.structs.replace(
        attempt,
        state=AttemptState.LAUNCHED,
        instance_id=launched.instance_id,
        pool=pool,
        launched_at=time.time(),
        **_prices(door, pool),
    )


def _tag_request(door: Door, recipe: Recipe, instance: Instance) -> None:
    """Tag the Spot request, which a fleet cannot; it ends with its instance, so nothing depends on that."""
    if instance.spot_request_id:
        with contextlib.suppress(CloudError):
            door.call("ec2", "create_tags", Resources=[instance.spot_request_id], Tags=tags_of(recipe))


def _with_instance(door: Door, attempt: Attempt, instance: Instance) -> Attempt:
    return msgspec.structs.replace(
        attempt,
        state=AttemptState.LAUNCHED,
        instance_id=instance.id,
        pool=instance.pool,
        image_id=instance.image_id,
        launched_at=instance.launched_at,
        **_prices(door, instance.pool),
    )


def _as_refused(door: Door, attempt: Attempt, refusals: Sequence[Refusal]) -> Attempt:
    if any(refusal.code in _USED_TOKEN for refusal in refusals):
        cause = Cause.LOST  # the next attempt has a token of its own
    elif is_worth_another_try(refusals, door.region):
        cause = Cause.NO_CAPACITY
    else:
        cause = Cause.REFUSED
    return _ended(attempt, cause, sentence(refusals, door.region))


def _ended(attempt: Attempt, cause: Cause, detail: str) -> Attempt:
    return msgspec.structs.replace(attempt, state=AttemptState.ENDED, ended_at=time.time(), cause=cause, detail=detail)


def _with_vcpus(
    door: Door, refusals: Sequence[Refusal], market: Market, facts: Mapping[str, InstanceFacts]
) -> list[Refusal]:
    """Tell what the refused pools need, and how much of a quota that is used up is in use already."""
    used: dict[str, int] = {}
    if any(kind_of(refusal.code) is Kind.QUOTA for refusal in refusals):
        with contextlib.suppress(CloudError):  # the sentence is less exact then
            used = used_vcpus(door, market)
    found = []
    for refusal in refusals:
        known = facts.get(refusal.pool.instance_type) if refusal.pool else None
        code = quota_code(known.name, market) if known else None
        vcpus, in_use = known.vcpus if known else 0, used.get(code.code, 0) if code else 0
        found.append(refusal._replace(vcpus=vcpus, used_vcpus=in_use))
    return found


def _prices(door: Door, pool: Pool) -> dict[str, float | None]:
    """Return what a pool costs now, as fields of an attempt; unknown prices do not fail a launch."""
    try:
        price = current_prices(door, [pool]).get(pool)
    except CloudError:
        price = None
    on_demand = on_demand_prices(door, [pool.instance_type]).get(pool.instance_type)
    return {"price_per_hour_usd": price, "on_demand_price_per_hour_usd": on_demand}
