"""Make a wheel of the rlrobo that runs here, and name the versions beside it: an instance trains with the same code.

No build tool is needed: the packages are packed as they are on disk, from a checkout as well as from an installation.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import re
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

DISTRIBUTION = "rlrobo"
PACKAGES = ("rlrobo_tui", "engine", "robots", "configs", "cloud")
SKIPPED = frozenset({"__pycache__"})
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every file, so that the same code makes the same wheel."""
TAG = "py3-none-any"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Wheel(NamedTuple):
    """A wheel on disk."""

    path: Path
    sha256: str


def build_wheel(folder: Path) -> Wheel:
    """Write the wheel into a folder. The same code gives the same bytes. Raises OSError."""
    version = metadata.version(DISTRIBUTION)
    info = f"{DISTRIBUTION}-{version}.dist-info"
    path = folder / f"{DISTRIBUTION}-{version}-{TAG}.whl"
    files = dict(_package_files())
    files[f"{info}/METADATA"] = _metadata_text().encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: rlrobo\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode()
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\nrlrobo = rlrobo_tui.cli:main\n"
    # With the versions inside, its sha256 names them, too: one folder of the bucket never holds others.
    files[f"{info}/constraints.txt"] = constraints().encode()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return Wheel(path, hashlib.sha256(path.read_bytes()).hexdigest())


def constraints() -> str:
    """Return the versions of everything that rlrobo needs here, a line each, as pip's --constraint reads them."""
    found: dict[str, str] = {}
    waiting = [DISTRIBUTION]
    while waiting:
        for name in _needs(waiting.pop()):
            if name not in found and (version := _version(name)):
                found[name] = version
                waiting.append(name)
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found))


def _package_files() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        origin = importlib.import_module(package).__file__
        assert origin is not None
        root = Path(origin).parent
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root.parent)
            if path.is_file() and not SKIPPED.intersection(relative.parts) and path.suffix != ".pyc":
                yield relative.as_posix(), path.read_bytes()


def _metadata_text() -> str:
    found = metadata.metadata(DISTRIBUTION)
    needs = [f"Requires-Dist: {each}" for each in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in each]
    lines = ["Metadata-Version: 2.1", f"Name: {DISTRIBUTION}", f"Version: {found['Version']}"]
    return "\n".join([*lines, f"Requires-Python: {found['Requires-Python']}", *needs, ""])


def _record(files: dict[str, bytes], own_name: str) -> bytes:
    lines = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    return "\n".join([*lines, f"{own_name},,", ""]).encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _needs(name: str) -> list[str]:
    """Return the distributions that one names, those of extras left out; some are for other platforms."""
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    plain = [each for each in requirements if "extra ==" not in each]
    return [found.group().lower().replace("_", "-") for each in plain if (found := _NAME.match(each))]


def _version(name: str) -> str:
    """Return what is installed, without what says for which accelerator; empty where it is not."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        return ""
