"""The third step of a new run: where it runs, with how many environments, and how fast that may be.

Of a rented machine it asks the limits, and says what happens; only this one can be measured.
"""

from __future__ import annotations

import json
from typing import Any

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from rlrobo_tui.commands.place import HERE, PLACES, SpotRequest
from rlrobo_tui.machine import num_workers_of
from rlrobo_tui.run_card import machine_page, setting_page, speed_page, spot_page
from rlrobo_tui.run_form import LIMITS
from rlrobo_tui.run_settings import flow, value_of
from rlrobo_tui.twin import run_command
from rlrobo_tui.widgets.form_field import FormField
from rlrobo_tui.widgets.form_step import FormState, FormStep
from robots.registry import TASKS

SECONDS = 2
"""Processor time of the measurement; the whole takes about five seconds."""


class HardwareStep(FormStep):
    """Where it trains, what that machine is to do, and a measurement on demand."""

    TITLE = "Hardware"
    ANSWERS = ("place", *LIMITS, "num_envs", "device", "num_workers")

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._speeds: dict[tuple[str, int], dict[str, Any] | str] = {}
        """What was measured, or why nothing was, by task and environments."""
        self._measuring: tuple[str, int] | None = None

    def compose(self) -> ComposeResult:
        """Lay out the place, the fields and the measurement."""
        yield FormField("place", "place", note="here, or spot: a rented machine", suggestions=PLACES)
        yield FormField("max_price_total", "dollars", note="at most, of all its instances")
        yield FormField("max_hours", "hours", note="at most, from the first launch")
        yield FormField("num_envs", "envs", note="side by side, 1 to 4096")
        yield FormField(
            "device",
            "device",
            note="auto, cpu, cuda or cuda:N",
            suggestions=("auto", "cpu", "cuda"),
        )
        yield FormField("num_workers", "workers", note="that simulate; 0: one a core")
        yield Static(id="speed")

    def show(self, state: FormState) -> None:
        """Show the fields, and what was measured with the same."""
        super().show(state)
        config = state.config
        hints = {name: flow(value_of(config, name)) for name in ("num_envs", "device", "num_workers")}
        hints |= {"place": HERE, "max_price_total": "no limit", "max_hours": f"{SpotRequest().max_hours:g}"}
        for each in self.query(FormField):
            each.display = each.field not in LIMITS or state.answers.is_on_spot
            if not getattr(state.answers, each.field):
                each.hint(hints[each.field])
        speed = self.query_one("#speed", Static)
        speed.display = not state.answers.is_on_spot
        speed.update(self._speed(state))

    def explain(self, state: FormState) -> tuple[str, Content]:
        """Return what this machine has, or what happens on a rented one."""
        title, page = self._place(state)
        setting = self.setting_in_focus(state)
        if setting is not None:
            page = Content("\n").join([page, Content(""), setting_page(setting, state.config)])
        return title, page

    def may_measure(self, state: FormState) -> bool:
        """Whether a measurement would tell something: `rlrobo bench sim` takes built-in tasks, and measures here."""
        task = state.answers.target
        return not state.answers.is_on_spot and task in TASKS and not TASKS[task].origin and self._measuring is None

    async def measure(self, state: FormState) -> None:
        """Measure how fast the task simulates, in a child process."""
        key = _key(state)
        self._measuring = key
        self.show(state)
        try:
            task, num_envs = key
            output = await run_command(
                "bench", "sim", task, "--json", "--seconds", str(SECONDS), "--num-envs", str(num_envs)
            )
            start = output.stdout.find("[")
            self._speeds[key] = json.loads(output.stdout[start:])[0] if output.code == 0 else output.last_words
        finally:
            self._measuring = None

    def _place(self, state: FormState) -> tuple[str, Content]:
        if state.answers.is_on_spot:
            return "a rented machine", spot_page()
        if state.machine is None:
            return "this machine", Content("looking at it …")
        return "this machine", machine_page(state.config, state.machine)

    def _speed(self, state: FormState) -> Content:
        if self._measuring is not None:
            return Content.styled(f"measuring {self._measuring[0]}, about 5 s …", "$muted")
        found = self._speeds.get(_key(state))
        if isinstance(found, dict) and state.machine is not None:
            return speed_page(found, state.config, state.machine)
        if isinstance(found, str):
            return Content.styled(f"✗ {found}", "$error")
        if self.may_measure(state):
            return Content.assemble(("^g", "$primary bold"), (" measures how fast it simulates here, 5 s", "$muted"))
        return Content.styled("Only built-in tasks can be measured here; rlrobo bench train measures others.", "$muted")


def _key(state: FormState) -> tuple[str, int]:
    """Return the task, and the environments that one process simulates."""
    config = state.config
    workers = num_workers_of(config, state.machine.num_cpus) if state.machine else 1
    return config.task, -(-config.num_envs // workers)
