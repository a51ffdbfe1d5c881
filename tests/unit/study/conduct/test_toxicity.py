"""Toxicity from exposure: the areas, the probabilities, the grades, and the rates it was made for."""

import numpy as np
import pytest

from il21 import catalog
from il21.compose.numbers import readout_constants
from il21.declare import Arm, Conduct, Levels, ReadOut, Regimen
from il21.engine.schedule import Dose
from il21.study.conduct.toxicity import index_parts, moments, numbers_of, toxicity
from il21.study.plan import Layer, Settings
from il21.study.population import Patients
from tests.unit.study.conduct.test_course import FIVE, conducted, trial

K_EL = 25.0  # 1/d


def layer(**changes):
    readout = catalog.find(ReadOut, "dlt")
    numbers = readout_constants(readout, catalog.evidence("dlt"), "human")
    return Layer(readout=readout, numbers=numbers, changes=changes)


def people(n):
    return Patients(3, "tox", np.arange(n), np.zeros(n, np.int64), uncertainty=False)


def falling(peak, times, starts=(0.0,)):
    level = np.zeros(len(times))
    for start in starts:
        level += np.where(times >= start, peak * np.exp(-K_EL * (times - start)), 0.0)
    return level


def test_load_and_peak_of_a_falling_level():
    """The integral of C/(K + C) for C = C0 exp(-k t) is ln(1 + C0/K)/k."""
    starts = (0.0, 1.0, 2.0)
    times = moments([[Dose(t, 1.0, 0.0, (), "il21") for t in starts]], 10.0)
    one, who = layer(), people(1)
    for peak in (30.0, 1000.0, 9000.0):
        parts = index_parts(one, numbers_of(one, who), times, falling(peak, times, starts)[None])
        exact = 3 * np.log1p(peak / 1000.0) / K_EL
        found = 0.9 * parts["liver and blood"][0, -1] ** (1 / 2.5)
        assert found == pytest.approx(exact, rel=0.006)
        assert parts["infusion type"][0, -1] == pytest.approx((peak / 4500.0) ** 3, rel=1e-6)


def test_the_look_just_before_a_dose_keeps_the_jump_out_of_the_area():
    times = moments([[Dose(1.0, 1.0, 0.0, (), "il21")]], 3.0)
    assert np.any((times < 1.0) & (times > 0.9999))


def test_the_share_with_a_grade_is_the_stated_probability():
    n, one = 20_000, layer()
    times = np.array([0.0, 1.0, 2.0])
    level = np.tile([0.0, 600.0, 600.0], (n, 1))
    found = toxicity(one, people(n), times, level)
    exposure = 0.375 * 0.5 + 0.375
    index = (exposure / 0.9) ** 2.5 + (600 / 4500) ** 3
    for grade, scale in ((1, 20.0), (2, 5.0), (3, 1.0), (4, 0.15)):
        expected = 1 - np.exp(-scale * index)
        share = np.isfinite(found.day[:, grade - 1]).mean()
        assert share == pytest.approx(
            expected, abs=4 * np.sqrt(expected * (1 - expected) / n + 1e-9)
        )
    assert not np.isfinite(found.day[:, 4]).any()


def test_a_worse_grade_never_begins_before_a_milder_one():
    times = np.linspace(0.0, 40.0, 400)
    level = np.abs(np.random.default_rng(2).normal(500, 300, (200, 400)))
    days = toxicity(layer(), people(200), times, level).day
    with np.errstate(invalid="ignore"):
        steps = np.diff(days, axis=1)
    assert (steps[np.isfinite(steps)] >= 0).all()
    assert np.isfinite(days[:, 2]).any()


def test_what_is_reported_is_the_larger_part():
    times = np.array([0.0, 1e-6, 1.0])
    peak = toxicity(layer(), people(50), times, np.tile([20_000.0, 0.0, 0.0], (50, 1)))
    assert set(peak.event[:, 2]) == {"infusion type"}
    assert (peak.day[:, 2] == 0.0).all()
    long = toxicity(layer(), people(50), np.linspace(0, 50, 500), np.full((50, 500), 900.0))
    assert set(long.event[:, 2]) == {"liver and blood"}


def test_numbers_can_be_changed():
    times, level = np.array([0.0, 1.0]), np.full((100, 2), 500.0)
    none = toxicity(layer(scale_3=0.0), people(100), times, level)
    assert not np.isfinite(none.day[:, 2]).any()
    dead = toxicity(layer(scale_5=1e6), people(100), times, level)
    assert np.isfinite(dead.day[:, 4]).all()


# Over the course of six weeks, averaged over patients; regression targets of the specification.
SHARES = {
    "days 1-5 of 14, 3 cycles": {"10 ug/kg": 0.02, "30 ug/kg": 0.19, "100 ug/kg": 0.68},
    "days 1, 3, 5 of 7, 6 cycles": {"10 ug/kg": 0.03, "30 ug/kg": 0.27, "100 ug/kg": 0.77},
    "day 1 of 7, 4 cycles": {"30 ug/kg": 0.01, "100 ug/kg": 0.16, "150 ug/kg": 0.43},
}


@pytest.mark.parametrize("days", SHARES)
def test_dose_limiting_toxicity_by_schedule_and_dose(days):
    arm = Arm(name="a", regimens=(Regimen("{dose} IL-21 iv bolus, " + days),))
    for dose, expected in SHARES[days].items():
        record = trial(
            Conduct(toxicity="dlt"), size=150, arms=(arm,), visits=("42 d",),
            levels=Levels(doses=(dose,), shares=(1.0,)),
        )  # fmt: skip
        settings = Settings(seed=7, replicates=2, uncertainty=False, threads=2)
        share = (conducted(record, settings).courses.worst_grade >= 3).mean()
        print(days, dose, round(float(share), 3), expected)
        assert share == pytest.approx(
            expected, abs=0.03 + 4 * np.sqrt(expected * (1 - expected) / 300)
        )


def test_death_from_toxicity_is_one_if_it_is_declared_so():
    record = trial(Conduct(toxicity="dlt"), size=30, arms=(FIVE,))
    found = conducted(record, **{"dlt.scale_5": "20"}).courses
    dead = np.isfinite(found.died)
    assert dead.any()
    assert set(found.cause[dead]) == {"toxicity"}
    assert np.array_equal(found.died[dead], found.grade_day[dead, 4])
