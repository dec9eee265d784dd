"""`rlrobo robots` and its commands: lists, descriptions, a robot of one's own, and models that are broken."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rlrobo_tui.commands import own_robot
from robots.registry import TASKS
from robots.term_specs import GROUPS
from robots.terms.library import terms_of
from tests.rlrobo_tui.cli_calls import Cli
from tests.robots.declarations import cartpole_mapping
from tests.robots.models import write_arm


def write_mapping(path: Path, **changes: object) -> str:
    path.write_text(yaml.safe_dump(cartpole_mapping(**changes), sort_keys=False))
    return str(path)


@pytest.fixture
def fake_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a Python file stand for what inspects models; write it, then call."""
    monkeypatch.setattr(own_robot, "ROOT", tmp_path)
    monkeypatch.setattr(own_robot, "PROPOSE", "a_child")
    return tmp_path / "a_child.py"


def test_the_list_can_be_narrowed_to_a_family(cli: Cli) -> None:
    entries = json.loads(cli("robots", "--family", "classic", "--json").stdout)
    assert [entry["id"] for entry in entries] == [task.id for task in TASKS.values() if task.family == "classic"]


def test_an_unknown_family_names_the_nearest(cli: Cli) -> None:
    result = cli("robots", "--family", "clasic")
    assert result.exit_code == 2
    assert "--family clasic: no such family; did you mean 'classic'?" in result.stderr


def test_show_has_a_table_for_each_part_of_a_task(cli: Cli) -> None:
    lines = cli("robots", "show", "cartpole_balance").stdout.splitlines()
    assert lines[0].startswith("cartpole_balance: Keep a pole upright")
    for part in ("Observation", "Action, each element in [-1, 1]", "Rewards", "Terminations", "Resets"):
        assert part in lines
    assert "2      pole angle     0.2 rad" in lines
    assert "0      slider_to_cart  10 N·m or N" in lines


def test_show_describes_a_goal_and_parameters(cli: Cli) -> None:
    text = cli("robots", "show", "panda_reach").stdout
    assert "-1 until the achieved goal is within 0.05 m of the desired one, then 0 (sparse)" in text
    assert "task_params.NAME=VALUE" in text


def test_show_reads_a_robots_file(cli: Cli, tmp_path: Path) -> None:
    report = json.loads(cli("robots", "show", write_mapping(tmp_path / "cart.yaml"), "--json").stdout)
    assert (report["task"], report["entry"]) == ("cartpole_balance", None)
    assert [row[0] for row in report["terminations"]] == ["pole_fell", "cart_left_rail"]


def test_terms_lists_every_term_with_its_parameters(cli: Cli) -> None:
    terms = json.loads(cli("robots", "terms", "--json").stdout)
    assert {(term["group"], term["name"]) for term in terms} == {(g, name) for g in GROUPS for name in terms_of(g)}
    (track,) = (term for term in terms if term["name"] == "track_speed_x_exp")
    assert track["parameters"] == ["target_m_s", "width_m_s"]
    assert all(term["meaning"] for term in terms)


def test_terms_of_one_group_only(cli: Cli) -> None:
    lines = cli("robots", "terms", "terminations").stdout.splitlines()
    assert {line.split()[0] for line in lines[1:]} == {"terminations"}
    assert "no group of terms; did you mean 'rewards'?" in cli("robots", "terms", "reward").stderr


def test_listing_and_describing_load_no_physics(tmp_path: Path) -> None:
    calls = [["robots", "terms"], ["robots", "show", "a1_walk"], ["robots", "show", write_mapping(tmp_path / "c.yaml")]]
    program = f"""if True:
        import contextlib, io, sys
        from rlrobo_tui.cli import main
        for call in {calls!r}:
            with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
                main(call)
        print(*({{"torch", "pybullet", "gymnasium"}} & set(sys.modules)))
    """
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_new_writes_a_task_beside_the_model_and_overwrites_nothing(cli: Cli, tmp_path: Path) -> None:
    model = write_arm(tmp_path)
    result = cli("robots", "new", str(model))
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'arm.yaml'}\n")
    assert "2 driven joints; its task: bring its tip to a point" in result.stderr
    written = (tmp_path / "arm.yaml").read_text()
    assert yaml.safe_load(written)["robot"]["model"] == "arm.urdf"
    again = cli("robots", "new", str(model))
    assert (again.exit_code, (tmp_path / "arm.yaml").read_text()) == (2, written)
    assert "arm.yaml: exists already; --force overwrites it" in again.stderr
    assert f"{tmp_path}: is a folder; name a URDF or MJCF file." in cli("robots", "new", str(tmp_path)).stderr


def test_new_names_the_model_from_where_the_file_is(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    target = tmp_path / "tasks" / "reach.yaml"
    (tmp_path / "tasks" / "reach.yaml").write_text("old")
    assert cli("robots", "new", str(write_arm(tmp_path)), "--output", str(target), "--force").exit_code == 0
    assert yaml.safe_load(target.read_text())["robot"]["model"] == "../arm.urdf"


def test_a_folder_of_the_users_called_robots_is_in_nobodys_way(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "robots").mkdir()
    (tmp_path / "robots" / "__init__.py").write_text("raise SystemExit('the wrong package')")
    write_arm(tmp_path / "robots", ('value="1.0"', 'value="0"'))
    monkeypatch.chdir(tmp_path)
    assert cli("robots", "new", "robots/arm.urdf").stderr.startswith("rlrobo: robots/arm.urdf:7: link 'upper'")


def test_a_broken_model_is_one_sentence_and_leaves_no_file(cli: Cli, tmp_path: Path) -> None:
    result = cli("robots", "new", str(write_arm(tmp_path, ('value="1.0"', 'value="0"'))))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"rlrobo: {tmp_path}/arm.urdf:7: link 'upper': <mass value>: got 0;")
    assert not (tmp_path / "arm.yaml").exists()


def test_a_crash_of_the_physics_engine_is_told_with_its_last_words(cli: Cli, fake_child: Path) -> None:
    fake_child.write_text(
        "import os, sys\nprint('b3Error[x.cpp,1]:\\nCannot parse link', file=sys.stderr, flush=True)\nos.abort()"
    )
    result = cli("robots", "new", "arm.urdf")
    assert result.exit_code == 1
    assert "died (killed by SIGABRT)" in result.stderr
    assert result.stderr.endswith("PyBullet said: Cannot parse link\n")


def test_a_model_that_hangs_is_given_up(cli: Cli, fake_child: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_robot, "PROPOSE_LIMIT_S", 0.3)
    fake_child.write_text("while True: pass")
    result = cli("robots", "new", "arm.urdf")
    assert (result.exit_code, "did not end within 0.3 s and was killed" in result.stderr) == (1, True)


def test_check_tells_promises_agents_and_draws_a_picture(cli: Cli, tmp_path: Path) -> None:
    result = cli("robots", "check", write_mapping(tmp_path / "cart.yaml"))
    assert result.exit_code == 0, result.stderr
    assert "observation 4 (cart_position 1, cart_velocity 1, pole_angle 1, pole_velocity 1)" in result.stdout
    assert "11 of 11 promises kept" in result.stdout
    assert [line.split()[0] for line in result.stdout.splitlines() if "reward/" in line] == ["reward/alive"]
    assert "ended by pole_fell" in result.stdout
    assert (tmp_path / "cart.png").read_bytes().startswith(b"\x89PNG")


def test_check_fails_where_a_promise_is_broken(cli: Cli, tmp_path: Path) -> None:
    result = cli("robots", "check", write_mapping(tmp_path / "cart.yaml", resets={}), "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    (broken,) = [promise for promise in report["promises"] if promise["problem"]]
    assert broken["name"] == "two resets differ"
    assert report["picture"] == str(tmp_path / "cart.png")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"terminations__pole_fell__limt": 1}, "terminations.pole_fell.limt: joint_beyond has no such parameter"),
        ({"robot__model": "cart.urdf"}, "cart.urdf: no such file; looked at"),
        ({"observations__pole_angle__joints": ["pol"]}, "observations.pole_angle: joints: the robot has no 'pol'"),
        ({"observations__pole_velocity__scale": 1e308}, "observations.pole_velocity: not finite at step"),
    ],
)
def test_check_names_file_and_term_of_what_is_wrong(
    cli: Cli, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    file = write_mapping(tmp_path / "cart.yaml", **changes)
    result = cli("robots", "check", file)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"rlrobo: {file}: ") or "cart.urdf" in message
    assert message in result.stderr


def test_yaml_that_cannot_be_read_is_told_before_anything_is_started(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "cart.yaml").write_text("robot: [")
    result = cli("robots", "check", str(tmp_path / "cart.yaml"))
    assert "not valid YAML" in result.stderr
    assert cli("robots", "check", "no_such_task").exit_code == 2
