"""Commands of the user reach the engine's file once, in their order, with a time that it can compare."""

from pathlib import Path

import pytest

from cloud.commands import Kill, encode_command
from cloud.relay import CommandRelay
from engine.protocol.commands import Command, Pause, Resume, Set
from engine.protocol.json_lines import command_reader
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.made_checkpoints import KEYS


class Place:
    def __init__(self, folder: Path) -> None:
        self.store = DirectoryStore(folder / "bucket")
        self.run = RunDir(folder / "run")
        self.run.path.mkdir()

    def give(self, command: Command) -> None:
        self.store.create(KEYS.command(command.id), encode_command(command))

    def relay(self) -> CommandRelay:
        return CommandRelay(self.store, KEYS, self.run)

    def taken(self) -> list[Command]:
        return list(command_reader(self.run.commands).read_new())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_commands_arrive_once_in_their_order(place: Place) -> None:
    relay = place.relay()
    commands = [Pause(time=1.0), Resume(time=2.0), Set(key="learning_rate", value=1e-4, time=3.0)]
    for command in commands:
        place.give(command)
        relay.bring()
        relay.bring()
    assert [command.id for command in place.taken()] == [command.id for command in commands]


def test_an_agent_that_starts_again_brings_none_twice(place: Place) -> None:
    place.give(Pause())
    place.relay().bring()
    place.relay().bring()
    assert len(place.taken()) == 1


def test_the_time_is_the_bucket_s_by_this_machine_s_clock(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    command = Pause(time=0.0)
    place.give(command)
    [listed] = place.store.list(KEYS.commands)
    monkeypatch.setattr(place.store, "clock_offset_s", lambda: 600.0)
    place.relay().bring()
    assert place.taken()[0].time == pytest.approx(listed.modified_at - 600.0)


def test_a_kill_is_for_the_agent(place: Place) -> None:
    relay = place.relay()
    place.give(Kill())
    assert relay.bring()
    assert not relay.bring()
    assert place.taken() == []


def test_what_is_no_command_is_passed_over(place: Place) -> None:
    place.store.put(KEYS.command("x"), b"\xff{")
    place.store.put(KEYS.command("y"), b'{"type": "dance"}')
    place.give(Pause())
    assert not place.relay().bring()
    assert len(place.taken()) == 1
