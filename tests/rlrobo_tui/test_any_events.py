"""Whatever stands in an event file, following it does not fail."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from engine.protocol.run_dir import RunDir
from rlrobo_tui.tail import RunTail
from tests.rlrobo_tui.app_runs import make_run
from tests.rlrobo_tui.event_streams import files


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run whose events are written again for each example."""
    return make_run(tmp_path / "runs", events=[])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files)
def test_a_tail_reads_any_file(run: RunDir, content: bytes) -> None:
    run.events.write_bytes(content)
    tail = RunTail(run)
    tail.poll()
    tail.view.snapshot()
