"""Read the state of one world with as few calls of PyBullet as there are kinds of state.

Every getter walks the whole body and copies 30 kB, however little it is asked for. So each is called once, for
everything; what cannot change within an episode is read at its start only. Called by robots/bullet/world.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from robots.bullet.client import p
from robots.bullet.lidar import LidarReader
from robots.bullet.loaded import link_frame
from robots.errors import TaskDefinitionError, suggest
from robots.rotations import compose
from robots.scene import ObjectKind

if TYPE_CHECKING:
    from robots.bullet.loaded import LoadedRobot
    from robots.spec import TaskSpec
    from robots.state import Reads

NO_TURN = (0.0, 0.0, 0.0, 1.0)
ANY_BODY = -1

Motion = tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]]
"""Position, quaternion, linear and angular velocity of a body, all in the world's frame."""


class StateReader:
    """Reads a robot and the objects around it. Call `begin` after anything was placed."""

    def __init__(
        self, task: TaskSpec, robot: LoadedRobot, reads: Reads, *, ground: int | None, objects: list[int]
    ) -> None:
        """Raise TaskDefinitionError for a link that the robot does not have."""
        self._robot = robot
        self._reads = reads
        self._ground = ground
        self._touched = ANY_BODY if reads.link_collisions else ground
        self._no_contacts = [0.0] * len(robot.model.link_names)
        base_link = robot.spec.base_link
        self._base = _link_index(task, robot, "base_link", base_link) if base_link else -1
        self._axes = robot.spec.base_axes if robot.spec.base_axes != NO_TURN else None
        self._frames = [_link_index(task, robot, "frames", name) for name in reads.frames]
        self._moving_frames = [index for index in self._frames if index >= 0]
        self._has_late_frames = task.solver.has_late_frames
        bodies = [(body, spec) for body, spec in zip(objects, task.objects, strict=True) if spec in task.bodies]
        self._bodies = [body for body, _ in bodies]
        self._is_still = [spec.kind is ObjectKind.FIXED and spec.follows is None for _, spec in bodies]
        lidar = robot.spec.lidar
        self._lidar = LidarReader(lidar, robot=robot.body, client=robot.client) if lidar else None
        self.begin()

    def begin(self) -> None:
        """Read what will not move: the root of a fixed robot, fixed objects."""
        client = self._robot.client
        self._still_root = _read_motion(self._robot.body, client) if self._robot.spec.is_fixed else None
        bodies = zip(self._bodies, self._is_still, strict=True)
        self._still_objects = [_read_motion(body, client) if is_still else None for body, is_still in bodies]

    def read(self, efforts: Sequence[float]) -> list[float]:
        """Return what the engine knows, in the order of the columns of robots.state.State.

        `efforts` are those of the joints, which the drive knows.
        """
        robot, reads, frames = self._robot, self._reads, self._frames
        body, client, base = robot.body, robot.client, self._base
        root = self._still_root or _read_motion(body, client)
        links = p.getLinkStates(body, robot.links, int(base >= 0), 0, client) if reads.link_positions else None
        position, quaternion, linear, angular = root if base < 0 else self._base_motion(links)
        if self._axes:
            quaternion = compose(quaternion, self._axes)
        joints = p.getJointStates(body, robot.joints, client)
        row = [*position, *quaternion, *linear, *angular]
        row += [joint[0] for joint in joints]
        row += [joint[1] for joint in joints]
        row += efforts
        if links is not None:
            row += root[0]
            for link in links:
                row += link[0]
        if reads.link_contacts or reads.link_collisions:
            row += self._read_contacts()
        if frames:
            row += _by_part(self._read_frames(root))
        if self._bodies:
            row += _by_part(self._read_objects())
        if self._lidar:
            row += self._lidar.read(position, quaternion)
        return row

    def _base_motion(self, links: Sequence[Sequence[Sequence[float]]] | None) -> Motion:
        robot, base = self._robot, self._base
        state = links[base] if links else p.getLinkState(robot.body, base, 1, 0, robot.client)
        return state[0], state[1], state[6], state[7]

    def _read_contacts(self) -> list[float]:
        robot, reads, ground, bodies = self._robot, self._reads, self._ground, self._bodies
        with_ground, with_objects = self._no_contacts.copy(), self._no_contacts.copy()
        for point in p.getContactPoints(robot.body, self._touched, physicsClientId=robot.client):
            other, row = point[2], point[3] + 1
            if other == ground:
                with_ground[row] = 1.0
            elif other in bodies:
                with_objects[row] = 1.0
        return (with_ground if reads.link_contacts else []) + (with_objects if reads.link_collisions else [])

    def _read_frames(self, root: Motion) -> list[Motion]:
        robot, moving = self._robot, self._moving_frames
        states = p.getLinkStates(robot.body, moving, 1, int(not self._has_late_frames), robot.client) if moving else ()
        found = {index: (*link_frame(state), state[6], state[7]) for index, state in zip(moving, states, strict=True)}
        return [found[index] if index >= 0 else root for index in self._frames]

    def _read_objects(self) -> list[Motion]:
        client = self._robot.client
        bodies = zip(self._bodies, self._still_objects, strict=True)
        return [still or _read_motion(body, client) for body, still in bodies]


def _read_motion(body: int, client: int) -> Motion:
    return (*p.getBasePositionAndOrientation(body, client), *p.getBaseVelocity(body, client))


def _by_part(motions: Sequence[Motion]) -> list[float]:
    # The state has all positions first, then all quaternions, and so on.
    return [number for part in range(4) for motion in motions for number in motion[part]]


def _link_index(task: TaskSpec, robot: LoadedRobot, where: str, name: str) -> int:
    names = robot.model.link_names
    if name not in names:
        raise TaskDefinitionError(f"{task.id}: {where}: the robot has no {name!r}{suggest(name, names)}")
    return names.index(name) - 1
