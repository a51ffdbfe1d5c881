"""Designs: equal to the published tables, exact against simulated, decisions one by one."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from il21.errors import InputError
from il21.study.designs.boin import BOIN, isotonic
from il21.study.designs.characteristics import (
    Judged,
    assurance,
    power_curve,
    simulated_characteristics,
)
from il21.study.designs.crm import CRM, lee_cheung_skeleton
from il21.study.designs.escalation import Cohort, Decision, ThreePlusThree
from il21.study.designs.escalation_trials import escalation_characteristics, escalation_trials
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


# ---- 3+3 ------------------------------------------------------------------------------------


def cohorts(text):
    """History from text: "1:0/3 2:1/3" is nobody of three at level 1, then one of three at 2."""
    rows = [part.replace(":", "/").split("/") for part in text.split()]
    return tuple(Cohort(level=int(a), toxicities=int(b), patients=int(c)) for a, b, c in rows)


def said(decision):
    if decision.action == "stop":
        return f"stop, MTD {decision.mtd}"
    return f"{decision.action}, {decision.patients} at {decision.level}"


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("", "stay, 3 at 1"),
        ("1:0/3", "escalate, 3 at 2"),
        ("1:1/3", "stay, 3 at 1"),
        ("1:1/3 1:0/3", "escalate, 3 at 2"),
        ("1:1/3 1:1/3", "stop, MTD None"),
        ("1:2/3", "stop, MTD None"),
        ("1:3/3", "stop, MTD None"),
        ("1:0/3 2:2/3", "de-escalate, 3 at 1"),
        ("1:0/3 2:2/3 1:0/3", "stop, MTD 1"),
        ("1:0/3 2:2/3 1:1/3", "stop, MTD 1"),
        ("1:0/3 2:2/3 1:2/3", "stop, MTD None"),
        ("1:1/3 1:0/3 2:2/3", "stop, MTD 1"),
        ("1:0/3 2:1/3 2:1/3", "de-escalate, 3 at 1"),
        ("1:0/3 2:0/3 3:1/3 3:1/3 2:2/3 1:0/3", "stop, MTD 1"),
        ("1:0/3 2:0/3 3:0/3", "stay, 3 at 3"),
        ("1:0/3 2:0/3 3:0/3 3:1/3", "stop, MTD 3"),
        ("1:0/3 2:0/3 3:1/3 3:0/3", "stop, MTD 3"),
        ("1:0/3 2:0/3 3:0/3 3:2/3", "de-escalate, 3 at 2"),
        ("1:0/3 2:1/3 2:0/3 1:0/3", "escalate, 3 at 3"),  # one more below changes nothing
        ("1:0/1", "stay, 2 at 1"),
        ("1:1/3 1:0/1", "stay, 2 at 1"),
    ],
)
def test_three_plus_three(history, words):
    decision = ThreePlusThree(levels=3).next_dose(cohorts(history))
    assert said(decision) == words
    assert decision.because


def test_three_plus_three_that_starts_higher():
    rule = ThreePlusThree(levels=3, start=2)
    assert said(rule.next_dose(())) == "stay, 3 at 2"
    assert said(rule.next_dose(cohorts("2:2/3"))) == "de-escalate, 3 at 1"
    assert said(rule.next_dose(cohorts("2:2/3 1:0/3"))) == "stay, 3 at 1"


def every_trial(rule, truth):
    """Exact shares of MTDs and mean patients a level, by walking the whole tree of outcomes."""
    selected, patients = np.zeros(rule.levels + 1), np.zeros(rule.levels)

    def walk(history, chance):
        decision = rule.next_dose(history)
        if decision.action == "stop":
            selected[decision.mtd or 0] += chance
            for cohort in history:
                patients[cohort.level - 1] += chance * cohort.patients
            return
        p = truth[decision.level - 1]
        for bad in range(decision.patients + 1):
            here = stats_pmf(bad, decision.patients, p)
            if here > 0:
                cohort = Cohort(level=decision.level, patients=decision.patients, toxicities=bad)
                walk((*history, cohort), chance * here)

    walk((), 1.0)
    return selected, patients


@lru_cache
def stats_pmf(k, n, p):
    return float(stats.binom.pmf(k, n, p))


@pytest.mark.parametrize(
    ("rule", "truth"),
    [
        (ThreePlusThree(levels=4), (0.05, 0.2, 0.4, 0.6)),
        (BOIN(levels=3, most_patients=12), (0.1, 0.3, 0.5)),
        (CRM(skeleton=(0.1, 0.3, 0.5), most_patients=8), (0.1, 0.3, 0.5)),
    ],
)
def test_simulated_escalation_equals_the_whole_tree_of_outcomes(rule, truth):
    selected, patients = every_trial(rule, truth)
    assert selected.sum() == pytest.approx(1)
    found = escalation_characteristics(rule, truth, replicates=4000, seed=5)
    shares = np.array([found.none, *found.selected])
    errors = np.array([found.none_error, *found.selected_error])
    assert (np.abs(shares - selected) < 4 * errors).all()
    error = np.maximum(found.patients_error, 1e-9)
    assert (np.abs(np.array(found.patients) - patients) < 4 * error).all()
    toxic = np.array(found.patients) * truth
    assert np.array(found.toxicities) == pytest.approx(toxic, abs=0.06)
    assert found.size == pytest.approx(sum(found.patients))


def test_escalation_trials_repeat_and_share_their_patients():
    rule = BOIN(levels=4)
    truth = (0.1, 0.2, 0.3, 0.4)
    one, again = (escalation_trials(rule, truth, replicates=50, seed=2) for _ in range(2))
    assert (one.mtd == again.mtd).all()
    assert (one.patients == again.patients).all()
    few = escalation_trials(rule, truth, replicates=20, seed=2)
    assert (few.patients == one.patients[:20]).all()
    other = escalation_trials(rule, truth, replicates=50, seed=3)
    assert (other.toxicities != one.toxicities).any()


# ---- BOIN -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "lambda_e", "lambda_d"),
    [
        (0.15, 0.1178, 0.1787), (0.20, 0.1572, 0.2385), (0.25, 0.1968, 0.2984),
        (0.30, 0.2365, 0.3585), (0.33, 0.2604, 0.3947),
    ],
)  # fmt: skip
def test_boin_boundaries_equal_the_published_table(target, lambda_e, lambda_d):
    rule = BOIN(levels=5, target=target)
    assert (round(rule.lambda_e, 4), round(rule.lambda_d, 4)) == (lambda_e, lambda_d)


@pytest.mark.parametrize(
    ("patients", "escalate", "de_escalate", "eliminate"),
    [(3, 0, 2, 3), (6, 1, 3, 4), (9, 2, 4, 5), (12, 2, 5, 7), (15, 3, 6, 8), (18, 4, 7, 9)],
)
def test_boin_counts_equal_the_published_table(patients, escalate, de_escalate, eliminate):
    found = BOIN(levels=5, target=0.30).boundaries(patients)
    assert found.escalate == escalate
    assert found.de_escalate == de_escalate
    assert found.eliminate == eliminate


def test_boin_boundaries_make_wrong_decisions_least_likely():
    """What they are for: with the three rates equally likely, the least error of any boundaries."""
    rule, n = BOIN(levels=5, target=0.30), 30
    counts = np.arange(n + 1)
    low, on, high = (stats.binom.pmf(counts, n, p) for p in (0.18, 0.30, 0.42))

    def wrong(up, down):
        stay = (counts > up) & (counts < down)
        return (on[~stay].sum() + low[counts > up].sum() + high[counts < down].sum()) / 3

    best = rule.boundaries(n)
    least = min(wrong(up, down) for up, down in product(range(n), range(n + 1)) if up < down)
    assert wrong(best.escalate, best.de_escalate) == pytest.approx(least)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("", "stay, 3 at 1"),
        ("1:0/3", "escalate, 3 at 2"),
        ("1:1/3", "stay, 3 at 1"),
        ("1:2/3", "stay, 3 at 1"),  # de-escalation from the lowest level
        ("1:3/3", "stop, MTD None"),
        ("1:0/3 2:2/3", "de-escalate, 3 at 1"),
        ("1:0/3 2:3/3", "de-escalate, 3 at 1"),
        ("1:0/3 2:3/3 1:0/3", "stay, 3 at 1"),  # level 2 is closed for good
        ("1:0/3 2:0/3 3:0/3 4:0/3 4:0/3", "stay, 3 at 4"),  # the highest level
        ("1:0/3 2:1/3 2:1/3", "stay, 3 at 2"),
        ("1:0/3 2:1/3 2:0/3", "escalate, 3 at 3"),
        ("1:0/3 1:0/3 1:0/3 1:0/3 1:0/3 1:0/3 1:0/3 2:0/3 2:1/3 2:0/3", "stop, MTD 2"),
        ("1:0/28", "escalate, 2 at 2"),
    ],
)
def test_boin(history, words):
    decision = BOIN(levels=4, target=0.30).next_dose(cohorts(history))
    assert said(decision) == words
    assert decision.because


def test_boin_ends_when_enough_were_treated_at_a_level():
    rule = BOIN(levels=4, enough=6)
    assert said(rule.next_dose(cohorts("1:1/3 1:1/3"))) == "stop, MTD 1"
    assert said(rule.next_dose(cohorts("1:0/3 2:1/3"))) == "stay, 3 at 2"


def test_boin_closes_levels():
    rule = BOIN(levels=5)
    assert rule.next_dose(cohorts("1:0/3 2:0/3 3:3/3")).highest == 2
    assert rule.next_dose(cohorts("1:0/3 2:2/3")).highest == 5
    assert rule.next_dose(cohorts("1:0/3 2:2/2")).highest == 5  # fewer than three patients


def test_boin_mtd_of_the_example_in_its_manual():
    # select.mtd(target = 0.3, npts = c(3, 3, 15, 9, 0), ntox = c(0, 0, 4, 4, 0))
    history = cohorts("1:0/3 2:0/3 3:4/15 4:4/9")
    assert BOIN(levels=5).mtd(history) == 3


def test_boin_mtd_of_equal_estimates_is_the_one_towards_the_target():
    rule = BOIN(levels=3, target=0.30)
    assert rule.mtd(cohorts("1:0/6 2:0/6 3:0/6")) == 3  # 0, 0, 0: all below
    assert rule.mtd(cohorts("1:3/6 2:3/6 3:3/6")) == 1  # all above, none closed
    assert rule.mtd(cohorts("1:2/6 2:1/6 3:3/6")) == 2  # 2/6 and 1/6 are pooled to 3/12
    assert rule.mtd(cohorts("1:3/3")) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 5)), min_size=1, max_size=8))
def test_isotonic_regression_equals_scipy(rows):
    values, weights = zip(*rows, strict=True)
    other = optimize.isotonic_regression(values, weights=weights).x
    assert isotonic(values, weights) == pytest.approx(list(other), abs=1e-12)


# ---- CRM ------------------------------------------------------------------------------------


def test_lee_cheung_skeleton_turns_at_the_edges_of_its_interval():
    skeleton = lee_cheung_skeleton(6, 0.25, mtd=3, half_width=0.08)
    assert skeleton[2] == pytest.approx(0.25)
    for low, high in pairwise(skeleton):
        power = np.log(0.25 - 0.08) / np.log(low)  # where the lower level has target - half width
        assert high**power == pytest.approx(0.25 + 0.08)


def test_lee_cheung_skeleton_equals_the_published_one():
    # getprior(0.05, 0.20, 3, 5) of dfcrm (as recalled)
    found = lee_cheung_skeleton(5, 0.20, mtd=3)
    assert [round(rate, 2) for rate in found] == [0.05, 0.11, 0.20, 0.31, 0.42]


PRIOR = (0.05, 0.10, 0.20, 0.35, 0.50, 0.70)
EXAMPLE = "3:0/1 4:0/1 4:1/1 3:0/1 3:0/1 4:1/1 3:1/1 2:0/1 2:0/1 2:0/1"  # of dfcrm's manual


@pytest.mark.parametrize("sd", [1.34, np.sqrt(1.34)])
@pytest.mark.parametrize("plug_in", [False, True])
def test_crm_posterior_is_the_integral(sd, plug_in):
    history = cohorts(EXAMPLE)
    rule = CRM(skeleton=PRIOR, target=0.2, prior_sd=float(sd), plug_in=plug_in)

    def weight(a):
        rates = [PRIOR[c.level - 1] ** np.exp(a) for c in history]
        like = [p if c.toxicities else 1 - p for p, c in zip(rates, history, strict=True)]
        return np.prod(like) * np.exp(-0.5 * (a / sd) ** 2)

    def mean(of):
        up, down = (
            integrate.quad(f, -12, 12, epsabs=1e-14, limit=400)[0]
            for f in (lambda a: of(a) * weight(a), weight)
        )
        return up / down

    if plug_in:
        wanted = [s ** np.exp(mean(lambda a: a)) for s in PRIOR]
    else:
        wanted = [mean(lambda a, s=s: s ** np.exp(a)) for s in PRIOR]
    assert rule.rates(history) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        ("", "stay, 1 at 1"),
        ("1:0/1", "escalate, 1 at 2"),  # the nearest is higher, but none is skipped
        ("1:0/3 2:0/3", "escalate, 1 at 3"),
        ("1:0/3 2:3/3", "de-escalate, 1 at 1"),
        ("1:3/3", "stay, 1 at 1"),
    ],
)
def test_crm(history, words):
    decision = CRM(skeleton=PRIOR, target=0.2).next_dose(cohorts(history))
    assert said(decision) == words
    assert decision.because


def test_crm_goes_to_the_level_nearest_the_target():
    rule = CRM(skeleton=PRIOR, target=0.2)
    history = cohorts(EXAMPLE)
    nearest = int(np.argmin(np.abs(np.array(rule.rates(history)) - 0.2))) + 1
    assert rule.next_dose(history).level == nearest
    few = cohorts("1:0/3 2:0/3 3:0/6 4:3/3")
    nearest = int(np.argmin(np.abs(np.array(rule.rates(few)) - 0.2))) + 1
    assert (nearest, rule.next_dose(few).level) == (3, 3)
    assert rule.next_dose(cohorts("1:0/3 2:0/3 3:0/3 4:0/3 1:0/3")).level == 2  # one up at most


def test_crm_ends():
    rule = CRM(skeleton=PRIOR, target=0.2, most_patients=6)
    assert said(rule.next_dose(cohorts("1:0/6"))) == "stop, MTD 1"  # no level that nobody had
    assert said(rule.next_dose(cohorts("1:0/3 2:0/3"))) == "stop, MTD 2"
    safe = CRM(skeleton=PRIOR, target=0.2, cutoff=0.9)
    assert said(safe.next_dose(cohorts("1:5/5"))) == "stop, MTD None"
    assert said(safe.next_dose(cohorts("1:0/5"))) != "stop, MTD None"
    a = np.linspace(-12, 12, 200_001)
    weight = PRIOR[0] ** (5 * np.exp(a)) * np.exp(-0.5 * (a / 1.34) ** 2)
    above = weight[PRIOR[0] ** np.exp(a) > 0.2].sum() / weight.sum()
    said_above = float(safe.next_dose(cohorts("1:5/5")).because.split("=")[1])
    assert said_above == pytest.approx(above, abs=1e-3)


# ---- bad input ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wild:
    """A rule that does as it is told."""

    decision: Decision
    levels: int = 2

    def next_dose(self, history):
        return self.decision


def wild(level, patients):
    decision = Decision(action="stay", level=level, patients=patients, highest=2, because="so")
    return lambda: escalation_trials(Wild(decision), [0.1, 0.2], replicates=2)


THREE, FIVE = ThreePlusThree(levels=3), BOIN(levels=5)


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
        (
            lambda: THREE.next_dose(cohorts("1:0/3 4:0/3")),
            "cohort 2: dose level 4 lies above every",
        ),
        (
            lambda: FIVE.next_dose(cohorts("6:0/3")),
            "dose level 6 lies above every level; there are 5",
        ),
        (lambda: FIVE.next_dose(cohorts("0:0/3")), "below every level"),
        (lambda: FIVE.next_dose(cohorts("1:4/3")), "4 of 3 with toxicity"),
        (lambda: FIVE.next_dose(cohorts("1:0/0")), "no patients"),
        (lambda: ThreePlusThree(levels=3, start=4), "start at dose level 4 lies above"),
        (lambda: ThreePlusThree(levels=0), "levels = 0"),
        (lambda: BOIN(levels=5, target=0), "target = 0"),
        (lambda: BOIN(levels=5, low=1.2), "low = 1.2"),
        (lambda: BOIN(levels=5, target=0.8), "rates below 1"),
        (lambda: BOIN(levels=5, cohort=0), "cohorts of 0"),
        (lambda: CRM(skeleton=(0.3, 0.2)), "rising rates"),
        (lambda: CRM(skeleton=()), "levels = 0"),
        (lambda: CRM(skeleton=(0.1, 0.2), prior_sd=0), "prior_sd = 0"),
        (lambda: CRM(skeleton=(0.1, 0.2), most_patients=0), "at most 0 patients"),
        (lambda: lee_cheung_skeleton(5, 0.2, mtd=6), "level 6 lies above"),
        (lambda: lee_cheung_skeleton(5, 0.2, mtd=3, half_width=0.2), "half width 0.2"),
        (lambda: escalation_trials(FIVE, [0.1] * 4), "truth of 4 levels: the rule has 5"),
        (lambda: escalation_trials(FIVE, [0.1] * 4 + [1.2]), "truth = 1.2"),
        (lambda: escalation_trials(FIVE, [0.1] * 5, replicates=0), "replicates = 0"),
        (lambda: escalation_characteristics(FIVE, [0.1] * 5, replicates=1), "replicates = 1"),
        (wild(3, 3), "asks for dose level 3; there are 2"),
        (wild(1, 100), "does not end"),
        (wild(1, 0), "does not end"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)
