"""Who calls: the user's long-lived keys, and the keys of instances' roles with their end."""

from __future__ import annotations

import time

from tests.fakeaws.calls import Call
from tests.fakeaws.imds import RoleCredentials, made_up_credentials
from tests.fakeaws.replies import Reply, error
from tests.fakeaws.scenario import From, Scenario

USER_ACCESS_KEY, USER_SECRET_KEY = "AKIAUSERSLAPTOP00000", "secret-of-the-users-laptop"
_UNKNOWN = {"ec2": "AuthFailure", "s3": "InvalidAccessKeyId"}
_EXPIRED = {"ec2": "RequestExpired", "s3": "ExpiredToken", "sts": "ExpiredToken"}


class Keys:
    """All keys that exist."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._roles: dict[str, RoleCredentials] = {}
        self._instances: dict[str, str] = {}

    def issue_role(self, instance_id: str) -> RoleCredentials:
        """Return new keys for an instance's role."""
        issued = made_up_credentials(lifetime_s=self._scenario.role_lifetime_s)
        self._roles[issued.access_key] = issued
        self._instances[issued.access_key] = instance_id
        return issued

    def owner(self, access_key: str) -> From:
        """Return whose key this is."""
        return From.INSTANCE if access_key in self._roles else From.USER

    def instance(self, access_key: str) -> str:
        """Return the id of the instance that has this key; empty: none."""
        return self._instances.get(access_key, "")

    def refusal(self, call: Call) -> Reply | None:
        """Return why AWS does not accept the key of `call`; None: it does."""
        if call.access_key == USER_ACCESS_KEY:
            return None
        known = self._roles.get(call.access_key)
        if known is None:
            code = _UNKNOWN.get(call.service, "InvalidClientTokenId")
            return error(call, code, "The security token included in the request is invalid.", status=403)
        if known.expires_at < time.time():
            code = _EXPIRED.get(call.service, "ExpiredTokenException")
            return error(call, code, "The security token included in the request is expired.")
        if call.headers.get("x-amz-security-token", known.token) != known.token:
            return error(call, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        return None
