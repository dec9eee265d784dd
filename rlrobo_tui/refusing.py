"""What the app says to the key of something that is not possible now, instead of nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import events
from textual.app import App

from rlrobo_tui.actions.action import Action
from rlrobo_tui.actions.registry import actions_of, why_not
from rlrobo_tui.key_map import keys_of, with_keys
from rlrobo_tui.screens.page import Page


class Refusing(App[None]):
    """Mix-in for the app."""

    is_read_only: bool
    may_switch_read_only: bool
    key_map: Mapping[str, str]
    """The user's own keys."""

    @property
    def page(self) -> Page[Any] | None:
        """The page in sight, or the one below what lies over it."""
        raise NotImplementedError

    def explained(self) -> list[tuple[Action, str]]:
        """Return the actions of the page and of the app with their keys, each with why it is not possible now."""
        return self._explained(self.page)

    def possible_on(self, page: Page[Any]) -> dict[str, str]:
        """Return what is possible on a page now: how the key of each action is written, by its name."""
        return {action.binding_id: action.keys_text for action, reason in self._explained(page) if not reason}

    def on_key(self, event: events.Key) -> None:
        """Say why a key does nothing. Whoever types into a field or has a dialog open presses no key of the page."""
        if self.screen is not self.page:
            return
        meant = [(action, reason) for action, reason in self.explained() if event.key in keys_of(action)]
        if meant and all(reason for _, reason in meant):
            self.notify(self._refusal(*meant[0]), severity="warning", markup=False)

    def _refusal(self, action: Action, reason: str) -> str:
        if reason.startswith("needs"):
            return f"{action.keys_text} {action.label}: {reason}."
        remedy = "^o switches that off" if self.may_switch_read_only else "`rlrobo web --steer` starts one that steers"
        return f"{action.keys_text} {action.label}: {reason}; {remedy}."

    def _explained(self, page: Page[Any] | None) -> list[tuple[Action, str]]:
        holders = [("app", self)] if page is None else [(page.SCOPE, page), ("app", self)]
        return [
            (with_keys(action, self.key_map), why_not(action, holder, is_read_only=self.is_read_only))
            for scope, holder in holders
            for action in actions_of(scope)
        ]
