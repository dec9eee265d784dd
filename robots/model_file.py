"""Check a robot's model file before a physics engine loads it, which may abort on what is found here. Reads XML only.

Called by robots/bullet/loading.py for every model that is not PyBullet's own, and by robots/propose.py.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from robots.errors import ModelFileError
from robots.mjcf import check_mjcf, motor_efforts
from robots.model_xml import Findings, parse_xml
from robots.urdf import check_urdf

PACKAGED = "pybullet_data/"
"""A model whose path begins so comes with PyBullet."""
ROOTS = {".urdf": "robot", ".xml": "mujoco"}
"""Root element of a format by the end of its files' names."""


def check_model(path: Path) -> tuple[str, ...]:
    """Return warnings about a URDF or MJCF file. Raises ModelFileError that names file, line and element."""
    if not path.is_file():
        raise ModelFileError(f"{path}: no such file; looked at {path.resolve()}; correct the path.")
    if path.suffix not in ROOTS:
        raise ModelFileError(f"{path}: unknown format {path.suffix!r}; allowed: .urdf, .xml (MJCF).")
    return _check(path, path.stat().st_mtime_ns)


def declared_motors(path: Path) -> dict[str, float]:
    """Return the greatest effort (N·m or N) of each joint for which an MJCF model declares a motor; a URDF has none."""
    if path.suffix != ".xml":
        return {}
    return motor_efforts(parse_xml(path, roots=("mujoco",)))


@lru_cache(maxsize=32)  # a batch loads the same file for each of its worlds
def _check(path: Path, modified_ns: int) -> tuple[str, ...]:
    root, findings = parse_xml(path, roots=(ROOTS[path.suffix],)), Findings(path)
    (check_urdf if root.tag == "robot" else check_mjcf)(root, findings)
    findings.raise_problems()
    return tuple(findings.warnings)
