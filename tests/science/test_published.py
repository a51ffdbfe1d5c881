"""Published models: their second entries, their printed figures, and the runs recorded here."""

import copy
import csv
import json
from functools import cache

import numpy as np
import pytest

from il21 import catalog
from il21.study.simulate import Scenario, simulate
from second import cappuccio2006 as second_cappuccio
from second import il21_mouse_pk as second_pk
from second import overgaard2007 as second_fever
from tests.science.renew_golden import GOLDEN, published, summary

PK = {
    "A1": "ip", "A2": "central", "A3": "sc", "A4": "near", "A5": "far", "A6": "ip2", "A7": "sc2",
}  # fmt: skip


def run(name, doses=None, span="", points=300, **changes):
    model = catalog.model(name)
    given = model.default_doses if doses is None else doses
    return simulate(Scenario(model, tuple(given), changes, span, points))


def compare(found, expected, rel=1e-8):
    """Both are (n_times,) of one state: equal within ``rel`` of its peak."""
    peak = np.abs(expected).max()
    assert np.abs(found - expected).max() <= rel * peak, np.abs(found - expected).max() / peak


# Second entries


@pytest.mark.parametrize("route", ["iv", "ip", "sc"])
def test_mouse_kinetics_equal_their_second_entry(route):
    data = run("il21_mouse_pk", [f"50 ug IL-21 {route}"], "48 h", 97)
    second = second_pk.simulate(data["time"].values, dose_ug=50.0, route=route)
    for k, state in enumerate(second_pk.STATES):
        column = second[:, k]
        if column.any():
            compare(data[f"il21_mouse_pk.{PK[state]}"].values, column)
        else:
            assert not data[f"il21_mouse_pk.{PK[state]}"].values.any()


@pytest.mark.parametrize("therapy", [True, False])
def test_cappuccio_equals_its_second_entry(therapy):
    changes = {} if therapy else {"h": "0 nmol/(mm^3*mL*d)"}
    data = run("cappuccio2006", span="60 d", points=61, **changes)
    second = second_cappuccio.simulate(data["time"].values, therapy=therapy)
    for k, state in enumerate(second_cappuccio.STATES):
        found = data[f"cappuccio2006.{state.upper()}"].values
        if second[:, k].any():
            compare(found, second[:, k])
        else:
            assert not found.any()


@pytest.mark.parametrize("dose", [3.0, 0.5])
def test_overgaard_equals_its_second_entry(dose):
    data = run("overgaard2007", [f"{dose} mg/kg IL-21 iv bolus, days 2, 4, 6"], points=145)
    second = second_fever.simulate(data["time"].values, dose_mg_per_kg=dose)
    for name, state in (("celsius", "T"), ("M", "M"), ("BR", "BR")):
        compare(data[f"overgaard2007.{name}"].values, second[:, second_fever.STATES.index(state)])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("il21_mouse_pk", {"CL": "0.02291 L/h"}),
        ("cappuccio2006", {"k2": "0.04851 mL/(nmol*d)"}),
        ("overgaard2007", {"kR": "5.3501 1/h"}),
    ],
)
def test_one_changed_digit_is_seen(name, changes):
    """The last printed digit of one constant moves the run further than the comparison allows."""
    original, moved = run(name, points=30), run(name, points=30, **changes)
    worst = max(
        float(np.abs(moved[v] - original[v]).max() / np.abs(original[v]).max())
        for v in original.data_vars
        if np.abs(original[v]).max() > 0
    )
    assert worst > 1e-7


# Printed figures


@cache
def mouse_exposure(route):
    data = run("il21_mouse_pk", [f"50 ug IL-21 {route}"], "24 h", 19_201)
    level, hours = data["il21_mouse_pk.plasma"].values, data["time"].values
    h = hours[1] - hours[0]
    simpson = h / 3 * (level[0] + level[-1] + 4 * level[1:-1:2].sum() + 2 * level[2:-1:2].sum())
    return level.max(), hours[int(np.argmax(level))], simpson


@pytest.mark.parametrize(
    ("route", "peak", "when", "area"),
    [("iv", 9074, 0.0, 879), ("ip", 137, 1.04, 353), ("sc", 229, 1.50, 877)],
)
def test_mouse_exposure_as_printed(route, peak, when, area):
    found = mouse_exposure(route)
    assert found[0] == pytest.approx(peak, rel=5e-3)
    assert found[1] == pytest.approx(when, abs=5.1e-3)
    assert found[2] == pytest.approx(area, rel=5e-3)


def test_a_share_reaches_plasma_from_the_peritoneum():
    assert mouse_exposure("ip")[2] / mouse_exposure("sc")[2] == pytest.approx(0.402, abs=1e-3)


def test_cappuccio_as_printed():
    data = run("cappuccio2006", points=4001)
    area, day = data["cappuccio2006.area"].values, data["time"].values
    assert area.max() == pytest.approx(33.47, abs=5e-3)
    assert day[int(np.argmax(area))] == pytest.approx(8.54, abs=1e-2)
    for when, printed in ((10, 31.81), (20, 3.771), (40, 2.091)):
        assert np.interp(when, day, area) == pytest.approx(printed, rel=3e-4)


def test_cappuccio_without_il21_as_printed():
    data = run("cappuccio2006", points=41, h="0 nmol/(mm^3*mL*d)")
    area = data["cappuccio2006.area"].values
    assert area[[10, 20, 40]] == pytest.approx([53.0, 104.0, 206.0], abs=0.05)


def test_cappuccio_against_its_reference_trajectory(oracles):
    """Held to 2e-7 of the peak: ours and the second entry, 3e-10 apart, differ from it alike.

    The file prints eight digits (5e-9), so what remains is its own integration: 4e-8, and 1.3e-7 in
    NK cells, which start at 1.95185 there (six digits; p2 / q1 is 1.9518519).
    """
    path = oracles / "cappuccio2006_reference_trajectory.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    days = np.array([float(row["t_day"]) for row in rows])
    second = second_cappuccio.simulate(days)
    model = catalog.model("cappuccio2006")
    data = simulate(Scenario(model, span=f"{days[-1]} d", points=len(days)))
    assert data["time"].values == pytest.approx(days)
    columns = [name for name in rows[0] if name != "t_day"]
    for k, column in enumerate(columns):
        printed = np.array([float(row[column]) for row in rows])
        state = column.split("_")[0]
        for found in (data[f"cappuccio2006.{state}"].values, second[:, k]):
            assert found[0] == pytest.approx(printed[0], abs=5e-6)
            compare(found[1:], printed[1:], rel=2e-7)


@pytest.mark.parametrize(
    ("first", "last", "peak"), [(24, 48, 38.65), (72, 96, 40.89), (120, 144, 41.23)]
)
def test_overgaard_as_printed(first, last, peak):
    data = run("overgaard2007", points=14_401)
    hours, celsius = data["time"].values, data["overgaard2007.celsius"].values
    inside = (hours >= first) & (hours <= last)
    assert celsius[inside].max() == pytest.approx(peak, abs=5.1e-3)


# Runs recorded here


def differences(found, recorded, tolerance=1e-6):
    """Where a summary differs from the recorded one by more than ``tolerance`` of the peak."""
    if found.keys() != recorded.keys():
        return sorted(found.keys() ^ recorded.keys())
    places = []
    for output, row in found.items():
        scale = max(abs(recorded[output]["peak"]), abs(recorded[output]["lowest"]), 1e-300)
        for key, value in row.items():
            wanted = recorded[output][key]
            if key == "unit":
                same = value == wanted
            elif key == "time of peak":
                same = abs(value - wanted) <= 1e-9 * max(1.0, abs(wanted)) or scale < 1e-12
            else:
                same = np.allclose(value, wanted, rtol=0, atol=tolerance * scale)
            if not same:
                places.append(f"{output}: {key} {wanted} -> {value}")
    return places


RECORDED = json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_every_published_model_is_recorded():
    assert sorted(RECORDED) == sorted(published())
    assert len(published()) >= 3


@pytest.mark.parametrize("name", RECORDED)
def test_the_default_run_is_the_recorded_one(name):
    assert differences(summary(name), RECORDED[name]) == []


@pytest.mark.parametrize("key", ["unit", "peak", "time of peak", "lowest", "mean", "on the way"])
def test_a_moved_record_is_seen(key):
    recorded = RECORDED["cappuccio2006"]
    moved = copy.deepcopy(recorded)
    row = moved["cappuccio2006.area"]
    if key == "unit":
        row[key] = "cm^2"
    elif key == "on the way":
        row[key][2] *= 1 + 1e-4
    else:
        row[key] = row[key] * (1 + 1e-4) + 1e-4
    assert len(differences(recorded, moved)) == 1
