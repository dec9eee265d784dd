"""Send a run to the cloud: what was asked for, the run directory and the code that trains it, all before any launch.

Every step may be repeated: what is there already is left alone, so a process that died in the middle starts again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from cloud.bootstrap import boot_template
from cloud.errors import CloudError
from cloud.layout import RunKeys, wheel_keys
from cloud.local import CloudFiles
from cloud.outputs import StackOutputs
from cloud.records import CloudSpec, decode, encode
from cloud.store import ObjectStore
from cloud.view_access import make_key, why_not_here
from cloud.wheel import build_wheel, constraints
from engine.protocol.crash_points import reach
from engine.protocol.files import sha256_of
from engine.protocol.remote import Remote, write_remote
from engine.protocol.run_dir import PLUGINS_FOLDER, ROBOT_FOLDER, RunDir


class Wish(Struct, frozen=True, kw_only=True):
    """What a user asks of the cloud for a run; the fields are those of CloudSpec."""

    instance_types: tuple[str, ...]
    max_price_total_usd: float | None = None
    max_hours: float = 24.0
    may_use_on_demand: bool = False
    is_exact: bool = True
    auto_resume: int = 2
    image: str = ""


def prepare(run: RunDir, outputs: StackOutputs, wish: Wish, *, owner: str, clock_offset_s: float = 0.0) -> CloudSpec:
    """Write down what is asked for a new run, here; return it. Nothing was sent then. Raises StorageError.

    `clock_offset_s`: by how much AWS's clock is ahead of this one's; the deadline counts by AWS's.
    """
    files = CloudFiles(run)
    spec = CloudSpec(
        run_id=run.id,
        region=outputs.region,
        bucket=outputs.bucket,
        stack=outputs.stack,
        has_relauncher=outputs.has_relauncher,
        created_at=time.time() + clock_offset_s,
        owner=owner,
        view_key=make_key(files) if outputs.ssh_cidr and not why_not_here() else "",
        **{name: getattr(wish, name) for name in wish.__struct_fields__},
    )
    files.write_spec(spec)
    sentence = f"The run is sent to {outputs.region}."
    write_remote(run.remote, Remote(place="spot", is_active=True, sentence=sentence, time=time.time()))
    return spec


def send(run: RunDir, spec: CloudSpec, store: ObjectStore, say: Callable[[str], None]) -> CloudSpec:
    """Upload what instances need; return the spec as it stands in S3. Raises CloudError and StorageError."""
    keys = RunKeys(spec.run_id)
    sent = store.get(keys.spec)
    if sent is not None:
        return _checked(decode(sent.content, CloudSpec), spec)
    for path in input_files(run):
        store.upload(f"{keys.inputs}{path.relative_to(run.path).as_posix()}", path, sha256=sha256_of(path))
    reach("cloud-inputs-sent")
    if not spec.image:
        spec = _send_code(spec, store, say)
    CloudFiles(run).write_spec(spec)
    store.put(keys.boot, boot_template(spec).encode())
    if spec.has_relauncher:
        store.put(keys.open_marker, b"")
    reach("cloud-code-sent")
    if not store.create(keys.spec, encode(spec)):
        return send(run, spec, store, say)  # another process was quicker
    return spec


def input_files(run: RunDir) -> Iterator[Path]:
    """Yield the files of a new run that its engine needs."""
    yield from (path for path in (run.config, run.provenance, run.facts, run.tags) if path.is_file())
    for folder in (ROBOT_FOLDER, PLUGINS_FOLDER):
        yield from (path for path in sorted((run.path / folder).rglob("*")) if path.is_file())


def _send_code(spec: CloudSpec, store: ObjectStore, say: Callable[[str], None]) -> CloudSpec:
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build_wheel(Path(scratch))
        wheel_key, constraints_key = wheel_keys(wheel.sha256, wheel.path.name)
        versions = Path(scratch) / "constraints.txt"
        versions.write_text(constraints(), encoding="utf-8")
        say(f"Sending rlrobo itself ({wheel.path.stat().st_size / 1e6:.1f} MB).")
        store.put(constraints_key, versions.read_bytes())
        store.upload(wheel_key, wheel.path, sha256=wheel.sha256)
    return msgspec.structs.replace(spec, wheel_key=wheel_key, wheel_sha256=wheel.sha256)


def _checked(sent: CloudSpec, spec: CloudSpec) -> CloudSpec:
    """Refuse a run of the same name that somebody else sent."""
    if sent.created_at != spec.created_at:
        raise CloudError(
            f"s3://{spec.bucket}/{RunKeys(spec.run_id).prefix} has a run of this name already, sent by {sent.owner}. "
            "Train again: a new run gets a name of its own."
        )
    return sent
