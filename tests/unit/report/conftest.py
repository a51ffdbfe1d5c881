"""Reports made by hand: patients that grow, shrink, miss visits and fail, without any solver."""

from dataclasses import replace

import numpy as np
import pytest

from il21.declare import Arm, Levels, Regimen, Reported, ResponseRule, Trial
from il21.study.compare import compare
from il21.study.outcome import TrialReport, TrialResult
from il21.study.plan import Settings
from il21.study.response import best_responses
from il21.study.trial import PatientTable, counts, join_tables

REPLICATES = 12
RULE = ResponseRule(criteria="RECIST 1.0")
PROVENANCE = {
    "model": "human", "model_hash": "0123456789abcdef0123", "seed": "5", "replicates": "12",
    "tolerance": "screening", "uncertainty": "on", "variability": "on",
}  # fmt: skip


def trial_of(name, size, reported, visits=("42 d", "84 d", "126 d"), **more):
    groups = (("CR or PR", ("CR", "PR")), ("SD", ("SD",)), ("other", ("PD", "NE")))
    record = None
    if reported is not None:
        record = Reported(
            treated=size, evaluable=sum(reported), source="a paper", groups=groups,
            counts=tuple(zip((name for name, _ in groups), reported, strict=True)),
        )  # fmt: skip
    return Trial(
        name=name, title=f"Phase I, {name}", source="a paper", population="people", size=size,
        arms=(Arm(name="daily", regimens=(Regimen("{dose} IL-21 iv bolus, days 1-5"),)),),
        levels=Levels(doses=("3 ug/kg", "30 ug/kg"), shares=(0.5, 0.5)), visits=visits,
        response=RULE, reported=record, **more,
    )  # fmt: skip


def patients_of(trial, replicates=REPLICATES, seed=1):
    """Draw patients; in each replicate one misses a visit and one cannot be evaluated."""
    rng = np.random.default_rng(seed)
    days = np.array([float(visit.split()[0]) for visit in trial.visits])
    n = trial.size * replicates
    rate = rng.normal(0.003, 0.004, (n, 1)) + np.repeat(
        rng.normal(0, 0.002, (replicates, 1)), trial.size, axis=0
    )
    baseline = np.exp(rng.normal(4.2, 0.6, (n, 1)))
    error = np.exp(rng.normal(0, 0.05, (n, 1 + len(days))))
    sums = baseline * np.exp(rate * np.append(0.0, days)) * error
    sums[rng.random(n) < 0.04, 1:] = 0.0
    sums[1 :: trial.size, 2] = np.nan
    new = np.where(rng.random(n) < 0.3, rng.uniform(5, 400, n), np.inf)
    best = best_responses(sums, new[:, None] <= days, days, trial.response)
    evaluable = np.ones(n, bool)
    evaluable[2 :: trial.size] = False
    return PatientTable(
        np.repeat(np.arange(replicates), trial.size), np.tile(np.arange(trial.size), replicates),
        np.full(n, "daily"), np.where(rng.random(n) < 0.5, "3 ug/kg", "30 ug/kg"), best, sums, new,
        np.zeros(n, bool), np.full(n, "", dtype="<U40"), days, evaluable,
    )  # fmt: skip


def fail(table, rows, reason):
    """Return the table with patients that could not be integrated."""
    failed, why, sums = table.failed.copy(), table.reason.copy(), table.sums.copy()
    best, new = table.best.copy(), table.new_lesion_day.copy()
    failed[rows], why[rows], sums[rows], best[rows], new[rows] = True, reason, np.nan, "NE", np.nan
    return replace(table, failed=failed, reason=why, sums=sums, best=best, new_lesion_day=new)


def result_of(trial, table):
    names = ("CR", "PR", "SD", "PD", "NE")
    shares = {name: float(np.mean(table.best[table.evaluable] == name)) for name in names}
    if trial.reported is None:
        return TrialResult(trial, table, None, shares)
    groups = trial.reported.groups
    found = compare(
        [name for name, _ in groups], [count for _, count in trial.reported.counts],
        counts(table, groups), seed=5,
    )  # fmt: skip
    return TrialResult(trial, table, found, shares)


def report_of(*results, **more):
    settings = Settings(seed=5, replicates=REPLICATES)
    return TrialReport("table1", "Finished trials", tuple(results), settings, PROVENANCE, **more)


@pytest.fixture(scope="session")
def result():
    trial = trial_of("first2001", 12, (2, 5, 4), not_evaluable=1 / 12)
    return result_of(trial, fail(patients_of(trial), [5, 30], "step too small"))


@pytest.fixture(scope="session")
def report(result):
    """Two counted trials, the second far off what was reported, and their pool, only shown."""
    off = trial_of("second2002", 10, (9, 0, 0))
    other = result_of(off, patients_of(off, seed=2))
    pool = trial_of("pool", 22, (11, 5, 4), counted=False, pooled=("first2001", "second2002"))
    both = join_tables([result.patients, other.patients])
    order = np.argsort(both.replicate, kind="stable")
    columns = {
        name: getattr(both, name)[order]
        for name in PatientTable.__dataclass_fields__
        if name != "visits"
    }
    pooled = result_of(pool, PatientTable(visits=both.visits, **columns))
    return report_of(result, other, pooled, note="the pool repeats the two above")


@pytest.fixture(scope="session")
def unreported():
    """A user's own trial: nothing to compare with."""
    trial = trial_of("mine", 8, None)
    return result_of(trial, patients_of(trial, seed=3))


@pytest.fixture
def make():
    """Functions that build other reports."""
    return {"trial": trial_of, "patients": patients_of, "fail": fail, "result": result_of,
            "report": report_of}  # fmt: skip
