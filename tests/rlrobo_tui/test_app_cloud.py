"""The cloud page, and what the other pages show of runs on rented machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from cloud.instances import Instance
from cloud.link_report import LinkState
from cloud.local import CloudFiles
from cloud.records import Pool
from cloud.sweep import Orphan, OrphanKind, Sweep
from engine.protocol.commands import Stop, decode_command
from engine.protocol.errors import RlroboError, StorageError
from engine.protocol.run_dir import RunDir
from rlrobo_tui import starting, steering
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens import account_keys, live_cloud
from rlrobo_tui.screens import cloud as cloud_module
from rlrobo_tui.screens.cloud import CloudScreen
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from tests.rlrobo_tui.app_runs import drive, make_run, screen_text, training, until
from tests.rlrobo_tui.cloud_stories import make_cloud_runs

ORPHAN = Orphan(kind=OrphanKind.INSTANCE, id="i-0badc0ffee", region="us-west-2", reason="its run is over")
VOLUME = Orphan(kind=OrphanKind.VOLUME, id="vol-0badc0ffee", region="us-west-2", reason="no instance uses it")


class FakeJob:
    """Stands for the child process that asks AWS."""

    all: list[FakeJob] = []  # noqa: RUF012

    def __init__(self, order: Any, *, listen: Callable[[dict[str, Any]], None], over: Callable[..., None]) -> None:
        self.arguments, self.listen, self.over, self.is_stopped = order.arguments, listen, over, False
        self.all.append(self)

    def find(self, *orphans: Orphan) -> None:
        pool = Pool(instance_type="c7a.2xlarge", zone="us-east-1c")
        wanted = Instance(id="i-0beef", region="us-east-1", pool=pool, state="running", run_id="x-ant_walk-ppo-s1")
        sweep = Sweep(orphans=orphans, wanted=(wanted,), unchecked={"eu-west-1": "It does not answer."})
        self.listen(msgspec.to_builtins({"sweep": sweep}))
        self.over(None)

    def stop(self) -> None:
        self.is_stopped = True


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> list[RunDir]:
    """Return the runs that were followed again; no process is started."""
    found: list[RunDir] = []

    def ensure(run: RunDir) -> bool:
        found.append(run)
        return True

    for module in (starting, steering, live_cloud, cloud_module):
        monkeypatch.setattr(module, "ensure_link", ensure)
    monkeypatch.setattr(account_keys, "ChildJob", FakeJob)
    monkeypatch.setattr(FakeJob, "all", [])
    return found


async def open_page(pilot: Pilot[None], run: RunDir | None = None) -> CloudScreen:
    app = pilot.app
    assert isinstance(app, RlroboApp)
    app.current = run
    await pilot.press("5")
    await until(pilot, lambda: isinstance(app.screen, CloudScreen) and app.screen._runs is not None)
    page = app.screen
    assert isinstance(page, CloudScreen)
    if run is not None:
        await until(pilot, lambda: page.run_id == run.id)
    return page


def test_every_state_has_its_words_and_keys_open_stop_and_follow(tmp_path: Path, followed: list[RunDir]) -> None:
    runs = make_cloud_runs(tmp_path, now=time.time())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        page = await open_page(pilot, runs["training"])
        await until(pilot, lambda: "#2 " in screen_text(app))
        text = screen_text(app)
        for words in (
            "7 runs · 5 active · $0.557/h now", "● TRAIN", "↻ RECOVER", "○ BOOT", "? NO AWS", "? NO LINK", "■ BUDGET",
            "✓ DONE", "c7a.2xlarge us-east-1c", "0.131", "$5.00", "4.80k", "1h 18m", "$0.142/h (60% off)",
            "AWS took the instance back after a notice of 118 s.", "0 to 205k  saved 200k  4.80k lost  $0.18",
            "$0.42 of $5.00", "1 interruption", "exact resume · 48.3 MB in S3", "now", f"/runs/{page.run_id}/",
        ):  # fmt: skip
            assert words in text, words
        assert page.command == "rlrobo cloud runs"
        assert followed == [runs["unfollowed"]]  # when the app started
        await pilot.press("J", "K")
        while page.run_id != runs["unfollowed"].id:
            await pilot.press("k")
        await pilot.press("j", "k", "F")
        await until(pilot, lambda: len(followed) == 2)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "$0.57 are spent, at $0.142/h now." in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: app.screen is page and runs["unfollowed"].commands.is_file())
        assert isinstance(decode_command(runs["unfollowed"].commands.read_bytes().splitlines()[0]), Stop)
        assert followed[-1] == runs["unfollowed"]  # or nobody would pass the command on
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.run_id == runs["unfollowed"].id)
        await until(pilot, lambda: "Nothing here follows this run." in screen_text(app))
        assert "spot · c7i.2xlarge · us-east-1a · $0.142/h · $0.57 of $5.00 · 0 interruptions" in screen_text(app)
        await pilot.press("minus")
        await until(pilot, lambda: isinstance(app.screen, CloudScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CloudScreen))

    drive(RlroboApp(tmp_path), play, size=(140, 40))


@pytest.mark.slow
def test_a_follower_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = make_cloud_runs(tmp_path, "unfollowed", now=time.time())

    def refuse(_: RunDir) -> bool:
        raise StorageError("the disk is full.")

    for module in (starting, live_cloud, cloud_module):
        monkeypatch.setattr(module, "ensure_link", refuse)

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)
        await open_page(pilot, runs["unfollowed"])
        for keys in ((), ("F",), ("enter", "F")):
            await pilot.press(*keys)
            await until(pilot, lambda: any("disk is full" in notice.text for notice in app.noticed))
            app.noticed.clear()

    drive(RlroboApp(tmp_path), play)


def test_the_account_is_asked_and_orphans_end_after_a_question_only(tmp_path: Path) -> None:
    make_cloud_runs(tmp_path, "training", now=time.time())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        page = await open_page(pilot)
        await until(pilot, lambda: FakeJob.all)
        (job,) = FakeJob.all
        assert job.arguments == ["--region", "us-east-1"]
        assert "AWS is asked" in screen_text(app)
        await pilot.press("r", "X")  # nothing is asked twice at once, and there is no orphan yet
        job.find(ORPHAN, VOLUME)
        await until(pilot, lambda: "! 2 orphans" in screen_text(app))
        for words in (
            "1 instance at work, 2 orphans", "i-0badc0ffee  instance, us-west-2", "its run is over", "i-0beef",
            "? eu-west-1: It does not answer.",
        ):  # fmt: skip
            assert words in screen_text(app), words
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert "volume vol-0badc0ffee in us-west-2: no instance uses it." in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is page)
        assert len(FakeJob.all) == 1
        await pilot.press("X", "y")
        await until(pilot, lambda: len(FakeJob.all) == 2)
        job = FakeJob.all[1]
        assert job.arguments[2:] == ["--remove", "i-0badc0ffee", "--remove", "vol-0badc0ffee"]
        job.over(RlroboError("AWS did not accept the credentials."))
        await until(pilot, lambda: "AWS did not accept the credentials." in screen_text(app))

    drive(RlroboApp(tmp_path), play, size=(120, 40))


@pytest.mark.slow
def test_leaving_the_page_ends_a_look_but_no_removal(tmp_path: Path) -> None:
    make_cloud_runs(tmp_path, "training", now=time.time())

    async def leave(pilot: Pilot[None]) -> None:
        await pilot.press("minus")
        await until(pilot, lambda: not isinstance(pilot.app.screen, CloudScreen))

    async def play(pilot: Pilot[None]) -> None:
        await open_page(pilot)
        await until(pilot, lambda: FakeJob.all)
        await leave(pilot)
        assert FakeJob.all[0].is_stopped
        page = await open_page(pilot)
        await until(pilot, lambda: len(FakeJob.all) == 2)  # it had no answer
        FakeJob.all[1].find(ORPHAN)
        await until(pilot, lambda: page.has_orphans)
        await leave(pilot)
        page = await open_page(pilot)
        assert page.has_orphans
        assert len(FakeJob.all) == 2  # the answer is fresh
        await pilot.press("X", "y")
        await until(pilot, lambda: len(FakeJob.all) == 3)
        await leave(pilot)
        assert not FakeJob.all[2].is_stopped  # what was promised is done

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_without_a_run_it_says_how_to_begin_and_asks_nothing(tmp_path: Path) -> None:
    make_run(tmp_path, events=training())

    async def play(pilot: Pilot[None]) -> None:
        await open_page(pilot)
        await until(pilot, lambda: "rlrobo cloud deploy" in screen_text(pilot.app))
        assert "rlrobo train TASK --on spot" in screen_text(pilot.app)
        await pilot.press("enter", "F", "s", "X")
        assert isinstance(pilot.app.screen, CloudScreen)
        assert FakeJob.all == []

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_a_read_only_app_follows_stops_and_ends_nothing(tmp_path: Path, followed: list[RunDir]) -> None:
    runs = make_cloud_runs(tmp_path, "unfollowed", now=time.time())

    async def play(pilot: Pilot[None]) -> None:
        page = await open_page(pilot, runs["unfollowed"])
        await until(pilot, lambda: FakeJob.all)
        FakeJob.all[0].find(ORPHAN)
        await until(pilot, lambda: page.has_orphans)
        await pilot.press("F", "s", "X")
        assert pilot.app.screen is page
        assert [page.check_action(id, ()) for id in ("attach", "stop", "end_orphans", "refresh")] == [False] * 3 + [
            True
        ]

    drive(RlroboApp(tmp_path, options=Options(read_only=True)), play)
    assert followed == []
    assert not runs["unfollowed"].commands.exists()


@pytest.mark.slow
def test_an_interruption_and_its_end_are_notified(tmp_path: Path, followed: list[RunDir]) -> None:
    run = make_cloud_runs(tmp_path, "training", now=time.time())["training"]
    files = CloudFiles(run)
    report = files.read_report()
    assert report is not None

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, RlroboApp)

        async def tells(words: str, **changes: Any) -> None:
            files.write_report(msgspec.structs.replace(report, **changes))
            await until(pilot, lambda: any(words in notice.text for notice in app.noticed))

        await until(pilot, lambda: isinstance(app.screen, LiveScreen) and app.screen.cloud is not None)
        changes = {"state": LinkState.RECOVERING, "interruptions": 2, "lost_steps": 9_600}
        await tells("AWS took the instance back. 4.80k timesteps are trained again.", **changes)
        await tells("Attempt 3 trains, in c7a.2xlarge", interruptions=2, lost_steps=9_600, attempt=3)
        await tells("80% of the money is spent: $4.10 of $5.00.", interruptions=2, lost_steps=9_600, spent_usd=4.1)
        await until(pilot, lambda: "$4.10 of $5.00 are spent (--max-price-total)." in screen_text(app))
        run.supervisor_lock.unlink()
        await until(pilot, lambda: "F follow again" in screen_text(app))
        await pilot.press("F")
        await until(pilot, lambda: followed)

    drive(RlroboApp(tmp_path, run=run), play)


@pytest.mark.slow
def test_the_list_says_where_a_run_trains_and_filters_by_it(tmp_path: Path) -> None:
    make_run(tmp_path, events=training(seed=9), seed=9)
    make_cloud_runs(tmp_path, "training", "starting", now=time.time())

    async def play(pilot: Pilot[None]) -> None:
        app = pilot.app
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and "3 runs" in screen_text(app))
        await pilot.press("slash", *"place:spot")
        await until(pilot, lambda: "2 match" in screen_text(app))
        assert "spot" in screen_text(app)
        assert "! alarm" not in screen_text(app)

    drive(RlroboApp(tmp_path), play, size=(200, 30))
