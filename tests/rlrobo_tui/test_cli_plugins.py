"""`rlrobo train` with plug-ins: which are found, what goes into the run, and what a broken one costs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from engine.protocol.run_dir import RunDir, list_runs
from engine.protocol.task_facts import TaskFacts, read_facts
from rlrobo_tui.commands import train as train_module
from rlrobo_tui.commands.child import run_child
from tests.plugin_files import TASK_ID, install_package, write_plugin
from tests.rlrobo_tui.cli_calls import Cli, FakeEngines, call_process

pytestmark = pytest.mark.usefixtures("no_plugins_stay")


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> FakeEngines:
    """No engine starts."""
    fake = FakeEngines()
    monkeypatch.setattr(train_module, "start_engine", fake)
    return fake


def resolved(cli: Cli, *arguments: str) -> dict:
    result = cli("train", *arguments, "--dry-run")
    assert result.exit_code == 0, result.stderr
    return yaml.safe_load(result.stdout)


def describe(run: RunDir) -> TaskFacts:
    """Load the task of `run` in a process of its own, as its engine does."""
    text = msgspec.json.encode(run.read_config()).decode()
    output = run_child("engine.describe", [str(run.path), text], working_directory=run.path, listen=lambda _: None)
    return msgspec.json.decode(output, type=TaskFacts)


def test_a_run_takes_its_plugin_along(cli: Cli, tmp_path: Path, engines: FakeEngines) -> None:
    path = write_plugin(tmp_path)
    assert cli("train", TASK_ID, "--plugin", str(path)).exit_code == 0
    ((run, _),) = engines.started
    path.unlink()
    assert run.read_config().plugins == ["plugins/gentle.py"]
    facts = read_facts(run.facts)
    assert facts is not None
    assert (facts.id, facts.max_episode_steps) == (TASK_ID, 500)
    assert msgspec.structs.replace(describe(run), origin=facts.origin) == facts


def test_a_runs_own_configuration_trains_it_again(cli: Cli, tmp_path: Path, engines: FakeEngines) -> None:
    assert cli("train", TASK_ID, "--plugin", str(write_plugin(tmp_path))).exit_code == 0
    (first,) = list_runs(cli.runs_dir)
    assert cli("train", str(first.config)).exit_code == 0
    second = list_runs(cli.runs_dir)[0]
    assert second.read_config() == first.read_config()
    assert (second.path / "plugins" / "gentle.py").is_file()


def named_by_option(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.chdir(path.parent)
    return (TASK_ID, "--plugin", path.name)


def named_by_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("RLROBO_PLUGINS", f"/no/such.py:{path}")
    return (TASK_ID,)


def named_by_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    file = path.with_name("run.yaml")
    file.write_text(f"task: {TASK_ID}\nplugins: [{path.name}]\n")
    return (str(file),)


@pytest.mark.parametrize("name_it", [named_by_option, named_by_the_environment, named_by_a_file])
def test_a_plugin_is_named_in_three_ways(
    name_it: Callable[[Path, pytest.MonkeyPatch], tuple[str, ...]],
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_plugin(tmp_path)
    assert resolved(cli, *name_it(path, monkeypatch))["plugins"] == [str(path)]


def test_an_installed_plugin_needs_no_naming(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert resolved(cli, "lab_balance")["plugins"] == []


def test_a_built_in_task_pays_nothing_for_a_standing_plugin(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_plugin(tmp_path, more="raise ValueError('bad day')\n")
    monkeypatch.setenv("RLROBO_PLUGINS", str(path))
    result = cli("train", "cartpole_balance", "--dry-run")
    assert (yaml.safe_load(result.stdout)["plugins"], result.stderr) == ([], "")


def test_a_broken_plugin_is_named_and_another_trains(cli: Cli, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_package\n")
    result = cli("train", TASK_ID, "--plugin", str(broken), "--plugin", str(write_plugin(tmp_path)), "--dry-run")
    assert result.exit_code == 0
    assert f"rlrobo: plug-in {broken}: line 1: ModuleNotFoundError" in result.stderr


@pytest.mark.parametrize(
    ("plugins", "sentence"),
    [
        (("missing.py",), "missing.py: no such Python file."),
        (("a/gentle.py", "b/gentle.py"), "a/gentle.py: two are called gentle.py; rename one"),
    ],
)
def test_plugins_that_a_run_cannot_take_along_are_refused(
    plugins: tuple[str, ...], sentence: str, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_plugin(tmp_path / folder)
    result = cli("train", TASK_ID, *(word for name in plugins for word in ("--plugin", name)))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not cli.runs_dir.exists()


def test_parameters_are_checked_before_there_is_a_run(cli: Cli, tmp_path: Path) -> None:
    result = cli("train", TASK_ID, "--plugin", str(write_plugin(tmp_path)), "--set", "task_params.terrain=rough")
    assert result.exit_code == 2
    assert f"{TASK_ID}: task_params.terrain: unknown parameter; allowed: none." in result.stderr
    assert not cli.runs_dir.exists()


def test_stdout_is_data_whatever_a_plugin_prints(tmp_path: Path) -> None:
    path = write_plugin(tmp_path, more="print('hello')\n")
    result = call_process(tmp_path / "runs", "train", TASK_ID, "--plugin", str(path), "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert yaml.safe_load(result.stdout)["task"] == TASK_ID
    assert "hello" in result.stderr


def test_finding_a_plugins_task_loads_neither_physics_nor_learning(tmp_path: Path) -> None:
    path = write_plugin(tmp_path)
    code = (
        "import sys\n"
        "from engine.protocol.settings import read_settings\n"
        "from rlrobo_tui.commands.task_facts import facts_for\n"
        "from rlrobo_tui.commands.train_config import Request, resolve\n"
        f"request = Request(target={TASK_ID!r}, plugins=({str(path)!r},))\n"
        "facts_for(resolve(request, read_settings()))\n"
        "print(*(name for name in ('torch', 'pybullet', 'stable_baselines3', 'gymnasium') if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_plugins_tasks_are_listed_with_where_they_come_from(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_plugin(tmp_path)
    broken = tmp_path / "broken.py"
    broken.write_text("import no_such_package\n")
    monkeypatch.setenv("RLROBO_PLUGINS", f"{broken}:{path}")
    result = cli("robots")
    assert result.exit_code == 0
    assert TASK_ID in result.stdout
    assert "cartpole_balance" in result.stdout
    assert f"{TASK_ID} comes from the plug-in {path}." in result.stderr
    assert f"rlrobo: plug-in {broken}: line 1: ModuleNotFoundError" in result.stderr
