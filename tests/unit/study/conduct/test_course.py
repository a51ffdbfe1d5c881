"""Patients through their visits: what decides nothing changes no bit; what is decided has its effect."""

from dataclasses import replace

import numpy as np
import pytest

from il21.app.trials import _plan
from il21.catalog import entries
from il21.declare import (
    Arm,
    Conduct,
    Death,
    DoseRule,
    DropOut,
    Eligibility,
    Enrolment,
    Levels,
    Population,
    Regimen,
    ResponseRule,
    Trial,
    VisitWindow,
)
from il21.study.conduct.run import join_conducted, run_conducted
from il21.study.plan import Settings
from il21.study.trial import PatientTable, join_tables, run_trial

SETTINGS = Settings(seed=5, replicates=2, threads=2)
PEOPLE = {name: entry.record for name, entry in entries(Population).items()}
WEEKLY = Arm(name="weekly", regimens=(Regimen("{dose} IL-21 iv bolus, days 1 of 7, 6 cycles"),))
FIVE = Arm(name="5+9", regimens=(Regimen("{dose} IL-21 iv bolus, days 1-5 of 14, 3 cycles"),))
NEVER = (
    DoseRule(action="stop", grade=5),
    DoseRule(action="hold", of="tumour.TV", above="1e15 Mcell"),
    DoseRule(action="reduce", of="plasma", below="-1 ng/mL"),
)


def trial(conduct=None, size=9, **more):
    fields = dict(
        name="conducted", title="a trial", source="Test2026", population="metastatic_melanoma",
        arms=(WEEKLY, FIVE), size=size, visits=("42 d", "84 d"), not_evaluable=0.1,
        response=ResponseRule(criteria="RECIST 1.0"),
        levels=Levels(doses=("10 ug/kg", "100 ug/kg"), shares=(0.5, 0.5)), conduct=conduct,
    )  # fmt: skip
    return Trial(**(fields | more))


def plan(record, **changes):
    return _plan(record, PEOPLE, changes, "screening")


def conducted(record, settings=SETTINGS, **changes):
    return join_conducted(list(run_conducted(plan(record, **changes), settings)))


def plain(record):
    return join_tables(list(run_trial(plan(record), SETTINGS)))


def same(one: PatientTable, other: PatientTable) -> None:
    for name in PatientTable.__dataclass_fields__:
        a, b = getattr(one, name), getattr(other, name)
        equal = np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        assert equal, name


@pytest.mark.parametrize(
    "conduct",
    [
        Conduct(),
        Conduct(rules=NEVER, toxicity="dlt"),
        Conduct(rules=NEVER, toxicity="dlt", checks=("7 d", "14 d", "28 d", "56 d")),
        Conduct(window=VisitWindow(days=0, missed=0.0), enrolment=Enrolment(per_month=2.0)),
        Conduct(drop_out=DropOut(), eligibility=(Eligibility(of="weight", at_least="1 kg"),)),
        Conduct(death=Death(hazard="0 [1/d]"), cut_off="4000 d"),
    ],
    ids=["empty", "rules", "checks", "visits", "eligibility", "death"],
)
def test_a_conduct_that_decides_nothing_gives_the_same_bits(conduct):
    whole = plain(trial())
    found = conducted(trial(conduct))
    same(found.table, whole)
    assert (found.courses.given == found.courses.planned).all()
    assert (found.courses.end == "completed").all()
    assert found.screening.ineligible.sum() == 0


def test_follow_up_beyond_the_last_visit_changes_no_reading():
    """The run that ends at a visit steps onto it, the other one past it: equal to the tolerance."""
    found, whole = conducted(trial(Conduct(follow_up="200 d"))).table, plain(trial())
    assert np.array_equal(found.sums[:, :2], whole.sums[:, :2])
    np.testing.assert_allclose(found.sums, whole.sums, rtol=1e-4)
    assert np.array_equal(found.best, whole.best)


def test_a_stop_is_the_trial_without_the_doses_after_it():
    always = DoseRule(action="stop", of="tumour.TV", below="1e30 Mcell")
    found = conducted(trial(Conduct(rules=(always,), checks=("10 d",))))
    short = replace(FIVE, regimens=(Regimen("{dose} IL-21 iv bolus, days 1-5"),))
    once = replace(WEEKLY, regimens=(Regimen("{dose} IL-21 iv bolus, days 1 of 7, 2 cycles"),))
    same(found.table, plain(trial(arms=(once, short))))
    assert (found.courses.stopped == 10.0).all()
    assert set(found.courses.given[found.table.arm == "5+9"]) == {5}
    assert set(found.courses.given[found.table.arm == "weekly"]) == {2}


def test_a_hold_leaves_out_the_doses_until_the_next_visit_only():
    early = DoseRule(action="hold", of="il21.C", below="1e30 ng", note="fires at every visit")
    found = conducted(trial(Conduct(rules=(early,), checks=("14 d", "28 d")), arms=(FIVE,)))
    assert set(found.courses.given.tolist()) == {5}
    assert (found.courses.holds >= 3).all()
    once = DoseRule(action="hold", of="tumour.V", above="1e30 Mcell")
    assert conducted(trial(Conduct(rules=(once,)))).courses.holds.sum() == 0


def test_a_reduction_halves_what_follows_and_the_third_stops():
    rule = DoseRule(action="reduce", of="tumour.TV", below="1e30 Mcell", factor=0.5, most=2)
    checks = ("7 d", "14 d", "21 d", "28 d")
    found = conducted(trial(Conduct(rules=(rule,), checks=checks), arms=(WEEKLY,))).courses
    assert (found.reductions == 2).all()
    assert (found.stopped == 21.0).all()
    assert (found.stop_reason == "tumour.TV below 1e30 Mcell, after 2 reductions").all()
    assert found.intensity == pytest.approx((1 + 0.5 + 0.25) / 6)


def test_of_several_rules_the_strictest_decides():
    bound = {"of": "tumour.TV", "below": "1e30 Mcell"}
    rules = tuple(DoseRule(action=action, **bound) for action in ("reduce", "hold", "stop"))
    found = conducted(trial(Conduct(rules=rules, checks=("7 d",)))).courses
    assert (found.stopped == 7.0).all()
    assert found.holds.sum() == found.reductions.sum() == 0


def test_arms_share_every_draw_of_a_patient():
    conduct = Conduct(
        toxicity="dlt", window=VisitWindow(days=3, missed=0.2), enrolment=Enrolment(per_month=3.0),
        drop_out=DropOut(hazard="0.004 1/d"), death=Death(),
    )  # fmt: skip
    low = conducted(trial(conduct, arms=(replace(WEEKLY, share=1.0), replace(FIVE, share=0.0))))
    high = conducted(trial(conduct, arms=(replace(WEEKLY, share=0.0), replace(FIVE, share=1.0))))
    assert set(low.table.arm) == {"weekly"}
    assert set(high.table.arm) == {"5+9"}
    assert np.array_equal(low.courses.entry, high.courses.entry)
    assert np.array_equal(low.courses.visits, high.courses.visits)
    both = np.isfinite(low.courses.dropped) & np.isfinite(high.courses.dropped)
    assert both.any()
    assert np.array_equal(low.courses.dropped[both], high.courses.dropped[both])
    assert low.courses.worst_grade.sum() < high.courses.worst_grade.sum()


def test_visits_lie_in_their_window_and_some_are_missed():
    conduct = Conduct(window=VisitWindow(days=5, missed=0.25))
    found = conducted(trial(conduct, size=100)).courses
    late = found.visits - np.array([42.0, 84.0])
    assert set(np.unique(late)) == set(range(-5, 6))
    assert 0.65 < found.attended.mean() < 0.85


def test_what_was_not_seen_is_not_read():
    conduct = Conduct(
        window=VisitWindow(days=2, missed=0.2), drop_out=DropOut(hazard="0.01 1/d"),
        death=Death(hazard="0.004 [1/d]"),
    )  # fmt: skip
    found = conducted(trial(conduct, size=60))
    course, sums = found.courses, found.table.sums[:, 1:]
    assert np.array_equal(np.isfinite(sums), course.attended)
    assert (course.visits[course.attended] <= np.broadcast_to(
        course.last_seen[:, None], course.visits.shape)[course.attended]).all()  # fmt: skip
    assert (course.responses[~course.attended] == "NE").all()
    assert set(course.end) == {"completed", "drop-out", "death"}


def test_a_constant_hazard_kills_as_it_should():
    conduct = Conduct(death=Death(hazard="0.01 [1/d]"), follow_up="100 d")
    found = conducted(trial(conduct, size=150), Settings(seed=1, replicates=4, threads=2)).courses
    died = np.isfinite(found.died)
    assert died.mean() == pytest.approx(1 - np.exp(-1.0), abs=4 * np.sqrt(0.25 / 600))
    assert (found.cause[died] == "tumour").all()
    before = (found.died <= 50).mean()
    assert before == pytest.approx(1 - np.exp(-0.5), abs=4 * np.sqrt(0.25 / 600))


def test_patients_leave_at_the_visit_that_shows_progression():
    found = conducted(trial(Conduct(drop_out=DropOut(after_progression="at once")), size=40))
    progressed = (found.courses.responses == "PD").any(axis=1)
    assert progressed.any()
    assert (np.isfinite(found.courses.dropped) == progressed).all()
    assert np.isin(found.courses.dropped[progressed], (42.0, 84.0)).all()
    assert np.array_equal(plain(trial(size=40)).best, found.table.best)


def test_the_ineligible_are_replaced_and_counted():
    bound = Eligibility(of="tumour.TV", at_least="1e5 Mcell")
    found = conducted(trial(Conduct(eligibility=(bound,)), size=20))
    assert (found.screening.enrolled == 20).all()
    assert (found.screening.ineligible > 3).all()
    assert (found.screening.screened == found.screening.enrolled + found.screening.ineligible).all()
    everyone = conducted(trial(size=60, name="conducted", conduct=Conduct()))
    wanted = {
        (r, p): s for r, p, s in zip(everyone.table.replicate.tolist(),
        everyone.table.patient.tolist(), everyone.table.sums[:, 0].tolist(), strict=True)
    }  # fmt: skip
    rows = zip(found.table.replicate.tolist(), found.table.patient.tolist(),
               found.table.sums[:, 0].tolist(), strict=True)  # fmt: skip
    assert all(wanted[(r, p)] == s for r, p, s in rows if p < 60)


def test_the_data_close_for_those_who_came_late():
    conduct = Conduct(enrolment=Enrolment(per_month=5.0), cut_off="100 d", follow_up="150 d")
    found = conducted(trial(conduct)).courses
    assert (found.last_seen == np.minimum(100.0 - found.entry, 150.0)).all()
    late = found.visits > found.last_seen[:, None]
    assert late.any()
    assert not found.attended[late].any()
    assert (found.end == "data cut-off").all()


def test_a_patient_that_cannot_be_solved_is_recorded_and_leaves_the_others_alone():
    rules = (DoseRule(action="hold", grade=3),)
    record = trial(Conduct(rules=rules, toxicity="dlt"))
    one = plan(record)
    broken = replace(one, trial=record)
    settings = replace(SETTINGS, replicates=1)
    whole = join_conducted(list(run_conducted(broken, settings)))
    assert not whole.table.failed.any()
    from il21.study.conduct import screening

    kept = screening.run_in_patients

    def spoil(plan, settings, numbers):
        start, reasons = kept(plan, settings, numbers)
        start[3] = np.nan
        return start, reasons

    screening.run_in_patients = spoil
    try:
        found = join_conducted(list(run_conducted(broken, settings)))
    finally:
        screening.run_in_patients = kept
    assert found.table.failed.tolist() == [k == 3 for k in range(9)]
    assert found.courses.end[3] == "not integrated"
    others = np.arange(9) != 3
    assert np.array_equal(found.table.sums[others], whole.table.sums[others], equal_nan=True)
