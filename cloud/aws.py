"""The door to AWS: the only module that sees boto3.

Every failure leaves it as a CloudError that explains itself. Endpoints, proxies, profiles and the instance's role are
found as boto3 finds them (AWS_ENDPOINT_URL, AWS_PROFILE, …); no key is ever kept here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from botocore.parsers import ResponseParserError

from cloud.errors import CloudError
from cloud.explain import Kind, as_error, kind_of
from cloud.s3 import S3Store
from engine.protocol.errors import ConfigError

Result = TypeVar("Result")
_BLOCK_BYTES = 1 << 20
_FAILURES = (ClientError, BotoCoreError, ResponseParserError)
_POOL_CONNECTIONS = 16

# botocore would send a launch again when EC2 answers "no capacity" with HTTP 500. A launch is sent once: what follows
# is for cloud/launcher.py to decide. Its answer takes longer than others.
_LAUNCH = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=90)
_PATIENT = Config(
    retries={"mode": "adaptive", "total_max_attempts": 5},
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=_POOL_CONNECTIONS,
)


class Aws:
    """AWS in one region, as one caller; may be used from several threads."""

    def __init__(self, region: str, *, profile: str = "", clients: _Clients | None = None) -> None:
        self._region = region
        self._clients = clients or _Clients(profile)
        self._clock_offset_s: float | None = None

    @classmethod
    def open(cls, region: str = "", *, profile: str = "") -> Aws:
        """Return the door to a region, by default that of the user's AWS settings; nothing is called yet.

        Raises ConfigError where they name none, CloudError where there is no such profile.
        """
        door = cls(region or os.environ.get("AWS_REGION", ""), profile=profile)
        if not door._region:
            door._region = door._explained("", "", {}, door._clients.default_region)
        if not door._region:
            problem = "no region is set; name one with --region, such as us-east-1, or set AWS_REGION."
            raise ConfigError("AWS settings", "region", problem)
        return door

    @property
    def region(self) -> str:
        """The region that calls go to."""
        return self._region

    @property
    def clock_offset_s(self) -> float | None:
        """By how much AWS's clock is ahead of this machine's, in seconds, from its last answer; good to a second."""
        return self._clock_offset_s

    def in_region(self, region: str) -> Aws:
        """Return the same caller's door to another region."""
        return self if region == self._region else Aws(region, clients=self._clients)

    def store(self, bucket: str) -> S3Store:
        """Return a bucket."""
        return S3Store(self, bucket)

    def caller(self) -> str:
        """Return the ARN of who calls. Raises CloudError."""
        return self.call("sts", "get_caller_identity")["Arn"]

    def call(self, service: str, operation: str, *, is_launch: bool = False, **params: Any) -> dict[str, Any]:
        """Return what AWS answers to one operation, named as boto3 names it (`create_fleet`). Raises CloudError.

        A launch is sent once; everything else up to five times where the failure is temporary.
        """

        def send() -> dict[str, Any]:
            began = time.time()
            client = self._clients.get(service, self._region, is_launch=is_launch)
            answer = getattr(client, operation)(**params)
            self._note_clock(answer, began)
            return answer

        return self._explained(service, operation, params, send)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Yield the items below `key` of all pages of an answer. Raises CloudError."""
        pages: Iterator[dict[str, Any]] | None = None

        def next_page() -> dict[str, Any] | None:
            nonlocal pages
            if pages is None:
                pages = iter(self._clients.get(service, self._region).get_paginator(operation).paginate(**params))
            return next(pages, None)

        while (page := self._explained(service, operation, params, next_page)) is not None:
            yield from page.get(key, ())

    def wait(self, service: str, waiter: str, **params: Any) -> None:
        """Wait until AWS is where `waiter` says, as boto3 names it (`stack_create_complete`). Raises CloudError."""

        def wait() -> None:
            self._clients.get(service, self._region).get_waiter(waiter).wait(**params)

        self._explained(service, waiter, {}, wait)

    def read(self, body: Any) -> Iterator[bytes]:
        """Yield the content of an answer's `Body`. Raises CloudError, also in its middle."""
        try:
            while block := self._explained("s3", "get_object", {}, lambda: body.read(_BLOCK_BYTES)):
                yield block
        finally:
            body.close()

    def _explained(self, service: str, operation: str, params: dict[str, Any], send: Callable[[], Result]) -> Result:
        try:
            return send()
        except _FAILURES as err:
            code, message = _code_of(err)
            if kind_of(code) is Kind.CREDENTIALS:
                self._clients.forget()
            context = {
                "service": service,
                "action": f"{_IAM_PREFIXES.get(service, service)}:{''.join(map(str.capitalize, operation.split('_')))}",
                "region": self._region,
                "resource": str(params.get("Key") or params.get("Bucket") or params.get("StackName") or ""),
            }
            raise _with_retries(as_error(code, message, context=context), err) from err

    def _note_clock(self, answer: dict[str, Any], began: float) -> None:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            self._clock_offset_s = parsedate_to_datetime(date).timestamp() - (began + time.time()) / 2


class _Clients:
    """The boto3 clients of one caller in all regions; they share what boto3 reads slowly."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None
        self._clients: dict[tuple[str, str, bool], Any] = {}

    def get(self, service: str, region: str, *, is_launch: bool = False) -> Any:
        """Return a client. Raises what boto3 raises."""
        with self._lock:  # a session must not make two clients at once
            key = service, region, is_launch
            if key not in self._clients:
                self._clients[key] = self._open().client(
                    service,  # pyright: ignore[reportArgumentType, reportCallIssue] # any service by name
                    region_name=region,
                    config=_LAUNCH if is_launch else _PATIENT,
                )
            return self._clients[key]

    def default_region(self) -> str:
        """Return the region of the user's AWS settings; empty: none."""
        with self._lock:
            return self._open().region_name or ""

    def forget(self) -> None:
        """Let the next call read the credentials anew: somebody may have logged in meanwhile."""
        with self._lock:
            self._session = None
            self._clients.clear()

    def _open(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session(profile_name=self._profile or None)
        return self._session


_IAM_PREFIXES = {"service-quotas": "servicequotas"}
"""What permissions of a service begin with, where that is not its name."""


def _code_of(err: Exception) -> tuple[str, str]:
    """Return AWS's code and message, or the name of boto3's error and its text."""
    if isinstance(err, ClientError):
        found = err.response.get("Error", {})
        return str(found.get("Code", "")), str(found.get("Message", ""))
    if isinstance(err, WaiterError) and (found := _error_in(err.last_response)):
        return found
    return type(err).__name__, str(err)


def _error_in(response: Any) -> tuple[str, str] | None:
    found = response.get("Error") if isinstance(response, dict) else None
    return (str(found["Code"]), str(found.get("Message", ""))) if found and found.get("Code") else None


def _with_retries(error: CloudError, err: Exception) -> CloudError:
    """Tell how often the call had been sent before this answer came."""
    if isinstance(err, ClientError):
        error.num_retries = int(err.response.get("ResponseMetadata", {}).get("RetryAttempts", 0))
    return error
