"""Who may import whom. Each rule says why; a breach means that code is in the wrong package.

Read twice: statically, over every import statement of every file, and in a fresh interpreter, where an import that
hides behind another shows in sys.modules.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "robots", "rlrobo_tui", "cloud", "configs")
PHYSICS = ("pybullet", "pybullet_data", "pybullet_utils")
LEARNING = ("torch", "stable_baselines3", "sb3_contrib")
TERMINAL = ("textual", "rich", "typer", "plotext")
AWS = ("boto3", "botocore")


@dataclass(frozen=True)
class Rule:
    """Files below `where` (except those below `except_in`) import none of `forbidden`."""

    where: tuple[str, ...]
    forbidden: tuple[str, ...]
    reason: str
    except_in: tuple[str, ...] = ()

    def applies_to(self, path: str) -> bool:
        return path.startswith(self.where) and not path.startswith(self.except_in or ("/",))


RULES = {
    "contract_is_light": Rule(
        where=("engine/protocol/", "engine/launch.py", "robots/registry.py", "robots/spec.py", "robots/term_specs.py"),
        forbidden=(*LEARNING, *PHYSICS, *TERMINAL, *AWS, "gymnasium"),
        reason="Everyone imports them, and `rlrobo --help` must answer at once.",
    ),
    "contract_knows_nobody": Rule(
        where=("engine/protocol/",),
        forbidden=(
            "engine.worker",
            "engine.replay",
            "engine.sampling",
            "engine.places",
            "robots",
            "rlrobo_tui",
            "cloud",
        ),
        reason="It is what the others agree on; knowing one of them would tie all to it.",
    ),
    "physics_has_one_door": Rule(
        where=PACKAGES,
        except_in=("robots/bullet/", "robots/render.py"),
        forbidden=PHYSICS,
        reason="A second physics engine must fit behind robots/simulation.py; tasks and terms must not know.",
    ),
    "robots_stand_alone": Rule(
        where=("robots/",),
        forbidden=("engine", "rlrobo_tui", "cloud", *LEARNING, *TERMINAL, *AWS),
        reason="Robots are used through Gymnasium by people who do not train with us.",
    ),
    "learning_has_one_door": Rule(
        where=PACKAGES,
        except_in=("engine/worker/", "engine/replay/", "engine/bench/"),
        forbidden=LEARNING,
        reason="torch takes seconds and hundreds of megabytes; only the processes that need it pay.",
    ),
    "sampling_is_without_torch": Rule(
        where=("engine/sampling/",),
        forbidden=(*LEARNING, "engine.worker"),
        reason="Each rollout process would load torch; the policies there are numpy.",
    ),
    "engine_has_no_viewer": Rule(
        where=("engine/",),
        forbidden=("rlrobo_tui", *TERMINAL),
        reason="The engine runs where there is no terminal, and viewers can die.",
    ),
    "cloud_never_trains": Rule(
        where=("cloud/",),
        forbidden=("engine.worker", "engine.sampling", "engine.replay", "rlrobo_tui", *LEARNING, *PHYSICS),
        reason="The cloud is a place where the same engine runs, in a process of its own.",
    ),
    "aws_has_one_door": Rule(
        where=PACKAGES,
        except_in=("cloud/aws.py",),
        forbidden=AWS,
        reason="A fake of one module stands in for AWS in every test.",
    ),
    "viewer_never_trains": Rule(
        where=("rlrobo_tui/",),
        forbidden=(*LEARNING, *PHYSICS, *AWS, "gymnasium", "engine.worker", "engine.sampling"),
        reason="The app reads events and writes commands; what needs more is a child process.",
    ),
}

LIGHT_MODULES = [
    *sorted(f"engine.protocol.{path.stem}" for path in (ROOT / "engine/protocol").glob("[a-z]*.py")),
    "engine.launch",
    "engine.supervise",
    "robots.registry",
    "robots.spec",
    "rlrobo_tui.cli",
    "rlrobo_tui.app",
]
HEAVY = (*LEARNING, *PHYSICS, *AWS, "gymnasium")


def source_files() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports_of(path: str) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every import in a file, those inside functions included."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def breaches(rule: Rule) -> list[str]:
    return [
        f"{path}:{line} imports {name}"
        for path in source_files()
        if rule.applies_to(path)
        for line, name in imports_of(path)
        if any(name == module or name.startswith(f"{module}.") for module in rule.forbidden)
    ]


@pytest.mark.parametrize("name", RULES)
def test_no_import_breaks_the_rule(name: str) -> None:
    found = breaches(RULES[name])
    assert not found, f"{RULES[name].reason} " + "; ".join(found)


def test_imports_are_absolute() -> None:
    """A relative import would pass the rules unseen."""
    relative = [
        f"{path}:{node.lineno}"
        for path in source_files()
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_a_breach_inside_a_function_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "robots").mkdir()
    (tmp_path / "robots" / "dog.py").write_text("def load():\n    from pybullet import connect\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert breaches(RULES["physics_has_one_door"]) == ["robots/dog.py:2 imports pybullet.connect"]


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module, HEAVY) == []


def test_help_loads_no_terminal_app() -> None:
    assert loaded_by("rlrobo_tui.cli", ("textual", "plotext", "numpy", "yaml", "psutil")) == []


def loaded_by(module: str, names: tuple[str, ...]) -> list[str]:
    """Return which of `names` are loaded in a fresh interpreter that imports `module`."""
    code = f"import sys, {module}\nprint(*(name for name in {names!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()
