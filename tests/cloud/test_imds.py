"""The metadata service as an instance reads it, over HTTP from a pretended one."""

import time
from collections.abc import Iterator

import pytest

import cloud.imds
from cloud.imds import TOKEN_LIFE_S, Imds, ImdsError
from cloud.records import Market
from tests.fakeaws import imds as fake


@pytest.fixture
def service() -> Iterator[fake.Imds]:
    with fake.Imds(fake.Identity(instance_id="i-1", zone="us-west-2b", instance_type="c7i.large")) as served:
        yield served


def client(service: fake.Imds, **options: object) -> Imds:
    return Imds({cloud.imds.VARIABLE: service.url}, **options)  # type: ignore[arg-type]


def test_it_knows_who_and_where_it_is(service: fake.Imds) -> None:
    found = client(service).identity()
    assert (found.instance_id, found.instance_type, found.zone) == ("i-1", "c7i.large", "us-west-2b")
    assert found.market is Market.SPOT
    assert found.address == ""


def test_one_token_serves_until_half_of_its_life_is_over(service: fake.Imds) -> None:
    now = [0.0]
    asked = client(service, clock=lambda: now[0])
    for now[0] in (0.0, 60.0, TOKEN_LIFE_S / 2 - 1.0):
        asked.get("instance-id")
    assert sum(request.startswith("PUT") for request in service.requests) == 1
    now[0] = TOKEN_LIFE_S / 2
    asked.get("instance-id")
    assert sum(request.startswith("PUT") for request in service.requests) == 2


def test_the_notice_has_its_own_time(service: fake.Imds) -> None:
    asked = client(service)
    assert asked.interruption_at() is None
    at = float(int(time.time()) + 39)
    service.announce_interruption(at=at)
    assert asked.interruption_at() == at
    assert asked.interruption_at() == at


def test_a_rebalance_recommendation_is_seen(service: fake.Imds) -> None:
    asked = client(service)
    assert not asked.recommends_rebalance()
    service.recommend_rebalance()
    assert asked.recommends_rebalance()


def test_tokens_that_the_service_forgot_are_renewed(service: fake.Imds) -> None:
    asked = client(service)
    asked.get("instance-id")
    service.fault = fake.ImdsFault.TOKENS_LOST
    assert asked.get("instance-id") == "i-1"


@pytest.mark.parametrize("fault", [fake.ImdsFault.ERROR, fake.ImdsFault.SILENCE])
def test_what_it_cannot_tell_is_an_error_and_no_answer(
    service: fake.Imds, fault: fake.ImdsFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.imds, "TIMEOUT_S", 0.1)
    asked = client(service)
    service.fault = fault
    with pytest.raises(ImdsError):
        asked.interruption_at()
    service.fault = None
    assert asked.interruption_at() is None


def test_a_notice_that_is_none_is_an_error(service: fake.Imds, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = client(service)
    for content in ("<html>", '{"action": "terminate", "time": "soon"}'):
        monkeypatch.setattr(asked, "get", lambda path, content=content: content)
        with pytest.raises(ImdsError, match="which is none"):
            asked.interruption_at()


def test_where_nothing_listens_it_is_an_error() -> None:
    with pytest.raises(ImdsError):
        Imds({cloud.imds.VARIABLE: "http://127.0.0.1:9"}).identity()
