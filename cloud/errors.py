"""Errors of the cloud that a user can act on; explain.py turns AWS's codes into them."""

from __future__ import annotations

from engine.protocol.errors import RlroboError


class CloudError(RlroboError):
    """AWS refused or did not answer. The message says what, why and what to do next."""

    def __init__(self, message: str, *, code: str = "", is_temporary: bool = False) -> None:
        super().__init__(message)
        self.code = code
        """AWS's error code; empty where there was no answer."""
        self.is_temporary = is_temporary
        """Whether the same call may succeed later without anybody doing anything."""
        self.reason = message
        """What AWS itself said."""
        self.num_retries = 0
        """How often the call had been sent before AWS gave this answer; an earlier one may have been carried out."""


class FencedError(CloudError):
    """Another attempt holds the lease: stop writing and end this machine."""
