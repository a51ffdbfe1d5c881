"""Uncertainty and variability: the distributions they declare, kept apart, keyed by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from il21.declare import Spread
from il21.errors import EvidenceError, InputError, UnknownNameError
from il21.study.subject import (
    CENTRAL_95,
    Variate,
    correlate,
    correlation_matrix,
    draw_parameters,
    draw_subjects,
    uncertain,
    vary,
)

MANY = np.arange(100_000)


@pytest.mark.parametrize("kind", ["ci95", "range"])
def test_positive_interval_is_log_normal_about_the_value(kind):
    # value at the geometric mean: the interval's ends are its 2.5 and 97.5 % quantiles
    drawn = uncertain(3.0, Spread(kind, (1.0, 9.0)), [-CENTRAL_95, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([1.0, 3.0, 9.0])
    # elsewhere the median stays at the value, the width that of the interval
    drawn = uncertain(2.0, Spread(kind, (1.0, 9.0)), [-CENTRAL_95, 0.0, CENTRAL_95])
    assert drawn == pytest.approx([2 / 3, 2.0, 6.0])


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


def test_cv_is_the_coefficient_of_variation():
    drawn = draw_subjects([Variate("x", 2.0, Spread("cv", (0.5,)))], seed=1, ids=MANY)["x"]
    assert drawn.std() / drawn.mean() == pytest.approx(0.5, rel=0.03)


def test_logit_spread_is_normal_on_the_logit_scale_and_stays_within_zero_and_one():
    spread = Spread("logit_sd", (1.5,))
    drawn = draw_subjects([Variate("f_r", 0.0832, spread)], seed=1, ids=MANY)["f_r"]
    assert 0 < drawn.min() < drawn.max() < 1
    assert logit(drawn).mean() == pytest.approx(logit(0.0832), abs=4 * 1.5 / np.sqrt(len(MANY)))
    assert logit(drawn).std() == pytest.approx(1.5, rel=0.01)


@given(st.floats(0.01, 100), st.floats(0, 2), st.floats(-6, 6), st.floats(0.5, 5))
def test_cuts_hold(value, log_sd, z, high):
    drawn = float(vary(value, Spread("log_sd", (log_sd,), low=0.4, high=high), z))
    assert 0.4 <= drawn <= high
    free = float(vary(value, Spread("log_sd", (log_sd,)), z))
    assert drawn == min(max(free, 0.4), high)


def test_the_two_kinds_of_draws_are_apart():
    spread = Spread("log_sd", (0.5,))
    ours = draw_parameters([Variate("x", 1.0, spread)], seed=1, replicates=[0, 1])["x"]
    theirs = draw_subjects([Variate("x", 1.0, spread)], seed=1, ids=[0, 1])["x"]
    assert not np.isclose(ours[:, None], theirs[None, :]).any()


def test_variability_lies_about_the_value_of_the_replicate():
    typical = draw_parameters(
        [Variate("x", 1.0, Spread("log_sd", (0.9,)))], seed=1, replicates=[0, 1]
    )["x"]
    replicate = np.repeat([0, 1], 20_000)
    drawn = draw_subjects(
        [Variate("x", 1.0, Spread("log_sd", (0.2,)))],
        seed=1,
        ids=np.tile(np.arange(20_000), 2),
        replicate=replicate,
        typical={"x": typical[replicate]},
    )["x"]
    for number in (0, 1):
        logs = np.log(drawn[replicate == number])
        assert logs.mean() == pytest.approx(np.log(typical[number]), abs=4 * 0.2 / np.sqrt(20_000))
        assert logs.std() == pytest.approx(0.2, rel=0.03)


@given(st.permutations(range(30)), st.integers(1, 30))
def test_a_patient_is_the_same_in_any_company(order, kept):
    variates = [
        Variate("CL", 20.0, Spread("log_sd", (0.4,))),
        Variate("V", 3500.0, Spread("log_sd", (0.25,))),
        Variate("imm", 0.02, Spread("log_sd", (1.7,))),
    ]
    pairs = {("V", "CL"): 0.5}
    whole = draw_subjects(variates, seed=1, ids=np.arange(30), correlations=pairs)
    some = np.array(order[:kept])
    part = draw_subjects(variates[::-1], seed=1, ids=some, correlations=pairs)
    for name, values in whole.items():
        assert np.array_equal(part[name], values[some])
    alone = draw_subjects(variates[2:], seed=1, ids=some)
    assert np.array_equal(alone["imm"], whole["imm"][some])


def test_correlations_are_met_and_do_not_widen():
    names = ("a", "b", "c")
    pairs = {("a", "b"): 0.6, ("c", "a"): -0.3}
    drawn = draw_subjects(
        [Variate(name, 1.0, Spread("log_sd", (0.5,))) for name in names],
        seed=1,
        ids=MANY,
        correlations=pairs,
    )
    logs = np.log([drawn[name] for name in names])
    expected = [[1.0, 0.6, -0.3], [0.6, 1.0, 0.0], [-0.3, 0.0, 1.0]]
    assert np.corrcoef(logs) == pytest.approx(np.array(expected), abs=4 / np.sqrt(len(MANY)))
    assert logs.std(axis=1) == pytest.approx([0.5] * 3, rel=0.01)


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


def test_other_bad_input():
    spread = Spread("cv", (0.1,))
    with pytest.raises(InputError, match="NaN"):
        uncertain(float("nan"), spread, 0.0)
    with pytest.raises(InputError, match="do not match"):
        uncertain([1.0, 2.0], spread, [0.0, 0.0, 0.0])
    with pytest.raises(EvidenceError, match="between 0 and 1"):
        vary(1.0, Spread("logit_sd", (1.0,)), 0.0)
    with pytest.raises(InputError, match="no patients"):
        draw_subjects([], seed=1, ids=[])
    with pytest.raises(InputError, match="no replicates"):
        draw_parameters([], seed=1, replicates=[])
    with pytest.raises(EvidenceError, match="drawn twice"):
        draw_subjects([Variate("x", 1.0, spread)] * 2, seed=1, ids=[0])
    with pytest.raises(UnknownNameError, match="typical value of y"):
        draw_subjects([Variate("x", 1.0, spread)], seed=1, ids=[0], typical={"y": 1.0})
