"""Instances that vanish again and again, at random moments: no torn checkpoint, no step counted twice, one writer."""

import json
import random
import time
from pathlib import Path

import pytest

from cloud.layout import RunKeys
from cloud.records import Cause, CloudManifest, Head, decode
from engine.protocol.events import Resumed
from engine.protocol.files import sha256_of
from tests.cloud.spot_world import World, events_of, policy_digest, train_here
from tests.fakeaws.scenario import From

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]
SETTINGS = (
    "n_steps=64",
    "n_epochs=2",
    "num_envs=4",
    "checkpoints.every_timesteps=2048",
    "evaluation.every_timesteps=50000",
    "evaluation.episodes=2",
)
LEADS_S = (0.0, 0.0, 0.0, 39.0)
"""No notice, and the shortest that has been seen; with a longer one, a run as short as this would end within it."""


@pytest.mark.parametrize("num_kills", [pytest.param(5, id="five"), pytest.param(30, id="thirty")])
def test_the_run_is_the_uninterrupted_one_however_often_it_is_killed(
    num_kills: int, world: World, tmp_path: Path
) -> None:
    generator = random.Random(num_kills)
    settings = (f"total_timesteps={20_000 * (num_kills + 1)}", *SETTINGS)
    run = world.new_run(*settings)
    world.follow(run)
    for number in range(1, num_kills + 1):
        life = world.life(number)
        saved = world.head_step(run)
        world.fake.wait_until(
            lambda saved=saved: world.head_step(run) > saved, f"progress: {world.told(run)[-3000:]}", timeout_s=120
        )
        time.sleep(generator.random() * 0.5)
        world.fake.interrupt(life.instance_id, notice_s=generator.choice(LEADS_S))
        world.fake.wait_until(lambda life=life: life.ended_at, "it is gone")
        assert_head_is_whole(world, run.id)
    assert world.wait_for_end(run, timeout_s=900).cause is Cause.FINISHED

    attempts = world.attempts(run)
    assert [attempt.cause for attempt in attempts[:-1]] == [Cause.INTERRUPTED] * num_kills
    assert policy_digest(run) == policy_digest(train_here(tmp_path / "here", *settings, timeout_s=900))
    events = events_of(run)
    numbers = [event.seq for event in events]
    assert numbers == sorted(set(numbers))
    resumed = [event.step for event in events if isinstance(event, Resumed)]
    assert resumed == sorted(resumed)
    assert_one_writer(world)


def assert_head_is_whole(world: World, run_id: str) -> None:
    """Every file of both checkpoints that HEAD names is in S3 with its content."""
    keys = RunKeys(run_id)
    stored = world.store.get(keys.head)
    assert stored is not None
    head = decode(stored.content, Head)
    for key in {head.manifest_key, head.barrier_manifest_key} - {""}:
        manifest = world.store.get(key)
        assert manifest is not None
        for entry in decode(manifest.content, CloudManifest).files.values():
            path = world.folder / "blob"
            assert world.store.download(keys.blob(entry.sha256), path)
            assert sha256_of(path) == entry.sha256
            assert path.stat().st_size == entry.size_bytes


def assert_one_writer(world: World) -> None:
    """HEAD was moved by one instance after another: no epoch follows a later one."""
    moves = [call for by, call in world.fake.calls if by is From.INSTANCE and call.action == "PutObject"]
    writers = [world.fake.instance_of(call) for call in moves if call.key.endswith("HEAD.json")]
    order = [life.instance_id for life in world.fake.lives]
    places = [order.index(writer) for writer in writers]
    assert places == sorted(places), json.dumps(writers)
