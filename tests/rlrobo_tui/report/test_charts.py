"""Charts as SVG: what is on them, where, and how much of it."""

import re
from xml.etree import ElementTree

import pytest

from rlrobo_tui.report.charts import NUM_COLUMNS, Chart, Measured, draw
from rlrobo_tui.run_view import Restart
from rlrobo_tui.series import Series


def series(*values: float, distance: int = 100) -> Series:
    made = Series()
    for index, value in enumerate(values):
        made.append(index * distance, 0.0, value)
    return made


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(draw(chart))


def points(element: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    """Return the places of a curve."""
    path = next(item for item in element.iter("path") if item.get("class") == kind)
    places = re.findall(r"([-\d.]+) ([-\d.]+)", path.get("d", ""))
    return [(float(x), float(y)) for x, y in places]


def test_curve_rises_as_its_values_do_and_fills_the_plot() -> None:
    chart = Chart(title="m", series=series(0, 1, 2), width=720, height=300)
    (x0, y0), (x1, y1), (x2, y2) = points(drawn(chart), "raw")
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.11)
    assert (x0, x2) == (58, 704)
    assert 14 < y2 < y0 < 260


def test_moving_average_lags_behind() -> None:
    element = drawn(Chart(title="m", series=series(0, 0, 0, 10)))
    assert points(element, "smooth")[-1][1] > points(element, "raw")[-1][1]


@pytest.mark.parametrize("values", [(5.0,), (5.0, 5.0), (0.0,), (-1e30, 1e30), (1e-9, 2e-9)])
def test_few_equal_huge_and_tiny_values_are_drawn(values: tuple[float, ...]) -> None:
    assert len(points(drawn(Chart(title="m", series=series(*values))), "raw")) == len(values)


def test_long_curve_keeps_its_peak_and_few_points() -> None:
    values = [0.0] * 50_000
    values[33_333] = 7.0
    found = points(drawn(Chart(title="m", series=series(*values))), "raw")
    assert len(found) <= 2 * NUM_COLUMNS
    assert sum(y < found[0][1] - 100 for _, y in found) == 1


def test_evaluations_have_their_interval_and_the_best_differs_in_kind() -> None:
    evaluations = [Measured(100, 2.0, 0.5), Measured(300, 3.0, 0.0, is_best=True)]
    element = drawn(Chart(title="m", series=series(1, 2), evaluations=evaluations))
    groups = {item.get("class"): item for item in element.iter("g")}
    assert groups.keys() == {"evaluation", "best"}
    line = groups["evaluation"].find("line")
    assert line is not None
    assert float(line.get("y2", 0)) - float(line.get("y1", 0)) > 10
    assert groups["best"].findtext("title") == "evaluation 3.00 ± 0, the best at step 300"


def test_restarts_and_the_solved_return_are_marked() -> None:
    chart = Chart(title="m", series=series(1, 2, 3), restarts=[Restart(100, 0.0, 50)], solved=9.0)
    kinds = [item.get("class") for item in drawn(chart).iter("line")]
    assert {"restart", "solved"} <= set(kinds)
    assert "solved from 9.00" in draw(chart)


def test_title_is_escaped() -> None:
    assert drawn(Chart(title='"><script>', series=series(1))).get("aria-label", "").startswith('"><script>:')
