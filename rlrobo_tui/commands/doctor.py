"""`rlrobo doctor`: check this machine; with --smoke, train and evaluate for a few seconds."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from engine.launch import kill_engine, start_engine
from engine.protocol.errors import RlroboError
from engine.protocol.presets import build_config
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run
from engine.protocol.status import Status
from rlrobo_tui.commands.attend import explain_early_death
from rlrobo_tui.commands.checks import CHECKS, Check, Verdict
from rlrobo_tui.commands.evaluate import play_episodes
from rlrobo_tui.commands.follow import choose_display, follow
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_data, print_json, writes_ascii
from rlrobo_tui.quantities import number
from rlrobo_tui.tail import RunTail

SMOKE_TASK = "cartpole_balance"
SMOKE_OPTIONS = ["total_timesteps=16384", "evaluation.every_timesteps=0", "seed=1", "device=cpu"]
SMOKE_EPISODES = 5


def doctor(
    smoke: Annotated[bool, typer.Option("--smoke", help="Also train and evaluate for some seconds.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check this machine and say how to mend what is missing."""
    found: list[Check] = []
    ascii_only = writes_ascii() or bool(os.environ.get("RLROBO_ASCII"))  # the settings themselves may be malformed
    for check in CHECKS:
        found.append(check())
        if not as_json:
            _print_check(found[-1], ascii_only=ascii_only)
        if found[-1].name == "settings" and found[-1].verdict is Verdict.FAILURE:
            break  # every other check reads them
    if smoke and not _has_failure(found):
        found.append(_check_smoke())
        if not as_json:
            _print_check(found[-1], ascii_only=ascii_only)
    if as_json:
        print_json(found)
    raise typer.Exit(1 if _has_failure(found) else 0)


def _has_failure(found: list[Check]) -> bool:
    return any(check.verdict is Verdict.FAILURE for check in found)


def _print_check(check: Check, *, ascii_only: bool) -> None:
    signs = {Verdict.OK: ("✓", "ok"), Verdict.WARNING: ("!", "!!"), Verdict.FAILURE: ("✗", "XX")}
    sign = signs[check.verdict][ascii_only]
    print_data(f"{sign} {check.name:<9} {check.seen}")
    if check.fix:
        print_data(f"  {'':<9} fix: {check.fix}")


def _check_smoke() -> Check:
    """Train a small task in a folder of its own and evaluate what came out."""
    narrate(f"Training {SMOKE_TASK} for a few seconds …")
    with tempfile.TemporaryDirectory(prefix="rlrobo-smoke-") as folder:
        config = build_config(SMOKE_TASK, preset="sb3", overrides=SMOKE_OPTIONS)
        run = create_run(Path(folder), config, collect_provenance())
        try:
            return _train_and_evaluate(run)
        except RlroboError as err:
            fix = "mend what it names, then try again"
            return Check(name="smoke", verdict=Verdict.FAILURE, seen=str(err), fix=fix)
        finally:
            kill_engine(run)


def _train_and_evaluate(run: RunDir) -> Check:
    process, tail, display = start_engine(run), RunTail(run), choose_display()
    try:
        has_started = follow(tail, display, has_engine=lambda: process.poll() is None)
    finally:
        display.close()
    process.wait()
    if not has_started or tail.view.status is not Status.FINISHED:
        raise RlroboError(tail.view.end_message if has_started else explain_early_death(run))
    options = {"checkpoint": "latest", "episodes": SMOKE_EPISODES, "seed": 1, "device": "cpu"}
    result = play_episodes(run, options)
    speed = tail.view.latest("time/steps_per_second") or 0.0
    seen = (
        f"{tail.view.step:,} timesteps trained at {speed:,.0f} steps/s; "
        f"{SMOKE_EPISODES} episodes return {number(result['return_mean'])}"
    )
    return Check(name="smoke", verdict=Verdict.OK, seen=seen)
