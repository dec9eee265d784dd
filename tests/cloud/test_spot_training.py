"""Runs on Spot to their end, on the pretended AWS: what an interruption costs, and that nothing stays paid."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.deploy import Choices
from cloud.ledger import Ledger
from cloud.local import CloudFiles
from cloud.records import Cause
from engine.protocol.events import CheckpointSaved, EvaluationDone
from engine.protocol.run_dir import RunDir
from tests.cloud.spot_world import World, events_of, new_world, policy_digest, train_here
from tests.fakeaws import wire
from tests.fakeaws.keys import USER_ACCESS_KEY, USER_SECRET_KEY
from tests.fakeaws.namespaces import why_unavailable
from tests.fakeaws.scenario import From

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]
SETTINGS = ("total_timesteps=200000", "checkpoints.every_timesteps=5000", "evaluation.every_timesteps=50000")
"""Long enough to be interrupted twice on a quick machine, where two minutes of notice last twelve seconds."""


@pytest.fixture(params=["light", "full"])
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    is_full = request.param == "full"
    if is_full and (missing := why_unavailable()):
        pytest.skip(f"Full machines: {missing}")
    is_seen = is_full and not wire.why_unavailable()
    choices = Choices(ssh_from="203.0.113.7" if is_seen else None)
    with new_world(tmp_path, monkeypatch, is_full=is_full, choices=choices) as made:
        yield made


def test_two_interruptions_change_no_bit_and_cost_what_is_told(world: World, tmp_path: Path) -> None:
    run = world.new_run(*SETTINGS)
    world.follow(run)
    first = world.life(1)
    world.wait_for_checkpoint(run, 5000)
    world.fake.interrupt(first.instance_id, notice_s=120)
    second = world.life(2)
    world.wait_for_checkpoint(run, world.head_step(run) + 1, attempt=2)
    environments = second.machine.environments()
    world.fake.interrupt(second.instance_id, notice_s=0)
    end = world.wait_for_end(run, timeout_s=400)

    assert end.cause is Cause.FINISHED, world.told(run)
    attempts = world.attempts(run)
    assert [attempt.cause for attempt in attempts] == [Cause.INTERRUPTED, Cause.INTERRUPTED, Cause.FINISHED]
    assert second.pool != first.pool
    assert run.events.read_bytes() == world.stored_events(run)
    assert policy_digest(run) == policy_digest(train_here(tmp_path / "here", *SETTINGS, timeout_s=400))
    assert_solved(run)
    assert_steps_counted_once(run)
    assert_bill(world, run)
    assert_nothing_paid(world)
    was_seen = ["Accepted publickey" in world.fake.console(life.instance_id) for life in world.fake.lives]
    assert was_seen == [bool(world.spec(run).view_key)] * 3
    assert any(environment.get("RLROBO_RUN") == run.id for environment in environments)
    assert not any(USER_ACCESS_KEY in environment.values() for environment in environments)
    assert_no_key_of_the_user_left_their_machine(world, run)


def assert_solved(run: RunDir) -> None:
    evaluations = [event for event in events_of(run) if isinstance(event, EvaluationDone)]
    assert evaluations[-1].return_mean >= 475.0


def assert_steps_counted_once(run: RunDir) -> None:
    """Every checkpoint of the joined run was written at a step of its own, and events carry one sequence."""
    events = events_of(run)
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    saved = [event.step for event in events if isinstance(event, CheckpointSaved)]
    assert saved[-1] == max(saved)


def assert_bill(world: World, run: RunDir) -> None:
    """What the ledger says was spent is what the instances have cost, but for a second or two of each."""
    spent, prices = Ledger(CloudFiles(run).ledger).spent_usd, [0.06] * len(world.fake.lives)
    assert spent == pytest.approx(world.fake.spent_usd(), abs=sum(prices) * 15 / 3600)


def assert_nothing_paid(world: World) -> None:
    assert world.fake.alive == []
    ec2 = world.fake.client("ec2")
    requests = ec2.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert {request["State"] for request in requests} <= {"closed", "cancelled"}
    assert ec2.describe_volumes()["Volumes"] == []
    assert {fleet["FleetState"] for fleet in ec2.describe_fleets()["Fleets"]} <= {"deleted_terminating", "deleted"}


def assert_no_key_of_the_user_left_their_machine(world: World, run: RunDir) -> None:
    secrets = (USER_ACCESS_KEY.encode(), USER_SECRET_KEY.encode())
    store = world.store
    contents = [stored.content for listed in store.list("runs/") if (stored := store.get(listed.key))]
    contents += [path.read_bytes() for path in world.folder.glob("machines/**/*") if path.is_file()]
    contents += [path.read_bytes() for path in run.path.rglob("*") if path.is_file()]
    assert not any(secret in content for content in contents for secret in secrets)
    made_by_instances = [call for by, call in world.fake.calls if by is From.INSTANCE]
    assert made_by_instances
    assert all(call.access_key != USER_ACCESS_KEY for call in made_by_instances)
