"""What the log says of evaluations and checkpoints: their result, and what they cost."""

from engine.protocol.events import CheckpointSaved, EvaluationDone, Metrics
from rlrobo_tui.run_view import RunView


def test_costs_are_told_and_an_evaluation_does_not_take_the_step_back() -> None:
    view = RunView()
    saved = CheckpointSaved(step=100, reason="evaluation", size_bytes=1_230_000, duration_s=0.0141)
    done = EvaluationDone(step=100, return_mean=9.87, return_ci95=1.25, is_best=True, duration_s=3.21)
    view.fold([saved, Metrics(step=300), done])
    assert [(line.step, line.text) for line in view.log] == [
        (100, "checkpoint saved (evaluation, 1.2 MB, 14 ms)"),
        (100, "evaluation: return 9.9 ± 1.2, the best so far, 3.2 s beside training"),
    ]
    assert view.step == 300


def test_an_evaluation_of_an_older_run_says_nothing_of_its_duration() -> None:
    view = RunView()
    view.fold([EvaluationDone(step=100, return_mean=1.0)])
    assert [line.text for line in view.log] == ["evaluation: return 1.0 ± 0.0"]
