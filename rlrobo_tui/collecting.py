"""When Python looks for reference cycles: not while the app starts, and afterwards not among what it keeps for good.

Each search stops every thread, and one among all modules, classes and style rules takes a tenth of a second: that is
seen by whoever presses a key meanwhile. Only the process of the app does this; see commands/tui.py.
"""

import gc

YOUNG, MIDDLE, OLD = 5_000, 10, 50
"""Chosen: a picture of a page makes some thousand objects, nearly all of which go without a search."""


def hold() -> None:
    """Look for no cycles until `settle`."""
    gc.disable()


def settle() -> None:
    """Keep what there is for good, and look for cycles in what comes; do nothing where searches were never held."""
    if gc.isenabled():
        return
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()
