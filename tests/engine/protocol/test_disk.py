"""Sizes that can be computed by hand, and what is said when they do not fit."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.protocol.algorithms import A2C, PPO, SAC, PolicyKwargs
from engine.protocol.config import Checkpoints, Evaluation, RunConfig
from engine.protocol.disk import FIXED_BYTES, SEGMENT_BYTES, RunSize, check_space, estimate, in_words, policy_bytes
from engine.protocol.errors import StorageError

LAYER = PolicyKwargs(net_arch=[10])
MB = 10**6


class Usage(NamedTuple):
    """What shutil.disk_usage returns."""

    total: int
    used: int
    free: int


def sac(**changes: object) -> RunConfig:
    fields = {"buffer_size": 100_000, "policy_kwargs": LAYER}
    return RunConfig(
        task="a", algorithm=SAC(**fields), evaluation=Evaluation(every_timesteps=0), **changes  # type: ignore[arg-type]
    )  # fmt: skip


def test_on_policy_parameters_are_counted_three_times_with_adam_and_twice_with_rmsprop() -> None:
    # Actor (4+1)*10 + (10+1)*2 and 2 log_std; critic (4+1)*10 + (10+1)*1.
    parameters = 72 + 2 + 61
    for algorithm, copies in ((PPO(policy_kwargs=LAYER), 3), (A2C(policy_kwargs=LAYER), 2)):
        config = RunConfig(task="a", algorithm=algorithm)
        assert policy_bytes(config, observation_size=4, action_size=2) == parameters * copies * 4


def test_target_networks_are_counted_once() -> None:
    # Actor (4+1)*10 + (10+1)*4; two critics of (6+1)*10 + (10+1)*1.
    assert policy_bytes(sac(), observation_size=4, action_size=2) == (3 * (94 + 162) + 162) * 4


def test_first_checkpoint_holds_the_transitions_until_then() -> None:
    config = sac(checkpoints=Checkpoints(every_timesteps=10_000))
    size = estimate(config, observation_size=4, action_size=2)
    weights = FIXED_BYTES + policy_bytes(config, observation_size=4, action_size=2)
    assert size.first_checkpoint_bytes == weights + 10_000 * (2 * 4 + 2 + 3) * 4


def test_kept_checkpoints_share_what_did_not_change() -> None:
    rules = Checkpoints(every_timesteps=10_000, keep_last=3, keep_best=False)
    config = sac(total_timesteps=1_000_000, checkpoints=rules)
    size = estimate(config, observation_size=100, action_size=2)
    weights = FIXED_BYTES + policy_bytes(config, observation_size=100, action_size=2)
    row = (2 * 100 + 2 + 3) * 4
    # Three that stay and one that is being written.
    assert size.checkpoints_bytes == 4 * weights + 100_000 * row + 3 * min(100_000 * row, 10_000 * row + SEGMENT_BYTES)


def test_every_checkpoint_counts_when_all_are_kept() -> None:
    def checkpoints_bytes(keep_last: int) -> int:
        rules = Checkpoints(every_timesteps=10_000, keep_last=keep_last)
        config = RunConfig(
            task="a", total_timesteps=100_000, checkpoints=rules, evaluation=Evaluation(every_timesteps=0)
        )
        return estimate(config, observation_size=4, action_size=1).checkpoints_bytes

    assert checkpoints_bytes(0) * 4 == checkpoints_bytes(2) * 11  # ten and the last; two, the best and a new one


@pytest.fixture
def nearly_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with 10 MB free."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total=100 * MB, used=90 * MB, free=10 * MB))


def size(first_mb: int, total_mb: int) -> RunSize:
    return RunSize(first_checkpoint_bytes=first_mb * MB, checkpoints_bytes=total_mb * MB, logs_bytes=0)


@pytest.mark.usefixtures("nearly_full")
def test_run_that_fits_is_no_word_worth(tmp_path: Path) -> None:
    assert check_space(tmp_path / "not" / "yet", size(1, 9)) == ""


@pytest.mark.usefixtures("nearly_full")
def test_run_that_may_not_fit_is_warned_of(tmp_path: Path) -> None:
    assert "may write 20 MB and 10 MB are free" in check_space(tmp_path, size(1, 20))


@pytest.mark.usefixtures("nearly_full")
def test_run_that_cannot_save_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="first checkpoint takes about 11 MB and 10 MB are free"):
        check_space(tmp_path, size(11, 20))


@pytest.mark.parametrize(("size_bytes", "words"), [(0, "0 B"), (523_328, "523 kB"), (1.2e9, "1.2 GB"), (3e12, "3 TB")])
def test_sizes_are_written_with_their_unit(size_bytes: float, words: str) -> None:
    assert in_words(size_bytes) == words
