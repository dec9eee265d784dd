"""`python -m engine.supervise RUN_DIR`: start a run's engine, wait for it, and tell how it ended when it cannot.

One for each engine, started by engine.launch. It works only when its engine dies: it writes the cause into the run's
events and, with --auto-resume, starts the engine again. The engine goes on when this process is killed.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.death import OutOfMemoryWatch, describe_death, shell_code
from engine.protocol.checkpoints import list_checkpoints
from engine.protocol.errors import RlroboError
from engine.protocol.events import AnyEvent, RunEnded, Warned, reached_step
from engine.protocol.json_lines import EventWriter, read_last_events
from engine.protocol.lock import RunLock
from engine.protocol.run_dir import RunDir, open_run
from engine.protocol.status import OUTCOMES, EndReason, Status

USAGE_OR_BUSY = (2, 3)
"""Exit codes of an engine that refused to begin and said why."""
FORWARDED = (signal.SIGTERM, signal.SIGINT)


class Request(Struct, frozen=True, kw_only=True):
    """What the supervisor was asked for."""

    run_dir: Path
    """The run."""
    from_step: int | None = None
    """Timestep of the checkpoint to go on from; None: the engine chooses."""
    total_timesteps: int | None = None
    """Timesteps to train for, instead of what the run says."""
    auto_resume: int = 0
    """How often to start a crashed engine again without a new checkpoint in between."""


class Death(Struct, frozen=True, kw_only=True):
    """End of an engine that may do better when it is started again."""

    cause: str
    """The sentence for the user."""
    returncode: int
    """As subprocess reports it: negative for a signal."""
    is_told: bool
    """Whether the engine wrote its run_ended event itself."""


def main(arguments: Sequence[str], *, engine_command: Sequence[str] = (sys.executable, "-m", "engine")) -> int:
    """Supervise the run in `arguments`; return its engine's exit code, 128 + signal when one killed it."""
    request = _parse(arguments)
    engine = EngineProcess()
    try:
        run = open_run(request.run_dir)
        with RunLock(run.supervisor_lock):
            return supervise(run, request, engine, engine_command)
    except RlroboError as err:
        _log(str(err))
        return err.exit_code


def supervise(run: RunDir, request: Request, engine: "EngineProcess", command: Sequence[str]) -> int:
    """Train `run` to its end, through as many crashes as were asked for; return the last engine's exit code."""
    num_restarts, from_step = 0, request.from_step
    step = _checkpointed_step(run) if from_step is None else from_step
    while True:
        before = _last_seq(run)
        watch = OutOfMemoryWatch()
        returncode = engine.run([*command, str(run.path), *_engine_options(from_step, request.total_timesteps)])
        new = [event for event in read_last_events(run.events) if event.seq > before]
        death = _judge(new, returncode, is_out_of_memory=watch.saw(engine.pid, returncode))
        watch.close()
        if death is None:
            break
        previous, step = step, _checkpointed_step(run)
        num_restarts = 0 if step > previous else num_restarts
        if engine.must_stop or num_restarts == request.auto_resume:
            _tell_end(run, death, num_restarts=num_restarts)
            break
        num_restarts += 1
        _tell_restart(run, death, step=step, which=f"{num_restarts} of {request.auto_resume}")
        if new:  # it took --from into account; the next one goes on from what it left
            from_step = None
    return shell_code(returncode)


class EngineProcess:
    """The engine as a child, and the signals that are meant for it.

    SIGTERM and Ctrl-C go on to the engine and end its restarts; a closed terminal concerns neither. Both wait while
    there is no engine to send them to. The engine inherits that and takes them as soon as it can answer.
    """

    def __init__(self) -> None:
        self.must_stop = False
        self._process: subprocess.Popen[bytes] | None = None
        signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        for number in FORWARDED:
            signal.signal(number, self._forward)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @property
    def pid(self) -> int:
        """Process id of the last engine, 0 before the first."""
        return self._process.pid if self._process else 0

    def run(self, command: Sequence[str]) -> int:
        """Start an engine, wait for its end and return its code, negative for a signal."""
        # A session of its own: whoever kills ours, with all that is in it, leaves the engine at work.
        self._process = subprocess.Popen(command, start_new_session=True)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        try:
            return self._process.wait()
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)

    def _forward(self, number: int, _: object) -> None:
        self.must_stop = True
        if self._process is not None:
            self._process.send_signal(number)


def _judge(new: list[AnyEvent], returncode: int, *, is_out_of_memory: bool) -> Death | None:
    """Return how an engine died whose `new` events are these; None when it came to an end of its own making."""
    ended = next((event for event in reversed(new) if isinstance(event, RunEnded)), None)
    if ended is not None:
        outcome = OUTCOMES[ended.reason]
        if outcome.status is not Status.FAILED or not outcome.is_retryable:
            return None
        return Death(cause=ended.message, returncode=returncode, is_told=True)
    if not new and returncode in (0, *USAGE_OR_BUSY):
        return None
    cause = describe_death(returncode, is_out_of_memory=is_out_of_memory)
    return Death(cause=cause, returncode=returncode, is_told=False)


def _tell_restart(run: RunDir, death: Death, *, step: int, which: str) -> None:
    message = f"{death.cause} It is started again from its last good checkpoint, at step {step:,} ({which})."
    _write(run, Warned(code="auto_resume", message=message))


def _tell_end(run: RunDir, death: Death, *, num_restarts: int) -> None:
    message = death.cause
    if num_restarts:
        times = "once" if num_restarts == 1 else f"{num_restarts} times"
        message += f" It was started again {times} without a new checkpoint in between; that is enough."
    if not death.is_told:
        _write(run, RunEnded(reason=EndReason.KILLED, message=message, exit_code=shell_code(death.returncode)))
    elif num_restarts:
        _write(run, Warned(code="auto_resume", message=message))


def _write(run: RunDir, event: RunEnded | Warned) -> None:
    """Append `event` at the last step of the run; where there is no event yet, only engine.log has it.

    A run's first event is its engine's, and one that another engine took meanwhile is left to that.
    """
    _log(event.message)
    try:
        with run.lock():
            last = read_last_events(run.events)
            if not last:
                return
            writer = EventWriter(run.events, clock=time.time)
            writer.write(msgspec.structs.replace(event, step=reached_step(last)))
            writer.sync()
            writer.close()
    except RlroboError as err:
        _log(str(err))


def _log(message: str) -> None:
    print(f"supervisor: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the only reader is engine.log


def _last_seq(run: RunDir) -> int:
    return max((event.seq for event in read_last_events(run.events)), default=0)


def _checkpointed_step(run: RunDir) -> int:
    return max((checkpoint.step for checkpoint in list_checkpoints(run.checkpoints)), default=0)


def _engine_options(from_step: int | None, total_timesteps: int | None) -> list[str]:
    options: list[str] = []
    if from_step is not None:
        options += ["--from", str(from_step)]
    if total_timesteps is not None:
        options += ["--total-timesteps", str(total_timesteps)]
    return options


def _parse(arguments: Sequence[str]) -> Request:
    parser = argparse.ArgumentParser(prog="python -m engine.supervise", description="Train a run and watch its engine.")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--from", dest="from_step", type=int, help="timestep of the checkpoint to go on from")
    parser.add_argument("--total-timesteps", type=int, help="timesteps to train for, instead of what the run says")
    parser.add_argument("--auto-resume", type=int, default=0, help="restarts after crashes without progress between")
    return Request(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
