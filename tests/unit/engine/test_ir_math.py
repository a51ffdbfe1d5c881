"""The engine's own exp, log, pow and tanh against mpmath, in every vector width."""

import ctypes

import mpmath
import numpy as np
import pytest

from il21.engine.compile import load, to_object
from il21.engine.ir import ATTRIBUTES, Function, head
from il21.engine.ir_math import math_functions

INF, NAN = float("inf"), float("nan")


def evaluator(name, arguments, width):
    """Return a function of arrays that applies a vector function lane by lane."""
    f = Function("apply", [("p", "a"), ("p", "b"), ("p", "out")], width, linkage="", inline="")
    args = [("v", f.load(f"%{arg}")) for arg in ("a", "b")[:arguments]]
    f.store(f.call(name, *args), "%out")
    text = "\n\n".join([head(width), math_functions(width), f.text(), ATTRIBUTES]) + "\n"
    engine = load(to_object(text)[0])
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)(engine.get_function_address("apply"))

    def run(*columns):
        columns = [np.asarray(c, float).ravel() for c in columns]
        result = np.empty_like(columns[0])
        block = np.zeros((3, 64))
        where = [row[(-row.ctypes.data % 128) // 8 :][:width] for row in block]
        for first in range(0, len(result), width):
            for row, column in zip(where, columns, strict=False):
                part = column[first : first + width]
                row[: len(part)] = part
            call(*(row.ctypes.data for row in where))
            count = min(width, len(result) - first)
            result[first : first + count] = where[2][:count]
        return result

    run.keep = engine
    return run


def ulps(found, exact):
    with mpmath.workprec(200):
        return max(
            float(abs(mpmath.mpf(float(f)) - e) / mpmath.mpf(float(np.spacing(abs(float(e))))))
            for f, e in zip(found, exact, strict=True)
        )


def sample(low, high, count=1500, seed=5):
    return np.random.default_rng(seed).uniform(low, high, count)


@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize(
    ("name", "points", "exact", "most"),
    [
        ("vexp", sample(-708, 709.7), mpmath.exp, 1.0),
        ("vexp", sample(-1, 1), mpmath.exp, 1.0),
        ("vlog", sample(0.5, 2.0), mpmath.log, 1.0),
        ("vlog", 10.0 ** sample(-307, 308), mpmath.log, 1.0),
        ("vlog", 1.0 + sample(-1, 1) * 1e-9, mpmath.log, 1.0),
        ("vtanh", sample(-22, 22), mpmath.tanh, 4.0),
        ("vtanh", sample(-1, 1) * 1e-3, mpmath.tanh, 4.0),
    ],
)
def test_one_argument(width, name, points, exact, most):
    found = evaluator(name, 1, width)(points)
    with mpmath.workprec(200):
        assert ulps(found, [exact(mpmath.mpf(float(x))) for x in points]) <= most


@pytest.mark.parametrize("width", [1, 4])
def test_power(width):
    x = 10.0 ** sample(-12, 12, seed=1)
    n = sample(-20, 20, seed=2)
    found = evaluator("vpow", 2, width)(x, n)
    with mpmath.workprec(200):
        exact = [mpmath.mpf(float(a)) ** mpmath.mpf(float(b)) for a, b in zip(x, n, strict=True)]
    assert ulps(found, exact) <= 2.0


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("vexp", [0.0, -INF, INF, 710.0, -746.0, NAN], [1.0, 0.0, INF, INF, 0.0, NAN]),
        ("vlog", [1.0, 0.0, -0.0, -1.0, INF, NAN, 5e-324], [0, -INF, -INF, NAN, INF, NAN, None]),
        ("vtanh", [0.0, INF, -INF, 400.0, NAN], [0.0, 1.0, -1.0, 1.0, NAN]),
    ],
)
def test_edges(name, arguments, expected):
    found = evaluator(name, 1, 4)(arguments)
    wanted = [np.log(5e-324) if value is None else value for value in expected]
    np.testing.assert_allclose(found, wanted, rtol=1e-15)


def test_edges_of_power():
    x = [0.0, 0.0, 0.0, 2.0, 2.0, 1.0, INF, -1.0, NAN]
    n = [0.0, 2.5, -1.5, 0.0, 5000.0, 1e300, 0.5, 0.5, 0.5]
    found = evaluator("vpow", 2, 4)(x, n)
    np.testing.assert_array_equal(found, [1.0, 0.0, INF, 1.0, INF, 1.0, INF, NAN, NAN])


def test_the_lanes_do_not_see_each_other():
    """One bad lane beside three good ones, and every width, give the same bits."""
    points = sample(0.1, 700, 64)
    alone = evaluator("vlog", 1, 1)(points)
    spoiled = points.copy()
    spoiled[::4] = NAN
    for width in (2, 4, 8):
        assert np.array_equal(evaluator("vlog", 1, width)(points), alone)
        beside = evaluator("vlog", 1, width)(spoiled)
        kept = ~np.isnan(spoiled)
        assert np.array_equal(beside[kept], alone[kept])
