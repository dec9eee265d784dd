"""The WSGI application in front of moto: who calls, whether the call shall fail, and who answers it."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.fakeaws.calls import Call, Environ, read_call
from tests.fakeaws.ec2 import Ec2
from tests.fakeaws.hypervisor import Hypervisor
from tests.fakeaws.keys import Keys
from tests.fakeaws.machine import MACHINE_PATH
from tests.fakeaws.prices import get_products, quotas
from tests.fakeaws.replies import Reply, error
from tests.fakeaws.s3 import BucketPolicies, refuse_damaged
from tests.fakeaws.scenario import Fails, Fault, From, Scenario

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Layer:
    """Answers every AWS call of a test."""

    def __init__(self, scenario: Scenario, keys: Keys, hypervisor: Hypervisor) -> None:
        self._scenario = scenario
        self._keys = keys
        self._hypervisor = hypervisor
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._ec2 = Ec2(scenario, self._forward)
        self._s3_lock = threading.Lock()
        self._policies = BucketPolicies()
        self._now = threading.local()
        self.calls: list[tuple[From, Call]] = []
        """Everything that was asked, by whom; without bodies."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        if environ["PATH_INFO"].startswith(MACHINE_PATH):
            return self._answer_machine(environ, start_response)
        call = read_call(environ)
        by = self._keys.owner(call.access_key)
        self.calls.append((by, call.without_body()))
        fault = self._scenario.fault_of(call, by=by)
        if fault is not None and fault.fails is Fails.CUT:
            raise _cut(environ)
        self._now.environ = environ
        reply = self._refusal(call, by, fault) or self._answer(call)
        if call.service == "ec2":
            self._hypervisor.reconcile()
        if fault is not None and fault.fails is Fails.REPLY_LOST:
            raise _cut(environ)
        # moto's own Content-Length stays where it gave one: of HEAD, which has no body.
        headers = {"Content-Length": str(len(reply.body)), **reply.headers, "Content-Type": reply.content_type}
        start_response(f"{reply.status} Status", list(headers.items()))
        return [reply.body]

    def _answer_machine(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        command = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        said = self._hypervisor.shut_down(environ["PATH_INFO"].removeprefix(MACHINE_PATH), command)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
        return [said.encode()]

    def _refusal(self, call: Call, by: From, fault: Fault | None) -> Reply | None:
        """Return why the call is not carried out; None: it is."""
        if fault is not None and fault.fails is Fails.ERROR:
            return error(call, fault.code, fault.message, status=fault.status)
        if fault is not None and fault.fails is Fails.SLOW:
            time.sleep(fault.delay_s)
        refusal = self._keys.refusal(call)
        if refusal is not None:
            return refusal
        role, instance_id = self._scenario.role, self._keys.instance(call.access_key)
        if role is not None and instance_id and not role.allows(call, instance_id=instance_id):
            return _denied(call)
        return None

    def _answer(self, call: Call) -> Reply:
        if call.service == "ec2":
            with self._hypervisor.lock:
                return self._ec2.answer(call)
        if call.service == "s3":
            with self._s3_lock:
                reply = refuse_damaged(call) or self._policies.answer(call) or self._forward(call, {})
            role = self._scenario.role if self._keys.instance(call.access_key) else None
            is_hidden = role is not None and reply.status == 404 and not role.may_know_absence(call)
            return _denied(call) if is_hidden else reply
        if call.service == "servicequotas":
            return quotas(call, self._scenario)
        if call.service == "pricing":
            return get_products(call, self._scenario)
        return self._forward(call, {})

    def _forward(self, call: Call, changes: Mapping[str, str]) -> Reply:
        """Return moto's answer."""
        environ = self._now.environ
        body = call.body
        if changes:
            body = urlencode({**dict(parse_qsl(body.decode(), keep_blank_values=True)), **changes}).encode()
        is_empty_tagging = call.action == "PutObjectTagging" and b"<Tag>" not in body
        method = "DELETE" if is_empty_tagging else environ["REQUEST_METHOD"]  # moto fails at a set of no tags
        answered = {
            **environ,
            "REQUEST_METHOD": method,
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
        }
        started: list[tuple[str, list[tuple[str, str]]]] = []
        result = self._moto(answered, lambda status, headers, exc_info=None: started.append((status, headers)))
        content = b"".join(result)
        status, headers = started[0]
        told = {name.title(): value for name, value in headers}
        return Reply(int(status.split()[0]), content, told.pop("Content-Type", "text/xml"), told)


def _denied(call: Call) -> Reply:
    code = "UnauthorizedOperation" if call.service == "ec2" else "AccessDenied"
    return error(call, code, f"The instance's role may not call {call.action} on {call.key or 'it'}.", status=403)


def _cut(environ: Environ) -> ConnectionError:
    """Break the connection of a request; return what tells the server so."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return ConnectionResetError("Told to break the connection.")
