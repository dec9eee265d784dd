"""A run knows where it comes from, inside and outside a git checkout."""

import subprocess
from pathlib import Path

import pytest

from engine.protocol.provenance import PACKAGES, collect_provenance


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    return tmp_path


def test_outside_a_checkout_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    provenance = collect_provenance(["rlrobo"])
    assert (provenance.commit, provenance.is_dirty) == (None, None)


@pytest.mark.usefixtures("checkout")
def test_commit_of_a_clean_checkout() -> None:
    provenance = collect_provenance(["rlrobo"])
    assert provenance.commit is not None
    assert (len(provenance.commit), provenance.is_dirty) == (40, False)


def test_new_file_makes_a_checkout_dirty(checkout: Path) -> None:
    (checkout / "new.py").write_text("")
    assert collect_provenance(["rlrobo"]).is_dirty


def test_every_package_that_matters_has_a_version() -> None:
    assert set(collect_provenance(["rlrobo"]).versions) == set(PACKAGES)
