"""`rlrobo cloud runs | instances | orphans | fetch | attach | detach`: what runs there, what it costs, what is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cloud.attach import end_link, needs_link, start_link
from cloud.local import CloudFiles
from engine.launch import find_supervisor
from engine.protocol.errors import UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import read_settings
from rlrobo_tui.cloud_runs import CloudLister, CloudRun, read_cloud_run
from rlrobo_tui.commands.cloud_account import look_at_account
from rlrobo_tui.commands.cloud_stack import ask
from rlrobo_tui.commands.options import JsonOption, RunArgument, named_run, which_checkpoint
from rlrobo_tui.console import narrate, print_data, print_json, print_table, uses_ascii
from rlrobo_tui.quantities import age, count_of

if TYPE_CHECKING:
    from cloud.aws import Aws
    from cloud.sweep import Orphan, Sweep

RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region", metavar="REGION", help="Region to look at; may be repeated. [default: your AWS settings']"
    ),
]
AllRegionsOption = Annotated[bool, typer.Option("--all-regions", help="Look at every region that the account may use.")]


def add_to(group: typer.Typer) -> None:
    """Add these commands to `rlrobo cloud`."""
    for function in (runs, instances, orphans, fetch, attach, detach):
        group.command(function.__name__)(function)


def runs(*, as_json: JsonOption = False) -> None:
    """List the cloud runs of this machine, with what they cost."""
    from rlrobo_tui.cloud_words import COLUMNS, cells, totals  # words are styled text, and the other commands need none

    found = CloudLister(read_settings().runs_dir).read()
    if as_json:
        print_json([_facts(each) for each in found])
        return
    if not found:
        narrate(
            "No run was sent to the cloud yet. Begin with `rlrobo cloud deploy`, then `rlrobo train TASK --on spot`."
        )
        return
    now, ascii_only = time.time(), uses_ascii()
    headers = [f"{'>' if column.is_right else ''}{column.title.upper()}" for column in COLUMNS]
    rows = [cells(each, now, is_ascii=ascii_only) for each in found]
    print_table(headers, [[row[column.title] for column in COLUMNS] for row in rows])
    narrate(f"{totals(found)}.")
    alone = [each.run.id for each in found if each.is_active and not each.is_followed]
    if alone:
        narrate(f"Nothing here follows {', '.join(alone)}; `rlrobo cloud attach RUN` does.")


def instances(region: RegionOption = None, all_regions: AllRegionsOption = False, as_json: JsonOption = False) -> None:
    """List the instances at work, and what nobody needs."""
    sweep = _sweep(_open(region), region, all_regions=all_regions)
    if as_json:
        print_json(sweep)
        return
    now = time.time()
    headers = ["INSTANCE", "TYPE", "ZONE", "MARKET", "STATE", ">AGE", ">ATTEMPT", "RUN"]
    rows = [
        (
            each.id, each.pool.instance_type, each.pool.zone, each.pool.market.value, each.state,
            age(now - each.launched_at), str(each.attempt), each.run_id,
        )
        for each in sweep.wanted
    ]  # fmt: skip
    if rows:
        print_table(headers, rows)
    narrate(f"{count_of(len(rows), 'instance')} at work, {count_of(len(sweep.orphans), 'orphan')}.")
    for orphan in sweep.orphans:
        narrate(f"{orphan}.")
    if sweep.orphans:
        narrate("`rlrobo cloud orphans --remove` removes what nobody needs.")
    _tell_unchecked(sweep)


def orphans(
    *,
    must_remove: Annotated[bool, typer.Option("--remove", help="Remove them, after a question.")] = False,
    is_confirmed: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    region: RegionOption = None,
    as_json: JsonOption = False,
) -> None:
    """List or remove what runs left behind in AWS.

    Looks at every region unless you name some. Exits with 1 where something is left.
    """
    aws = _open(region)
    sweep = _sweep(aws, region, all_regions=not region)
    left = list(sweep.orphans)
    for each in left if not as_json else ():
        print_data(str(each))
    if must_remove and left:
        left = _remove(aws, left, is_confirmed=is_confirmed)
    if as_json:
        print_json(left)
    elif not sweep.orphans:
        narrate("Nothing of ours is there that nobody needs.")
    _tell_unchecked(sweep)
    raise typer.Exit(1 if left or sweep.unchecked else 0)


def fetch(
    run: RunArgument,
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", "-c", help="Checkpoint: latest, best, or a timestep.")
    ] = "latest",
) -> None:
    """Bring a checkpoint of a cloud run here.

    Small ones come by themselves while the run goes on, and the last and the best at its end.
    """
    from cloud.aws import Aws
    from cloud.checkpoints import fetch_checkpoint
    from cloud.fetching import find_manifest
    from cloud.layout import RunKeys

    found = named_run(run)
    spec = _sent(found).spec
    store, keys = Aws.open(spec.region).store(spec.bucket), RunKeys(found.id)
    key = find_manifest(store, keys, which_checkpoint(checkpoint))
    print_data(str(fetch_checkpoint(store, keys, key, found.checkpoints).path))


def attach(run: RunArgument) -> None:
    """Follow a cloud run from here.

    Brings its events, passes your commands on, and launches the next attempt after an interruption. Watching a run,
    and opening the app, does so by itself.
    """
    found = named_run(run)
    cloud_run = _sent(found)
    if not cloud_run.is_active:
        narrate(f"{found.id} is over: {cloud_run.report.sentence}")
    elif not needs_link(found):
        narrate(f"{found.id}: process {_follower(found)} follows it already.")
    else:
        start_link(found)
        narrate(f"{found.id} is followed from here; watch it with `rlrobo watch {found.id}`.")


def detach(run: RunArgument) -> None:
    """Let go of a cloud run, which trains on.

    After an interruption nothing here launches its next attempt.
    """
    found = named_run(run)
    cloud_run = _sent(found)
    if not end_link(found):
        narrate(f"{found.id}: nothing here follows it.")
        return
    goes_on = " The stack's function launches its next attempt." if cloud_run.spec.has_relauncher else ""
    narrate(f"{found.id} goes on without this machine.{goes_on} `rlrobo cloud attach {found.id}` follows it again.")


def _open(regions: list[str] | None) -> Aws:
    from cloud.aws import Aws

    return Aws.open(regions[0] if regions else "")


def _sweep(aws: Aws, regions: list[str] | None, *, all_regions: bool) -> Sweep:
    from cloud.sweep import enabled_regions

    return look_at_account(aws, enabled_regions(aws) if all_regions else regions or [aws.region])


def _remove(aws: Aws, found: list[Orphan], *, is_confirmed: bool) -> list[Orphan]:
    """Remove orphans, after a question; return those that are left."""
    from cloud.sweep import remove

    if not is_confirmed:
        ask(f"Remove {count_of(len(found), 'orphan')}? What runs saved in S3 stays.")
    failures = remove(aws, found)
    for orphan_id, why in failures.items():
        narrate(f"rlrobo: {orphan_id}: {why}")
    narrate(f"{len(found) - len(failures)} of {len(found)} removed.")
    return [each for each in found if each.id in failures]


def _tell_unchecked(sweep: Sweep) -> None:
    for region, why in sweep.unchecked.items():
        narrate(f"rlrobo: {region} could not be looked at: {why}")


def _sent(run: RunDir) -> CloudRun:
    """Return what is known of a run that was sent to the cloud. Raises UsageError for any other."""
    found = read_cloud_run(run)
    if found is None:
        raise UsageError(f"{run.id} was trained on this machine: {CloudFiles(run).spec} is not there.")
    return found


def _follower(run: RunDir) -> int:
    holder = find_supervisor(run)
    return holder.pid if holder is not None else 0


def _facts(found: CloudRun) -> dict[str, object]:
    """Return a run for a script: numbers where `cells` has words."""
    report = found.report
    return {
        "id": found.run.id,
        "state": report.state,
        "is_active": found.is_active,
        "is_followed": found.is_followed,
        "cause": found.cause,
        "sentence": report.sentence,
        "region": found.spec.region,
        "pool": found.pool,
        "price_per_hour_usd": found.rate,
        "spent_usd": found.spent_usd,
        "saved_usd": max(found.saved_usd, report.saved_usd),
        "cap_usd": found.spec.max_price_total_usd,
        "deadline": found.spec.deadline(),
        "interruptions": found.interruptions,
        "lost_steps": found.lost_steps,
        "contact_at": report.contact_at,
        "through": report.through,
        "news_at": report.news_at,
        "stored_bytes": report.stored_bytes,
        "attempts": found.attempts,
    }
