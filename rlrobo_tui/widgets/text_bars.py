"""Bars and columns made of text. Pure: numbers in, styled text out."""

from collections.abc import Sequence

from textual.content import Content

from rlrobo_tui.quantities import number

_HEIGHTS, _ASCII_HEIGHTS = "▁▂▃▄▅▆▇█", "_.-~=+*#"


def progress_bar(part: float, *, width: int) -> Content:
    """Return a bar of `width` characters; heavy is done, light is left, so that it reads without colour."""
    done = round(max(0.0, min(1.0, part)) * width)
    return Content.assemble(("━" * done, "$primary"), ("─" * (width - done), "$faint"))


def signed_bars(values: dict[str, float], *, width: int) -> Content:
    """Return one line for each value: name, a bar that leaves its axis to the left where negative, the value."""
    name_width = min(max((len(name) for name in values), default=0), max(8, width // 2 - 2))
    bar_width = max(2, (width - name_width - 11) // 2)
    largest = max((abs(value) for value in values.values()), default=0.0) or 1.0
    lines: list[Content] = []
    for name, value in values.items():
        length = max(1, round(abs(value) / largest * bar_width)) if value else 0
        left = ("█" * length if value < 0 else "").rjust(bar_width)
        right = ("█" * length if value > 0 else "").ljust(bar_width)
        lines.append(
            Content.assemble(
                (cut(name, name_width), "$foreground"), " ",
                (left, "$error"), ("│", "$faint"), (right, "$success"), " ",
                (_signed(value).rjust(8), "$foreground"),
            )
        )  # fmt: skip
    return Content("\n").join(lines)


def share_bars(shares: dict[str, float], *, width: int) -> Content:
    """Return one line for each part of a whole: name, bar, percentage. More than the whole is a bar with an arrow."""
    name_width = min(max((len(name) for name in shares), default=0), max(8, width // 2 - 2))
    bar_width = max(2, width - name_width - 7)
    lines = [
        Content.assemble(
            (cut(name, name_width), "$foreground"), " ",
            *_share_bar(share, bar_width), " ",
            (f"{share:.0%}".rjust(5), "$foreground"),
        )
        for name, share in shares.items()
    ]  # fmt: skip
    return Content("\n").join(lines)


def _share_bar(share: float, width: int) -> list[tuple[str, str]]:
    """Return the pieces of one bar, `width` characters together."""
    if share > 1:
        return [("█" * (width - 1) + "▸", "$primary")]
    length = round(max(0.0, share) * width)
    return [("█" * length, "$primary"), ("·" * (width - length), "$faint")]


def sparkline(values: Sequence[float], *, is_ascii: bool) -> str:
    """Return one character a value, from the lowest to the highest of them; empty without two values."""
    if len(values) < 2:
        return ""
    heights = _ASCII_HEIGHTS if is_ascii else _HEIGHTS
    low, high = min(values), max(values)
    scale = (len(heights) - 1) / (high - low) if high > low else 0.0
    return "".join(heights[round((value - low) * scale)] for value in values)


def value_rows(rows: list[tuple[str, str, str]], *, width: int) -> Content:
    """Return one line for each (name, value, style): the value at the right edge."""
    lines = [
        Content.assemble((cut(name, max(1, width - len(value) - 1)), "$muted"), " ", (value, style))
        for name, value, style in rows
    ]
    return Content("\n").join(lines)


def cut(text: str, width: int) -> str:
    """Return `text` in exactly `width` characters: filled with spaces, or cut with a sign that it is."""
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)
