"""`rlrobo cloud runs | instances | orphans | fetch | attach | detach`, and the child that asks AWS for the app."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cloud import aws as aws_module
from cloud import sweep as sweep_module
from cloud.errors import CloudError
from cloud.instances import Instance
from cloud.layout import RunKeys
from cloud.local import CloudFiles
from cloud.publisher import Publisher
from cloud.records import CloudSpec, Pool
from cloud.sweep import Orphan, OrphanKind, Sweep
from engine.protocol.checkpoints import find_checkpoint
from engine.protocol.run_dir import RunDir
from rlrobo_tui.commands import cloud_account, cloud_runs
from tests.cloud.directory_store import DirectoryStore
from tests.cloud.made_checkpoints import hold_run, make_checkpoint
from tests.rlrobo_tui.cli_calls import Cli
from tests.rlrobo_tui.cloud_stories import make_cloud_runs

POOL = Pool(instance_type="c7i.2xlarge", zone="us-east-1a")
ORPHANS = tuple(
    Orphan(kind=OrphanKind.INSTANCE, id=f"i-{number}", region="us-west-2", run_id="x", reason="its run is over")
    for number in range(2)
)


class FakeAws:
    """An account in two regions; what it holds is told by the test."""

    region = "us-east-1"

    def __init__(self, store: DirectoryStore | None = None) -> None:
        self._store = store

    def store(self, bucket: str) -> DirectoryStore:
        assert self._store is not None
        return self._store

    def call(self, service: str, operation: str, **_: Any) -> dict[str, Any]:
        assert (service, operation) == ("ec2", "describe_regions")
        return {"Regions": [{"RegionName": "us-west-2"}, {"RegionName": "us-east-1"}]}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Stand in for the sweep of an account."""
    return World(monkeypatch)


class World:
    """What the account holds, and what was done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.orphans: list[Orphan] = []
        self.unchecked: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.asked: list[Sequence[str]] = []
        self.removed: list[str] = []
        monkeypatch.setattr(aws_module.Aws, "open", lambda *_: FakeAws())
        monkeypatch.setattr(sweep_module, "find_orphans", self._find)
        monkeypatch.setattr(sweep_module, "remove", self._remove)

    def _find(self, _: object, regions: Sequence[str], store_of: object, *, now: float) -> Sweep:
        self.asked.append(regions)
        at_work = Instance(id="i-9", region="us-east-1", pool=POOL, state="running", run_id="run-1", attempt=2)
        return Sweep(orphans=tuple(self.orphans), wanted=(at_work,), unchecked=self.unchecked)

    def _remove(self, _: object, orphans: Sequence[Orphan]) -> Mapping[str, str]:
        gone = [orphan for orphan in orphans if orphan.id not in self.failures]
        self.removed += [orphan.id for orphan in gone]
        self.orphans = [orphan for orphan in self.orphans if orphan not in gone]
        return self.failures


def test_runs_are_listed_with_costs_from_files_alone(cli: Cli) -> None:
    made = make_cloud_runs(cli.runs_dir, "training", "unfollowed", "finished", now=time.time())
    result = cli("cloud", "runs")
    assert "● TRAIN" in result.stdout
    assert "c7a.2xlarge us-east-1c" in result.stdout
    assert "3 runs · 2 active · $0.273/h now · spent $1.45 · saved $1.71." in result.stderr
    assert f"Nothing here follows {made['unfollowed'].id}; `rlrobo cloud attach RUN` does." in result.stderr
    facts = {each["id"]: each for each in json.loads(cli("cloud", "runs", "--json").stdout)}
    training = facts[made["training"].id]
    assert (training["state"], training["is_followed"], training["interruptions"]) == ("training", True, 1)
    assert training["spent_usd"] == pytest.approx(1.3 * 0.142 + 1.8 * 0.131)
    assert [attempt["number"] for attempt in training["attempts"]] == [1, 2]
    assert facts[made["finished"].id]["cause"] == "finished"


def test_without_runs_it_says_how_to_begin(cli: Cli) -> None:
    assert "`rlrobo cloud deploy`, then `rlrobo train TASK --on spot`" in cli("cloud", "runs").stderr


def test_instances_are_asked_for_in_the_regions_that_were_named(cli: Cli, world: World) -> None:
    result = cli("cloud", "instances")
    assert "i-9" in result.stdout
    assert "1 instance at work, 0 orphans." in result.stderr
    cli("cloud", "instances", "--region", "eu-west-1", "--region", "eu-west-3")
    world.orphans, world.unchecked = list(ORPHANS), {"us-west-2": "It does not answer."}
    result = cli("cloud", "instances", "--all-regions")
    assert "instance i-0 in us-west-2: its run is over." in result.stderr
    assert "us-west-2 could not be looked at: It does not answer." in result.stderr
    assert world.asked == [["us-east-1"], ["eu-west-1", "eu-west-3"], ["us-east-1", "us-west-2"]]
    assert len(json.loads(cli("cloud", "instances", "--json").stdout)["orphans"]) == 2


def test_a_region_that_does_not_answer_is_an_error_where_it_is_the_only_one(cli: Cli, world: World) -> None:
    world.unchecked = {"us-east-1": "EC2 does not answer there."}
    result = cli("cloud", "instances")
    assert result.stderr == "rlrobo: EC2 does not answer there.\n"


def test_orphans_are_removed_after_a_question_only(cli: Cli, world: World) -> None:
    assert cli("cloud", "orphans").exit_code == 0
    world.orphans = list(ORPHANS)
    listed = cli("cloud", "orphans")
    assert (listed.exit_code, listed.stdout.count("\n")) == (1, 2)
    assert "There is nobody to ask; say --yes." in cli("cloud", "orphans", "--remove").stderr
    assert world.removed == []
    world.failures = {"i-1": "You may not end it (UnauthorizedOperation)."}
    partly = cli("cloud", "orphans", "--remove", "--yes", "--json")
    assert partly.exit_code == 1
    assert [each["id"] for each in json.loads(partly.stdout)] == ["i-1"]
    assert "i-1: You may not end it" in partly.stderr
    world.failures = {}
    assert cli("cloud", "orphans", "--remove", "--yes").exit_code == 0
    assert world.removed == ["i-0", "i-1"]
    assert world.asked[0] == ["us-east-1", "us-west-2"]


def test_a_checkpoint_is_fetched_by_name_or_timestep(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = cli.make_run()
    store, there = DirectoryStore(tmp_path / "bucket"), tmp_path / "there"
    CloudFiles(run).write_spec(CloudSpec(run_id=run.id, region="us-east-1", bucket="b"))
    monkeypatch.setattr(aws_module.Aws, "open", lambda *_: FakeAws(store))
    nothing = cli("cloud", "fetch", "latest")
    assert "the run has saved no checkpoint in the cloud yet" in nothing.stderr
    keys = RunKeys(run.id)
    ours = Publisher(store, keys, hold_run(store, keys, 1))
    for step in (100, 200):
        ours.publish(make_checkpoint(there, step))
    fetched = cli("cloud", "fetch", "latest", "--checkpoint", "100")
    assert fetched.stdout.strip() == str(find_checkpoint(run.checkpoints, "100").path)
    assert cli("cloud", "fetch", "latest").stdout.strip().endswith("000000200")
    assert "there are 100, 200" in cli("cloud", "fetch", "latest", "-c", "300").stderr
    assert "no checkpoint was evaluated yet" in cli("cloud", "fetch", "latest", "-c", "best").stderr


def test_attaching_starts_what_follows_and_detaching_ends_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = make_cloud_runs(cli.runs_dir, "training", "unfollowed", "finished", now=time.time())
    started: list[RunDir] = []
    monkeypatch.setattr(cloud_runs, "start_link", started.append)
    assert "follows it already" in cli("cloud", "attach", runs["training"].id).stderr
    assert "is over: All timesteps are trained." in cli("cloud", "attach", runs["finished"].id).stderr
    assert started == []
    assert "is followed from here" in cli("cloud", "attach", runs["unfollowed"].id).stderr
    assert started == [runs["unfollowed"]]
    assert "nothing here follows it" in cli("cloud", "detach", runs["unfollowed"].id).stderr
    monkeypatch.setattr(cloud_runs, "end_link", lambda _: True)
    assert "goes on without this machine" in cli("cloud", "detach", runs["training"].id).stderr
    local = cli.make_run(seed=9)
    assert "was trained on this machine" in cli("cloud", "attach", local.id).stderr


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return json.loads(capsys.readouterr().err)


def test_the_child_of_the_app_tells_what_there_is(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.orphans = list(ORPHANS)
    assert cloud_account.main(["--region", "us-west-2"]) == 0
    assert [each["id"] for each in told(capsys)["sweep"]["orphans"]] == ["i-0", "i-1"]
    assert cloud_account.main(["--remove", "i-0", "--remove", "i-7"]) == 0
    assert [each["id"] for each in told(capsys)["sweep"]["orphans"]] == ["i-1"]
    assert world.removed == ["i-0"]
    world.failures = {"i-1": "You may not."}
    assert cloud_account.main(["--remove", "i-1"]) == 1
    assert json.loads(capsys.readouterr().err.splitlines()[-1]) == {"error": "You may not."}


def test_the_child_of_the_app_tells_errors_as_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: str) -> None:
        raise CloudError("This machine has no AWS credentials.")

    monkeypatch.setattr(aws_module.Aws, "open", refuse)
    assert cloud_account.main([]) == 1
    assert told(capsys) == {"error": "This machine has no AWS credentials."}
