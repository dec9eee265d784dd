"""The drive for EndEffectorControl: inverse kinematics once a control step, then the engine's position motors.

Order, calls and rounding are those of panda-gym 3.0.7 (robots/panda.py), so that the same actions lead to the same
numbers. It moves by actions in single precision, as policies give them, times the step in single precision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.client import p
from robots.bullet.loaded import LoadedRobot, MotorProperties, disable_motors, link_frame
from robots.errors import TaskDefinitionError, suggest

if TYPE_CHECKING:
    from robots.control import EndEffectorControl

NUM_BASE_COORDINATES = 7
"""PyBullet counts a body's coordinates from here on, after position and quaternion of its base, fixed or not."""


class EndEffectorDrive:
    """Motors of the engine hold the joint positions that put the hand where the action wants it."""

    def __init__(self, robot: LoadedRobot, control: EndEffectorControl) -> None:
        """Raise TaskDefinitionError for a link that the robot does not have."""
        links, joints = robot.model.link_names, robot.spec.joints
        if control.link not in links:
            raise TaskDefinitionError(
                f"{robot.spec.name}: control.link: the robot has no {control.link!r}{suggest(control.link, links)}"
            )
        self._robot = robot
        self._control = control
        self._hand = links.index(control.link) - 1
        indices = dict(zip(joints, robot.driven, strict=True))
        self._fingers = [indices[name] for name in control.fingers]
        self._arm = [index for name, index in indices.items() if name not in control.fingers]
        infos = [p.getJointInfo(robot.body, index, physicsClientId=robot.client) for index in self._arm]
        self._solution_rows = [info[3] - NUM_BASE_COORDINATES for info in infos]
        """Where the arm's joints are among all that inverse kinematics solves for."""
        order = [*(name for name in joints if name not in control.fingers), *control.fingers]
        self._strength_rows = [joints.index(name) for name in order]
        self._max_effort = np.array([control.max_effort[name] for name in order])
        self._limits = self._max_effort.tolist()
        moves = (control.step_m,) * 3 + ((control.finger_step_m,) if control.finger_step_m else ())
        self._moves = np.array(moves, dtype=np.float32)
        self.efforts = [0.0] * len(robot.joints)

    def begin(self, properties: MotorProperties | None) -> None:
        """Prepare for an episode."""
        disable_motors(self._robot)
        strength = properties.strength[self._strength_rows] if properties else 1.0
        self._limits = (self._max_effort * strength).tolist()
        self.efforts = [0.0] * len(self._robot.joints)

    def step(self, action: np.ndarray, num_calls: int) -> None:
        """Move the hand's target on from where the hand is, set the motors, then step."""
        robot = self._robot
        moves = action.astype(np.float32) * self._moves
        p.setJointMotorControlArray(
            robot.body,
            [*self._arm, *self._fingers],
            p.POSITION_CONTROL,
            targetPositions=[*self._arm_targets(moves[:3].tolist()), *self._finger_targets(moves[3:])],
            forces=self._limits,
            physicsClientId=robot.client,
        )
        for _ in range(num_calls):
            p.stepSimulation(physicsClientId=robot.client)
        states = p.getJointStates(robot.body, robot.joints, physicsClientId=robot.client)
        self.efforts = [state[3] for state in states]

    def _arm_targets(self, displacement: list[float]) -> list[float]:
        robot, control = self._robot, self._control
        # Inverse kinematics is about the link's frame, not about its centre of mass.
        hand, _ = link_frame(p.getLinkState(robot.body, self._hand, physicsClientId=robot.client))
        x, y, z = (now + move for now, move in zip(hand, displacement, strict=True))
        target = (x, y, max(z, control.min_height_m))
        solution = p.calculateInverseKinematics(
            robot.body, self._hand, target, control.quaternion_w, physicsClientId=robot.client
        )
        return [solution[row] for row in self._solution_rows]

    def _finger_targets(self, change: np.ndarray) -> list[float]:
        robot, num_fingers = self._robot, len(self._fingers)
        if not change.size:
            return [0.0] * num_fingers
        fingers = p.getJointStates(robot.body, self._fingers, physicsClientId=robot.client)
        width = np.float32(sum(finger[0] for finger in fingers)) + change[0]
        return [float(width) / num_fingers] * num_fingers
