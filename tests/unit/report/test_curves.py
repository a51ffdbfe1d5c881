"""Curves of a run: a panel a unit, labelled, with doses where they were given."""

import numpy as np
import pytest
import xarray as xr

from il21.errors import InputError, UnknownNameError
from il21.report.curves import curves

HOURS = np.linspace(0.0, 96.0, 97)


def dataset(doses="50 ug IL-21 sc, days 1-2", unit="h", **more):
    fall = np.exp(-HOURS / 20)
    data = {
        "pk.plasma": ("time", 200 * fall, {"units": "ng/mL", "long_name": "IL-21 in plasma"}),
        "pk.depot": ("time", 50 * fall, {"units": "ug", "long_name": "under the skin"}),
        "pk.far": ("time", 20 * (1 - fall), {"units": "ug", "long_name": "in tissue"}),
        "pk.lost": ("time", 0 * fall, {"units": "ug", "long_name": "never used"}),
        "nk.ready": ("time", 0.5 + 0 * fall, {"units": "1", "long_name": "readiness"}),
        **more,
    }
    attrs = {"model": "mouse", "host": "mouse", "model_hash": "ab12", "doses": doses}
    return xr.Dataset(data, {"time": ("time", HOURS, {"units": unit})}, attrs)


def scan():
    rates = np.array([0.02, 0.05, 0.1])
    values = 200 * np.exp(-rates[:, None] * HOURS)
    return xr.Dataset(
        {"pk.plasma": (("pk.CL", "time"), values, {"units": "ng/mL", "long_name": "plasma"})},
        {"time": ("time", HOURS, {"units": "h"}), "pk.CL": ("pk.CL", rates, {"units": "L/h"})},
        {"model": "mouse"},
    )


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_a_panel_a_unit_each_labelled():
    figure = curves(dataset())
    assert [axes.get_ylabel() for axes in figure.axes] == ["ng/mL", "ug", "dimensionless"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "time (h)", "time (h)"]
    assert list(lines_of(figure.axes[1])) == ["pk.depot", "pk.far"]
    assert figure.axes[0].get_title(loc="left") == "pk.plasma: IL-21 in plasma"


def test_what_is_zero_throughout_is_named_only():
    figure = curves(dataset())
    foot = "\n".join(text.get_text() for text in figure.texts)
    assert "Zero throughout: pk.lost" in foot
    asked = curves(dataset(), ["pk.lost"])
    assert list(lines_of(asked.axes[0])) == ["pk.lost"]


def test_names_choose_and_unknown_ones_are_refused():
    figure = curves(dataset(), ["pk.far"])
    assert len(figure.axes) == 1
    with pytest.raises(
        UnknownNameError, match=r"no quantity 'pk\.plasm'; did you mean 'pk\.plasma'"
    ):
        curves(dataset(), ["pk.plasm"])
    with pytest.raises(InputError, match="nothing to draw"):
        curves(dataset(), [])


@pytest.mark.parametrize(("unit", "expected"), [("h", [0.0, 24.0]), ("d", [0.0, 1.0])])
def test_doses_stand_in_the_unit_of_time(unit, expected):
    axes = curves(dataset(unit=unit), ["pk.plasma"]).axes[0]
    ticks = [line for line in axes.lines if line.get_marker() == "|"]
    assert len(ticks) == 1
    assert list(ticks[0].get_xdata()) == pytest.approx(expected)


def test_doses_outside_the_run_or_unreadable_are_not_drawn():
    for doses in ("", "50 ug IL-21 sc, day 9", "something, day 0"):
        axes = curves(dataset(doses), ["pk.plasma"]).axes[0]
        assert not [line for line in axes.lines if line.get_marker() == "|"]
    assert "something, day 0" in "\n".join(
        text.get_text() for text in curves(dataset("something, day 0")).texts
    )


def test_lines_that_would_be_flat_get_a_panel_of_their_own():
    tiny = ("time", 0.1 * np.exp(-HOURS / 5), {"units": "ug"})
    warm = ("time", 50 + 0.1 * np.sin(HOURS), {"units": "ug"})
    assert len(curves(dataset(), ["pk.depot", "pk.far"]).axes) == 1
    assert len(curves(dataset(small=tiny), ["pk.depot", "small"]).axes) == 2
    assert len(curves(dataset(warm=warm), ["pk.depot", "warm"]).axes) == 2


def test_no_panel_holds_more_lines_than_can_be_told_apart():
    more = {f"x{k}": ("time", (k + 1) * np.exp(-HOURS / 9), {"units": "ug"}) for k in range(12)}
    figure = curves(dataset(**more), list(more))
    each = [lines_of(axes) for axes in figure.axes]
    assert sum(len(lines) for lines in each) == 12
    for lines in each:
        assert len(lines) <= 5
        assert len({line.get_color() for line in lines.values()}) == len(lines)


def test_a_line_behind_another_can_be_seen():
    twin = ("time", 50 * np.exp(-HOURS / 20), {"units": "ug"})
    lines = lines_of(curves(dataset(twin=twin), ["pk.depot", "twin"]).axes[0])
    assert lines["pk.depot"].get_linestyle() == "-"
    assert lines["twin"].get_linestyle() != "-"


def test_gaps_are_left_open():
    values = 200 * np.exp(-HOURS / 20)
    values[50:] = np.nan
    figure = curves(dataset(part=("time", values, {"units": "ng/mL"})), ["part"])
    assert np.isnan(figure.axes[0].lines[0].get_ydata()[60])
    empty = ("time", np.full(97, np.nan), {"units": "ng/mL"})
    assert len(curves(dataset(part=empty), ["part", "pk.plasma"]).axes) == 1


def test_a_scan_has_a_coloured_line_a_value():
    figure = curves(scan())
    axes = figure.axes[0]
    lines = lines_of(axes)
    assert list(lines) == ["0.02", "0.05", "0.1"]
    assert len({line.get_color() if isinstance(line.get_color(), str) else tuple(line.get_color())
                for line in lines.values()}) == 3  # fmt: skip
    assert axes.get_legend().get_title().get_text() == "pk.CL (L/h)"
    assert axes.get_ylabel() == "ng/mL"


def test_two_scans_at_once_are_refused():
    two = scan().expand_dims({"pk.V": [1.0, 2.0]})
    with pytest.raises(InputError, match="at most one scan"):
        curves(two)


def test_too_many_panels_are_refused():
    more = {f"x{k}": ("time", np.exp(-HOURS / 9), {"units": f"ug^{k + 2}"}) for k in range(121)}
    with pytest.raises(InputError, match="ask for fewer"):
        curves(dataset(**more), list(more))


def test_the_foot_says_what_made_it():
    foot = "\n".join(text.get_text() for text in curves(dataset()).texts)
    assert "50 ug IL-21 sc, days 1-2" in foot
    assert "model mouse ab12" in foot
