"""Plug-ins for tests: a file and an installed package that bring a task each."""

from pathlib import Path

TASK_ID = "cartpole_gentle"
SOURCE = '''"""Balance the pole with small forces."""

import dataclasses

from robots.catalogue.entry import TaskEntry
from robots.registry import register


def make():
    from robots.cartpole import cartpole_balance

    return dataclasses.replace(cartpole_balance(), id="{task_id}")


register(
    TaskEntry(
        id="{task_id}",
        factory=f"{{__name__}}:make",
        summary="Balance the pole.",
        robot="cartpole",
        observation_size=4,
        action_size=1,
        solved_return=475.0,
        random_return=26.0,
        episode_length_s=10.0,
        control_dt_s=0.02,
        licence="-",
    )
)
'''


def write_plugin(folder: Path, *, name: str = "gentle.py", task_id: str = TASK_ID, more: str = "") -> Path:
    """Write a plug-in that registers a task; `more` is what it does afterwards."""
    path = folder / name
    path.write_text(SOURCE.format(task_id=task_id) + more)
    return path


def install_package(site: Path, *, module: str = "lab_tasks", task_id: str = "lab_balance", more: str = "") -> None:
    """Make a folder of installed packages with one that has an entry point, as pip would."""
    info = site / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rlrobo.tasks]\n{module} = {module}\n")
    write_plugin(site, name=f"{module}.py", task_id=task_id, more=more)
