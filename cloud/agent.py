"""`python -m cloud.agent --run ID --attempt N --bucket B --region R`: carry out one attempt on this instance.

Started by the user data (bootstrap.py), which shuts the machine down when this ends. It takes the lease, restores the
run, has the engine train, mirrors what it writes to S3, and ends when the run is over, when AWS takes the instance
back, when money or time is spent, or when a later attempt holds the run. It may be killed and started again.
"""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from cloud.attempting import Attempting, close_attempt
from cloud.errors import CloudError, FencedError
from cloud.imds import Identity, Imds
from cloud.layout import RunKeys
from cloud.lease import HeldLease, read_lease, take_lease
from cloud.machine import DEFAULT_FOLDER, Machine, log
from cloud.mirror import Mirror
from cloud.outbox import Outbox
from cloud.patience import PatientStore
from cloud.publisher import Publisher
from cloud.records import Cause, CloudSpec, End, Lease, Phase, Sign, decode, encode
from cloud.restoring import Beginning, read_beginning, restore_run, write_beginning
from cloud.segments import SegmentWriter
from cloud.trainer import Ending, Trainer
from engine.protocol.crash_points import reach
from engine.protocol.errors import RlroboError
from engine.protocol.run_dir import RunDir


def main(arguments: Sequence[str]) -> int:
    """Carry out the attempt in `arguments`; return 0 when it came to an end of its own, 1 when it could not begin."""
    from cloud.aws import Aws

    options = _parse(arguments)
    machine = Machine(Aws.open(options.region).store(options.bucket), Imds(), options.folder)
    return work(machine, options.run, options.attempt)


def work(machine: Machine, run_id: str, number: int) -> int:
    """Carry out an attempt on a machine; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: machine.goes_down.set())
    try:
        cause = run_attempt(machine, run_id, number)
    except RlroboError as err:
        log(str(err))
        return 1
    except Exception:  # noqa: BLE001 - the process boundary; the user data starts it once more
        log(traceback.format_exc())
        return 1
    log(f"attempt {number} ended: {cause.value or 'there was nothing to do, or the machine is going down'}")
    return 0


def run_attempt(machine: Machine, run_id: str, number: int) -> Cause:
    """Carry out an attempt; return why it ended. Raises RlroboError where it could not begin."""
    machine.folder.mkdir(parents=True, exist_ok=True)
    machine.show_alive()
    keys = RunKeys(run_id)
    store = PatientStore(machine.store, machine.timing)
    ended = store.get(keys.end)
    if ended is not None:
        end = decode(ended.content, End)
        if end.epoch == number:  # an agent before this one was cut off after writing it
            close_attempt(store, keys, number, Ending(cause=end.cause, step=end.step, message=end.message))
        return Cause.NONE
    try:
        return _begin(machine, store, keys, number).carry_out()
    except FencedError as err:
        log(str(err))
        lease = read_lease(machine.store, keys)
        # The record is also that of another instance of this attempt, which may be at work.
        if lease is not None and lease.epoch > number:
            close_attempt(machine.store, keys, number, Ending(cause=Cause.FENCED, step=0, message=str(err)))
        return Cause.FENCED


def _begin(machine: Machine, store: PatientStore, keys: RunKeys, number: int) -> Attempting:
    """Take the lease and restore the run. Raises FencedError, CloudError, CheckpointError, StorageError."""
    stored = store.get(keys.spec)
    if stored is None:
        raise CloudError(f"{keys.spec}: missing; send the run again with `rlrobo train … --on spot`.")
    spec, identity = decode(stored.content, CloudSpec), machine.identity()
    held = take_lease(
        store,
        keys,
        Lease(epoch=number, instance_id=identity.instance_id, taken_at=machine.now(), deadline=spec.deadline()),
    )
    reach("cloud-lease-taken")
    run = RunDir(machine.folder / "runs" / keys.run_id)
    publisher = Publisher(store, keys, held)
    beginning = _restore(machine, held, run, identity, is_exact=spec.is_exact)
    mirror = Mirror(
        run=run,
        lease=held,
        store=store,
        outbox=Outbox(run.checkpoints, machine.folder / "outbox", publisher, beginning),
        writer=SegmentWriter(store, keys, run.events, epoch=number, restored_seq=beginning.seq),
        timing=machine.timing,
        identity=identity,
        logs={"engine.log": run.engine_log, "agent.log": machine.folder / "agent.log"},
        host_keys=machine.host_keys(),
        clock=machine.now,
        show_alive=machine.show_alive,
    )
    trainer = Trainer(run, beginning, auto_resume=spec.auto_resume)
    return Attempting(machine, spec, mirror=mirror, trainer=trainer, beginning=beginning)


def _restore(machine: Machine, lease: HeldLease, run: RunDir, identity: Identity, *, is_exact: bool) -> Beginning:
    """Restore the run, unless an agent before this one has."""
    done = machine.folder / f"restored-{lease.epoch:04d}.json"
    beginning = read_beginning(done)
    if beginning is not None:
        return beginning
    sign = Sign(
        epoch=lease.epoch,
        instance_id=identity.instance_id,
        instance_type=identity.instance_type,
        zone=identity.zone,
        phase=Phase.RESTORING,
        time=machine.now(),
        address=identity.address,
    )
    lease.store.put(lease.keys.sign, encode(sign))
    beginning = restore_run(lease.store, lease.keys, run, is_exact=is_exact)
    write_beginning(done, beginning)
    for problem in beginning.passed_over:
        log(problem)
    log(f"going on from step {beginning.step:,}" if beginning.step else "beginning with the first step")
    return beginning


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloud.agent", description="Carry out an attempt on an instance.")
    parser.add_argument("--run", required=True, help="name of the run")
    parser.add_argument("--attempt", required=True, type=int, help="number of the attempt")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="for the run and for what tells of it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
