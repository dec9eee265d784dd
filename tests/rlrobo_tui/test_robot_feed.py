"""The process that plays tells its end, however it comes."""

import os
import signal
from queue import SimpleQueue

import pytest

from engine.protocol.run_dir import RunDir
from engine.replay.wire import Wish
from rlrobo_tui.robot_feed import Ended, News, RobotFeed, Waiting


def test_an_end_with_a_wish_that_nobody_read_is_told(played_run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PLAYER", "deaf")
    news: SimpleQueue[News] = SimpleQueue()
    feed = RobotFeed(played_run, news.put)
    assert news.get(timeout=30) == Waiting("nothing")
    feed.ask(Wish(checkpoints=(100,)))
    os.kill(feed.pid, signal.SIGTERM)
    end = news.get(timeout=30)
    assert isinstance(end, Ended)
    assert "SIGTERM" in end.reason
