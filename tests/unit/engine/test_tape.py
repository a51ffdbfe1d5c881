"""Random formulas: value and slope of the emitted code against mpmath on the tree itself."""

import ctypes

import mpmath
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il21.engine.compile import load, to_object
from il21.engine.emit_kernels import Kernel
from il21.engine.ir import ATTRIBUTES, head
from il21.engine.ir_math import math_functions
from il21.engine.slopes import TIME, slopes
from il21.engine.tape import Tape
from il21.lang.parse import parse
from il21.lang.tree import Binary, Call, Name, Negate, Number

LETTERS = ("x", "y", "p", "time")
WIDTH = 2
leaves = st.one_of(
    st.sampled_from([Name(name) for name in LETTERS]),
    st.floats(0.1, 4.0).map(lambda value: Number(round(value, 3))),
)


def grown(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(st.sampled_from("+-*/"), pair).map(lambda r: Binary(r[0], *r[1])),
        st.tuples(inner, st.sampled_from([2.0, 3.0, -1.0, 0.5, 1.7])).map(
            lambda r: Binary("^", r[0], Number(r[1]))
        ),
        inner.map(Negate),
        st.tuples(st.sampled_from(["exp", "log", "sqrt", "tanh"]), inner).map(
            lambda r: Call(r[0], (r[1],))
        ),
        st.tuples(st.sampled_from(["min", "max"]), pair).map(lambda r: Call(r[0], r[1])),
        st.tuples(inner, inner, st.floats(0.5, 4.0)).map(
            lambda r: Call("hill", (r[0], r[1], Number(round(r[2], 2))))
        ),
    )


formulas = st.recursive(leaves, grown, max_leaves=12)


class Rough(Exception):
    """Near a kink, a pole or an overflow: no honest comparison of slopes there."""


def exact(node, values):
    """The value of a tree in high precision."""
    if isinstance(node, Number):
        return mpmath.mpf(node.value)
    if isinstance(node, Name):
        return values[node.text]
    if isinstance(node, Negate):
        return -exact(node.arg, values)
    if isinstance(node, Binary):
        a, b = exact(node.left, values), exact(node.right, values)
        return arithmetic(node.op, a, b)
    return function(node.function, [exact(arg, values) for arg in node.args])


def arithmetic(op, a, b):
    if op == "/" and abs(b) < 1e-3:
        raise Rough
    if op == "^" and (abs(a) < 1e-3 or (b != int(b) and a < 0)):
        raise Rough
    how = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}
    return fair(how[op]() if op in how else a**b)


def function(name, args):
    first = args[0]
    if name in ("min", "max"):
        if abs(args[0] - args[1]) < 1e-3:
            raise Rough
        return min(args) if name == "min" else max(args)
    if name == "hill":
        if first < 1e-3 or args[1] < 1e-3:
            raise Rough
        return first ** args[2] / (args[1] ** args[2] + first ** args[2])
    if name in ("log", "sqrt") and first < 1e-3:
        raise Rough
    if name == "exp" and abs(first) > 30:
        raise Rough
    return fair(
        {"log": mpmath.log, "sqrt": mpmath.sqrt, "exp": mpmath.exp, "tanh": mpmath.tanh}[name](
            first
        )
    )


def fair(value):
    if abs(value) > 1e8 or not mpmath.isfinite(value):
        raise Rough
    return value


def emitted(node, values):
    """The value and the slopes by x, y and time that the machine code gives."""
    tape = Tape()
    names = {"x": tape.leaf("state", 0), "y": tape.leaf("state", 1)}
    names |= {"p": tape.leaf("param", 0), "time": tape.leaf("time")}
    top = tape.read(node, names)
    found = slopes(tape, [top])[top]
    zero = tape.constant(0.0)
    tops = [top, *(found.get(key, zero) for key in (0, 1, TIME))]

    def leaf(f, op, index):
        return {
            "state": lambda: f.load("%y", index),
            "time": lambda: "%t",
            "param": lambda: f.load("%w", 4),
        }[op]()

    kernel = Kernel("inner", tape, tops, WIDTH, [("p", "y"), ("v", "t")], leaf)
    for k, item in enumerate(tops):
        kernel.f.store(kernel.value(item), "%w", k)
    outer = kernel.f.__class__("apply", [("p", "w")], WIDTH, linkage="", inline="")
    outer.run("inner", ("p", "%w"), ("p", outer.at("%w", 5)), ("v", outer.load("%w", 7)))
    text = "\n\n".join(
        [head(WIDTH), math_functions(WIDTH), kernel.f.text(), outer.text(), ATTRIBUTES]
    )
    engine = load(to_object(text + "\n")[0])
    room = np.zeros(64)
    work = room[(-room.ctypes.data % 64) // 8 :]
    for slot, name in ((4, "p"), (5, "x"), (6, "y"), (7, "time")):
        work[WIDTH * slot : WIDTH * slot + WIDTH] = float(values[name])
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("apply"))(work.ctypes.data)
    return work[0 : 4 * WIDTH : WIDTH].copy()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(formulas, st.lists(st.floats(0.2, 3.0), min_size=4, max_size=4))
def test_random_formulas(monkeypatch_cache, node, numbers):
    with mpmath.workprec(300):
        values = {name: mpmath.mpf(round(v, 4)) for name, v in zip(LETTERS, numbers, strict=True)}
        step = mpmath.mpf(2) ** -80
        try:
            value = exact(node, values)
            sizes = [value]
            for name in ("x", "y", "time"):
                ends = [exact(node, {**values, name: values[name] + s}) for s in (step, -step)]
                sizes.append((ends[0] - ends[1]) / (2 * step))
        except (Rough, ZeroDivisionError, OverflowError):
            return
        found = emitted(node, values)
        scale = max(1.0, *(abs(float(s)) for s in sizes))
        if scale > 1e8:
            return
        for mine, true in zip(found, sizes, strict=True):
            assert abs(mine - float(true)) <= 1e-8 * scale


@pytest.fixture(scope="module")
def monkeypatch_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IL21_CACHE", str(tmp_path_factory.mktemp("objects")))
        yield


def test_equal_values_stand_once():
    tape = Tape()
    names = {"a": tape.leaf("state", 0), "b": tape.leaf("param", 0)}
    first = tape.read(parse("exp(a * b) + 1"), names)
    size = len(tape.entries)
    assert tape.read(parse("1 + exp(b * a)"), names) == first
    assert len(tape.entries) == size


def test_patient_factors_are_gathered():
    tape = Tape()
    names = {"x": tape.leaf("state", 0), "p": tape.leaf("param", 0), "q": tape.leaf("param", 1)}
    one, other = (tape.read(parse(text), names) for text in ("x * p / q", "p * x / q"))
    assert one == other
    assert tape.entries[one].op == "mul"


@pytest.mark.parametrize(
    ("text", "x", "slope"),
    [
        ("max(x, 1)", 1.0, 0.0),
        ("min(x, 1)", 1.0, 1.0),
        ("hill(x, p, 2.5)", -1.0, 0.0),
        ("log(x)", -1.0, 0.0),
    ],
)
def test_slopes_at_kinks_are_one_sided(text, x, slope):
    values = {"x": x, "y": 1.0, "p": 2.0, "time": 0.0}
    assert emitted(parse(text), values)[1] == slope


def test_a_power_of_a_state_below_zero_is_that_of_zero():
    values = {"x": -1e-6, "y": 1.0, "p": 0.5, "time": 0.0}
    value, slope = emitted(parse("x^0.6667"), values)[:2]
    assert 0.0 <= value < 1e-190
    assert slope == 0.0
