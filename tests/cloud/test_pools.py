"""A pool that failed or interrupted is not among the first again, and is forgiven with time."""

from cloud.pools import choose, choose_pools, order, remember
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Market, Pool

A, B, C = (Pool(instance_type="c7i.large", zone=f"us-east-1{letter}") for letter in "abc")
NOW = 1_000_000.0


def ended(cause: Cause, *, ago_s: float, pool: Pool | None = None, pools: tuple[Pool, ...] = ()) -> Attempt:
    return Attempt(
        number=1, token="t", state=AttemptState.ENDED, cause=cause, pool=pool, pools=pools, ended_at=NOW - ago_s
    )


def test_a_pool_that_interrupted_is_left_out_for_half_an_hour() -> None:
    memory = remember([ended(Cause.INTERRUPTED, ago_s=60, pool=A, pools=(A, B))])
    assert choose([A, B, C], memory, NOW) == [B, C]
    assert choose([A, B, C], memory, NOW + 1800) == [B, C, A]


def test_a_pool_without_capacity_is_left_out_for_three_minutes() -> None:
    memory = remember([ended(Cause.NO_CAPACITY, ago_s=0, pools=(A, B))])
    assert choose([A, B, C], memory, NOW + 170) == [C]
    assert choose([A, B, C], memory, NOW + 190) == [C, A, B]


def test_where_all_failed_all_are_tried_the_oldest_failure_first() -> None:
    memory = remember([ended(Cause.INTERRUPTED, ago_s=300, pool=A), ended(Cause.INTERRUPTED, ago_s=600, pool=B)])
    assert choose([A, B], memory, NOW) == [B, A]


def test_failures_add_up() -> None:
    attempts = [ended(Cause.INTERRUPTED, ago_s=ago_s, pool=A) for ago_s in (1900, 2000)]
    assert choose([A, B], remember(attempts), NOW) == [B]


def test_an_end_that_was_not_the_pools_fault_is_not_remembered() -> None:
    assert remember([ended(cause, ago_s=0, pool=A) for cause in (Cause.FINISHED, Cause.TERMINATED)]) == []


def test_equal_pools_keep_their_order() -> None:
    assert order([C, A, B], [], NOW) == [C, A, B]


def test_on_demand_comes_last_and_only_where_it_is_allowed() -> None:
    spec = CloudSpec(run_id="r", region="us-east-1", bucket="b", instance_types=("c7i.large",))
    assert choose_pools(spec, ["us-east-1a"], [], now=NOW) == [A]
    allowed = CloudSpec(
        run_id="r", region="us-east-1", bucket="b", instance_types=("c7i.large",), may_use_on_demand=True
    )
    on_demand = Pool(instance_type="c7i.large", zone="us-east-1a", market=Market.ON_DEMAND)
    assert choose_pools(allowed, ["us-east-1a"], [], now=NOW) == [A, on_demand]
