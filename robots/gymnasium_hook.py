"""Make `gymnasium.make("rlrobo/ant_walk-v0")` work in any script of the same environment, without an import of ours.

Gymnasium read the entry point group `gymnasium.envs` until 0.29; since 1.0 it reads none. So the installed
rlrobo_gymnasium.pth imports a copy of this module (rlrobo_gymnasium_hook, so that a script's own `robots` folder is not
shadowed) when Python starts, and it waits for Gymnasium to be imported. That costs every start about a millisecond.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False  # typing itself would cost every Python start of the environment some milliseconds
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _AfterGymnasium:
    """A finder that finds nothing by itself: it adds the registration to whoever loads Gymnasium."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)  # type: ignore[arg-type]
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            _register()

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


def _register() -> None:
    try:
        import robots.gymnasium_plugin  # noqa: F401
    except Exception as err:  # noqa: BLE001 - somebody else's `import gymnasium` must not fail because of us
        import warnings

        warnings.warn(f"rlrobo: its tasks are not registered with Gymnasium: {err}", stacklevel=2)


if "gymnasium" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _AfterGymnasium())  # type: ignore[arg-type]
