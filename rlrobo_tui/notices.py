"""Which changes of a run deserve a notification: its end, a new best, a refused command, a warning. Pure."""

from typing import Literal

from engine.protocol.status import Status
from rlrobo_tui.quantities import number
from rlrobo_tui.run_view import RunView

Severity = Literal["information", "warning", "error"]


def notices(before: RunView, after: RunView) -> list[tuple[str, Severity]]:
    """Return the sentences for what happened between two snapshots of one run."""
    found: list[tuple[str, Severity]] = []
    if len(after.evaluations) > len(before.evaluations) and after.evaluations[-1].is_best:
        found.append((f"Best evaluation so far: {number(after.evaluations[-1].return_mean)}.", "information"))
    if after.status.is_over and not before.status.is_over:
        # No error, which would stay: the banner of the page does, and it says why and which key goes on.
        severity: Severity = "warning" if after.status is Status.FAILED else "information"
        found.append((f"{after.run_id} {after.status.value}.", severity))
    known = {(line.time, line.text) for line in before.log}
    for line in after.log:
        if (line.time, line.text) not in known and (line.kind == "warning" or " refused" in line.text):
            found.append((f"{line.text}.".replace("..", "."), "warning"))
    return found[-3:]
