"""Look at a run in the cloud: what S3 and EC2 say of it; bring what the instance wrote into the run directory."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cloud.attempts import read_attempt, read_attempts
from cloud.commands import decode_cloud_command, encode_command
from cloud.door import Door
from cloud.events_copy import EventsCopy
from cloud.fetching import Checkpoints, is_small
from cloud.instance_types import describe_types
from cloud.instances import describe, ended_cause
from cloud.layout import RunKeys
from cloud.ledger import Ledger
from cloud.local import CloudFiles
from cloud.prices import current_prices
from cloud.records import Attempt, AttemptState, Cause, CloudSpec, End, Sign, decode, encode
from cloud.recovery import Conclude, InstanceView, Situation
from cloud.speeds import record_speed, speed_of
from cloud.store import ObjectStore
from engine.protocol.commands import AnyCommand, Stop
from engine.protocol.events import CommandDone, RunEnded, reached_step
from engine.protocol.files import write_whole
from engine.protocol.json_lines import EventWriter, LineReader, read_last_events
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason

PRICES_EVERY_S = 600.0
"""Spot prices change slowly; AWS tells each change with its time."""
SIZES_EVERY_S = 60.0
LOGS = ("engine.log", "agent.log")
REASONS = {Cause.FINISHED: EndReason.COMPLETED, Cause.STOPPED: EndReason.STOPPED, Cause.FAILED: EndReason.FAILED}
"""What viewers read where no engine could say it; money and time that are over are a stop, too."""


@dataclass(frozen=True)
class Seen:
    """What was found at one look."""

    situation: Situation
    saved_usd: float
    stored_bytes: int | None
    reached_step: int
    """Timestep that the last attempt has come to, as far as its events are here."""


class Watching:
    """Looks at one run and keeps its copies here up to date."""

    def __init__(self, run: RunDir, spec: CloudSpec, door: Door, *, store: ObjectStore, events: EventsCopy) -> None:
        self._run, self._spec, self._door, self._store, self._events = run, spec, door, store, events
        self._files, self._keys = CloudFiles(run), RunKeys(spec.run_id)
        self._commands: LineReader[AnyCommand] = LineReader(run.commands, decode_cloud_command)  # type: ignore[arg-type]
        self._stops: dict[str, float] = {}
        self._checkpoints = Checkpoints(run, store)
        self._ledger = Ledger(self._files.ledger)
        self._attempts: dict[int, Attempt] = {}
        self._prices: dict[int, tuple[float, float, float | None]] = {}
        self._stored: tuple[float, int] | None = None

    def look(self) -> Seen:
        """Return how the run stands, having brought what is new. Raises CloudError and StorageError."""
        now = time.time() + (self._store.clock_offset_s() or 0.0)
        end, sign = self._read_end(), self._read_sign()
        attempts = self._read_attempts()
        self._pass_commands_on()
        self._events.pull(self._store, self._keys)
        if sign is not None:
            self._take_sign(sign)
        self._checkpoints.pull(is_wanted=is_small)
        for attempt in attempts:
            self._charge(attempt, now)
        last = attempts[-1] if attempts else None
        situation = Situation(
            self._spec,
            attempts,
            now,
            instance=self._look_at_instance(last) if last else None,
            sign=sign,
            end=end,
            spent_usd=self._ledger.spent_usd,
            is_stop_asked=self._is_stop_asked(last),
        )
        return Seen(situation, self._ledger.saved_usd, self._stored_bytes(now), self._reached_step(last))

    def _reached_step(self, last: Attempt | None) -> int:
        """Return how far the last attempt came: an engine that wrote nothing stands where it began."""
        if last is None or self._events.epoch < last.number:
            return last.first_step if last else 0
        return max(last.last_step, reached_step(read_last_events(self._run.events)))

    def conclude(self, step: Conclude, seen: Seen) -> None:
        """Write down that the run is over. Raises CloudError."""
        last = seen.situation.last
        end = End(
            epoch=last.number if last else 0,
            cause=step.cause,
            step=last.last_step if last else 0,
            time=seen.situation.now,
            message=step.message,
        )
        self._store.create(self._keys.end, encode(end))

    def finish(self) -> None:
        """Bring what a run that is over left, whole. Raises CloudError and StorageError."""
        self._events.pull(self._store, self._keys)
        self._events.settle()
        self._checkpoints.pull_last()
        for name in LOGS:
            self._pull_log(name)
        self._tell_end()
        self._keep_speed()
        self._stored = None  # what is stored now is told with the end

    def _keep_speed(self) -> None:
        """Take down how fast the last instance trained, for later offers."""
        last = next((each for each in reversed(self._attempts.values()) if each.pool and each.instance_id), None)
        if last is None or last.pool is None:
            return
        name = last.pool.instance_type
        facts = describe_types(self._door, [name]).get(name)
        speed = speed_of(self._run, instance_type=name, vcpus=facts.vcpus) if facts else None
        if speed is not None:
            record_speed(speed)

    def _tell_end(self) -> None:
        """Write the last event where no engine could."""
        end, last = self._read_end(), read_last_events(self._run.events)
        if end is None or not last or isinstance(last[-1], RunEnded):
            return
        writer = EventWriter(self._run.events, clock=time.time)
        reason = REASONS.get(end.cause, EndReason.STOPPED)
        writer.write(RunEnded(step=reached_step(last), reason=reason, message=end.message))
        writer.close()

    def _read_attempts(self) -> list[Attempt]:
        """Return all attempts. Those that have ended do not change."""
        if not self._attempts:
            found = read_attempts(self._store, self._keys)
        else:
            newest = max(self._attempts)
            again = [each.number for each in self._attempts.values() if each.state is not AttemptState.ENDED]
            numbers = sorted({*again, newest + 1})
            found = [each for number in numbers if (each := read_attempt(self._store, self._keys, number))]
        for attempt in found:
            if self._attempts.get(attempt.number) != attempt:
                self._files.write_attempt(attempt)
            self._attempts[attempt.number] = attempt
        return [self._attempts[number] for number in sorted(self._attempts)]

    def _look_at_instance(self, last: Attempt) -> InstanceView | None:
        if last.state not in (AttemptState.LAUNCHED, AttemptState.RUNNING):
            return None
        instance = describe(self._door, last.instance_id, launched_at=last.launched_at or 0.0)
        if instance is None:
            return InstanceView(is_there=False, cause=Cause.LOST, detail=f"{last.instance_id} is gone.")
        if instance.is_there:
            return InstanceView(is_there=True)
        cause = ended_cause(instance)
        detail = f"{last.instance_id} ({last.pool}) ended: {instance.state_reason or instance.state}."
        return InstanceView(is_there=False, cause=cause, detail=detail)

    def _charge(self, attempt: Attempt, now: float) -> None:
        """Take down what the instance of an attempt has cost."""
        if attempt.launched_at is None or attempt.pool is None or not attempt.instance_id:
            return
        end = attempt.ended_at if attempt.state is AttemptState.ENDED else now
        prices = self._prices_of(attempt, now)
        if end is not None and prices is not None:
            self._ledger.charge(attempt.number, attempt.pool, begin=attempt.launched_at, end=end, prices=prices)

    def _prices_of(self, attempt: Attempt, now: float) -> tuple[float, float | None] | None:
        """Return what the pool costs now; of an attempt that has ended, what was known last."""
        known = self._prices.get(attempt.number)
        if known is None and attempt.price_per_hour_usd is not None:
            known = (now, attempt.price_per_hour_usd, attempt.on_demand_price_per_hour_usd)
        is_old = known is None or now - known[0] > PRICES_EVERY_S
        if is_old and attempt.state is not AttemptState.ENDED and attempt.pool is not None:
            price = current_prices(self._door, [attempt.pool]).get(attempt.pool)
            known = (now, price, attempt.on_demand_price_per_hour_usd) if price is not None else known
        if known is None:
            return None
        self._prices[attempt.number] = known
        return known[1:]

    def _take_sign(self, sign: Sign) -> None:
        """Let viewers here see the heartbeat of the engine there."""
        if sign.heartbeat:
            write_whole(self._run.heartbeat, sign.heartbeat.encode())

    def _pass_commands_on(self) -> None:
        for command in self._commands.read_new():
            if isinstance(command, Stop):
                self._stops[command.id] = command.time
            self._store.create(self._keys.command(command.id), encode_command(command))

    def _is_stop_asked(self, last: Attempt | None) -> bool:
        """Whether a stop waits that no engine has answered, sent after the last attempt had begun."""
        for event in self._events.read_confirmed():
            if isinstance(event, CommandDone):
                self._stops.pop(event.command_id, None)
        begun = (last.launched_at or last.intended_at) if last else 0.0
        return any(asked_at >= begun for asked_at in self._stops.values())

    def _stored_bytes(self, now: float) -> int | None:
        if self._stored is None or now - self._stored[0] > SIZES_EVERY_S:
            self._stored = now, sum(listed.size_bytes for listed in self._store.list(self._keys.prefix))
        return self._stored[1]

    def _pull_log(self, name: str) -> None:
        for number in sorted(self._attempts):
            stored = self._store.get(self._keys.log(number, name))
            if stored is not None:
                folder = self._run.cloud / "log" / f"{number:04d}"
                folder.mkdir(parents=True, exist_ok=True)
                write_whole(folder / name, stored.content)

    def _read_end(self) -> End | None:
        stored = self._store.get(self._keys.end)
        return decode(stored.content, End) if stored else None

    def _read_sign(self) -> Sign | None:
        stored = self._store.get(self._keys.sign)
        return decode(stored.content, Sign) if stored else None
