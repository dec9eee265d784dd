"""The engine's process boundary: take the run, train it, and say in one last event how it ended.

Torch is imported only after the lock is taken and the first event is written, so viewers see a start at once.
"""

import errno
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from engine.protocol.algorithms import ON_POLICY, algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import RlroboError, StorageError, UsageError
from engine.protocol.events import RunEnded, RunStarted, StatusChanged
from engine.protocol.heartbeat import Heart
from engine.protocol.json_lines import EventWriter, event_reader
from engine.protocol.run_dir import RunDir, open_run
from engine.protocol.status import OUTCOMES, EndReason, Status
from engine.worker.control import Control
from engine.worker.divergence import DivergedError
from robots.errors import NonFiniteStateError, RobotError


def main(arguments: list[str]) -> int:
    """Train the run directory in `arguments`; return the exit code: 0 trained or stopped, 1 failed, 2 usage, 3 busy."""
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m engine RUN_DIR")
        run = open_run(Path(arguments[0]))
        config = run.read_config()
        with run.lock():
            return _hold(run, config)
    except RlroboError as err:
        print(f"engine: {err}", file=sys.stderr)  # noqa: T201 - the only reader is a person or engine.log
        return err.exit_code


def _hold(run: RunDir, config: RunConfig) -> int:
    """Train `run`, whose lock is held."""
    if event_reader(run.events).read_new():
        raise UsageError(
            f"{run.path}: an engine has worked on this run already; "
            f"train it anew with `rlrobo train {run.config}`, which makes a new run."
        )
    writer = EventWriter(run.events, clock=time.time)
    control = Control(run, writer)
    # One request, three ways to make it: the stop command, SIGTERM (kill, a Spot notice) and Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: control.request_stop("SIGTERM"))
    signal.signal(signal.SIGINT, lambda *_: control.request_stop("Ctrl-C"))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a closed terminal never stops a run
    # A supervisor holds both back until there is somebody to answer them, which is now.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    writer.write(_run_started(run, config))
    writer.write(StatusChanged(status=Status.STARTING, detail="loading torch and PyBullet"))
    with Heart(run.heartbeat, pid=os.getpid(), read_step=lambda: control.progress.step):
        end = _train(run, config, control, writer)
    writer.write(end)
    writer.sync()
    writer.close()
    if end.traceback:
        print(end.traceback, file=sys.stderr)  # noqa: T201
    return 0 if end.reason in (EndReason.COMPLETED, EndReason.STOPPED) else 1


def _train(run: RunDir, config: RunConfig, control: Control, writer: EventWriter) -> RunEnded:
    """Train to the end and say how it ended; this is where every error becomes an event."""
    progress = control.progress
    try:
        from engine.worker.training import train

        reason = train(run, config, control, writer)
        return RunEnded(step=progress.step, reason=reason, message=OUTCOMES[reason].sentence)
    except (DivergedError, NonFiniteStateError) as err:
        return RunEnded(
            step=progress.step, reason=EndReason.DIVERGED, message=_explain_divergence(err, run, progress.step)
        )
    except StorageError as err:
        cause = err.__cause__
        is_full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
        return RunEnded(
            step=progress.step, reason=EndReason.NO_SPACE if is_full else EndReason.FAILED, message=str(err)
        )
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


def _run_started(run: RunDir, config: RunConfig) -> RunStarted:
    name = algorithm_name(config.algorithm)
    return RunStarted(
        run_id=run.id,
        task=config.task,
        algorithm=name,
        seed=config.seed,
        total_timesteps=config.total_timesteps,
        num_envs=config.num_envs,
        device="cpu" if config.device == "auto" and name in ON_POLICY else config.device,
        pid=os.getpid(),
        hostname=socket.gethostname(),
    )
