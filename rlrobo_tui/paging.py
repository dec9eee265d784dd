"""How one page leads to another: the list of runs lies below, at most one page of a run or a tool on top of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App

from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.pages import CannotOpenError, make_page
from rlrobo_tui.screens.links import GoTo, Neighbour, OpenRun
from rlrobo_tui.screens.page import Page
from rlrobo_tui.screens.runs import RunsScreen


class Paging(App[None]):
    """Mix-in for the app."""

    runs_dir: Path
    is_ascii: bool
    current: RunDir | None = None
    """The run that was opened or selected last."""

    def __init__(self) -> None:
        super().__init__()
        self._scopes = ["runs", "runs"]
        """Scope of the page before, and of the one in sight."""

    def make_home(self) -> RunsScreen:
        """Return a new list of runs."""
        return RunsScreen(self.runs_dir, is_ascii=self.is_ascii)

    @property
    def scope(self) -> str:
        """Scope of the page in sight; empty where something lies over it."""
        return getattr(self.screen, "SCOPE", "")

    @property
    def page(self) -> Page[Any] | None:
        """The page in sight, or the one below what lies over it."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)

    def go(self, scope: str) -> bool:
        """Show a page for the current run; return whether it had something to show."""
        page: Page[Any] | None = None
        if scope != "runs":
            try:
                page = make_page(scope, self)  # type: ignore[arg-type]
            except CannotOpenError as err:
                self.notify(str(err), severity="warning", markup=False)
                return False
        self._clear()
        if page is not None:
            self.push_screen(page)
        self._scopes = [self._scopes[-1], scope]
        return True

    def watch_run(self, run: RunDir) -> None:
        """Show the page of a run."""
        self.current = run
        self.go("live")

    def watch_new(self, run: RunDir) -> None:
        """Show a run that was just started."""
        self.watch_run(run)

    @property
    def run_in_sight(self) -> str:
        """Id of the run whose own page says what happens to it."""
        return self.page.run_id if self.page is not None and self.page.SCOPE == "live" else ""

    def on_open_run(self, message: OpenRun) -> None:
        """Watch a run."""
        self.watch_run(message.run)

    def on_go_to(self, message: GoTo) -> None:
        """Show another page."""
        self.go(message.scope)

    def on_neighbour(self, message: Neighbour) -> None:
        """Watch the run beside the present one, where there is one."""
        runs = list_runs(self.runs_dir)
        ids = [run.id for run in runs]
        if message.run.id not in ids:
            return
        index = ids.index(message.run.id) + message.distance
        if 0 <= index < len(runs):
            self.watch_run(runs[index])
        else:
            self.notify("This is the newest run." if index < 0 else "This is the oldest run.")

    def action_go_runs(self) -> None:
        """Show the list."""
        self.go("runs")

    def action_go_live(self) -> None:
        """Show the page of the current run."""
        self.go("live")

    def action_go_compare(self) -> None:
        """Show the marked runs side by side."""
        self.go("compare")

    def action_go_replay(self) -> None:
        """Show a checkpoint of the current run."""
        self.go("replay")

    def action_go_cloud(self) -> None:
        """Show the runs on rented machines."""
        self.go("cloud")

    def action_go_settings(self) -> None:
        """Show the settings."""
        self.go("settings")

    def action_go_doctor(self) -> None:
        """Check this machine."""
        self.go("doctor")

    def action_last_page(self) -> None:
        """Show the page before."""
        self.go(self._scopes[0])

    def _clear(self) -> None:
        """Leave the list of runs alone on the stack, a new one where other characters are preferred now."""
        while len(self.screen_stack) > 2:  # Textual's own lies below the list
            self.pop_screen()
        if isinstance(self.screen, RunsScreen) and self.screen.is_ascii != self.is_ascii:
            self.switch_screen(self.make_home())
