"""What AWS says about an instance is seen, through a metadata service that fails meanwhile; and whose clock counts."""

import time
from pathlib import Path

import pytest

import cloud.imds
from cloud.imds import Imds
from cloud.machine import Machine
from cloud.notices import NoticeWatch
from cloud.timing import VARIABLE, read_timing
from tests.cloud.directory_store import DirectoryStore, wait_for
from tests.fakeaws import imds as fake

TIMING = read_timing({VARIABLE: "0.004"})


def test_a_notice_and_a_recommendation_are_seen_after_failures() -> None:
    with fake.Imds(fake.Identity(instance_id="i-1")) as service:
        watch = NoticeWatch(Imds({cloud.imds.VARIABLE: service.url}), TIMING)
        watch.start()
        service.fault = fake.ImdsFault.ERROR
        service.recommend_rebalance()
        before = len(service.requests)
        wait_for(lambda: len(service.requests) > before + 3, what="some questions")
        service.fault = fake.ImdsFault.TOKENS_LOST
        wait_for(watch.takes_recommendation, what="the recommendation")
        assert not watch.takes_recommendation()
        at = float(int(time.time()) + 39)
        service.announce_interruption(at=at)
        wait_for(lambda: watch.interruption_at == at, what="the notice")
        watch.end()


@pytest.mark.parametrize(("offset_s", "counts"), [(600.0, True), (-600.0, True), (1.0, False)])
def test_s3_s_clock_counts_where_the_machine_s_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset_s: float, counts: bool
) -> None:
    store = DirectoryStore(tmp_path)
    monkeypatch.setattr(store, "clock_offset_s", lambda: offset_s)
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert Machine(store, Imds({}), tmp_path).now() == 1000.0 + (offset_s if counts else 0.0)
