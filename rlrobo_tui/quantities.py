"""Numbers as people read them: SI units, few digits, always the same width class. Pure functions."""

import math
import time

_SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def count(value: float) -> str:
    """Write a count in at most five characters: 950, 412k, 1.00M."""
    for factor, unit in _SI:
        # 999,950 is 1.00M, not 1000k.
        if abs(value) >= factor * 0.9995:
            return f"{_three_digits(value / factor)}{unit}"
    return f"{value:.0f}"


def number(value: float | None) -> str:
    """Write a measured value in at most seven characters: 187.3, 0.011, 3.0e-4, 12.3k; `–` for None."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 9999.5:
        return count(value)
    if size >= 100:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    if size >= 0.001 or size == 0:
        return f"{value:.3g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def count_of(number: int, noun: str) -> str:
    """Write how many of something there are: 1 run, 2 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def dollars(value: float | None) -> str:
    """Write money in US dollars: $0.42, $1,204; `–` for None."""
    if value is None:
        return "–"
    return f"${value:,.2f}" if abs(value) < 999.995 else f"${value:,.0f}"


def dollars_an_hour(value: float | None) -> str:
    """Write a price: $0.142/h; `–` for None."""
    return "–" if value is None else f"${value:.3f}/h"


def percent(part: float) -> str:
    """Write a part of one: 41%. It rounds down, so that 100% means all."""
    return f"{math.floor(part * 100 + 1e-9)}%"


def duration(seconds: float | None) -> str:
    """Write a duration in at most seven characters: 45s, 12m 03s, 3h 20m, 2d 4h; `–` for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    minutes, rest_s = divmod(whole, 60)
    hours, rest_min = divmod(minutes, 60)
    days, rest_h = divmod(hours, 24)
    if days:
        return f"{days}d {rest_h}h"
    if hours:
        return f"{hours}h {rest_min:02d}m"
    if minutes:
        return f"{minutes}m {rest_s:02d}s"
    return f"{rest_s}s"


def age(seconds: float | None) -> str:
    """Write how long ago something was, in one unit: 45s, 12m, 3h, 2d; `–` for None."""
    return "–" if seconds is None else duration(seconds).split()[0]


def clock(time_s: float) -> str:
    """Write the local time of day of a time since 1970: 14:22:33."""
    return time.strftime("%H:%M:%S", time.localtime(time_s))


def _three_digits(value: float) -> str:
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}"
