"""`rlrobo train … --on spot`: what it costs and whether it can be had, then the same run on a rented machine.

The process that launches and follows the run goes on when this terminal closes; the run goes on without that one, too.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloud.attach import start_link
from engine.protocol.algorithms import algorithm_name
from engine.protocol.config import RunConfig
from engine.protocol.errors import UsageError
from engine.protocol.run_dir import RunDir
from engine.protocol.settings import read_settings
from rlrobo_tui.commands.packing import make_run
from rlrobo_tui.commands.place import SpotRequest
from rlrobo_tui.commands.task_facts import facts_for
from rlrobo_tui.console import narrate
from rlrobo_tui.quantities import duration

if TYPE_CHECKING:
    from cloud.aws import Aws
    from cloud.offers import Offer

NUM_SHOWN = 6
RESTARTS = 2
"""Of a crashed engine, where the user does not say how many: nobody sits beside a rented machine."""


def launch_on_spot(
    config: RunConfig, request: SpotRequest, *, auto_resume: int = 0
) -> tuple[RunDir, subprocess.Popen[bytes]]:
    """Check prices and quotas, make a run for `config` and let it be launched.

    Raises CloudError, ConfigError and StorageError; then nothing was launched.
    """
    from cloud.aws import Aws
    from cloud.deploy import read_outputs
    from cloud.send import Wish, prepare

    aws = Aws.open(request.region)
    owner = aws.caller()
    outputs = read_outputs(aws, request.stack)
    found = look_for_offers(aws, config, request)
    run = make_run(read_settings().runs_dir, config, facts_for(config))
    wish = Wish(
        instance_types=tuple(dict.fromkeys(offer.pool.instance_type for offer in found)),
        max_price_total_usd=request.max_price_total,
        max_hours=request.max_hours,
        may_use_on_demand=request.on_demand_fallback,
        is_exact=not request.newest,
        auto_resume=auto_resume or RESTARTS,
        image=request.image,
    )
    prepare(run, outputs, wish, owner=owner, clock_offset_s=aws.clock_offset_s or 0.0)
    name = algorithm_name(config.algorithm)
    narrate(f"Training {config.task_name} with {name} for {config.total_timesteps:,} timesteps on Spot, in {run.path}")
    return run, start_link(run)


def look_for_offers(aws: Aws, config: RunConfig, request: SpotRequest) -> list[Offer]:
    """Return what could be rented now, best first, and say what it costs and what quotas forbid.

    Raises CloudError, UnknownNameError and ConfigError where nothing can be had.
    """
    from cloud.choosing import choose_types
    from cloud.errors import CloudError
    from cloud.offers import offers
    from cloud.records import Market

    try:
        choice = choose_types(aws, config, request.instances)
    except CloudError as err:
        if not request.on_demand_fallback:
            raise
        narrate(f"rlrobo: {err}")  # such as no quota for Spot at all; on demand has another
        choice = choose_types(aws, config, request.instances, market=Market.ON_DEMAND)
    for sentence in dict.fromkeys(choice.quota.refused.values()):
        narrate(f"rlrobo: {sentence}")
    found = offers(
        aws,
        instance_types=tuple(choice.facts),
        num_steps=config.total_timesteps,
        task=config.task_name,
        algorithm=algorithm_name(config.algorithm),
    )
    if not found:
        names = ", ".join(choice.facts)
        raise UsageError(f"{aws.region} offers none of {names} on Spot now; try another --region or --instance.")
    for line in offer_lines(found[:NUM_SHOWN]):
        narrate(line)
    if len(found) > NUM_SHOWN:
        narrate(f"… and {len(found) - NUM_SHOWN} more; EC2 takes the one with the most capacity for its price.")
    narrate(limit_sentence(request, found[0]))
    return found


def offer_lines(found: Sequence[Offer]) -> list[str]:
    """Return a table of offers, a line each, headings first."""
    rows = [("TYPE", "ZONE", "VCPU", "GPU", "$/H", "ON DEMAND", "SAVED", "STEPS/S", "TIME", "TOTAL")]
    rows += [_cells(offer) for offer in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def limit_sentence(request: SpotRequest, best: Offer) -> str:
    """Say what ends the run whatever happens."""
    if request.max_price_total is not None:
        return f"It ends by itself after {request.limits} at the latest."
    most = request.max_hours * best.price_per_hour_usd
    return (
        f"It ends by itself after {request.limits}, about ${most:.2f} at today's price, at the latest. "
        "Set a limit in dollars with --max-price-total."
    )


def _cells(offer: Offer) -> tuple[str, ...]:
    speed, saved = offer.steps_per_second, offer.saved_share
    about = "" if offer.is_measured else "~"
    return (
        offer.pool.instance_type,
        offer.pool.zone,
        str(offer.vcpus),
        offer.gpu or "-",
        f"{offer.price_per_hour_usd:.3f}",
        "-" if offer.on_demand_price_per_hour_usd is None else f"{offer.on_demand_price_per_hour_usd:.3f}",
        "-" if saved is None else f"{saved:.0%}",
        "-" if speed is None else f"{about}{speed:,.0f}",
        "-" if offer.hours is None else f"{about}{duration(offer.hours * 3600.0)}",
        "-" if offer.total_usd is None else f"{about}${offer.total_usd:.2f}",
    )
