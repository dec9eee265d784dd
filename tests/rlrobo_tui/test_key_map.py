"""keys.yaml: which keys a user may give to which actions, and what the app then does."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from engine.protocol.errors import ConfigError
from rlrobo_tui.actions.registry import ACTIONS, find_action
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.folders import config_dir
from rlrobo_tui.key_map import clashes, for_textual, read_key_map, with_keys
from rlrobo_tui.screens.live import LiveScreen
from tests.rlrobo_tui.app_runs import drive, hold, make_run, screen_text, training, until


def told(pilot: Pilot[None]) -> str:
    """Return what the app has said in notifications, which a headless app does not draw."""
    return " ".join(each.message for each in pilot.app._notifications)


def write(text: str) -> Path:
    path = config_dir() / "keys.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_keys_are_read_by_the_names_of_actions() -> None:
    assert read_key_map(write("live.pause: P\nruns.down: j, ctrl+n\nlive.follow: 0\n")) == {
        "live.pause": "P",
        "runs.down": "j,ctrl+n",
        "live.follow": "0",
    }


def test_no_file_and_an_empty_one_change_nothing(tmp_path: Path) -> None:
    assert read_key_map(tmp_path / "keys.yaml") == {}
    assert read_key_map(write("")) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("live.pose: P", "no such action; do you mean live.pause?"),
        ("zzz: P", "no such action."),
        ("live.pause: [P]", "expected a key such as P"),
        ("live.pause: ''", "expected a key such as P"),
        ("live.pause: true", "expected a key such as P"),
        ("live.pause: ctrl+escpe", "do you mean escape?"),
        ("live.pause: contrl+k", "'contrl+k' is no key, such as P"),
        ("- live.pause", "expected a table of action and key"),
        ("live.pause: {", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(text: str, words: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as info:
        read_key_map(path)
    assert words in str(info.value)
    assert str(path) in str(info.value)


def test_the_default_keys_clash_nowhere() -> None:
    assert clashes({action.binding_id: action.keys for action in ACTIONS}) == []


def test_a_key_of_two_actions_of_one_page_is_told_with_both_names() -> None:
    (sentence,) = clashes({"live.log": "s"})
    assert "s is the key of both live.stop and live.log" in sentence


def test_a_key_of_a_page_and_of_the_app_clashes_and_of_two_pages_does_not() -> None:
    assert "app.new_run" in clashes({"live.log": "n"})[0]
    assert clashes({"live.log": "o"}) == []  # sorts the list of runs, which is another page


def test_a_name_and_a_character_are_one_key() -> None:
    assert clashes({"live.log": "?"})


def test_an_action_that_shared_the_key_of_one_that_moved_keeps_it() -> None:
    assert for_textual({"live.pause": "P"}) == {"live.pause": "P", "live.resume": "p"}


def test_the_help_page_writes_the_keys_of_the_user() -> None:
    pause = find_action("live", "pause")
    assert pause is not None
    assert with_keys(pause, {"live.pause": "P,f5"}).keys_text == "P f5"
    assert with_keys(pause, {}) is pause


def test_the_app_obeys_the_users_keys_and_no_longer_the_default(tmp_path: Path) -> None:
    write("live.pause: P,f5\nlive.log: s\n")
    run = make_run(tmp_path, events=training())
    hold(run)

    async def play(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        await until(pilot, lambda: "is the key of both live.stop and live.log" in told(pilot))
        await until(pilot, lambda: pilot.app.screen.check_action("pause", ()))
        await pilot.press("p")
        await pilot.pause()
        assert not run.commands.exists()
        await pilot.press("f5")
        await until(pilot, run.commands.exists)
        await pilot.press("question_mark")
        await until(pilot, lambda: "P f5 " in screen_text(pilot.app))

    drive(RlroboApp(tmp_path, run=run), play, size=(120, 60))


def test_a_broken_file_is_told_and_the_default_keys_stay(tmp_path: Path) -> None:
    write("live.pose: P")
    app = RlroboApp(tmp_path)
    assert "do you mean live.pause?" in app._warnings[0]
    assert app.key_map == {}
