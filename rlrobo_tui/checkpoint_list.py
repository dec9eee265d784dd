"""The checkpoints of a run as a viewer lists them: which is the best, which the newest, and how each was evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.protocol.checkpoints import Checkpoint, best_checkpoint, list_checkpoints
from engine.protocol.events import EvaluationDone
from engine.protocol.run_dir import RunDir


@dataclass(frozen=True, kw_only=True)
class Saved:
    """One checkpoint."""

    step: int
    """Timesteps trained."""
    return_mean: float | None = None
    """Mean return of its evaluation; None where it was not evaluated."""
    return_ci95: float | None = None
    """Half width of the 95 % confidence interval of the mean; None where its evaluation's event is gone."""
    is_best: bool = False
    is_newest: bool = False


def saved_checkpoints(run: RunDir, evaluations: Mapping[int, EvaluationDone]) -> list[Saved]:
    """Return the checkpoints of a run, the newest first; `evaluations` are its events by their timesteps."""
    found = list_checkpoints(run.checkpoints)
    best = best_checkpoint(found)
    return [_saved(item, evaluations.get(item.step), best=best, newest=found[-1]) for item in reversed(found)]


def neighbour(saved: list[Saved], step: int, places: int) -> Saved | None:
    """Return the checkpoint so many places older (positive) or newer than `step`; None where there is none."""
    steps = [item.step for item in saved]
    if step not in steps:  # it was deleted meanwhile: begin from the one that is nearest
        return min(saved, key=lambda item: abs(item.step - step), default=None)
    index = steps.index(step) + places
    return saved[index] if 0 <= index < len(saved) else None


def _saved(item: Checkpoint, event: EvaluationDone | None, *, best: Checkpoint | None, newest: Checkpoint) -> Saved:
    evaluation = item.manifest.evaluation
    return Saved(
        step=item.step,
        return_mean=evaluation.return_mean if evaluation else None,
        return_ci95=event.return_ci95 if evaluation and event else None,
        is_best=best is not None and item.step == best.step,
        is_newest=item.step == newest.step,
    )
