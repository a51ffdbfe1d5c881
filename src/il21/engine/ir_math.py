"""Exponential, logarithm, power and hyperbolic tangent of vectors, in IR: no library is called.

Reductions after fdlibm (Sun Microsystems 1993; Ng's ``e_log.c``): log by s = f / (2 + f) with a minimax
polynomial, exp by Cody-Waite reduction and the Taylor series to r^13.  Power carries the logarithm in
two doubles.  Errors: exp and log within 1 ulp, tanh within 4, pow within 2 (tests compare with mpmath).
"""

from math import factorial

from il21.engine.ir import Function

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG2_E = 1.4426950408889634
_SHIFT = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer held in the low bits
_SHIFT_BITS = 0x4338000000000000
_LOG_SERIES = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
    2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
    1.479819860511658591e-01,
)  # fmt: skip
_ROOT_HALF = 0x3FE6A09E00000000  # high bits of sqrt(1/2)
_TINY = 2.2250738585072014e-308


def math_functions(width: int) -> str:
    """Return the IR of vector exp, log, pow and tanh for a width."""
    return "\n\n".join(
        (_exp2parts(width), _exp(width), _log2parts(width), _log(width), _pow(width), _tanh(width))
    )


def _reduce(f: Function, x: str) -> tuple[str, str]:
    """Return r with |r| <= ln2 / 2 and the bits of k + shift, where x = k ln2 + r."""
    shifted = f.fma(x, f.splat(_LOG2_E), f.splat(_SHIFT))
    k = f.sub(shifted, f.splat(_SHIFT))
    r = f.fma(k, f.splat(-_LN2_HIGH), x)
    r = f.fma(k, f.splat(-_LN2_LOW), r)
    return r, f.do(f"bitcast {f.V} {shifted} to {f.I}")


def _series(f: Function, r: str) -> str:
    """Return (exp(r) - 1 - r) / r^2 by its Taylor series, in pairs."""
    terms = [1.0 / factorial(k) for k in range(2, 14)]
    square = f.mul(r, r)
    pairs = [f.fma(r, f.splat(b), f.splat(a)) for a, b in zip(terms[::2], terms[1::2], strict=True)]
    total = pairs[-1]
    for pair in reversed(pairs[:-1]):
        total = f.fma(total, square, pair)
    return total


def _power_of_two(f: Function, bits: str) -> str:
    """Return 2^k for integer vectors k between -1022 and 1023."""
    raised = f.do(f"add {f.I} {bits}, {f.splat_int(1023)}")
    placed = f.do(f"shl {f.I} {raised}, {f.splat_int(52)}")
    return f.do(f"bitcast {f.I} {placed} to {f.V}")


def _exp2parts(width: int) -> str:
    """exp(x + low) for a small correction low: overflow to inf, underflow to 0, NaN to NaN."""
    f = Function("vexp2", [("v", "x"), ("v", "low")], width, f"<{width} x double>")
    x = f.floor(f.ceiling("%x", 800.0), -800.0)
    r, bits = _reduce(f, x)
    r = f.add(r, "%low")
    p = f.fma(f.mul(r, r), _series(f, r), r)
    p = f.add(p, f.splat(1.0))
    k = f.do(f"sub {f.I} {bits}, {f.splat_int(_SHIFT_BITS)}")
    half = f.do(f"ashr {f.I} {k}, {f.splat_int(1)}")
    rest = f.do(f"sub {f.I} {k}, {half}")
    p = f.mul(f.mul(p, _power_of_two(f, half)), _power_of_two(f, rest))
    f.say(f"ret {f.V} {p}")
    return f.text()


def _exp(width: int) -> str:
    f = Function("vexp", [("v", "x")], width, f"<{width} x double>", "alwaysinline")
    f.say(f"ret {f.V} {f.call('vexp2', ('v', '%x'), ('v', 'zeroinitializer'))}")
    return f.text()


def _log2parts(width: int) -> str:
    """log(x) as a high part; the low part goes to memory.  0 to -inf, negative to NaN, inf to inf."""
    f = Function("vlog2", [("v", "x"), ("p", "low")], width, f"<{width} x double>")
    small = f.compare("olt", "%x", f.splat(_TINY))
    x = f.pick(small, f.mul("%x", f.splat(2.0**54)), "%x")
    shift = f.pick(small, f.splat(-54.0), f.splat(0.0))
    bits = f.do(f"bitcast {f.V} {x} to {f.I}")
    offset = f.do(f"sub {f.I} {bits}, {f.splat_int(_ROOT_HALF)}")
    raised = f.do(f"add {f.I} {offset}, {f.splat_int(1 << 62)}")
    k = f.do(f"lshr {f.I} {raised}, {f.splat_int(52)}")
    placed = f.do(f"add {f.I} {k}, {f.splat_int(_SHIFT_BITS - 1024)}")
    kd = f.sub(f.do(f"bitcast {f.I} {placed} to {f.V}"), f.splat(_SHIFT))
    kd = f.add(kd, shift)
    top = f.do(f"and {f.I} {offset}, {f.splat_int(-(1 << 52))}")
    z = f.do(f"bitcast {f.I} {f.do(f'sub {f.I} {bits}, {top}')} to {f.V}")
    high, low = _log_near_one(f, f.sub(z, f.splat(1.0)), kd)
    for mask, value in (
        (f.compare("oeq", "%x", f.splat(0.0)), float("-inf")),
        (f.compare("oeq", "%x", f.splat(float("inf"))), float("inf")),
        (f.compare("ult", "%x", f.splat(0.0)), float("nan")),
    ):
        high = f.pick(mask, f.splat(value), high)
        low = f.pick(mask, f.splat(0.0), low)
    f.store(low, "%low")
    f.say(f"ret {f.V} {high}")
    return f.text()


def _log_near_one(f: Function, g: str, k: str) -> tuple[str, str]:
    """k ln2 + log(1 + g) in two doubles, for sqrt(1/2) - 1 <= g < sqrt(2) - 1."""
    s = f.div(g, f.add(g, f.splat(2.0)))
    w = f.mul(s, s)
    series = f.splat(_LOG_SERIES[-1])
    for c in reversed(_LOG_SERIES[:-1]):
        series = f.fma(series, w, f.splat(c))
    series = f.mul(series, w)
    half = f.mul(g, f.splat(0.5))
    square = f.mul(half, g)
    square_low = f.fma(half, g, f.neg(square))
    tail = f.fma(s, f.add(square, series), f.fma(k, f.splat(_LN2_LOW), f.neg(square_low)))
    first, first_low = _two_sum(f, g, f.neg(square))
    base = f.mul(k, f.splat(_LN2_HIGH))
    high, high_low = _two_sum(f, base, first)
    rest = f.add(f.add(high_low, first_low), tail)
    return _two_sum(f, high, rest)


def _two_sum(f: Function, a: str, b: str) -> tuple[str, str]:
    """a + b and its rounding error (Knuth)."""
    total = f.add(a, b)
    c = f.sub(total, a)
    left = f.sub(a, f.sub(total, c))
    return total, f.add(left, f.sub(b, c))


def _log(width: int) -> str:
    f = Function("vlog", [("v", "x")], width, f"<{width} x double>", "alwaysinline")
    low = f.do(f"alloca {f.V}, align {8 * width}")
    f.say(f"ret {f.V} {f.call('vlog2', ('v', '%x'), ('p', low))}")
    return f.text()


def _pow(width: int) -> str:
    """x^n for x >= 0 (NaN below), as exp(n log x) with the logarithm in two doubles."""
    f = Function("vpow", [("v", "x"), ("v", "n")], width, f"<{width} x double>")
    place = f.do(f"alloca {f.V}, align {8 * width}")
    high = f.call("vlog2", ("v", "%x"), ("p", place))
    low = f.load(place)
    product = f.mul("%n", high)
    error = f.fma("%n", high, f.neg(product))
    error = f.fma("%n", low, error)
    finite = f.compare("olt", f.one("fabs", product), f.splat(1e300))
    error = f.pick(finite, error, f.splat(0.0))
    value = f.call("vexp2", ("v", product), ("v", error))
    always = f.compare("oeq", "%n", f.splat(0.0))  # x^0 is 1, also at x = 0
    value = f.pick(always, f.splat(1.0), value)
    f.say(f"ret {f.V} {value}")
    return f.text()


def _tanh(width: int) -> str:
    """(e - 1) / (e + 1) of e = exp(2 x), with e - 1 kept accurate near 0."""
    f = Function("vtanh", [("v", "x")], width, f"<{width} x double>")
    x = f.floor(f.ceiling("%x", 30.0), -30.0)
    r, bits = _reduce(f, f.add(x, x))
    p = f.fma(f.mul(r, r), _series(f, r), r)
    k = f.do(f"sub {f.I} {bits}, {f.splat_int(_SHIFT_BITS)}")
    scale = _power_of_two(f, k)
    less = f.fma(scale, p, f.sub(scale, f.splat(1.0)))
    f.say(f"ret {f.V} {f.div(less, f.add(less, f.splat(2.0)))}")
    return f.text()
