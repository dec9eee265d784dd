"""`rlrobo cloud deploy | status | doctor | destroy | push-image`: the stack of AWS resources that cloud runs need."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from engine.protocol.errors import ConfigError, UnknownNameError, UsageError
from rlrobo_tui.commands.options import JsonOption
from rlrobo_tui.console import narrate, print_data, print_json, writes_ascii
from rlrobo_tui.quantities import count_of

if TYPE_CHECKING:
    from cloud.aws import Aws
    from cloud.changes import Follower
    from cloud.deploy import Plan
    from cloud.findings import Finding

RegionOption = Annotated[str, typer.Option("--region", help="AWS region. [default: of your AWS settings]")]
StackOption = Annotated[str, typer.Option("--stack", help="Name of the CloudFormation stack.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]

_OWN_ADDRESS_URL = "https://checkip.amazonaws.com"
_OWN_ADDRESS_TIMEOUT_S = 5.0


def add_to(group: typer.Typer) -> None:
    """Add these commands to `rlrobo cloud`."""
    for function in (deploy, status, doctor, destroy, push_image):
        group.command(function.__name__.replace("_", "-"))(function)


def deploy(
    *,
    ssh_from: Annotated[
        str | None,
        typer.Option(
            "--ssh-from",
            metavar="ADDRESS",
            help="The one IPv4 address from which runs are seen by SSH, sooner than through S3; `me`: this machine's; "
            "`none`. [default: as it is; none]",
        ),
    ] = None,
    has_relauncher: Annotated[
        bool | None,
        typer.Option(
            "--relauncher/--no-relauncher",
            help="Have AWS launch the next attempt of an interrupted run while this machine is off. [default: as it "
            "is; no]",
        ),
    ] = None,
    volume_gib: Annotated[
        int | None, typer.Option("--volume", metavar="GIB", min=16, max=1000, help="Disk of an instance. [default: 80]")
    ] = None,
    log_days: Annotated[
        int | None,
        typer.Option("--log-days", help="How long logs are kept, one of CloudWatch's periods. [default: 30]"),
    ] = None,
    vpc: Annotated[str, typer.Option("--vpc", help="VPC for instances. [default: the region's default VPC]")] = "",
    region: RegionOption = "",
    stack: StackOption = "rlrobo",
    is_confirmed: YesOption = False,
    is_dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make what cloud runs need in AWS; free while unused.

    Run again, it brings that up to date and goes on where it was cut off.
    """
    from cloud.deploy import Choices
    from cloud.deploy import deploy as deploy_stack
    from cloud.deploy import plan as make_plan

    choices = Choices(
        ssh_from=None if ssh_from is None else _address(ssh_from),
        has_relauncher=has_relauncher,
        volume_gib=volume_gib,
        log_days=log_days,
        vpc=vpc,
    )
    aws = _open(region)
    planned = make_plan(aws, stack=stack, choices=choices)
    if is_dry_run and as_json:
        print_json(planned)
        return
    _tell_plan(planned)
    if is_dry_run:
        return
    if planned.created and not is_confirmed:
        ask(f"Make {count_of(len(planned.created), 'resource')} in account {planned.account}, {planned.region}?")
    outputs = deploy_stack(aws, stack=stack, choices=choices, follower=_follower())
    if as_json:
        print_json(outputs)
        return
    narrate(f"{stack} in {outputs.region} is ready. Train there with `rlrobo train TASK --on spot`.")


def status(*, region: RegionOption = "", stack: StackOption = "rlrobo", as_json: JsonOption = False) -> None:
    """Show the stack and what runs in it.

    Exits with 1 where there is no stack.
    """
    from cloud.changes import find_stack
    from cloud.deploy import read_outputs
    from cloud.destroy import running_instances

    aws = _open(region)
    found = find_stack(aws, stack)
    if found is None:
        if as_json:
            print_json(None)
        narrate(f"There is no stack {stack} in {aws.region}. Make it with `rlrobo cloud deploy`.")
        raise typer.Exit(1)
    outputs, instances = read_outputs(aws, stack), running_instances(aws, stack)
    if as_json:
        print_json({"status": found["StackStatus"], "outputs": outputs, "instances": instances})
        return
    rows = [
        ("stack", f"{stack} in {outputs.region}, {found['StackStatus']}"),
        ("bucket", outputs.bucket),
        ("images", outputs.repository_uri),
        ("zones", ", ".join(sorted(outputs.subnets))),
        ("ssh", f"from {outputs.ssh_cidr}" if outputs.ssh_cidr else "closed"),
        ("relauncher", "on" if outputs.has_relauncher else "off"),
        ("logs", outputs.log_group),
        ("instances", ", ".join(f"{each.id} ({each.pool})" for each in instances) or "none"),
    ]
    for name, text in rows:
        print_data(f"{name:<10} {text}")


def doctor(
    *,
    region: RegionOption = "",
    stack: StackOption = "rlrobo",
    is_dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Check account and stack, and mend what drifted.

    Exits with 1 where something is left to do.
    """
    from cloud.doctor import examine
    from cloud.findings import Verdict, Visit

    found: list[Finding] = []
    for finding in examine(Visit(door=_open(region), stack=stack, may_repair=not is_dry_run)):
        found.append(finding)
        if not as_json:
            _print_finding(finding)
    if as_json:
        print_json(found)
    raise typer.Exit(1 if any(finding.verdict is Verdict.FAILURE for finding in found) else 0)


def destroy(
    *,
    region: RegionOption = "",
    stack: StackOption = "rlrobo",
    is_confirmed: YesOption = False,
    is_dry_run: DryRunOption = False,
) -> None:
    """Remove the stack; the bucket with the runs stays.

    Refuses while an instance runs.
    """
    from cloud.changes import find_stack
    from cloud.destroy import destroy as destroy_stack
    from cloud.destroy import refuse_while_running, what_stays

    aws = _open(region)
    refuse_while_running(aws, stack)
    if is_dry_run:
        is_there = find_stack(aws, stack) is not None
        narrate(f"Would remove the stack {stack} in {aws.region}." if is_there else f"There is no stack {stack}.")
        for line in what_stays(aws, stack):
            narrate(line)
        return
    if not is_confirmed:
        ask(f"Remove the stack {stack} in {aws.region}? The runs in its bucket stay.")
    destroy_stack(aws, stack, _follower())


def push_image(
    *,
    target: Annotated[str, typer.Option("--target", help="`cpu`, or `cuda` for instances with an NVIDIA GPU.")] = "cpu",
    region: RegionOption = "",
    stack: StackOption = "rlrobo",
    as_json: JsonOption = False,
) -> None:
    """Build the container image and push it to the stack.

    Needs Docker or Buildah. Prints what `rlrobo train --on spot --image` takes; without an image, instances install
    the code by themselves.
    """
    from cloud.deploy import read_outputs
    from cloud.image_push import TARGETS
    from cloud.image_push import push_image as push

    if target not in TARGETS:
        raise UnknownNameError("target", target, TARGETS)
    aws = _open(region)
    pushed = push(aws, read_outputs(aws, stack), target=target, say=narrate)
    if pushed.was_there:
        narrate(f"This code was pushed before, as {pushed.tag}.")
    if as_json:
        print_json(pushed)
    else:
        print_data(pushed.reference)


def _open(region: str) -> Aws:
    from cloud.aws import Aws

    return Aws.open(region)


def _follower() -> Follower:
    from cloud.changes import Follower

    return Follower(say=narrate)


def _address(text: str) -> str:
    if text == "none":
        return ""
    return _own_address() if text == "me" else text


def _own_address() -> str:
    """Return the address that AWS sees of this machine."""
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(_OWN_ADDRESS_URL, timeout=_OWN_ADDRESS_TIMEOUT_S) as answer:
            return answer.read().decode().strip()
    except (URLError, OSError) as err:
        problem = f"{_OWN_ADDRESS_URL} does not tell this machine's address ({err}); give it as a.b.c.d"
        raise ConfigError("--ssh-from", "", problem) from err


def _tell_plan(planned: Plan) -> None:
    narrate(f"Account {planned.account} as {planned.caller}, region {planned.region}, stack {planned.stack}.")
    _tell_lines("To be made:", planned.created)
    _tell_lines("There already, brought up to date where it differs:", planned.kept)
    _tell_lines(f"Stays after `rlrobo cloud destroy`, in {planned.bucket}:", planned.stays_after_destroy)


def _tell_lines(title: str, lines: tuple[str, ...]) -> None:
    if lines:
        narrate(title)
    for line in lines:
        narrate(f"  {line}")


def ask(question: str) -> None:
    """Ask for a yes. Raises UsageError where it does not come."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} There is nobody to ask; say --yes.")
    if not typer.confirm(question, err=True):
        raise UsageError("nothing was changed.")


def _print_finding(finding: Finding) -> None:
    from cloud.findings import Verdict

    signs = {
        Verdict.OK: ("✓", "ok"),
        Verdict.REPAIRED: ("+", "++"),
        Verdict.WARNING: ("!", "!!"),
        Verdict.FAILURE: ("✗", "XX"),
    }
    is_ascii = writes_ascii() or bool(os.environ.get("RLROBO_ASCII"))
    print_data(f"{signs[finding.verdict][is_ascii]} {finding.name:<11} {finding.seen}")
    if finding.fix:
        print_data(f"  {'':<11} fix: {finding.fix}")
