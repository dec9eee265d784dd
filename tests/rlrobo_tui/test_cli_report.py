"""`rlrobo report`: one page that tells all of a run and loads nothing."""

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.protocol.events import (
    Episodes,
    EvaluationDone,
    Event,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
    Warned,
)
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason, Status
from tests.rlrobo_tui.app_runs import training
from tests.rlrobo_tui.cli_calls import Cli, save_checkpoint

MP4 = b"\0\0\0\x18ftypisom" + b"\0" * 100


class Reader(HTMLParser):
    """Collects text and elements of a page, and fails where one is not closed."""

    VOID = frozenset({"meta", "br", "hr"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.text += data


def page_of(cli: Cli, run: RunDir, tmp_path: Path, *options: str) -> Reader:
    """Return the report of `run`, parsed."""
    path = tmp_path / "report.html"
    result = cli("report", run.id, "-o", str(path), *options)
    assert (result.exit_code, result.stdout) == (0, f"{path}\n")
    return Reader(path.read_text())


def test_it_tells_everything_of_a_run(cli: Cli, tmp_path: Path) -> None:
    episodes = Episodes(step=900, returns=[5.0], terminations={"pole_fell": 3}, reward_sums={"alive": 7.5})
    run = cli.make_run(*training(), episodes, RunEnded(step=1000, message="All timesteps are trained."))
    save_checkpoint(run, 500, return_mean=90.0)
    text = page_of(cli, run, tmp_path).text
    for words in (
        run.id, "PPO, seed 1", "finished: All timesteps are trained.", "90.00 ± 0", "rollout/ep_rew_mean", "approx_kl",
        "pole_fell", "100%", "alive", "+7.5", "total_timesteps: 1000", "Provenance", "rlrobo",
        "periodic", "What happened", "checkpoint saved",
    ):  # fmt: skip
        assert words in text
    assert hashlib.sha256(b"policy of step 500").hexdigest() in text


def test_it_says_what_differs_from_the_preset(cli: Cli, tmp_path: Path) -> None:
    text = page_of(cli, cli.make_run(*training(), seed=7), tmp_path).text
    assert "preset tuned" in text
    assert re.search(r"seed\s*1\s*7", text)


def test_it_loads_nothing_and_runs_no_script_but_its_own(cli: Cli, tmp_path: Path) -> None:
    page = page_of(cli, cli.make_run(*training()), tmp_path)
    assert page.addresses == []
    assert page.tags.count("script") == 1
    source = (tmp_path / "report.html").read_text()
    assert "default-src 'none'" in source
    assert "http://" not in source.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in source


def test_what_a_run_says_is_escaped(cli: Cli, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    events: list[Event] = [
        *training(),
        Metrics(step=600, values={"reward/<b>": 1.0}),
        Warned(step=600, message=evil),
        RunEnded(step=600, reason=EndReason.FAILED, message=evil),
    ]
    run = cli.make_run(*events)
    run.config.write_text(run.config.read_text() + f"# {evil}\n")
    page = page_of(cli, run, tmp_path, "--video-file", str(_video(tmp_path, "<b>.mp4")))
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert page.text.count(evil) >= 3


def test_resumed_run_tells_of_its_restarts(cli: Cli, tmp_path: Path) -> None:
    again = Resumed(step=300, checkpoint="checkpoints/000000300", discarded_steps=200, total_timesteps=1000)
    page = page_of(cli, cli.make_run(*training(), again), tmp_path)
    assert "200 timesteps trained again" in page.text


@pytest.mark.parametrize("events", [(), (RunStarted(), StatusChanged(status=Status.RUNNING))])
def test_run_that_has_only_begun_has_a_page(cli: Cli, tmp_path: Path, events: tuple[Event, ...]) -> None:
    run = cli.make_run(*events)
    run.provenance.write_text("{")
    text = page_of(cli, run, tmp_path).text
    assert "Nothing was measured." in text
    assert "missing or damaged" in text


def test_long_run_stays_below_two_megabytes(cli: Cli, tmp_path: Path) -> None:
    names = ["rollout/ep_rew_mean", "rollout/ep_len_mean", "train/approx_kl", "train/std", "train/value_loss"]
    metrics = [Metrics(step=index, values=dict.fromkeys(names, index * 7919 % 1000 / 7)) for index in range(1, 4000)]
    evaluations = [EvaluationDone(step=index * 20, return_mean=index % 13, episodes=10) for index in range(1, 200)]
    run = cli.make_run(RunStarted(algorithm="ppo"), *metrics, *evaluations)
    page_of(cli, run, tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 2e6


def test_video_is_embedded_and_its_size_told(cli: Cli, tmp_path: Path) -> None:
    page = page_of(cli, cli.make_run(*training()), tmp_path, "--video-file", str(_video(tmp_path, "walk.mp4")))
    assert page.addresses[0].startswith("data:video/mp4;base64,AAAAGGZ0eXBpc29t")
    assert "walk.mp4 (0.0 MB)" in page.text


def test_recorded_video_leaves_stdout_to_the_report(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(run: str, *, checkpoint: str, video: Path) -> None:
        video.write_bytes(MP4)
        print(video, checkpoint, run)  # noqa: T201

    monkeypatch.setattr("rlrobo_tui.commands.report.replay", record)
    page = page_of(cli, cli.make_run(*training()), tmp_path, "--video")
    assert "An episode of the best checkpoint." in page.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "report.pdf"], "ends in .html"),
        (["-o", "/nowhere/report.html"], "no such directory"),
        (["--video", "--video-file", "x.mp4"], "got both"),
        (["--video-file", "absent.mp4"], "cannot be read"),
        (["--video-file", __file__], "expected an MP4 video"),
    ],
)
def test_mistakes_are_told(cli: Cli, options: list[str], words: str) -> None:
    cli.make_run(*training())
    result = cli("report", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def _video(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(MP4)
    return path


def test_many_evaluations_are_folded_behind_the_best_and_the_last(cli: Cli, tmp_path: Path) -> None:
    done = [EvaluationDone(step=500 + step, return_mean=200.0 - abs(step - 2), episodes=10) for step in range(1, 101)]
    page = page_of(cli, cli.make_run(*training(), *done), tmp_path)
    seen, folded = page.text.partition("Played without")[2].split("All 101 evaluations")
    assert "502" in seen, "the best"
    assert "600" in seen, "the last"
    assert "550" not in seen
    assert "550" in folded
