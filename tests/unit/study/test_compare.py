"""Predicted against reported: exact sums, the noise correction, and a test of the test."""

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from il21.errors import InputError, UnknownNameError
from il21.study.compare import (
    Comparison,
    Row,
    category_probabilities,
    compare,
    draw_evaluable,
    joint_p,
    possible_tables,
    table_probabilities,
    tally,
)

GROUPS = (("response", ("CR", "PR")), ("SD", ("SD",)), ("other", ("PD", "NE")))


@given(st.integers(0, 12), st.integers(1, 4))
def test_every_table_is_there_once(patients, categories):
    tables = possible_tables(patients, categories)
    assert len(tables) == comb(patients + categories - 1, categories - 1)
    assert (tables >= 0).all()
    assert (tables.sum(axis=1) == patients).all()
    assert len({tuple(row) for row in tables.tolist()}) == len(tables)


@given(st.integers(1, 15), st.integers(2, 4), st.integers(0, 2**32))
def test_probabilities_of_all_tables_add_up_to_one(patients, categories, seed):
    chance = np.random.default_rng(seed).dirichlet(np.ones(categories), 7)
    total = table_probabilities(possible_tables(patients, categories), chance).sum()
    assert total == pytest.approx(1.0, abs=1e-12)


def test_joint_p_is_the_sum_over_tables_written_out():
    chance = np.array([[0.1, 0.3, 0.6], [0.5, 0.25, 0.25]])

    def mixture(table):
        ways = factorial(5) / np.prod([factorial(n) for n in table])
        return np.mean([ways * np.prod(row ** np.array(table)) for row in chance])

    every = [t for t in product(range(6), repeat=3) if sum(t) == 5]
    for reported in every:
        expected = sum(mixture(t) for t in every if mixture(t) <= mixture(reported) * (1 + 1e-9))
        assert joint_p(reported, chance) == pytest.approx(expected, abs=1e-12)


def test_joint_p_of_one_draw_in_two_categories_is_the_exact_binomial_test():
    for successes in range(11):
        expected = stats.binomtest(successes, 10, 0.3).pvalue
        assert joint_p([successes, 10 - successes], [[0.3, 0.7]]) == pytest.approx(expected)


def test_a_category_that_never_occurs_makes_its_tables_impossible():
    assert joint_p([1, 1], [[0.0, 1.0]]) == 0.0
    assert joint_p([0, 2], [[0.0, 1.0]]) == 1.0


def toy(rng, draws, patients, concentration=8.0):
    chance = rng.dirichlet(concentration * np.array([0.07, 0.43, 0.5]), draws)
    return chance, np.stack([rng.multinomial(patients, row) for row in chance])


@pytest.mark.parametrize("way", ["true probabilities", "patients of the trial", "many patients"])
@pytest.mark.parametrize("concentration", [8.0, 100.0])
def test_of_the_test_a_calibrated_model_is_surprised_at_the_nominal_rate(way, concentration):
    rng = np.random.default_rng(20 + int(concentration))
    found = []
    for _ in range(1000):
        chance, counts = toy(rng, 300, 25, concentration)
        reported = toy(rng, 1, 25, concentration)[1][0].tolist()
        if way == "patients of the trial":
            chance = category_probabilities(counts)
        elif way == "many patients":
            many = np.stack([rng.multinomial(1000, row) for row in chance])
            chance = category_probabilities(many)
        found.append(joint_p(reported, chance))
    for level in (0.05, 0.1, 0.5):
        surprised = int(np.sum(np.array(found) < level))
        low, high = stats.binom.interval(0.999, 1000, level)
        assert low <= surprised <= high, f"{surprised} of 1000 below {level}"


def test_without_the_noise_correction_a_trial_of_few_patients_is_hardly_ever_surprised():
    """Why the correction is on: shares of 25 patients carry the multinomial noise a second time."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(200):
        counts = toy(rng, 300, 25, 100.0)[1]
        reported = toy(rng, 1, 25, 100.0)[1][0].tolist()
        found.append(joint_p(reported, category_probabilities(counts, correct_noise=False)))
    assert np.mean(np.array(found) < 0.1) < stats.binom.interval(0.999, 200, 0.1)[0] / 200


@pytest.mark.parametrize("patients", [25, 400])
def test_noise_correction_recovers_mean_and_spread(patients):
    rng = np.random.default_rng(3)
    chance, counts = toy(rng, 20_000, patients)
    found = category_probabilities(counts)
    assert found.mean(axis=0) == pytest.approx(chance.mean(axis=0), abs=0.002)
    assert found.std(axis=0) == pytest.approx(chance.std(axis=0), rel=0.05)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))
    assert (found > 0).all()


def test_draws_that_do_not_differ_get_one_probability():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(25, [0.1, 0.4, 0.5], 5)
    counts[:] = counts[0]
    found = category_probabilities(counts)
    assert np.ptp(found, axis=0) == pytest.approx([0, 0, 0])
    empty = category_probabilities([[0, 0], [3, 7]])  # a draw without patients tells nothing
    assert empty[0] == pytest.approx(category_probabilities([[3, 7]])[0])


def test_additive_smoothing_is_half_a_patient_a_category():
    found = category_probabilities([[0, 25, 0]], correct_noise=False)
    assert found[0] == pytest.approx([0.5 / 26.5, 25.5 / 26.5, 0.5 / 26.5])


def test_intervals_are_counts_with_at_least_the_nominal_mass():
    rng = np.random.default_rng(2)
    counts = toy(rng, 400, 25)[1]
    result = compare(["response", "SD", "other"], [1, 9, 15], counts)
    for column, row in zip(counts.T, result.rows, strict=True):
        assert {row.low, row.median, row.high} <= set(column.tolist())
        assert np.mean(column < row.low) < 0.05 <= np.mean(column <= row.low)
        assert np.mean(column > row.high) <= 0.05
        assert np.mean((column >= row.low) & (column <= row.high)) >= 0.9
        assert np.mean(column <= row.median) >= 0.5
    assert result.evaluable == 25
    assert result.replicates == 400


def test_monte_carlo_errors_are_those_of_repetition():
    rng = np.random.default_rng(4)
    results = [
        compare(["a", "b", "c"], [1, 9, 15], toy(rng, 300, 25)[1], seed=k, resamples=60)
        for k in range(60)
    ]
    ps = np.array([result.joint_p for result in results])
    said = np.mean([result.joint_p_error for result in results])
    assert 0.6 < said / ps.std() < 2.0
    highs = np.array([result.rows[1].high for result in results])
    said = np.mean([result.rows[1].high_error for result in results])
    assert 0.6 < said / highs.std() < 2.0


def test_a_comparison_repeats_to_the_bit():
    counts = toy(np.random.default_rng(4), 100, 25)[1]
    first = compare(["a", "b", "c"], [1, 9, 15], counts, seed=5)
    assert first == compare(["a", "b", "c"], [1, 9, 15], counts, seed=5)


def row(reported, low, high):
    return Row(
        category=f"{low}-{high}", reported=reported, median=low, low=low, high=high,
        median_error=0, low_error=0, high_error=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "p", "verdict", "outside"),
    [
        ((row(0, 0, 2), row(9, 3, 9)), 0.05, "inside", ()),
        ((row(0, 0, 2), row(9, 3, 9)), 0.0499, "outside", ("joint p",)),
        ((row(0, 1, 2), row(9, 3, 9)), 0.5, "outside", ("1-2",)),
        ((row(3, 1, 2), row(10, 3, 9)), 0.01, "outside", ("1-2", "3-9", "joint p")),
    ],
)
def test_verdict_follows_one_rule(rows, p, verdict, outside):
    found = Comparison(rows=rows, joint_p=p, joint_p_error=0, evaluable=25, replicates=400)
    assert (found.verdict, found.outside) == (verdict, outside)


def test_a_model_that_is_wrong_is_outside():
    counts = np.random.default_rng(1).multinomial(25, [0.5, 0.3, 0.2], 400)
    result = compare(["response", "SD", "other"], [1, 9, 15], counts)
    assert result.verdict == "outside"
    assert result.outside == ("response", "other", "joint p")


def test_tally_counts_by_category_and_leaves_out_who_has_no_reading():
    best = np.array([["CR", "PR", "SD", "PD", "NE"], ["PD", "PD", "PD", "SD", "PR"]])
    assert tally(best, GROUPS).tolist() == [[2, 1, 2], [1, 1, 3]]
    kept = np.array([[True, False, True, True, True], [False] * 5])
    assert tally(best, GROUPS, kept).tolist() == [[1, 1, 2], [0, 0, 0]]
    assert tally(best, GROUPS[:2]).tolist() == [[2, 1], [1, 1]]


def test_not_evaluable_is_drawn_at_the_reported_rate_by_patient():
    kept = draw_evaluable(1, np.arange(20_000), 4 / 29, trial="T01")
    low, high = stats.binom.interval(0.9999, 20_000, 25 / 29)
    assert low <= kept.sum() <= high
    some = np.array([17, 3, 400])
    assert np.array_equal(draw_evaluable(1, some, 4 / 29, trial="T01"), kept[some])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tally(np.empty((3, 0), str), GROUPS), InputError, "no patients"),
        (lambda: tally([["CR"]], (("a", ("CRu",)),)), UnknownNameError, "did you mean 'CR'"),
        (lambda: tally([["CR"]], (("a", ("CR",)), ("b", ("CR",)))), InputError, "two categories"),
        (lambda: tally([["CR"]], GROUPS, [[1]]), InputError, "true or false"),
        (lambda: draw_evaluable(1, [0], 1.0), InputError, "not evaluable 1"),
        (lambda: category_probabilities([[0, 0]]), InputError, "every table is empty"),
        (lambda: category_probabilities([[-1, 2]]), InputError, "whole numbers"),
        (lambda: category_probabilities([[0.5, 2]]), InputError, "whole numbers"),
        (lambda: possible_tables(1000, 4), InputError, "group categories"),
        (lambda: joint_p([0, 0], [[0.5, 0.5]]), InputError, "at least one patient"),
        (lambda: joint_p([1, 1], [[0.5, 0.4]]), InputError, "do not add up to 1"),
        (lambda: joint_p([1, 1], [[1.5, -0.5]]), InputError, "from 0 to 1"),
        (lambda: joint_p([1, 1, 1], [[0.5, 0.5]]), InputError, "of 3 and probabilities of 2"),
        (lambda: compare(["a"], [1, 1], [[1, 1]]), InputError, "1 categories, 2 reported"),
        (lambda: compare(["a", "b"], [1, 1], np.empty((0, 2), int)), InputError, "no tables"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, error, words):
    with pytest.raises(error, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
