"""Who may look at a run by SSH, and which machine is taken for its instance."""

import shutil
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from cloud.bootstrap import boot_template
from cloud.local import CloudFiles
from cloud.outputs import StackOutputs
from cloud.records import Phase, Sign
from cloud.send import Wish, input_files, prepare
from cloud.view_access import Target, forget_key, known_hosts_of, make_key, ssh_command, target_of
from engine.protocol.run_dir import RunDir
from tests.engine.driver import new_run

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL0b4PjciluLySZC4C2c+13Lkl3og7XJmZjtVORT0xri"
TARGET = Target(3, "192.0.2.7", (HOST_KEY,))
OUTPUTS = StackOutputs(
    stack="rlrobo",
    region="us-east-1",
    bucket="rlrobo-test",
    launch_template_id="lt-1",
    launch_template_version="1",
    subnets={},
    security_group="sg-1",
    instance_profile_arn="",
    repository_uri="",
    log_group="",
    reaper="",
)
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs OpenSSH's client")


@pytest.fixture
def files(tmp_path: Path) -> CloudFiles:
    return CloudFiles(RunDir(tmp_path / "a run"))


def sign(**fields: object) -> Sign:
    known = {"epoch": 3, "instance_id": "i-1", "instance_type": "c7i.large", "zone": "us-east-1a", "time": 0.0}
    return Sign(phase=Phase.TRAINING, **{**known, "address": "192.0.2.7", "host_keys": HOST_KEY, **fields})  # type: ignore[arg-type]


@needs_ssh
def test_a_run_has_a_key_of_its_own_that_nobody_else_can_read_until_it_is_over(files: CloudFiles) -> None:
    public = make_key(files)
    assert make_key(files) == public
    assert public.startswith("ssh-ed25519 ")
    assert public.count(" ") == 1, "no name of a user or a machine goes out with it"
    assert stat.S_IMODE(files.view_key.stat().st_mode) == 0o600
    files.known_hosts.write_text("x")
    forget_key(files)
    assert list(files.run.cloud.iterdir()) == []


@needs_ssh
@pytest.mark.parametrize("cidr", ["", "192.0.2.1/32"])
def test_only_a_run_of_a_stack_that_opens_ssh_has_a_key(tmp_path: Path, no_fsync: None, cidr: str) -> None:
    run = new_run(tmp_path)
    outputs = msgspec.structs.replace(OUTPUTS, ssh_cidr=cidr)
    spec = prepare(run, outputs, Wish(instance_types=("c7i.large",)), owner="me")
    files = CloudFiles(run)
    assert files.view_key.exists() is bool(spec.view_key) is bool(cidr)
    if cidr:
        assert f"view_key='{spec.view_key}'" in boot_template(spec)
        assert not any(files.view_key.read_bytes() in path.read_bytes() for path in input_files(run))


def test_where_no_key_can_be_made_there_is_none(files: CloudFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(files.run.path))
    assert make_key(files) == ""


def test_the_instance_is_where_and_who_its_sign_says() -> None:
    assert target_of(sign(host_keys=f"{HOST_KEY} root@machine\n")) == TARGET
    assert target_of(None) is None
    assert target_of(sign(address="")) is None
    assert target_of(sign(host_keys="")) is None


@pytest.mark.parametrize("address", ["-oProxyCommand=reboot", "example.com", "192.0.2.7 -v", "192.0.2.7\n"])
def test_what_is_no_address_is_not_visited(address: str) -> None:
    assert target_of(sign(address=address)) is None


@pytest.mark.parametrize(
    "line",
    [
        f"@cert-authority * {HOST_KEY}",
        f"* {HOST_KEY}",
        "ssh-ed25519 short",
        f"{HOST_KEY}\x00",
        "ssh-ed25519 " + "A" * 9000,
    ],
)
def test_what_is_no_key_is_not_trusted(line: str) -> None:
    assert target_of(sign(host_keys=line)) is None


def test_the_machine_is_known_under_a_name_that_no_other_has() -> None:
    assert known_hosts_of(TARGET) == f"rlrobo-view {HOST_KEY}\n"


@needs_ssh
def test_ssh_understands_the_command_and_takes_nothing_from_the_user(files: CloudFiles) -> None:
    command = ssh_command(files, TARGET, port=22, num_lines=17)
    assert command[-3:] == ["--", "192.0.2.7", "17"]
    asked = subprocess.run([command[0], "-G", *command[1:]], capture_output=True, text=True, check=True).stdout
    said = dict(line.split(" ", 1) for line in asked.splitlines() if " " in line)
    assert (said["user"], said["port"], said["hostname"]) == ("rlrobo-view", "22", "192.0.2.7")
    assert (said["identityfile"], said["userknownhostsfile"]) == ("view_key", "known_hosts")
    assert (said["batchmode"], said["stricthostkeychecking"], said["updatehostkeys"]) == ("yes", "true", "false")
    assert (said["identitiesonly"], said["identityagent"], said["hostkeyalias"]) == ("yes", "none", "rlrobo-view")
    assert (said["forwardagent"], said["forwardx11"], said["clearallforwardings"]) == ("no", "no", "yes")
    assert said["requesttty"] == "false"
