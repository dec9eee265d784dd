"""Every screen as text: what is drawn is what was stored when somebody had looked at it and found it right."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.style import Style
from textual.pilot import Pilot

from engine.protocol.run_dir import RunDir
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui import preflight as preflight_module
from rlrobo_tui import robot_feed, starting
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.machine import Machine
from rlrobo_tui.screens import account_keys, doctor, new_run
from rlrobo_tui.tail import RunTail
from rlrobo_tui.tips import TIPS
from tests.rlrobo_tui.app_runs import drive, screen_text
from tests.rlrobo_tui.cloud_stories import make_cloud_runs
from tests.rlrobo_tui.snapshot_files import Mode, difference, store, stored, unused
from tests.rlrobo_tui.snapshot_runs import HOST, NOW, PID, make_runs
from tests.rlrobo_tui.snapshot_scenes import (
    CLOUD_SCENES,
    CORE_SIZES,
    EMPTY,
    NO_CLOUD,
    SCENES,
    SIZES,
    Scene,
    Size,
    Stage,
)

ROOT = Path(__file__).parents[2]
HOME = Path("/home/you")
PAGES = tuple(dict.fromkeys(scene.page for scene in SCENES))
LOOK_AGAIN_S = 0.05
"""Between two looks."""
NUM_LOOKS, NUM_IMPATIENT, NUM_STEADY = 400, 20, 16
"""At a screen that is not yet as stored; at what else differs once a test has failed; a screen that is to be stored is
the same so often. Not a clock's time: a machine that stands still meanwhile shows nothing new."""
MACHINE = Machine(
    num_cpus=8, load=0.42, free_memory_bytes=11 * 10**9, memory_bytes=16 * 10**9, free_disk_bytes=210 * 10**9, gpu="",
    training=(),
)  # fmt: skip
FACTS = TaskFacts(
    id="cartpole_balance",
    observation_size=4,
    action_size=1,
    max_episode_steps=500,
    control_dt_s=0.02,
    solved_return=475.0,
)
CHECKS = (
    Check(name="python", verdict=Verdict.OK, seen="3.11.9 at /home/you/rlrobo/.venv/bin/python"),
    Check(name="pybullet", verdict=Verdict.OK, seen="3.2.7, simulates"),
    Check(
        name="display", verdict=Verdict.WARNING, seen="none", fix="record a video: rlrobo replay latest --video v.mp4"
    ),
    Check(name="runs", verdict=Verdict.FAILURE, seen="/home/you/runs: the disk is full", fix="free some space"),
)
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80", "LINES": "24"}
NO_TERMINAL = ("NO_COLOR", "SSH_CONNECTION", "TMUX", "STY", "KITTY_WINDOW_ID", "TERM_PROGRAM", "TEXTUAL_DRIVER")


class DoneJob:
    """Stands for the child process that checks this machine; it is done at once."""

    def __init__(self, _: object, *, listen: Callable[[dict[str, Any]], None], over: Callable[[None], object]) -> None:
        for check in CHECKS:
            listen(msgspec.to_builtins(check))
        over(None)

    def stop(self) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for runs, at one moment and on one machine, whatever the real ones are."""
    for name, value in TERMINAL.items():
        monkeypatch.setenv(name, value)
    for name in NO_TERMINAL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "UTF-8")
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr(RunTail.__init__, "__kwdefaults__", {"clock": lambda: NOW})
    monkeypatch.setattr("engine.protocol.lock._start_of", {PID: 7.0}.get)
    monkeypatch.setattr("rlrobo_tui.run_list.gethostname", lambda: HOST)
    monkeypatch.setattr("rlrobo_tui.screens.runs.tip_of", lambda _: TIPS[0])
    monkeypatch.setattr("rlrobo_tui.screens.settings.config_dir", lambda: HOME / ".config/rlrobo")
    monkeypatch.setattr("engine.protocol.disk.free_bytes", lambda _: MACHINE.free_disk_bytes)
    monkeypatch.setattr(doctor, "ChildJob", DoneJob)
    monkeypatch.setattr(account_keys, "ChildJob", lambda *_, **__: pytest.fail("AWS was asked"))
    monkeypatch.setattr(starting, "unfollowed", lambda _: ())
    monkeypatch.setattr(new_run, "look", _soon(MACHINE))
    monkeypatch.setattr(new_run, "describe", _soon(FACTS))
    checks = preflight_module.preflight

    def checked(*seen: Any) -> Any:
        config, facts, machine, _, place = seen
        return checks(config, facts, machine, HOME / "runs", place)

    monkeypatch.setattr(new_run, "preflight", checked)
    monkeypatch.setattr(robot_feed, "MODULE", "tests.rlrobo_tui.still_player")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)  # no screen tells where the tests run
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield Path("runs")
    monkeypatch.delenv("TZ")
    time.tzset()


def _soon(value: object) -> Callable[..., Any]:
    async def answer(*_: object) -> object:
        return value

    return answer


class Gallery:
    """Compares screens with what is stored, or stores them."""

    def __init__(self, *, must_renew: bool) -> None:
        self._must_renew = must_renew
        self.differences: list[str] = []

    async def visit(self, stage: Stage, scene: Scene, mode: Mode, sizes: tuple[Size, ...]) -> None:
        """Lead the app to a scene and look at it in several sizes."""
        await stage.pilot.resize_terminal(*sizes[0])
        await scene.play(stage)
        for size in sizes:
            await stage.pilot.resize_terminal(*size)
            name = scene.name(size)
            text = await self._look(stage.pilot, name, mode, clear=not scene.has_toast)
            if self._must_renew:
                store(name, mode, text)
            elif text != stored(name, mode):
                self.differences.append(difference(name, mode, text))
            check_style(stage.app, mode)

    async def _look(self, pilot: Pilot[None], name: str, mode: Mode, *, clear: bool) -> str:
        """Return the screen as soon as it is as stored; one that is to be stored, when it stays as it is."""
        wanted = stored(name, mode)
        num_left = NUM_STEADY if self._must_renew or wanted is None else NUM_LOOKS
        num_left = NUM_IMPATIENT if self.differences else num_left
        text, width = "", pilot.app.size.width
        while text != wanted and num_left:
            num_left -= 1
            if clear:
                pilot.app.clear_notifications()
            await pilot.pause(LOOK_AGAIN_S)
            before, text = text, screen_text(pilot.app)
            if text != before and self._must_renew:
                num_left = NUM_STEADY
        assert all(len(line) <= width for line in text.split("\n"))
        return text


def check_style(app: RlroboApp, mode: Mode) -> None:
    """Fail where NO_COLOR has colours, or ASCII other characters."""
    if mode is Mode.NO_COLOR:
        strips = app.screen._compositor.render_strips()
        styles = {segment.style for strip in strips for segment in strip if segment.style is not None}
        assert not [style for style in styles if is_colored(style)]
    if mode is Mode.ASCII:
        assert screen_text(app).isascii()


def is_colored(style: Style) -> bool:
    """Whether a style has anything but shades of grey."""
    return any(len(set(color.get_truecolor())) > 1 for color in (style.color, style.bgcolor) if color is not None)


def look_at(gallery: Gallery, folder: Path, scenes: list[Scene], mode: Mode, *, sizes: tuple[Size, ...] = ()) -> None:
    """Open the app and lead it through scenes; `sizes` instead of their own."""
    runs = make_runs_of(folder, scenes)

    async def play(pilot: Pilot[None]) -> None:
        for scene in scenes:
            await gallery.visit(Stage(pilot, runs), scene, mode, sizes or scene.sizes)

    app = RlroboApp(folder if runs else HOME / "runs", options=Options(ascii=mode is Mode.ASCII))
    drive(app, play, size=SIZES[0])


def make_runs_of(folder: Path, scenes: list[Scene]) -> dict[str, RunDir]:
    """Make the runs that scenes are about."""
    if EMPTY in scenes:
        return {}
    if scenes[0] in CLOUD_SCENES:
        return make_cloud_runs(folder, now=NOW, follower=PID)
    return make_runs(folder)


@pytest.fixture
def gallery(request: pytest.FixtureRequest) -> Iterator[Gallery]:
    gallery = Gallery(must_renew=bool(request.config.getoption("--renew-snapshots")))
    yield gallery
    if gallery.differences:
        pytest.fail("\n".join(["", *gallery.differences]), pytrace=False)


def test_the_screen_that_stands_for_each_page_is_as_stored(folder: Path, gallery: Gallery) -> None:
    look_at(gallery, folder, [scene for scene in SCENES if scene.is_core], Mode.DARK, sizes=CORE_SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
@pytest.mark.parametrize("page", PAGES)
def test_every_screen_is_as_stored_in_every_mode(
    page: str, mode: Mode, folder: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mode is Mode.NO_COLOR:
        monkeypatch.setenv("NO_COLOR", "1")
    look_at(gallery, folder, [scene for scene in SCENES if scene.page == page], mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_runs_in_the_cloud_are_as_stored(
    mode: Mode, folder: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mode is Mode.NO_COLOR:
        monkeypatch.setenv("NO_COLOR", "1")
    look_at(gallery, folder, list(CLOUD_SCENES), mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", [Mode.DARK, Mode.ASCII], ids=lambda mode: mode.name)
def test_a_folder_without_runs_is_as_stored(mode: Mode, folder: Path, gallery: Gallery) -> None:
    look_at(gallery, folder, [EMPTY, NO_CLOUD], mode)


def test_every_stored_screen_belongs_to_a_scene(pytestconfig: pytest.Config) -> None:
    left = unused(scene.name(size) for scene in (*SCENES, *CLOUD_SCENES, EMPTY, NO_CLOUD) for size in scene.sizes)
    if pytestconfig.getoption("--renew-snapshots"):
        for path in left:
            path.unlink()
    else:
        assert left == []
