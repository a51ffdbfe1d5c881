"""Sketches of populations: the same in any order, exact sums, quantiles to their word."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il21.engine.sketch import LARGEST, Sketch
from il21.errors import InputError


def population(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    return np.exp(3.0 * rng.standard_normal(n)) * np.where(rng.random(n) < 0.1, -1.0, 1.0)


def test_the_same_in_any_order_and_chunks():
    values = population()
    whole = Sketch.of(values)
    rng = np.random.default_rng(1)
    for pieces in (2, 3, 17, 400):
        parts = [Sketch.of(p) for p in np.array_split(rng.permutation(values), pieces)]
        joined = Sketch()
        for k in rng.permutation(len(parts)):
            joined = joined + parts[k]
        assert joined == whole
        assert (joined.mean, joined.sd) == (whole.mean, whole.sd)
    assert Sketch.of(values[:-1]) != whole


finite = st.floats(min_value=-1e140, max_value=1e140, allow_nan=False, allow_subnormal=False)


@settings(max_examples=200, deadline=None)
@given(st.lists(finite, min_size=1, max_size=60))
def test_the_mean_is_rounded_once(values):
    exact = sum((Fraction(v) for v in values), Fraction(0)) / len(values)
    assert Sketch.of(values).mean == float(exact)


def test_the_spread_is_that_of_numpy():
    values = population()
    assert Sketch.of(values).sd == pytest.approx(values.std(ddof=1), rel=1e-12)
    near = 1e9 + np.arange(10.0)
    assert Sketch.of(near).sd == pytest.approx(np.arange(10.0).std(ddof=1), rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.025, 0.3, 0.5, 0.975, 1.0])
def test_quantiles_are_known_to_their_word(share):
    values = np.sort(population())
    rank = min(len(values) - 1, math.floor(share * len(values)))
    assert Sketch.of(values).quantile(share) == pytest.approx(values[rank], rel=0.0040)


def test_a_bin_is_not_finer_than_it_says():
    """Two values 0.1 % apart share a bin; two 2 % apart do not."""
    assert len(Sketch.of([1.0, 1.001]).bins) == 1
    assert len(Sketch.of([1.0, 1.02]).bins) == 2


def test_what_is_not_finite_is_counted_apart():
    found = Sketch.of([1.0, np.nan, np.inf, -np.inf, 2 * LARGEST, 3.0, 0.0, -0.0])
    assert (found.n, found.strange, found.mean) == (4, 4, 1.0)
    assert (found.least, found.greatest) == (0.0, 3.0)


def test_nothing():
    empty = Sketch.of([])
    assert empty == Sketch()
    assert empty.n == 0
    assert math.isnan(empty.mean)
    assert math.isnan(empty.quantile(0.5))
    assert math.isnan(Sketch.of([1.0]).sd)
    with pytest.raises(InputError, match="between 0 and 1"):
        empty.quantile(1.5)
