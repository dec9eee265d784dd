"""What is said of a run in the cloud: its banner, its notifications, its lines. No app."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cloud.link_report import LinkState, Way
from cloud.records import Cause, Market
from rlrobo_tui.cloud_runs import CloudLister, CloudRun, read_cloud_run
from rlrobo_tui.cloud_situations import cloud_notices, cloud_situation
from rlrobo_tui.cloud_words import attempt_lines, cells, link_alarm, pinned_line, terms_line, time_bar, totals
from rlrobo_tui.run_list import RunLister
from rlrobo_tui.run_list import cells as list_cells
from tests.rlrobo_tui.app_runs import make_run, training
from tests.rlrobo_tui.cloud_stories import STORIES, make_cloud_runs

NOW = time.time()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CloudRun]:
    """Return what is read of each story."""
    made = make_cloud_runs(tmp_path_factory.mktemp("runs"), now=NOW)
    found = {name: read_cloud_run(run) for name, run in made.items()}
    return {name: each for name, each in found.items() if each is not None}


def told(found: CloudRun, **changes: object) -> CloudRun:
    """Return the run with another report."""
    return replace(found, report=msgspec.structs.replace(found.report, **changes))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("starting", ["installs rlrobo", "paid from its launch on"]),
        ("recovering", ["AWS took the instance back (1 interruption).", "another pool", "4.80k timesteps are trained"]),
        ("away", ["AWS cannot be asked.", "aws sso login", "Training goes on there, for $0.142/h", "is as of"]),
        ("unfollowed", ["Nothing here follows", "It goes on there, for $0.142/h", "in 19h 59m at the latest"]),
        ("budget", ["$0.20 are spent; --max-price-total", "checkpoint at 310k is here; this machine can go on"]),
    ],
)
def test_a_banner_says_what_happened_and_what_follows(name: str, words: list[str], runs: dict[str, CloudRun]) -> None:
    said = cloud_situation(runs[name], NOW, is_over=name == "budget")
    assert said is not None
    assert said.actions
    for each in words:
        assert each in f"{said.cause} {said.consequence}"


def test_all_is_well_while_it_trains_and_where_the_engine_said_it(runs: dict[str, CloudRun]) -> None:
    assert cloud_situation(runs["training"], NOW, is_over=False) is None
    assert cloud_situation(runs["finished"], NOW, is_over=True) is None
    assert cloud_situation(runs["budget"], NOW, is_over=False) is None  # an engine of this machine went on with it


def test_limits_are_told_before_they_are_reached(runs: dict[str, CloudRun]) -> None:
    dear = cloud_situation(told(runs["training"], spent_usd=4.5), NOW, is_over=False)
    assert dear is not None
    assert dear.cause == "$4.50 of $5.00 are spent (--max-price-total)."
    assert dear.consequence == "At the limit, in about 3h 49m, it saves a checkpoint and ends."
    late = cloud_situation(runs["training"], runs["training"].spec.deadline() - 600, is_over=False)
    assert late is not None
    assert late.cause == "The time for this run is over in 10m 00s (--max-hours)."


def test_a_machine_that_saves_and_one_that_was_lost(runs: dict[str, CloudRun]) -> None:
    saving = cloud_situation(
        told(runs["training"], state=LinkState.SAVING, sentence="i-1 is being taken back by AWS and saves."),
        NOW,
        is_over=False,
    )
    assert saving is not None
    assert saving.cause == "i-1 is being taken back by AWS and saves."
    lost = msgspec.structs.replace(
        runs["recovering"].attempts[0], cause=Cause.LOST, detail="It fell silent.", lost_steps=0
    )
    said = cloud_situation(replace(runs["recovering"], attempts=[lost]), NOW, is_over=False)
    assert said is not None
    assert said.cause == "It fell silent."
    assert said.consequence.endswith("No timestep is lost.")


def test_notices_tell_of_interruption_recovery_money_and_a_follower_that_died(runs: dict[str, CloudRun]) -> None:
    before = runs["training"]
    taken = told(before, state=LinkState.RECOVERING, interruptions=2, lost_steps=9_600)
    assert [text for text, _ in cloud_notices(before, taken)] == [
        "AWS took the instance back. 4.80k timesteps are trained again."
    ]
    again = told(taken, state=LinkState.TRAINING, attempt=3)
    assert [text for text, _ in cloud_notices(taken, again)] == [
        "Attempt 3 trains, in c7a.2xlarge in us-east-1c (spot)."
    ]
    dear = told(before, spent_usd=4.1)
    assert [text for text, _ in cloud_notices(before, dear)] == ["80% of the money is spent: $4.10 of $5.00."]
    alone = replace(before, is_followed=False)
    assert [text for text, _ in cloud_notices(before, alone)] == ["Nothing here follows the run any more; it goes on."]
    assert cloud_notices(before, before) == []


def test_the_pinned_line_gives_up_what_matters_least(runs: dict[str, CloudRun]) -> None:
    found = runs["training"]
    wide = pinned_line(found, NOW, width=140).plain
    assert wide.split("   ")[0] == (
        "spot · c7a.2xlarge · us-east-1c · $0.131/h · $0.42 of $5.00 · 1 interruption · 4.80k lost · 20h 47m left"
    )
    assert wide.endswith("AWS ok 4s")
    narrow = pinned_line(found, NOW, width=78).plain
    assert narrow.startswith("spot · $0.131/h · $0.42 of $5.00 · 1 interruption · 4.80k lost ")
    assert len(narrow) == 78
    assert pinned_line(found, NOW, width=30).plain.startswith("spot · $0.131/h  ")
    assert pinned_line(runs["finished"], NOW, width=78).plain.startswith("on-demand · c7i.2xlarge ")


@pytest.mark.parametrize(
    ("name", "alarm", "link"),
    [
        ("training", "", "ok 4s"),
        ("away", "NO AWS 1m", "away 1m"),
        ("unfollowed", "NO LINK 3h", "off 3h"),
        ("finished", "", "2d ago"),
    ],
)
def test_the_link_has_its_age(name: str, alarm: str, link: str, runs: dict[str, CloudRun]) -> None:
    assert link_alarm(runs[name], NOW) == alarm
    assert cells(runs[name], NOW, is_ascii=False)["link"] == link


def test_news_by_ssh_are_live_while_they_come(runs: dict[str, CloudRun]) -> None:
    live = told(runs["training"], through=Way.SSH, news_at=NOW - 5.0)
    assert cells(live, NOW, is_ascii=False)["link"] == "ssh live"
    assert pinned_line(live, NOW, width=140).plain.endswith("AWS ssh live")
    assert cells(told(live, news_at=NOW - 60.0), NOW, is_ascii=False)["link"] == "ok 4s"
    assert cells(told(live, state=LinkState.AWAY), NOW, is_ascii=False)["link"] == "away 4s"


def test_a_run_that_nobody_has_begun_to_follow(tmp_path: Path) -> None:
    run = make_cloud_runs(tmp_path, "unfollowed", now=NOW)["unfollowed"]
    (run.cloud / "link.json").unlink()
    (run.cloud / "ledger.jsonl").unlink()
    found = read_cloud_run(run)
    assert found is not None
    assert cells(found, NOW, is_ascii=True)["state"] == "[?] NO LINK"
    assert cells(found, NOW, is_ascii=True)["link"] == "off never"
    assert found.rate == 0.142  # of the launch
    assert cells(replace(found, is_followed=True), NOW, is_ascii=True)["link"] == "begins"


def test_attempts_are_told_with_time_price_steps_and_cause(runs: dict[str, CloudRun]) -> None:
    first, second, third, fourth = (line.plain for line in attempt_lines(runs["finished"], NOW, is_ascii=False)[:4])
    assert first.startswith("#2 ")
    assert first.endswith("54m 00s  c7i.2xlarge us-east-1b  on-demand  $0.357/h")
    assert second == "   ✓ DONE  180k to 400k  saved 400k  $0.32"
    assert third.endswith("1h 00m  c7i.2xlarge us-east-1a  $0.142/h (60% off)")
    assert fourth == "   ↻ TAKEN  0 to 180k  saved 180k  $0.14"


def test_the_time_bar_shows_when_there_was_no_machine(runs: dict[str, CloudRun]) -> None:
    bar = time_bar(runs["recovering"], NOW, width=60).plain
    assert len(bar) == 60
    assert bar.endswith("┄ now")
    assert bar.count("━") > 15
    assert time_bar(replace(runs["training"], attempts=[]), NOW, width=60).plain == ""


def test_terms_name_what_was_allowed(runs: dict[str, CloudRun]) -> None:
    spec = msgspec.structs.replace(runs["starting"].spec, may_use_on_demand=True, is_exact=False)
    line = terms_line(replace(runs["starting"], spec=spec))
    assert line.startswith("us-east-1 · no price limit, 24 h until ")
    assert "on-demand allowed · resume from the newest · 48.3 MB in S3" in line


def test_the_cause_of_an_end_between_two_machines_follows_from_the_limits(runs: dict[str, CloudRun]) -> None:
    found = replace(runs["recovering"], is_active=False, is_followed=False)
    assert found.cause is Cause.INTERRUPTED
    cheap = msgspec.structs.replace(found.spec, max_price_total_usd=0.1)
    assert replace(found, spec=cheap).cause is Cause.BUDGET
    assert told(found, time=found.spec.deadline() + 1).cause is Cause.DEADLINE


def test_the_lister_puts_active_runs_first_and_reads_ended_ones_once(tmp_path: Path) -> None:
    runs = make_cloud_runs(tmp_path, "training", "finished", now=NOW)
    make_run(tmp_path, events=training(), seed=9)
    lister = CloudLister(tmp_path)
    first = lister.read()
    assert [each.run for each in first] == [runs["training"], runs["finished"]]
    assert totals(first) == "2 runs · 1 active · $0.131/h now · spent $0.88 · saved $0.85"
    again = lister.read()
    assert again[1] is first[1]
    assert again[0] is not first[0]
    for path in sorted(runs["finished"].cloud.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert [each.run for each in lister.read()] == [runs["training"]]


def test_the_list_of_runs_says_spot_and_no_alarm_while_a_machine_starts(tmp_path: Path) -> None:
    make_cloud_runs(tmp_path, "recovering", now=NOW)
    (summary,) = RunLister(tmp_path).read().summaries
    assert summary.place == "spot"
    row = list_cells(summary, (), is_ascii=False)
    assert (row["where"], row["ETA/took"]) == ("spot", "–")
    assert summary.message == STORIES["recovering"].sentence


def test_on_demand_is_named_where_it_was_taken(runs: dict[str, CloudRun]) -> None:
    pool = runs["finished"].pool
    assert pool is not None
    assert pool.market is Market.ON_DEMAND
