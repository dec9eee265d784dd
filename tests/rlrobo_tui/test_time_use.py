"""Where the time goes, in words and bars."""

from engine.protocol.events import Metrics, StatusChanged
from engine.protocol.status import Status
from rlrobo_tui.commands.follow import panel_lines
from rlrobo_tui.run_view import RunView
from rlrobo_tui.time_use import time_sentence, time_shares
from rlrobo_tui.widgets.side_panel import time_use

PHASES: dict[str, float | None] = {
    "phase/simulate": 0.42,
    "phase/learn": 0.5,
    "phase/act": 0.076,
    "phase/checkpoint": 0.004,
}


def view_with(values: dict[str, float | None]) -> RunView:
    view = RunView()
    view.fold([StatusChanged(seq=1, status=Status.RUNNING), Metrics(seq=2, step=10, values=values)])
    return view


def test_the_largest_share_comes_first_and_the_smallest_are_left_out() -> None:
    assert list(time_shares(view_with(PHASES)).items()) == [("learn", 0.5), ("simulate", 0.42), ("act", 0.076)]


def test_one_sentence_says_it_all() -> None:
    view = view_with({**PHASES, "sampling/efficiency": 0.78})
    assert time_sentence(view) == "time: 50% learn, 42% simulate, 7% act; sampling at 78% of engine speed"
    assert time_sentence(view_with(PHASES)) == "time: 50% learn, 42% simulate, 7% act"
    assert time_sentence(view_with({})) == ""


def test_watch_shows_it_while_the_run_goes_on() -> None:
    view = view_with(PHASES)
    lines = [str(line) for line in panel_lines(view, ascii_only=True)]
    assert "time: 50% learn, 42% simulate, 7% act" in lines
    view.status = Status.STOPPED
    assert not [line for line in panel_lines(view, ascii_only=True) if "time:" in str(line)]


def test_the_side_panel_draws_a_bar_for_each_phase() -> None:
    lines = time_use(view_with({**PHASES, "sampling/efficiency": 0.78}), width=30).plain.splitlines()
    assert lines[0].startswith("learn ")
    assert lines[0].endswith("50%")
    assert lines[-1] == "sampling at 78% of engine speed"
    assert time_use(view_with({}), width=30).plain == "comes with the first update"
