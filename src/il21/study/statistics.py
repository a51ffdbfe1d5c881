"""Statistics of small trials: exact intervals, differences of rates, who is better, how sure.

Every interval is an `Interval`; the words of a comparison follow from it by one rule, `words_of`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, betainc, betaincinv, betaln, gammaln, polygamma, psi

from il21.errors import InputError
from il21.study.rates import binomial_chances, exact_limit, score_limit

Floats = NDArray[np.float64]
Item = TypeVar("Item")
Figure = TypeVar("Figure")

DIFFERENCES: tuple[str, ...] = ("exact", "Miettinen-Nurminen")
BETTER, WORSE, SAME = "better", "worse", "not distinguishable"
_TIE = 1e-7  # relative, between probabilities of tables, as R's fisher.test has it


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence limits; ``method`` names how the limits were made."""

    estimate: float
    low: float
    high: float
    level: float
    method: str

    def __str__(self) -> str:
        """Estimate and limits, e.g. ``0.1 (95 % 0.02 to 0.3)``."""
        return f"{self.estimate:.3g} ({100 * self.level:g} % {self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True, kw_only=True)
class Better:
    """Probability that one is better than another; ``error`` is a Monte-Carlo SD, 0 if exact."""

    probability: float
    error: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many reported counts lay inside their predicted intervals.

    ``share`` is k/m with its Clopper-Pearson limits; ``low`` and ``high`` are the counts between
    which k lies with probability 0.95 or more if the intervals cover at their ``nominal`` rate and
    rows are independent (rows of one trial are not: the band is then too narrow).
    """

    inside: int
    rows: int
    nominal: float
    share: Interval
    low: int
    high: int

    @property
    def verdict(self) -> str:
        """``as nominal`` within the band, ``too narrow`` below it, ``too wide`` above it."""
        if self.inside < self.low:
            return "too narrow"
        return "too wide" if self.inside > self.high else "as nominal"


def check_share(value: float, what: str) -> float:
    """Return a number that must lie between 0 and 1, ends excluded, e.g. a level or an alpha.

    >>> check_share(0.05, "alpha")
    0.05
    """
    if not 0 < value < 1:
        raise InputError(f"{what} = {value:g}: expected a number between 0 and 1, e.g. 0.05")
    return float(value)


def check_rate(value: float, what: str) -> float:
    """Return a rate, from 0 to 1 with the ends.

    >>> check_rate(1, "p")
    1.0
    """
    if not 0 <= value <= 1:
        raise InputError(f"{what} = {value:g}: expected a rate from 0 to 1")
    return float(value)


def _check_count(events: int, patients: int, what: str = "") -> None:
    where = f"{what}: " if what else ""
    if patients < 1:
        raise InputError(f"{where}no patients: expected at least one, got {patients}")
    if events != int(events) or patients != int(patients) or not 0 <= events <= patients:
        raise InputError(f"{where}{events:g} of {patients:g}: expected a count from 0 to all")


def clopper_pearson(events: int, patients: int, level: float = 0.95) -> Interval:
    """Return the exact interval of a rate (Clopper and Pearson 1934, Biometrika 26:404).

    Raises
    ------
    InputError
        If there are no patients, the count is impossible or the level is not within 0 to 1.

    Examples
    --------
    >>> print(clopper_pearson(0, 87))
    0 (95 % 0 to 0.0415)
    """
    _check_count(events, patients)
    tail = (1 - check_share(level, "level")) / 2
    none, every = events == 0, events == patients
    low = 0.0 if none else float(betaincinv(events, patients - events + 1, tail))
    high = 1.0 if every else float(betaincinv(events + 1, patients - events, 1 - tail))
    return Interval(
        estimate=events / patients, low=low, high=high, level=level, method="Clopper-Pearson"
    )


def difference_of_rates(
    first: tuple[int, int],
    second: tuple[int, int],
    *,
    level: float = 0.95,
    method: str = "exact",
) -> Interval:
    """Return the interval of the first rate less the second, each given as (events, patients).

    ``exact`` is the exact unconditional interval of Chan and Zhang (1999, Biometrics 55:1202): two
    one-sided tests by the score statistic, each tail taken at the worst nuisance rate (sought as
    Berger and Boos 1994 do); it covers at least at the level.  ``Miettinen-Nurminen`` (1985, Stat
    Med 4:213) is the asymptotic score interval, with their factor N/(N-1).

    Raises
    ------
    InputError
        If a group has no patients, a count or the level is impossible, the method is unknown.

    Examples
    --------
    >>> print(difference_of_rates((9, 10), (3, 10)))
    0.6 (95 % 0.161 to 0.879)
    """
    _check_count(*first, "first group")
    _check_count(*second, "second group")
    if method not in DIFFERENCES:
        raise InputError(f"method '{method}': expected one of {', '.join(DIFFERENCES)}")
    tail = (1 - check_share(level, "level")) / 2
    limit = exact_limit if method == "exact" else score_limit
    return Interval(
        estimate=first[0] / first[1] - second[0] / second[1],
        low=limit(first, second, tail), high=-limit(second, first, tail), level=level,
        method="exact unconditional (Chan-Zhang)" if method == "exact" else method,
    )  # fmt: skip


def probability_better(
    first: tuple[int, int], second: tuple[int, int], *, prior: tuple[float, float] = (1.0, 1.0)
) -> Better:
    """Return P(first rate > second) under independent Beta posteriors, each with the same prior.

    Each group is (events, patients); patients may be 0, then the prior speaks.  The integral over
    the logit of the first rate is taken by the trapezoid rule, good to about 1e-12.

    Raises
    ------
    InputError
        If a count is impossible or a number of the prior is not above 0.

    Examples
    --------
    >>> round(probability_better((9, 10), (3, 10)).probability, 4)
    0.9962
    """
    if min(prior) <= 0:
        raise InputError(f"prior Beta({prior[0]:g}, {prior[1]:g}): expected numbers above 0")
    for events, patients in (first, second):
        if not 0 <= events <= patients:
            raise InputError(f"{events:g} of {patients:g}: expected a count from 0 to all")
    a, b = first[0] + prior[0], first[1] - first[0] + prior[1]
    a2, b2 = second[0] + prior[0], second[1] - second[0] + prior[1]
    spread = float(np.sqrt(polygamma(1, a) + polygamma(1, b)))
    logit = float(psi(a) - psi(b)) + spread * np.linspace(-40, 40, 8001)
    density = np.exp(-a * np.logaddexp(0, -logit) - b * np.logaddexp(0, logit) - betaln(a, b))
    density /= density.sum()
    below = betainc(a2, b2, 1 / (1 + np.exp(-np.clip(logit, -700, 700))))
    return Better(probability=float(density @ below))


def share_better(first: ArrayLike, second: ArrayLike) -> Better:
    """Return P(first > second) over paired draws (R,), ties counted half, with Monte-Carlo SD.

    >>> share_better([1, 2, 3, 4], [0, 2, 4, 1]).probability
    0.625
    """
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.ndim != 1 or one.shape != two.shape or one.size < 2:
        raise InputError(f"draws of shapes {one.shape} and {two.shape}: expected two or more pairs")
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        raise InputError("draws: hold NaN or infinity; leave out replicates that failed")
    won = 0.5 + 0.5 * np.sign(one - two)
    return Better(probability=float(won.mean()), error=float(won.std(ddof=1) / np.sqrt(won.size)))


def words_of(interval: Interval, *, null: float = 0.0, higher_is_better: bool = True) -> str:
    """Return the words of a comparison: ``better``, ``worse`` or ``not distinguishable``.

    The one rule: if the whole interval lies on one side of ``null`` (0 for a difference, 1 for a
    ratio), the first is better or worse, by which side is the good one; if the interval holds
    ``null``, its ends included, or has no finite limit on the needed side, the two are not
    distinguishable.  Not distinguishable is never "equal".

    >>> words_of(difference_of_rates((9, 10), (3, 10)))
    'better'
    """
    if interval.low > null:
        return BETTER if higher_is_better else WORSE
    if interval.high < null:
        return WORSE if higher_is_better else BETTER
    return SAME


def leave_one_out(
    trials: Mapping[str, Item], figure: Callable[[Mapping[str, Item]], Figure]
) -> dict[str, Figure]:
    """Return ``figure`` of all trials but one, by the name of the one left out.

    Raises
    ------
    InputError
        If there are fewer than two trials.

    Examples
    --------
    >>> leave_one_out({"a": 1, "b": 2, "c": 4}, lambda rest: sum(rest.values()))
    {'a': 6, 'b': 5, 'c': 3}
    """
    if len(trials) < 2:
        raise InputError(f"leave one out: expected two trials or more, got {len(trials)}")
    return {
        left: figure({name: trial for name, trial in trials.items() if name != left})
        for left in trials
    }


def coverage(inside: Iterable[Any], *, nominal: float = 0.9) -> Coverage:
    """Return how many rows lie inside their intervals, with exact limits and band.

    ``inside`` holds true or false for each row, or records with a property ``inside`` as
    `il21.study.compare.Row` has.  ``nominal`` is the level of those intervals.

    Raises
    ------
    InputError
        If there are no rows or ``nominal`` is not within 0 to 1.

    Examples
    --------
    >>> found = coverage([True] * 5 + [False])
    >>> found.inside, found.low, found.high, found.verdict
    (5, 4, 6, 'as nominal')
    """
    hits = [bool(getattr(row, "inside", row)) for row in inside]
    if not hits:
        raise InputError("coverage: no rows; expected at least one")
    rows, rate = len(hits), check_share(nominal, "nominal")
    counts = np.arange(rows + 1)
    low = int(np.argmax(bdtr(counts, rows, rate) > 0.025))
    high = int(np.argmax(bdtr(counts, rows, rate) >= 0.975))
    return Coverage(
        inside=sum(hits), rows=rows, nominal=rate, share=clopper_pearson(sum(hits), rows),
        low=low, high=high,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _fisher_table(first: int, second: int, two_sided: bool) -> Floats:
    """P-values of Fisher's exact test (first + 1, second + 1); one-sided: the first is higher."""
    i, j = np.arange(first + 1)[:, None], np.arange(second + 1)[None, :]
    total = first + second

    def ways(n: int, k: NDArray[np.int64]) -> Floats:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), np.float64)

    chance = np.exp(ways(first, i) + ways(second, j) - ways(total, i + j))
    table = np.empty_like(chance)
    for events in range(total + 1):
        rows = np.arange(max(0, events - second), min(first, events) + 1)
        here = chance[rows, events - rows]
        if two_sided:
            smaller = here[None, :] <= here[:, None] * (1 + _TIE)
            table[rows, events - rows] = np.minimum(1.0, (smaller * here).sum(axis=1))
        else:
            table[rows, events - rows] = np.minimum(1.0, np.cumsum(here[::-1])[::-1])
    table.flags.writeable = False
    return table


def fisher_rejects(
    first: int, second: int, alpha: float, two_sided: bool = True
) -> NDArray[np.bool_]:
    """Return which tables (first + 1, second + 1) of events have p <= alpha by Fisher's test.

    >>> int(fisher_rejects(3, 3, 0.05, two_sided=False).sum())
    1
    """
    return _fisher_table(first, second, two_sided) <= check_share(alpha, "alpha") * (1 + 1e-12)


def fisher_p(first: tuple[int, int], second: tuple[int, int], *, two_sided: bool = True) -> float:
    """Return the p of Fisher's exact test; one-sided it asks whether the first rate is higher.

    >>> round(fisher_p((9, 10), (3, 10)), 4)
    0.0198
    """
    _check_count(*first, "first group")
    _check_count(*second, "second group")
    return float(_fisher_table(first[1], second[1], two_sided)[first[0], second[0]])


def fisher_power(
    patients: tuple[int, int],
    rates: tuple[float, float],
    *,
    alpha: float = 0.05,
    two_sided: bool = True,
) -> float:
    """Return the exact power of Fisher's test: the chance of p <= alpha, over every table.

    Raises
    ------
    InputError
        If a group has no patients, a rate is not within 0 to 1 or alpha is impossible.

    Examples
    --------
    >>> round(fisher_power((29, 270), (0.30, 0.16)), 2)
    0.42
    """
    for number, what in zip(patients, ("first group", "second group"), strict=True):
        _check_count(0, number, what)
    chances = [
        binomial_chances(number, check_rate(rate, "rate"))
        for number, rate in zip(patients, rates, strict=True)
    ]
    return float(chances[0] @ fisher_rejects(*patients, alpha, two_sided) @ chances[1])
