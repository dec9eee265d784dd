"""An engine that does what the next line of RUN_DIR/plan says; tests/engine/test_supervise.py writes those lines.

Words of a line, carried out in their order: begin, checkpoint=STEP, end=REASON, signal=NUMBER, exit=CODE.
"""

import os
import sys
import time
from pathlib import Path

from engine.protocol.checkpoints import Manifest, new_checkpoint
from engine.protocol.events import RunEnded, RunStarted
from engine.protocol.json_lines import EventWriter
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason


def main(run: RunDir, options: list[str]) -> None:
    """Take the next line of the plan."""
    plan = run.path / "plan"
    words, *rest = plan.read_text().splitlines()
    plan.write_text("\n".join(rest))
    with (run.path / "calls").open("a") as calls:
        calls.write(f"{' '.join(options)}\n")
    with run.lock():
        writer = EventWriter(run.events, clock=time.time)
        for word in words.split():
            act(run, writer, *word.split("="))


def act(run: RunDir, writer: EventWriter, name: str, value: str = "") -> None:
    """Carry out one word."""
    if name == "begin":
        writer.write(RunStarted(run_id=run.id, task="cartpole_balance", algorithm="ppo"))
    elif name == "checkpoint":
        manifest = Manifest(
            step=int(value), algorithm="ppo", task="cartpole_balance", reason="periodic", saved_at=0.0, files={}
        )
        with new_checkpoint(run.checkpoints, manifest):
            pass
    elif name == "end":
        writer.write(RunEnded(reason=EndReason(value), message=f"ended by {value}"))
    elif name == "signal":
        os.kill(os.getpid(), int(value))
    elif name == "exit":
        os._exit(int(value))


if __name__ == "__main__":
    main(RunDir(Path(sys.argv[1])), sys.argv[2:])
