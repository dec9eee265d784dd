"""Build the container image and push it to the stack's repository, with Docker or Buildah, whichever is here.

The repository's password goes through stdin into a folder that is removed afterwards: it is no argument of a process
and does not stay on this machine.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from cloud.door import Door
from cloud.errors import CloudError
from cloud.outputs import StackOutputs
from engine.protocol.errors import UsageError
from engine.protocol.files import sha256_of

TARGETS = ("cpu", "cuda")
ROOT = Path(__file__).parents[1]
PLATFORM = "linux/amd64"
"""PyBullet has no wheel for Linux on ARM."""
_LAST_LINES = 5


class Pushed(Struct, frozen=True, kw_only=True):
    """An image in the repository."""

    reference: str
    """By its digest: what `rlrobo train --on spot --image` takes."""
    tag: str
    was_there: bool
    """Whether this very code had been pushed before."""


class Builder(NamedTuple):
    """A program that builds and pushes images."""

    program: str
    build: tuple[str, ...]
    private: Callable[[Path], dict[str, str]]
    """Variables with which it keeps passwords in a folder."""


def push_image(
    door: Door, outputs: StackOutputs, *, target: str, say: Callable[[str], None], root: Path = ROOT
) -> Pushed:
    """Build a target of the Dockerfile in `root` and push it; what is there already is not built again.

    Raises UsageError where there is no checkout or no builder, and CloudError.
    """
    _require_checkout(root)
    repository = outputs.repository_uri.partition("/")[2]
    tag = f"{target}-{version('rlrobo')}-{content_of(root)[:12]}"
    if digest := _digest_of(door, repository, tag):
        return Pushed(reference=f"{outputs.repository_uri}@{digest}", tag=tag, was_there=True)
    builder, name = find_builder(), f"{outputs.repository_uri}:{tag}"
    say(f"Building {name} with {builder.program}:")
    _run([*builder.build, "--platform", PLATFORM, "--target", target, "--tag", name, str(root)], say)
    _push(door, builder, name, say)
    digest = _digest_of(door, repository, tag)
    if not digest:
        raise CloudError(f"{builder.program} pushed {name}, but the repository does not know it. Push it again.")
    return Pushed(reference=f"{outputs.repository_uri}@{digest}", tag=tag, was_there=False)


def find_builder() -> Builder:
    """Return the program to build with. Raises UsageError where none works here."""
    reasons: list[str] = []
    for builder in (_DOCKER, _BUILDAH):
        reason = _why_not(builder.program)
        if not reason:
            return builder
        reasons.append(f"{builder.program}: {reason}")
    raise UsageError(
        f"An image needs Docker or Buildah to be built ({'; '.join(reasons)}). Install one (https://docs.docker.com/get-"
        "docker, or `apt install buildah`), or do without an image: instances then install rlrobo by themselves."
    )


def content_of(root: Path) -> str:
    """Return a hash of everything that an image is built from, so that the same code has the same tag."""
    digest = hashlib.sha256()
    for path in sorted(_context(root)):
        digest.update(f"{path.relative_to(root).as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _require_checkout(root: Path) -> None:
    if not (root / "Dockerfile").is_file():
        raise UsageError(
            f"{root} has no Dockerfile: an image is built from a checkout of rlrobo, not from an installed package. "
            "Clone the repository and run this there, or do without an image."
        )


def _context(root: Path) -> Iterator[Path]:
    """Yield the Dockerfile and the files that .dockerignore lets through."""
    yield root / "Dockerfile"
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (line[1:] for line in lines if line.startswith("!")):
        found = root / name
        files = found.rglob("*") if found.is_dir() else [found]
        yield from (path for path in files if path.is_file() and path.suffix != ".pyc")


def _why_not(program: str) -> str:
    """Return why a program cannot be used; empty: it can."""
    if shutil.which(program) is None:
        return "not installed"
    command = [program, "version", "--format", "{{.Server.Version}}"] if program == "docker" else [program, "--version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as err:
        return str(err)
    return "" if result.returncode == 0 else (result.stderr.strip().splitlines() or ["does not work"])[-1]


def _docker_variables(folder: Path) -> dict[str, str]:
    """Another configuration folder hides which daemon is chosen, so that is asked for first."""
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    host = result.stdout.strip() if result.returncode == 0 else ""
    return {"DOCKER_CONFIG": str(folder), **({"DOCKER_HOST": host} if host else {})}


_DOCKER = Builder("docker", ("docker", "build"), _docker_variables)
_BUILDAH = Builder(
    "buildah", ("buildah", "build", "--layers"), lambda folder: {"REGISTRY_AUTH_FILE": str(folder / "auth.json")}
)


def _push(door: Door, builder: Builder, name: str, say: Callable[[str], None]) -> None:
    answer = door.call("ecr", "get_authorization_token")["authorizationData"][0]
    user, _, password = b64decode(answer["authorizationToken"]).decode().partition(":")
    with tempfile.TemporaryDirectory(prefix="rlrobo-login-") as folder:
        variables = builder.private(Path(folder))
        login = [builder.program, "login", "--username", user, "--password-stdin", name.partition("/")[0]]
        _run(login, say, variables=variables, stdin=password)
        say(f"Pushing {name}:")
        _run([builder.program, "push", name], say, variables=variables)


def _run(
    command: Sequence[str], say: Callable[[str], None], *, variables: Mapping[str, str] | None = None, stdin: str = ""
) -> None:
    """Run a command and tell its output as it comes. Raises CloudError where it fails."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        with suppress(BrokenPipeError):  # it ended without reading, and says why
            process.stdin.write(stdin)
            process.stdin.close()
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            say(f"  {lines[-1]}")
    if process.returncode:
        said = " ".join(lines[-_LAST_LINES:])
        what = f"{command[0]} {command[1]}"
        raise CloudError(f"`{what}` failed with exit code {process.returncode}: {said}. Mend that and push again.")


def _digest_of(door: Door, repository: str, tag: str) -> str:
    """Return the digest of a pushed image; empty where there is none."""
    try:
        answer = door.call("ecr", "describe_images", repositoryName=repository, imageIds=[{"imageTag": tag}])
    except CloudError as err:
        if err.code == "ImageNotFoundException":
            return ""
        raise
    return answer["imageDetails"][0]["imageDigest"]
