"""Batches of simulated worlds behind one face: starts, steps, and the state as arrays.

The physics engine is PyBullet, in robots/bullet/; nothing outside the two knows. Knows nothing about rewards or
episodes. Called by robots/mdp.py; robots/render.py draws the worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robots.bullet.world import World
from robots.state import Reads, Start, State, state_widths
from robots.terrain import FLAT

if TYPE_CHECKING:
    from robots.spec import TaskSpec


class Simulation:
    """`num_envs` worlds with one robot each, and their state."""

    def __init__(self, task: TaskSpec, *, num_envs: int, reads: Reads, gui: bool = False) -> None:
        """Load everything. Raises ModelFileError, TaskDefinitionError, and RobotError without a display."""
        self.task = task
        self.terrain = FLAT
        self.worlds = [World(task, reads=reads, gui=gui and index == 0) for index in range(num_envs)]
        self.model = self.worlds[0].model
        self._has_contacts = reads.link_contacts
        widths = state_widths(task, self.model, reads)
        flat = np.zeros((num_envs, sum(widths.values())))
        self.state = State(flat, self.model, widths, control_dt_s=task.control_dt_s, terrain=self.terrain)
        self.state.previous = self.state.like(flat.copy())
        self.state.start = self.state.like(flat.copy())

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

    def step(self, actions: np.ndarray) -> None:
        """Advance all environments by one control step; actions (num_envs, num_actions) in [-1, 1]."""
        state = self.state
        state.previous.flat[:] = state.flat
        state.action[:] = actions
        for index, action in enumerate(actions):
            self.worlds[index].step(action)
            self._read(index)
        if self._has_contacts:
            air_time = state.previous.link_air_time_s + state.control_dt_s
            state.link_air_time_s[:] = np.where(state.link_contact > 0.0, 0.0, air_time)
        _forget_derived(state)

    def command(self, indices: list[int], start: Start) -> None:
        """Give the environments `indices` the commands in the rows of `start`, and move the ghosts that show them."""
        self.state.command[indices] = start.command
        for ghost, spec in enumerate(self.task.objects):
            if spec.follows:
                for row, index in enumerate(indices):
                    self.worlds[index].place_object(ghost, start, row)

    def push(self, indices: list[int], start: Start) -> None:
        """Give the bases of the environments `indices` the velocities in the rows of `start`."""
        for row, index in enumerate(indices):
            self.worlds[index].push(start, row)
        self.state.base_linear_velocity_w[indices] = start.base_linear_velocity_w
        self.state.base_angular_velocity_w[indices] = start.base_angular_velocity_w
        _forget_derived(self.state)

    def rebuild(self) -> None:
        """Load every world anew, so that nothing of the past is left; `begin` must follow."""
        for world in self.worlds:
            world.load()

    def close(self) -> None:
        """Disconnect; may be called twice."""
        for world in self.worlds:
            world.close()

    def _read(self, index: int) -> None:
        row = self.worlds[index].read()
        self.state.flat[index, : len(row)] = row


def _forget_derived(state: State) -> None:
    for each in (state, state.previous, state.start):
        each.forget_derived()
