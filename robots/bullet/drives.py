"""Turn actions into motion of a robot's joints: one class for each kind of control, made by `make_drive`."""

from __future__ import annotations

import numpy as np

from robots.bullet.client import p
from robots.bullet.end_effector import EndEffectorDrive
from robots.bullet.loaded import Drive, LoadedRobot, MotorProperties, disable_motors
from robots.control import EffortControl, EndEffectorControl, MotorControl, MotorMode, PositionControl, per_joint
from robots.errors import TaskDefinitionError


def make_drive(robot: LoadedRobot) -> Drive:
    """Return the drive for the robot's control."""
    control = robot.spec.control
    if isinstance(control, EffortControl):
        return EffortDrive(robot, control)
    if isinstance(control, PositionControl):
        return PositionDrive(robot, control)
    if isinstance(control, MotorControl):
        return MotorDrive(robot, control)
    assert isinstance(control, EndEffectorControl)
    return EndEffectorDrive(robot, control)


class _TorqueDrive:
    """Applies torques for each call of the engine."""

    def __init__(self, robot: LoadedRobot) -> None:
        self._robot = robot
        self._driven = robot.driven
        self._no_passive = [0.0] * (len(robot.joints) - len(self._driven))
        self.efforts = [0.0] * len(robot.joints)
        disable_motors(robot)  # for good: restoreState leaves motors alone (bullet3 issue 4364), and so do torques

    def _begin(self) -> None:
        self.efforts = [0.0] * len(self._robot.joints)

    def _apply(self, efforts: list[float]) -> None:
        robot = self._robot
        p.setJointMotorControlArray(
            robot.body, self._driven, p.TORQUE_CONTROL, forces=efforts, physicsClientId=robot.client
        )
        p.stepSimulation(physicsClientId=robot.client)
        self.efforts = efforts + self._no_passive


class EffortDrive(_TorqueDrive):
    """The action is the effort."""

    def __init__(self, robot: LoadedRobot, control: EffortControl) -> None:
        super().__init__(robot)
        self._declared = np.array(per_joint(control.effort, robot.spec.joints))
        self._scale = self._declared

    def begin(self, properties: MotorProperties | None) -> None:
        """Prepare for an episode."""
        self._begin()
        self._scale = self._declared * properties.strength if properties else self._declared

    def step(self, action: np.ndarray, num_calls: int) -> None:
        """Apply the action's efforts for each call."""
        efforts = (action * self._scale).tolist()
        for _ in range(num_calls):
            self._apply(efforts)


class PositionDrive(_TorqueDrive):
    """A PD law around targets, computed anew for each call."""

    def __init__(self, robot: LoadedRobot, control: PositionControl) -> None:
        """Raise TaskDefinitionError where neither the control nor the model names an effort limit."""
        super().__init__(robot)
        joints, num_driven = robot.spec.joints, len(self._driven)
        self._scale = np.array(per_joint(control.action_scale_rad, joints))
        self._default = robot.model.default_joint_position[:num_driven]
        self._declared = (
            np.array(per_joint(control.stiffness, joints)),
            np.array(per_joint(control.damping, joints)),
            _model_limits(robot) if control.max_effort is None else np.array(per_joint(control.max_effort, joints)),
        )
        self._laws = self._law(None)

    def begin(self, properties: MotorProperties | None) -> None:
        """Prepare for an episode."""
        self._begin()
        self._laws = self._law(properties)

    def step(self, action: np.ndarray, num_calls: int) -> None:
        """Hold the action's targets for `num_calls` steps."""
        robot = self._robot
        goals = (self._default + self._scale * action).tolist()
        for _ in range(num_calls):
            joints = p.getJointStates(robot.body, self._driven, physicsClientId=robot.client)
            efforts = [
                min(max(stiffness * (goal - joint[0]) - damping * joint[1], -limit), limit) * strength
                for goal, joint, (stiffness, damping, limit, strength) in zip(goals, joints, self._laws, strict=True)
            ]
            self._apply(efforts)

    def _law(self, properties: MotorProperties | None) -> list[tuple[float, float, float, float]]:
        stiffness, damping, limit = self._declared
        strength = np.ones_like(limit)
        if properties:
            stiffness, damping = stiffness * properties.stiffness_scale, damping * properties.damping_scale
            strength = properties.strength
        columns = (stiffness, damping, limit, strength)
        return list(zip(*(column.tolist() for column in columns), strict=True))


class MotorDrive:
    """Motors of the engine hold positions or velocities."""

    def __init__(self, robot: LoadedRobot, control: MotorControl) -> None:
        self._robot = robot
        motors = [control.motors[name] for name in robot.spec.joints]
        self._mixing = np.array([motor.gains for motor in motors])
        self._offset = np.array([motor.offset for motor in motors])
        self._max_effort = np.array([motor.max_effort for motor in motors])
        modes = {MotorMode.POSITION: p.POSITION_CONTROL, MotorMode.VELOCITY: p.VELOCITY_CONTROL}
        self._groups = [
            (bullet_mode, [row for row, motor in enumerate(motors) if motor.mode is mode])
            for mode, bullet_mode in modes.items()
        ]
        self._limits = self._max_effort
        self.efforts = [0.0] * len(robot.joints)

    def begin(self, properties: MotorProperties | None) -> None:
        """Prepare for an episode."""
        disable_motors(self._robot)
        self._limits = self._max_effort * properties.strength if properties else self._max_effort
        self.efforts = [0.0] * len(self._robot.joints)

    def step(self, action: np.ndarray, num_calls: int) -> None:
        """Set the motors' targets, then step."""
        robot = self._robot
        targets = self._mixing @ action + self._offset
        for mode, rows in self._groups:
            if not rows:
                continue
            name = "targetPositions" if mode == p.POSITION_CONTROL else "targetVelocities"
            p.setJointMotorControlArray(
                robot.body,
                [robot.joints[row] for row in rows],
                mode,
                **{name: targets[rows].tolist()},
                forces=self._limits[rows].tolist(),
                physicsClientId=robot.client,
            )
        for _ in range(num_calls):
            p.stepSimulation(physicsClientId=robot.client)
        states = p.getJointStates(robot.body, robot.joints, physicsClientId=robot.client)
        self.efforts = [state[3] for state in states]


def _model_limits(robot: LoadedRobot) -> np.ndarray:
    spec, limits = robot.spec, robot.model.joint_effort_limit[: len(robot.driven)]
    for joint, limit in zip(spec.joints, limits, strict=True):
        if limit <= 0.0:
            raise TaskDefinitionError(
                f"{spec.name}: control.max_effort: {spec.model} names no effort limit for {joint!r}; give one (N·m)"
            )
    return limits
