"""The settings page: what can stand in settings.yaml with its choices, and what the environment sets, to be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol.settings import VARIABLES, Settings
from rlrobo_tui.actions.registry import bindings_of
from rlrobo_tui.folders import config_dir
from rlrobo_tui.preferences import Preferences, choices
from rlrobo_tui.screens.page import Page
from rlrobo_tui.struct_docs import field_docs
from rlrobo_tui.widgets.choice_list import SteadyList
from rlrobo_tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

KEY_COLUMNS = 15


class SettingsScreen(Page[None]):
    """One row for each setting; a change holds at once."""

    BINDINGS = bindings_of("settings")
    SCOPE = "settings"

    @classmethod
    def open(cls, app: RlroboApp) -> SettingsScreen:
        """Return the page."""
        return cls()

    @property
    def command(self) -> str:
        """What prints the paths of the files and what the environment sets."""
        return "rlrobo info"

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        yield Static(Content.assemble(("Settings", "bold")), id="title")
        yield SteadyList(*(Option(self._row(key), id=key) for key in Preferences.__struct_fields__), id="settings")
        yield Static(id="meaning", markup=False)
        with VerticalScroll(id="outside", can_focus=False):
            yield Static(_files())
            yield Static(_environment())
        yield KeyBar()

    def on_mount(self) -> None:
        """Stand on the first setting."""
        self._list.highlighted = 0
        self._list.focus()

    def on_option_list_option_highlighted(self) -> None:
        """Say what the setting under the cursor means."""
        self.query_one("#meaning", Static).update(field_docs(Preferences)[self._key])

    def on_option_list_option_selected(self) -> None:
        """Change the setting that was chosen with enter or the mouse."""
        self.action_next_value()

    def action_next_value(self) -> None:
        """Take the next value."""
        self._change(1)

    def action_previous_value(self) -> None:
        """Take the value before."""
        self._change(-1)

    def action_default_value(self) -> None:
        """Take the default."""
        self._take(getattr(Preferences(), self._key))

    def action_down(self) -> None:
        """Move to the next setting."""
        self._list.action_cursor_down()

    def action_up(self) -> None:
        """Move to the previous setting."""
        self._list.action_cursor_up()

    def action_back(self) -> None:
        """Go to the page before."""
        self.rlrobo.action_last_page()

    @property
    def _list(self) -> OptionList:
        return self.query_one("#settings", OptionList)

    @property
    def _key(self) -> str:
        return Preferences.__struct_fields__[self._list.highlighted or 0]

    def _change(self, distance: int) -> None:
        allowed = choices(self._key)
        index = allowed.index(getattr(self.rlrobo.preferences, self._key))
        self._take(allowed[(index + distance) % len(allowed)])

    def _take(self, value: Any) -> None:
        self.rlrobo.prefer(self._key, value)
        self._list.replace_option_prompt(self._key, self._row(self._key))

    def _row(self, key: str) -> Content:
        """Return name and choices, the present one in brackets."""
        present = getattr(self.rlrobo.preferences, key)
        words = [(value == present, _word(value)) for value in choices(key)]
        parts = [(f"[{word}] ", "bold") if is_present else (f" {word}  ", "") for is_present, word in words]
        return Content.assemble(key.ljust(KEY_COLUMNS), *parts)


def _files() -> Content:
    folder = config_dir()
    return Content.assemble(
        ("Files", "bold $accent"), "\n",
        ("settings ", "$muted"), str(folder / "settings.yaml"), "\n",
        ("keys     ", "$muted"), str(folder / "keys.yaml"), ("  such as  live.pause: P", "$muted"), "\n",
    )  # fmt: skip


def _environment() -> Content:
    """Return the variables that are set, each with what it means; they are changed in a shell."""
    docs = field_docs(Settings)
    lines: list[Any] = [("Environment", "bold $accent"), "\n"]
    given = [(name, field) for name, field in VARIABLES.items() if os.environ.get(name)]
    for name, field in given:
        lines += [(f"{name}=", "bold"), os.environ[name], "\n  ", (docs[field].partition(": ")[2], "$muted"), "\n"]
    if not given:
        lines.append(("No RLROBO_ variable is set; docs/reference.md lists them.", "$muted"))
    return Content.assemble(*lines)


def _word(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
