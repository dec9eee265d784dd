"""`rlrobo train --on spot` as a user types it, on a pretended AWS with a real engine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.aws import Aws
from cloud.changes import Follower
from cloud.deploy import Choices, deploy
from tests.fakeaws.fake import FakeAws

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Tried to parse AWS.+:UserWarning")]
ROBOT = ("cartpole_balance", "--steps", "8192", "--set", "evaluation.every_timesteps=0")
SPOT = ("--on", "spot", "--instance", "c7i.large,m7i.large")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAws]:
    with FakeAws(tmp_path / "machines") as fake:
        for name, value in {**fake.environment(), "RLROBO_RUNS_DIR": str(tmp_path / "runs")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        yield fake


def rlrobo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from rlrobo_tui.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_it_trains_to_the_end_and_the_run_is_here_then(fake: FakeAws) -> None:
    deploy(Aws.open(fake.region), choices=Choices(), follower=Follower(say=lambda _: None))
    done = rlrobo("train", *ROBOT, *SPOT, "--max-price-total", "1", "--max-hours", "1", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == "finished"
    assert result["step"] >= 8192
    assert "c7i.large" in done.stderr
    assert "It ends by itself after $1.00 or 1 hour" in done.stderr
    assert fake.alive == []
    listed = json.loads(rlrobo("runs", "--json").stdout)
    assert [each["status"] for each in listed] == ["finished"]
    evaluated = rlrobo("evaluate", "latest", "--episodes", "1")
    assert evaluated.returncode == 0, evaluated.stderr


def test_without_a_stack_it_says_how_to_make_one(fake: FakeAws) -> None:
    done = rlrobo("train", *ROBOT, *SPOT)
    assert done.returncode != 0
    assert "rlrobo cloud deploy" in done.stderr
    assert "Traceback" not in done.stderr
    assert rlrobo("runs", "--json").stdout.strip() == "[]"
