"""Which screens have a stored picture, and how each is reached in the app."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from cloud.instances import Instance
from cloud.sweep import Orphan, OrphanKind, Sweep
from engine.protocol.run_dir import RunDir
from rlrobo_tui.account import Account
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.memory import Memory
from rlrobo_tui.screens.crash import CrashScreen
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.replay import ReplayScreen
from rlrobo_tui.starting import StartedEngine
from tests.rlrobo_tui.app_runs import screen_text, until
from tests.rlrobo_tui.cloud_stories import THERE
from tests.rlrobo_tui.snapshot_runs import NOW

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((80, 24), (120, 40), (200, 60))
SMALL: tuple[Size, ...] = ((60, 18), (40, 10), (20, 4))
CORE_SIZES = SIZES[:2]
"""In the default suite."""
SWEEP = Sweep(
    orphans=(
        Orphan(kind=OrphanKind.INSTANCE, id="i-0badc0ffee0000001", region="us-west-2", reason="its run is over"),
        Orphan(kind=OrphanKind.VOLUME, id="vol-0badc0ffee000001", region="us-west-2", reason="no instance uses it"),
    ),
    wanted=(
        Instance(
            id="i-00000000000000002", region="us-east-1", pool=THERE, state="running", launched_at=NOW - 6480.0,
            run_id="20270115T080000Z-cartpole_balance-ppo-s1",
        ),
    ),
    unchecked={"ap-south-2": "EC2 does not answer there. Try again in a moment."},
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """An app that is led from screen to screen."""

    pilot: Pilot[None]
    runs: Mapping[str, RunDir]

    @property
    def app(self) -> RlroboApp:
        """The app."""
        assert isinstance(self.pilot.app, RlroboApp)
        return self.pilot.app

    async def begin(self, run: str = "training") -> None:
        """Forget what was chosen before, and show a new list that stands on a run."""
        self.app.memory = Memory()
        self.app.current = self.runs.get(run)
        self.app.go("runs")
        await self.app.switch_screen(self.app.make_home())
        await self.sees(f"{len(self.runs)} runs" if self.runs else "No runs yet.")

    async def sees(self, *words: str) -> None:
        """Wait for words on the screen."""
        for each in words:
            await until(self.pilot, lambda each=each: each in screen_text(self.app))

    async def list(self, *keys: str, sees: str = "") -> None:
        """Show the list of runs and press keys."""
        await self.begin()
        await self.press(*keys, sees=sees)

    async def live(self, run: str, *keys: str, sees: str = "") -> None:
        """Show a run's page as soon as the run is read, and press keys."""
        await self.begin(run)
        self.app.go("live")
        await until(self.pilot, lambda: isinstance(self.app.screen, LiveScreen) and self.app.screen._is_loaded)
        await self.press(*keys, sees=sees)

    async def page(self, scope: str, *keys: str, sees: str = "") -> None:
        """Show another page and press keys."""
        await self.begin()
        self.app.go(scope)
        await until(self.pilot, lambda: self.app.scope == scope and (scope == "doctor" or self.app.screen.focused))
        await self.press(*keys, sees=sees)

    async def press(self, *keys: str, sees: str = "") -> None:
        """Press keys, then wait for words."""
        await self.pilot.press(*keys)
        await self.sees(*([sees] if sees else []))

    async def compare(self, *names: str, keys: tuple[str, ...] = (), sees: str = "difference") -> None:
        """Compare runs and press keys."""
        await self.begin()
        self.app.memory.marks = [self.runs[name].id for name in names]
        self.app.go("compare")
        await self.sees("difference")
        await self.press(*keys, sees=sees)

    async def cloud(self, name: str = "", *keys: str, sees: str = "") -> None:
        """Show the cloud page with the cursor on a run, after AWS was asked, and press keys."""
        self.app.account = Account(asked_at=NOW - 12, sweep=SWEEP)
        await self.begin(name)
        self.app.go("cloud")
        await until(self.pilot, lambda: not name or getattr(self.app.screen, "run_id", "") == self.runs[name].id)
        await self.press(*keys, sees=sees)

    async def replay(self, *keys: str, sees: str = "return 181.2") -> None:
        """Replay a checkpoint and press keys."""
        await self.begin()
        self.app.go("replay")
        await until(self.pilot, lambda: isinstance(self.app.screen, ReplayScreen) and self.app.screen.has_picture)
        await self.press(*keys, sees=sees)

    async def dead_at_once(self) -> None:
        """Show a run whose engine ended before its first event."""
        self.app._engines[self.runs["dead"].path] = StartedEngine(DeadProcess(), None)  # type: ignore[arg-type]
        await self.live("dead", sees="It said:")

    async def unreachable(self) -> None:
        """Show a run whose files cannot be read any more."""
        await self.live("training")
        events = self.runs["training"].events
        kept = events.with_suffix(".kept")
        events.rename(kept)
        events.mkdir()
        await self.sees("LINK LOST")

    async def reported(self) -> None:
        """Show a run of which a report was written."""
        self.app._disable_notifications = False  # as they are in tests
        await self.live("training")
        page = self.app.screen
        assert isinstance(page, LiveScreen)
        page.post_message(page.ReportOver(Path(f"/home/you/runs/{page.run_id}/report.html"), None))
        await self.sees("Report saved")

    async def crashed(self) -> None:
        """Show that a part of the app failed."""
        await self.begin()
        report = "time      2027-01-15 08:00:00 +0000\n\nTraceback (most recent call last):\nValueError: a bad day\n"
        self.app.push_screen(CrashScreen(report, Path("/home/you/.local/state/rlrobo/crashes/20270115-080000.txt")))
        await self.sees("A part of the app failed")


class DeadProcess:
    """Stands for an engine that ended with the exit code 3."""

    returncode = 3

    def poll(self) -> int:
        return self.returncode


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One screen in one state."""

    page: str
    state: str
    play: Callable[[Stage], Awaitable[None]]
    sizes: tuple[Size, ...] = SIZES
    is_core: bool = False
    """Whether it stands for its page in the default suite."""
    has_toast: bool = False
    """Whether notifications belong to it."""

    def name(self, size: Size) -> str:
        """Return page, state and size, as files are called."""
        return f"{self.page}/{self.state}-{size[0]}x{size[1]}"


def _scene(page: str, state: str, play: Callable[[Stage], Awaitable[None]], **more: bool | tuple[Size, ...]) -> Scene:
    return Scene(page=page, state=state, play=play, **more)  # type: ignore[arg-type]


SEEDS = ("seed 1", "seed 2", "seed 3", "other settings")
EMPTY = _scene("runs", "empty", lambda stage: stage.begin())
"""Of a folder without runs."""
CLOUD_SCENES = (
    _scene("cloud", "training", lambda stage: stage.cloud("training", sees="#1 ")),
    _scene("cloud", "recovering", lambda stage: stage.cloud("recovering", sees="another pool")),
    _scene("cloud", "unfollowed", lambda stage: stage.cloud("unfollowed", sees="F Follow")),
    _scene("cloud", "finished", lambda stage: stage.cloud("finished", sees="All timesteps are trained.")),
    _scene("cloud", "stop", lambda stage: stage.cloud("training", "s", sees="Stop ")),
    _scene("cloud", "orphans", lambda stage: stage.cloud("training", "X", sees="End 2 orphans?")),
    _scene("cloud", "small", lambda stage: stage.cloud("training"), sizes=SMALL),
    _scene("cloud", "live-training", lambda stage: stage.live("training", sees="AWS ok")),
    _scene("cloud", "live-starting", lambda stage: stage.live("starting", sees="paid from its launch on")),
    _scene("cloud", "live-recovering", lambda stage: stage.live("recovering", sees="another pool")),
    _scene("cloud", "live-away", lambda stage: stage.live("away", sees="AWS cannot be asked.")),
    _scene("cloud", "live-unfollowed", lambda stage: stage.live("unfollowed", sees="follow again")),
    _scene("cloud", "live-budget", lambda stage: stage.live("budget", sees="go on here")),
    _scene("cloud", "live-small", lambda stage: stage.live("training", sees="$0.42"), sizes=SMALL[:2]),
)
"""Of a folder of runs on rented machines."""
NO_CLOUD = _scene("cloud", "empty", lambda stage: stage.cloud(sees="rlrobo cloud deploy"))
SCENES = (
    _scene("runs", "all-states", lambda stage: stage.list(), is_core=True),
    _scene("runs", "filter", lambda stage: stage.list("slash", *"robot:ant -seed:7", sees="match")),
    _scene("runs", "filter-mistake", lambda stage: stage.list("slash", *"reward>many", sees="reward>many")),
    _scene("runs", "grouped", lambda stage: stage.list("G", sees="grouped by task")),
    _scene("runs", "marked", lambda stage: stage.list("space", "j", "space", "o", sees="2 marked")),
    _scene("runs", "typed-confirm", lambda stage: stage.list(*"jjjjjjjjj", "X", sees="Type")),
    _scene("new", "robot", lambda stage: stage.page("new", sees="ant_walk"), is_core=True),
    _scene("new", "robot-filter", lambda stage: stage.page("new", "slash", *"panda", sees="panda_push")),
    _scene("new", "algorithm", lambda stage: stage.page("new", "ctrl+n", sees="more settings")),
    _scene("new", "settings", lambda stage: stage.page("new", "ctrl+n", "ctrl+t", "j", sees="Discount")),
    _scene("new", "mistake", lambda stage: stage.page("new", "ctrl+n", "tab", *"many", sees="got 'many'")),
    _scene("new", "hardware", lambda stage: stage.page("new", "ctrl+n", "ctrl+n", sees="workers")),
    _scene("new", "spot", lambda stage: stage.page("new", "ctrl+n", "ctrl+n", *"spot", "tab", "2", sees="deploy")),
    _scene("new", "review", lambda stage: stage.page("new", "ctrl+n", "ctrl+n", "ctrl+n", sees="4 observations")),
    _scene("live", "training", lambda stage: stage.live("training"), is_core=True),
    _scene("live", "hints", lambda stage: stage.live("hints")),
    _scene("live", "off-policy", lambda stage: stage.live("stopped")),
    _scene("live", "paused", lambda stage: stage.live("paused", sees="Paused at 240k.")),
    _scene("live", "full-disk", lambda stage: stage.live("full-disk", sees="disk is full")),
    _scene("live", "hung", lambda stage: stage.live("hung", sees="No step for")),
    _scene("live", "out-of-reach", lambda stage: stage.live("out-of-reach", sees="No sign of life")),
    _scene("live", "no-news", lambda stage: stage.live("quiet", sees="no news")),
    _scene("live", "unreadable-lines", lambda stage: stage.live("unreadable")),
    _scene("live", "repeating", lambda stage: stage.live("repeating", sees="Resumed from")),
    _scene("live", "killed", lambda stage: stage.live("killed", sees="without a word")),
    _scene("live", "diverged", lambda stage: stage.live("diverged", sees="rlrobo fork")),
    _scene("live", "failed", lambda stage: stage.live("failed", sees="ValueError")),
    _scene("live", "stopped", lambda stage: stage.live("stopped", sees="Stopped on request")),
    _scene("live", "finished", lambda stage: stage.live("finished", sees="All timesteps")),
    _scene("live", "dead-at-once", lambda stage: stage.dead_at_once()),
    _scene("live", "cursor", lambda stage: stage.live("training", "i", "h", "h")),
    _scene("live", "full-chart", lambda stage: stage.live("training", "f")),
    _scene("live", "dense", lambda stage: stage.live("training", "L")),
    _scene("live", "focus", lambda stage: stage.live("training", "L", "L")),
    _scene("live", "log", lambda stage: stage.live("killed", "e", sees="out of memory")),
    _scene("live", "pick-metric", lambda stage: stage.live("training", "A", sees="Chart which metric?")),
    _scene("live", "stop", lambda stage: stage.live("training", "s", sees="Stop "), is_core=True),
    _scene("live", "kill", lambda stage: stage.live("hung", "X", sees="Kill the engine")),
    _scene("live", "report", lambda stage: stage.reported(), has_toast=True),
    _scene("live", "small", lambda stage: stage.live("training"), sizes=SMALL),
    _scene("live", "small-failed", lambda stage: stage.live("failed"), sizes=SMALL),
    _scene("compare", "two-runs", lambda stage: stage.compare("seed 1", "other settings"), is_core=True),
    _scene("compare", "means", lambda stage: stage.compare(*SEEDS, keys=("g", "d"), sees="means over seeds")),
    _scene("compare", "cursor", lambda stage: stage.compare(*SEEDS, keys=("i", "h", "h", "h"))),
    _scene("compare", "small", lambda stage: stage.compare("seed 1", "seed 2"), sizes=SMALL[:1]),
    _scene("replay", "playing", lambda stage: stage.replay(), is_core=True),
    _scene("replay", "paused", lambda stage: stage.replay("space", "D", sees="paused")),
    _scene("replay", "beside", lambda stage: stage.replay("B"), sizes=SIZES[2:]),
    _scene("replay", "small", lambda stage: stage.replay(), sizes=SMALL[:1]),
    _scene("settings", "page", lambda stage: stage.page("settings", "j", sees="ASCII"), is_core=True),
    _scene("doctor", "page", lambda stage: stage.page("doctor", sees="This terminal"), is_core=True),
    _scene("app", "help-runs", lambda stage: stage.list("question_mark", sees="search"), is_core=True),
    _scene("app", "help-live", lambda stage: stage.live("training", "question_mark", sees="search")),
    _scene(
        "app", "help-search", lambda stage: stage.live("training", "question_mark", "slash", *"chart", sees="chart")
    ),
    _scene("app", "palette", lambda stage: stage.list("ctrl+p", sees="Search"), is_core=True),
    _scene("app", "palette-words", lambda stage: stage.list("ctrl+p", *"ant", sees="ant_walk")),
    _scene("app", "notices", lambda stage: stage.live("training", "x", "N", sees="Notifications")),
    _scene("app", "crash", lambda stage: stage.crashed()),
    _scene("runs", "small", lambda stage: stage.list(), sizes=SMALL),
)
