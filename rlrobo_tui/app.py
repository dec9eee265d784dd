"""The terminal app: what all its pages share. Mix-ins say how pages lead to each other, look, notify and survive.

Shows and steers runs; it never trains, and closing it ends no training.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.screen import Screen

from engine.launch import find_engine
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.settings import Settings
from engine.protocol.summary import RunSummary
from rlrobo_tui.actions.action import Action
from rlrobo_tui.actions.registry import actions_of, bindings_of, find_action, why_not
from rlrobo_tui.appearance import Appearance
from rlrobo_tui.collecting import settle
from rlrobo_tui.ending import HeedingSignals
from rlrobo_tui.folders import pictures_dir, state_dir
from rlrobo_tui.kept_tails import KeptTails
from rlrobo_tui.key_map import for_textual, with_keys
from rlrobo_tui.memory import Memory, read_memory, write_memory
from rlrobo_tui.noticing import Noticing
from rlrobo_tui.pages import make_page
from rlrobo_tui.paging import Paging
from rlrobo_tui.palette import RunOffers, ThemeOffers
from rlrobo_tui.refusing import Refusing
from rlrobo_tui.repaint import RepaintingLittle
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.jump import JumpScreen, jump_targets
from rlrobo_tui.screens.notices import NoticesScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.starting import StartingRuns
from rlrobo_tui.steering import is_elsewhere
from rlrobo_tui.surviving import Surviving
from rlrobo_tui.terminal import check_terminal, is_in_browser
from rlrobo_tui.user_files import read_user_files
from robots.plugins import load_plugins

if TYPE_CHECKING:
    from rlrobo_tui.account import Account

STYLES = ("base", "runs", "live", "compare", "replay", "cloud", "new_run", "settings", "doctor", "overlay")
SETTLED_S = 2.0
"""Chosen: until then the first pages are drawn and what they need is imported."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the app was started."""

    ascii: bool = False
    """Keep every character that is drawn to ASCII, whatever the preferences say."""
    low_bandwidth: bool = False
    """Draw seldom, whatever the preferences say."""
    read_only: bool = False
    """Start, steer and end nothing."""
    warnings: tuple[str, ...] = ()
    """To be shown at once."""


class RlroboApp(Paging, Surviving, StartingRuns, Refusing, Appearance, Noticing, RepaintingLittle, HeedingSignals):
    """The app. `run` is opened at once."""

    TITLE = "rlrobo"
    CSS_PATH = [f"styles/{name}.tcss" for name in STYLES]  # noqa: RUF012
    BINDINGS = bindings_of("app")
    COMMANDS = Surviving.COMMANDS | {RunOffers}
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(self, runs_dir: Path, *, run: RunDir | None = None, options: Options | None = None) -> None:
        no_color = os.environ.get("NO_COLOR")
        super().__init__()
        if no_color is not None:
            os.environ["NO_COLOR"] = no_color  # Textual may take it away; engines inherit it
        options = options or Options()
        self.runs_dir = runs_dir
        preferences, self.key_map, self._warnings = read_user_files(options.warnings)
        self.take_preferences(preferences, ascii=options.ascii, low_bandwidth=options.low_bandwidth)
        self.memory: Memory = read_memory(state_dir() / "app.json")
        """Pages keep in it what a user comes back to."""
        self.is_read_only = options.read_only
        self.may_switch_read_only = not (options.read_only and is_in_browser())
        """Whoever has a browser's address may be somebody who shall only watch."""
        self.current = run
        self.summaries: Sequence[RunSummary] = ()
        """All runs as they were listed last, the newest first."""
        self.tails = KeptTails()
        self.account: Account | None = None
        """What the AWS account held when it was asked last."""
        self._first_run = run
        self._is_warm = False

    # ---- what Textual asks for ----

    def on_mount(self) -> None:
        """Open the list of runs and, where one was asked for, its page on top."""
        self.apply_preferences()
        self.set_keymap(for_textual(self.key_map))
        self.push_screen(self.make_home())
        if self._first_run is not None:
            self.watch_run(self._first_run)
        self.call_after_refresh(self._show_warnings)
        self.set_timer(SETTLED_S, settle)

    def on_unmount(self) -> None:
        """Remember what the user comes back to."""
        if self.current is not None:
            self.memory.run = self.current.id
        write_memory(state_dir() / "app.json", self.memory)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Fill the command palette: the page's actions, the app's, then Textual's own."""
        for action in actions_of(getattr(screen, "SCOPE", "")):
            if screen.check_action(action.id, ()):
                yield self._command(action, partial(screen.run_action, action.id))
        for action in actions_of("app"):
            if self._is_possible(action, getattr(screen, "SCOPE", "")) and action.id != "palette":
                yield self._command(action, partial(self.run_action, action.id))
        yield SystemCommand("Theme", "Choose the colours.", self.action_change_theme)

    def _command(self, action: Action, do: Callable[[], object]) -> SystemCommand:
        """Return an action as the palette shows it: with its key, so that the next time the key is enough."""
        keys = with_keys(action, self.key_map).keys_text
        return SystemCommand(action.label, f"{keys}  {action.help}", do)

    def search_themes(self) -> None:
        """Offer our themes; the choice is kept."""
        self.push_screen(CommandPalette(providers=[ThemeOffers], placeholder="Which colours?"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keep the app's keys off overlays, and the form from opening itself."""
        found = find_action("app", action)
        return found is None or self._is_possible(found, self.scope)

    # ---- what pages tell ----

    def say_not_started(self, reason: str) -> None:
        """Tell the user why nothing was started."""
        from rlrobo_tui.screens.new_run import NewRunScreen

        if isinstance(self.screen, NewRunScreen):
            self.screen.show_error(reason)
        self.notify(f"The run was not started. {reason}", severity="error", timeout=20, markup=False)

    def on_runs_screen_listed(self, message: RunsScreen.Listed) -> None:
        """Keep what is there and tell what ended, also while another page lies over the list."""
        if not self._is_warm:
            self._is_warm = True
            self._warm_up()  # not before: the thread that reads the list would have to wait for it
            if not (self.is_read_only or is_in_browser()):  # a browser's app has no credentials to follow with
                self.follow_cloud_runs()
        self.summaries = message.listing.summaries
        self.tell_of_ends(message.listing.summaries)

    # ---- actions ----

    def action_help(self) -> None:
        """Explain the page in sight."""
        metrics = self.page.metrics if self.page else []
        self.push_screen(HelpScreen(self.explained(), metrics=metrics, is_ascii=self.is_ascii))

    def action_notices(self) -> None:
        """Show what was notified, instead of the notifications that still stand there."""
        self.clear_notifications()
        self.push_screen(NoticesScreen(self.noticed))

    def action_new_run(self) -> None:
        """Open the form."""
        self.push_screen(make_page("new", self))

    def action_jump(self) -> None:
        """Offer a letter for everything that can have the focus."""
        targets = jump_targets(self.screen)
        if targets:
            page = self.screen
            self.push_screen(JumpScreen(targets), lambda target: page.set_focus(target or page.focused))
        else:
            self.notify("Nothing on this page takes the focus: its keys are about the whole page.")

    def action_copy_command(self) -> None:
        """Copy the equal command line."""
        page = self.page
        command = page.command if page else ""
        if command:
            self.copy_to_clipboard(command)
            self.notify(command, title="Copied", markup=False)
        else:
            self.notify("No command shows this page.", severity="warning")

    def action_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def action_read_only(self) -> None:
        """Switch what changes runs off or on again."""
        self.is_read_only = not self.is_read_only
        self.refresh_bindings()
        self.screen.refresh_bindings()
        self.notify("Nothing can be started, steered or ended now." if self.is_read_only else "Runs can be steered.")

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Save a picture of the screen."""
        self.deliver_screenshot(filename, path or str(pictures_dir()))

    def action_leave(self) -> None:
        """Leave the app and say what goes on without it."""
        active = [run for run in list_runs(self.runs_dir) if find_engine(run) is not None or is_elsewhere(run)]
        if active:
            subject = "1 run goes" if len(active) == 1 else f"{len(active)} runs go"
            self.exit(message=f"{subject} on training. Come back with `rlrobo tui`, end a run with `rlrobo stop`.")
        else:
            self.exit()

    # ---- the rest ----

    def _is_possible(self, action: Action, scope: str) -> bool:
        """Return whether an action of the app is possible on a page; none is where something lies over it."""
        is_open_already = action.id == "new_run" and scope == "new"
        return bool(scope) and not is_open_already and not why_not(action, self, is_read_only=self.is_read_only)

    def _show_warnings(self) -> None:
        for warning in self._warnings:
            self.notify(warning, severity="warning", timeout=20, markup=False)

    @work(thread=True, exit_on_error=False)
    def _warm_up(self) -> None:
        """Import what the first page needs while the user looks at the list."""
        for module in ("rlrobo_tui.screens.live", "rlrobo_tui.screens.new_run"):
            importlib.import_module(module)


def run_app(settings: Settings, run: RunDir | None = None, options: Options | None = None) -> None:
    """Show the app until the user leaves it. Raises UsageError where the terminal cannot show it."""
    check_terminal()
    # Before the app: what a plug-in prints while it is imported would end up on the screen.
    warnings = load_plugins(settings.plugins)
    options = options or Options()
    told = Options(
        ascii=options.ascii or settings.ascii,
        low_bandwidth=options.low_bandwidth,
        read_only=options.read_only,
        warnings=(*options.warnings, *warnings),
    )
    app = RlroboApp(settings.runs_dir, run=run, options=told)
    app.run()
    if app.return_code:
        sys.exit(app.return_code)
