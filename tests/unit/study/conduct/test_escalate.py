"""Dose escalation with virtual patients: each cohort by the rule, the ladder, the MTD, the expansion."""

from dataclasses import replace

import numpy as np
import pytest

from il21.declare import Conduct, DropOut, Enrolment, Escalation
from il21.study.conduct.escalate import rule_of
from il21.study.designs.escalation import STOP, Cohort
from il21.study.plan import Settings
from tests.unit.study.conduct.test_course import FIVE, conducted, same, trial

LADDER = ("10 ug/kg", "30 ug/kg", "100 ug/kg")
SETTINGS = Settings(seed=4, replicates=6, threads=2)


def climbing(design="3+3", size=30, conduct=None, **more):
    climb = Escalation(design=design, ladder=LADDER, window="42 d", **more)
    made = replace(conduct or Conduct(), toxicity="dlt", escalation=climb)
    return trial(made, size=size, levels=None, arms=(FIVE,), visits=("42 d",))


def cohorts_of(found, replicate):
    """The escalation cohorts of a replicate, in order, from its patients."""
    mine = (found.table.replicate == replicate) & ~found.courses.expansion
    history = []
    for number in range(1, int(found.courses.cohort[mine].max()) + 1):
        there = mine & (found.courses.cohort == number)
        level = LADDER.index(str(found.table.dose[there][0])) + 1
        judged, toxic = (int(a[there].sum()) for a in (found.courses.judged, found.courses.dlt))
        assert len(set(found.table.dose[there])) == 1
        history.append(Cohort(level=level, patients=judged, toxicities=toxic))
    return tuple(history)


@pytest.mark.parametrize("design", ["3+3", "BOIN", "CRM"])
def test_every_cohort_is_what_the_rule_asks_for(design):
    record = climbing(design, size=40, most_patients=18)
    found, rule = conducted(record, SETTINGS), rule_of(record)
    assert found.ladder is not None
    for place, replicate in enumerate(range(6)):
        history = cohorts_of(found, replicate)
        for k, cohort in enumerate(history):
            decision = rule.next_dose(history[:k])
            assert (decision.level, decision.patients) == (cohort.level, cohort.patients)
        last = rule.next_dose(history)
        assert last.action == STOP
        assert found.ladder.mtd[place] == (last.mtd or 0)
        assert found.ladder.ended[place] == last.because
    assert (found.ladder.treated.sum(axis=1) == np.bincount(found.table.replicate)).all()


def test_dose_limiting_is_grade_three_within_the_window():
    found = conducted(climbing("BOIN", size=30), SETTINGS)
    early = found.courses.grade_day[:, 2] <= 42.0
    assert np.array_equal(found.courses.dlt, early)
    assert early.any()
    strict = conducted(climbing("BOIN", size=30, grade=4), SETTINGS)
    assert strict.ladder.toxic.sum() < found.ladder.toxic.sum()
    assert strict.ladder.mtd.mean() > found.ladder.mtd.mean()


def test_without_toxicity_the_highest_dose_is_the_mtd_and_with_it_none():
    safe = conducted(climbing(), SETTINGS, **{"dlt.scale_3": "0"})
    assert (safe.ladder.mtd == 3).all()
    assert (safe.ladder.treated == [3, 3, 6]).all()
    toxic = conducted(climbing(), SETTINGS, **{"dlt.scale_3": "1e9"})
    assert (toxic.ladder.mtd == 0).all()
    assert (toxic.ladder.treated == [3, 0, 0]).all()
    assert (toxic.ladder.toxic == [3, 0, 0]).all()


def test_an_expansion_is_treated_at_the_mtd():
    found = conducted(climbing(expansion=5, size=40), SETTINGS)
    for place in range(6):
        more = found.courses.expansion & (found.table.replicate == place)
        assert more.sum() == found.ladder.expanded[place] == (5 if found.ladder.mtd[place] else 0)
        if more.any():
            assert set(found.table.dose[more]) == {LADDER[found.ladder.mtd[place] - 1]}
    assert found.ladder.expanded.sum() > 0


def test_the_start_may_be_higher():
    found = conducted(climbing(start="30 ug/kg"), SETTINGS)
    first = found.courses.cohort == 1
    assert set(found.table.dose[first]) == {"30 ug/kg"}


def test_a_cohort_waits_for_the_window_of_the_one_before():
    conduct = Conduct(enrolment=Enrolment(per_month=6.0, stagger="7 d"))
    found = conducted(climbing(conduct=conduct), SETTINGS)
    for replicate in range(6):
        mine = found.table.replicate == replicate
        entry, cohort = found.courses.entry[mine], found.courses.cohort[mine]
        order = np.argsort(entry)
        assert (np.diff(entry[order]) >= 7.0 - 1e-9).all()
        for number in range(2, int(cohort.max()) + 1):
            assert entry[cohort == number].min() >= entry[cohort == number - 1].max() + 42.0 - 1e-9
    assert (found.ladder.duration > 42.0 * 2).all()


def test_who_leaves_before_the_window_closes_does_not_count():
    conduct = Conduct(drop_out=DropOut(hazard="0.02 1/d"))
    found = conducted(climbing(conduct=conduct, size=60), SETTINGS)
    gone = (found.courses.last_seen < 42.0) & ~found.courses.dlt
    assert gone.any()
    assert not found.courses.judged[gone].any()
    assert (found.ladder.judged < found.ladder.treated).any()


def test_a_trial_that_runs_out_of_patients_says_so():
    found = conducted(climbing("BOIN", size=4), SETTINGS)
    assert (np.bincount(found.table.replicate) == 4).all()
    assert (found.ladder.mtd == 0).all()
    assert set(found.ladder.ended) == {"no more than 4 patients"}


def test_the_same_patients_at_the_same_dose_whatever_the_design():
    one, other = (
        conducted(climbing(d, size=12, most_patients=9), SETTINGS) for d in ("BOIN", "CRM")
    )

    def rows(found):
        keys = zip(found.table.replicate.tolist(), found.table.patient.tolist(),
                   found.table.dose.tolist(), strict=True)  # fmt: skip
        return dict(zip(keys, found.table.sums[:, 1].tolist(), strict=True))

    a, b = rows(one), rows(other)
    both = set(a) & set(b)
    assert len(both) > 6
    assert all(a[key] == b[key] for key in both)


def test_replicates_do_not_depend_on_how_many_are_run_together():
    whole = conducted(climbing(), SETTINGS)
    last = conducted(climbing(), replace(SETTINGS, replicates=2, first_replicate=4))
    mine = whole.table.replicate >= 4
    columns = {n: getattr(whole.table, n) for n in whole.table.__dataclass_fields__}
    part = {n: (v if n == "visits" else v[mine]) for n, v in columns.items()}
    same(type(whole.table)(**part), last.table)
    assert np.array_equal(whole.ladder.mtd[4:], last.ladder.mtd)
