"""`rlrobo info` says where everything lies."""

import json

from rlrobo_tui.folders import config_dir, state_dir
from tests.rlrobo_tui.cli_calls import Cli


def test_it_prints_every_place_and_whether_there_is_something(cli: Cli) -> None:
    cli.runs_dir.mkdir()
    result = cli("info")
    assert result.exit_code == 0
    for words in (str(cli.runs_dir), f"{config_dir() / 'settings.yaml'} (none yet)", str(state_dir() / "crashes")):
        assert words in result.stdout


def test_json_is_one_object_for_scripts(cli: Cli) -> None:
    found = json.loads(cli("info", "--json").stdout)
    assert found["runs"] == {"path": str(cli.runs_dir), "exists": False}
    assert {"version", "python", "settings", "keys", "memory", "crashes", "cache"} <= set(found)
