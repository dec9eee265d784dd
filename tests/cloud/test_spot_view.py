"""Runs on Spot seen by SSH: real instances of the pretended AWS, a real sshd on each, and the user's real ssh."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cloud.deploy import Choices
from cloud.link_report import Way
from cloud.local import CloudFiles
from cloud.records import Cause
from cloud.view_access import USER, Target, ssh_command
from engine.protocol.run_dir import RunDir
from tests.cloud.spot_world import LONG, MEDIUM, World, events_of, new_world
from tests.fakeaws import namespaces, wire
from tests.fakeaws.machine import write_program
from tests.fakeaws.namespaces import FullMachine
from tests.fakeaws.scenario import Fault, From

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]

DOCKER = f"""#!/bin/bash
[ "$1" != login ] || cat >/dev/null
[ "$1" = run ] || exit 0
while [ "$1" != --entrypoint ]; do shift; done
shift 3
# The image's Python is everybody's; this one may be in somebody's home.
may=+dac_read_search
exec setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps $may --ambient-caps $may {sys.executable} "$@"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if missing := namespaces.why_unavailable() or wire.why_unavailable():
        pytest.skip(f"Full machines with SSH: {missing}")
    with new_world(tmp_path, monkeypatch, is_full=True, choices=Choices(ssh_from="203.0.113.7")) as made:
        yield made


def through(run: RunDir) -> Way | None:
    report = CloudFiles(run).read_report()
    return report.through if report else None


def machine_of(world: World, number: int = 1) -> FullMachine:
    machine = world.life(number).machine
    assert isinstance(machine, FullMachine)
    return machine


def begin(world: World, *overrides: str) -> RunDir:
    """Begin a run and return it when news come by SSH."""
    run = world.new_run(*overrides)
    world.follow(run)
    world.fake.wait_until(lambda: through(run) is Way.SSH, f"news by SSH: {world.told(run)}")
    return run


def wait_for_more(world: World, run: RunDir, what: str) -> None:
    """Return when events have come that were not here."""
    before = len(events_of(run))
    world.fake.wait_until(lambda: len(events_of(run)) > before + 3, f"{what}: {world.told(run)}")


def test_events_come_while_s3_gets_none_and_at_the_end_s3_has_all(world: World) -> None:
    run = begin(world, *MEDIUM)
    fault = Fault(
        action="PutObject", code="SlowDown", status=503, by=From.INSTANCE, times=None,
        where=lambda call: "/events/" in call.key,
    )  # fmt: skip
    world.fake.scenario.fail(fault)
    before = world.stored_events(run)
    wait_for_more(world, run, "events by SSH")
    assert world.stored_events(run) == before
    assert run.events.read_bytes().startswith(before)
    world.fake.scenario.remove(fault)
    assert world.wait_for_end(run).cause is Cause.FINISHED, world.told(run)
    assert run.events.read_bytes() == world.stored_events(run)
    files = CloudFiles(run)
    assert not files.view_key.exists()
    assert not files.view_key.with_suffix(".pub").exists()


def test_a_run_in_a_container_is_seen_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands for docker here starts the agent as the image's user, who can change nothing of the machine's."""
    make_image = FullMachine._make_image

    def with_docker(machine: FullMachine, user_data: bytes) -> None:
        make_image(machine, user_data)
        write_program(machine._root / "image/usr/local/sbin/docker", DOCKER.encode())

    monkeypatch.setattr(FullMachine, "_make_image", with_docker)
    world.fake.set_image({"RLROBO_PYTHON": ""})
    run = world.new_run(*LONG, image="123456789012.dkr.ecr.us-east-1.amazonaws.com/rlrobo:1")
    world.follow(run)
    world.fake.wait_until(lambda: through(run) is Way.SSH, f"news by SSH: {world.told(run)}")
    owner = machine_of(world).run("sh", "-c", "stat -c %u /var/lib/rlrobo/runs/*/events.jsonl /opt/rlrobo/view.py")
    assert owner.split() == ["1000", "0"]
    wait_for_more(world, run, "events by SSH")


def test_a_lost_connection_costs_nothing_and_comes_back(world: World) -> None:
    run = begin(world, *LONG)
    line = machine_of(world).wire
    assert line is not None
    line.cut()
    world.fake.wait_until(lambda: through(run) is Way.S3, "news through S3")
    wait_for_more(world, run, "events through S3")
    line.mend()
    world.fake.wait_until(lambda: through(run) is Way.SSH, f"news by SSH again: {world.told(run)}")
    wait_for_more(world, run, "events by SSH")
    numbers = [event.seq for event in events_of(run)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_link_that_is_killed_leaves_no_ssh_and_the_next_one_goes_on(world: World) -> None:
    run = begin(world, *LONG)
    [child] = psutil.Process(world.links[-1].pid).children()
    assert child.name() == "ssh"
    world.links[-1].kill()
    world.links[-1].wait()
    world.fake.wait_until(lambda: not child.is_running(), "ssh ends: nobody reads what it prints")
    world.follow(run)
    wait_for_more(world, run, "events")
    numbers = [event.seq for event in events_of(run)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_machine_with_another_host_key_is_refused(world: World) -> None:
    run = begin(world, *LONG)
    machine_of(world).run(
        "sh", "-c", "rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; pkill -x sshd; sleep 1; /usr/sbin/sshd"
    )
    log = CloudFiles(run).log
    world.fake.wait_until(lambda: "shows another host key" in log.read_text(), "it is told of")
    world.fake.wait_until(lambda: through(run) is Way.S3, "news through S3")
    wait_for_more(world, run, "events through S3")
    assert "Failed" not in world.fake.console(world.life(1).instance_id), "no key was shown to it"


def test_the_key_can_do_nothing_but_read_the_events(world: World) -> None:
    run = begin(world, *LONG)
    files, address = CloudFiles(run), machine_of(world).imds.identity.public_address
    command = ssh_command(files, Target(1, address, ()), port=22, num_lines=0)
    options = [word for word in command if word.startswith("-o")]

    def attempt(*words: str, program: str = "ssh") -> subprocess.CompletedProcess[str]:
        command = [program, *(["-F", "none"] if program == "ssh" else []), *options, *words]
        return subprocess.run(
            command, cwd=run.cloud, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    refused = "This key reads the events of a run"
    for words in ([], ["id"], ["cat /etc/shadow"], ["0; id"], ["0", "id"]):
        done = attempt(address, *words)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert refused in done.stderr, words
    assert "PTY allocation request failed" in attempt("-tt", address).stderr
    done = attempt("-s", address, "sftp")
    assert (done.returncode, done.stdout) == (1, "")
    done = attempt(f"{address}:/etc/passwd", str(run.path / "stolen"), program="scp")
    assert done.returncode != 0
    assert not (run.path / "stolen").exists()
    options = [word for word in options if "Forwardings" not in word and "LogLevel" not in word]
    done = attempt("-W", "127.0.0.1:8000", address)
    assert "administratively prohibited" in done.stderr
    done = attempt("-oExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", address, "0")
    assert "remote port forwarding failed" in done.stderr
    options.remove(f"-oUser={USER}")
    done = attempt("-l", "root", address, "0")
    assert "Permission denied" in done.stderr
    ids = machine_of(world).run("sh", "-c", f"id -u {USER}; stat -c %u:%a /home/{USER}/.ssh/authorized_keys")
    uid, owner = ids.split()
    assert uid != "0"
    assert owner == "0:644", "the account cannot change what its key may do"
