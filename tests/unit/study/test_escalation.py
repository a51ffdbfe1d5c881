"""Dose escalation: each decision, the published boundaries, simulation against the whole tree."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from il21.errors import InputError
from il21.study.designs.boin import BOIN, isotonic
from il21.study.designs.crm import CRM, lee_cheung_skeleton
from il21.study.designs.escalation import Cohort, Decision, ThreePlusThree
from il21.study.designs.escalation_trials import escalation_characteristics, escalation_trials

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


# ---- a rule of one's own ---------------------------------------------------------------------


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


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
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
)  # fmt: skip
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(InputError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CRM(skeleton=(0.1, float("nan"))),
        lambda: CRM(skeleton=(0.1, 0.2), prior_sd=float("nan")),
        lambda: BOIN(levels=3, cohort=2.5),
    ],
)
def test_designs_refuse_what_is_no_number(make) -> None:
    with pytest.raises(InputError):
        make()
