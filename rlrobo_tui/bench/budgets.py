"""What the app may take, and what it takes: time until something is on the screen, processor, memory, line."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from engine.launch import find_engine, start_engine
from engine.protocol.lock import Holder
from engine.protocol.presets import build_config
from engine.protocol.run_dir import RunDir, list_runs
from rlrobo_tui.bench.runs import make_long_run, make_many_runs, make_young_run
from rlrobo_tui.bench.terminal_app import LEAVE_S, NeverSeenError, TerminalApp
from rlrobo_tui.commands.packing import make_run
from rlrobo_tui.commands.task_facts import facts_for

SIZES = ((80, 24), (120, 40))
LINE_KB_S = {(80, 24): 10.0, (120, 40): 30.0}
FAST, USUAL = 5000.0, 4.0
"""Events per second: what nothing may choke on, and what an engine writes."""
SETTLE_S = 4.0
"""Until the first pictures of a page are drawn, which are not what watching costs."""
ENGINE_PATIENCE_S = 120.0
"""An engine imports torch first."""
_DEMO = "cartpole_balance"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One value beside what it may be at most."""

    name: str
    size: str
    """Columns and lines of the terminal."""
    value: float
    budget: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether it is within its budget."""
        return self.value <= self.budget


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long is measured, and where."""

    folder: Path
    """An empty one."""
    watch_s: float = 10.0
    """How long the app is watched while it watches a run."""
    num_keys: int = 60
    num_starts: int = 5
    num_points: int = 1_000_000
    """Values of metrics in the long run."""
    num_runs: int = 1_000
    """In the full folder."""
    only: frozenset[str] = frozenset()
    """Keys of MEASUREMENTS; empty for all."""


def measure(plan: Plan) -> Iterator[Measured]:
    """Measure what is asked for, everything in about two minutes. Raises NeverSeenError."""
    for name, make in MEASUREMENTS.items():
        if not plan.only or name in plan.only:
            yield from make(plan)


def _starts(plan: Plan) -> Iterator[Measured]:
    home = plan.folder / "starts"
    make_many_runs(home / "runs", num_runs=10)
    for size in SIZES:
        times = [_start(size, home) for _ in range(plan.num_starts + 1)][1:]  # the first one warms the disk
        yield _measured("first frame", size, median(times), 0.5, "s")


def _start(size: tuple[int, int], home: Path) -> float:
    with TerminalApp(["tui"], size=size, home=home) as app:
        return app.wait_for("? Help") - app.started_at


def _keys(plan: Plan) -> Iterator[Measured]:
    chance = random.Random(0)
    for size in SIZES:
        with _watched(plan.folder / f"keys{size[0]}", size, rate=FAST) as app:
            times = [_key(app, chance.uniform(0.05, 0.25)) for _ in range(plan.num_keys)]
        name = f"key to paint, p95, {FAST:,.0f} events/s"
        yield _measured(name, size, quantiles(times, n=20)[-1] * 1e3, 50.0, "ms")


def _key(app: TerminalApp, pause_s: float) -> float:
    """Press the key that draws every chart anew, after a pause; return how long its effect took to be on the screen."""
    app.pump(pause_s)
    before = _smoothing(app.screen.text)
    pressed_at = app.press("m")
    return app.wait_until(lambda text: _smoothing(text) != before) - pressed_at


def _smoothing(text: str) -> str:
    found = re.search(r"EMA ([\d.]+):", text)
    return found[1] if found else "off"


def _watching(plan: Plan) -> Iterator[Measured]:
    for size in SIZES:
        with _watched(plan.folder / f"watch{size[0]}", size, rate=USUAL) as app:
            seconds, bytes_before, began_at = app.cpu_seconds(), app.num_bytes, time.monotonic()
            app.pump(plan.watch_s)
            took_s = time.monotonic() - began_at
            yield _measured("line", size, (app.num_bytes - bytes_before) / took_s / 1e3, LINE_KB_S[size], "kB/s")
            yield _measured("processor, of a core", size, (app.cpu_seconds() - seconds) / took_s * 100, 5.0, "%")
            yield _measured("memory", size, app.memory_bytes() / 1e6, 150.0, "MB")


def _long_run(plan: Plan) -> Iterator[Measured]:
    home = plan.folder / "long"
    make_long_run(home / "runs", num_points=plan.num_points)
    with TerminalApp(["tui"], size=SIZES[1], home=home) as app:
        app.wait_for("1 run")
        app.pump(SETTLE_S)
        pressed_at = app.press("enter")
        # The preview beside the list shows the run's end, too; only the page itself leads back to the list.
        shown_at = app.wait_until(lambda text: all(words in text for words in ("esc Runs", "┤", "raw ", "✓ DONE")))
    yield _measured(f"opening {plan.num_points:,} points", SIZES[1], shown_at - pressed_at, 1.5, "s")


def _many_runs(plan: Plan) -> Iterator[Measured]:
    home = plan.folder / "many"
    make_many_runs(home / "runs", num_runs=plan.num_runs)
    words = f"{plan.num_runs:,} runs"
    times: list[float] = []
    for _ in range(plan.num_starts):
        with TerminalApp(["tui"], size=SIZES[1], home=home) as app:
            first_at = app.wait_for("? Help")
            times.append(app.wait_for(words) - first_at)
    yield _measured(f"listing {words} after the first frame", SIZES[1], median(times), 1.0, "s")


def _killed(plan: Plan) -> Iterator[Measured]:
    """An engine whose supervisor writes down its death, then one that nobody is left to tell of."""
    home = plan.folder / "killed"
    with _training(home / "runs") as run, TerminalApp(["tui", "latest"], size=SIZES[0], home=home) as app:
        app.wait_for("● RUN", patience_s=ENGINE_PATIENCE_S)
        took_s = _kill(app, find_engine(run))
    yield _measured("killed engine to banner", SIZES[0], took_s, 8.0, "s")
    home = plan.folder / "forsaken"
    with _watched(home, SIZES[0], rate=USUAL) as app:
        took_s = _kill(app, find_engine(list_runs(home / "runs")[0]))
    yield _measured("killed with its supervisor to banner", SIZES[0], took_s, 8.0, "s")


def _kill(app: TerminalApp, engine: Holder | None) -> float:
    if engine is None:
        raise NeverSeenError("The engine ended by itself before it was killed.")
    killed_at = time.monotonic()
    os.kill(engine.pid, signal.SIGKILL)
    return app.wait_for("R Resume") - killed_at


MEASUREMENTS: dict[str, Callable[[Plan], Iterator[Measured]]] = {
    "start": _starts, "keys": _keys, "watch": _watching, "long": _long_run, "many": _many_runs, "killed": _killed,
}  # fmt: skip
"""What can be measured alone."""


@contextmanager
def _training(runs_dir: Path) -> Iterator[RunDir]:
    """Train the demo in an engine of its own, as the app would."""
    config = build_config(_DEMO, overrides=["total_timesteps=10000000"])
    facts = facts_for(config)
    run = make_run(runs_dir, config, facts, ["rlrobo", "train", _DEMO])
    supervisor = start_engine(run)
    try:
        yield run
    finally:
        supervisor.terminate()
        with suppress(subprocess.TimeoutExpired):
            supervisor.wait(timeout=LEAVE_S)
        with suppress(ProcessLookupError):
            os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()


@contextmanager
def _watched(home: Path, size: tuple[int, int], *, rate: float) -> Iterator[TerminalApp]:
    """Watch a run to which so many events a second are added."""
    run = make_young_run(home / "runs")
    with _writing(run, rate), TerminalApp(["tui", "latest"], size=size, home=home) as app:
        app.wait_for("┤")
        app.pump(SETTLE_S)
        yield app


@contextmanager
def _writing(run: RunDir, rate: float) -> Iterator[None]:
    writer = subprocess.Popen([sys.executable, "-m", "rlrobo_tui.bench.writer", str(run.path), str(rate)])
    try:
        yield
    finally:
        writer.kill()
        writer.wait()


def _measured(name: str, size: tuple[int, int], value: float, budget: float, unit: str) -> Measured:
    return Measured(name=name, size=f"{size[0]}x{size[1]}", value=value, budget=budget, unit=unit)
