"""An instance with nothing on it installs the wheel that was sent, from the package index that this machine's pip uses.

Takes minutes and some hundred megabytes. The machine is a light one, whose programs stand before the system's: a Python
without packages, and package managers that have nothing, so that this machine stays as it is.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.records import Cause
from tests.cloud.spot_world import SHORT, World, events_of, new_world
from tests.fakeaws.machine import LightMachine, write_program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),  # moto knows no policies of buckets
]
PASSED = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT")
"""Variables by which this machine's pip reaches its index."""
INSTALL_S = 1500.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(tmp_path / "probe"), "msgspec"]
    if subprocess.run(pip, capture_output=True, check=False, timeout=300).returncode:
        pytest.skip("needs a package index")
    boot = LightMachine.boot

    def boot_bare(machine: LightMachine, user_data: bytes) -> None:
        programs = machine._root / "bin"
        name = f"python3.{sys.version_info.minor}"
        write_program(programs / name, f'#!/bin/sh\nexec {sys.base_prefix}/bin/{name} "$@"\n'.encode())
        for name in ("dnf", "apt-get"):
            write_program(programs / name, b"#!/bin/sh\nexit 1\n")
        boot(machine, user_data)

    monkeypatch.setattr(LightMachine, "boot", boot_bare)
    with new_world(tmp_path, monkeypatch, timescale=1.0) as made:
        variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED)}
        made.fake.set_image({"RLROBO_PYTHON": "", **variables})
        yield made


def test_a_bare_machine_installs_the_wheel_and_trains(world: World) -> None:
    run = world.new_run(*SHORT)
    world.follow(run)
    life = world.life(1)
    end = world.wait_for_end(run, timeout_s=INSTALL_S)
    assert end.cause is Cause.FINISHED, world.told(run)
    assert len(world.fake.lives) == 1
    assert max(event.step for event in events_of(run)) >= 4096
    installed = life.machine.console.parent / "opt/rlrobo/venv"
    packages = next(installed.glob("lib/python*/site-packages"))
    assert (packages / "rlrobo_tui").is_dir()
    assert not list(packages.glob("nvidia*")), "a machine without a GPU gets no CUDA"
    shutil.rmtree(installed)  # it is large, and pytest keeps folders
