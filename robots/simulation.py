"""Batches of simulated worlds behind one face: starts, steps, and the state as arrays.

The physics engine is PyBullet, in robots/bullet/; nothing outside the two knows. Knows nothing about rewards or
episodes. Called by robots/mdp.py; robots/render.py draws the worlds.
"""

from __future__ import annotations

from struct import Struct
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.world import World
from robots.scene import View
from robots.state import Reads, Start, State, state_widths
from robots.terrain import FLAT, make_height_field

if TYPE_CHECKING:
    from robots.spec import TaskSpec


class Simulation:
    """`num_envs` worlds with one robot each, and their state."""

    def __init__(self, task: TaskSpec, *, num_envs: int, reads: Reads, view: View = View.NONE) -> None:
        """Load everything. Raises ModelFileError, TaskDefinitionError, and RobotError without a display."""
        self.task = task
        terrain = task.ground.terrain if task.ground else None
        self.terrain = make_height_field(terrain) if terrain else FLAT
        self.worlds = [
            World(task, reads=reads, view=view if index == 0 else View.NONE, terrain=self.terrain)
            for index in range(num_envs)
        ]
        self.model = self.worlds[0].model
        self._has_contacts = reads.link_contacts
        widths = state_widths(task, self.model, reads)
        self._columns = Struct(f"{len(self.worlds[0].read())}d")
        flat = np.zeros((num_envs, sum(widths.values())))
        self.state = State(flat, self.model, widths, control_dt_s=task.control_dt_s, terrain=self.terrain)
        self.state.previous = self.state.like(flat.copy())
        self.state.start = self.state.like(flat.copy())
        self.engine_s = 0.0
        """Seconds in motor commands and the engine's steps so far."""

    def begin(self, indices: list[int], start: Start) -> None:
        """Put the environments `indices` at the rows of `start`."""
        state = self.state
        for row, index in enumerate(indices):
            self.worlds[index].begin(start, row)
            self._read(index)
        for array in (state.link_contact, state.link_collision, state.link_air_time_s, state.joint_effort):
            array[indices] = 0.0
        state.action[indices] = 0.0
        state.command[indices] = start.command
        state.previous.flat[indices] = state.flat[indices]
        state.start.flat[indices] = state.flat[indices]
        _forget_derived(state)

    def step(self, actions: np.ndarray, *, late_actions: np.ndarray | None = None) -> None:
        """Advance all environments by one control step; actions (num_envs, num_actions) in [-1, 1].

        The state has `actions`, the motors get `late_actions` where actions are delayed.
        """
        state = self.state
        state.previous.become(state)
        state.forget_derived()
        state.action[:] = actions
        for index, action in enumerate(actions if late_actions is None else late_actions):
            began = perf_counter()
            self.worlds[index].step(action)
            self.engine_s += perf_counter() - began
            self._read(index)
        if self._has_contacts:
            state.link_air_time_s += state.control_dt_s
            state.link_air_time_s *= state.link_contact == 0.0

    def command(self, indices: list[int], start: Start) -> None:
        """Give the environments `indices` the commands in the rows of `start`, and move the ghosts that show them."""
        self.state.command[indices] = start.command
        self.state.forget_derived()
        for ghost, spec in enumerate(self.task.objects):
            if spec.follows:
                for row, index in enumerate(indices):
                    self.worlds[index].place_object(ghost, start, row)

    def push(self, indices: list[int], start: Start) -> None:
        """Give bases and joints of the environments `indices` the velocities in the rows of `start` that differ."""
        state = self.state
        for row, index in enumerate(indices):
            world = self.worlds[index]
            if any((getattr(start, name)[row] != getattr(state, name)[index]).any() for name in _BASE_VELOCITIES):
                world.push(start, row)
            world.push_joints(start, row, np.flatnonzero(start.joint_velocity[row] != state.joint_velocity[index]))
        for name in (*_BASE_VELOCITIES, "joint_velocity"):
            getattr(state, name)[indices] = getattr(start, name)
        _forget_derived(state)

    def rebuild(self) -> None:
        """Load every world anew, so that nothing of the past is left; `begin` must follow."""
        for world in self.worlds:
            world.load()

    def close(self) -> None:
        """Disconnect; may be called twice."""
        for world in self.worlds:
            world.close()

    def _read(self, index: int) -> None:
        # Half the time of an assignment to an array.
        self._columns.pack_into(self.state.flat[index], 0, *self.worlds[index].read())


_BASE_VELOCITIES = ("base_linear_velocity_w", "base_angular_velocity_w")


def _forget_derived(state: State) -> None:
    for each in (state, state.previous, state.start):
        each.forget_derived()
