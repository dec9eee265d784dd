"""`rlrobo plot` of several runs, and as pictures."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from engine.protocol.events import Event, Metrics, RunStarted
from engine.protocol.run_dir import RunDir
from tests.rlrobo_tui.cli_calls import Cli


def make(cli: Cli, seed: int, *values: float, metric: str = "rollout/ep_rew_mean") -> RunDir:
    """Make a run that measured `values` every 100 timesteps."""
    metrics: list[Event] = [
        Metrics(step=index * 100, values={metric: value}) for index, value in enumerate(values, start=1)
    ]
    return cli.make_run(RunStarted(task="cartpole_balance", algorithm="ppo", seed=seed), *metrics, seed=seed)


def test_runs_share_a_chart_and_carry_letters(cli: Cli) -> None:
    first, second = make(cli, 1, 0, 10, 20), make(cli, 2, 5, 5, 5)
    result = cli("plot", first.id, second.id, "--width", "60", "--height", "12")
    lines = result.stdout.splitlines()
    assert lines[0] == "A cartpole_balance-ppo-s1: last 20.00 at step 300, lowest 0, highest 20.00"
    assert lines[1].startswith("B cartpole_balance-ppo-s2: last 5.00")
    chart = "\n".join(lines[2:])
    assert len(lines) == 14
    assert chart.count("A") > 2
    assert chart.count("B") > 2


def test_same_run_twice_is_one_line(cli: Cli) -> None:
    run = make(cli, 1, 0, 10)
    assert "A cart" not in cli("plot", run.id, "latest", "--height", "8").stdout


def test_seeds_are_taken_together_with_their_interval(cli: Cli) -> None:
    runs = [make(cli, seed, 0, 10, last) for seed, last in ((1, 10), (2, 14))]
    result = cli("plot", *(run.id for run in runs), "--aggregate", "--height", "8")
    # Mean 12, standard error 2, Student's t for one degree of freedom 12.706.
    assert "mean 12.00 ± 25.41 (95 %) at step 300" in result.stdout


def test_run_without_the_metric_is_named_and_left_out(cli: Cli) -> None:
    run, other = make(cli, 1, 1, 2), make(cli, 2, 1, metric="train/std")
    result = cli("plot", run.id, other.id, "--height", "8")
    assert result.exit_code == 0
    assert "cartpole_balance-ppo-s2: rollout/ep_rew_mean: no values so far." in result.stderr


def test_more_lines_than_can_be_told_apart_are_refused(cli: Cli) -> None:
    runs = [make(cli, seed, seed) for seed in range(9)]
    result = cli("plot", *(run.id for run in runs))
    assert result.exit_code == 2
    assert "at most 8 runs, or --aggregate" in result.stderr


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture_has_the_ground_of_its_theme(cli: Cli, tmp_path: Path, theme: str) -> None:
    make(cli, 1, 0, 10, 20)
    path = tmp_path / "plot.png"
    result = cli("plot", "--png", str(path), "--theme", theme, "--smooth", "0.5")
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    with Image.open(path) as picture:
        width, height = picture.size
        corner = picture.convert("L").getpixel((1, 1))
    assert (width, height) == (1152, 576)
    assert (corner > 200) is (theme == "light")  # type: ignore[operator]


def test_drawing_is_the_same_file_each_time(cli: Cli, tmp_path: Path) -> None:
    runs = [make(cli, seed, 0, 10, seed) for seed in (1, 2)]
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    for path in files:
        cli("plot", *(run.id for run in runs), "--svg", str(path), "--aggregate")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert ElementTree.parse(files[0]).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_long_and_single_valued_runs_are_drawn(cli: Cli, tmp_path: Path) -> None:
    runs = [make(cli, 1, *(float(index % 7) for index in range(5000))), make(cli, 2, 3.0)]
    path = tmp_path / "plot.svg"
    assert cli("plot", *(run.id for run in runs), "--svg", str(path)).exit_code == 0
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--png", "plot.jpg"], "ends in .png"),
        (["--svg", "plot.png"], "ends in .svg"),
        (["--png", "/nowhere/plot.png"], "no such directory"),
    ],
)
def test_mistakes_are_told(cli: Cli, options: list[str], words: str) -> None:
    make(cli, 1, 1)
    result = cli("plot", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_missing_extra_is_told(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(cli, 1, 1)
    monkeypatch.delitem(sys.modules, "rlrobo_tui.pictures", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = cli("plot", "--png", str(tmp_path / "plot.png"))
    assert result.exit_code == 2
    assert "pip install 'rlrobo[plot]'" in result.stderr
