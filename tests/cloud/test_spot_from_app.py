"""A run that the form of the terminal app rents a machine for, on the pretended AWS: from the first key to its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from cloud.attach import end_link
from cloud.records import Cause
from engine.protocol.run_dir import list_runs
from rlrobo_tui.app import RlroboApp
from rlrobo_tui.screens.live import LiveScreen
from tests.cloud.spot_world import TIMEOUT_S, World, new_world
from tests.rlrobo_tui.app_forms import form
from tests.rlrobo_tui.app_runs import drive, screen_text, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    runs_dir = tmp_path / "runs"
    for name, folder in (("RLROBO_RUNS_DIR", "runs"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    with new_world(tmp_path, monkeypatch) as made:
        yield made
        for run in list_runs(runs_dir):
            end_link(run)


def test_keys_alone_train_a_run_on_a_rented_machine(world: World, tmp_path: Path) -> None:
    async def play(pilot: Pilot[None]) -> None:
        screen = await form(pilot, "ctrl+n", "tab", *"4k", "ctrl+n", *"spot", "tab", "2")
        await until(pilot, lambda: screen.answers.max_price_total == "2")
        await pilot.press("ctrl+r", "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen), patience_s=TIMEOUT_S)
        await until(pilot, lambda: "of $2.00" in screen_text(pilot.app))
        await until(pilot, lambda: "All timesteps are trained." in screen_text(pilot.app), patience_s=TIMEOUT_S)

    drive(RlroboApp(tmp_path / "runs"), play, size=(120, 40))
    [run] = list_runs(tmp_path / "runs")
    spec = world.spec(run)
    assert (spec.max_price_total_usd, spec.max_hours) == (2.0, 24.0)
    assert run.read_config().total_timesteps == 4000
    world.fake.wait_until(lambda: not world.fake.alive, "every instance is off")
    assert [attempt.cause for attempt in world.attempts(run)] == [Cause.FINISHED]
