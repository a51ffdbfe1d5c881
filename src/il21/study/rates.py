"""Binomial rates: chances of counts, limits of a difference by the score statistic.

The statistic of a difference d is (p1 - p2 - d) over its standard error at the rates that are most
likely under d, found in closed form (Miettinen and Nurminen 1985, Stat Med 4:213, appendix).
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtrc, betaincinv, gammaln, ndtri

Floats = NDArray[np.float64]

_SCAN = 65  # differences tried from the outside before bisection
_NUISANCE = 65  # nuisance rates tried for the worst, then as many again about it
_SET_ASIDE = 1e-6  # Berger and Boos: chance that the nuisance rate lies where it is not sought
_TIE = 1e-9  # statistics closer than this are equal
_CLOSE = 1e-9  # width at which bisection ends


def binomial_chances(patients: int, rate: float) -> Floats:
    """Return the probability (n + 1,) of each count of events.

    >>> binomial_chances(2, 0.5).round(9).tolist()
    [0.25, 0.5, 0.25]
    """
    return _chances(_ways(patients), np.array([rate]))[0]


def exceed(least: ArrayLike, patients: int, rate: float) -> Floats:
    """Return the probability of more than ``least`` events; 1 below zero, 0 from all on.

    >>> exceed([-1, 0, 2], 2, 0.5).tolist()
    [1.0, 0.75, 0.0]
    """
    count = np.asarray(least)
    inside = np.clip(count, 0, max(patients - 1, 0))
    if patients == 0:
        return np.asarray(count < 0, np.float64)
    tail = np.asarray(bdtrc(inside, patients, rate), np.float64)
    return np.where(count < 0, 1.0, np.where(count >= patients, 0.0, tail))


def likeliest_rates(
    first: ArrayLike, n1: int, second: ArrayLike, n2: int, difference: float
) -> tuple[Floats, Floats]:
    """Return the two rates of greatest likelihood whose difference is given, shaped as the counts.

    >>> one, two = likeliest_rates(5, 10, 5, 10, 0.0)
    >>> round(float(one), 9), round(float(two), 9)
    (0.5, 0.5)
    """
    x1, x2 = np.asarray(first, np.float64), np.asarray(second, np.float64)
    n, d = n1 + n2, difference
    l2 = (n1 + 2 * n2) * d - n - (x1 + x2)
    l1 = (n2 * d - n - 2 * x2) * d + x1 + x2
    l0 = x2 * d * (1 - d)
    q = l2**3 / (27 * n**3) - l1 * l2 / (6 * n**2) + l0 / (2 * n)
    p = np.sqrt(np.maximum(l2**2 / (9 * n**2) - l1 / (3 * n), 0.0)) * np.where(q >= 0, 1.0, -1.0)
    safe = np.where(p == 0, 1.0, p)
    angle = (np.pi + np.arccos(np.clip(q / safe**3, -1, 1))) / 3
    lower, upper = max(0.0, -d), min(1.0, 1 - d)
    rate = np.clip(2 * p * np.cos(angle) - l2 / (3 * n), lower, upper)
    return np.clip(rate + d, 0.0, 1.0), np.asarray(rate, np.float64)


def score(first: ArrayLike, n1: int, second: ArrayLike, n2: int, difference: float) -> Floats:
    """Return the score statistic without the factor N/(N-1); infinite where the error is 0."""
    one, two = likeliest_rates(first, n1, second, n2, difference)
    above = np.asarray(first) / n1 - np.asarray(second) / n2 - difference
    above = np.where(np.abs(above) < 1e-12, 0.0, above)
    error = np.sqrt(one * (1 - one) / n1 + two * (1 - two) / n2)
    flat = error < 1e-9
    with np.errstate(divide="ignore"):
        ratio = above / np.where(flat, 1.0, error)
    return np.where(flat, np.where(above == 0, 0.0, np.copysign(np.inf, above)), ratio)


@lru_cache(maxsize=1024)
def score_limit(first: tuple[int, int], second: tuple[int, int], tail: float) -> float:
    """Return the lower limit of first less second by Miettinen and Nurminen, one-sided ``tail``."""
    (x1, n1), (x2, n2) = first, second
    aim = float(ndtri(1 - tail)) * np.sqrt((n1 + n2) / (n1 + n2 - 1))

    def beyond(d: float) -> bool:
        return float(score(x1, n1, x2, n2, d)) >= aim

    return _bisect(beyond, -1.0, x1 / n1 - x2 / n2)


@lru_cache(maxsize=1024)
def exact_limit(first: tuple[int, int], second: tuple[int, int], tail: float) -> float:
    """Return the lower limit of first less second by Chan and Zhang, one-sided ``tail``.

    The least difference, seen from -1 upwards in steps of 1/64 of the way to the estimate and then
    by bisection, that the exact one-sided test does not reject.  The worst nuisance rate is sought
    where both rates lie in exact intervals of level 1 - 5e-7; 1e-6 is added to the p for that
    (Berger and Boos 1994, J Am Stat Assoc 89:1012).  Without it, groups of unequal size are judged
    by rates that the data exclude.
    """
    (x1, n1), (x2, n2) = first, second
    estimate = x1 / n1 - x2 / n2
    i, j = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    ways1, ways2 = _ways(n1), _ways(n2)
    sought = _range(x1, n1), _range(x2, n2)

    def rejected(d: float) -> bool:
        low, high = max(sought[1][0], sought[0][0] - d), min(sought[1][1], sought[0][1] - d)
        if low > high:
            return tail >= _SET_ASIDE
        statistic = score(i, n1, j, n2, d)
        beyond = (statistic >= statistic[x1, x2] - _TIE).astype(np.float64)
        return _worst(beyond, ways1, ways2, d, (low, high)) + _SET_ASIDE <= tail

    grid = np.linspace(-1.0, estimate, _SCAN)
    for low, high in pairwise(grid.tolist()):
        if not rejected(high):
            return _bisect(rejected, low, high)
    return estimate


def _ways(patients: int) -> Floats:
    k = np.arange(patients + 1)
    return np.asarray(
        gammaln(patients + 1) - gammaln(k + 1) - gammaln(patients - k + 1), np.float64
    )


def _range(events: int, patients: int) -> tuple[float, float]:
    """Clopper-Pearson limits within which a rate is sought."""
    each = _SET_ASIDE / 4
    low = 0.0 if events == 0 else float(betaincinv(events, patients - events + 1, each))
    high = 1.0 if events == patients else float(betaincinv(events + 1, patients - events, 1 - each))
    return low, high


def _worst(
    beyond: Floats, ways1: Floats, ways2: Floats, difference: float, within: tuple[float, float]
) -> float:
    """Return the greatest probability of the tables ``beyond`` over the nuisance rate."""
    rates = np.linspace(*within, _NUISANCE)
    chances = _tail(beyond, ways1, ways2, rates, difference)
    top = int(np.argmax(chances))
    near = np.linspace(rates[max(top - 1, 0)], rates[min(top + 1, _NUISANCE - 1)], _NUISANCE)
    return float(max(chances[top], _tail(beyond, ways1, ways2, near, difference).max()))


def _tail(beyond: Floats, ways1: Floats, ways2: Floats, rates: Floats, difference: float) -> Floats:
    one = _chances(ways1, np.clip(rates + difference, 0.0, 1.0))
    return np.asarray(((one @ beyond) * _chances(ways2, rates)).sum(axis=1), np.float64)


def _chances(ways: Floats, rates: Floats) -> Floats:
    """Binomial probabilities (rates, n + 1)."""
    n = len(ways) - 1
    k = np.arange(n + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        yes = np.where(k > 0, k * np.log(rates)[:, None], 0.0)
        no = np.where(k < n, (n - k) * np.log1p(-rates)[:, None], 0.0)
    return np.asarray(np.exp(ways + yes + no), np.float64)


def _bisect(outside: Callable[[float], bool], low: float, high: float) -> float:
    """Return where ``outside`` turns false, between ``low`` (outside, or the end) and ``high``."""
    if not outside(low):
        return low
    while high - low > _CLOSE:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if outside(middle) else (low, middle)
    return low
