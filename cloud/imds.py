"""What an instance learns of itself: version 2 of EC2's instance metadata service, which wants a token.

It may be slow, answer with an error or lose its tokens; then `get` says that it does not know, and callers ask again.
AWS_EC2_METADATA_SERVICE_ENDPOINT names another service, as it does for AWS's own libraries.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from http.client import HTTPException

import msgspec
from msgspec import Struct

from cloud.records import Market

VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
DEFAULT_URL = "http://169.254.169.254"
TOKEN_LIFE_S = 21600
"""The longest that AWS gives."""
TIMEOUT_S = 2.0
"""The service is on the same host; an answer takes milliseconds."""


class ImdsError(Exception):
    """The metadata service does not answer, or not with what it should."""


class Identity(Struct, frozen=True, kw_only=True):
    """Who and where this instance is."""

    instance_id: str
    instance_type: str
    zone: str
    market: Market
    address: str = ""
    """Public address; empty: none."""


class _Notice(Struct):
    action: str
    time: str


class Imds:
    """The metadata service of this instance. Safe for several threads."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = environment.get(VARIABLE, "").rstrip("/") or DEFAULT_URL
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0
        self._lock = threading.Lock()
        # A proxy of the environment must not see these requests.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def identity(self) -> Identity:
        """Return who this instance is. Raises ImdsError."""
        return Identity(
            instance_id=self._need("instance-id"),
            instance_type=self._need("instance-type"),
            zone=self._need("placement/availability-zone"),
            market=Market.SPOT if self.get("instance-life-cycle") == "spot" else Market.ON_DEMAND,
            address=self.get("public-ipv4") or "",
        )

    def interruption_at(self) -> float | None:
        """Return when AWS takes the instance back, in seconds since 1970; None: there is no notice. Raises ImdsError.

        The time is the notice's own: how long before it the notice comes is not promised.
        """
        content = self.get("spot/instance-action")
        if content is None:
            return None
        try:
            notice = msgspec.json.decode(content, type=_Notice)
            return _seconds(notice.time)
        except (msgspec.DecodeError, ValueError) as err:
            raise ImdsError(f"the interruption notice is {content[:200]!r}, which is none") from err

    def recommends_rebalance(self) -> bool:
        """Whether AWS expects to take the instance back some time soon. Raises ImdsError."""
        return self.get("events/recommendations/rebalance") is not None

    def get(self, path: str) -> str | None:
        """Return what stands below /latest/meta-data/; None where there is nothing. Raises ImdsError."""
        for _ in range(2):
            try:
                return self._ask(f"/latest/meta-data/{path}", {"X-aws-ec2-metadata-token": self._current_token()})
            except urllib.error.HTTPError as err:
                err.close()
                if err.code == 404:
                    return None
                if err.code != 401:  # a token that the service forgot; with a new one it answers
                    raise ImdsError(f"{self._url}: HTTP {err.code} for {path}") from err
                self._renew_at = 0.0
            except (OSError, HTTPException) as err:
                raise ImdsError(f"{self._url}: {err}") from err
        raise ImdsError(f"{self._url}: it refuses the tokens that it gave")

    def _need(self, path: str) -> str:
        found = self.get(path)
        if not found:
            raise ImdsError(f"{self._url}: it has no {path}")
        return found

    def _current_token(self) -> str:
        with self._lock:
            if self._clock() >= self._renew_at:
                headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_LIFE_S)}
                self._token = self._ask("/latest/api/token", headers, method="PUT")
                self._renew_at = self._clock() + TOKEN_LIFE_S / 2
            return self._token

    def _ask(self, path: str, headers: Mapping[str, str], *, method: str = "GET") -> str:
        request = urllib.request.Request(f"{self._url}{path}", headers=dict(headers), method=method)
        with self._opener.open(request, timeout=TIMEOUT_S) as answer:
            return answer.read().decode("utf-8", "replace")


def _seconds(text: str) -> float:
    """Return a time such as 2026-01-05T18:02:00Z in seconds since 1970. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
