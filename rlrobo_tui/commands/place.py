"""Where a run trains: here or on a rented machine, and what is asked of that. Pure, for the app's form uses it, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.protocol.errors import ConfigError

HERE, SPOT = "here", "spot"
PLACES = (HERE, SPOT)
PLACE_OPTION, PRICE_OPTION, HOURS_OPTION = "--on", "--max-price-total", "--max-hours"


@dataclass(frozen=True, kw_only=True)
class SpotRequest:
    """What was typed about the machine."""

    instances: tuple[str, ...] = ("auto",)
    region: str = ""
    stack: str = "rlrobo"
    max_price_total: float | None = None
    max_hours: float = 24.0
    on_demand_fallback: bool = False
    newest: bool = False
    image: str = ""

    @property
    def limits(self) -> str:
        """What ends the run whatever happens: `$2.00 or 24 hours`."""
        money = f"${self.max_price_total:.2f} or " if self.max_price_total is not None else ""
        return f"{money}{self.max_hours:g} hour{'' if self.max_hours == 1 else 's'}"


def parse_instances(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the instance types in options that may hold several, separated by commas; `auto` where there is none."""
    return tuple(name.strip() for text in texts or () for name in text.split(",") if name.strip()) or ("auto",)


def check_place(place: str, request: SpotRequest) -> None:
    """Refuse a place that there is not, and options that mean nothing in it. Raises ConfigError."""
    if place not in PLACES:
        raise ConfigError("command line", PLACE_OPTION, f"expected {' or '.join(PLACES)}, got {place!r}.")
    if place == HERE and request != SpotRequest():
        raise ConfigError(
            "command line",
            PLACE_OPTION,
            "--instance, --region, --stack, --max-price-total, --max-hours, --on-demand-fallback, --newest and --image "
            "are for rented machines; add --on spot.",
        )
    price = request.max_price_total
    if price is not None and not _is_limit(price):
        raise ConfigError("command line", PRICE_OPTION, f"expected dollars > 0, got {price:g}.")
    if not _is_limit(request.max_hours):
        raise ConfigError("command line", HOURS_OPTION, f"expected hours > 0, got {request.max_hours:g}.")


def _is_limit(value: float) -> bool:
    """Whether something can reach it: `nan` and `inf` are numbers to a command line, too."""
    return math.isfinite(value) and value > 0
