"""Events by SSH: what a stream brings, what it must not show, and what becomes of one that fails.

A program of that name stands for ssh here; tests/cloud/test_spot_view.py has the real one.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud import view_helper
from cloud.events_copy import EventsCopy
from cloud.local import CloudFiles
from cloud.records import Phase, Sign
from cloud.timing import Timing
from cloud.view import View
from engine.protocol.events import Event, Metrics, Resumed, RunEnded, encode_event
from engine.protocol.json_lines import event_reader
from engine.protocol.run_dir import RunDir
from tests.cloud.directory_store import DirectoryStore, wait_for
from tests.cloud.test_events_copy import KEYS, put
from tests.cloud.test_view_access import HOST_KEY

TIMING = Timing(view_retry_s=0.01, longest_view_retry_s=0.05)
Say = Callable[..., None]


def line(seq: int) -> bytes:
    return encode_event(Metrics(seq=seq, step=10 * seq, values={"epoch": 1.0}))


def sign(epoch: int = 1, address: str = "192.0.2.7") -> Sign:
    return Sign(
        epoch=epoch,
        instance_id="i-1",
        instance_type="c7i.large",
        zone="us-east-1a",
        phase=Phase.TRAINING,
        time=0.0,
        address=address,
        host_keys=HOST_KEY,
    )


class Desk:
    """A user's machine with a run that S3 has three events of, and a stand-in for ssh."""

    def __init__(self, folder: Path) -> None:
        self.run = RunDir(folder / "run")
        self.files = CloudFiles(self.run)
        self.run.cloud.mkdir(parents=True)
        self.files.view_key.touch(mode=0o600)
        self.store = DirectoryStore(folder / "bucket")
        put(self.store, 1, 1, 3)
        self.copy = EventsCopy(self.run.events, self.run.cloud / "events-place.json")
        self.copy.pull(self.store, KEYS)
        self.view = View(self.files, self.copy, TIMING)
        self.asked = folder / "asked"
        self._folder, self._num = folder / "bin", 0
        self._folder.mkdir()

    def ssh(self, *lines: bytes, then: str = "exec sleep 1000") -> None:
        """Let ssh print some lines and do something then."""
        self._num += 1
        said, program = self._folder / f"said{self._num}", self._folder / f"ssh{self._num}"
        said.write_bytes(b"".join(lines))
        program.write_text(f'#!/bin/sh\necho "$@" >>{self.asked}\ncat {said}\n{then}\n')
        program.chmod(0o755)
        program.rename(self._folder / "ssh")

    def seqs(self) -> list[int]:
        return [event.seq for event in event_reader(self.run.events).read_new()]

    def wait_for_seq(self, seq: int) -> None:
        wait_for(lambda: self.copy.last_seq == seq, what=f"event {seq}", timeout_s=20.0)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_fsync: None) -> Iterator[Desk]:
    made = Desk(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    yield made
    made.view.end()


def test_what_the_instance_says_is_here_before_s3_has_it(desk: Desk) -> None:
    desk.ssh(line(3), line(4), b"\n", line(5))
    desk.view.aim(sign())
    desk.wait_for_seq(5)
    assert desk.seqs() == [1, 2, 3, 4, 5]
    assert desk.asked.read_text().split()[-3:] == ["--", "192.0.2.7", "3"]
    assert desk.view.silent_s() is not None


def test_half_a_line_and_what_is_none_are_not_events(desk: Desk) -> None:
    desk.ssh(line(4), b"tail: garbage\n\xff\xfe\n", line(5), line(6)[:20])
    desk.view.aim(sign())
    desk.wait_for_seq(5)
    assert desk.run.events.read_bytes().endswith(line(5))


def test_an_engine_s_last_event_waits_until_another_engine_follows(desk: Desk, tmp_path: Path) -> None:
    later: list[Event] = [RunEnded(seq=5), Resumed(seq=6), Metrics(seq=7)]
    more = tmp_path / "more"
    desk.ssh(
        line(4), encode_event(later[0]), then=f"until [ -e {more} ]; do sleep 0.02; done; cat {more}; exec sleep 1000"
    )
    desk.view.aim(sign())
    desk.wait_for_seq(4)
    (tmp_path / "half").write_bytes(b"".join(map(encode_event, later[1:])))
    (tmp_path / "half").rename(more)
    desk.wait_for_seq(7)
    assert desk.seqs() == [1, 2, 3, 4, 5, 6, 7]


def test_an_instance_that_s3_has_no_event_of_waits(desk: Desk) -> None:
    desk.ssh(line(4))
    desk.view.aim(sign(epoch=2))
    desk.view.aim(sign(address=""))
    desk.view.aim(None)
    assert desk.view.silent_s() is None
    assert not desk.asked.exists()
    desk.view.aim(sign())
    desk.wait_for_seq(4)


def test_the_next_attempt_s_stream_takes_the_place_of_the_old_one(desk: Desk) -> None:
    desk.ssh(line(4), line(5))
    desk.view.aim(sign())
    desk.wait_for_seq(5)
    put(desk.store, 2, 4, 4)
    desk.copy.pull(desk.store, KEYS)
    desk.ssh(encode_event(Metrics(seq=5, values={"epoch": 2.0})))
    desk.view.aim(sign(epoch=2))
    desk.wait_for_seq(5)
    values = [event.values["epoch"] for event in event_reader(desk.run.events).read_new() if isinstance(event, Metrics)]
    assert values == [1.0] * 3 + [2.0] * 2


def test_a_connection_that_ends_is_made_again_from_where_it_was(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    desk.ssh(line(4), then="echo 'Connection reset by peer' >&2; exit 255")
    desk.view.aim(sign())
    wait_for(lambda: desk.asked.exists() and len(desk.asked.read_text().split("\n")) > 3, what="tries", timeout_s=20.0)
    desk.ssh(line(4), line(5))
    desk.wait_for_seq(5)
    assert {words.split()[-1] for words in desk.asked.read_text().splitlines()} >= {"3", "4"}
    assert capfd.readouterr().err == "ssh: Connection reset by peer; news come through S3 until it is back.\n"


def test_another_host_key_is_told_of_once(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    desk.ssh(then="echo '@@@ WARNING @@@\nHost key verification failed.' >&2; exit 255")
    desk.view.aim(sign())
    wait_for(lambda: desk.asked.exists() and len(desk.asked.read_text().split("\n")) > 3, what="tries", timeout_s=20.0)
    desk.view.end()
    told = capfd.readouterr().err
    assert told.startswith("ssh: 192.0.2.7 shows another host key than attempt 1 told S3")
    assert told.count("\n") == 1
    assert desk.seqs() == [1, 2, 3]


def test_its_end_leaves_no_process(desk: Desk) -> None:
    desk.ssh(line(4), then=f"echo $$ >{desk.run.path}/pid; exec sleep 1000")
    desk.view.aim(sign())
    wait_for((desk.run.path / "pid").exists, what="ssh", timeout_s=20.0)
    desk.view.end()
    pid = int((desk.run.path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    desk.view.aim(sign())
    assert desk.view.silent_s() is None


def helper(folder: Path, asked: str) -> "subprocess.Popen[bytes]":
    program = folder / "view.py"
    program.write_bytes(Path(view_helper.__file__).read_bytes())
    return subprocess.Popen(
        [sys.executable, "-I", str(program)],
        env={"SSH_ORIGINAL_COMMAND": asked},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_instance_s_part_prints_what_is_new_and_goes_on(tmp_path: Path) -> None:
    events = tmp_path / "run" / "events.jsonl"
    events.parent.mkdir()
    events.write_bytes(line(1) + line(2) + line(3) + line(4)[:30])
    process = helper(tmp_path, "2")
    assert process.stdout
    assert process.stdout.readline() == line(3)
    with events.open("ab") as file:
        file.write(line(4)[30:] + line(5))
    assert [process.stdout.readline(), process.stdout.readline()] == [line(4), line(5)]
    assert process.stdout.readline() == b"\n", "a sign of life"
    process.stdout.close()  # the reader is gone
    with events.open("ab") as file:
        file.write(line(6))
    assert process.wait(10.0) is not None
    assert process.stderr
    process.stderr.close()


@pytest.mark.parametrize("asked", ["", "bash", "-1", "1; id", "0x10", "1 2", "9" * 10])
def test_the_instance_s_part_does_nothing_else(tmp_path: Path, asked: str) -> None:
    process = helper(tmp_path, asked)
    said, errors = process.communicate(timeout=20.0)
    assert (process.returncode, said) == (1, b"")
    assert errors.startswith(b"This key reads the events of a run")
