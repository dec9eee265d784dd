"""Instances that hang, come back, or cannot reach S3 or their metadata service, on the pretended AWS."""

import signal
from pathlib import Path

import pytest

from cloud.records import Cause
from tests.cloud.spot_world import LONG, MEDIUM, World, policy_digest, train_here
from tests.fakeaws.imds import ImdsFault
from tests.fakeaws.scenario import Fails, Fault, From

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]


def test_a_machine_that_wakes_up_after_its_successor_writes_nothing_more(world: World, tmp_path: Path) -> None:
    run = world.new_run(*LONG)
    world.follow(run)
    first = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    world.fake.freeze(first.instance_id)
    world.fake.forsake(first.instance_id)
    world.life(2)
    world.wait_for_checkpoint(run, 2048, attempt=2)
    before = len(world.fake.calls)
    world.fake.thaw(first.instance_id)
    world.fake.wait_until(lambda: first.ended_at, f"it ends itself: {world.told(run)}", timeout_s=120)
    assert first.reason == "Client.InstanceInitiatedShutdown"
    tried = [call for _, call in world.fake.calls[before:] if world.fake.instance_of(call) == first.instance_id]
    assert not any(call.action == "PutObject" and "HEAD" in call.key and not call.is_conditional for call in tried)
    world.wait_for_checkpoint(run, world.head_step(run) + 1, attempt=2)
    assert world.fake.alive == [world.fake.lives[1]]


def test_money_is_not_spent_by_an_agent_that_hangs(world: World) -> None:
    run = world.new_run(*LONG, max_price_total_usd=0.03 * 150 / 3600)
    link = world.follow(run)
    life = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    link.kill()
    assert world.signal_on(life, "cloud.agent", signal.SIGSTOP) == 1
    world.fake.wait_until(lambda: life.ended_at, "its watchdog ends it", timeout_s=200)
    assert world.fake.spent_usd() <= 0.03 * 160 / 3600


def test_a_machine_whose_agent_dies_again_and_again_ends_itself(world: World) -> None:
    run = world.new_run(*LONG)
    link = world.follow(run)
    life = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    link.kill()

    def has_ended() -> bool:
        world.signal_on(life, "cloud.agent", signal.SIGKILL)
        return life.ended_at is not None

    world.fake.wait_until(has_ended, f"it gives up: {world.told(run)}", timeout_s=120)
    assert life.reason == "Client.InstanceInitiatedShutdown"
    (attempt,) = world.attempts(run)
    assert attempt.cause is Cause.BOOT_FAILED


def test_s3_that_fails_in_every_way_costs_no_bit(world: World, tmp_path: Path) -> None:
    writes = ("PutObject", "GetObject", "ListObjectsV2")
    for action in writes:
        common = {"action": action, "by": From.INSTANCE}
        world.fake.scenario.fail(Fault(**common, code="SlowDown", status=503, times=6, skip=5))
        world.fake.scenario.fail(Fault(**common, fails=Fails.CUT, times=4, skip=5))
        world.fake.scenario.fail(Fault(**common, fails=Fails.REPLY_LOST, times=4, skip=8))
    world.fake.scenario.fail(
        Fault(
            action="PutObject",
            code="ConditionalRequestConflict",
            status=409,
            times=4,
            by=From.INSTANCE,
            where=lambda call: call.is_conditional,
        )
    )
    run = world.new_run(*MEDIUM)
    world.follow(run)
    assert world.wait_for_end(run).cause is Cause.FINISHED, world.told(run)
    assert len(world.fake.lives) == 1
    assert policy_digest(run) == policy_digest(train_here(tmp_path / "here", *MEDIUM))


@pytest.mark.parametrize("fault", ImdsFault)
def test_a_metadata_service_that_fails_for_a_while_ends_nothing(fault: ImdsFault, world: World) -> None:
    run = world.new_run(*MEDIUM)
    world.follow(run)
    life = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    life.machine.imds.fault = fault
    world.wait_for_checkpoint(run, 10000)
    life.machine.imds.fault = None
    assert world.wait_for_end(run).cause is Cause.FINISHED, world.told(run)
    assert len(world.fake.lives) == 1
