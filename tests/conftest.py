"""What every test gets: no settings of the machine it runs on, and hypothesis without chance or a clock."""

import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

import robots.plugins as plugins_module
from robots.registry import TASKS
from robots.terms import library

# A failure must come again when the test is run again, and a busy machine must not cause one.
hypothesis.settings.register_profile("rlrobo", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("rlrobo")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that tests/rlrobo_tui/test_snapshots.py and tests/live read."""
    parser.addoption("--renew-snapshots", action="store_true", help="store the screens of the app as they are now")
    parser.addoption("--live", action="store_true", help="spend up to a dollar on your AWS account (tests/live)")


@pytest.fixture(autouse=True)
def no_settings_from_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove RLROBO_… variables, so that no test reads or writes the runs of whoever starts it."""
    for name in [name for name in os.environ if name.startswith("RLROBO_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def no_plugins_stay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without plug-ins, and forget those of the test."""
    modules, tasks, num_terms = set(sys.modules), dict(TASKS), library.num_registered()
    monkeypatch.setattr(plugins_module, "_loaded", set())
    yield
    TASKS.clear()
    TASKS.update(tasks)
    library.forget_terms(num_terms)
    for name in set(sys.modules) - modules:
        if name.startswith(("rlrobo_plugin_", "lab_")):
            del sys.modules[name]
