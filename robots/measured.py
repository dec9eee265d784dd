"""What can be measured of a robot model without a task: plain data, from which robots/proposal.py proposes one."""

from __future__ import annotations

import math
from dataclasses import dataclass

FOOT_SHARE = 0.02
"""A link counts as a foot if its lowest point is within this share of the robot's height above the lowest of all."""
Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class MeasuredJoint:
    """A joint that moves, in one pose."""

    name: str
    is_revolute: bool
    """Turns; otherwise it slides."""
    lower: float
    """rad or m; lower >= upper: no limits."""
    upper: float
    max_effort: float
    """N·m or N, as the model says; 0: it does not."""
    max_speed: float
    """rad/s or m/s, as the model says; 0: it does not."""
    damping: float
    """N·m·s/rad or N·s/m, of the model itself."""
    child_link: str
    depth: int
    """Joints that move on the way from the base to this one."""
    axis_w: Vector
    carried_mass_kg: float
    """Of all links beyond the joint."""
    centre_distance_m: float
    """From the axis to the centre of mass of what is beyond it."""
    centre_span_m: float
    """From the joint itself to that centre: the distance from the axis in the worst of all poses."""
    centre_height_m: float
    """Of that centre above the joint; below it negative."""
    inertia: float
    """kg·m² or kg of all beyond the joint about its axis: what the motor feels if the rest stands still."""
    free_inertia: float
    """What the motor feels if the robot floats freely; 0 where the rest has no mass."""

    @property
    def has_limits(self) -> bool:
        """Whether the range is bounded."""
        return self.lower < self.upper


@dataclass(frozen=True, kw_only=True)
class MeasuredLink:
    """A link in one pose."""

    name: str
    """The base's own first."""
    mass_kg: float
    parent: str
    """Empty: the base."""
    has_joint: bool
    """It moves against its parent."""
    centre_w: Vector
    """Centre of mass (m)."""
    lowest_m: float
    """Height of its lowest point; not a number where nothing of it can touch."""
    ahead_m: tuple[float, float]
    """Where it begins and ends along x, roughly."""


@dataclass(frozen=True, kw_only=True)
class MeasuredRobot:
    """A robot in one pose."""

    joints: tuple[MeasuredJoint, ...]
    links: tuple[MeasuredLink, ...]
    has_massless_root: bool
    """Then the physics engine holds the root fast."""
    size_m: Vector
    """Of the box around it."""

    @property
    def base_link(self) -> str:
        """Name of the root."""
        return self.links[0].name

    def link(self, name: str) -> MeasuredLink:
        """Return a link by its name."""
        return next(link for link in self.links if link.name == name)

    def rigid_group(self, name: str) -> list[MeasuredLink]:
        """Return a link and all that is fixed to it, further from the base."""
        group = [self.link(name)]
        for link in self.links:  # parents come before their children
            if not link.has_joint and link.parent in [each.name for each in group] and link not in group:
                group.append(link)
        return group

    @property
    def total_mass_kg(self) -> float:
        """Sum over the links."""
        return sum(link.mass_kg for link in self.links)

    @property
    def centre_w(self) -> Vector:
        """Centre of mass of the whole robot (m)."""
        total = self.total_mass_kg or 1.0
        x, y, z = (sum(link.mass_kg * link.centre_w[axis] for link in self.links) / total for axis in range(3))
        return x, y, z

    @property
    def feet(self) -> tuple[str, ...]:
        """Links that touch the ground if it stands as it is."""
        limit = self.lowest_m + FOOT_SHARE * self.size_m[2]
        return tuple(link.name for link in self.links if link.lowest_m < limit)

    @property
    def lowest_m(self) -> float:
        """Height of the lowest point."""
        return min((link.lowest_m for link in self.links if not math.isnan(link.lowest_m)), default=0.0)
