"""What fits into a notice: numbers that can be checked by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.emergency import Tier, choose_tier, light_bytes, plan, upload_s, without_replay
from cloud.timing import Timing
from engine.protocol.checkpoints import verify
from tests.cloud.made_checkpoints import make_checkpoint

TIMING = Timing()


def test_the_engine_trains_until_the_upload_needs_the_time() -> None:
    # 100 MB at 10 MB/s are 10 s, with caution 15; 10 s of margin, 15 for the engine.
    times = plan(120.0, new_bytes=100_000_000, bytes_per_s=10e6, timing=TIMING)
    assert (times.done_by, times.kill_at, times.stop_at) == (110.0, 95.0, 80.0)


@given(
    lead=st.sampled_from([0.0, 39.0, 108.0, 120.0]),
    new_bytes=st.integers(0, 2_000_000_000),
    bytes_per_s=st.one_of(st.none(), st.floats(1e4, 1e9)),
)
def test_whatever_the_notice_the_order_holds_and_the_end_is_before_it(
    lead: float, new_bytes: int, bytes_per_s: float | None
) -> None:
    times = plan(lead, new_bytes=new_bytes, bytes_per_s=bytes_per_s, timing=TIMING)
    assert times.stop_at <= times.kill_at <= times.done_by == lead - TIMING.margin_s


@pytest.mark.parametrize(
    ("left_s", "tier"),
    [(150.0, Tier.FULL), (149.0, Tier.LIGHT), (1.5, Tier.LIGHT), (1.4, Tier.NOTHING), (0.0, Tier.NOTHING)],
)
def test_the_tier_is_what_the_measured_line_takes(left_s: float, tier: Tier) -> None:
    # A gigabyte of replay buffer and ten megabytes of everything else, at 10 MB/s.
    assert choose_tier(left_s, full_bytes=1_000_000_000, light_bytes=10_000_000, bytes_per_s=10e6) is tier


def test_without_a_measurement_a_slow_line_is_assumed() -> None:
    assert upload_s(5_000_000, None) == 1.5


def test_a_light_copy_is_whole_shares_the_files_and_is_no_barrier(tmp_path: Path) -> None:
    full = make_checkpoint(tmp_path / "checkpoints", 100)
    with without_replay(full, tmp_path / "light") as light:
        verify(light)
        assert set(light.manifest.files) == {"policy.zip", "state.json"}
        assert light_bytes(full) == light.size_bytes
        assert (light.path / "policy.zip").samefile(full.path / "policy.zip")
        assert not light.manifest.is_barrier
    assert not (tmp_path / "light").exists()
    verify(full)
