"""Event files as no engine should write them, for tests that nothing a viewer does fails on them."""

import json
import string
from collections.abc import Iterator
from random import Random
from typing import Any, get_type_hints

import hypothesis.strategies as st

from engine.protocol.events import EVENT_TYPES, Event
from engine.protocol.status import EndReason, Status

NAMES = (
    "rollout/ep_rew_mean", "rollout/ep_len_mean", "rollout/success_rate", "time/steps_per_second", "train/approx_kl",
    "train/explained_variance", "train/learning_rate", "train/critic_loss", "train/std", "curriculum/slope",
    "reward/alive", "termination/fell", "sampling/efficiency", "time_share/sampling", "host/cpu_percent",
    "host/memory_bytes", "randomization/mass", "eval/mean_reward",
)  # fmt: skip
numbers = st.one_of(
    st.floats(-1e3, 1e3),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 5),
    st.sampled_from([1e308, -1e308, 1e-320, 10**18, -(10**18), 10**30, 10**400]),
)
texts = st.one_of(
    st.sampled_from([*NAMES, "", "[bold]", "[/]", "\x1b[31mred", "a\nb", "界" * 40, "checkpoints/000000500"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(string.printable, max_size=12),
)
steps = st.one_of(st.integers(0, 2000), st.integers(-3, 10**12), st.sampled_from([10**18, 10**30, 10**400]))
times = st.one_of(st.floats(1.7e9, 1.8e9), numbers)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=4,
)
_KINDS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.one_of(st.integers(0, 2000), numbers),
    float: numbers,
    str: texts,
    bool: st.booleans(),
    Status: st.sampled_from([*Status]).map(lambda status: status.value),
    EndReason: st.sampled_from([*EndReason]).map(lambda reason: reason.value),
    dict[str, float | None]: st.dictionaries(texts, st.none() | numbers, max_size=6),
    dict[str, float]: st.dictionaries(texts, numbers, max_size=4),
    dict[str, int]: st.dictionaries(texts, st.integers(-2, 10**19), max_size=4),
    list[float]: st.lists(numbers, max_size=4),
    list[int]: st.lists(st.integers(-2, 10**19), max_size=4),
    dict[str, list[float]]: st.dictionaries(texts, st.lists(numbers, max_size=3), max_size=3),
    int | None: st.none() | st.integers(-2, 2000),
    float | None: st.none() | numbers,
}


def _fields(event: type[Event]) -> st.SearchStrategy[dict[str, Any]]:
    """Return fields of the types that readers expect, whatever their values."""
    hints = {name: kind for name, kind in get_type_hints(event).items() if name in event.__struct_fields__}
    always = {"type": st.just(event.__struct_config__.tag), "step": steps, "time": times}
    return st.fixed_dictionaries(
        always, optional={name: _KINDS[kind] for name, kind in hints.items() if name not in always}
    )


well_typed = st.sampled_from([*EVENT_TYPES.values()]).flatmap(_fields)
ill_typed = st.dictionaries(st.sampled_from(["type", "step", "time", "values", "status", "reason", "x"]), junk)
_encoded = st.one_of(well_typed, well_typed, well_typed, ill_typed).map(lambda event: json.dumps(event).encode())
_torn = st.tuples(_encoded, st.integers(0, 40)).map(lambda it: it[0][: it[1]])
lines = st.one_of(_encoded, _encoded, _encoded, _torn, st.binary(max_size=20), st.just(b"null"), st.just(b"[1, 2]"))
files = st.lists(lines, max_size=25).map(b"\n".join)
"""Some lines, each as an engine might write it or not at all."""


def rubbish() -> Iterator[bytes]:
    """Return files that are wrong on purpose, each in a way that chance seldom finds."""
    start = b'{"type":"run_started","seq":1,"time":1.8e9,"task":"cartpole_balance","total_timesteps":1000}\n'
    metrics = b'{"type":"metrics","seq":%d,"time":%s,"step":%d,"values":{"rollout/ep_rew_mean":%s}}\n'
    yield b""
    yield Random(1).randbytes(100_000)
    yield b"\x00" * 10_000
    yield "\ufeff".encode("utf-16") + start
    yield start.replace(b"\n", b"\r\n") * 3
    yield start + b'{"type":"warning","message":"' + b"x" * 3_000_000 + b'"}\n' + metrics % (2, b"1.8e9", 50, b"1.0")
    yield start + b"[" * 100_000 + b"\n" + b'{"a":' * 100_000 + b"\n"
    yield start + b"".join(metrics % (9 - seq, b"1.8e9", 900 - 100 * seq, b"%d" % seq) for seq in range(9))
    for time in (b"-1e18", b"1e300", b"0", b"NaN", b'"now"', b"1e11"):
        yield start + metrics % (2, time, 50, b"1.0") + metrics % (3, time, 60, b"2.0")
    for value in (b"NaN", b"Infinity", b"1e308", b"-1e308", b"1e-320", b"null", b"9" * 400, b'"1"', b"true", b"[1]"):
        yield start + metrics % (2, b"1.8e9", 50, value) + metrics % (3, b"1.8e9", 2**62, value)
    many = ",".join(f'"m/{number}":{number}' for number in range(2000)).encode()
    yield start + b'{"type":"metrics","time":1.8e9,"step":5,"values":{' + many + b"}}\n"
    yield (
        start
        + b'{"type":"a_later_kind","seq":2,"step":3}\n' * 100
        + b'{"type":"run_ended","reason":"a_later_reason"}\n'
    )
