"""One typical subject: what can be changed, how, and what is refused."""

import numpy as np
import pytest

from il21.errors import InputError, RegimenError, UnitError, UnknownNameError
from il21.study.simulate import Scenario, change_of, changed_values, scan, simulate
from tests.making import NUMBERS, compose, drug, drug_model, evidence

DOSE = ("3 ug X iv",)


def last(model, **fields):
    run = simulate(Scenario(model, DOSE, **fields), ["plasma"])
    return float(run["drug.plasma"][-1])


@pytest.mark.parametrize("text", ["1 mL/h", "24 mL/d", "0.001 L/h", "1000 uL/h"])
@pytest.mark.parametrize("name", ["CL", "drug.CL"])
def test_a_change_is_read_in_any_unit(name, text):
    assert last(drug_model(), changes={name: text}) == pytest.approx(
        30 * np.exp(-24 * 2 / 100), rel=1e-8
    )


def test_a_change_changes():
    assert last(drug_model(), changes={"CL": "1 mL/h"}) != pytest.approx(
        last(drug_model()), rel=0.01
    )


def test_a_rate_may_be_written_without_its_one():
    assert (
        change_of(drug_model(), "k_a", "0.5/h") == change_of(drug_model(), "k_a", "0.5 1/h") == 12.0
    )


@pytest.mark.parametrize(
    ("name", "text", "error", "words"),
    [
        ("CL", "1 mL", UnitError, "drug.CL: '1 mL' must be in mL/h (clearance)"),
        ("CL", "1", UnitError, "must be in mL/h"),
        ("CL", "fast", UnitError, "drug.CL: 'fast': not a number with a unit"),
        ("CL", "1 mL/hr", UnitError, "'hr' is not in the register"),
        ("CL", "-1 mL/h", InputError, "drug.CL: -1 mL/h is negative; clearance is not"),
        ("CL", "nan mL/h", UnitError, "not a number"),
        ("CL", "1e999 mL/h", UnitError, "not finite"),
        ("cl", "1 mL/h", UnknownNameError, "has no parameter 'cl'; did you mean 'CL'"),
        ("plasma", "1 ng/mL", UnknownNameError, "has no parameter 'plasma'"),
        ("first_dose", "1 d", UnknownNameError, "has no parameter"),
    ],
)
def test_changes_that_are_refused(name, text, error, words):
    with pytest.raises(error) as caught:
        last(drug_model(), changes={name: text})
    assert words in str(caught.value)


def test_a_name_that_stands_twice_must_be_full():
    other = drug(name="other", doses={}, observables=())
    model = compose((drug(), evidence(NUMBERS)), (other, evidence(NUMBERS, "other")))
    with pytest.raises(UnknownNameError, match=r"say drug\.CL or other\.CL"):
        changed_values(model, {"CL": "1 mL/h"})
    assert changed_values(model, {"other.CL": "1 mL/h"})["other.CL"] == 24.0
    assert changed_values(model, {"other.CL": "1 mL/h"})["drug.CL"] == 48.0


def test_derived_values_follow_unless_they_are_set():
    row = {"source": "T", "how": "derived", "formula": "CL / V"}
    model = compose((drug(), evidence({k: NUMBERS[k] for k in ("CL", "V")}, k_a={"any": row})))
    assert model.values["drug.k_a"] == pytest.approx(0.48)
    assert changed_values(model, {"CL": "4 mL/h"})["drug.k_a"] == pytest.approx(0.96)
    set_too = changed_values(model, {"CL": "4 mL/h", "k_a": "7 1/d"})
    assert set_too["drug.k_a"] == 7.0


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"span": "40"}, UnitError, "cannot be given in d"),
        ({"span": "soon"}, UnitError, "not a number"),
        ({"span": "-1 d"}, InputError, "span of -1 d"),
        ({"span": "0 d"}, InputError, "span of 0 d"),
        ({"span": "1e6 d"}, InputError, "at most 100,000 d"),
        ({"points": 1}, InputError, "1 points: expected 2 to"),
        ({"points": 10**7}, InputError, "points: expected 2 to"),
        ({"weight": "heavy"}, UnitError, "not a number"),
        ({"weight": "70"}, UnitError, "cannot be given in kg_bw"),
        ({"weight": "20 g"}, UnitError, "cannot be given in kg_bw"),
        ({"weight": "0 kg"}, InputError, "weight 0 kg"),
        ({"weight": "-5 kg"}, InputError, "weight -5 kg"),
        ({"doses": ("3 ug Y iv",)}, RegimenError, "takes no 'Y'"),
        ({"doses": ("3 ug/kg X iv",)}, RegimenError, "no body weight is known"),
    ],
)
def test_scenarios_that_are_refused(fields, error, words):
    with pytest.raises(error) as caught:
        simulate(Scenario(drug_model(), **fields))
    assert words in str(caught.value)


def test_an_unknown_output_has_a_suggestion():
    with pytest.raises(UnknownNameError, match="did you mean 'plasma'"):
        simulate(Scenario(drug_model()), ["plsma"])


def test_outputs_are_those_asked_for_definitions_too():
    run = simulate(Scenario(drug_model(), DOSE), ["level", "plasma", "drug.plasma"])
    assert list(run.data_vars) == ["drug.level", "drug.plasma"]
    assert (run["drug.level"].values == run["drug.plasma"].values).all()


def test_a_dose_per_kg():
    run = simulate(Scenario(drug_model(), ("2 ug/kg X iv",), weight="1.5 kg"), ["plasma"])
    assert float(run["drug.plasma"][0]) == pytest.approx(30.0)


def test_times_hold_the_points_and_the_events():
    run = simulate(Scenario(drug_model(), ("3 ug X iv infusion over 1 h",), points=5), ["plasma"])
    assert run["time"].values == pytest.approx([0, 1 / 24, 0.5, 1, 1.5, 2])


def test_a_scan_is_its_single_runs():
    model = drug_model()
    runs = scan(Scenario(model, DOSE, points=7), "CL", ["1 mL/h", "3 mL/h"], ["plasma"])
    for k, text in enumerate(["1 mL/h", "3 mL/h"]):
        single = simulate(Scenario(model, DOSE, {"CL": text}, points=7), ["plasma"])
        assert runs["drug.plasma"].values[k] == pytest.approx(
            single["drug.plasma"].values, rel=1e-12
        )


def test_a_scan_without_values():
    with pytest.raises(InputError, match="no values; write"):
        scan(Scenario(drug_model()), "CL", [])
