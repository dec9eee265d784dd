"""Write numbers, names and lists as YAML, for people to read. Called by robots/proposal_text.py."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping


def per_joint_lines(key: str, values: Mapping[str, float]) -> list[str]:
    """Return the lines of a key with one number if it is the same for all, else one for each joint."""
    texts = {name: number_text(value) for name, value in values.items()}
    if len(set(texts.values())) == 1:
        return [f"    {key}: {next(iter(texts.values()))}"]
    return [f"    {key}:", *(f"      {quoted(name)}: {text}" for name, text in texts.items())]


def names_text(names: Iterable[str]) -> str:
    """Return a list of names."""
    return f"[{', '.join(quoted(name) for name in names)}]"


def quoted(text: str) -> str:
    """Return a name, plain where YAML reads it back as the same text."""
    is_plain = text[:1].isalpha() and text.replace("_", "").replace(".", "").replace("/", "").replace("-", "").isalnum()
    return text if is_plain and text.lower() not in ("true", "false", "null", "all") else json.dumps(text)


def list_text(numbers: Iterable[float]) -> str:
    """Return a list of numbers with six digits."""
    return f"[{', '.join(f'{round(number, 6) + 0.0:.6g}' for number in numbers)}]"


def rounded(value: float) -> float:
    """Return two digits of a number: as exact as a rule of thumb is."""
    return float(f"{value:.2g}")


def number_text(value: float) -> str:
    """Return a number with two digits."""
    return f"{rounded(value):g}"
