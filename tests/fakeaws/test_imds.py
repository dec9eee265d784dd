"""The metadata service answers as AWS's does: tokens first, a notice with a fixed time, credentials that rotate."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.fakeaws.imds import ROLE, Identity, Imds, ImdsFault, made_up_credentials

META = "/latest/meta-data"


@pytest.fixture
def imds() -> Iterator[Imds]:
    identity = Identity(instance_id="i-0abc", tags={"rlrobo:run": "r1"}, user_data="#!/bin/sh\n")
    with Imds(identity, issue=lambda: made_up_credentials(lifetime_s=0.2)) as running:
        yield running


def ask(imds: Imds, path: str, *, token: str | None) -> tuple[int, str]:
    headers = {} if token is None else {"X-aws-ec2-metadata-token": token}
    return _open(urllib.request.Request(imds.url + path, headers=headers))


def new_token(imds: Imds, ttl: str = "60") -> tuple[int, str]:
    headers = {"X-aws-ec2-metadata-token-ttl-seconds": ttl}
    return _open(urllib.request.Request(f"{imds.url}/latest/api/token", method="PUT", headers=headers))


def _open(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_nothing_is_told_without_a_token(imds: Imds) -> None:
    assert ask(imds, f"{META}/instance-id", token=None)[0] == 401
    assert ask(imds, f"{META}/instance-id", token="made up")[0] == 401


@pytest.mark.parametrize("ttl", ["0", "21601", "soon"])
def test_a_token_lives_between_a_second_and_six_hours(imds: Imds, ttl: str) -> None:
    assert new_token(imds, ttl)[0] == 400


def test_an_instance_learns_who_it_is(imds: Imds) -> None:
    _, token = new_token(imds)
    assert ask(imds, f"{META}/instance-id", token=token) == (200, "i-0abc")
    assert ask(imds, f"{META}/instance-life-cycle", token=token) == (200, "spot")
    assert ask(imds, f"{META}/placement/", token=token) == (200, "availability-zone\nregion")
    assert ask(imds, f"{META}/tags/instance/rlrobo:run", token=token) == (200, "r1")
    assert ask(imds, "/latest/user-data", token=token) == (200, "#!/bin/sh\n")
    assert json.loads(ask(imds, "/latest/dynamic/instance-identity/document", token=token)[1])["region"] == "us-east-1"


def test_the_notice_comes_once_and_its_time_stays(imds: Imds) -> None:
    _, token = new_token(imds)
    assert ask(imds, f"{META}/spot/instance-action", token=token)[0] == 404
    imds.announce_interruption(at=1_700_000_000.9)
    imds.announce_interruption(at=1_800_000_000)
    told = json.loads(ask(imds, f"{META}/spot/instance-action", token=token)[1])
    assert told == {"action": "terminate", "time": "2023-11-14T22:13:20Z"}


def test_a_rebalance_recommendation_is_told(imds: Imds) -> None:
    _, token = new_token(imds)
    path = f"{META}/events/recommendations/rebalance"
    assert ask(imds, path, token=token)[0] == 404
    imds.recommend_rebalance()
    assert "noticeTime" in json.loads(ask(imds, path, token=token)[1])


def test_the_role_s_credentials_rotate(imds: Imds) -> None:
    _, token = new_token(imds)
    path = f"{META}/iam/security-credentials/"
    assert ask(imds, path, token=token) == (200, ROLE)
    first = json.loads(ask(imds, path + ROLE, token=token)[1])["AccessKeyId"]
    limit = time.monotonic() + 10
    while imds.credentials().access_key == first:
        assert time.monotonic() < limit
        time.sleep(0.01)


def test_it_fails_as_it_is_told(imds: Imds) -> None:
    _, token = new_token(imds)
    imds.fault = ImdsFault.ERROR
    assert ask(imds, f"{META}/instance-id", token=token)[0] == 503
    imds.fault = ImdsFault.TOKENS_LOST
    assert ask(imds, f"{META}/instance-id", token=token)[0] == 401
    _, token = new_token(imds)
    assert ask(imds, f"{META}/instance-id", token=token)[0] == 200
    imds.fault = ImdsFault.SILENCE
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f"{imds.url}{META}/instance-id", timeout=0.05)
