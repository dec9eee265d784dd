"""What an AWS account holds of ours, as a child process tells it: the app itself never speaks to AWS. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from textual.content import Content

from cloud.instances import Instance
from cloud.sweep import Orphan, Sweep
from rlrobo_tui.quantities import age, clock, count_of


class Account(Struct, frozen=True, kw_only=True):
    """What the last look found."""

    asked_at: float
    """Seconds since 1970 (UTC)."""
    sweep: Sweep | None = None
    """What was found then, or before; None: nothing was asked yet."""
    error: str = ""
    """Why there was no answer, as a sentence."""
    is_asking: bool = False
    """Whether the answer is still to come."""

    @property
    def orphans(self) -> Sequence[Orphan]:
        """What nobody needs any more."""
        return self.sweep.orphans if self.sweep else ()


def account_lines(account: Account | None, now: float) -> list[Content]:
    """Return what the panel says."""
    if account is None:
        return [Content.styled("r asks AWS which instances there are.", "$muted")]
    if account.error:
        return [Content.styled(account.error, "$error")]
    if account.sweep is None:
        return [Content.styled("AWS is asked …", "$muted")]
    sweep = account.sweep
    said = f"{count_of(len(sweep.wanted), 'instance')} at work, {count_of(len(sweep.orphans), 'orphan')}"
    when = "AWS is asked …" if account.is_asking else f"as of {clock(account.asked_at)}"
    lines = [Content.styled(f"{said}  {when}", "$muted")]
    lines += [line for each in sweep.orphans for line in _orphan(each)]
    lines += [line for each in sweep.wanted for line in _instance(each, now)]
    return lines + [Content.styled(f"? {region}: {why}", "$warning") for region, why in sweep.unchecked.items()]


def _orphan(each: Orphan) -> list[Content]:
    line = Content.assemble(("! ", "$error bold"), (each.id, "bold"), f"  {each.kind.value}, {each.region}")
    return [line, Content.styled(f"  {each.reason}", "$error")]


def _instance(each: Instance, now: float) -> list[Content]:
    where = f"  {each.pool.instance_type} {each.pool.zone}  {age(max(0.0, now - each.launched_at))}"
    line = Content.assemble(("● ", "$success"), (each.id, "bold"), where)
    return [line, Content.styled(f"  {each.run_id.partition('-')[2] or each.run_id}", "$muted")]
