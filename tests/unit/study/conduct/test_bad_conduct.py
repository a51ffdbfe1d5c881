"""What cannot be conducted is refused in one clear line, by the API and by a file."""

import re
from dataclasses import replace

import numpy as np
import pytest

from il21.declare import (
    Conduct,
    Death,
    DoseRule,
    DropOut,
    Eligibility,
    Enrolment,
    Escalation,
    VisitWindow,
)
from il21.errors import IL21Error, InputError
from il21.study.conduct import screening
from il21.study.conduct.run import run_conducted
from tests.unit.study.conduct.test_course import FIVE, SETTINGS, plan, trial

LADDER = ("10 ug/kg", "30 ug/kg")
CLIMB = Escalation(design="3+3", ladder=LADDER, window="42 d")


def bound(of, low="", high=""):
    return Conduct(eligibility=(Eligibility(of=of, at_least=low, at_most=high),))


def rule(**fields):
    return Conduct(toxicity="dlt", rules=(DoseRule(**({"action": "stop"} | fields)),))


def climb(**fields):
    return Conduct(toxicity="dlt", escalation=replace(CLIMB, **fields))


def run(record):
    return list(run_conducted(plan(record), SETTINGS))


BAD = [
    (bound("weight", "300 kg"), "no patients; none of 360 screened is eligible"),
    (bound("weight", "90 kg", "60 kg"), "at least 90 kg and at most 60 kg contradict each other"),
    (
        Conduct(eligibility=(Eligibility(of="tumour.TV", at_least="2e5 Mcell"),
                             Eligibility(of="tumour.TV", at_most="1e5 Mcell"))),
        "contradict each other; nobody could enter",
    ),
    (bound("weight"), "needs a bound"),
    (bound("height", "1 mm"), "height"),
    (bound("tumour.TVV", "1 Mcell"), "did you mean 'tumour.TV'"),
    (bound("tumour.TV", "1 mm"), "'1 mm' must be in Mcell"),
    (Conduct(checks=("42 d", "45 d"), window=VisitWindow(days=2)), "days 42 and 45 overlap"),
    (Conduct(checks=("2 d",), window=VisitWindow(days=3)), "days 0 and 2 overlap"),
    (Conduct(checks=("14 d", "14 d")), "rising days"),
    (Conduct(checks=("10.5 d",)), "visits on whole days"),
    (Conduct(window=VisitWindow(days=-1)), "days = -1"),
    (Conduct(window=VisitWindow(missed=1.0)), "missed = 1"),
    (Conduct(follow_up="50 d"), "ends before the last visit, on day 84"),
    (Conduct(follow_up="soon"), "conduct.follow_up"),
    (Conduct(cut_off="30 d", enrolment=Enrolment(per_month=2.0)), "censored before entry"),
    (Conduct(cut_off="0 d"), "more than 0"),
    (Conduct(enrolment=Enrolment(per_month=0.0)), "per_month = 0"),
    (Conduct(enrolment=Enrolment(per_month=1.0, stagger="-1 d")), "stagger"),
    (Conduct(drop_out=DropOut(hazard="-0.1 1/d")), "is negative"),
    (Conduct(drop_out=DropOut(hazard="0.1")), "write e.g. '0.002 1/d'"),
    (Conduct(drop_out=DropOut(after_progression="later")), "after_progression"),
    (Conduct(death=Death(hazard="death.h_0 + tumour.TVX")), "conduct.death.hazard"),
    (Conduct(death=Death(hazard="tumour.TV")), "must be a rate"),
    (Conduct(death=Death(hazard="h_0 - 1 [1/d]")), "hazard is negative"),
    (Conduct(death=Death(readout="dlt")), "gives no hazard of death"),
    (Conduct(toxicity="death"), "does not grade toxicity"),
    (rule(action="pause", grade=3), "'pause' is not one of hold, reduce, stop"),
    (rule(), "needs one of grade, progression and of"),
    (rule(grade=3, progression=True), "needs one of grade, progression and of"),
    (rule(grade=6), "grade = 6; expected 1 to 5"),
    (rule(of="plasma"), "needs a bound"),
    (rule(of="plasma", above="3 mm"), "must be in ng/mL"),
    (rule(of="plasma", above="1 ng/mL", below="2 ng/mL"), "the bounds overlap"),
    (rule(of="plasm", above="3 ng/mL"), "did you mean 'plasma'"),
    (rule(action="reduce", grade=2, factor=1.5), "a factor between 0 and 1"),
    (Conduct(rules=(DoseRule(action="stop", grade=3),)), 'toxicity = "dlt"'),
]  # fmt: skip

BAD_CLIMBS = [
    (climb(start="300 ug/kg"), "300 ug/kg lies above every level; the highest is 30 ug/kg"),
    (climb(start="20 ug/kg"), "is none of 10 ug/kg, 30 ug/kg"),
    (climb(start="twenty"), "conduct.escalation.start"),
    (climb(ladder=()), "there are no levels"),
    (climb(ladder=("30 ug/kg", "10 ug/kg")), "must rise"),
    (climb(design="4+4"), "'4+4' is not one of 3+3, BOIN, CRM"),
    (climb(design="CRM", skeleton=(0.1, 0.2, 0.3)), "a skeleton of 3 rates for 2 levels"),
    (climb(design="CRM", skeleton=(0.3, 0.2)), "rising rates"),
    (climb(design="BOIN", target=1.5), "target"),
    (climb(window="100 d"), "followed for 84 d"),
    (climb(window=""), "a window of nothing"),
    (climb(grade=0), "grade = 0"),
    (climb(expansion=-1), "expansion = -1"),
    (replace(climb(), toxicity=""), "needs toxicity"),
]


def one_line(record, says):
    with pytest.raises(IL21Error) as error:
        run(record)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("conduct", "says"), BAD, ids=range(len(BAD)))
def test_what_cannot_be_conducted_is_refused_in_one_line(conduct, says):
    one_line(trial(conduct), says)


@pytest.mark.parametrize(("conduct", "says"), BAD_CLIMBS, ids=range(len(BAD_CLIMBS)))
def test_what_cannot_be_climbed_is_refused_in_one_line(conduct, says):
    one_line(trial(conduct, levels=None, arms=(FIVE,)), says)


def test_a_ladder_and_levels_are_too_many():
    one_line(trial(climb(), arms=(FIVE,)), "has a ladder, and the trial has levels too")


def test_no_patients_at_all():
    one_line(trial(Conduct(), size=0), "size = 0")


def test_all_patients_failed(monkeypatch):
    kept = screening.run_in_patients

    def spoil(plan, settings, numbers):
        start, reasons = kept(plan, settings, numbers)
        start[:] = np.nan
        return start, reasons

    monkeypatch.setattr(screening, "run_in_patients", spoil)
    with pytest.raises(InputError, match=re.escape("all patients failed, nothing can be read")):
        run(trial(Conduct(rules=(DoseRule(action="stop", progression=True),))))
    with pytest.raises(InputError, match="all patients failed"):
        run(trial(climb(), levels=None, arms=(FIVE,)))
