"""Doses and switches as timed events: order, ends, periods."""

import numpy as np
import pytest

from il21.declare import Process, Switch
from il21.engine.schedule import (
    BOLUS,
    INFUSION,
    SWITCH,
    doses_of,
    events_of,
    first_doses,
)
from il21.errors import RegimenError
from tests.making import drug, drug_model


def rows(model, doses, end=10.0, start=0.0, **values):
    given = doses_of(model, doses)
    events = events_of(model, given, {**model.values, **values}, start, end)
    return [
        (round(float(t), 9), int(k), int(i), round(float(v), 6))
        for t, k, i, v in zip(events.time, events.kind, events.index, events.value, strict=True)
    ]


def lit(on="1 d", off="2 d", period=""):
    return drug_model(
        drug(
            switches=(Switch("lit", on=on, off=off, period=period),),
            processes=(*drug().processes, Process("burn", "central -> 0", "lit * CL * level")),
        )
    )


def test_boluses_are_in_base_units_and_in_order():
    assert rows(drug_model(), ["1 mg X iv, days 1, 3", "2 ug X sc, day 2"]) == [
        (0, BOLUS, 1, 1e6), (1, BOLUS, 0, 2000), (2, BOLUS, 1, 1e6),
    ]  # fmt: skip


def test_a_dose_at_zero_and_at_the_end_count_and_one_after_does_not():
    assert [r[0] for r in rows(drug_model(), ["1 ug X iv, days 1-9"], end=5.0)] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


def test_doses_at_one_instant_stay_apart_and_sum():
    found = rows(drug_model(), ["1 ug X iv", "2 ug X iv", "3 ug X sc"])
    assert [r[0] for r in found] == [0, 0, 0]
    assert sum(r[3] for r in found if r[2] == 1) == 3000


def test_an_infusion_has_a_rate_and_an_end():
    found = rows(drug_model(), ["24 ug X iv infusion over 12 h"])
    assert found == [(0, INFUSION, 1, 48000), (0.5, INFUSION, 1, -48000)]


def test_an_infusion_that_crosses_the_end_keeps_its_rate():
    found = rows(drug_model(), ["1 ug X iv infusion over 2 d, day 1"], end=1.0)
    assert found[0][3] == 500
    assert [r[0] for r in found] == [0, 2]


def test_overlapping_infusions_add_up_to_nothing_in_the_end():
    found = rows(drug_model(), ["1 ug X iv infusion over 2 d, days 1-3"])
    assert sum(r[3] for r in found) == 0
    assert len(found) == 6


def test_amounts_per_weight():
    model = drug_model()
    (dose,) = doses_of(model, ["3 ug/kg X iv"], {"weight": 70.0})
    assert dose.amount == pytest.approx(210_000)
    (same,) = doses_of(model, ["3 ug/kg_bw X iv"], {"weight": 70.0})
    assert same.amount == dose.amount


def test_a_fixed_amount_is_given_beside_the_dose():
    model = drug_model(drug(doses={"iv": "central, 1 ug -> depot"}))
    assert rows(model, ["5 ug X iv"]) == [(0, BOLUS, 0, 1000), (0, BOLUS, 1, 5000)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5 ug Y iv", "takes no 'Y'"),
        ("5 ug X po", "X has no route 'po' here; there is iv, sc"),
        ("5 mL X iv", "a dose in '5 mL' cannot be given, write it in ug or per kg"),
        ("5 ug/kg X iv", "no body weight is known here"),
        ("5 frog X iv", "'frog' is not in the register"),
        ("5 ug/mL X iv", "cannot be given"),
    ],
)
def test_what_cannot_be_given(text, words):
    with pytest.raises(RegimenError) as caught:
        doses_of(drug_model(), [text])
    assert words in str(caught.value)
    assert text in str(caught.value)


def test_a_dose_per_kg_in_another_unit_does_not_blame_the_weight():
    with pytest.raises(RegimenError, match="write it in ug or per kg"):
        doses_of(drug_model(), ["5 nmol/kg X iv"], {"weight": 70.0})


def test_a_switch_once():
    assert rows(lit(), [], end=5.0) == [(1, SWITCH, 0, 1), (2, SWITCH, 0, 0)]
    assert rows(lit(), [], end=1.5) == [(1, SWITCH, 0, 1)]
    assert rows(lit(), [], start=1.5, end=5.0) == [(1.5, SWITCH, 0, 1), (2, SWITCH, 0, 0)]
    assert rows(lit(), [], start=2.0, end=5.0) == []


def test_a_periodic_switch_reaches_back_and_forward():
    found = rows(lit("20 h", "30 h", "24 h"), [], end=2.0)
    assert found == [
        (0, SWITCH, 0, 1), (0.25, SWITCH, 0, 0), (0.833333333, SWITCH, 0, 1),
        (1.25, SWITCH, 0, 0), (1.833333333, SWITCH, 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("start", [-3.3, 0.0, 0.1, 0.9, 7.77])
def test_the_state_of_a_periodic_switch_is_that_of_the_clock(start):
    model = lit("6.73 h", "17.5 h", "24 h")
    events = events_of(model, (), model.values, start, start + 3)
    for when in np.arange(start + 0.005, start + 3, 0.01):
        before = events.time <= when
        state = events.value[before][-1] if before.any() else 0.0
        hour = (when % 1.0) * 24
        if min(abs(hour - 6.73), abs(hour - 17.5)) > 0.01:
            assert state == (6.73 < hour < 17.5)


@pytest.mark.parametrize(
    ("on", "off", "period"),
    [("2 d", "1 d", ""), ("1 d", "1 d", ""), ("1 d", "4 d", "2 d"), ("1 d", "2 d", "-3 d")],
)
def test_switch_times_that_do_not_fit(on, off, period):
    with pytest.raises(RegimenError, match="do not fit"):
        rows(lit(on, off, period), [])


def test_too_many_events():
    with pytest.raises(RegimenError, match="more than 200000"):
        rows(lit("1e-9 d", "2e-9 d", "3e-9 d"), [])


def test_first_doses_by_instance():
    doses = doses_of(drug_model(), ["1 ug X iv, days 4-5", "1 ug X sc, day 3"])
    assert first_doses(doses) == {"drug.first_dose": 2.0}
    assert first_doses(()) == {}
