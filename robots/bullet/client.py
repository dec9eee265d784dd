"""PyBullet, imported without its greeting on stdout."""

from __future__ import annotations

from robots.quiet import stdout_to_stderr

with stdout_to_stderr():
    import pybullet as p
    import pybullet_data

__all__ = ["p", "pybullet_data"]
