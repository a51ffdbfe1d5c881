"""Prescriptions: what a text means in days, and which texts are refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from il21.declare import Regimen
from il21.errors import RegimenError


def days(text, origin=1):
    return [round(t.day, 6) for t in Regimen(text, origin).times]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 ug IL-21 sc", [0]),
        ("50 ug IL-21 ip, day 3", [2]),
        ("50 ug IL-21 ip daily, days 3-6", [2, 3, 4, 5]),
        ("30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles",
         [0, 1, 2, 3, 4, 14, 15, 16, 17, 18, 28, 29, 30, 31, 32]),
        ("{dose} IL-21 iv bolus, days 1, 3, 5 of 7, 2 cycles", [0, 2, 4, 7, 9, 11]),
        ("1 mg anti-PD-1 iv, days 1 of 21, 3 cycles", [0, 21, 42]),
        ("5 ug IL-21 sc twice daily, days 1-2", [0, 0.5, 1, 1.5]),
        ("5 ug IL-21 iv every 8 h, day 1", [0, 0.333333, 0.666667]),
        ("5 ug IL-21 iv, days 5, 1, 1-2", [0, 1, 4]),
        ("0 ug IL-21 iv", [0]),
    ],
)  # fmt: skip
def test_days(text, expected):
    assert days(text) == expected


def test_the_days_of_a_cycle_move_when_its_length_does():
    assert days("1 ug X iv, days 1-2 of 7, 2 cycles") != days("1 ug X iv, days 1-2 of 8, 2 cycles")


def test_origin_shifts_the_first_day():
    assert days("5 ug IL-21 iv, days 0-2", origin=0) == [0, 1, 2]
    with pytest.raises(RegimenError, match="the first day here is day 1"):
        Regimen("5 ug IL-21 iv, days 0-2")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("infusion over 30 min", 0.5),
        ("infusion over 2 h", 2),
        ("infusion over 1.5 d", 36),
        ("bolus", 0),
    ],
)
def test_durations(text, hours):
    (dose,) = Regimen(f"5 ug/kg IL-21 iv {text}").times
    assert dose.duration * 24 == pytest.approx(hours)


def test_parts():
    regimen = Regimen("{dose} IL-21 iv bolus, days 1-3").with_dose("30 ug/kg")
    assert (regimen.amount, regimen.agent, regimen.route) == ("30 ug/kg", "IL-21", "iv")
    assert str(regimen).endswith("doses on days 1, 2, 3")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("50ug IL21", "cannot read regimen '50ug IL21'; write e.g."),
        ("", "cannot read regimen"),
        ("50 ug IL-21 xx", "cannot read regimen"),
        ("50 ug sc", "cannot read the dose '50'"),
        ("ug IL-21 sc", "cannot read the dose 'ug'"),
        ("50 IL-21 sc", "cannot read the dose '50'"),
        ("-50 ug IL-21 sc", "must be finite and not negative"),
        ("1e999 ug IL-21 sc", "must be finite and not negative"),
        ("5 ug IL-21 iv, days 3-1", "days 3-1 do not run forward"),
        ("5 ug IL-21 iv, days 1-", "cannot read days '1-'"),
        ("5 ug IL-21 iv, days 1-2-3", "cannot read days"),
        ("5 ug IL-21 iv, days 1-20 of 14", "day 20 is not within a cycle of 14 days"),
        ("5 ug IL-21 iv, days 1-5, 3 cycles", "3 cycles of how many days"),
        ("5 ug IL-21 iv, weekly", "cannot read 'weekly'"),
        ("5 ug IL-21 iv every 0 h, day 1", "every 0 h is not between 0.1 and 24 h"),
        ("5 ug IL-21 iv every 1.2.3 h, day 1", "cannot read regimen"),
        ("5 ug IL-21 iv infusion over . min", "cannot read regimen"),
        ("5 ug IL-21 iv infusion over 0 min", "infusion over '0 min'"),
        ("5 ug IL-21 iv infusion over 3 weeks", "infusion over '3 weeks'"),
        ("5 ug IL-21 iv daily", "daily on which days"),
        ("5 ug IL-21 iv, days 1-3, days 8-9", "a second clause"),
        ("5 ug IL-21 iv, days 1-3 of 7, 0 cycles", "0 cycles give no dose"),
        ("5 ug IL-21 iv, days 1-3 of 0", "a cycle of 0 days"),
        ("5 ug IL-21 iv, days 1-5 of 7, 99999999999 cycles", "more than 20000 doses"),
        ("5 ug IL-21 iv, days 1-99999999", "do not run forward"),
        ("5 ug IL-21 iv, days \u0661-\u0663", "cannot read"),
        ("5 ug IL-21 iv" + ", day 1" * 100, "cannot read regimen"),
    ],
)
def test_errors(text, words):
    with pytest.raises(RegimenError) as caught:
        Regimen(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


CLAUSES = st.text("0123456789 ,-.daysofcyclehIL21ugivbolus²", max_size=60)


@given(st.text(max_size=60), CLAUSES.map("5 ug IL-21 iv".__add__))
@example("", ", days ²")
def test_any_text_is_a_regimen_or_a_regimen_error(first, second):
    for text in (first, second):
        try:
            regimen = Regimen(text)
        except RegimenError:
            continue
        assert regimen.times
        assert all(0 <= dose.day < 1e9 for dose in regimen.times)
