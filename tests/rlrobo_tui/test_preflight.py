"""Each check before a run passes, warns or fails when it should, and says what to do."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.protocol.presets import build_config
from engine.protocol.run_dir import create_run
from engine.protocol.task_facts import TaskFacts
from rlrobo_tui.commands.checks import Check, Verdict
from rlrobo_tui.commands.place import SpotRequest
from rlrobo_tui.commands.task_facts import facts_of_entry
from rlrobo_tui.machine import Machine, device_of, memory_of, num_workers_of
from rlrobo_tui.preflight import preflight
from robots.registry import find_task
from tests.rlrobo_tui.app_runs import NOWHERE

FINE = Machine(
    num_cpus=2, load=0.1, free_memory_bytes=8 * 10**9, memory_bytes=10**10, free_disk_bytes=10**12, gpu="", training=()
)


def facts(task: str = "ant_walk") -> TaskFacts:
    return facts_of_entry(find_task(task))


def check(
    name: str, tmp_path: Path, *overrides: str, machine: Machine = FINE, task: str = "ant_walk", algorithm: str = ""
) -> Check:
    config = build_config(task, algorithm=algorithm, overrides=list(overrides))
    return next(each for each in preflight(config, facts(task), machine, tmp_path) if each.name == name)


def test_nothing_is_wrong_with_a_preset(tmp_path: Path) -> None:
    config = build_config("ant_walk")
    found = preflight(config, facts(), FINE, tmp_path)
    assert [each.name for each in found if each.verdict is not Verdict.OK] == []
    assert len({each.name for each in found}) == len(found)


def test_a_rented_machine_does_not_need_what_this_one_lacks(tmp_path: Path) -> None:
    busy = replace(FINE, load=9.0, free_memory_bytes=1)
    config = build_config("ant_walk", overrides=["device=cuda"])
    found = preflight(config, facts(), busy, tmp_path, SpotRequest(max_price_total=2.0, max_hours=1))
    assert [each.name for each in found if each.verdict is not Verdict.OK] == []
    assert next(each.seen for each in found if each.name == "limits") == "ends after $2.00 or 1 hour at the latest"
    assert not {"device", "cores", "memory"} & {each.name for each in found}


def test_a_rented_machine_without_a_limit_in_dollars_is_a_warning(tmp_path: Path) -> None:
    found = preflight(build_config("ant_walk"), facts(), FINE, tmp_path, SpotRequest())
    assert [each.name for each in found if each.verdict is Verdict.WARNING] == ["limits"]


@pytest.mark.parametrize(
    ("name", "overrides", "seen"),
    [
        ("evaluation", "evaluation.every_timesteps=0", "none"),
        ("evaluation", "evaluation.every_timesteps=1_000_000", "2 times"),
        ("evaluation", "evaluation.every_timesteps=1000", "2,000 times"),
        ("cores", "num_workers=9", "9 workers on 2 cores"),
    ],
)
def test_a_doubtful_setting_is_a_warning(tmp_path: Path, name: str, overrides: str, seen: str) -> None:
    found = check(name, tmp_path, overrides)
    assert found.verdict is Verdict.WARNING
    assert seen in found.seen
    assert found.fix


def test_a_gpu_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    assert check("device", tmp_path, "device=cuda").verdict is Verdict.FAILURE
    assert check("device", tmp_path, "device=cuda", machine=replace(FINE, gpu="H200")).seen == "H200"


def test_a_run_that_ends_before_it_learns_is_a_warning(tmp_path: Path) -> None:
    found = check("updates", tmp_path, "learning_starts=1000", "total_timesteps=1000", algorithm="sac")
    assert found.verdict is Verdict.WARNING
    assert found.seen == "learning starts at 1.00k of 1.00k timesteps"


def test_other_runs_are_counted(tmp_path: Path) -> None:
    found = check("cores", tmp_path, machine=replace(FINE, training=("one", "two")))
    assert found.verdict is Verdict.WARNING
    assert found.seen == "2 other runs train on these 2 cores"


def test_a_busy_machine_is_a_warning(tmp_path: Path) -> None:
    assert check("cores", tmp_path, machine=replace(FINE, load=3.5)).verdict is Verdict.WARNING


def test_too_little_memory_is_a_warning_that_names_the_replay_buffer(tmp_path: Path) -> None:
    found = check("memory", tmp_path, machine=replace(FINE, free_memory_bytes=10**9), algorithm="sac")
    assert found.verdict is Verdict.WARNING
    assert "buffer_size" in found.fix


def test_a_full_disk_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.protocol.disk.free_bytes", lambda _: 1000)
    assert check("disk", tmp_path).verdict is Verdict.FAILURE


def test_an_algorithm_that_cannot_learn_the_task_is_a_failure(tmp_path: Path) -> None:
    found = check("task", tmp_path, task="panda_reach", algorithm="crossq")
    assert found.verdict is Verdict.FAILURE
    assert "takes no goals" in found.seen


def test_a_plug_in_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    assert check("plug-ins", tmp_path, f"plugins=[{tmp_path}/gone.py]").verdict is Verdict.FAILURE


def test_a_repetition_is_a_warning_and_another_setting_is_none(tmp_path: Path) -> None:
    create_run(tmp_path, build_config("ant_walk"), NOWHERE)
    assert check("name", tmp_path).verdict is Verdict.WARNING
    assert "1 older run" in check("name", tmp_path, "n_epochs=3").seen
    assert check("name", tmp_path, "seed=7").seen == "ant_walk-ppo-s7"


def test_auto_is_what_the_engine_chooses() -> None:
    ppo, sac = build_config("ant_walk"), build_config("ant_walk", algorithm="sac")
    assert [device_of(config, gpu) for config in (ppo, sac) for gpu in ("", "H200")] == ["cpu", "cpu", "cpu", "cuda"]
    assert (num_workers_of(ppo, 4), num_workers_of(sac, 4)) == (4, 1)


def test_memory_grows_with_environments_and_the_replay_buffer() -> None:
    few, many = build_config("ant_walk"), build_config("ant_walk", overrides=["num_envs=116"])
    assert memory_of(many, facts(), 2) - memory_of(few, facts(), 2) == 100 * 30_000_000
    sac = build_config("ant_walk", algorithm="sac", overrides=["num_envs=16", "total_timesteps=2_000_000"])
    transitions = min(sac.algorithm.buffer_size, 2_000_000)  # type: ignore[union-attr]
    assert memory_of(sac, facts(), 1) > memory_of(few, facts(), 1) + transitions * 4 * 2 * facts().observation_size
