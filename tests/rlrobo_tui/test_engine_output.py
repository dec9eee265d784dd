"""The line of an engine's output that tells why it died."""

from pathlib import Path

import pytest

from engine.protocol.run_dir import RunDir
from rlrobo_tui.engine_output import NOISE, cause_line, read_output

TRACEBACK = """loading
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise ValueError("x")
ValueError: n_steps must be a number
some farewell"""


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (TRACEBACK, "ValueError: n_steps must be a number"),
        ("ok\nKilled", "Killed"),
        ("rlrobo: /runs/x: cannot write: the disk is full", "rlrobo: /runs/x: cannot write: the disk is full"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory.\n", "torch.cuda.OutOfMemoryError: CUDA out of memory."),
        ("Segmentation fault (core dumped)", "Segmentation fault (core dumped)"),
        ("all is well\nno error here", ""),
        ("", ""),
    ],
)
def test_cause_is_found(output: str, line: str) -> None:
    assert cause_line(output) == line


def test_what_every_process_prints_is_left_out(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    run.engine_log.write_text(f"{NOISE} Jan 29 2025\nsupervisor: it ended\n{NOISE} Jan 29 2025\n")
    assert read_output(run) == "supervisor: it ended"
