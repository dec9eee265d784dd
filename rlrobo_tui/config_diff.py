"""What differs between the configurations of runs: only the keys that matter, each as one line of text. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from engine.protocol.config import RunConfig
from rlrobo_tui.run_settings import flow

ABSENT = "–"
"""Stands for a key that a configuration does not have, such as another algorithm's."""
ALGORITHM = "algorithm.name"
SEED = "seed"


def flat(config: RunConfig) -> dict[str, str]:
    """Return every key of a configuration with its value as text; keys of an algorithm without its prefix."""
    found = _flatten("", msgspec.to_builtins(config))
    return {"algorithm" if key == ALGORITHM else key.removeprefix("algorithm."): text for key, text in found}


def differing(configs: Sequence[RunConfig]) -> dict[str, list[str]]:
    """Return the keys whose values are not the same in all configurations, each with its value in each of them."""
    tables = [flat(config) for config in configs]
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = {key: [table.get(key, ABSENT) for table in tables] for key in keys}
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def same_but_seed(config: RunConfig) -> str:
    """Return a text that is equal for configurations that differ in the seed alone."""
    return repr({key: value for key, value in flat(config).items() if key != SEED})


def _flatten(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict) or not value or "start" in value:  # a schedule is one value
        yield prefix, flow(value)
        return
    for key, child in value.items():
        yield from _flatten(f"{prefix}.{key}".lstrip("."), child)
