"""The derivative against SymPy and against finite differences, on random formulas."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from il21.lang.derive import derivative
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.show import to_text
from il21.lang.tree import Binary, Call, Name, Negate, Number
from tests.unit.lang.trees import SMOOTH, trees

VALUES = {"x": 1.3, "y": 0.7, "k": 2.1}
smooth = trees(SMOOTH, ("exp", "log", "sqrt", "tanh"), most=6)
few = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def to_sympy(node, symbols):
    import sympy

    if isinstance(node, Number):
        return sympy.Float(node.value, 30)
    if isinstance(node, Name):
        return symbols[node.text]
    if isinstance(node, Negate):
        return -to_sympy(node.arg, symbols)
    if isinstance(node, Binary):
        left, right = to_sympy(node.left, symbols), to_sympy(node.right, symbols)
        return {
            "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
            "/": lambda: left / right, "^": lambda: left**right,
        }[node.op]()  # fmt: skip
    args = [to_sympy(arg, symbols) for arg in node.args]
    if node.function == "hill":
        x, half, steep = args
        return x**steep / (half**steep + x**steep)
    return getattr(sympy, node.function)(*args)


def tame(value):
    return bool(np.all(np.isfinite(value))) and bool(np.all(np.abs(value) < 1e6))


def everywhere_positive(node):
    """Whether every argument of log, sqrt, hill and every base of a power is well above zero."""
    if isinstance(node, (Name, Number)):
        return True
    if isinstance(node, Negate):
        return everywhere_positive(node.arg)
    parts = (node.left, node.right) if isinstance(node, Binary) else node.args
    watched = []
    if isinstance(node, Binary):
        watched = [node.left] if node.op == "^" else [node.right] if node.op == "/" else []
    elif node.function in ("log", "sqrt"):
        watched = [node.args[0]]
    elif node.function == "hill":
        watched = list(node.args[:2])
    return all(everywhere_positive(p) for p in parts) and all(
        tame(evaluate(w, VALUES)) and evaluate(w, VALUES) > 0.05 for w in watched
    )


@few
@given(smooth, st.sampled_from(["x", "y", "k"]))
def test_against_sympy(node, name):
    sympy = pytest.importorskip("sympy")
    assume(everywhere_positive(node))
    value = evaluate(derivative(node, name), VALUES)
    assume(tame(value))
    symbols = {n: sympy.Symbol(n, positive=True) for n in VALUES}
    exact = to_sympy(node, symbols)
    assume(not exact.has(sympy.zoo, sympy.nan, sympy.oo))
    found = sympy.diff(exact, symbols[name]).subs({symbols[n]: v for n, v in VALUES.items()})
    expected = complex(sympy.N(found, 30))
    assume(math.isfinite(expected.real) and expected.imag == 0)
    assert float(value) == pytest.approx(expected.real, rel=1e-8, abs=1e-8)


@few
@given(smooth, st.sampled_from(["x", "y", "k"]))
def test_against_finite_differences(node, name):
    assume(everywhere_positive(node))
    slope = evaluate(derivative(node, name), VALUES)
    step = 1e-5
    ends = [evaluate(node, VALUES | {name: VALUES[name] + d * step}) for d in (-2, -1, 1, 2)]
    assume(tame(slope) and tame(ends))
    middle = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step)
    coarse = (ends[3] - ends[0]) / (4 * step)
    assume(abs(middle - coarse) < 1e-3 * (1 + abs(middle)))  # the difference itself is good here
    assert float(slope) == pytest.approx(
        float(middle), rel=1e-3, abs=1e-4 * (1 + max(map(abs, ends)))
    )


def test_a_wrong_rule_is_seen():
    """The comparison fails for a derivative that is wrong in one sign."""
    node = parse("x / y")
    right = evaluate(derivative(node, "y"), VALUES)
    wrong = evaluate(parse("x / y^2"), VALUES)
    ends = [evaluate(node, VALUES | {"y": VALUES["y"] + d}) for d in (-1e-6, 1e-6)]
    assert right == pytest.approx((ends[1] - ends[0]) / 2e-6, rel=1e-6)
    assert wrong != pytest.approx((ends[1] - ends[0]) / 2e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a", "a", "1"),
        ("b", "a", "0"),
        ("2 [d]", "a", "0"),
        ("-a", "a", "-1"),
        ("a * b", "a", "b"),
        ("a^3", "a", "3 * a^2"),
        ("exp(a)", "a", "exp(a)"),
        ("time * k", "time", "k"),
        ("since(nk)", "time", "1"),
        ("since(nk)", "k", "0"),
        ("min(b, c)", "a", "0"),
    ],
)
def test_folded(text, name, expected):
    assert to_text(derivative(parse(text), name)) == expected


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("min(x, 2)", 1.0, 1.0),
        ("min(x, 2)", 3.0, 0.0),
        ("max(x, 2)", 1.0, 0.0),
        ("max(x, 2)", 3.0, 1.0),
        ("max(1, x, x^2)", 3.0, 6.0),
        ("min(5, x, x^2)", 3.0, 1.0),
        ("hill(x, 2, 1)", 0.0, 0.0),
        ("hill(x, 2, 1)", -1.0, 0.0),
        ("hill(x, 2, 1)", 2.0, 0.125),
    ],
)
def test_kinks_take_one_side(text, x, slope):
    assert evaluate(derivative(parse(text), "x"), {"x": x}) == pytest.approx(slope)


@few
@given(smooth)
def test_a_derivative_of_a_smooth_formula_reads_back_to_the_same_number(node):
    slope = derivative(node, "x")
    first = evaluate(slope, VALUES)
    assume(tame(first))
    assert evaluate(parse(to_text(slope)), VALUES) == pytest.approx(float(first), rel=1e-12)


def test_a_negative_literal_is_bracketed():
    tree = Binary("^", Number(-2.0), Number(2.0))
    assert evaluate(parse(to_text(tree)), {}) == 4.0
    assert to_text(Call("exp", (Number(-1.0),))) == "exp(-1)"
