"""The user data: what it says, and what it does on instances that boot it."""

from __future__ import annotations

import hashlib
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.attempts import read_attempt
from cloud.aws import Aws
from cloud.bootstrap import MAX_BYTES, boot_template, user_data
from cloud.layout import RunKeys, wheel_keys
from cloud.outputs import StackOutputs
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, Phase, Sign, decode, encode
from cloud.store import ObjectStore
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.launch import launch_fleet
from tests.fakeaws.stack import make_stack

KEYS = RunKeys("20260105T101112Z-cartpole_balance-ppo-s1")
SLOW = pytest.mark.slow


def make_spec(stack: str = "rlrobo-test", **fields: object) -> CloudSpec:
    known: dict[str, object] = {
        "run_id": KEYS.run_id,
        "region": "us-east-1",
        "bucket": stack,
        "created_at": time.time(),
    }
    return CloudSpec(**{**known, **fields})  # type: ignore[arg-type]


def test_it_fits_into_what_ec2_takes_however_long_the_names_are() -> None:
    spec = make_spec(run_id="r" * 255, bucket="b" * 63, wheel_key="w" * 400, image="i" * 400)
    script = user_data(spec, Attempt(number=9999, token="t"))
    assert len(script.encode()) < MAX_BYTES
    assert script.startswith("#!/bin/bash\n")


def test_the_same_attempt_has_the_same_user_data_and_another_only_another_number() -> None:
    spec = make_spec()
    first = user_data(spec, Attempt(number=1, token="a", intended_at=1.0))
    assert first == user_data(spec, Attempt(number=1, token="b", intended_at=2.0))
    assert boot_template(spec).replace("@ATTEMPT@", "2") == user_data(spec, Attempt(number=2, token="a"))
    assert not re.findall(r"@[A-Z_0-9]+@", first.replace('"$@"', ""))


def test_it_is_bash_whatever_the_names_are() -> None:
    spec = make_spec(run_id="it's $(touch /tmp/x) `x` \\", bucket="a b")
    script = user_data(spec, Attempt(number=1, token="t"))
    assert shlex.quote(spec.run_id) in script
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)


def test_it_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "the-users-own")
    assert "the-users-own" not in user_data(make_spec(), Attempt(number=1, token="t"))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeAws, StackOutputs]]:
    with FakeAws(tmp_path_factory.mktemp("aws") / "machines", timescale=0.02) as fake:
        yield fake, make_stack(fake)


class Boot:
    """A launch of the user data on a pretended AWS."""

    def __init__(self, account: tuple[FakeAws, StackOutputs], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.fake, self.stack = account
        self.folder = folder
        self.fake.renew()
        for name, value in self.fake.environment().items():
            monkeypatch.setenv(name, value)
        self.store: ObjectStore = Aws.open(self.fake.region).store(self.stack.bucket)
        self.instance_id = ""

    def launch(self, spec: CloudSpec, *, python: str = "", programs: str = "") -> None:
        """Launch an instance whose image has this Python, if any, and finds `programs` before the system's."""
        self.fake.set_image({"RLROBO_PYTHON": python})
        record = Attempt(number=1, token="t", state=AttemptState.LAUNCHED, launched_at=time.time())
        self.store.put(KEYS.attempt(1), encode(record))
        script = user_data(spec, record)
        if programs:
            script = script.replace("\n", f"\nexport PATH={programs}:$PATH\n", 1)
        [launched] = launch_fleet(self.fake, self.stack, script)["Instances"]
        self.instance_id = launched["InstanceIds"][0]

    def wait_for_the_end(self) -> str:
        """Return what it printed, when it is off."""
        self.fake.wait_until(lambda: not self.fake.alive, "the instance is off", timeout_s=240.0)
        assert self.fake.life(self.instance_id).reason == "Client.InstanceInitiatedShutdown"
        return self.fake.console(self.instance_id)

    @property
    def attempt(self) -> Attempt:
        found = read_attempt(self.store, KEYS, 1)
        assert found is not None
        return found

    def program(self, name: str, script: str) -> Path:
        """Write a program; return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)
        return path


@pytest.fixture
def boot(account: tuple[FakeAws, StackOutputs], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Boot:
    return Boot(account, monkeypatch, tmp_path)


@SLOW
def test_a_boot_that_fails_says_why_and_ends_the_machine(boot: Boot) -> None:
    boot.launch(make_spec(), python=str(boot.program("python", "echo no such module; exit 1")))
    console = boot.wait_for_the_end()
    assert "failed while restoring" in console
    assert (boot.attempt.state, boot.attempt.cause) == (AttemptState.ENDED, Cause.BOOT_FAILED)
    assert "no such module" in boot.attempt.detail
    log = boot.store.get(KEYS.log(1, "boot.log"))
    assert log is not None
    assert b"The agent died, try 3." in log.content
    stored = boot.store.get(KEYS.sign)
    assert stored is not None
    sign = decode(stored.content, Sign)
    assert (sign.epoch, sign.phase, sign.instance_id) == (1, Phase.RESTORING, boot.instance_id)


@SLOW
def test_the_agent_gets_its_run_and_the_machine_ends_with_it(boot: Boot) -> None:
    calls = boot.folder / "calls"
    boot.launch(make_spec(), python=str(boot.program("python", f'echo "$RLROBO_BOOTED_AT $*" >>{calls}')))
    boot.wait_for_the_end()
    booted_at, *arguments = calls.read_text().split()
    assert abs(int(booted_at) - time.time()) < 240
    assert arguments[:10] == [
        "-m", "cloud.agent", "--run", KEYS.run_id, "--attempt", "1",
        "--bucket", boot.stack.bucket, "--region", "us-east-1",
    ]  # fmt: skip


@SLOW
def test_an_agent_that_hangs_is_ended_by_the_watchdog(boot: Boot) -> None:
    boot.launch(make_spec(), python=str(boot.program("python", "touch alive; exec sleep 1000")))
    assert "the agent has not moved" in boot.wait_for_the_end()


@SLOW
def test_the_watchdog_keeps_the_date_that_the_agent_set(boot: Boot) -> None:
    hangs = "echo $(( $(date +%s) + 2 )) >end_at; while sleep 0.05; do touch alive; done"
    boot.launch(make_spec(), python=str(boot.program("python", hangs)))
    assert "time or money is over" in boot.wait_for_the_end()


@SLOW
def test_the_deadline_holds_though_everything_on_the_machine_is_dead(boot: Boot) -> None:
    """The script, its watchdog and the agent are killed at once; the system's own shutdown is what is left."""
    spec = make_spec(created_at=time.time() - 3600.0 + 6.0, max_hours=1.0)
    boot.launch(spec, python=str(boot.program("python", "kill -9 -$(ps -o pgid= $$ | tr -d ' ')")))
    boot.wait_for_the_end()
    assert time.time() >= spec.deadline() - 1.0


@SLOW
def test_without_a_python_of_its_own_it_installs_the_wheel_that_was_sent(boot: Boot) -> None:
    content = b"a wheel"
    sha256 = hashlib.sha256(content).hexdigest()
    wheel_key, constraints_key = wheel_keys(sha256, "rlrobo-1-py3-none-any.whl")
    boot.store.put(wheel_key, content)
    boot.store.put(constraints_key, b"msgspec==1")
    calls = boot.folder / "calls"
    installed = boot.program("installed-python", f'echo "$*" >>{calls}')
    made = f'mkdir -p "$3/bin"; cp {installed} "$3/bin/python"'
    boot.program("bin/python3.11", f'case "$1" in -c) echo 3.11 ;; -m) {made} ;; esac')
    spec = make_spec(wheel_key=wheel_key, wheel_sha256=sha256)
    boot.launch(spec, programs=str(boot.folder / "bin"))
    boot.wait_for_the_end()
    lines = calls.read_text().splitlines()
    assert "--constraint" in lines[-2]
    assert lines[-2].endswith("rlrobo-1-py3-none-any.whl")
    assert lines[-1].startswith(f"-m cloud.agent --run {KEYS.run_id}")


@SLOW
def test_a_wheel_that_is_not_what_was_sent_is_not_installed(boot: Boot) -> None:
    wheel_key, constraints_key = wheel_keys("0" * 64, "rlrobo-1-py3-none-any.whl")
    boot.store.put(wheel_key, b"something else")
    boot.store.put(constraints_key, b"")
    boot.program("bin/python3.11", 'case "$1" in -c) echo 3.11 ;; esac')
    boot.launch(make_spec(wheel_key=wheel_key, wheel_sha256="0" * 64), programs=str(boot.folder / "bin"))
    boot.wait_for_the_end()
    assert boot.attempt.cause is Cause.BOOT_FAILED
    assert "has not the content" in boot.attempt.detail


@SLOW
def test_an_image_is_pulled_with_the_instance_s_own_role_and_run(boot: Boot) -> None:
    calls = boot.folder / "calls"
    boot.program("bin/docker", f'echo "$*" >>{calls}; [ "$1" != login ] || cat >>{calls}')
    for name in ("systemctl", "chown"):
        boot.program(f"bin/{name}", "exit 0")
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/rlrobo:1"
    boot.launch(make_spec(image=image), programs=str(boot.folder / "bin"))
    boot.wait_for_the_end()
    login, rest = calls.read_text().split("\n", 1)
    assert login == "login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com"
    assert f"pull -q {image}" in rest
    assert rest.strip().splitlines()[-1].endswith("--bucket rlrobo-test --region us-east-1")
    assert f"--entrypoint python {image} -m cloud.agent" in rest
