"""The engine's process boundary: take the run, train it, and say in one last event how it ended.

Torch is imported only after the lock is taken and the first event is written, so viewers see a start at once.
"""

import argparse
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import ProcessDiedError, RlroboError, StorageError, is_full
from engine.protocol.events import RunEnded, RunStarted, StatusChanged
from engine.protocol.heartbeat import Heart
from engine.protocol.json_lines import EventWriter
from engine.protocol.retention import clear_leftovers
from engine.protocol.run_dir import RunDir, open_run
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.worker.control import Control
from engine.worker.divergence import DivergedError
from engine.worker.reserve import Reserve
from engine.worker.resuming import Beginning, choose_beginning, set_aside_later_checkpoints
from robots.errors import NonFiniteStateError, RobotError


def main(arguments: list[str]) -> int:
    """Train a run directory; return the exit code: 0 trained or stopped, 1 failed, 2 usage, 3 busy."""
    options = _parse(arguments)
    try:
        run = open_run(options.run_dir)
        config = run.read_config()
        with run.lock():
            clear_leftovers(run.checkpoints)
            beginning = choose_beginning(
                run, config, from_step=options.from_step, total_timesteps=options.total_timesteps
            )
            return _hold(run, config, beginning)
    except RlroboError as err:
        print(f"engine: {err}", file=sys.stderr)  # noqa: T201 - the only reader is a person or engine.log
        return err.exit_code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m engine", description="Train a run, or go on with it.")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--from", dest="from_step", type=int, help="timestep of the checkpoint to go on from")
    parser.add_argument("--total-timesteps", type=int, help="timesteps to train for, instead of what the run says")
    return parser.parse_args(arguments)


def _hold(run: RunDir, config: RunConfig, beginning: Beginning) -> int:
    """Train `run`, whose lock is held."""
    set_aside_later_checkpoints(run, beginning)
    reserve = Reserve(run.reserve)
    writer = EventWriter(run.events, clock=time.time, make_room=reserve.release)
    control = Control(run, writer, reserve, resumed_after=beginning.last_event_at)
    # One request, three ways to make it: the stop command, SIGTERM (kill, a Spot notice) and Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: control.request_stop("SIGTERM"))
    signal.signal(signal.SIGINT, lambda *_: control.request_stop("Ctrl-C"))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal never stops a run
    # A supervisor holds both back until there is somebody to answer them, which is now.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    control.progress.step = beginning.step
    if beginning.is_first:
        writer.write(_run_started(run, config, beginning))
    detail = "loading torch and PyBullet"
    if beginning.checkpoint is not None:
        detail = f"going on from {beginning.step:,} timesteps"
    writer.write(StatusChanged(step=beginning.step, status=Status.STARTING, detail=detail))
    with Heart(run.heartbeat, pid=os.getpid(), read_step=lambda: control.progress.step):
        end = _train(run, config, control, beginning)
    writer.write(end)
    writer.sync()
    writer.close()
    if end.traceback:
        print(end.traceback, file=sys.stderr)  # noqa: T201
    return 0 if end.reason in (EndReason.COMPLETED, EndReason.STOPPED) else 1


def _train(run: RunDir, config: RunConfig, control: Control, beginning: Beginning) -> RunEnded:
    """Train to the end and say how it ended; this is where every error becomes an event."""
    progress = control.progress
    try:
        from engine.worker.training import train

        reason = train(config, control, beginning)
        return RunEnded(step=progress.step, reason=reason, message=OUTCOMES[reason].sentence)
    except (DivergedError, NonFiniteStateError) as err:
        return RunEnded(
            step=progress.step, reason=EndReason.DIVERGED, message=_explain_divergence(err, run, progress.step)
        )
    except StorageError as err:
        return RunEnded(
            step=progress.step, reason=EndReason.NO_SPACE if is_full(err) else EndReason.FAILED, message=str(err)
        )
    except ProcessDiedError as err:
        return RunEnded(step=progress.step, reason=EndReason.KILLED, message=str(err))
    except (RlroboError, RobotError) as err:
        return RunEnded(step=progress.step, reason=EndReason.FAILED, message=str(err))
    except Exception as err:  # noqa: BLE001 - the process boundary: whatever it is, the run must say so
        return RunEnded(
            step=progress.step,
            reason=EndReason.FAILED,
            message=f"{type(err).__name__}: {err}. {OUTCOMES[EndReason.FAILED].sentence}",
            traceback=traceback.format_exc(),
        )


def _explain_divergence(err: DivergedError | NonFiniteStateError, run: RunDir, step: int) -> str:
    sentence = f"{err.term} became NaN or infinite at step {step}. {OUTCOMES[EndReason.DIVERGED].sentence}"
    if not isinstance(err, NonFiniteStateError):
        return sentence
    import numpy as np

    np.savez(run.path / "diverged_states.npz", **err.states)  # type: ignore[arg-type]
    return f"{sentence} The last states are in {run.path / 'diverged_states.npz'}."


def _run_started(run: RunDir, config: RunConfig, beginning: Beginning) -> RunStarted:
    name = algorithm_name(config.algorithm)
    return RunStarted(
        run_id=run.id,
        task=config.task_name,
        algorithm=name,
        seed=config.seed,
        total_timesteps=beginning.total_timesteps,
        num_envs=config.num_envs,
        device="cpu" if config.device == "auto" and name in ON_POLICY else config.device,
        pid=os.getpid(),
        hostname=socket.gethostname(),
    )
