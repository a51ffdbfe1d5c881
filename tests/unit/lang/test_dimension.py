"""The unit of a formula: what fits, what is refused, and in whose words."""

import pytest

from il21.errors import DeclarationError, UnitError
from il21.lang.dimension import dimension_of
from il21.lang.parse import parse
from il21.units import parse_unit, unit_of_dimension

UNITS = {
    name: parse_unit(unit)
    for name, unit in {
        "NK": "Mcell", "r": "1/day", "C": "ng/mL", "K": "ug/L", "n": "1", "V": "mL", "t": "h",
        "W": "kg_bw", "w": "percent",
    }.items()
}  # fmt: skip


def unit(text):
    return str(unit_of_dimension(dimension_of(parse(text), UNITS)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r * NK", "Mcell/d"),
        ("NK^2 / NK", "Mcell"),
        ("C + K", "ng/mL"),
        ("C * V", "ng"),
        ("C - 5 [pg/uL]", "ng/mL"),
        ("C + 0", "ng/mL"),
        ("0 + C", "ng/mL"),
        ("max(0, C)", "ng/mL"),
        ("0 * C", "1"),
        ("hill(C, K, n)", "1"),
        ("exp(-r * t)", "1"),
        ("log(C / K)", "1"),
        ("sqrt(NK^2)", "Mcell"),
        ("V^1.5", "cm^4.5"),
        ("V^-1", "1/mL"),
        ("V^0.1 * V^0.2 / V^0.3", "1"),
        ("n^(2 + n)", "1"),
        ("2^n", "1"),
        ("time * r", "1"),
        ("since(nk)", "d"),
        ("min(t, time, 3 [d])", "d"),
        ("n * w", "1"),
    ],
)
def test_units_follow(text, expected):
    assert unit(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NK + r", ["adds", "'NK' in Mcell", "'r' in 1/day"]),
        ("NK - C", ["subtracts", "'NK' in Mcell", "'C' in ng/mL"]),
        ("r * NK + V", ["'r * NK' in Mcell/d", "'V' in mL"]),
        ("exp(t)", ["exp(t)", "h", "dimensionless"]),
        ("log(C)", ["log(C)", "ng/mL"]),
        ("tanh(r)", ["tanh(r)", "1/day"]),
        ("hill(C, V, n)", ["compares", "'C' in ng/mL", "'V' in mL"]),
        ("hill(C, K, t)", ["h", "dimensionless"]),
        ("max(C, t)", ["takes the max of", "'C' in ng/mL", "'t' in h"]),
        ("n^t", ["exponent 't' has a unit"]),
        ("C^n", ["raises 'C' in ng/mL", "divide by a reference first"]),
        ("NK + 1", ["'NK' in Mcell", "'1' in 1"]),
        ("exp(1 + exp(t))", ["exp(t)", "h"]),
        ("V + W", ["'V' in mL", "'W' in kg_bw"]),
        ("C + 1 [frog]", ["frog"]),
    ],
)
def test_what_does_not_fit_is_named_in_the_authors_units(text, words):
    with pytest.raises(UnitError) as caught:
        dimension_of(parse(text), UNITS)
    for word in words:
        assert word in str(caught.value)


def test_an_undeclared_name_has_a_suggestion():
    with pytest.raises(DeclarationError, match="'NKs' is not declared; did you mean 'NK'"):
        dimension_of(parse("r * NKs"), UNITS)


def test_one_changed_unit_is_seen():
    changed = UNITS | {"K": parse_unit("ng")}
    assert dimension_of(parse("C / (C + K)"), UNITS) == ()
    with pytest.raises(UnitError):
        dimension_of(parse("C / (C + K)"), changed)
