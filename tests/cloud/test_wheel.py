"""The wheel that instances install is this code, and pip takes it."""

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from cloud.wheel import PACKAGES, build_wheel, constraints


def test_the_same_code_makes_the_same_wheel(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    one, two = map(build_wheel, folders)
    assert one.sha256 == two.sha256
    assert one.path.name == two.path.name == f"rlrobo-{metadata.version('rlrobo')}-py3-none-any.whl"


def test_it_holds_every_package_and_no_bytecode(tmp_path: Path) -> None:
    names = zipfile.ZipFile(build_wheel(tmp_path).path).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("rlrobo-")} == set(PACKAGES)
    assert {"engine/supervise.py", "engine/kernels/td3.c", "configs/half_cheetah_run/ppo.yaml"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_pip_installs_it_and_the_engine_in_it_answers(tmp_path: Path) -> None:
    wheel, target = build_wheel(tmp_path).path, tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, str(target), str(wheel)], check=True, capture_output=True)
    found = subprocess.run(
        [sys.executable, "-c", "import cloud, engine; print(engine.__file__)"],
        env={"PYTHONPATH": str(target)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(target / "engine/__init__.py")
    assert "Requires-Dist: torch" in next(target.glob("rlrobo-*.dist-info/METADATA")).read_text()


def test_versions_are_those_of_this_installation() -> None:
    lines = dict(line.split("==") for line in constraints().splitlines())
    assert lines["numpy"] == metadata.version("numpy")
    assert "+" not in lines["torch"]
    assert lines["torch"] == metadata.version("torch").partition("+")[0]
    assert {"boto3", "botocore", "pybullet", "stable-baselines3"} <= set(lines)
    assert "pytest" not in lines
