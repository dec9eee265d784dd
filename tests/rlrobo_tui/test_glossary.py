"""Explanations of metrics, and hints on odd ones."""

import pytest

from engine.protocol.events import Metrics
from rlrobo_tui.glossary import METRICS, explain
from rlrobo_tui.health import MIN_VALUES, RULES, hints
from rlrobo_tui.run_view import RunView


@pytest.mark.parametrize(
    "name",
    [
        "reward/alive",
        "termination/time_limit",
        "curriculum/hard",
        "randomization/mass",
        "sampling/wait_s",
        "train/loss",
    ],
)
def test_metrics_and_families_are_explained(name: str) -> None:
    metric = explain(name)
    assert metric is not None
    assert metric.meaning.endswith(".")


@pytest.mark.parametrize("name", ["train/nothing", "reward", "reward/", ""])
def test_what_nobody_wrote_down_is_not_explained(name: str) -> None:
    assert explain(name) is None


def test_every_rule_is_about_a_known_metric() -> None:
    assert {rule.metric for rule in RULES} <= set(METRICS)


def view_of(metric: str, values: list[float]) -> RunView:
    view = RunView()
    view.fold(Metrics(seq=index, step=index, values={metric: value}) for index, value in enumerate(values))
    return view


def test_a_healthy_value_earns_no_hint() -> None:
    assert hints(view_of("train/approx_kl", [0.01] * MIN_VALUES)) == []


def test_a_fast_policy_earns_a_hint() -> None:
    assert [hint.metric for hint in hints(view_of("train/approx_kl", [0.2] * MIN_VALUES))] == ["train/approx_kl"]


def test_the_first_values_are_not_judged() -> None:
    assert hints(view_of("train/explained_variance", [-5.0] * (MIN_VALUES - 1))) == []


def test_a_critic_that_grows_hundredfold_earns_a_hint() -> None:
    assert hints(view_of("train/critic_loss", [1.0] * MIN_VALUES + [101.0]))
    assert not hints(view_of("train/critic_loss", [1.0] * MIN_VALUES + [99.0]))
