"""Every situation of a run says its cause, what follows, and a key that helps."""

import pytest

from engine.protocol.events import (
    AnyEvent,
    CheckpointSaved,
    Metrics,
    Resumed,
    RunEnded,
    RunStarted,
    StatusChanged,
)
from engine.protocol.status import OUTCOMES, EndReason, Status
from rlrobo_tui.actions.registry import ACTIONS
from rlrobo_tui.link import Link
from rlrobo_tui.run_view import SPEED, RunView
from rlrobo_tui.situations import Situation, situation

OK = Link(read_at=1.0)
BEGUN = (RunStarted(run_id="r", total_timesteps=1000), StatusChanged(status=Status.RUNNING))
SAVED = CheckpointSaved(step=400, path="checkpoints/000000400")


def view_of(*events: AnyEvent) -> RunView:
    view = RunView(run_id="r")
    view.fold([*BEGUN, *events])
    return view


def said(view: RunView, *, link: Link = OK, early_death: str = "", output_cause: str = "") -> Situation:
    found = situation(view, link=link, early_death=early_death, output_cause=output_cause)
    assert found is not None
    assert found.actions or found.consequence
    assert set(actions(found)) <= {action.binding_id for action in ACTIONS}
    return found


def actions(found: Situation) -> list[str]:
    return [name for name, _ in found.actions]


def test_a_run_that_trains_needs_no_words() -> None:
    assert situation(view_of(), link=OK) is None


def test_an_end_without_its_reason_as_in_a_damaged_file_says_nothing_wrong() -> None:
    assert situation(view_of(StatusChanged(step=10, status=Status.STOPPED)), link=OK) is None


def test_a_killed_engine_is_resumed_by_a_key_and_tells_what_is_lost() -> None:
    found = said(view_of(SAVED, RunEnded(step=412, reason=EndReason.KILLED, message="Killed by signal 9.")))
    assert found.cause == "Killed by signal 9."
    assert "Last checkpoint at 400, 12 timesteps earlier." in found.consequence
    assert actions(found)[0] == "live.go_on"
    assert "live.log" in actions(found)


def test_the_cause_in_the_engines_output_is_told() -> None:
    view = view_of(RunEnded(step=10, reason=EndReason.KILLED, message="It died with exit code 1."))
    assert "MemoryError" in said(view, output_cause="MemoryError").cause


def test_a_run_that_diverged_shows_the_command_for_a_lower_learning_rate() -> None:
    rate = Metrics(step=5, values={"train/learning_rate": 3e-4})
    found = said(view_of(rate, SAVED, RunEnded(step=500, reason=EndReason.DIVERGED, message="approx_kl is NaN.")))
    assert found.command == "rlrobo fork r --set algorithm.learning_rate=0.0001"
    assert actions(found)[:2] == ["app.copy_command", "live.go_on"]


def test_a_run_that_diverged_before_its_first_checkpoint_cannot_be_forked() -> None:
    sentence = OUTCOMES[EndReason.DIVERGED].sentence
    found = said(view_of(RunEnded(step=5, reason=EndReason.DIVERGED, message=f"train/loss became NaN. {sentence}")))
    assert found.cause == "train/loss became NaN."
    assert not found.command
    assert actions(found)[0] == "app.new_run"


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        (EndReason.COMPLETED, "live.replay"),
        (EndReason.STOPPED, "live.go_on"),
        (EndReason.FAILED, "live.go_on"),
        (EndReason.NO_SPACE, "live.go_on"),
        (EndReason.KILLED, "live.go_on"),
        (EndReason.DIVERGED, "app.copy_command"),
    ],
)
def test_every_end_has_words_and_a_next_action(reason: EndReason, first: str) -> None:
    found = said(view_of(SAVED, RunEnded(step=410, reason=reason)))
    assert found.cause
    assert actions(found)[0] == first


def test_a_pause_says_how_to_go_on() -> None:
    found = said(view_of(StatusChanged(step=300, status=Status.PAUSED)))
    assert found.cause == "Paused at 300."
    assert actions(found)[0] == "live.resume"


def test_a_full_disk_says_itself_what_to_do() -> None:
    detail = "The disk is full; free some space."
    found = said(view_of(StatusChanged(step=300, status=Status.PAUSED, detail=detail)))
    assert found.cause == detail
    assert actions(found)[0] == "live.resume"


def test_a_hung_engine_can_be_looked_at_and_killed() -> None:
    view = view_of(SAVED)
    view.set_alarm("No step for more than 90 s.", time=1.0)
    found = said(view)
    assert found.cause == "No step for more than 90 s."
    assert actions(found) == ["live.log", "live.kill"]


def test_a_hung_engine_is_not_killed_by_a_command_where_a_key_does_it() -> None:
    view = view_of(*(Metrics(step=step, time=2.0 * step, values={SPEED: 1.0}) for step in range(4)))
    view.set_alarm("No step for more than 90 s. `rlrobo stop --kill` ends it.", time=1.0)
    found = said(view)
    assert found.cause == "No step for more than 90 s."
    assert found.consequence == "Before, there was news every 2.0 s. A killed run can go on from the beginning."


def test_files_that_cannot_be_read_are_said_before_anything_else() -> None:
    found = said(view_of(StatusChanged(status=Status.PAUSED)), link=Link(read_at=60.0, trouble="Stale file handle"))
    assert "Stale file handle" in found.cause
    assert "as of" in found.consequence


def test_a_death_before_the_first_event_tells_what_the_engine_said() -> None:
    found = said(RunView(run_id="r"), early_death="It ended (exit code 1).", output_cause="ImportError: no torch")
    assert found.status is Status.FAILED
    assert "ImportError: no torch" in found.consequence
    assert actions(found)[0] == "live.log"


def test_repeated_steps_are_said_until_there_is_news() -> None:
    view = view_of(Metrics(step=900), Resumed(step=400, discarded_steps=500, total_timesteps=1000))
    assert said(view).consequence == "500 timesteps are trained again, until 900."
    view.fold([Metrics(step=900)])
    assert situation(view, link=OK) is None


@pytest.mark.parametrize(
    ("link", "now", "words"),
    [
        (Link(read_at=7.0), 12.0, "LINK OK 2s"),
        (Link(read_at=70.0), 70.0, "LINK OK, no news 1m"),
        (Link(read_at=0.0, trouble="gone"), 12.0, "LINK LOST"),
    ],
)
def test_the_link_has_words_of_its_own(link: Link, now: float, words: str) -> None:
    view = RunView(status=Status.RUNNING, updated_at=10.0)
    assert link.words(view, now) == words
