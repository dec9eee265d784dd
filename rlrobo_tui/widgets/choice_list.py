"""A list to choose from, in groups with headings; what is under the cursor is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True)
class Choice:
    """One line that can be chosen."""

    id: str
    text: Content


@dataclass(frozen=True)
class Group:
    """Choices under one heading."""

    heading: Content
    choices: tuple[Choice, ...]


class SteadyList(OptionList):
    """Textual's list fails when it is paged through before it was laid out, or where it has no room."""

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        if self.scrollable_content_region:
            super()._move_page(direction)


class ChoiceList(SteadyList):
    """Keeps the cursor on choices, never on headings."""

    def fill(self, groups: list[Group], chosen: str = "") -> None:
        """Show these groups, with the cursor on one of their choices; tells nobody that it moved."""
        options: list[Option] = []
        for group in groups:
            options.append(Option(group.heading, disabled=True))
            options += [Option(choice.text, id=choice.id) for choice in group.choices]
        ids = [option.id for option in options]
        with self.prevent(OptionList.OptionHighlighted):
            self.set_options(options)
            self.highlighted = ids.index(chosen) if chosen in ids else None

    @property
    def chosen(self) -> str:
        """Id of what is under the cursor; empty where nothing is."""
        if self.highlighted is None:
            return ""
        return self.get_option_at_index(self.highlighted).id or ""
