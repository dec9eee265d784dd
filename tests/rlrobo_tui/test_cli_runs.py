"""The commands that only read: robots, runs, watch, plot."""

import io
import json
import sys

import pytest
from rich.console import Console
from rich.text import Text

from engine.protocol.events import Metrics, RunStarted, StatusChanged, Warned, decode_event
from engine.protocol.status import EndReason, Status
from rlrobo_tui.commands.follow import LineDisplay, panel_lines
from rlrobo_tui.console import print_table
from rlrobo_tui.quantities import percent
from rlrobo_tui.run_view import RunView
from robots.registry import TASKS
from tests.rlrobo_tui.cli_calls import Cli

ROBOT_KEYS = {"id", "summary", "robot", "observation_size", "action_size", "solved_return"}
RUN_KEYS = {"id", "dir", "task", "algorithm", "status", "end_reason", "step", "total_steps"}


def test_robots_json_has_every_task_with_the_promised_keys(cli: Cli) -> None:
    entries = json.loads(cli("robots", "--json").stdout)
    assert [entry["id"] for entry in entries] == list(TASKS)
    assert all(entry.keys() >= ROBOT_KEYS for entry in entries)


def test_robots_table_names_every_task_on_stdout(cli: Cli) -> None:
    assert all(name in cli("robots").stdout for name in TASKS)


def test_no_runs_say_how_to_start_one_and_leave_stdout_empty(cli: Cli) -> None:
    result = cli("runs")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "rlrobo train cartpole_balance" in result.stderr


def test_runs_json_has_the_promised_keys(cli: Cli) -> None:
    run = cli.make_finished_run()
    (entry,) = json.loads(cli("runs", "--json").stdout)
    assert entry.keys() >= RUN_KEYS
    assert (entry["id"], entry["status"], entry["end_reason"]) == (run.id, "finished", "completed")


def test_runs_are_filtered_by_status_before_they_are_limited(cli: Cli) -> None:
    failed = cli.make_finished_run(EndReason.FAILED)
    cli.make_finished_run()
    entries = json.loads(cli("runs", "--json", "--status", "failed", "--limit", "1").stdout)
    assert [entry["id"] for entry in entries] == [failed.id]


def test_unknown_status_suggests_the_nearest(cli: Cli) -> None:
    result = cli("runs", "--status", "runing")
    assert result.exit_code == 2
    assert "did you mean 'running'?" in result.stderr


def test_table_of_runs_cuts_no_id_in_a_pipe(cli: Cli) -> None:
    run = cli.make_finished_run()
    assert f"{run.id}  finished" in cli("runs").stdout


@pytest.mark.parametrize("columns", [30, 50, 80, 100, 200])
def test_tables_cut_no_value_on_a_terminal_of_any_width(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("20261122T152718Z-cartpole_balance-ppo-s1", "finished", "60.4k", "12m ago"), ("r", "a", "1", "–")]
    written = io.StringIO()
    monkeypatch.setattr(written, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table(["RUN", "STATUS", ">STEP", ">UPDATED"], rows)
    words = Text.from_ansi(written.getvalue()).plain.split()
    assert [word for row in rows for cell in row for word in cell.split()] == words[4:]


def test_a_long_last_column_goes_below_its_row_where_it_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(written, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setenv("COLUMNS", "20")
    print_table(["TASK", ">OBS", "SUMMARY"], [("ant_walk", "28", "Walk ahead on four legs.")])
    assert written.getvalue().splitlines()[1:] == ["ant_walk  28", "  Walk ahead on four legs."]


def test_damaged_config_of_one_run_does_not_hide_the_others(cli: Cli) -> None:
    whole = cli.make_finished_run()
    damaged = cli.make_run(seed=2)
    damaged.config.write_text("task: [")
    result = cli("runs", "--json")
    assert [entry["id"] for entry in json.loads(result.stdout)] == [whole.id]
    assert str(damaged.config) in result.stderr


@pytest.mark.parametrize(
    "command", [("watch", "--plain"), ("watch", "--once"), ("watch", "--json"), ("plot", "--height", "5")]
)
def test_corrupt_event_line_is_skipped_aloud(command: tuple[str, ...], cli: Cli) -> None:
    run = cli.make_finished_run()
    lines = run.events.read_bytes().splitlines(keepends=True)
    lines[3] = b'{"type":"metrics","seq\n'
    run.events.write_bytes(b"".join(lines))
    result = cli(*command)
    assert result.exit_code == 0
    assert f"{run.events}: skipped 1 line that cannot be read; the rest is shown." in result.stderr


def test_only_damaged_runs_are_not_called_no_runs(cli: Cli) -> None:
    cli.make_run().config.write_text("task: [")
    assert "No runs" not in cli("runs").stderr


@pytest.mark.parametrize(("reason", "exit_code"), [(EndReason.COMPLETED, 0), (EndReason.FAILED, 1)])
def test_watch_of_a_finished_run_ends_with_its_exit_code(reason: EndReason, exit_code: int, cli: Cli) -> None:
    cli.make_finished_run(reason)
    result = cli("watch", "--plain")
    assert result.exit_code == exit_code
    assert "evaluation: return 150.0" in result.stderr
    assert result.stdout == ""


def test_watch_json_prints_the_events_as_they_stand(cli: Cli) -> None:
    run = cli.make_finished_run()
    lines = cli("watch", "--json").stdout.splitlines()
    expected = [decode_event(line) for line in run.events.read_bytes().splitlines()]
    assert [decode_event(line.encode()) for line in lines] == expected


def test_runs_are_filtered_and_sorted_as_in_the_app(cli: Cli) -> None:
    for seed in (3, 1, 2):
        cli.make_run(RunStarted(seed=seed), Metrics(values={"rollout/ep_rew_mean": 10.0 * seed}), seed=seed)
    result = cli("runs", "--filter", "return>=20 -old", "--sort", "return")
    assert [line.split()[0][-2:] for line in result.stdout.splitlines()[1:]] == ["s3", "s2"]


def test_a_filter_that_no_run_matches_is_said(cli: Cli) -> None:
    cli.make_finished_run()
    assert "None of 1 run matches 'seed:7'." in cli("runs", "--filter", "seed:7").stderr


def test_a_filter_with_an_unknown_key_offers_the_nearest(cli: Cli) -> None:
    result = cli("runs", "--filter", "stat:running")
    assert result.exit_code == 2
    assert "did you mean 'state'?" in result.stderr


def test_a_column_to_sort_by_that_does_not_exist_offers_the_nearest(cli: Cli) -> None:
    assert "did you mean 'steps'?" in cli("runs", "--sort", "step").stderr


def test_watch_once_prints_one_line(cli: Cli) -> None:
    run = cli.make_finished_run()
    result = cli("watch", "--once")
    assert result.stdout.startswith(f"{run.id}  finished  1,000 of 1,000 steps ({percent(1)})")
    assert result.stdout.count("\n") == 1


def test_watch_concludes_that_a_dead_engine_was_killed(cli: Cli) -> None:
    cli.make_run(RunStarted(total_timesteps=1000), StatusChanged(status=Status.RUNNING))
    result = cli("watch", "--plain")
    assert result.exit_code == 3
    assert "Failed: The engine died without a word" in result.stderr


def test_watch_interrupted_leaves_the_run_alone_and_exits_with_0(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    run = cli.make_finished_run()
    monkeypatch.setattr("rlrobo_tui.commands.watch.follow", interrupt)
    result = cli("watch", "--plain")
    assert result.exit_code == 0
    assert f"rlrobo stop {run.id}" in result.stderr


def test_latest_without_runs_says_how_to_start_one(cli: Cli) -> None:
    result = cli("watch")
    assert result.exit_code == 2
    assert "rlrobo train" in result.stderr


def test_lines_say_each_event_once_and_progress_when_it_is_due() -> None:
    written: list[str] = []
    now_s = [0.0]
    display = LineDisplay(written.append, time_source=lambda: now_s[0])
    view = RunView()
    view.fold([RunStarted(total_timesteps=100, hostname="here", pid=1, device="cpu")])
    display.show(view)
    display.show(view)
    assert len(written) == 1
    view.step = 50
    display.show(view)
    now_s[0] = 11.0
    display.show(view)
    assert len(written) == 2
    assert written[1].endswith(f"50 of 100 steps ({percent(0.5)})")


def test_lines_of_a_view_that_was_read_again_are_not_said_again() -> None:
    written: list[str] = []
    display = LineDisplay(written.append)
    old, again = RunView(), RunView()
    first = RunStarted(time=1.0, hostname="here")
    old.fold([first, Warned(time=2.0, message="superseded")])
    again.fold([first, Warned(time=3.0, message="what came instead")])
    for view in (old, again, again):
        display.show(view)
    assert [line.split("warning: ")[-1] for line in written[1:]] == ["superseded", "what came instead"]


def test_live_lines_are_ascii_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    view = RunView(run_id="r", total_timesteps=100, step=50)
    for line in panel_lines(view, ascii_only=True):
        Console().print(line)
    output = capsys.readouterr().out
    assert output.isascii()
    assert "#" * 20 + "." * 20 in output


def test_plot_draws_what_was_measured_without_colour_in_a_pipe(cli: Cli) -> None:
    cli.make_finished_run()
    result = cli("plot", "--width", "60", "--height", "10")
    lines = result.stdout.rstrip().splitlines()
    assert lines[0] == "rollout/ep_rew_mean: last 200.0 at step 1,000, lowest 0, highest 200.0"
    assert len(lines) == 11
    assert "\x1b" not in result.stdout


def test_plot_draws_several_metrics_one_below_the_other(cli: Cli) -> None:
    cli.make_finished_run()
    result = cli("plot", "-m", "rollout/ep_rew_mean", "-m", "eval/return_mean", "--height", "8")
    assert "eval/return_mean: last 150.0" in result.stdout


def test_plot_in_ascii_is_ascii(cli: Cli) -> None:
    cli.make_finished_run()
    result = cli("plot", "--ascii", "--width", "60", "--height", "10")
    assert result.stdout.isascii()
    assert "*" in result.stdout


def test_unknown_metric_suggests_the_nearest(cli: Cli) -> None:
    cli.make_finished_run()
    result = cli("plot", "-m", "rollout/rew_mean")
    assert result.exit_code == 2
    assert "did you mean 'rollout/ep_rew_mean'?" in result.stderr


def test_plot_of_a_known_metric_that_was_never_measured_says_so(cli: Cli) -> None:
    cli.make_run(RunStarted(run_id="a_run"), Metrics(values={"time/fps": 10.0}))
    result = cli("plot")
    assert result.exit_code == 2
    assert "rollout/ep_rew_mean: no values so far; there are time/fps." in result.stderr


def test_plot_without_metrics_says_so(cli: Cli) -> None:
    cli.make_run(RunStarted())
    result = cli("plot")
    assert result.exit_code == 2
    assert "no metrics yet" in result.stderr
