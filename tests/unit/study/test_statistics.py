"""Statistics of small trials: exact where they say so, and words by one rule."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from il21.errors import InputError
from il21.study.compare import category_probabilities, compare
from il21.study.rates import binomial_chances, exceed, likeliest_rates
from il21.study.statistics import (
    Interval,
    clopper_pearson,
    coverage,
    difference_of_rates,
    fisher_p,
    fisher_power,
    fisher_rejects,
    leave_one_out,
    probability_better,
    share_better,
    words_of,
)

COUNTS = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


# ---- one rate -------------------------------------------------------------------------------


@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.999]))
def test_clopper_pearson_equals_scipy(group, level):
    ours = clopper_pearson(*group, level=level)
    other = stats.binomtest(*group).proportion_ci(level, method="exact")
    assert (ours.low, ours.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert ours.low <= ours.estimate <= ours.high


def test_clopper_pearson_covers_at_every_rate():
    limits = [clopper_pearson(x, 12) for x in range(13)]
    for rate in np.linspace(0, 1, 201):
        held = np.array([limit.low <= rate <= limit.high for limit in limits])
        assert binomial_chances(12, rate) @ held >= 0.95 - 1e-12


def test_no_event_in_87_patients():
    """Claim C-70: none of 87 leaves up to 4.2 % (exact, two-sided 95 %)."""
    assert clopper_pearson(0, 87).high == pytest.approx(1 - 0.025 ** (1 / 87), rel=1e-12)
    assert round(100 * clopper_pearson(0, 87).high, 1) == 4.2
    assert str(clopper_pearson(0, 87)) == "0 (95 % 0 to 0.0415)"


@given(st.integers(1, 60), st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1))
def test_binomial_chances_and_tails_equal_scipy(patients, rate):
    counts = np.arange(patients + 1)
    assert binomial_chances(patients, rate) == pytest.approx(
        stats.binom.pmf(counts, patients, rate), abs=1e-12
    )
    wanted = stats.binom.sf(np.arange(-1, patients + 2), patients, rate)
    assert exceed(np.arange(-1, patients + 2), patients, rate) == pytest.approx(wanted, abs=1e-12)


# ---- a difference of rates ------------------------------------------------------------------


@given(COUNTS, COUNTS, st.floats(-0.95, 0.95))
def test_likeliest_rates_are_the_likeliest(first, second, difference):
    (x1, n1), (x2, n2) = first, second

    def unlikely(rate):
        return -stats.binom.logpmf(x1, n1, rate + difference) - stats.binom.logpmf(x2, n2, rate)

    one, two = likeliest_rates(x1, n1, x2, n2, difference)
    assert one - two == pytest.approx(difference, abs=1e-9)
    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    rates = np.linspace(low, high, 201)[1:-1]
    assert unlikely(np.clip(float(two), low + 1e-12, high - 1e-12)) <= unlikely(rates).min() + 1e-6


@pytest.mark.parametrize(
    ("first", "second"), [((9, 10), (3, 10)), ((2, 49), (43, 270)), ((56, 70), (48, 80))]
)
def test_at_the_miettinen_nurminen_limits_the_score_is_the_quantile(first, second):
    (x1, n1), (x2, n2) = first, second
    ours = difference_of_rates(first, second, method="Miettinen-Nurminen")
    for limit, wanted in ((ours.low, 1.959963984540054), (ours.high, -1.959963984540054)):
        rates = optimize.minimize_scalar(
            lambda p, d=limit: -stats.binom.logpmf(x1, n1, p + d) - stats.binom.logpmf(x2, n2, p),
            bounds=(max(0, -limit), min(1, 1 - limit)), method="bounded", options={"xatol": 1e-12},
        ).x + np.array([limit, 0])  # fmt: skip
        variance = (rates * (1 - rates) / [n1, n2]).sum() * (n1 + n2) / (n1 + n2 - 1)
        score = (x1 / n1 - x2 / n2 - limit) / np.sqrt(variance)
        assert score == pytest.approx(wanted, abs=1e-5)
    assert ours.method == "Miettinen-Nurminen"


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    # Newcombe 1998, Stat Med 17:873, table II, method 5 (Miettinen-Nurminen), as recalled
    [((56, 70), (48, 80), 0.0528, 0.3382), ((9, 10), (3, 10), 0.1700, 0.8406)],
)
def test_miettinen_nurminen_of_published_examples(first, second, low, high):
    ours = difference_of_rates(first, second, method="Miettinen-Nurminen")
    assert (round(ours.low, 4), round(ours.high, 4)) == (low, high)


def covered(n1, n2, level=0.95):
    """Least exact coverage of the exact interval over many true rates."""
    tables = list(product(range(n1 + 1), range(n2 + 1)))
    found = [difference_of_rates((a, n1), (b, n2), level=level) for a, b in tables]
    low = np.array([f.low for f in found]).reshape(n1 + 1, n2 + 1)
    high = np.array([f.high for f in found]).reshape(n1 + 1, n2 + 1)
    rates = np.linspace(0, 1, 41)
    least = 1.0
    for p1, p2 in product(rates, rates):
        held = (low <= p1 - p2 + 1e-8) & (p1 - p2 <= high + 1e-8)
        least = min(least, float(binomial_chances(n1, p1) @ held @ binomial_chances(n2, p2)))
    return least


@pytest.mark.parametrize(("n1", "n2"), [(5, 5), (4, 9), (3, 14)])
def test_the_exact_interval_covers_at_every_pair_of_rates(n1, n2):
    assert 0.95 - 1e-6 <= covered(n1, n2) < 0.999


def test_the_asymptotic_interval_does_not_always_cover():
    """Why the exact one is the default: the same check fails for Miettinen-Nurminen."""
    tables = list(product(range(5), range(10)))
    found = [difference_of_rates((a, 4), (b, 9), method="Miettinen-Nurminen") for a, b in tables]
    least = 1.0
    for d in np.linspace(0, 0.9, 10):
        held = np.array([f.low <= d <= f.high for f in found]).reshape(5, 10)
        for p in np.linspace(0, 1 - d, 21):
            chance = binomial_chances(4, p + d) @ held @ binomial_chances(9, p)
            least = min(least, float(chance))
    assert least < 0.95


def test_the_exact_interval_agrees_with_barnards_test():
    """At no difference the one-sided test is Barnard's with the pooled statistic."""
    beyond = 0
    for a, b in product(range(8), range(7)):
        table = [[a, b], [7 - a, 6 - b]]
        if a / 7 <= b / 6:
            continue
        p = stats.barnard_exact(table, alternative="greater", pooled=True).pvalue
        low = difference_of_rates((a, 7), (b, 6)).low
        if abs(p - 0.025) > 1e-3:
            assert (low >= 0) == (p < 0.025), table
            beyond += p < 0.025
    assert beyond >= 5


@given(COUNTS, COUNTS)
@settings(max_examples=15, deadline=None)
def test_the_difference_turned_round(first, second):
    one, other = difference_of_rates(first, second), difference_of_rates(second, first)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-8)
    assert -1 <= one.low <= one.estimate <= one.high <= 1
    wide = difference_of_rates(first, second, level=0.99)
    assert wide.low <= one.low + 1e-8
    assert wide.high >= one.high - 1e-8


def test_a_pooled_difference_is_told_and_a_small_trial_is_not():
    """Claim C-67: 2 of 49 against 43 of 270 is another answer than 0 of 14 against the same."""
    assert words_of(difference_of_rates((2, 49), (43, 270))) == "worse"
    assert words_of(difference_of_rates((0, 14), (43, 270))) == "not distinguishable"


# ---- who is better --------------------------------------------------------------------------


@given(COUNTS, COUNTS)
@settings(max_examples=30, deadline=None)
def test_probability_better_is_the_integral(first, second):
    a, b = (
        stats.beta(first[0] + 1, first[1] - first[0] + 1),
        stats.beta(second[0] + 1, second[1] - second[0] + 1),
    )
    wanted = integrate.quad(lambda p: a.pdf(p) * b.cdf(p), 0, 1, epsabs=1e-11, limit=200)[0]
    found = probability_better(first, second).probability
    assert found == pytest.approx(wanted, abs=1e-9)
    assert probability_better(second, first).probability == pytest.approx(1 - found, abs=1e-10)


def test_probability_better_of_uniform_posteriors():
    assert probability_better((0, 0), (0, 0)).probability == pytest.approx(0.5, abs=1e-12)
    # P(p > q) for p ~ Beta(2, 1), q uniform is E p
    assert probability_better((1, 1), (0, 0)).probability == pytest.approx(2 / 3, abs=1e-12)
    half = probability_better((3, 7), (3, 7), prior=(0.5, 0.5)).probability
    assert half == pytest.approx(0.5, abs=1e-12)


def test_share_better_over_draws_has_its_error():
    rng = np.random.default_rng(1)
    found = [share_better(rng.normal(1, 1, 400), rng.normal(0, 1, 400)) for _ in range(200)]
    shares = np.array([one.probability for one in found])
    assert shares.mean() == pytest.approx(stats.norm.cdf(1 / np.sqrt(2)), abs=0.01)
    assert np.mean([one.error for one in found]) == pytest.approx(shares.std(), rel=0.15)


# ---- words, leaving out, coverage -----------------------------------------------------------


def interval(low, high):
    return Interval(estimate=(low + high) / 2, low=low, high=high, level=0.95, method="made up")


@pytest.mark.parametrize(
    ("low", "high", "options", "words"),
    [
        (0.01, 0.3, {}, "better"),
        (-0.3, -0.01, {}, "worse"),
        (-0.1, 0.3, {}, "not distinguishable"),
        (0.0, 0.3, {}, "not distinguishable"),
        (-0.3, 0.0, {}, "not distinguishable"),
        (0.01, 0.3, {"higher_is_better": False}, "worse"),
        (0.5, 0.9, {"null": 1.0, "higher_is_better": False}, "better"),
        (1.1, 1.9, {"null": 1.0, "higher_is_better": False}, "worse"),
        (0.5, 1.9, {"null": 1.0}, "not distinguishable"),
        (np.nan, 0.3, {}, "not distinguishable"),
        (-np.inf, np.inf, {}, "not distinguishable"),
        (5.0, np.inf, {"null": 4.0}, "better"),
    ],
)
def test_words_follow_from_the_interval_by_one_rule(low, high, options, words):
    assert words_of(interval(low, high), **options) == words


def test_leaving_one_out_shows_the_trial_on_which_a_figure_hangs():
    trials = {"one": (1, 20), "two": (2, 40), "three": (15, 30)}

    def pooled(rest):
        return sum(x for x, _ in rest.values()) / sum(n for _, n in rest.values())

    found = leave_one_out(trials, pooled)
    assert found == {"one": 17 / 70, "two": 16 / 50, "three": 3 / 60}
    assert list(trials) == ["one", "two", "three"]


def test_coverage_counts_rows_and_knows_its_band():
    found = coverage([True] * 7 + [False] * 5, nominal=0.9)
    assert (found.inside, found.rows) == (7, 12)
    assert found.share == clopper_pearson(7, 12)
    low, high = stats.binom.interval(0.95, 12, 0.9)
    assert (found.low, found.high) == (low, high)
    assert found.verdict == "too narrow"
    assert coverage([True] * 11 + [False]).verdict == "as nominal"
    assert coverage([True] * 60).verdict == "too wide"


@pytest.mark.parametrize(("rows", "nominal"), [(6, 0.9), (12, 0.9), (40, 0.5), (200, 0.9)])
def test_the_band_of_coverage_holds_its_95_percent(rows, nominal):
    found = coverage([True] * rows, nominal=nominal)
    inside = stats.binom.cdf(found.high, rows, nominal) - stats.binom.cdf(
        found.low - 1, rows, nominal
    )
    assert inside >= 0.95
    tighter = stats.binom.cdf(found.low - 1, rows, nominal)
    assert tighter <= 0.025


def test_of_the_test_rows_of_a_calibrated_model_are_covered():
    """A perfectly calibrated toy trial model over 1,000 repeats: rows and verdict, not only p."""
    rng = np.random.default_rng(12)
    centre = 20 * np.array([0.07, 0.43, 0.5])
    inside, verdicts = [], []
    for _ in range(1000):
        chance = rng.dirichlet(centre, 151)
        tables = rng.multinomial(25, chance)
        result = compare(
            ["response", "SD", "other"], tables[0].tolist(), tables[1:],
            category_probabilities(tables[1:]), resamples=2,
        )  # fmt: skip
        inside.append([row.inside for row in result.rows])
        verdicts.append(result.joint_p >= 0.05)
    for column in np.array(inside).T:  # counts are few, so an interval holds 90 % or more
        assert coverage(column, nominal=0.9).verdict != "too narrow"
        assert column.mean() < 0.99
    low, high = stats.binom.interval(0.999, 1000, 0.95)
    assert low <= sum(verdicts) <= high
    assert coverage(np.array(inside).T[1], nominal=0.99).verdict == "too narrow"


# ---- Fisher ---------------------------------------------------------------------------------


@pytest.mark.parametrize("two_sided", [True, False])
def test_fisher_equals_scipy_on_every_table(two_sided):
    side = "two-sided" if two_sided else "greater"
    for a, b in product(range(9), range(13)):
        other = stats.fisher_exact([[a, b], [8 - a, 12 - b]], alternative=side).pvalue
        assert fisher_p((a, 8), (b, 12), two_sided=two_sided) == pytest.approx(other, abs=1e-10)


def test_fisher_power_is_the_sum_over_tables():
    wanted = sum(
        stats.binom.pmf(a, 9, 0.7) * stats.binom.pmf(b, 7, 0.1)
        for a, b in product(range(10), range(8))
        if stats.fisher_exact([[a, b], [9 - a, 7 - b]]).pvalue <= 0.05
    )
    assert fisher_power((9, 7), (0.7, 0.1)) == pytest.approx(wanted, abs=1e-12)


def test_fisher_never_exceeds_alpha():
    for rate in np.linspace(0, 1, 41):
        assert fisher_power((15, 25), (rate, rate)) <= 0.05 + 1e-12
        assert fisher_power((15, 25), (rate, rate), two_sided=False) <= 0.05 + 1e-12
    assert fisher_rejects(15, 25, 0.05).shape == (16, 26)


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: clopper_pearson(0, 0), "no patients"),
        (lambda: clopper_pearson(5, 3), "5 of 3"),
        (lambda: clopper_pearson(-1, 3), "-1 of 3"),
        (lambda: clopper_pearson(1, 3, level=1), "level = 1"),
        (lambda: clopper_pearson(1, 3, level=95), "level = 95"),
        (lambda: difference_of_rates((0, 0), (1, 2)), "first group: no patients"),
        (lambda: difference_of_rates((1, 2), (3, 2)), "second group: 3 of 2"),
        (lambda: difference_of_rates((1, 2), (1, 2), method="Wald"), "method 'Wald'"),
        (lambda: probability_better((3, 2), (1, 2)), "3 of 2"),
        (lambda: probability_better((1, 2), (1, 2), prior=(0, 1)), "prior Beta"),
        (lambda: share_better([1], [2]), "two or more pairs"),
        (lambda: share_better([1, np.nan], [2, 1]), "NaN or infinity"),
        (lambda: leave_one_out({"a": 1}, len), "two trials or more"),
        (lambda: coverage([]), "no rows"),
        (lambda: coverage([True], nominal=1.0), "nominal = 1"),
        (lambda: fisher_p((1, 0), (1, 2)), "no patients"),
        (lambda: fisher_power((5, 5), (0.1, 1.2)), "rate = 1.2"),
        (lambda: fisher_power((5, 5), (0.1, 0.2), alpha=0), "alpha = 0"),
        (lambda: fisher_power((0, 5), (0.1, 0.2)), "no patients"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
