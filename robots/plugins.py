"""Tasks of other packages and files: each plug-in registers its tasks, terms or environments when it is imported.

A plug-in is an entry point of the group `rlrobo.tasks` or a Python file. One that is broken costs a warning that names
it; the others and the built-in tasks work on. Loaded only where a task is not built in, or all are listed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import FrameType

from robots.registry import TASKS

GROUP = "rlrobo.tasks"
TIME_LIMIT_S = 30.0
"""chosen: importing torch from a slow disk takes less; a plug-in that waits for something never ends."""
_LIBRARY = "robots.terms.library"
_loaded: set[str] = set()


class PluginTimeoutError(Exception):
    """Importing a plug-in took too long."""


def load_plugins(files: Iterable[str | Path] = ()) -> list[str]:
    """Load every installed plug-in and the named files, each once; return a warning for each that is broken."""
    loaders: dict[str, Callable[[], object]] = {}
    for point in entry_points(group=GROUP):
        loaders[f"{point.name} ({point.value})"] = _entry_point_loader(point)
    for file in files:
        path = os.path.abspath(file)
        loaders[path] = _file_loader(Path(path))
    warnings = [_load(name, load) for name, load in loaders.items() if name not in _loaded]
    return [warning for warning in warnings if warning]


def _load(name: str, load: Callable[[], object]) -> str:
    """Load one plug-in; return what is wrong with it. What a broken one has registered is taken back."""
    _loaded.add(name)
    before, num_terms = set(TASKS), _num_terms()
    problem = ""
    try:
        with _time_limit(TIME_LIMIT_S), contextlib.redirect_stdout(sys.stderr):  # stdout is data
            load()
    except (Exception, SystemExit) as err:  # noqa: BLE001 - a stranger's code, whose faults must not be ours
        problem = _describe(err, name)
    for task_id in TASKS.keys() - before:
        if problem:
            del TASKS[task_id]
        else:
            TASKS[task_id] = dataclasses.replace(TASKS[task_id], origin=name)
    if problem and _LIBRARY in sys.modules:
        sys.modules[_LIBRARY].forget_terms(num_terms)
    return problem and f"plug-in {name}: {problem}; its tasks are missing. Mend it or leave it out."


def _num_terms() -> int:
    # The library imports NumPy, so it is left alone unless a plug-in has loaded it.
    return sys.modules[_LIBRARY].num_registered() if _LIBRARY in sys.modules else 0


def _describe(err: BaseException, name: str) -> str:
    """Return the error and the line of the plug-in that it came from."""
    text = f"{type(err).__name__}: {err}".rstrip(".: ")
    if isinstance(err, SyntaxError):  # says the line itself
        return text
    line = 0
    traceback = err.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == name:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"line {line}: {text}" if line else text


def _entry_point_loader(point: EntryPoint) -> Callable[[], object]:
    def load() -> None:
        loaded = point.load()
        if callable(loaded):
            loaded()

    return load


def _file_loader(path: Path) -> Callable[[], object]:
    def load() -> None:
        name = f"rlrobo_plugin_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise FileNotFoundError("no such Python file")
        if name in sys.modules:
            raise ImportError(f"another plug-in is called {path.name}, too; rename one")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # entries name their factories as f"{__name__}:function"
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise

    return load


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise PluginTimeoutError in the block after `seconds`; only a process's first thread can, others wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(number: int, frame: FrameType | None) -> None:
        raise PluginTimeoutError(f"importing it took more than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
