"""The terminal app: which screens there are, how one leads to another, and what all of them share.

Shows and steers runs; it never trains, and closing it ends no training.
"""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from textual import work
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen

from engine.launch import find_engine, start_engine
from engine.protocol.config import RunConfig
from engine.protocol.disk import check_space
from engine.protocol.errors import RlroboError
from engine.protocol.presets import build_config
from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.settings import Settings
from rlrobo_tui.actions import actions_of, bindings_of
from rlrobo_tui.commands.packing import make_run
from rlrobo_tui.commands.task_facts import facts_for
from rlrobo_tui.commands.train_config import size_of
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.links import GoOn, Neighbour, OpenRun, Train
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.terminal import AsciiFilter, can_show_unicode, check_terminal, is_over_ssh
from rlrobo_tui.themes import DARK, FALLBACKS, LIGHT
from robots.errors import RobotError
from robots.plugins import load_plugins

DEMO_TASK = "cartpole_balance"
ENGINE_CHECK_S = 1.0


class StartedEngine(NamedTuple):
    """An engine that this app started."""

    process: "subprocess.Popen[bytes]"
    seen_until: float | None
    """Time of the run's last event before it; None where there was none."""


class RlroboApp(App[None]):
    """The app. `run` is opened at once; `ascii` keeps every character that is drawn to ASCII; `warnings` are shown."""

    TITLE = "rlrobo"
    CSS_PATH = "app.tcss"
    BINDINGS = bindings_of("app")
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self, runs_dir: Path, *, run: RunDir | None = None, ascii: bool = False, warnings: Sequence[str] = ()
    ) -> None:
        no_color = os.environ.get("NO_COLOR")
        super().__init__()
        if no_color is not None:
            os.environ["NO_COLOR"] = no_color  # Textual may take it away; engines inherit it
        self.runs_dir = runs_dir
        self.is_ascii = ascii or not can_show_unicode()
        self._first_run = run
        self._warnings = warnings
        self._ascii_filter = AsciiFilter()
        self._engines: dict[Path, StartedEngine] = {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes of others the variables that they lack."""
        return FALLBACKS

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the ASCII filter where it is wanted."""
        filters = super().get_line_filters()
        return [*filters, self._ascii_filter] if self.is_ascii else filters

    def on_mount(self) -> None:
        """Open the list of runs and, where one was asked for, its dashboard on top."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        if is_over_ssh():
            self.animation_level = "none"
        self.push_screen(RunsScreen(self.runs_dir, is_ascii=self.is_ascii))
        if self._first_run is not None:
            self._watch(self._first_run)
        self.call_after_refresh(self._show_warnings)
        self.set_interval(ENGINE_CHECK_S, self._check_engines)
        self.call_after_refresh(self._warm_up)

    def _show_warnings(self) -> None:
        for warning in self._warnings:
            self.notify(warning, severity="warning", timeout=20, markup=False)

    @work(thread=True)
    def _warm_up(self) -> None:
        """Import what the first dashboard needs while the user looks at the first screen."""
        for module in ("plotext", "rlrobo_tui.screens.new_run"):
            importlib.import_module(module)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Fill the command palette: the screen's actions, the app's, then Textual's own."""
        for action in actions_of(getattr(screen, "SCOPE", "")):
            if screen.check_action(action.id, ()):
                yield SystemCommand(action.label, action.help, partial(screen.run_action, action.id))
        for action in actions_of("app"):
            if not _is_allowed(action.id, screen):
                continue
            yield SystemCommand(action.label, action.help, partial(self.run_action, action.id))
        yield SystemCommand("Theme", "Choose the colours.", self.action_change_theme)
        yield SystemCommand("Screenshot", "Save a picture of the screen as SVG.", self.deliver_screenshot)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keep the app's keys off overlays, and the form from opening itself."""
        return _is_allowed(action, self.screen)

    def action_help(self) -> None:
        """Explain the screen in sight."""
        screen = self.screen
        metrics = sorted(screen.view.series) if isinstance(screen, LiveScreen) else []
        self.push_screen(HelpScreen(getattr(screen, "SCOPE", "runs"), metrics=metrics, is_ascii=self.is_ascii))

    def action_new_run(self) -> None:
        """Open the form."""
        from rlrobo_tui.screens.new_run import NewRunScreen

        self.push_screen(NewRunScreen())

    def action_leave(self) -> None:
        """Leave the app and say what goes on without it."""
        active = [run for run in list_runs(self.runs_dir) if find_engine(run) is not None]
        if active:
            subject = "1 run goes" if len(active) == 1 else f"{len(active)} runs go"
            self.exit(message=f"{subject} on training. Come back with `rlrobo tui`, end a run with `rlrobo stop`.")
        else:
            self.exit()

    def on_open_run(self, message: OpenRun) -> None:
        """Watch a run."""
        self._watch(message.run)

    def on_train_demo(self) -> None:
        """Train the demo."""
        try:
            config = build_config(DEMO_TASK)
        except RlroboError as err:
            self.notify(str(err), severity="error", markup=False)
            return
        self._train(config, f"rlrobo train {DEMO_TASK}")

    def on_train(self, message: Train) -> None:
        """Train what the form describes."""
        self._train(message.config, message.command)

    def on_go_on(self, message: GoOn) -> None:
        """Start a new engine for the run in sight."""
        screen = self.screen
        if isinstance(screen, LiveScreen):
            self._go_on(message.run, screen.view.updated_at)

    def on_neighbour(self, message: Neighbour) -> None:
        """Watch the run beside the present one, where there is one."""
        runs = list_runs(self.runs_dir)
        ids = [run.id for run in runs]
        if message.run.id not in ids:
            return
        index = ids.index(message.run.id) + message.distance
        if 0 <= index < len(runs):
            self.switch_screen(LiveScreen(runs[index], is_ascii=self.is_ascii))
        else:
            self.notify("This is the newest run." if index < 0 else "This is the oldest run.")

    @work(thread=True, exclusive=True, group="train")
    def _train(self, config: RunConfig, command: str) -> None:
        try:
            facts = facts_for(config)
            check_space(self.runs_dir, size_of(config, facts))
            run = make_run(self.runs_dir, config, facts, command.split())
            process = start_engine(run)
        except (RlroboError, RobotError, OSError) as err:
            self.call_from_thread(self._say_not_started, str(err))
            return
        self.call_from_thread(self._watch_new, run, process)

    @work(thread=True, exclusive=True, group="train")
    def _go_on(self, run: RunDir, seen_until: float | None) -> None:
        try:
            process = start_engine(run)
        except (RlroboError, OSError) as err:
            self.call_from_thread(self._say_not_started, str(err))
            return
        self._engines[run.path] = StartedEngine(process, seen_until)

    def _say_not_started(self, reason: str) -> None:
        from rlrobo_tui.screens.new_run import NewRunScreen

        if isinstance(self.screen, NewRunScreen):
            self.screen.show_error(reason)
        self.notify(f"The run was not started. {reason}", severity="error", timeout=20, markup=False)

    def _watch_new(self, run: RunDir, process: subprocess.Popen[bytes]) -> None:
        self._engines[run.path] = StartedEngine(process, None)
        while isinstance(self.screen, LiveScreen) or getattr(self.screen, "SCOPE", "") == "new":
            self.pop_screen()
        self._watch(run)

    def _watch(self, run: RunDir) -> None:
        self.push_screen(LiveScreen(run, is_ascii=self.is_ascii))

    def _check_engines(self) -> None:
        """Notice engines of this app that died before they could write an event."""
        screen = self.screen
        started = self._engines.get(screen.run_dir.path) if isinstance(screen, LiveScreen) else None
        if not isinstance(screen, LiveScreen) or started is None or started.process.poll() is None:
            return
        if screen.view.updated_at == started.seen_until and not screen.early_death:
            screen.early_death = f"The engine ended before its first event (exit code {started.process.returncode})."
            screen.draw()


def _is_allowed(action: str, screen: Screen[object]) -> bool:
    scope = getattr(screen, "SCOPE", None)
    if action in ("help", "new_run", "leave"):
        return scope is not None and not (action == "new_run" and scope == "new")
    return True


def run_app(settings: Settings, run: RunDir | None = None, ascii: bool = False) -> None:
    """Show the app until the user leaves it. Raises UsageError where the terminal cannot show it."""
    check_terminal()
    # Before the app: what a plug-in prints while it is imported would end up on the screen.
    warnings = load_plugins(settings.plugins)
    app = RlroboApp(settings.runs_dir, run=run, ascii=ascii, warnings=warnings)
    app.run()
    if app.return_code:
        sys.exit(app.return_code)
