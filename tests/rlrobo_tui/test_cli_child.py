"""Children of the command line: messages, results and deaths. The children here are a line of Python each."""

from pathlib import Path

import pytest

from rlrobo_tui.commands.child import ChildError, run_child


def make_child(folder: Path, program: str) -> str:
    (folder / "a_child.py").write_text(program)
    return "a_child"


def test_messages_are_heard_and_stdout_is_returned(tmp_path: Path) -> None:
    child = make_child(tmp_path, 'import sys; print(\'{"done": 1}\', file=sys.stderr); print("result", *sys.argv[1:])')
    heard: list[dict] = []
    assert run_child(child, ["x"], working_directory=tmp_path, listen=heard.append) == "result x\n"
    assert heard == [{"done": 1}]


def test_error_of_a_child_is_its_sentence_and_exit_code(tmp_path: Path) -> None:
    child = make_child(tmp_path, 'import sys; print(\'{"error": "no such thing"}\', file=sys.stderr); sys.exit(2)')
    with pytest.raises(ChildError, match=r"^no such thing$") as error:
        run_child(child, [], working_directory=tmp_path, listen=lambda _: None)
    assert error.value.exit_code == 2


def test_traceback_of_a_child_becomes_its_last_line(tmp_path: Path) -> None:
    child = make_child(tmp_path, "raise ValueError('broken')")
    with pytest.raises(ChildError, match=r"died \(exit code 1\)\. Its last words: ValueError: broken \(File") as error:
        run_child(child, [], working_directory=tmp_path, listen=lambda _: None)
    assert str(error.value).endswith(f'(File "{tmp_path / "a_child.py"}", line 1, in <module>)')


def test_what_pybullet_says_when_imported_is_nobodys_last_words(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import os, sys; print('pybullet build time: now', file=sys.stderr); os.abort()")
    with pytest.raises(ChildError, match=r"died \(killed by SIGABRT\)\.$"):
        run_child(child, [], working_directory=tmp_path, listen=lambda _: None)


def test_child_that_was_killed_names_the_signal(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ChildError, match="killed by SIGKILL"):
        run_child(child, [], working_directory=tmp_path, listen=lambda _: None)


def test_interrupted_parent_ends_its_child(tmp_path: Path) -> None:
    child = make_child(
        tmp_path, "import sys, time; print('{\"ready\": 1}', file=sys.stderr, flush=True); time.sleep(600)"
    )

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_child(child, [], working_directory=tmp_path, listen=interrupt)


def test_a_message_behind_an_open_line_is_heard_and_the_line_is_kept(tmp_path: Path) -> None:
    program = 'import sys; sys.stderr.write(\'b3Warning: no inertia{"error": "no joint"}\\n\'); sys.exit(2)'
    with pytest.raises(ChildError, match=r"^no joint$") as error:
        run_child(make_child(tmp_path, program), [], working_directory=tmp_path, listen=lambda _: None)
    assert error.value.lines == ("b3Warning: no inertia",)


def test_child_that_hangs_is_killed_at_the_limit(tmp_path: Path) -> None:
    child = make_child(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(ChildError, match=r"did not end within 0\.2 s and was killed"):
        run_child(child, [], working_directory=tmp_path, listen=lambda _: None, time_limit_s=0.2)
