"""How configurations differ, as text: a line for each key where there is room, else one below the other."""

from collections.abc import Mapping, Sequence

from textual.content import Content

from rlrobo_tui.run_list import shorten

LONGEST_VALUE = 18
LONGEST_KEY = 26


def config_content(changes: Mapping[str, Sequence[str]], letters: Sequence[str], width: int) -> Content:
    """Return the keys that differ, each with its value in each run; `letters` name the runs."""
    if not changes:
        return Content.styled("The configurations are the same.", "$muted")
    key_width = min(LONGEST_KEY, max(len(key) for key in changes))
    value_width = min(LONGEST_VALUE, max(len(value) for values in changes.values() for value in values))
    if key_width + (value_width + 2) * len(letters) > width:
        return _stacked(changes, letters, width)
    head = "".join(f"  {letter.rjust(value_width)}" for letter in letters)
    lines = [Content.styled(" " * key_width + head, "$muted")]
    for key, values in changes.items():
        texts = "".join(f"  {shorten(value, value_width).rjust(value_width)}" for value in values)
        lines.append(Content.assemble((shorten(key, key_width).ljust(key_width), "$primary"), texts))
    return Content("\n").join(lines)


def _stacked(changes: Mapping[str, Sequence[str]], letters: Sequence[str], width: int) -> Content:
    lines: list[Content] = []
    for key, values in changes.items():
        lines.append(Content.styled(shorten(key, width), "$primary"))
        for value in dict.fromkeys(values):
            owners = "".join(letter for letter, other in zip(letters, values, strict=True) if other == value)
            lines.append(Content.assemble((f"  {owners.ljust(len(letters))} ", "$muted"), shorten(value, width - 12)))
    return Content("\n").join(lines)
