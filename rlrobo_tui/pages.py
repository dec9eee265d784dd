"""Which pages there are. A page's module is imported when it is first opened."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp
    from rlrobo_tui.screens.page import Page

PAGES = {
    "live": "rlrobo_tui.screens.live:LiveScreen",
    "compare": "rlrobo_tui.screens.compare:CompareScreen",
    "replay": "rlrobo_tui.screens.replay:ReplayScreen",
    "cloud": "rlrobo_tui.screens.cloud:CloudScreen",
    "doctor": "rlrobo_tui.screens.doctor:DoctorScreen",
    "settings": "rlrobo_tui.screens.settings:SettingsScreen",
    "new": "rlrobo_tui.screens.new_run:NewRunScreen",
}
"""Scope and class; the list of runs lies below all of them."""


class CannotOpenError(Exception):
    """A page has nothing to show; the message says why, and which key helps."""


def make_page(scope: str, app: RlroboApp) -> Page[None]:
    """Return a page for what the app looks at now. Raises CannotOpenError."""
    module, name = PAGES[scope].split(":")
    return getattr(importlib.import_module(module), name).open(app)
