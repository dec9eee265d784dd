"""push-image with programs that write down what they were asked, and a repository that is a dictionary."""

import json
import os
import stat
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cloud import image_push
from cloud.deploy import Choices, deploy
from cloud.errors import CloudError
from cloud.image_push import Pushed, find_builder, push_image
from cloud.outputs import StackOutputs
from engine.protocol.errors import UsageError
from tests.cloud.fake_account import ACCOUNT, FakeAccount

PASSWORD = "a-very-long-token"
REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
PROGRAM = """#!/bin/sh
[ "$1" != login ] || [ "$FAILS" = unread ] || read -r password
printf '%s|%s|%s|%s\\n' "$*" "$password" "$DOCKER_CONFIG$REGISTRY_AUTH_FILE" "$DOCKER_HOST" >>"$ASKED"
case $1 in
  context) echo unix:///run/user/docker.sock; exit ;;
  push) echo "$2" >>"$PUSHED" ;;
esac
echo "did $1"
[ "$1" != "$FAILS" ] && [ "$1 $FAILS" != "login unread" ]
"""


class Repository(FakeAccount):
    """An account whose repository knows what the programs pushed."""

    def __init__(self, pushed: Path) -> None:
        super().__init__()
        self.pushed = pushed

    def ecr_describe_images(self, *, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert repositoryName == "rlrobo"
        names = self.pushed.read_text().split() if self.pushed.exists() else []
        if f"{REGISTRY}/rlrobo:{imageIds[0]['imageTag']}" not in names:
            raise CloudError("There is no such image.", code="ImageNotFoundException")
        return {"imageDetails": [{"imageDigest": "sha256:123"}]}

    def ecr_get_authorization_token(self) -> dict[str, Any]:
        return {"authorizationData": [{"authorizationToken": b64encode(f"AWS:{PASSWORD}".encode()).decode()}]}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("PUSHED", str(tmp_path / "pushed"))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(image_push, "version", lambda _: "1.2.3")
    return Repository(tmp_path / "pushed")


class Machine(NamedTuple):
    """A checkout on a machine with programs, and a stack to push to."""

    folder: Path
    repository: Repository
    outputs: StackOutputs
    monkeypatch: pytest.MonkeyPatch

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def install(self, *programs: str, fails: str = "") -> None:
        """Have these programs and no other ones on PATH; they fail at one verb."""
        for name in programs:
            (self.folder / name).write_text(PROGRAM)
            (self.folder / name).chmod(stat.S_IRWXU)
        self.monkeypatch.setenv("PATH", str(self.folder))
        self.monkeypatch.setenv("FAILS", fails)

    def push(self, target: str = "cpu", lines: list[str] | None = None) -> Pushed:
        say = (lines if lines is not None else []).append
        return push_image(self.repository, self.outputs, target=target, say=say, root=self.checkout)

    def asked(self) -> list[list[str]]:
        """Return arguments, stdin, the folder for passwords and the daemon of each call."""
        return [line.split("|") for line in (self.folder / "asked").read_text().splitlines()]


@pytest.fixture
def machine(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path, repository, deploy_quietly(repository), monkeypatch)
    made.checkout.mkdir()
    (made.checkout / "Dockerfile").write_text("FROM scratch\n")
    (made.checkout / ".dockerignore").write_text("*\n!code.py\n")
    (made.checkout / "code.py").write_text("pass\n")
    return made


def deploy_quietly(repository: Repository) -> StackOutputs:
    return deploy(repository, choices=Choices(), follower=repository.follower([]))


@pytest.mark.parametrize("program", ["docker", "buildah"])
def test_it_builds_logs_in_and_pushes(machine: Machine, program: str) -> None:
    machine.install(program)
    lines: list[str] = []
    pushed = machine.push(lines=lines)
    assert pushed.reference == f"{REGISTRY}/rlrobo@sha256:123"
    assert pushed.tag.startswith("cpu-1.2.3-")
    assert not pushed.was_there
    name = f"{REGISTRY}/rlrobo:{pushed.tag}"
    by_verb = {line[0].split()[0]: line for line in machine.asked()}
    assert by_verb["build"][0].endswith(f"--platform linux/amd64 --target cpu --tag {name} {machine.checkout}")
    assert by_verb["login"][0] == f"login --username AWS --password-stdin {REGISTRY}"
    assert by_verb["login"][1] == PASSWORD
    assert by_verb["push"][0] == f"push {name}"
    assert "  did push" in lines


@pytest.mark.parametrize("program", ["docker", "buildah"])
def test_the_password_is_no_argument_and_is_not_kept(machine: Machine, program: str) -> None:
    machine.install(program)
    lines: list[str] = []
    pushed = machine.push(lines=lines)
    assert PASSWORD not in json.dumps(lines) + str(pushed)
    for arguments, _, place, host in machine.asked():
        assert PASSWORD not in arguments
        if arguments.startswith(("login", "push")):
            assert "rlrobo-login-" in place
            assert not os.path.exists(place)
            assert host == ("unix:///run/user/docker.sock" if program == "docker" else "")


def test_code_that_was_pushed_is_not_built_again(machine: Machine) -> None:
    machine.install("docker")
    first = machine.push()
    num_asked = len(machine.asked())
    again = machine.push()
    assert (again.reference, again.was_there) == (first.reference, True)
    assert len(machine.asked()) == num_asked
    assert not machine.push("cuda").was_there


@pytest.mark.parametrize("verb", ["build", "login", "push"])
def test_what_fails_is_named_with_what_it_said(machine: Machine, verb: str) -> None:
    machine.install("docker", fails=verb)
    with pytest.raises(CloudError, match=f"`docker {verb}` failed with exit code 1: did {verb}") as caught:
        machine.push()
    assert PASSWORD not in str(caught.value)


def test_a_login_that_ends_without_reading_says_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("docker", fails="unread")
    monkeypatch.setattr(sys.modules[__name__], "PASSWORD", "more than a pipe holds" * 10_000)
    with pytest.raises(CloudError, match="`docker login` failed with exit code 1: did login"):
        machine.push()


def test_docker_without_its_daemon_leaves_it_to_buildah(machine: Machine) -> None:
    machine.install("docker", "buildah", fails="version")
    assert find_builder().program == "buildah"


def test_without_a_builder_both_ways_out_are_named(machine: Machine) -> None:
    machine.install("docker", fails="version")
    with pytest.raises(UsageError, match=r"docker: .*buildah: not installed.*apt install buildah.*do without an image"):
        find_builder()


def test_an_installed_package_cannot_be_built(machine: Machine) -> None:
    (machine.checkout / "Dockerfile").unlink()
    with pytest.raises(UsageError, match="has no Dockerfile: an image is built from a checkout"):
        machine.push()
