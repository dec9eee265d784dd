"""The Dockerfile and the compose file: what they promise, and that they fit the rest of the project."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from cloud.image_push import ROOT, TARGETS, content_of

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "cloud" / "compose.yaml").read_text(encoding="utf-8"))
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their words, continuation lines joined."""
    lines = [line for line in DOCKERFILE.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in joined]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage by its name; those before the first stage under an empty one."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    for word, rest in instructions():
        if word == "FROM":
            name = rest.split(" AS ")[1]
            found[name] = []
        found[name].append((word, rest))
    return found


def layers_of(target: str) -> list[tuple[str, str]]:
    """Return what a target is made of, the stages that it is built on first; copied stages are not part of it."""
    base = stages()[target][0][1].split(" AS ")[0]
    return (layers_of(base) if base in stages() else []) + stages()[target]


def values(target: str, word: str) -> list[str]:
    return [rest for found, rest in layers_of(target) if found == word]


def test_the_base_is_an_exact_version_of_a_slim_image_with_a_python_that_pybullet_has_a_wheel_for() -> None:
    ((_, given),) = [each for each in stages()[""] if each[0] == "ARG"]
    assert re.fullmatch(r"PYTHON_IMAGE=docker\.io/library/python:3\.11\.\d+-slim-bookworm", given)
    bases = {rest.split(" AS ")[0] for word, rest in instructions() if word == "FROM"}
    assert bases - set(stages()) == {"${PYTHON_IMAGE}"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_not_roots(target: str) -> None:
    assert values(target, "USER")[-1] == "1000", "by number, so that a runtime can see that it is not root"
    assert "useradd --uid 1000" in " ".join(values(target, "RUN"))


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_no_tools_to_build_with_and_no_caches(target: str) -> None:
    commands = " ".join(values(target, "RUN"))
    assert not re.search(r"\b(pip|apt-get|apt|gcc|curl|wget|git)\b", commands)
    assert values(target, "COPY") == [f"--from={target}-packages /opt/rlrobo /opt/rlrobo"]
    assert not values(target, "ADD")
    packages = dict(part.split("=", 1) for part in values(f"{target}-packages", "ENV")[0].split())
    assert packages["PIP_NO_CACHE_DIR"] == "1"
    assert packages["PIP_ONLY_BINARY"] == ":all:", "the base has no compiler, and none is wanted"


@pytest.mark.parametrize("target", TARGETS)
def test_every_package_is_pinned(target: str) -> None:
    for command in " && ".join(values(f"{target}-packages", "RUN")).split("&&"):
        if "pip install" in command:
            assert "--constraint constraints.txt" in command or command.strip() == "pip install --no-deps ."


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_is_the_command_and_the_agent(target: str) -> None:
    assert values(target, "ENTRYPOINT") == ['["rlrobo"]']
    assert values(target, "ENV")[0].startswith("PATH=/opt/rlrobo/bin:$PATH "), "boot.sh runs `--entrypoint python`"
    agent = (ROOT / "cloud" / "boot.sh").read_text(encoding="utf-8")
    assert "--entrypoint python" in agent
    assert "/var/lib/rlrobo" in " ".join(values(target, "RUN"))
    assert '--volume "$state:/var/lib/rlrobo"' in agent


def test_the_image_without_a_gpu_is_what_a_build_without_a_target_makes() -> None:
    assert list(stages())[-1] == "cpu"
    assert ("ARG", "TORCH_INDEX=https://download.pytorch.org/whl/cpu") in stages()["cpu-packages"]


def test_what_is_sent_to_the_builder_is_what_is_installed() -> None:
    allowed = {line[1:] for line in IGNORE.splitlines() if line.startswith("!")}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = set(re.findall(r'"(\w+)"', re.search(r"^packages = \[(.*)\]$", project, re.MULTILINE).group(1)))  # type: ignore[union-attr]
    assert allowed == packages | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert IGNORE.splitlines()[1] == "*"


def test_the_tag_changes_with_the_code(tmp_path: Any) -> None:
    for name in ("Dockerfile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".dockerignore").write_text("*\n!engine\n!pyproject.toml\n")
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "a.py").write_text("a = 1\n")
    first = content_of(tmp_path)
    (tmp_path / "notes.txt").write_text("not sent\n")
    (tmp_path / "engine" / "a.pyc").write_bytes(b"made again at will")
    assert content_of(tmp_path) == first
    (tmp_path / "engine" / "a.py").write_text("a = 2\n")
    assert content_of(tmp_path) != first


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing() -> None:
    result = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


# -- compose


def test_compose_builds_the_targets_of_the_dockerfile() -> None:
    for service in COMPOSE["services"].values():
        assert service["build"]["context"] == ".."
        assert service["build"]["target"] in stages()
    assert COMPOSE["services"]["trainer-cuda"]["build"]["target"] == "cuda"


def test_tensorboard_reads_the_trainers_runs_and_is_open_to_this_machine_only() -> None:
    tensorboard, trainer = COMPOSE["services"]["tensorboard"], COMPOSE["services"]["trainer"]
    assert tensorboard["ports"] == ["127.0.0.1:6006:6006"]
    assert tensorboard["volumes"] == ["runs:/runs:ro"]
    assert trainer["volumes"] == ["runs:/runs"]
    assert "runs" in COMPOSE["volumes"]
    assert tensorboard["command"][:2] == ["--logdir", "/runs"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_containers_can_do_no_more_than_they_need(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"], "the first process of a container ignores signals that it does not handle"
    assert not {"privileged", "network_mode", "pid"} & set(service)


def test_only_the_gpu_service_is_optional() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "profiles" in service] == ["trainer-cuda"]
