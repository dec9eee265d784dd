"""`rlrobo tag`, and the runs that are listed by their tags."""

import json

from tests.rlrobo_tui.cli_calls import Cli


def test_words_add_tags_and_with_a_minus_sign_take_them_away(cli: Cli) -> None:
    run = cli.make_finished_run()
    assert cli("tag", "latest", "baseline", "paper").stdout == "baseline paper\n"
    assert cli("tag", run.id, "-baseline", "-heavy", "old").stdout == "paper old\n"
    assert json.loads(cli("tag", run.id, "--json").stdout) == ["paper", "old"]


def test_a_run_without_tags_says_so_and_a_word_that_is_none_is_refused(cli: Cli) -> None:
    run = cli.make_finished_run()
    result = cli("tag", "latest")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{run.id} has no tags." in result.stderr
    result = cli("tag", "latest", "a:b")
    assert result.exit_code == 2
    assert "'a:b': no tag; it has letters, digits" in result.stderr
    assert "Give a run tags" in cli("tag", "-h").stdout


def test_runs_are_found_by_a_tag_and_show_it(cli: Cli) -> None:
    tagged = cli.make_finished_run()
    other = cli.make_run(seed=2)
    assert "TAGS" not in cli("runs").stdout
    cli("tag", tagged.id, "baseline")
    shown = cli("runs").stdout
    assert "TAGS" in shown
    assert "baseline" in shown
    found = [run["id"] for run in json.loads(cli("runs", "--filter", "tag:baseline", "--json").stdout)]
    assert found == [tagged.id]
    found = [run["id"] for run in json.loads(cli("runs", "--filter", "-tag:BASELINE", "--json").stdout)]
    assert found == [other.id]
