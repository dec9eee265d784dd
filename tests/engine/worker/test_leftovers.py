"""An engine begins with a clean checkpoint folder, whatever the one before it was doing when it died."""

import os
from pathlib import Path

from engine.protocol.events import RunEnded, RunStarted
from engine.protocol.json_lines import EventWriter
from engine.worker.main import main
from tests.engine.driver import new_run


def test_half_written_checkpoints_of_a_dead_engine_are_gone_before_it_begins(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    half = run.checkpoints / f".000000100.{os.getpid()}.tmp"
    half.mkdir(parents=True)
    writer = EventWriter(run.events, clock=lambda: 0.0)
    writer.write(RunStarted(total_timesteps=100))
    writer.write(RunEnded(step=100))
    writer.close()
    assert main([str(run.path)]) == 2  # completed: there is nothing to train
    assert not half.exists()
