"""The number of a formula, and that the generated source gives the same one."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il21.engine import source
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.tree import Name, Negate, Number
from tests.unit.lang.trees import SMOOTH, trees

NAMES = {"x": "y[0]", "y": "y[1]", "k": "y[2]"}


def compiled(node):
    function = source._function("f", [f"return {source._code(node, NAMES)}"])
    return lambda values: function(0.0, [values[n] for n in NAMES], (), (), ())


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(trees(SMOOTH, most=8), st.tuples(*[st.floats(-3, 3)] * 3))
def test_the_source_gives_the_value_of_the_tree(node, numbers):
    values = dict(zip(NAMES, numbers, strict=True))
    with np.errstate(all="ignore"):
        expected = float(evaluate(node, values))
    found = float(compiled(node)(values))
    if not math.isfinite(expected):
        return  # either may overflow where the other already did
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14.0),
        ("hill(3, 3, 4)", 0.5),
        ("hill(-1, 3, 4)", 0.0),
        ("hill(0, 3, 4)", 0.0),
        ("hill(1e200, 1, 2)", 1.0),
        ("hill(1e-200, 1, 2)", 0.0),
        ("exp(1000)", math.exp(700)),
        ("1 / (1 + exp(1e6))", 1 / (1 + math.exp(700))),
        ("min(3, 1, 2) + max(3, 1, 2)", 4.0),
        ("sqrt(2)^2", 2.0),
        ("1000 [kcell]", 1.0),
        ("2 [1/h]", 48.0),
        ("50 [percent]", 0.5),
        ("log(exp(1))", 1.0),
        ("tanh(0)", 0.0),
    ],
)
def test_values(text, value):
    assert float(evaluate(parse(text), {})) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("text", ["exp(x)", "log(x)", "sqrt(x)", "hill(x, 1, 2)", "x^0.5"])
def test_not_a_number_stays_not_a_number(text):
    assert math.isnan(evaluate(parse(text), {"x": math.nan}))
    assert math.isnan(compiled(parse(text))({"x": math.nan, "y": 0.0, "k": 0.0}))


@pytest.mark.parametrize("text", ["1 / (x - x)", "log(x - x)", "(x - x)^-1"])
def test_a_division_by_zero_is_not_raised(text):
    assert not math.isfinite(evaluate(parse(text), {"x": 1.0}))
    assert not math.isfinite(compiled(parse(text))({"x": 1.0, "y": 0.0, "k": 0.0}))


def test_arrays_broadcast():
    x = np.array([1.0, 2.0])
    k = np.array([[1.0], [3.0]])
    assert evaluate(parse("x * k"), {"x": x, "k": k}).shape == (2, 2)
    assert evaluate(parse("hill(x, k, 1)"), {"x": x, "k": k}).tolist() == [
        [0.5, 2 / 3],
        [0.25, 0.4],
    ]


def test_literals_and_names_only():
    assert evaluate(Negate(Number(2.0)), {}) == -2.0
    with pytest.raises(KeyError):
        evaluate(Name("q"), {"x": 1.0})
