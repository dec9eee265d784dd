"""What all pages of the app have in common: a scope in the registry of actions, and a command that shows the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.screen import Screen

from rlrobo_tui.actions.registry import find_action, why_not

if TYPE_CHECKING:
    from rlrobo_tui.app import RlroboApp

Result = TypeVar("Result")


class Page(Screen[Result]):
    """A page that a digit leads to, or the form; overlays are plain screens."""

    SCOPE: ClassVar[str]

    @property
    def rlrobo(self) -> RlroboApp:
        """The app, as what it is."""
        return self.app  # type: ignore[return-value]

    @property
    def run_id(self) -> str:
        """Id of the run that the page is about, for commands; empty where it is about none."""
        return ""

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that the help page explains."""
        return []

    @property
    def command(self) -> str:
        """The command line that shows or does the same."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what is not possible now; the help page says why."""
        if not self.children:  # a key that was meant for the page before came late: this one is still to be composed
            return False
        found = find_action(self.SCOPE, action)
        return found is None or not why_not(found, self, is_read_only=self.rlrobo.is_read_only)
