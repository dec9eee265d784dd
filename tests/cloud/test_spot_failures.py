"""What goes wrong around a run on Spot, on the pretended AWS: no second instance, nothing left paid, nothing lost."""

import signal
import time

import pytest

from cloud.records import Cause
from engine.protocol.crash_points import VARIABLE
from engine.protocol.events import RunEnded
from engine.protocol.status import EndReason
from tests.cloud.spot_world import LONG, MEDIUM, SHORT, World, events_of
from tests.fakeaws.scenario import Fails, Fault, From

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]


@pytest.mark.parametrize("place", ["intended", "before-launch", "after-launch", "launched"])
def test_a_user_s_machine_that_dies_around_the_launch_gets_one_instance(
    place: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = world.new_run(*SHORT)
    monkeypatch.setenv(VARIABLE, f"cloud-{place}")
    assert world.follow(run).wait(timeout=120) == -signal.SIGKILL
    monkeypatch.delenv(VARIABLE)
    world.follow(run)
    assert world.wait_for_end(run).cause is Cause.FINISHED
    assert len(world.fake.lives) == 1


def test_a_launch_whose_reply_is_lost_gives_one_instance(world: World) -> None:
    world.fake.scenario.fail(Fault(action="CreateFleet", fails=Fails.REPLY_LOST))
    world.fake.scenario.hidden_describes = 2
    run = world.new_run(*SHORT)
    world.follow(run)
    assert world.wait_for_end(run).cause is Cause.FINISHED
    assert len(world.fake.lives) == 1
    assert len(world.attempts(run)) == 1


def test_a_closed_laptop_misses_an_interruption_and_the_end_and_loses_nothing(world: World) -> None:
    run = world.new_run(*MEDIUM)
    link = world.follow(run)
    first = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    link.send_signal(signal.SIGSTOP)
    world.fake.interrupt(first.instance_id, notice_s=0)
    link.send_signal(signal.SIGCONT)
    world.life(2)
    link.send_signal(signal.SIGSTOP)
    world.fake.wait_until(lambda: not world.fake.alive, "the instance ends by itself", timeout_s=120)
    assert world.fake.lives[1].reason == "Client.InstanceInitiatedShutdown"
    end = world.end_of(run)
    assert end is not None
    assert end.cause is Cause.FINISHED
    link.send_signal(signal.SIGCONT)
    world.wait_for_end(run)
    numbers = [event.seq for event in events_of(run)]
    assert numbers == sorted(set(numbers))
    assert isinstance(events_of(run)[-1], RunEnded)


def test_a_run_that_fails_while_the_laptop_is_closed_costs_nothing_more(world: World) -> None:
    run = world.new_run(*LONG, "learning_rate=1e30")
    link = world.follow(run)
    world.life(1)
    link.send_signal(signal.SIGSTOP)
    world.fake.wait_until(lambda: not world.fake.alive, "the instance ends by itself", timeout_s=120)
    link.send_signal(signal.SIGCONT)
    assert world.wait_for_end(run).cause is Cause.FAILED
    assert len(world.fake.lives) == 1
    last = events_of(run)[-1]
    assert isinstance(last, RunEnded)
    assert last.reason is EndReason.DIVERGED


def test_the_deadline_holds_where_everything_on_the_instance_hangs(world: World) -> None:
    run = world.new_run(*LONG, max_hours=60 / 3600)
    link = world.follow(run)
    life = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    link.kill()
    world.fake.freeze(life.instance_id)
    world.fake.wait_until(lambda: life.ended_at, "the system's own timer ends it", timeout_s=120)
    assert life.reason == "Client.InstanceInitiatedShutdown"
    assert life.ended_at is not None
    assert life.ended_at < world.spec(run).deadline() + 120 * world.fake.timescale


def test_money_that_is_spent_ends_the_run_without_the_laptop(world: World) -> None:
    # A c7i.large costs 3 cents an hour here, and at least a minute of it is paid.
    run = world.new_run(*LONG, max_price_total_usd=0.03 * 150 / 3600)
    link = world.follow(run)
    world.life(1)
    world.wait_for_checkpoint(run, 2048)
    link.kill()
    world.fake.wait_until(lambda: not world.fake.alive, "the instance ends by itself", timeout_s=200)
    end = world.end_of(run)
    assert end is not None
    assert end.cause is Cause.BUDGET
    assert world.fake.spent_usd() <= 0.03 * 160 / 3600


def test_an_agent_that_is_killed_goes_on_on_its_machine(world: World) -> None:
    run = world.new_run(*MEDIUM)
    world.follow(run)
    life = world.life(1)
    world.wait_for_checkpoint(run, 2048)
    assert world.signal_on(life, "cloud.agent", signal.SIGKILL) == 1
    assert world.wait_for_end(run).cause is Cause.FINISHED
    assert len(world.fake.lives) == 1


def test_credentials_of_the_user_may_expire_and_those_of_the_instance_rotate(world: World) -> None:
    world.fake.scenario.role_lifetime_s = 4.0
    run = world.new_run(*MEDIUM)
    world.follow(run)
    world.life(1)
    expired = world.fake.scenario.fail(Fault(action="*", code="ExpiredToken", by=From.USER, times=None))
    world.fake.wait_until(lambda: not world.fake.alive, "the instance trains and ends", timeout_s=120)
    assert world.links[-1].poll() is None
    world.fake.scenario.remove(expired)
    assert world.wait_for_end(run).cause is Cause.FINISHED
    used = {call.access_key for by, call in world.fake.calls if by is From.INSTANCE}
    assert len(used) > 1


def test_no_capacity_anywhere_is_told_and_waited_for(world: World) -> None:
    for pool in world.pools():
        world.fake.scenario.capacity[pool] = 0
    run = world.new_run(*SHORT)
    world.follow(run)
    world.fake.wait_until(lambda: "capacity" in world.sentence(run), "the reason is told", timeout_s=60)
    assert world.fake.lives == []
    began = time.time()
    world.fake.scenario.capacity.clear()
    assert world.wait_for_end(run).cause is Cause.FINISHED
    assert world.fake.lives[0].began_at > began
