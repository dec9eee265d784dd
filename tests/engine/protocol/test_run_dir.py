"""A run is a directory: made once, found by what a user types."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.algorithms import SAC
from engine.protocol.config import RunConfig
from engine.protocol.errors import ConfigError, NotARunError, StorageError, UnknownNameError, UsageError
from engine.protocol.provenance import Provenance, collect_provenance
from engine.protocol.run_dir import RunDir, create_run, find_run, list_runs, open_run

CONFIG = RunConfig(task="ant_walk", algorithm=SAC(), seed=3)
NOON = 1_767_268_800.0  # 2026-01-01 12:00:00 UTC


@pytest.fixture(scope="module")
def provenance() -> Provenance:
    return collect_provenance(["rlrobo", "train"])


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def make(runs: Path, provenance: Provenance, config: RunConfig = CONFIG, at: float = NOON) -> RunDir:
    return create_run(runs, config, provenance, clock=lambda: at)


def test_id_is_time_task_algorithm_and_seed(runs: Path, provenance: Provenance) -> None:
    assert make(runs, provenance).id == "20260101T120000Z-ant_walk-sac-s3"


def test_runs_of_the_same_second_get_ids_of_their_own(runs: Path, provenance: Provenance) -> None:
    first = "20260101T120000Z-ant_walk-sac-s3"
    assert [make(runs, provenance).id for _ in range(3)] == [first, f"{first}-2", f"{first}-3"]


def test_task_that_is_a_path_stays_in_the_runs_folder(runs: Path, provenance: Provenance) -> None:
    run = make(runs, provenance, RunConfig(task="../my robots/dog.yaml"))
    assert run.path.parent == runs
    assert run.id == "20260101T120000Z-dog-ppo-s1"


@pytest.mark.parametrize("task", ["ant_walk", "1e6", "${HOME}/dog.yaml", "hund/größe.yaml"])
def test_config_comes_back_as_it_was_given(runs: Path, provenance: Provenance, task: str) -> None:
    config = RunConfig(task=task, algorithm=SAC(learning_rate=1e-5), seed=3)
    assert make(runs, provenance, config).read_config() == config


def test_damaged_config_is_named(runs: Path, provenance: Provenance) -> None:
    run = make(runs, provenance)
    run.config.write_text("task: [")
    with pytest.raises(ConfigError, match=r"config\.yaml:1:\d+: not valid YAML"):
        run.read_config()


def test_runs_are_listed_newest_first(runs: Path, provenance: Provenance) -> None:
    made = [make(runs, provenance, at=NOON + hour * 3600) for hour in (1, 0, 2)]
    assert [run.id for run in list_runs(runs)] == [made[2].id, made[0].id, made[1].id]


def test_directory_without_config_is_not_listed(runs: Path, provenance: Provenance) -> None:
    (runs / "notes").mkdir(parents=True)
    run = make(runs, provenance)
    assert [found.id for found in list_runs(runs)] == [run.id]


def test_absent_folder_holds_no_runs(runs: Path) -> None:
    assert list_runs(runs) == []


def test_directory_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARunError, match=r"not a run directory \(it has no config\.yaml\)"):
        open_run(tmp_path)


def test_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotARunError, match="no such directory"):
        open_run(tmp_path / "absent")


def test_run_is_found_by_its_path(runs: Path, provenance: Provenance) -> None:
    run = make(runs, provenance)
    assert find_run(Path("elsewhere"), str(run.path)) == run


@pytest.mark.parametrize("text", ["20260101T120000Z-ant_walk-sac-s3", "ant_walk", "sac-s3"])
def test_run_is_found_by_its_id_or_a_part(runs: Path, provenance: Provenance, text: str) -> None:
    run = make(runs, provenance)
    make(runs, provenance, RunConfig(task="cartpole_balance"))
    assert find_run(runs, text) == run


def test_whole_id_wins_over_ids_that_contain_it(runs: Path, provenance: Provenance) -> None:
    run, _ = make(runs, provenance), make(runs, provenance)
    assert find_run(runs, run.id) == run


def test_latest_is_the_newest_run(runs: Path, provenance: Provenance) -> None:
    newest = make(runs, provenance, at=NOON + 1)
    make(runs, provenance, at=NOON)
    assert find_run(runs, "latest") == newest


def test_part_of_several_ids_is_refused(runs: Path, provenance: Provenance) -> None:
    make(runs, provenance)
    make(runs, provenance)
    with pytest.raises(UsageError, match="means 2 runs; give more of the id"):
        find_run(runs, "ant_walk")


def test_unknown_run_gets_the_nearest_known_one(runs: Path, provenance: Provenance) -> None:
    run = make(runs, provenance)
    with pytest.raises(UnknownNameError, match=f"did you mean '{run.id}'"):
        find_run(runs, "20260101T120000Z-ant_wolk-sac-s3")


def test_latest_where_there_is_no_run_says_so(runs: Path) -> None:
    with pytest.raises(UnknownNameError, match="There are none yet"):
        find_run(runs, "latest")


def test_runs_folder_that_is_a_file_is_a_storage_error(tmp_path: Path, provenance: Provenance) -> None:
    (tmp_path / "runs").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"):
        make(tmp_path / "runs", provenance)


CREATE_IN_READ_ONLY_FOLDER = """
import os, sys
from pathlib import Path
from engine.protocol.config import RunConfig
from engine.protocol.errors import StorageError
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import create_run
provenance = collect_provenance()
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere; nobody may not
try:
    create_run(Path(sys.argv[1]), RunConfig(task="ant_walk"), provenance)
except StorageError as err:
    print(err)
"""


def test_read_only_folder_is_a_storage_error(runs: Path) -> None:
    runs.mkdir(mode=0o555)
    for parent in runs.parents:
        if parent.stat().st_uid == os.geteuid() and parent.is_relative_to(runs.parents[2]):
            parent.chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-c", CREATE_IN_READ_ONLY_FOLDER, str(runs)], check=True, capture_output=True, text=True
    )
    assert "permission denied; choose another place with RLROBO_RUNS_DIR" in result.stdout


def test_provenance_is_saved(runs: Path, provenance: Provenance) -> None:
    assert '"rlrobo"' in make(runs, provenance).provenance.read_text()
