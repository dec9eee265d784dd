"""The threads that mirror a run: they go on through failures, end at once when fenced, and in time when told to."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cloud.checkpoints import read_head
from cloud.imds import Identity
from cloud.lease import take_lease
from cloud.mirror import Mirror
from cloud.outbox import Outbox
from cloud.patience import PatientStore
from cloud.publisher import Publisher
from cloud.records import Lease, Market, Phase, Sign, decode
from cloud.restoring import Beginning
from cloud.segments import SegmentWriter, read_segments
from cloud.timing import VARIABLE, read_timing
from engine.protocol.events import Event, Metrics, RunEnded
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore, Fault, FaultyStore, slow_down, wait_for
from tests.cloud.made_checkpoints import KEYS, hold, make_checkpoint

pytestmark = pytest.mark.usefixtures("no_fsync")


class World:
    """A mirrored run without an engine."""

    def __init__(self, folder: Path) -> None:
        self.bucket = DirectoryStore(folder / "bucket")
        self.faulty = FaultyStore(self.bucket)
        self.run = RunDir(folder / "run")
        self.run.checkpoints.mkdir(parents=True)
        timing = read_timing({VARIABLE: "0.004"})
        store = PatientStore(self.faulty, timing)
        lease = take_lease(store, KEYS, Lease(epoch=1, instance_id="i-1", taken_at=0.0, deadline=1e9))
        self.mirror = Mirror(
            run=self.run,
            lease=lease,
            store=store,
            outbox=Outbox(self.run.checkpoints, folder / "outbox", Publisher(store, KEYS, lease), Beginning()),
            writer=SegmentWriter(store, KEYS, self.run.events, epoch=1, restored_seq=0),
            timing=timing,
            identity=Identity(instance_id="i-1", instance_type="c7i.large", zone="us-east-1a", market=Market.SPOT),
            logs={"engine.log": self.run.engine_log},
        )

    def write(self, event: Event) -> None:
        with closing(EventWriter(self.run.events, clock=time.time)) as engine:
            engine.write(event)

    def num_events(self) -> int:
        return sum(part.lines.count(b"\n") for part in read_segments(self.bucket, KEYS))

    def sign(self) -> Sign | None:
        stored = self.bucket.get(KEYS.sign)
        return decode(stored.content, Sign) if stored else None

    def fail(self, name: str, make: Callable[[], BaseException]) -> None:
        self.faulty.fault = lambda called, key: Fault(make()) if called == name else None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.mirror.drop()


def test_events_checkpoints_logs_and_signs_arrive(world: World) -> None:
    world.run.engine_log.write_text("a line")
    world.mirror.start()
    world.write(Metrics(step=5))
    make_checkpoint(world.run.checkpoints, 100)
    wait_for(lambda: world.num_events() == 1, what="the event")
    wait_for(lambda: read_head(world.bucket, KEYS), what="the checkpoint")
    wait_for(lambda: world.bucket.get(KEYS.log(1, "engine.log")), what="the log")
    world.mirror.tell(Phase.NOTICED, "soon", interruption_at=7.0)
    wait_for(lambda: (sign := world.sign()) is not None and sign.phase is Phase.NOTICED, what="the sign")
    sign = world.sign()
    assert sign is not None
    assert (sign.epoch, sign.instance_id, sign.detail, sign.interruption_at) == (1, "i-1", "soon", 7.0)


@pytest.mark.parametrize("make", [slow_down, lambda: OSError("no route"), lambda: ValueError("a mistake of ours")])
def test_it_goes_on_after_failures(world: World, make: Callable[[], BaseException]) -> None:
    world.fail("create", make)
    world.mirror.start()
    world.write(Metrics())
    wait_for(lambda: world.faulty.calls["create"] > 3, what="some tries")
    world.faulty.fault = lambda name, key: None
    wait_for(lambda: world.num_events() == 1, what="the event")


def test_a_later_lease_ends_it_at_once(world: World) -> None:
    world.mirror.start()
    hold(world.bucket, 2)
    assert world.mirror.fenced.wait(60.0)
    before = world.num_events()
    world.write(Metrics())
    time.sleep(0.1)
    assert world.num_events() == before


def test_in_the_end_everything_is_there_and_the_engine_s_last_word_only_if_the_run_is_over(world: World) -> None:
    world.mirror.start()
    world.write(Metrics())
    make_checkpoint(world.run.checkpoints, 100)
    world.write(RunEnded())
    assert world.mirror.end(until=time.monotonic() + 60.0, is_over=False) == ""
    assert world.num_events() == 1
    assert read_head(world.bucket, KEYS) is not None
    assert world.mirror.end(until=time.monotonic() + 60.0, is_over=True) == ""
    assert world.num_events() == 2


def test_an_end_that_hangs_is_left_in_time(world: World) -> None:
    make_checkpoint(world.run.checkpoints, 100)

    may_go_on = threading.Event()

    def hang(name: str, key: str) -> None:
        if name == "upload":
            may_go_on.wait()

    world.faulty.fault = hang  # type: ignore[assignment]
    said = world.mirror.end(until=time.monotonic() + 0.3, is_over=True)
    may_go_on.set()  # it was left behind while it hung
    assert "time was over" in said


def test_a_long_log_is_cut_at_its_beginning(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud.mirror.LOG_BYTES", 4)
    world.run.engine_log.write_text("the beginning and the end")
    world.mirror.end(until=time.monotonic() + 60.0, is_over=True)
    stored = world.bucket.get(KEYS.log(1, "engine.log"))
    assert stored is not None
    assert stored.content == b" end"


def test_the_sign_can_be_read_where_the_heartbeat_cannot(world: World) -> None:
    world.run.heartbeat.write_bytes(b"{")
    world.mirror.end(until=time.monotonic() + 60.0, is_over=True)
    sign = world.sign()
    assert sign is not None
    assert msgspec.structs.asdict(sign)["heartbeat"] == ""
