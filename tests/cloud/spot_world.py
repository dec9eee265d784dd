"""A run on a pretended AWS from end to end: the real stack, the real launch, the real user data, the real engine."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import torch

from cloud.attach import start_link
from cloud.aws import Aws
from cloud.changes import Follower
from cloud.deploy import Choices, deploy
from cloud.layout import RunKeys
from cloud.local import CloudFiles
from cloud.outputs import StackOutputs
from cloud.records import Attempt, CloudSpec, End, Head, Pool, decode
from cloud.segments import read_segments
from cloud.send import Wish, prepare
from cloud.store import ObjectStore
from engine.protocol.checkpoints import POLICY, find_checkpoint
from engine.protocol.events import AnyEvent
from engine.protocol.json_lines import event_reader
from engine.protocol.presets import build_config
from engine.protocol.provenance import collect_provenance
from engine.protocol.run_dir import RunDir, create_run
from tests.fakeaws.fake import FakeAws
from tests.fakeaws.hypervisor import Life
from tests.fakeaws.policy import RolePolicy

TYPES = ("c7i.large", "m7i.large")
TIMEOUT_S = 120.0
_SMALL = ("n_steps=64", "n_epochs=2", "num_envs=4", "evaluation.episodes=2")
SHORT = ("total_timesteps=4096", "checkpoints.every_timesteps=512", "evaluation.every_timesteps=2048", *_SMALL)
"""A run that may be over before anything can be done to it."""
MEDIUM = ("total_timesteps=60000", "checkpoints.every_timesteps=2048", "evaluation.every_timesteps=20000", *_SMALL)
"""One of ten seconds and more."""
LONG = ("total_timesteps=1000000", *MEDIUM[1:])
"""One that would go on for many minutes."""


class World:
    """One account with the stack, one user's machine."""

    def __init__(self, fake: FakeAws, outputs: StackOutputs, folder: Path) -> None:
        self.fake, self.outputs, self.folder = fake, outputs, folder
        self.aws = Aws.open(fake.region)
        self.links: list[subprocess.Popen[bytes]] = []

    @property
    def store(self) -> ObjectStore:
        """The bucket, with the user's keys."""
        return self.aws.store(self.outputs.bucket)

    def new_run(self, *overrides: str, **wish: object) -> RunDir:
        """Make a run that wants to be trained on Spot; nothing is launched."""
        run = new_run(self.folder / "runs", *overrides)
        wanted = {"instance_types": TYPES, "max_hours": 1.0, **wish}
        prepare(run, self.outputs, Wish(**wanted), owner=self.aws.caller())  # type: ignore[arg-type]
        return run

    def follow(self, run: RunDir) -> subprocess.Popen[bytes]:
        """Start the process that launches and follows it."""
        link = start_link(run)
        self.links.append(link)
        return link

    def wait_for_step(self, run: RunDir, step: int) -> None:
        """Return when the user's machine sees that the run has passed a timestep."""
        self.fake.wait_until(
            lambda: any(event.step >= step for event in events_of(run)), f"step {step}", timeout_s=TIMEOUT_S
        )

    def wait_for_checkpoint(self, run: RunDir, step: int, *, attempt: int = 1) -> None:
        """Return when S3 has a checkpoint of an attempt, at this timestep or later, from which going on is exact."""

        def is_there() -> bool:
            head = self.head(run)
            return head is not None and head.epoch >= attempt and head.barrier_step >= step

        self.fake.wait_until(is_there, f"a checkpoint of step {step}: {self.told(run)}", timeout_s=TIMEOUT_S)

    def head(self, run: RunDir) -> Head | None:
        """Return what HEAD.json says."""
        stored = self.store.get(RunKeys(run.id).head)
        return decode(stored.content, Head) if stored else None

    def head_step(self, run: RunDir) -> int:
        """Return the timestep from which an exact attempt would go on now; -1: none."""
        head = self.head(run)
        return head.barrier_step if head else -1

    def life(self, number: int) -> Life:
        """Return the instance of the n-th launch, from 1, when there is one."""
        self.fake.wait_until(lambda: len(self.fake.lives) >= number, f"launch {number}", timeout_s=TIMEOUT_S)
        return self.fake.lives[number - 1]

    def wait_for_end(self, run: RunDir, *, timeout_s: float = TIMEOUT_S) -> End:
        """Return how a run ended, when its link has ended too and nothing is paid any more."""
        link = self.links[-1]
        self.fake.wait_until(lambda: link.poll() is not None, "the link ends", timeout_s=timeout_s)
        self.fake.wait_until(lambda: not self.fake.alive, "every instance is off")
        end = self.end_of(run)
        assert end is not None, self.told(run)
        return end

    def end_of(self, run: RunDir) -> End | None:
        """Return what END.json says."""
        stored = self.store.get(RunKeys(run.id).end)
        return decode(stored.content, End) if stored else None

    def stored_events(self, run: RunDir) -> bytes:
        """Return the events that S3 has."""
        return b"".join(part.lines for part in read_segments(self.store, RunKeys(run.id)))

    def attempts(self, run: RunDir) -> list[Attempt]:
        """Return the attempts as S3 has them."""
        keys = RunKeys(run.id)
        stored = (self.store.get(listed.key) for listed in self.store.list(keys.attempts))
        return [decode(found.content, Attempt) for found in stored if found]

    def spec(self, run: RunDir) -> CloudSpec:
        """Return what was asked for."""
        spec = CloudFiles(run).read_spec()
        assert spec is not None
        return spec

    def pools(self) -> list[Pool]:
        """Return the Spot pools that a run may be launched in."""
        return [Pool(instance_type=kind, zone=zone) for kind in TYPES for zone in self.outputs.subnets]

    def sentence(self, run: RunDir) -> str:
        """Return what viewers of a run read about its place."""
        report = CloudFiles(run).read_report()
        return report.sentence if report else ""

    def signal_on(self, life: Life, module: str, number: int) -> int:
        """Send a signal to the processes of a Python module on a light machine; return how many there were."""
        root, found = str(life.machine.console.parent), 0
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if module in words and any(root in word for word in words):
                with suppress(psutil.Error):
                    process.send_signal(number)
                found += 1
        return found

    def told(self, run: RunDir) -> str:
        """Return what link and agents have logged, for failures."""
        parts = [CloudFiles(run).log.read_text()] if CloudFiles(run).log.exists() else []
        for life in self.fake.lives:
            parts.append(f"== {life.instance_id} {life.reason}\n{self.fake.console(life.instance_id)}")
            parts.append(life.machine.read("/var/lib/rlrobo/agent.log").decode() or "no agent.log")
        return "\n".join(parts)

    def close(self) -> None:
        """End the processes of the user's machine."""
        for link in self.links:
            with suppress(ProcessLookupError):
                os.kill(link.pid, signal.SIGCONT)
            link.kill()
            link.wait()


@contextmanager
def new_world(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_full: bool = False,
    choices: Choices | None = None,
    timescale: float = 0.1,
) -> Iterator[World]:
    """Deploy the stack on a new pretended AWS, whose instances are held to their role."""
    with FakeAws(folder / "machines", timescale=timescale, is_full=is_full) as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        outputs = deploy(Aws.open(fake.region), choices=choices or Choices(), follower=Follower(say=lambda _: None))
        profile = fake.client("iam").get_instance_profile(
            InstanceProfileName=outputs.instance_profile_arn.split("/")[-1]
        )
        fake.scenario.role = RolePolicy.of_role(profile["InstanceProfile"]["Roles"][0]["RoleName"])
        made = World(fake, outputs, folder)
        try:
            yield made
        finally:
            made.close()


def new_run(folder: Path, *overrides: str) -> RunDir:
    """Make a run of cartpole_balance with its tuned settings, simulated by the engine itself."""
    settings = ["num_workers=1", *overrides]
    config = build_config("cartpole_balance", algorithm="ppo", overrides=settings)
    return create_run(folder, config, collect_provenance(["test"]))


def events_of(run: RunDir) -> list[AnyEvent]:
    """Return the events as a viewer of the run reads them."""
    return event_reader(run.events).read_new()


def train_here(folder: Path, *overrides: str, timeout_s: float = TIMEOUT_S) -> RunDir:
    """Train the same run on this machine without an interruption; return it."""
    run = new_run(folder, *overrides)
    with run.engine_log.open("wb") as log:
        command = [sys.executable, "-m", "engine", str(run.path)]
        done = subprocess.run(command, stdout=log, stderr=log, timeout=timeout_s, check=False)
    assert done.returncode == 0, run.engine_log.read_text()
    return run


def policy_digest(run: RunDir) -> tuple[int, str]:
    """Return timestep and sha256 of the last checkpoint's policy parameters."""
    checkpoint = find_checkpoint(run.checkpoints, "latest")
    content = zipfile.ZipFile(checkpoint.path / POLICY).read("policy.pth")
    parameters = torch.load(io.BytesIO(content), weights_only=True)
    hasher = hashlib.sha256()
    for name in sorted(parameters):
        hasher.update(parameters[name].numpy().tobytes())
    return checkpoint.step, hasher.hexdigest()
