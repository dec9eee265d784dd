"""An engine is a process of its own: it outlives its starter, and what it says is kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.launch import find_engine, find_supervisor, kill_engine, signal_stop, start_engine
from engine.protocol.config import RunConfig
from engine.protocol.errors import StorageError
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run

HOLD = """
import sys
from pathlib import Path
from engine.protocol.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
REPORT = """
import os, sys
print(os.getpid() == os.getsid(0), os.getcwd(), *sys.argv[1:], repr(sys.stdin.read()), flush=True)
print("a warning", file=sys.stderr)
"""


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return create_run(tmp_path / "runs", RunConfig(task="cartpole_balance"), collect_provenance())


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An interpreter whose `-m engine.supervise` runs REPORT in place of `-m engine`."""
    (tmp_path / "report.py").write_text(REPORT)
    command = [sys.executable, str(tmp_path / "report.py")]
    program = f"import sys; from engine.supervise import main; sys.exit(main(sys.argv[3:], engine_command={command}))"
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{program}" "$@"\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))


@pytest.fixture
def engine(run: RunDir) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the run's lock, as an engine does."""
    command = [sys.executable, "-c", HOLD, str(run.lock_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


@pytest.mark.usefixtures("fake_engine")
def test_engine_is_detached_in_the_run_directory_and_logs_what_it_says(run: RunDir) -> None:
    assert start_engine(run).wait() == 0
    assert run.engine_log.read_text() == f"True {run.path} {run.path} ''\na warning\n"


@pytest.mark.usefixtures("fake_engine")
def test_engine_is_told_where_to_go_on_and_how_far(run: RunDir) -> None:
    assert start_engine(run, from_step=1000, total_timesteps=5000, auto_resume=2).wait() == 0
    assert f"{run.path} --from 1000 --total-timesteps 5000 ''" in run.engine_log.read_text()


@pytest.mark.usefixtures("fake_engine")
def test_log_of_an_earlier_engine_is_kept(run: RunDir) -> None:
    run.engine_log.write_text("earlier\n")
    start_engine(run).wait()
    assert run.engine_log.read_text().startswith("earlier\n")


@pytest.mark.usefixtures("fake_engine")
def test_engine_of_a_relative_run_gets_an_absolute_path(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.path.parent)
    start_engine(RunDir(Path(run.id))).wait()
    assert str(run.path) == run.engine_log.read_text().split()[2]


def test_engine_folder_of_the_user_does_not_shadow_the_engine(
    run: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__main__.py").write_text("print('the user of this folder')")
    monkeypatch.chdir(tmp_path)
    run.config.write_text("task: [")  # so that the real engine ends at once, with a sentence that only it writes
    assert start_engine(run).wait() == 2
    assert "engine: " in run.engine_log.read_text()


def test_missing_run_directory_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"engine\.log: cannot write"):
        start_engine(RunDir(tmp_path / "absent"))


def test_engine_is_found_while_it_holds_the_lock(run: RunDir, engine: "subprocess.Popen[str]") -> None:
    holder = find_engine(run)
    assert holder is not None
    assert holder.pid == engine.pid


def test_run_without_an_engine_has_none(run: RunDir) -> None:
    assert find_engine(run) is None


def test_stop_is_a_sigterm_to_the_engine(run: RunDir, engine: "subprocess.Popen[str]") -> None:
    assert signal_stop(run)
    assert engine.wait() == -signal.SIGTERM


def test_kill_is_a_sigkill_to_the_engine(run: RunDir, engine: "subprocess.Popen[str]") -> None:
    assert kill_engine(run)
    assert engine.wait() == -signal.SIGKILL


@pytest.fixture
def supervisor(run: RunDir) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the supervisor's lock."""
    command = [sys.executable, "-c", HOLD, str(run.supervisor_lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_supervisor_is_found_while_it_holds_its_lock(run: RunDir, supervisor: "subprocess.Popen[str]") -> None:
    holder = find_supervisor(run)
    assert holder is not None
    assert holder.pid == supervisor.pid


def test_stop_is_a_sigterm_to_the_supervisor_where_there_is_one(
    run: RunDir, supervisor: "subprocess.Popen[str]", engine: "subprocess.Popen[str]"
) -> None:
    assert signal_stop(run)
    assert supervisor.wait() == -signal.SIGTERM
    assert engine.poll() is None  # to pass it on is the supervisor's business


def test_kill_tells_the_supervisor_to_start_no_other(
    run: RunDir, supervisor: "subprocess.Popen[str]", engine: "subprocess.Popen[str]"
) -> None:
    assert kill_engine(run)
    assert supervisor.wait() == -signal.SIGTERM
    assert engine.wait() == -signal.SIGKILL


def test_nobody_is_signalled_where_the_engine_is_gone(run: RunDir, engine: "subprocess.Popen[str]") -> None:
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    assert not signal_stop(run)
    assert not kill_engine(run)
