"""Uncertainty and variability: the distributions they declare, kept apart, keyed by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il21.declare import Spread
from il21.errors import EvidenceError, UnknownNameError
from il21.study.subject import (
    CENTRAL_95,
    correlate,
    correlation_matrix,
    uncertain,
    vary,
)

MANY = np.arange(100_000)


@pytest.mark.parametrize("kind", ["ci95", "range"])
def test_positive_interval_is_log_normal_about_the_value(kind):
    # value at the geometric mean: the interval's ends are its 2.5 and 97.5 % quantiles
    drawn = uncertain(3.0, Spread(kind, (1.0, 9.0)), [-CENTRAL_95, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([1.0, 3.0, 9.0])
    # elsewhere too: the median stays at the value, each side has its own width
    drawn = uncertain(2.0, Spread(kind, (1.0, 9.0)), [-CENTRAL_95, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([1.0, 2.0, 9.0])
    drawn = uncertain(1.0, Spread(kind, (1.0, 9.0)), [-1.0, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([1.0, 1.0, 9.0])


def test_interval_that_reaches_zero_is_normal():
    drawn = uncertain(1.0, Spread("ci95", (0.0, 2.0)), [-CENTRAL_95, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([0.0, 1.0, 2.0])
    drawn = uncertain(-1.0, Spread("range", (-3.0, 1.0)), [-CENTRAL_95, CENTRAL_95])
    assert drawn == pytest.approx([-3.0, 1.0])


@pytest.mark.parametrize(
    ("draw", "spread", "expected"),
    [
        (uncertain, Spread("se", (0.5,)), [2.0, 2.5]),
        (uncertain, Spread("log_sd", (0.4,)), [2.0, 2.0 * np.exp(0.4)]),
        (uncertain, Spread("cv", (0.3,)), [2.0, 2.0 * np.exp(np.sqrt(np.log(1.09)))]),
        (vary, Spread("sd", (0.5,)), [2.0, 2.5]),
        (vary, Spread("log_sd", (0.4,)), [2.0, 2.0 * np.exp(0.4)]),
        (vary, Spread("cv", (0.3,)), [2.0, 2.0 * np.exp(np.sqrt(np.log(1.09)))]),
    ],
)
def test_kinds_with_one_number(draw, spread, expected):
    assert draw(2.0, spread, [0.0, 1.0]) == pytest.approx(expected)


@given(st.floats(0.01, 100), st.floats(0, 2), st.floats(-6, 6), st.floats(0.5, 5))
def test_cuts_hold(value, log_sd, z, high):
    drawn = float(vary(value, Spread("log_sd", (log_sd,), low=0.4, high=high), z))
    assert 0.4 <= drawn <= high
    free = float(vary(value, Spread("log_sd", (log_sd,)), z))
    assert drawn == min(max(free, 0.4), high)


@pytest.mark.parametrize("others", [2, 3, 5, 8, 13, 30, 100, 1000])
def test_mixing_gives_a_patient_the_same_bits_whatever_the_number(others):
    # A matrix product would not: it rounds differently for other shapes.
    names = [f"p{k}" for k in range(6)]
    pairs = {(a, b): 0.3 for a in names for b in names if a < b}
    table = correlation_matrix(names, pairs)
    rows = np.random.default_rng(others).normal(size=(6, others))
    whole = correlate(rows, table)
    for patient in range(min(others, 50)):
        assert np.array_equal(correlate(rows[:, [patient]], table)[:, 0], whole[:, patient])


def test_impossible_correlations_are_refused():
    names = ["a", "b", "c"]
    three = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}
    with pytest.raises(EvidenceError, match="not positive definite"):
        correlate(np.zeros((3, 2)), correlation_matrix(names, three))
    with pytest.raises(EvidenceError, match="symmetric"):
        correlate(np.zeros((2, 1)), [[1.0, 0.2], [0.1, 1.0]])
    with pytest.raises(UnknownNameError, match="did you mean 'b'"):
        correlation_matrix(["aa", "b"], {("aa", "bb"): 0.1})
    with pytest.raises(EvidenceError, match="from -1 to 1"):
        correlation_matrix(names, {("a", "b"): 1.2})
    with pytest.raises(EvidenceError, match="given twice"):
        correlation_matrix(names, {("a", "b"): 0.2, ("b", "a"): 0.3})


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        (Spread("logsd", (0.3,)), "did you mean 'log_sd'"),
        (Spread("sd", (0.3,)), "'sd' is not one of"),
        (Spread("range", (3.0, 1.0)), "does not run upward"),
        (Spread("range", (3.0, 9.0)), "lies outside its interval"),
        (Spread("range", (3.0,)), "two finite numbers"),
        (Spread("cv", (-0.1,)), "one number from 0 on"),
        (Spread("cv", (0.1, 0.2)), "one number from 0 on"),
        (Spread("cv", (float("nan"),)), "one number from 0 on"),
        (Spread("cv", (0.1,), low=3.0, high=1.0), "lies above high"),
    ],
)
def test_bad_spreads_are_refused_by_name(spread, words):
    with pytest.raises(EvidenceError, match=words) as error:
        uncertain(2.0, spread, 0.0, name="nk.r")
    assert "nk.r" in str(error.value)
