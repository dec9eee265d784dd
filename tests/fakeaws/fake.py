"""`with FakeAws(folder) as fake:` is an AWS: an endpoint for clients, instances that boot, and a scenario to change."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from tests.fakeaws.backend import add_images, ec2_of
from tests.fakeaws.calls import Call
from tests.fakeaws.hypervisor import Hypervisor, Life
from tests.fakeaws.imds import Imds, RoleCredentials
from tests.fakeaws.keys import USER_ACCESS_KEY, USER_SECRET_KEY, Keys
from tests.fakeaws.layer import Layer
from tests.fakeaws.machine import LightMachine, Machine
from tests.fakeaws.namespaces import FullMachine
from tests.fakeaws.scenario import From, Scenario

REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
"""Regions whose machine images SSM knows."""


class FakeAws:
    """One AWS account. Only one can be open in a process, for moto keeps its records in the process."""

    def __init__(self, root: Path, *, region: str = REGIONS[0], timescale: float = 0.05, is_full: bool = False) -> None:
        """`root`: folder for the machines. `timescale`: how long a second of AWS's notices lasts here.

        `is_full`: machines have namespaces of their own; see `namespaces.why_unavailable`.
        """
        self.region = region
        self.timescale = timescale
        self.scenario = Scenario()
        self._keys = Keys(self.scenario)
        self._image: dict[str, str] = {}
        self._hypervisor = Hypervisor(
            root, self.scenario, self._keys, self._full_machine if is_full else self._light_machine
        )
        self._hypervisor.timescale = timescale
        self._layer = Layer(self.scenario, self._keys, self._hypervisor)
        self._server = make_server("127.0.0.1", 0, self._layer, threaded=True, request_handler=_QuietHandler)
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeAws:
        moto_api_backend.reset()
        for region in REGIONS:
            add_images(region)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hypervisor.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def environment(self) -> dict[str, str]:
        """Return the variables with which the user's programs find this AWS and have the user's keys."""
        nothing = "/dev/null"
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": USER_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": USER_SECRET_KEY,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            "RLROBO_CLOUD_TIMESCALE": str(self.timescale),
        }

    def renew(self) -> None:
        """End and forget all instances, calls and faults; what was made besides (buckets, templates) stays."""
        self._hypervisor.end_all()
        self.scenario.reset()
        self.calls.clear()

    def set_image(self, variables: Mapping[str, str]) -> None:
        """Set more environment variables of machines that boot from now on."""
        self._image.update(variables)

    def client(self, service: str, region: str = "") -> Any:
        """Return the user's boto3 client, which sends every call once."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region or self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=USER_ACCESS_KEY,
            aws_secret_access_key=USER_SECRET_KEY,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def subnets(self, region: str = "") -> dict[str, str]:
        """Return the subnet of each zone."""
        return {subnet.availability_zone: subnet.id for subnet in ec2_of(region or self.region).describe_subnets()}

    @property
    def calls(self) -> list[tuple[From, Call]]:
        """Everything that was asked so far, and by whom."""
        return self._layer.calls

    @property
    def lives(self) -> list[Life]:
        """Every instance that there was, in the order of their launches."""
        return self._hypervisor.lives

    @property
    def alive(self) -> list[Life]:
        """The instances that are paid now."""
        return [life for life in self.lives if life.ended_at is None]

    def life(self, instance_id: str) -> Life:
        """Return one instance."""
        return self._hypervisor.life(instance_id)

    def issue_role(self, instance_id: str) -> RoleCredentials:
        """Return new keys of an instance's role."""
        return self._keys.issue_role(instance_id)

    def instance_of(self, call: Call) -> str:
        """Return which instance made a call; empty: none did."""
        return self._keys.instance(call.access_key)

    def console(self, instance_id: str) -> str:
        """Return what an instance's user data has printed."""
        console = self.life(instance_id).machine.console
        return console.read_text() if console.exists() else ""

    def interrupt(self, instance_id: str, *, notice_s: float = 120.0) -> None:
        """Take a Spot instance back `notice_s` seconds (scaled) after its notice; 0: at once, without a notice."""
        self._hypervisor.interrupt(instance_id, notice_s=notice_s)

    def forsake(self, instance_id: str) -> None:
        """Let EC2 say that a Spot instance is gone while it goes on."""
        self._hypervisor.forsake(instance_id)

    def freeze(self, instance_id: str) -> None:
        """Let an instance hang: it is paid, and does nothing."""
        self.life(instance_id).machine.freeze()

    def thaw(self, instance_id: str) -> None:
        """Let it go on."""
        self.life(instance_id).machine.thaw()

    def spent_usd(self) -> float:
        """Return what all instances have cost, by the prices of their pools at each time."""
        now = time.time()
        return sum(self.scenario.cost(life.pool, life.began_at, life.ended_at or now) for life in self.lives)

    def wait_until(self, is_so: Callable[[], object], what: str = "", *, timeout_s: float = 60.0) -> None:
        """Return when something is so. Raises TimeoutError with the instances' consoles."""
        limit = time.monotonic() + timeout_s
        while not is_so():
            if time.monotonic() > limit:
                consoles = "\n".join(f"{life.instance_id}: {self.console(life.instance_id)}" for life in self.lives)
                raise TimeoutError(f"After {timeout_s} s not so: {what}\n{consoles}")
            time.sleep(0.02)

    def _light_machine(self, root: Path, imds: Imds) -> Machine:
        return LightMachine(root, imds, endpoint=self.endpoint_url, variables=self._variables())

    def _full_machine(self, root: Path, imds: Imds) -> Machine:
        return FullMachine(root, imds, serve=self._serve, variables=self._variables())

    def _serve(self, listener: socket.socket) -> Callable[[], None]:
        """Answer on one more socket; return what ends that."""
        address, port = listener.getsockname()[:2]
        server = make_server(
            address, port, self._layer, threaded=True, request_handler=_QuietHandler, fd=listener.detach()
        )
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

        def end() -> None:
            server.shutdown()
            server.server_close()

        return end

    def _variables(self) -> dict[str, str]:
        return {"RLROBO_CLOUD_TIMESCALE": str(self.timescale), **self._image}


class _QuietHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass
