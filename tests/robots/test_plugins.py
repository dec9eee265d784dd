"""Plug-ins register tasks, terms and environments; a broken one is named and harms nobody else."""

import importlib
from pathlib import Path

import gymnasium
import pytest

import robots.plugins as plugins_module
from robots.env import RobotEnv
from robots.plugins import load_plugins
from robots.registry import TASKS, find_task
from robots.terms.library import find_term, terms_of
from tests.plugin_files import TASK_ID, install_package, write_plugin

pytestmark = pytest.mark.usefixtures("no_plugins_stay")


def test_a_file_registers_a_task_that_can_be_stepped(tmp_path: Path) -> None:
    path = write_plugin(tmp_path)
    assert load_plugins([path]) == []
    assert find_task(TASK_ID).origin == str(path)
    env = RobotEnv(TASK_ID)
    env.reset(seed=1)
    assert env.step(env.action_space.sample())[1] == 1.0
    env.close()


def test_an_installed_package_registers_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert load_plugins() == []
    assert find_task("lab_balance").origin == "lab_tasks (lab_tasks)"


def test_a_file_registers_a_term(tmp_path: Path) -> None:
    path = tmp_path / "terms.py"
    path.write_text(
        "from robots.terms.library import register_term\n"
        "def lean(state):\n    return state.joint_position[:, 1]\n"
        "register_term('rewards', 'test_lean', lean)\n"
    )
    assert load_plugins([path]) == []
    assert find_term("rewards", "test_lean", "here").__name__ == "lean"


def test_the_terms_of_a_broken_file_are_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "terms.py"
    path.write_text(
        "from robots.terms.library import register_term\n"
        "def lean(state):\n    return state.joint_position[:, 1]\n"
        "register_term('rewards', 'broken_lean', lean)\n"
        "raise ValueError('too late')\n"
    )
    (warning,) = load_plugins([path])
    assert "line 5: ValueError: too late" in warning
    assert "broken_lean" not in terms_of("rewards")


def test_a_file_registers_an_environment_of_gymnasium(tmp_path: Path) -> None:
    path = tmp_path / "env.py"
    path.write_text("import gymnasium\ngymnasium.register('RlroboTest-v0', entry_point='nowhere:Nothing')\n")
    assert load_plugins([path]) == []
    assert "RlroboTest-v0" in gymnasium.registry
    del gymnasium.registry["RlroboTest-v0"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def broken(:\n", "SyntaxError: "),
        ("import no_such_package\n", "line 1: ModuleNotFoundError: No module named 'no_such_package'"),
        ("\n\nraise RuntimeError('no licence')\n", "line 3: RuntimeError: no licence"),
        ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
        ("while True:\n    pass\n", "PluginTimeoutError: importing it took more than 0.2 s"),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_work(
    text: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins_module, "TIME_LIMIT_S", 0.2)
    broken, good = tmp_path / "broken.py", write_plugin(tmp_path)
    broken.write_text(text)
    (warning,) = load_plugins([broken, good])
    assert warning.startswith(f"plug-in {broken}: ")
    assert problem in warning
    assert warning.endswith("its tasks are missing. Mend it or leave it out.")
    assert TASK_ID in TASKS


def test_a_broken_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(tmp_path, module="lab_broken", more="raise ValueError('bad day')\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    (warning,) = load_plugins()
    assert warning.startswith("plug-in lab_broken (lab_broken): ValueError: bad day; ")


def test_what_a_plugin_registered_before_it_broke_is_taken_back(tmp_path: Path) -> None:
    path = write_plugin(tmp_path, more="raise ValueError('half way')\n")
    assert len(load_plugins([path])) == 1
    assert TASK_ID not in TASKS


def test_an_id_that_is_taken_is_refused_and_stays_what_it_was(tmp_path: Path) -> None:
    entry = TASKS["cartpole_balance"]
    (warning,) = load_plugins([write_plugin(tmp_path, task_id="cartpole_balance")])
    assert "cartpole_balance: id: already registered" in warning
    assert TASKS["cartpole_balance"] is entry


def test_each_plugin_is_loaded_once(tmp_path: Path) -> None:
    path = write_plugin(tmp_path)
    assert load_plugins([path]) == load_plugins([path]) == []


def test_two_files_of_the_same_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    second = write_plugin(tmp_path / "other", task_id="another")
    (warning,) = load_plugins([write_plugin(tmp_path), second])
    assert f"plug-in {second}: ImportError: another plug-in is called gentle.py, too; rename one" in warning


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (warning,) = load_plugins([tmp_path / "missing.py"])
    assert warning.startswith(f"plug-in {tmp_path / 'missing.py'}: FileNotFoundError: no such Python file")


def test_what_a_plugin_prints_is_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_plugins([write_plugin(tmp_path, more="print('hello')\n")])
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")
