"""What the supervisor tells of an engine that died, and when it starts another one."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.protocol.events import AnyEvent, RunEnded, RunStarted, Warned
from engine.protocol.json_lines import EventWriter, event_reader
from engine.protocol.run_dir import RunDir
from engine.protocol.status import EndReason
from tests.engine.driver import new_run

SUPERVISE = """
import sys
from engine.supervise import main
sys.exit(main(sys.argv[2:], engine_command=[sys.executable, sys.argv[1]]))
"""
ENGINE = Path(__file__).with_name("crashing_engine.py")


@dataclass(frozen=True)
class Result:
    """What a supervisor left behind."""

    code: int
    said: str
    calls: list[str]
    """Options of each engine that it started."""
    events: list[AnyEvent]

    @property
    def ends(self) -> list[RunEnded]:
        return [event for event in self.events if isinstance(event, RunEnded)]

    @property
    def warnings(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Warned)]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return new_run(tmp_path)


def supervise(run: RunDir, *options: str, plan: list[str]) -> Result:
    (run.path / "plan").write_text("\n".join(plan))
    command = [sys.executable, "-c", SUPERVISE, str(ENGINE), str(run.path), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    calls = (run.path / "calls").read_text().splitlines()
    return Result(done.returncode, done.stderr, calls, event_reader(run.events).read_new())


@pytest.mark.parametrize(
    ("death", "words", "code"),
    [
        ("signal=9", "killed by signal 9 (SIGKILL)", 137),
        ("signal=11", "killed by signal 11 (SIGSEGV)", 139),
        ("exit=139", "exit code 139", 139),
        ("exit=0", "exit code 0", 0),
    ],
)
def test_death_without_a_word_is_told_with_its_cause(run: RunDir, death: str, words: str, code: int) -> None:
    result = supervise(run, plan=[f"begin {death}"])
    (ended,) = result.ends
    assert (ended.reason, ended.exit_code, result.code) == (EndReason.KILLED, code, code)
    assert words in ended.message
    assert words in result.said


@pytest.mark.parametrize("reason", [EndReason.COMPLETED, EndReason.STOPPED, EndReason.FAILED, EndReason.DIVERGED])
def test_end_that_the_engine_told_is_left_alone(run: RunDir, reason: EndReason) -> None:
    result = supervise(run, "--auto-resume", "3", plan=[f"begin end={reason.value} exit=1", ""])
    assert [ended.message for ended in result.ends] == [f"ended by {reason.value}"]
    assert (len(result.events), len(result.calls), result.code) == (2, 1, 1)


def test_death_after_the_end_was_told_adds_nothing(run: RunDir) -> None:
    result = supervise(run, plan=["begin end=completed signal=11"])
    assert [ended.reason for ended in result.ends] == [EndReason.COMPLETED]
    assert result.code == 139


@pytest.mark.parametrize("code", [2, 3])
def test_refusal_to_begin_is_no_death(run: RunDir, code: int) -> None:
    result = supervise(run, "--auto-resume", "3", plan=[f"exit={code}", ""])
    assert (result.events, len(result.calls), result.code) == ([], 1, code)


def test_first_event_of_a_run_is_never_the_supervisors(run: RunDir) -> None:
    result = supervise(run, plan=["signal=9"])
    assert result.events == []
    assert "killed by signal 9 (SIGKILL)" in result.said


def test_run_that_another_engine_took_is_left_to_it(run: RunDir) -> None:
    begin(run)
    with run.lock():
        result = supervise(run, plan=["begin"])
    assert result.ends == []
    assert "already trains this run" in result.said


def test_second_supervisor_is_refused(run: RunDir) -> None:
    (run.path / "calls").touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.supervisor_lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = supervise(run, plan=["begin"])
    assert (result.code, result.calls) == (3, [])


def test_crashed_engine_is_started_again_until_it_is_enough(run: RunDir) -> None:
    result = supervise(run, "--auto-resume", "2", plan=["begin signal=9"] * 5)
    assert len(result.calls) == 3
    assert [message.rpartition("(")[2] for message in result.warnings] == ["1 of 2).", "2 of 2)."]
    assert all("killed by signal 9 (SIGKILL)" in message for message in result.warnings)
    (ended,) = result.ends
    assert "started again 2 times without a new checkpoint" in ended.message
    assert result.code == 137


def test_new_checkpoint_at_a_later_step_starts_the_count_again(run: RunDir) -> None:
    crashes = [f"begin checkpoint={step} signal=9" for step in (100, 200, 300)]
    result = supervise(run, "--auto-resume", "1", plan=[*crashes, "begin end=completed"])
    assert len(result.calls) == 4
    assert ["at step 100 (1 of 1)" in result.warnings[0], "at step 300 (1 of 1)" in result.warnings[2]] == [True, True]
    assert (result.code, result.ends[-1].reason) == (0, EndReason.COMPLETED)


def test_checkpoint_at_the_same_step_is_no_progress(run: RunDir) -> None:
    result = supervise(run, "--auto-resume", "1", plan=["begin checkpoint=100 signal=9"] * 3)
    assert len(result.calls) == 2
    assert "started again once without a new checkpoint" in result.ends[-1].message


def test_full_disk_is_tried_again(run: RunDir) -> None:
    result = supervise(run, "--auto-resume", "1", plan=["begin end=no_space exit=1", "begin end=completed"])
    assert (len(result.calls), result.code) == (2, 0)


def test_giving_up_on_an_end_that_was_told_is_a_warning(run: RunDir) -> None:
    result = supervise(run, "--auto-resume", "1", plan=["begin end=no_space exit=1"] * 2)
    assert len(result.ends) == 2
    assert "that is enough" in result.warnings[-1]


def test_choice_of_the_checkpoint_holds_until_an_engine_has_begun_there(run: RunDir) -> None:
    begin(run)
    plan = ["signal=9", "begin signal=9", "begin end=completed"]
    result = supervise(run, "--from", "100", "--total-timesteps", "900", "--auto-resume", "3", plan=plan)
    total = "--total-timesteps 900"
    assert result.calls == [f"--from 100 {total}", f"--from 100 {total}", total]


def begin(run: RunDir) -> None:
    """Write what an earlier engine wrote."""
    writer = EventWriter(run.events, clock=lambda: 1.0)
    writer.write(RunStarted(run_id=run.id))
    writer.close()


HOLD = """
import sys
from pathlib import Path
from engine.protocol.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
