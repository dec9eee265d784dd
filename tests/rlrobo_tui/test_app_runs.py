"""The list of runs: order, groups, marks, filter, preview, and the keys that steer and delete runs."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.protocol.commands import Pause, Resume, Stop
from engine.protocol.events import Metrics, RunEnded, StatusChanged
from engine.protocol.json_lines import command_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import Status
from rlrobo_tui.app import Options, RlroboApp
from rlrobo_tui.screens.dialogs import Confirm
from rlrobo_tui.screens.live import LiveScreen
from rlrobo_tui.screens.runs import RunsScreen
from rlrobo_tui.screens.typed_confirm import TypedConfirm
from rlrobo_tui.trash import FOLDER
from rlrobo_tui.widgets.run_preview import RunPreview
from rlrobo_tui.widgets.runs_table import RunsTable
from tests.rlrobo_tui.app_runs import append, drive, hold, make_run, screen_text, training, until

ENDED = RunEnded(step=1000, message="All timesteps are trained.")


def make_ended(runs_dir: Path, seed: int, *, task: str = "cartpole_balance", reward: float = 100.0) -> RunDir:
    last = Metrics(step=1000, values={"rollout/ep_rew_mean": reward})
    return make_run(runs_dir, events=[*training(task, seed), last, ENDED], task=task, seed=seed)


def table_of(pilot: Pilot[None]) -> RunsTable:
    return pilot.app.screen_stack[1].query_one(RunsTable)


async def listed(pilot: Pilot[None], count: int) -> None:
    await until(pilot, lambda: table_of(pilot).row_count == count)


def rows(pilot: Pilot[None], words: str = "-s") -> list[str]:
    """Return the lines of the table that have these words."""
    lines = [table_of(pilot).render_line(y).text for y in range(table_of(pilot).size.height)]
    return [line for line in lines[1:] if words in line]


def seeds(pilot: Pilot[None]) -> str:
    """Return the seeds in the order in which they are listed."""
    return "".join(line.partition("-s")[2][0] for line in rows(pilot))


def page(pilot: Pilot[None]) -> RunsScreen:
    found = pilot.app.screen_stack[1]
    assert isinstance(found, RunsScreen)
    return found


def commands(run: RunDir) -> Sequence[object]:
    return command_reader(run.commands).read_new()


def test_runs_are_sorted_grouped_and_found_like_that_when_the_app_comes_back(tmp_path: Path) -> None:
    for seed, task, reward in ((1, "ant_walk", 30.0), (2, "cartpole_balance", 10.0), (3, "ant_walk", 20.0)):
        make_ended(tmp_path, seed, task=task, reward=reward)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 3)
        order = seeds(pilot)
        await pilot.press("o", "o", "o", "o")
        await until(pilot, lambda: "by return ▼" in screen_text(pilot.app))
        assert seeds(pilot) == "132" != order
        await pilot.press("O")
        assert seeds(pilot) == "231"
        assert page(pilot).command == "rlrobo runs --sort=-return"
        await pilot.press("G", "k")
        await until(pilot, lambda: "grouped by task" in screen_text(pilot.app))
        heads = [line.split()[0] for line in rows(pilot, " run") if "state" not in line]
        assert heads == ["cartpole_balance", "ant_walk"]
        await pilot.press("end")
        assert page(pilot).run_id.endswith("-s1")

    async def play_again(pilot: Pilot[None]) -> None:
        await listed(pilot, 3)
        assert seeds(pilot) == "231"
        assert page(pilot).run_id.endswith("-s1")
        await pilot.press("G", "G", "G", "G")
        await until(pilot, lambda: "grouped" not in screen_text(pilot.app))
        await pilot.click(RunsTable, offset=(5, 0))  # the title of the column
        await until(pilot, lambda: "by state" in screen_text(pilot.app))

    drive(RlroboApp(tmp_path), play)
    drive(RlroboApp(tmp_path), play_again)


def test_marks_are_set_taken_off_and_remembered(tmp_path: Path) -> None:
    ids = [make_ended(tmp_path, seed).id for seed in (1, 2, 3)]

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 3)
        await pilot.press("space", "space")
        await until(pilot, lambda: "2 marked" in screen_text(pilot.app))
        assert len(rows(pilot, "▌")) == 2
        await pilot.press("k", "k", "space", "ctrl+a")
        await until(pilot, lambda: "3 marked" in screen_text(pilot.app))
        await pilot.press("U")
        await until(pilot, lambda: "marked" not in screen_text(pilot.app))
        await pilot.press("home", "space")

    app = RlroboApp(tmp_path)
    drive(app, play)
    assert app.memory.marks == [max(ids)]
    assert RlroboApp(tmp_path).memory.marks == [max(ids)]


def test_a_filter_is_read_while_it_is_typed_and_a_wrong_key_offers_the_nearest(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_ended(tmp_path, seed, reward=10.0 * seed)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        await pilot.press("slash", *"return>15")
        await listed(pilot, 1)
        assert seeds(pilot) == "2"
        pilot.app.screen.query_one(Input).value = "retrun>15"
        await until(pilot, lambda: "did you mean 'reward'?" in screen_text(pilot.app).replace("\n", " "))
        pilot.app.screen.query_one(Input).value = "seed:7"
        await until(pilot, lambda: "No run has all of this" in screen_text(pilot.app))
        assert page(pilot).command == "rlrobo runs --filter seed:7"
        await pilot.press("escape")
        await listed(pilot, 2)

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_other_pages_are_about_the_run_under_the_cursor(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_ended(tmp_path, seed)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        await pilot.press("j")
        selected = page(pilot).run_id
        await pilot.press("2")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        assert page(pilot).run_id == selected == pilot.app.screen.run_id  # type: ignore[attr-defined]
        await pilot.press("right_square_bracket" if selected.endswith("-s2") else "left_square_bracket", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        assert page(pilot).run_id != selected
        await pilot.click(RunsTable, offset=(5, 1), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))

    drive(RlroboApp(tmp_path), play)


def test_the_preview_shows_the_curve_what_changed_and_what_happened(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_ended(tmp_path, seed)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        await until(pilot, lambda: "last events" in screen_text(pilot.app))
        await until(pilot, lambda: "ended: All timesteps" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "rollout/ep_rew_mean" in text
        assert "against cartpole_balance" in text
        assert "seed" in text
        await pilot.press("j")
        await until(pilot, lambda: "No earlier run" in screen_text(pilot.app))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: not pilot.app.screen.query_one(RunPreview).display or "No earlier" not in
                    screen_text(pilot.app))  # fmt: skip

    drive(RlroboApp(tmp_path), play, size=(120, 40))


def test_marked_runs_are_paused_resumed_and_after_a_question_stopped(tmp_path: Path) -> None:
    runs = [make_run(tmp_path, events=training(seed=seed), seed=seed) for seed in (1, 2)]
    for run in runs:
        hold(run)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 2)
        await pilot.press("ctrl+a", "p")
        for run in runs:
            await until(pilot, run.commands.exists)
            append(run, [StatusChanged(step=500, status=Status.PAUSED)])
        await until(pilot, lambda: page(pilot).may_resume)
        await pilot.press("p", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("enter", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        assert [type(command) for command in commands(runs[0])] == [Pause, Resume]
        await pilot.press("y")
        await until(pilot, lambda: len(commands(runs[0])) == 3)

    drive(RlroboApp(tmp_path), play)
    for run in runs:
        assert [type(command) for command in commands(run)] == [Pause, Resume, Stop]


def test_an_ended_run_is_deleted_only_by_its_name_and_comes_back(tmp_path: Path) -> None:
    run = make_ended(tmp_path, 1)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        await pilot.press("space", "X")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypedConfirm))
        await pilot.press("y", "enter")
        assert run.path.is_dir()
        await until(pilot, lambda: "That is not cartpole_balance-ppo-s1" in screen_text(pilot.app))
        pilot.app.screen.query_one(Input).value = "cartpole_balance-ppo-s1"
        await pilot.press("enter")
        await until(pilot, lambda: "No runs yet." in screen_text(pilot.app))
        assert (tmp_path / FOLDER / run.id / "config.yaml").is_file()
        assert not page(pilot).has_marks
        await pilot.press("u")
        await listed(pilot, 1)
        assert run.config.is_file()
        assert not page(pilot).may_undelete
        await pilot.press("X")
        await until(pilot, lambda: isinstance(pilot.app.screen, TypedConfirm))
        await pilot.press("escape")

    drive(RlroboApp(tmp_path), play)
    assert run.path.is_dir()


def test_a_run_that_trains_cannot_be_deleted_and_read_only_steers_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path, events=training())
    hold(run)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        await pilot.press("X", "p", "s")
        assert isinstance(pilot.app.screen, RunsScreen)

    drive(RlroboApp(tmp_path, options=Options(read_only=True)), play)
    assert not run.commands.exists()


@pytest.mark.slow
def test_every_size_shows_name_return_and_the_keys(tmp_path: Path) -> None:
    make_ended(tmp_path, 1)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        for size, name in (((60, 18), "-ppo-s1"), ((80, 24), "-ppo-s1"), ((200, 60), "algorithm")):
            await pilot.resize_terminal(*size)
            wanted = (name, "✓ DONE", "return", "100.0", "enter Open")
            await until(pilot, lambda: all(each in screen_text(pilot.app) for each in wanted))  # noqa: B023
            assert max(len(line) for line in screen_text(pilot.app).splitlines()) <= size[0]

    drive(RlroboApp(tmp_path), play)


@pytest.mark.slow
def test_ascii_draws_ascii_only(tmp_path: Path) -> None:
    make_ended(tmp_path, 1)

    async def play(pilot: Pilot[None]) -> None:
        await listed(pilot, 1)
        assert "[v] DONE" in rows(pilot)[0]
        assert rows(pilot)[0].replace("–", "-").isascii()

    drive(RlroboApp(tmp_path, options=Options(ascii=True)), play, size=(150, 24))
