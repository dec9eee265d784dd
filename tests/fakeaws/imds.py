"""The instance metadata service (IMDSv2) of one pretended instance, over real HTTP.

`with Imds(Identity(...)) as imds:` serves `imds.url` until the block ends. A token is required, as on instances whose
launch template says so. The test changes what is served: `announce_interruption`, `recommend_rebalance`, `fault`.
Paths and JSON are those of AWS's documentation; the notice's time is fixed once, as AWS's is.
"""

from __future__ import annotations

import json
import math
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

ROLE = "rlrobo-instance"
"""Name of the role whose credentials are served."""
_LONGEST_TOKEN_S = 21600
_TOKEN, _TOKEN_TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"


@dataclass(frozen=True, kw_only=True)
class RoleCredentials:
    """Keys of the instance's role, valid until `expires_at` (seconds since 1970)."""

    access_key: str
    secret_key: str
    token: str
    expires_at: float


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What an instance can learn of itself."""

    instance_id: str
    instance_type: str = "c7i.2xlarge"
    zone: str = "us-east-1a"
    is_spot: bool = True
    image_id: str = "ami-0123456789abcdef0"
    account: str = "123456789012"
    address: str = "10.0.0.7"
    public_address: str = ""
    """Empty: it has none."""
    tags: dict[str, str] = field(default_factory=dict)
    user_data: str = ""

    @property
    def region(self) -> str:
        return self.zone[:-1]


class ImdsFault(Enum):
    """How the service fails while `Imds.fault` is set."""

    SILENCE = "silence"
    """It takes the request and never answers."""
    ERROR = "error"
    """503."""
    TOKENS_LOST = "tokens lost"
    """Every token so far is refused (401), new ones are given: what a restart of the service looks like."""


def made_up_credentials(*, lifetime_s: float = 6 * 3600.0) -> RoleCredentials:
    """Return new keys that no other instance has."""
    return RoleCredentials(
        access_key=f"ASIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_hex(20),
        token=secrets.token_hex(32),
        expires_at=time.time() + lifetime_s,
    )


class Imds:
    """The service of one instance. Its attributes may be changed while it runs."""

    def __init__(self, identity: Identity, *, issue: Callable[[], RoleCredentials] = made_up_credentials) -> None:
        """`issue` gives new role credentials when the last ones are half over."""
        self.identity = identity
        self.fault: ImdsFault | None = None
        self.interruption_at: float | None = None
        """When the instance is taken back, as the notice says; None: no notice."""
        self.rebalance_at: float | None = None
        self.requests: list[str] = []
        """Method and path of everything that was asked, with a valid token or without."""
        self._issue = issue
        self._credentials: RoleCredentials | None = None
        self._credentials_issued_at = 0.0
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Value for AWS_EC2_METADATA_SERVICE_ENDPOINT, once it serves."""
        assert self._server is not None
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Imds:
        self.serve()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, listener: socket.socket | None = None) -> None:
        """Begin to answer; on `listener`, a bound socket, or else on a free port of this machine."""
        self._server = _server(self, listener or socket.create_server(("127.0.0.1", 0), backlog=16))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End the service; requests that hang are dropped."""
        self._ended.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def announce_interruption(self, *, at: float) -> None:
        """Serve a notice that the instance ends at `at` (seconds since 1970); the first one stays."""
        if self.interruption_at is None:
            self.interruption_at = at

    def recommend_rebalance(self) -> None:
        """Serve a rebalance recommendation, given now."""
        self.rebalance_at = time.time()

    def put(self, path: str, ttl: str | None, *, is_forwarded: bool = False) -> tuple[int, str]:
        """Answer a PUT: status and body."""
        if is_forwarded:
            return 403, ""
        if path != "/latest/api/token":
            return 405, ""
        if ttl is None or not ttl.isdecimal() or not 1 <= int(ttl) <= _LONGEST_TOKEN_S:
            return 400, ""
        token = secrets.token_urlsafe(32)
        with self._lock:
            if self.fault is ImdsFault.TOKENS_LOST:
                self.fault = None
                self._tokens.clear()
            self._tokens[token] = time.time() + int(ttl)
        return 200, token

    def get(self, path: str, token: str | None) -> tuple[int, str]:
        """Answer a GET: status and body."""
        with self._lock:
            is_known = self.fault is not ImdsFault.TOKENS_LOST and self._tokens.get(token or "", 0.0) > time.time()
        if not is_known:
            return 401, ""
        tree = self._tree()
        wanted = path.rstrip("/")
        if wanted in tree:
            return 200, tree[wanted]
        below = {name.removeprefix(f"{wanted}/") for name in tree if name.startswith(f"{wanted}/")}
        if not below:
            return 404, ""
        return 200, "\n".join(sorted({_entry(name) for name in below}))

    def wait_for_end(self) -> None:
        """Return when the service ends: what a request does that is never answered."""
        self._ended.wait()

    def credentials(self) -> RoleCredentials:
        """Return the role's keys; they are replaced when half of their time is over."""
        with self._lock:
            now = time.time()
            if self._credentials is None or now > (self._credentials_issued_at + self._credentials.expires_at) / 2:
                self._credentials, self._credentials_issued_at = self._issue(), now
            return self._credentials

    def _tree(self) -> dict[str, str]:
        identity, meta = self.identity, "/latest/meta-data"
        tree = {
            f"{meta}/ami-id": identity.image_id,
            f"{meta}/hostname": f"ip-{identity.address.replace('.', '-')}.ec2.internal",
            f"{meta}/instance-id": identity.instance_id,
            f"{meta}/instance-life-cycle": "spot" if identity.is_spot else "on-demand",
            f"{meta}/instance-type": identity.instance_type,
            f"{meta}/local-ipv4": identity.address,
            f"{meta}/placement/availability-zone": identity.zone,
            f"{meta}/placement/region": identity.region,
            f"{meta}/services/domain": "amazonaws.com",
            f"{meta}/iam/info": self._role_info(),
            f"{meta}/iam/security-credentials/{ROLE}": self._role_keys(),
            "/latest/dynamic/instance-identity/document": self._document(),
            **{f"{meta}/tags/instance/{key}": value for key, value in identity.tags.items()},
        }
        if identity.public_address:
            tree[f"{meta}/public-ipv4"] = identity.public_address
        if identity.user_data:
            tree["/latest/user-data"] = identity.user_data
        if self.interruption_at is not None:
            # Whole seconds, as AWS's; rounded down, so that the instance never lives shorter than it was told.
            notice = _timestamp(math.floor(self.interruption_at))
            tree[f"{meta}/spot/instance-action"] = json.dumps({"action": "terminate", "time": notice})
            tree[f"{meta}/spot/termination-time"] = notice
        if self.rebalance_at is not None:
            recommendation = json.dumps({"noticeTime": _timestamp(self.rebalance_at)})
            tree[f"{meta}/events/recommendations/rebalance"] = recommendation
        return tree

    def _role_info(self) -> str:
        arn = f"arn:aws:iam::{self.identity.account}:instance-profile/{ROLE}"
        return json.dumps({"Code": "Success", "InstanceProfileArn": arn, "InstanceProfileId": "AIPA00000000000EXAMPLE"})

    def _role_keys(self) -> str:
        keys = self.credentials()
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _timestamp(self._credentials_issued_at),
                "Type": "AWS-HMAC",
                "AccessKeyId": keys.access_key,
                "SecretAccessKey": keys.secret_key,
                "Token": keys.token,
                "Expiration": _timestamp(keys.expires_at),
            }
        )

    def _document(self) -> str:
        identity = self.identity
        return json.dumps(
            {
                "accountId": identity.account,
                "architecture": "x86_64",
                "availabilityZone": identity.zone,
                "imageId": identity.image_id,
                "instanceId": identity.instance_id,
                "instanceType": identity.instance_type,
                "privateIp": identity.address,
                "region": identity.region,
                "version": "2017-09-30",
            }
        )


def _server(imds: Imds, listener: socket.socket) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._answer(lambda: imds.put(self.path, self.headers.get(_TOKEN_TTL), is_forwarded=self._is_forwarded()))

        def do_GET(self) -> None:
            self._answer(lambda: imds.get(self.path, self.headers.get(_TOKEN)))

        def _is_forwarded(self) -> bool:
            return "X-Forwarded-For" in self.headers

        def _answer(self, answer: Callable[[], tuple[int, str]]) -> None:
            imds.requests.append(f"{self.command} {self.path}")
            if imds.fault is ImdsFault.SILENCE:
                imds.wait_for_end()
                return
            status, body = (503, "") if imds.fault is ImdsFault.ERROR else answer()
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    # HTTPServer's own bind asks for the machine's name, which can take seconds.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_address = server.socket.getsockname()
    server.daemon_threads = True
    server.handle_error = lambda request, client_address: None  # a guest that died in the middle of a request
    return server


def _entry(name: str) -> str:
    first, slash, _ = name.partition("/")
    return first + slash


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
