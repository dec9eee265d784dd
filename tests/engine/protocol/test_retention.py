"""Old checkpoints go; the last good one and the best never do, whatever was damaged or cut off before."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol.checkpoints import (
    POLICY,
    Checkpoint,
    EvaluationResult,
    Manifest,
    best_checkpoint,
    find_checkpoint,
    list_checkpoints,
    new_checkpoint,
)
from engine.protocol.config import Checkpoints
from engine.protocol.retention import apply, clear_leftovers, to_delete, verifies


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints"


def checkpoint(step: int, return_mean: float | None = None) -> Checkpoint:
    result = None if return_mean is None else EvaluationResult(return_mean=return_mean, return_std=0.0, episodes=1)
    manifest = Manifest(
        step=step, algorithm="ppo", task="a", reason="periodic", saved_at=0.0, files={}, evaluation=result
    )
    return Checkpoint(path=Path(f"{step:09d}"), manifest=manifest)


def save(folder: Path, step: int, return_mean: float | None = None) -> None:
    with new_checkpoint(folder, checkpoint(step, return_mean).manifest) as path:
        (path / POLICY).write_bytes(b"policy of step %d" % step)


def damage(folder: Path, step: int) -> None:
    (folder / f"{step:09d}" / POLICY).write_bytes(b"damaged")


def kept_steps(checkpoints: list[Checkpoint], rules: Checkpoints, damaged: tuple[int, ...] = ()) -> list[int]:
    gone = to_delete(checkpoints, rules, is_good=lambda item: item.step not in damaged)
    return [item.step for item in checkpoints if item not in gone]


def steps_in(folder: Path) -> list[int]:
    return [item.step for item in list_checkpoints(folder)]


HUNDREDS = [checkpoint(step) for step in range(100, 1100, 100)]


def test_the_last_few_stay() -> None:
    assert kept_steps(HUNDREDS, Checkpoints(keep_last=3)) == [800, 900, 1000]


def test_zero_keeps_all() -> None:
    assert to_delete(HUNDREDS, Checkpoints(keep_last=0)) == []


def test_the_first_at_or_after_each_multiple_stays() -> None:
    checkpoints = [checkpoint(step) for step in (90, 210, 290, 410, 500, 700)]
    assert kept_steps(checkpoints, Checkpoints(keep_last=1, keep_every=200)) == [210, 410, 700]


def test_the_best_stays_when_it_is_asked_for() -> None:
    checkpoints = [checkpoint(100, 1.0), checkpoint(200, 9.0), checkpoint(300, 5.0), checkpoint(400)]
    assert kept_steps(checkpoints, Checkpoints(keep_last=1)) == [200, 400]
    assert kept_steps(checkpoints, Checkpoints(keep_last=1, keep_best=False)) == [400]


def test_the_last_good_one_stays_however_many_damaged_ones_are_newer() -> None:
    assert kept_steps(HUNDREDS, Checkpoints(keep_last=2), damaged=(700, 800, 900, 1000)) == [600, 900, 1000]


def test_the_best_good_one_stays_beside_a_damaged_better_one() -> None:
    checkpoints = [checkpoint(100, 8.0), checkpoint(200, 9.0), checkpoint(300), checkpoint(400)]
    assert kept_steps(checkpoints, Checkpoints(keep_last=2), damaged=(200,)) == [100, 300, 400]


def test_nothing_goes_when_nothing_verifies() -> None:
    assert to_delete(HUNDREDS, Checkpoints(keep_last=1), is_good=lambda _: False) == []


def test_files_are_not_read_while_nothing_can_go() -> None:
    def read(_: Checkpoint) -> bool:
        raise AssertionError

    assert to_delete(HUNDREDS[:5], Checkpoints(keep_last=5), is_good=read) == []


def test_apply_deletes_and_says_what(folder: Path) -> None:
    for step in (100, 200, 300):
        save(folder, step)
    assert [item.step for item in apply(folder, Checkpoints(keep_last=1))] == [100, 200]
    assert [path.name for path in folder.iterdir()] == ["000000300"]


def test_awaited_checkpoint_stays_until_it_is_no_longer(folder: Path) -> None:
    for step in (100, 200, 300, 400):
        save(folder, step)
    rules, awaited = Checkpoints(keep_last=1), folder / "000000200"
    assert [item.step for item in apply(folder, rules, awaited=[awaited])] == [100, 300]
    assert [item.step for item in apply(folder, rules)] == [200]
    assert steps_in(folder) == [400]


def test_half_written_manifest_of_a_dead_process_goes(folder: Path) -> None:
    save(folder, 100)
    torn = folder / "000000100" / ".manifest.json.1.tmp"
    torn.write_text("{")
    clear_leftovers(folder)
    assert not torn.exists()
    assert steps_in(folder) == [100]


def test_crash_while_deleting_leaves_nothing_half_in_sight(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for step in (100, 200):
        save(folder, step)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", crash)
        with pytest.raises(KeyboardInterrupt):
            apply(folder, Checkpoints(keep_last=1))
    assert [verifies(item) for item in list_checkpoints(folder)] == [True]
    clear_leftovers(folder)
    assert [path.name for path in folder.iterdir()] == ["000000200"]


def test_what_a_dead_process_left_half_written_goes(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    for pid in (dead.pid, os.getpid()):
        (folder / f".000000100.{pid}.tmp").mkdir(parents=True)
    clear_leftovers(folder)
    assert list(folder.iterdir()) == []


def test_what_another_living_process_writes_stays(folder: Path) -> None:
    temporary = folder / f".000000100.{os.getppid()}.tmp"
    temporary.mkdir(parents=True)
    clear_leftovers(folder)
    assert temporary.exists()


def test_checkpoint_whose_successor_never_took_its_place_comes_back(folder: Path) -> None:
    """A kill between the two renames that replace a checkpoint of the same step."""
    save(folder, 100)
    (folder / "000000100").rename(folder / ".000000100.123456789.old")
    assert steps_in(folder) == []
    clear_leftovers(folder)
    assert find_checkpoint(folder, "latest").step == 100


def test_replaced_checkpoint_goes_when_its_successor_is_in_place(folder: Path) -> None:
    save(folder, 100)
    shutil.copytree(folder / "000000100", folder / ".000000100.123456789.old")
    clear_leftovers(folder)
    assert [path.name for path in folder.iterdir()] == ["000000100"]


def test_what_cannot_be_deleted_stays_and_ends_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError

    for step in (100, 200):
        save(folder, step)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        assert apply(folder, Checkpoints(keep_last=1)) == []
    assert steps_in(folder) == [100, 200]


RULES = st.builds(
    Checkpoints, keep_last=st.integers(1, 4), keep_every=st.sampled_from([0, 7, 20]), keep_best=st.booleans()
)
SAVES = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.none() | st.floats(-5, 5),
        st.sampled_from(["whole", "whole", "damaged"]),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=60)
@given(rules=RULES, saves=SAVES)
def test_after_any_history_the_last_good_and_the_best_exist_and_few_others(
    rules: Checkpoints, saves: list[tuple[int, float | None, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("run") / "checkpoints"
    step, last_good, best = 0, 0, None
    for distance, return_mean, state in saves:
        step += distance
        save(folder, step, return_mean)
        if state == "damaged":
            damage(folder, step)
        else:
            last_good = step
            if return_mean is not None and (best is None or return_mean > best[0]):
                best = (return_mean, step)
        apply(folder, rules)
        if last_good:
            assert find_checkpoint(folder, "latest").step == last_good
        if best and rules.keep_best:
            good = [item for item in list_checkpoints(folder) if verifies(item)]
            assert (best_checkpoint(good) or checkpoint(0)).step == best[1]
        if last_good:
            num_stretches = step // rules.keep_every if rules.keep_every else 0
            assert len(list_checkpoints(folder)) <= rules.keep_last + 2 + num_stretches
