"""The registry of actions: every entry can be done, no key means two things, and nothing ends without a question."""

import importlib
from collections import defaultdict
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from engine.protocol.events import RunEnded
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from rlrobo_tui.actions.action import Action, Danger
from rlrobo_tui.actions.registry import ACTIONS, actions_of
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.cli import COMMANDS
from rlrobo_tui.pages import PAGES
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.help import HelpScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.page import Page
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.screens.typed_confirm import TypedConfirm
from rlrobo_tui.widgets.runs_table import RunsTable
from tests.rlrobo_tui.app_runs import drive, hold, make_run, training, until

CHANGING = [action for action in ACTIONS if action.danger is not Danger.SAFE]
ENDING = [action for action in ACTIONS if action.danger is Danger.ENDS and action.scope != "cloud"]
"""Those of the cloud page have tests of their own, with runs in the cloud."""
NEVER_AT_ONCE = {("live.pause", "live.resume"), ("runs.pause", "runs.resume")}
"""Actions of one key: a run is paused, or it is not."""
PAGES_OWN = {("app.last_page", "replay.zoom_out"), ("app.go_settings", "replay.step_back")}
"""Keys that mean something else on one page than everywhere; the palette offers both."""


def owners() -> dict[str, type[App[None]] | type[Screen[None]]]:
    """Return the class of each scope."""
    found: dict[str, type[App[None]] | type[Screen[None]]] = {
        "app": RlroboApp,
        "runs": RunsScreen,
        "overlay": HelpScreen,
    }
    for scope, place in PAGES.items():
        module, name = place.split(":")
        found[scope] = getattr(importlib.import_module(module), name)
    return found


def test_every_action_belongs_to_a_page_and_is_a_method_of_it() -> None:
    classes = owners()
    assert [action.binding_id for action in ACTIONS if action.scope not in classes] == []
    missing = [each.binding_id for each in ACTIONS if not hasattr(classes[each.scope], f"action_{each.id}")]
    assert missing == []


def test_every_need_is_a_property_of_its_page() -> None:
    classes = owners()
    needs = [(each.scope, each.need.property) for each in ACTIONS if each.need]
    in_instances = {"may_switch_read_only"}
    assert [need for need in needs if not hasattr(classes[need[0]], need[1]) and need[1] not in in_instances] == []


def test_every_page_has_actions_and_the_scope_that_they_name() -> None:
    for scope, page in owners().items():
        assert actions_of(scope), scope
        assert not issubclass(page, Page) or scope == page.SCOPE


def test_ids_are_unique() -> None:
    ids = [action.binding_id for action in ACTIONS]
    assert sorted(set(ids)) == sorted(ids)


def test_no_page_has_two_actions_on_one_key() -> None:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for scope in owners():
        for action in actions_of(scope) + (actions_of("app") if scope not in ("app", "overlay") else ()):
            for key in action.keys.split(","):
                found[scope, key].append(action.binding_id)
    shared = {tuple(sorted(ids)) for ids in found.values() if len(ids) > 1}
    assert shared <= NEVER_AT_ONCE | PAGES_OWN


def test_every_twin_is_a_command() -> None:
    words = [action.cli.split() for action in ACTIONS if action.cli]
    assert {each[0] for each in words} == {"rlrobo"}
    assert {each[1] for each in words} <= set(COMMANDS)


async def select(pilot: Pilot[None], run: RunDir) -> None:
    table = pilot.app.screen.query_one(RunsTable)
    await until(pilot, lambda: table.row_count)
    table.select(run.id)
    await until(pilot, lambda: table.selected and table.selected.id == run.id)


async def show(pilot: Pilot[None], action: Action, run: RunDir) -> Page[None] | None:
    """Open the page of an action for a run and return it, None where the page is about something else."""
    app = pilot.app
    assert isinstance(app, RlroboApp)
    app.go("runs")
    await until(pilot, lambda: isinstance(app.screen, RunsScreen))
    await select(pilot, run)
    if action.scope == "live":
        app.watch_run(run)
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.view.step)
    return app.page if action.scope in ("runs", "live") else None


def two_runs(runs_dir: Path) -> tuple[RunDir, RunDir]:
    """Return a run with an engine, and one that ended early."""
    alive = make_run(runs_dir, events=training())
    hold(alive)
    ended = make_run(runs_dir, events=[*training(), RunEnded(step=500, reason=EndReason.STOPPED)], seed=2)
    return alive, ended


def test_whatever_ends_something_asks_first(tmp_path: Path) -> None:
    alive, ended = two_runs(tmp_path)

    async def play(pilot: Pilot[None]) -> None:
        for action in ENDING:
            page = await show(pilot, action, ended if action.id == "delete" else alive)
            assert page is not None, f"{action.binding_id}: say here how its page is opened"
            assert page.check_action(action.id, ())
            await pilot.press(action.keys.split(",")[0])
            await until(pilot, lambda: isinstance(pilot.app.screen, Confirm | TypedConfirm))
            await pilot.press("enter")  # the harmless answer has the focus; an empty word is none
            if isinstance(pilot.app.screen, TypedConfirm):
                await pilot.press("escape")
            await until(pilot, lambda page=page: pilot.app.screen is page)

    drive(RlroboApp(tmp_path), play)
    assert not alive.commands.exists()
    assert ended.path.exists()


def test_a_read_only_app_neither_starts_nor_steers_nor_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = two_runs(tmp_path)
    done: list[str] = []

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        for run, scope in ((runs[0], "runs"), (runs[0], "live"), (runs[1], "live")):
            page = await show(pilot, actions_of(scope)[0], run)
            assert page is not None
            for action in (each for each in CHANGING if each.scope in (scope, "app")):
                holder = app if action.scope == "app" else page
                assert not holder.check_action(action.id, ())
                monkeypatch.setattr(type(holder), f"action_{action.id}", lambda _, id=action.id: done.append(id))
                await pilot.press(*action.keys.split(","))
            offered = {command.title for command in app.get_system_commands(app.screen)}
            safe = {each.label for each in ACTIONS if each.danger is Danger.SAFE}
            assert not {each.label for each in CHANGING if each.scope in (scope, "app")} - safe & offered
            assert app.page is page

    drive(RlroboApp(tmp_path, options=Options(read_only=True)), play)
    assert done == []
