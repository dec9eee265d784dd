"""Instances that live: boots a machine for every instance that moto records, and ends it when its time has come.

It keeps the truth for audits: which instance lived when, in which pool, and why it ended.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import InstanceState

from cloud.records import Market, Pool
from tests.fakeaws.backend import ACCOUNT, end_instance, instances_of, opens_ssh, pool_of, spot_request_of
from tests.fakeaws.imds import Identity, Imds
from tests.fakeaws.keys import Keys
from tests.fakeaws.machine import Machine
from tests.fakeaws.scenario import Scenario
from tests.fakeaws.wire import new_address

MakeMachine = Callable[[Path, Imds], Machine]
"""From a folder of its own and its metadata service, which does not serve yet."""


@dataclass
class Life:
    """One instance from its launch to its end."""

    instance_id: str
    region: str
    pool: Pool
    machine: Machine
    began_at: float
    ended_at: float | None = None
    reason: str = ""
    """Code of EC2's StateReason."""
    is_zombie: bool = False
    """Whether it goes on though EC2 says that it has ended."""

    def is_ended_by(self, state: str) -> bool:
        """Whether EC2's state of it is news."""
        return self.ended_at is None and not self.is_zombie and state in ("terminated", "stopped")


class Hypervisor:
    """All machines of one pretended AWS."""

    def __init__(self, root: Path, scenario: Scenario, keys: Keys, make_machine: MakeMachine) -> None:
        self.lock = threading.RLock()
        """Held by whoever reads or changes moto's EC2: one call, or one machine, at a time."""
        self.lives: list[Life] = []
        self.timescale = 1.0
        """How long a second of a notice or a timer of a machine lasts."""
        self._root, self._scenario, self._keys, self._make_machine = root, scenario, keys, make_machine
        self._timers: list[threading.Timer] = []
        self._shutdowns: dict[str, threading.Timer] = {}
        self._is_closed = False

    def reconcile(self) -> None:
        """Bring machines in line with what moto records, after anything that may have changed it."""
        with self.lock:
            if self._is_closed:
                return
            known = {life.instance_id: life for life in self.lives}
            for region in list(ec2_backends[ACCOUNT]):
                for instance in instances_of(region):
                    life = known.get(instance.id)
                    if life is None and instance.state == "running":
                        self._begin(instance, region)
                    elif life is not None and life.is_ended_by(instance.state):
                        end_instance_of_user(instance)
                        self._end(life, instance.state_reason.code)

    def life(self, instance_id: str) -> Life:
        """Return an instance's life."""
        with self.lock:
            return next(life for life in self.lives if life.instance_id == instance_id)

    def interrupt(self, instance_id: str, *, notice_s: float) -> None:
        """Take a Spot instance back after a notice of so many seconds; 0: at once, without one."""
        life, instance = self.life(instance_id), self._instance(instance_id)
        if notice_s <= 0:
            self.take_back(instance_id)
            return
        delay_s = notice_s * self.timescale
        life.machine.imds.announce_interruption(at=time.time() + delay_s)
        request = spot_request_of(instance)
        if request is not None:
            request._status_code = "marked-for-termination"
        self._later(delay_s, lambda: self.take_back(instance_id))

    def take_back(self, instance_id: str) -> None:
        """Take a Spot instance back now."""
        self._switch_off(instance_id, "Server.SpotInstanceTermination", "Spot instance termination")

    def forsake(self, instance_id: str) -> None:
        """Let EC2 say that a Spot instance was taken back while its machine goes on: it has lost its network only."""
        with self.lock:
            self.life(instance_id).is_zombie = True
            code = "Server.SpotInstanceTermination"
            end_instance(self._instance(instance_id), code, "Spot instance termination")

    def shut_down(self, instance_id: str, command: str) -> str:
        """Do what `shutdown …`, `poweroff` or `halt` on a machine asks; return what it prints."""
        program, *options = command.split()
        words = [word for word in options if word not in ("-h", "-P", "-H", "--halt", "--poweroff")]
        with self.lock:
            armed = self._shutdowns.pop(instance_id, None)
            if armed is not None:
                armed.cancel()
            if words[:1] == ["-c"]:
                return "Shutdown cancelled.\n"
            when = "now" if program != "shutdown" else words[0] if words else "+1"
            delay_s = 0.0 if when == "now" else 60.0 * float(when.lstrip("+")) * self.timescale
            reason = "Client.InstanceInitiatedShutdown", "Instance initiated shutdown"
            self._shutdowns[instance_id] = self._later(delay_s, lambda: self._switch_off(instance_id, *reason))
        return f"Shutdown in {delay_s:.1f} s.\n"

    def end_all(self) -> None:
        """Terminate every instance and forget them."""
        with self.lock:
            for timer in self._timers:
                timer.cancel()
            for life in self.lives:
                if life.ended_at is None:
                    self._end(life, "")
                    self._instance(life.instance_id).terminate()
            for region in list(ec2_backends[ACCOUNT]):
                ec2_backends[ACCOUNT][region].reservations.clear()
            self.lives.clear()

    def close(self) -> None:
        """End every machine; nothing is left."""
        self.end_all()
        with self.lock:
            self._is_closed = True

    def _begin(self, instance: Any, region: str) -> None:
        pool, tags = pool_of(instance), {tag["key"]: tag["value"] for tag in instance.get_tags()}
        user_data = base64.b64decode(instance.user_data or "")
        identity = Identity(
            instance_id=instance.id,
            instance_type=pool.instance_type,
            zone=pool.zone,
            is_spot=pool.market is Market.SPOT,
            image_id=instance.image_id,
            account=ACCOUNT,
            address=instance.private_ip or "10.0.0.7",
            public_address=new_address() if opens_ssh(instance) else "",
            tags=tags if instance.metadata_options.instance_metadata_tags == "enabled" else {},
            user_data=user_data.decode("utf-8", "replace"),
        )
        imds = Imds(identity, issue=lambda: self._keys.issue_role(instance.id))
        machine = self._make_machine(self._root / instance.id, imds)
        self.lives.append(Life(instance.id, region, pool, machine, time.time()))
        if self._scenario.pending_s <= 0:
            machine.boot(user_data)
            return
        instance._state = InstanceState("pending", 0)
        self._later(self._scenario.pending_s, lambda: self._finish_pending(instance, machine, user_data))

    def _finish_pending(self, instance: Any, machine: Machine, user_data: bytes) -> None:
        with self.lock:
            if instance.state == "pending" and not self._is_closed:
                instance._state = InstanceState("running", 16)
                machine.boot(user_data)

    def _switch_off(self, instance_id: str, code: str, text: str) -> None:
        with self.lock:
            life, instance = self.life(instance_id), self._instance(instance_id)
            if life.ended_at is not None or self._is_closed:
                return
            is_stop = code.startswith("Client") and instance.instance_initiated_shutdown_behavior != "terminate"
            self._end(life, code)
            end_instance(instance, code, text, is_stop=is_stop)

    def _end(self, life: Life, code: str) -> None:
        life.machine.kill()
        life.ended_at, life.reason = time.time(), code

    def _instance(self, instance_id: str) -> Any:
        region = self.life(instance_id).region
        return next(instance for instance in instances_of(region) if instance.id == instance_id)

    def _later(self, delay_s: float, act: Callable[[], None]) -> threading.Timer:
        timer = threading.Timer(delay_s, act)
        timer.daemon = True
        with self.lock:
            self._timers.append(timer)
        timer.start()
        return timer


def end_instance_of_user(instance: Any) -> None:
    """Close the Spot request of an instance that its user ended."""
    request = spot_request_of(instance)
    if request is not None and request.state in ("active", "cancelled"):
        request.state = "closed" if request.state == "active" else request.state
        request._status_code = "instance-terminated-by-user"
