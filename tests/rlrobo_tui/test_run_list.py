"""What the list of runs reads from their folder."""

from pathlib import Path

from rlrobo_tui.run_list import NAME, RunLister, cells, layout, shorten
from tests.rlrobo_tui.app_runs import hold, make_run, training
from tests.rlrobo_tui.run_summaries import summary


def test_a_run_whose_files_cannot_be_read_any_more_stays_and_is_told(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    hold(run)
    lister = RunLister(tmp_path)
    before = lister.read()
    assert not before.unreadable
    kept = run.events.rename(tmp_path / "kept")
    run.events.mkdir()
    after = lister.read()
    assert after.unreadable == {run.id: "Is a directory"}
    assert [each.id for each in after.summaries] == [run.id]
    run.events.rmdir()
    kept.rename(run.events)
    assert not lister.read().unreadable


def test_names_of_runs_differ_on_narrow_terminals() -> None:
    names = [f"20270101T000000Z-cartpole_balance-{algorithm}-s1" for algorithm in ("ppo", "a2c")]
    rows = [cells(summary(id=name), [], is_ascii=False) for name in names]
    for room in (58, 60, 79):
        width = next(width for column, width in layout(rows, room) if column.title == NAME)
        assert len({shorten(row[NAME], width) for row in rows}) == 2
        assert sum(width + 1 for _, width in layout(rows, room)) - 1 <= room
