"""Commands beside the app: what they said, and that leaving ends them with their children."""

import asyncio
import signal
import time
from pathlib import Path

import psutil
import pytest

from engine.protocol.events import StatusChanged
from engine.protocol.status import Status
from rlrobo_tui.machine import find_gpu, look
from rlrobo_tui.twin import Output, run_command, run_program
from tests.rlrobo_tui.app_runs import hold, make_run, training


def test_a_command_s_output_is_returned() -> None:
    output = asyncio.run(run_command("robots", "show", "nobody"))
    assert output.code == 2
    assert output.last_words.startswith("nobody: no such task")


def test_a_silent_failure_is_told_by_its_exit_code() -> None:
    assert Output(9, "", "\n").last_words == "it ended with exit code 9"


def test_leaving_kills_the_command_and_its_children(tmp_path: Path) -> None:
    script = tmp_path / "two"
    script.write_text("#!/bin/sh\nsleep 60 &\necho $! > $1\nwait\n")
    script.chmod(0o755)
    told = tmp_path / "child"

    async def leave() -> int:
        task = asyncio.create_task(run_program(str(script), str(told)))
        while not told.exists() or not told.read_text().strip():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return int(told.read_text())

    pid = asyncio.run(leave())
    end = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_leaving_kills_a_command_that_is_only_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    make = asyncio.create_subprocess_exec

    async def leave() -> None:
        must_start = asyncio.Event()

        async def start_late(*command: str, **options: object) -> asyncio.subprocess.Process:
            await must_start.wait()
            started.append(await make(*command, **options))  # type: ignore[arg-type]
            return started[0]

        monkeypatch.setattr(asyncio, "create_subprocess_exec", start_late)
        task = asyncio.create_task(run_program("sleep", "60"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        must_start.set()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    assert started[0].returncode == -signal.SIGKILL


def test_a_driver_that_hangs_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "nvidia-smi"
    fake.write_text("#!/bin/sh\nsleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("rlrobo_tui.machine.GPU_PATIENCE_S", 0.2)
    assert asyncio.run(find_gpu()) == ""


def test_this_machine_has_processors_and_memory(tmp_path: Path) -> None:
    found = asyncio.run(look(tmp_path))
    assert found.num_cpus >= 1
    assert 0 < found.free_memory_bytes <= found.memory_bytes
    assert found.training == ()


def test_paused_runs_do_not_count_as_training(tmp_path: Path) -> None:
    held = StatusChanged(step=500, status=Status.PAUSED)
    for seed, events in ((1, training()), (2, [*training(), held])):
        hold(make_run(tmp_path, events=events, seed=seed))
    assert asyncio.run(look(tmp_path)).training == ("cartpole_balance-ppo-s1",)
