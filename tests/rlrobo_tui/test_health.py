"""Hints that need more than the latest value of a metric."""

from engine.protocol.events import EvaluationDone, Metrics
from engine.protocol.status import Status
from rlrobo_tui.health import FLAT_VALUES, MIN_VALUES, RETURN, hints
from rlrobo_tui.run_view import RunView


def hinted(values: dict[str, list[float]]) -> list[str]:
    view = RunView(status=Status.RUNNING)
    for metric, history in values.items():
        view.fold(Metrics(step=index, values={metric: value}) for index, value in enumerate(history))
    return [hint.metric for hint in hints(view)]


def test_a_value_loss_that_explodes_earns_a_hint() -> None:
    assert hinted({"train/value_loss": [1.0] * MIN_VALUES + [101.0]}) == ["train/value_loss"]
    assert hinted({"train/value_loss": [1.0] * MIN_VALUES + [99.0]}) == []


def test_choices_without_entropy_earn_a_hint_and_gaussians_do_not() -> None:
    assert hinted({"train/entropy_loss": [-0.01]}) == ["train/entropy_loss"]
    assert hinted({"train/entropy_loss": [-0.01], "train/std": [0.5]}) == []
    assert hinted({"train/entropy_loss": [-0.6]}) == []


def test_returns_that_no_longer_rise_earn_a_hint() -> None:
    rising = [float(index) for index in range(FLAT_VALUES)]
    assert hinted({RETURN: rising}) == []
    assert hinted({RETURN: rising + [float(FLAT_VALUES)] * (2 * FLAT_VALUES)}) == [RETURN]
    assert hinted({RETURN: [1.0] * (FLAT_VALUES - 1)}) == []


def test_a_run_that_solves_its_task_need_not_rise_or_explore() -> None:
    view = RunView(status=Status.RUNNING, solved_return=475.0)
    view.fold(
        Metrics(step=step, values={RETURN: 500.0 if step else 0.0, "train/std": 0.01}) for step in range(FLAT_VALUES)
    )
    assert [hint.metric for hint in hints(view)] == ["train/std", RETURN]
    view.fold([EvaluationDone(step=FLAT_VALUES, return_mean=500.0)])
    assert hints(view) == []
    view.fold([EvaluationDone(step=FLAT_VALUES, return_mean=200.0)])
    assert hints(view)
