"""A page of steps, of which one is in sight: how keys lead from field to field and from step to step."""

from __future__ import annotations

from typing import ClassVar

from textual.widget import Widget
from textual.widgets import ContentSwitcher

from rlrobo_tui.screens.page import Page
from rlrobo_tui.widgets.beside import Beside
from rlrobo_tui.widgets.choice_list import ChoiceList
from rlrobo_tui.widgets.form_step import FormStep

PAGE_LINES = 3
"""Lines that a key moves the page beside the last step."""


class SteppedPage(Page[None]):
    """Its ContentSwitcher holds the steps; each is made when it is first entered."""

    STEPS: ClassVar[dict[str, type[FormStep]]]
    """Name and class, in order; the last one has no lists and reads the page beside."""

    present: str
    """Name of the step in sight."""

    @property
    def step(self) -> FormStep:
        """The step in sight."""
        return self.query_one(f"#{self.present}", FormStep)

    def entered(self) -> None:
        """Called when another step is in sight."""
        raise NotImplementedError

    async def enter(self, name: str) -> None:
        """Show a step and put the cursor into its first field."""
        switcher = self.query_one(ContentSwitcher)
        if not self.query(f"#{name}"):
            await switcher.add_content(self.STEPS[name](id=name))
        self.remove_class(f"-{self.present}")
        self.add_class(f"-{name}")
        self.present = switcher.current = name
        self.entered()
        for field in self.step.fields[:1]:
            field.focus()
        self.refresh_bindings()

    async def action_next_step(self) -> None:
        """Go on."""
        await self.enter(self._neighbour(1))

    async def action_previous_step(self) -> None:
        """Go back."""
        await self.enter(self._neighbour(-1))

    async def action_next_field(self) -> None:
        """Go to the next field, and behind the last one to the next step."""
        if not self._move(1):
            await self.action_next_step()

    async def action_previous_field(self) -> None:
        """Go to the field before, and before the first one to the step before."""
        if not self._move(-1):
            await self.action_previous_step()

    def action_down(self) -> None:
        """Move down in a list, in the page beside, or among fields."""
        if isinstance(self.focused, ChoiceList):
            self.focused.action_cursor_down()
        elif self.present == list(self.STEPS)[-1]:
            self.query_one(Beside).scroll_page(PAGE_LINES)
        else:
            self._move(1)

    def action_up(self) -> None:
        """Move up likewise."""
        if isinstance(self.focused, ChoiceList):
            self.focused.action_cursor_up()
        elif self.present == list(self.STEPS)[-1]:
            self.query_one(Beside).scroll_page(-PAGE_LINES)
        else:
            self._move(-1)

    def _neighbour(self, distance: int) -> str:
        names = list(self.STEPS)
        return names[max(0, min(len(names) - 1, names.index(self.present) + distance))]

    def _move(self, distance: int) -> bool:
        """Move the cursor among the fields of the step; return whether there was one to go to."""
        fields: list[Widget] = self.step.fields
        index = fields.index(self.focused) + distance if self.focused in fields else -1
        if 0 <= index < len(fields):
            fields[index].focus()
            return True
        return False
