"""The compiled hidden layers compute the bits that NumPy computes."""

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.kernels import library as kernel_library
from engine.kernels.library import load_kernels
from engine.worker.perceptron import ACTIVATIONS, Perceptron

needs_compiler = pytest.mark.skipif(load_kernels() is None, reason="no C compiler, or NumPy has another BLAS")


class Twins:
    """The same perceptron twice: compiled, and in NumPy."""

    def __init__(self, *sizes: int, num_rows: int) -> None:
        rng = np.random.default_rng(0)
        self.gradients = []
        self.both: list[Perceptron] = []
        layers = [
            (rng.standard_normal((after, before), dtype=np.float32) * 0.2, rng.standard_normal(after, dtype=np.float32))
            for before, after in pairwise(sizes)
        ]
        for _ in range(2):
            gradients = [(np.zeros_like(weight), np.zeros_like(bias)) for weight, bias in layers]
            self.gradients.append([array for pair in gradients for array in pair])
            self.both.append(Perceptron(layers, gradients, ACTIVATIONS["relu"], batch_size=num_rows))
        assert self.both[0]._hidden is not None
        self.both[1]._hidden = None
        self.inputs = rng.standard_normal((num_rows, sizes[0]), dtype=np.float32)
        self.slope = rng.standard_normal((num_rows, sizes[-1]), dtype=np.float32)
        self.by_features = rng.standard_normal((num_rows, sizes[-2]), dtype=np.float32)


SHAPES = [((26, 256, 256, 6), 128), ((32, 400, 300, 1), 255), ((7, 5, 3), 4), ((3, 9, 8, 7, 2), 1000), ((4, 6, 2), 1)]


@needs_compiler
@pytest.mark.parametrize(("sizes", "num_rows"), SHAPES)
def test_every_bit_is_numpy_s(sizes: tuple[int, ...], num_rows: int) -> None:
    twins = Twins(*sizes, num_rows=num_rows)
    compiled, plain = (each.forward(twins.inputs).copy() for each in twins.both)
    np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(twins.both[0].features, twins.both[1].features)
    for by_features in (None, twins.by_features):
        for each in twins.both:
            each.backward(twins.slope, by_features)
        for ours, theirs in zip(*twins.gradients, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for rows in (np.arange(0, num_rows, 2), np.arange(num_rows)[:1], np.arange(0)):
        ours, theirs = (
            each.by_inputs(twins.slope[rows], rows=rows, columns=slice(1, None)).copy() for each in twins.both
        )
        np.testing.assert_array_equal(ours, theirs)


@needs_compiler
@pytest.mark.parametrize(("sizes", "num_rows"), [((26, 256, 256, 1), 128), ((32, 400, 300, 1), 256), ((5, 3, 1), 7)])
def test_least_squares_in_one_call_is_numpy_s(sizes: tuple[int, ...], num_rows: int) -> None:
    twins = Twins(*sizes, num_rows=num_rows)
    targets = np.random.default_rng(1).standard_normal(num_rows, dtype=np.float32)
    compiled, plain = (each.regress(twins.inputs, targets, np.float32(0.01)).copy() for each in twins.both)
    np.testing.assert_array_equal(compiled, plain)
    for ours, theirs in zip(*twins.gradients, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    expected = twins.both[1].forward(twins.inputs)[:, 0] - targets
    np.testing.assert_array_equal(plain, expected)


@needs_compiler
def test_what_is_not_finite_stays_so() -> None:
    twins = Twins(5, 4, 2, num_rows=3)
    twins.inputs[1, 2] = np.nan
    with np.errstate(all="ignore"):
        compiled, plain = (each.forward(twins.inputs).copy() for each in twins.both)
        for each in twins.both:
            each.backward(twins.slope)
    np.testing.assert_array_equal(compiled, plain)
    assert np.isnan(compiled[1]).all()
    assert np.isfinite(compiled[[0, 2]]).all()
    for ours, theirs in zip(*twins.gradients, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@needs_compiler
def test_fewer_rows_and_more_rows_than_there_was_room_for() -> None:
    twins = Twins(6, 8, 8, 3, num_rows=16)
    for num_rows in (5, 40, 16):
        inputs = np.random.default_rng(num_rows).standard_normal((num_rows, 6), dtype=np.float32)
        compiled, plain = (each.forward(inputs).copy() for each in twins.both)
        np.testing.assert_array_equal(compiled, plain)


@needs_compiler
def test_other_layouts_are_left_to_numpy() -> None:
    twins = Twins(6, 8, 3, num_rows=16)
    for inputs in (np.asfortranarray(twins.inputs), twins.inputs.astype(np.float64)):
        compiled, plain = (each.forward(inputs).copy() for each in twins.both)
        np.testing.assert_array_equal(compiled, plain)


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Nothing is compiled yet; return the folder where it will be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_kernels.cache_clear()
    yield tmp_path / "rlrobo"
    load_kernels.cache_clear()


@needs_compiler
def test_it_is_compiled_once(anew: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_kernels() is not None
    (library,) = anew.iterdir()
    load_kernels.cache_clear()
    monkeypatch.setattr(kernel_library.subprocess, "run", pytest.fail)
    assert load_kernels() is not None
    assert list(anew.iterdir()) == [library]


def test_it_can_be_switched_off(anew: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLROBO_COMPILE", "0")
    assert load_kernels() is None
    assert not anew.exists()


@pytest.mark.parametrize("compiler", ["/does/not/exist", shutil.which("false") or "false"])
def test_without_a_compiler_that_works_numpy_computes(
    anew: Path, monkeypatch: pytest.MonkeyPatch, compiler: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    assert load_kernels() is None
    layers = [
        (np.ones((2, 3), np.float32), np.zeros(2, np.float32)),
        (np.ones((1, 2), np.float32), np.zeros(1, np.float32)),
    ]
    network = Perceptron(layers, (), ACTIVATIONS["relu"], batch_size=2)
    np.testing.assert_array_equal(network.forward(np.ones((2, 3), np.float32)), [[6.0], [6.0]])
    assert not anew.exists() or not list(anew.iterdir())
