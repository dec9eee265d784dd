"""Measure a robot model in PyBullet: joints, masses, inertias, heights and where links get to.

A broken model may abort the interpreter, so robots/propose.py runs this in a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robots.bullet.client import p
from robots.bullet.loading import load_bodies, movable_joints
from robots.errors import ModelFileError
from robots.measured import MeasuredJoint, MeasuredLink, MeasuredRobot
from robots.quiet import stdout_to_stderr
from robots.rotations import inverse

NO_TURN = (0.0, 0.0, 0.0, 1.0)
FAR_M = 1000.0
"""Distance within which nearest points are looked for."""


@dataclass(frozen=True, kw_only=True)
class _Masses:
    """Every link's mass and inertia about the world's axes, the base first."""

    mass: np.ndarray
    """(num_links,) kg."""
    centre_w: np.ndarray
    """(num_links, 3) m."""
    inertia_w: np.ndarray
    """(num_links, 3, 3) kg·m²."""


class Inspection:
    """A robot alone in a world of its own."""

    def __init__(self, model: str) -> None:
        """Load the model. Raises ModelFileError."""
        self._client = p.connect(p.DIRECT)
        with stdout_to_stderr():
            bodies = load_bodies(model, self._client)
            ground = load_bodies("pybullet_data/plane_implicit.urdf", self._client)[0]
        joints = {body: movable_joints(body, self._client) for body in bodies}
        self._body = max(joints, key=lambda body: len(joints[body]), default=-1)
        if not joints.get(self._body):
            raise ModelFileError(f"{model}: has no joint that moves; a robot needs a revolute or prismatic one.")
        self._joints = joints[self._body]
        self._ground = ground
        count = p.getNumJoints(self._body, physicsClientId=self._client)
        self._infos = [p.getJointInfo(self._body, index, physicsClientId=self._client) for index in range(count)]
        self._parents = [info[16] for info in self._infos]

    def measure(self, pose: Mapping[str, float], *, base_axes: Sequence[float] = NO_TURN) -> MeasuredRobot:
        """Measure the robot in a pose (rad or m by joint; 0 where not given), its base's axes along the world's."""
        self.turn(base_axes)
        self.take(pose)
        masses = self._masses()
        lows = self._lowest_points()
        base = p.getBodyInfo(self._body, physicsClientId=self._client)[0].decode()
        names = [base, *(info[12].decode() for info in self._infos)]
        boxes = np.array([p.getAABB(self._body, i, physicsClientId=self._client) for i in range(-1, len(self._infos))])
        links = [
            MeasuredLink(
                name=name,
                mass_kg=float(masses.mass[row]),
                parent=names[self._parents[row - 1] + 1] if row else "",
                has_joint=row > 0 and self._infos[row - 1][2] != p.JOINT_FIXED,
                centre_w=_vector(masses.centre_w[row]),
                lowest_m=lows[row],
                ahead_m=(float(boxes[row, 0, 0]), float(boxes[row, 1, 0])),
            )
            for row, name in enumerate(names)
        ]
        size = boxes[:, 1].max(axis=0) - boxes[:, 0].min(axis=0)
        return MeasuredRobot(
            joints=tuple(self._measure_joint(index, masses) for index in self._joints.values()),
            links=tuple(links),
            has_massless_root=bool(masses.mass[0] == 0.0),
            size_m=_vector(size),
        )

    def positions(self, link: str, poses: Sequence[Mapping[str, float]]) -> np.ndarray:
        """Return where a link's centre of mass is in each pose, (num_poses, 3), in m."""
        index = [info[12].decode() for info in self._infos].index(link)
        found = []
        for pose in poses:
            self.take(pose)
            state = p.getLinkState(self._body, index, computeForwardKinematics=1, physicsClientId=self._client)
            found.append(state[0])
        return np.array(found)

    def turn(self, base_axes: Sequence[float]) -> None:
        """Put the base so that its own axes lie along the world's; without a turn it stands as it was loaded."""
        if tuple(base_axes) == NO_TURN:
            return
        p.resetBasePositionAndOrientation(self._body, (0.0, 0.0, 0.0), inverse(base_axes), physicsClientId=self._client)

    def take(self, pose: Mapping[str, float]) -> None:
        """Put the joints where the pose has them."""
        for name, index in self._joints.items():
            p.resetJointState(self._body, index, pose.get(name, 0.0), physicsClientId=self._client)

    def close(self) -> None:
        """Free the world."""
        p.disconnect(self._client)

    def _masses(self) -> _Masses:
        client, body = self._client, self._body
        poses = [p.getBasePositionAndOrientation(body, physicsClientId=client)]
        for index in range(len(self._infos)):
            state = p.getLinkState(body, index, computeForwardKinematics=1, physicsClientId=client)
            poses.append(state[:2])
        infos = [p.getDynamicsInfo(body, index, physicsClientId=client) for index in range(-1, len(self._infos))]
        turns = np.array([np.reshape(p.getMatrixFromQuaternion(pose[1]), (3, 3)) for pose in poses])
        diagonals = np.array([np.diag(info[2]) for info in infos])
        return _Masses(
            mass=np.array([info[0] for info in infos]),
            centre_w=np.array([pose[0] for pose in poses]),
            inertia_w=turns @ diagonals @ turns.transpose(0, 2, 1),
        )

    def _lowest_points(self) -> list[float]:
        """Exact heights, unlike those of the boxes that the engine keeps around links."""
        lows = [float("nan")] * (len(self._infos) + 1)
        for point in p.getClosestPoints(self._body, self._ground, FAR_M, physicsClientId=self._client):
            lows[point[3] + 1] = float(np.fmin(lows[point[3] + 1], point[8]))
        return lows

    def _measure_joint(self, index: int, masses: _Masses) -> MeasuredJoint:
        info = self._infos[index]
        beyond = [link + 1 for link in range(len(self._infos)) if index in self._ancestors(link)]
        origin_w, axis_w = self._axis(index, info)
        mass = masses.mass[beyond]
        total = float(mass.sum())
        centre = (mass @ masses.centre_w[beyond]) / total if total > 0 else masses.centre_w[index + 1]
        is_revolute = info[2] == p.JOINT_REVOLUTE
        others = [link for link in range(len(masses.mass)) if link not in beyond]
        inertia = _about_axis(beyond, origin_w, axis_w, masses, is_revolute=is_revolute)
        rest = _about_axis(others, origin_w, axis_w, masses, is_revolute=is_revolute)
        return MeasuredJoint(
            name=info[1].decode(),
            is_revolute=is_revolute,
            lower=info[8],
            upper=info[9],
            max_effort=info[10],
            max_speed=info[11],
            damping=info[6],
            child_link=info[12].decode(),
            depth=sum(each in self._joints.values() for each in self._ancestors(index)) - 1,
            axis_w=_vector(axis_w),
            carried_mass_kg=total,
            centre_distance_m=float(np.linalg.norm(np.cross(centre - origin_w, axis_w))),
            centre_span_m=float(np.linalg.norm(centre - origin_w)),
            centre_height_m=float(centre[2] - origin_w[2]),
            inertia=inertia,
            # Two bodies on one axis turn against each other as one of I1 I2 / (I1 + I2) would.
            free_inertia=inertia * rest / (inertia + rest) if inertia + rest > 0.0 else 0.0,
        )

    def _axis(self, index: int, info: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        state = p.getLinkState(self._body, index, computeForwardKinematics=1, physicsClientId=self._client)
        turn = np.reshape(p.getMatrixFromQuaternion(state[5]), (3, 3))
        axis = turn @ np.array(info[13])
        return np.array(state[4]), axis / (np.linalg.norm(axis) or 1.0)

    def _ancestors(self, link: int) -> list[int]:
        """Return the link's own joint and those above it."""
        found = []
        while link >= 0:
            found.append(link)
            link = self._parents[link]
        return found


def _vector(numbers: np.ndarray) -> tuple[float, float, float]:
    x, y, z = numbers.tolist()
    return x, y, z


def _about_axis(
    links: list[int], origin_w: np.ndarray, axis_w: np.ndarray, masses: _Masses, *, is_revolute: bool
) -> float:
    mass = masses.mass[links]
    if not is_revolute:
        return float(mass.sum())
    offsets = masses.centre_w[links] - origin_w
    across = offsets - np.outer(offsets @ axis_w, axis_w)
    return float((mass * np.square(across).sum(axis=1)).sum() + (axis_w @ masses.inertia_w[links] @ axis_w).sum())
