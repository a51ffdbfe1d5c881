"""Phase II designs: equal to the published tables, exact against simulated."""

from dataclasses import dataclass
from itertools import pairwise, product
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from il21.errors import InputError
from il21.study.designs.characteristics import (
    Judged,
    assurance,
    power_curve,
    simulated_characteristics,
)
from il21.study.designs.randomised import RandomisedTwoArm, randomised
from il21.study.designs.simon import SingleStage, TwoStage, simon, single_stage

# ---- Simon ----------------------------------------------------------------------------------

# Simon 1989, table 1 (alpha 0.05, power 0.80): p0, p1, kind, design, EN0, PET0
SIMON = [
    (0.05, 0.25, "optimal", "0/9, 2/17", 11.96, 0.630),
    (0.05, 0.25, "minimax", "0/12, 2/16", 13.84, 0.540),
    (0.10, 0.30, "optimal", "1/10, 5/29", 15.01, 0.736),
    (0.10, 0.30, "minimax", "1/15, 5/25", 19.51, 0.549),
    (0.20, 0.40, "optimal", "3/13, 12/43", 20.58, 0.747),
    (0.20, 0.40, "minimax", "4/18, 10/33", 22.25, 0.716),
]


@pytest.mark.parametrize(("p0", "p1", "kind", "printed", "expected", "stopped"), SIMON)
def test_simon_equals_the_published_table(p0, p1, kind, printed, expected, stopped):
    design = simon(p0, p1, kind=kind)
    null, hoped = power_curve(design, [p0, p1])
    assert str(design) == printed
    assert round(null.patients, 2) == expected
    assert round(null.stop_early, 3) == stopped
    assert null.success <= 0.05
    assert hoped.success >= 0.80
    assert null.replicates is None


def test_the_search_is_quick():
    simon.cache_clear()
    began = perf_counter()
    for p0, p1, kind, *_ in SIMON:
        simon(p0, p1, kind=kind)
    assert perf_counter() - began < 5


def every_design(p0, p1, alpha, power, most):
    """All two-stage designs of up to ``most`` patients, by plain loops and scipy."""
    for n in range(2, most + 1):
        for n1 in range(1, n):
            x = np.arange(n1 + 1)
            for r1 in range(n1):
                for r in range(r1, n):
                    go = x > r1
                    success = [
                        (stats.binom.pmf(x, n1, p) * stats.binom.sf(r - x, n - n1, p))[go].sum()
                        for p in (p0, p1)
                    ]
                    if success[0] <= alpha and success[1] >= power:
                        stop = stats.binom.cdf(r1, n1, p0)
                        yield n1 + (1 - stop) * (n - n1), n, (r1, n1, r, n)
                        break  # a greater r has less power


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power"), [(0.1, 0.6, 0.1, 0.8), (0.3, 0.8, 0.1, 0.8)]
)
def test_simon_is_the_best_of_all_designs(p0, p1, alpha, power):
    every = list(every_design(p0, p1, alpha, power, 14))
    expected, _, design = min(every)
    found = simon(p0, p1, alpha=alpha, power=power)
    assert (found.r1, found.n1, found.r, found.n) == design
    assert found.characteristics(p0).patients == pytest.approx(expected, abs=1e-9)
    least = min(n for _, n, _ in every)
    _, _, design = min(row for row in every if row[1] == least)
    found = simon(p0, p1, alpha=alpha, power=power, kind="minimax")
    assert (found.r1, found.n1, found.r, found.n) == design


@given(st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1))
def test_two_stage_characteristics_are_the_sum_over_outcomes(rate):
    design = TwoStage(r1=1, n1=4, r=3, n=9)
    chance = np.outer(stats.binom.pmf(range(5), 4, rate), stats.binom.pmf(range(6), 5, rate))
    success = sum(chance[a, b] for a, b in product(range(5), range(6)) if a > 1 and a + b > 3)
    found = design.characteristics(rate)
    assert found.success == pytest.approx(success, abs=1e-12)
    assert found.stop_early == pytest.approx(chance[:2].sum(), abs=1e-12)
    assert found.patients == pytest.approx(9 - 5 * chance[:2].sum(), abs=1e-12)


def test_certain_truths():
    design = simon(0.05, 0.25)
    assert (design.characteristics(0).success, design.characteristics(0).patients) == (0, 9)
    assert (design.characteristics(1).success, design.characteristics(1).patients) == (1, 17)


# ---- one stage ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p0", "p1", "r", "n"), [(0.05, 0.25, 2, 16), (0.10, 0.30, 5, 25), (0.20, 0.40, 11, 35)]
)  # A'Hern 2001, Stat Med 20:859 (as recalled)
def test_single_stage_equals_the_published_table(p0, p1, r, n):
    assert single_stage(p0, p1) == SingleStage(n=n, r=r)


def test_no_smaller_single_stage_will_do():
    design = single_stage(0.20, 0.40)
    for n in range(1, design.n):
        fits = [
            r for r in range(n)
            if stats.binom.sf(r, n, 0.20) <= 0.05 and stats.binom.sf(r, n, 0.40) >= 0.80
        ]  # fmt: skip
        assert fits == []
    null, hoped = power_curve(design, [0.20, 0.40])
    assert null.success <= 0.05
    assert hoped.success >= 0.80


# ---- two arms -------------------------------------------------------------------------------


@pytest.mark.parametrize("two_sided", [True, False])
def test_two_arms_are_the_sum_over_tables(two_sided):
    design = RandomisedTwoArm(control=8, treated=10, alpha=0.1, two_sided=two_sided)
    side = "two-sided" if two_sided else "greater"
    wanted = sum(
        stats.binom.pmf(a, 10, 0.6) * stats.binom.pmf(b, 8, 0.2)
        for a, b in product(range(11), range(9))
        if a / 10 > b / 8 and stats.fisher_exact([[a, b], [10 - a, 8 - b]], side).pvalue <= 0.1
    )
    assert design.characteristics(0.2, 0.6).success == pytest.approx(wanted, abs=1e-12)
    assert design.characteristics(0.2, 0.6).patients == 18


def test_two_arms_are_as_large_as_they_must_be():
    design = randomised(0.1, 0.5)
    assert design.control == design.treated
    assert design.characteristics(0.1, 0.5).success >= 0.80
    n = design.control
    less = RandomisedTwoArm(control=n - 1, treated=n - 1)
    assert less.characteristics(0.1, 0.5).success < 0.80
    for more in range(n, n + 11):
        larger = RandomisedTwoArm(control=more, treated=more)
        assert larger.characteristics(0.1, 0.5).success >= 0.80
    assert max(c.success for c in power_curve(design, [(p, p) for p in (0.1, 0.3, 0.5)])) <= 0.025


# ---- simulation of any design ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "truth"),
    [
        (SingleStage(n=20, r=3), (0.25,)),
        (TwoStage(r1=1, n1=10, r=5, n=29), (0.2,)),
        (RandomisedTwoArm(control=15, treated=20), (0.1, 0.5)),
    ],
)
def test_simulated_equals_exact_within_its_error(design, truth):
    exact = design.characteristics(*truth)
    found = simulated_characteristics(design, truth, replicates=20_000, seed=3)
    assert 0 < found.success_error < 0.004
    assert abs(found.success - exact.success) < 4 * found.success_error
    assert abs(found.stop_early - exact.stop_early) < 4 * found.stop_early_error
    assert abs(found.patients - exact.patients) <= 4 * found.patients_error
    assert found.replicates == 20_000


def test_monte_carlo_errors_are_those_of_repetition():
    design = TwoStage(r1=1, n1=10, r=5, n=29)
    found = [simulated_characteristics(design, [0.2], replicates=300, seed=s) for s in range(80)]
    for name in ("success", "stop_early", "patients"):
        spread = np.std([getattr(f, name) for f in found])
        said = np.mean([getattr(f, f"{name}_error") for f in found])
        assert 0.75 < said / spread < 1.35, name


def test_a_higher_truth_is_judged_on_the_same_patients():
    design = TwoStage(r1=1, n1=10, r=5, n=29)
    rates = np.linspace(0, 1, 30)
    found = [simulated_characteristics(design, [p], replicates=200).success for p in rates]
    assert all(a <= b for a, b in pairwise(found))
    one, again = (simulated_characteristics(design, [0.2], replicates=200) for _ in range(2))
    assert one == again


@dataclass(frozen=True)
class FirstThree:
    """A design of one's own: a success if the first three all respond, else ten are treated."""

    arms: tuple[int, ...] = (10,)

    def judge(self, responses):
        first = np.asarray(responses[0])[:, :3].all(axis=1)
        return Judged(success=first, stopped=first, patients=np.where(first, 3, 10))


def test_a_design_of_ones_own_is_simulated():
    found = simulated_characteristics(FirstThree(), [0.5], replicates=20_000)
    assert abs(found.success - 0.125) < 4 * found.success_error
    assert abs(found.patients - (10 - 7 / 8)) < 4 * found.patients_error


def test_assurance_is_the_mean_over_what_the_truth_may_be():
    design = simon(0.05, 0.25)
    rates = np.array([0.02, 0.1, 0.1, 0.4])
    each = [design.characteristics(p).success for p in rates]
    found = assurance(design, rates)
    assert found.probability == pytest.approx(np.mean(each))
    assert found.error == pytest.approx(np.std(each, ddof=1) / 2)
    assert assurance(design, [0.25, 0.25]).error == 0


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simon(0.25, 0.25), "p1 = 0.25 and p0 = 0.25"),
        (lambda: simon(0.40, 0.20), "must lie above"),
        (lambda: single_stage(0.40, 0.20), "must lie above"),
        (lambda: randomised(0.40, 0.20), "must lie above"),
        (lambda: simon(0.2, 0.4, alpha=0), "alpha = 0"),
        (lambda: simon(0.2, 0.4, alpha=1.5), "alpha = 1.5"),
        (lambda: single_stage(0.2, 0.4, alpha=-0.1), "alpha = -0.1"),
        (lambda: simon(0.2, 0.4, power=1), "power = 1"),
        (lambda: simon(0.2, 0.4, alpha=0.5, power=0.4), "expected power above alpha"),
        (lambda: simon(0.2, 1.4), "p1 = 1.4"),
        (lambda: simon(0.2, 0.4, kind="best"), "kind 'best'"),
        (lambda: single_stage(0.50, 0.51), "500 patients"),
        (lambda: SingleStage(n=0, r=0), "r/n = 0/0"),
        (lambda: TwoStage(r1=3, n1=3, r=4, n=9), "expected 0 <= r1 < n1"),
        (lambda: TwoStage(r1=0, n1=9, r=4, n=9), "0/9, 4/9"),
        (lambda: RandomisedTwoArm(control=0, treated=5), "no patients"),
        (lambda: RandomisedTwoArm(control=5, treated=5, alpha=2), "alpha = 2"),
        (lambda: SingleStage(n=5, r=1).characteristics(0.1, 0.2), "truth of 2 arms"),
        (lambda: RandomisedTwoArm(control=5, treated=5).characteristics(0.1), "truth of 1 arms"),
        (lambda: SingleStage(n=5, r=1).characteristics(-0.1), "truth = -0.1"),
        (lambda: SingleStage(n=5, r=1).judge([np.ones((0, 5), bool)]), "no patients"),
        (lambda: SingleStage(n=5, r=1).judge([np.ones((2, 4), bool)]), "of 5 patients"),
        (lambda: SingleStage(n=5, r=1).judge([]), "responses of 0 arms"),
        (lambda: simulated_characteristics(SingleStage(n=5, r=1), [0.1, 0.2]), "truth of 2"),
        (lambda: simulated_characteristics(SingleStage(n=5, r=1), [0.1], replicates=1), "two or"),
        (lambda: assurance(SingleStage(n=5, r=1), [0.1]), "two replicates or more"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
