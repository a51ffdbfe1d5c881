"""Kaplan-Meier curves with their limits, median, numbers at risk; the log-rank test.

Kaplan and Meier 1958, J Am Stat Assoc 53:457; Greenwood's variance; limits by log(-log S)
(Kalbfleisch and Prentice 1980); median limits of Brookmeyer and Crowley 1982, Biometrics 38:29;
Mantel 1966 for the log-rank test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from il21.errors import InputError
from il21.study.statistics import Interval, check_share

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

_SAME = 1e-12  # survival this close to a level has reached it


@dataclass(frozen=True, kw_only=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve at its k distinct times, in the unit of the times given.

    ``at_risk`` counts those still followed just before each time, ``events`` and ``censored`` what
    happened at it; ``survival`` holds from that time on, ``variance`` is Greenwood's sum, that of
    log S; ``low`` and ``high`` are pointwise limits (1 before the first event, NaN where S is 0:
    log(-log S) has no limits there).
    """

    times: Floats
    at_risk: Whole
    events: Whole
    censored: Whole
    survival: Floats
    variance: Floats
    low: Floats
    high: Floats
    level: float

    @property
    def patients(self) -> int:
        """How many the curve is of."""
        return int(self.at_risk[0])

    def at(self, times: ArrayLike) -> Floats:
        """Return survival at any times (t,): 1 before the first, the last value after the last."""
        return _step(self.times, self.survival, times)

    def limits_at(self, times: ArrayLike) -> tuple[Floats, Floats]:
        """Return the pointwise limits at any times (t,)."""
        return _step(self.times, self.low, times), _step(self.times, self.high, times)

    def numbers_at_risk(self, times: ArrayLike) -> Whole:
        """Return how many are still followed just before each of any times (t,)."""
        left = np.append(self.at_risk, 0)
        return left[np.searchsorted(self.times, np.asarray(times, np.float64), side="left")]

    def quantile(self, share: float = 0.5) -> Interval:
        """Return the time by which ``share`` have had the event, infinity where it is not reached.

        It is the first time at which survival is 1 - share or less (where the curve lies exactly
        there for a while, some programs take the middle of that while).  The limits are where the
        pointwise limits cross the same height.
        """
        height = 1 - check_share(share, "share")
        return Interval(
            estimate=self._first(self.survival, height), low=self._first(self.low, height),
            high=self._first(self.high, height), level=self.level, method="Brookmeyer-Crowley",
        )  # fmt: skip

    @property
    def median(self) -> Interval:
        """Median time with its limits; infinite where the curve does not come down to a half."""
        return self.quantile(0.5)

    def _first(self, curve: Floats, height: float) -> float:
        low = np.flatnonzero(curve <= height + _SAME)
        return float(self.times[low[0]]) if len(low) else float("inf")


@dataclass(frozen=True, kw_only=True)
class LogRank:
    """A log-rank test: ``chi2`` with ``freedom`` degrees, events observed and expected by group.

    ``z`` is the signed root for two groups, positive if the first had more events than expected;
    NaN for more groups.
    """

    chi2: float
    freedom: int
    p: float
    z: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]


def check_times(time: ArrayLike, event: ArrayLike) -> tuple[Floats, Flags]:
    """Return times (n,) and events (n,) that can be used, or say in one line why not.

    >>> check_times([1, 2], [True, False])[0].tolist()
    [1.0, 2.0]
    """
    times, events = np.asarray(time, np.float64), np.asarray(event)
    if times.ndim != 1 or times.size == 0:
        raise InputError("no patients: expected a time for each of at least one patient")
    if events.shape != times.shape:
        raise InputError(f"{times.size} times but events of shape {events.shape}")
    if events.dtype != np.bool_:
        if events.dtype.kind not in "iu" or not np.isin(events, (0, 1)).all():
            raise InputError("event: expected true (event) or false (censored) for each patient")
        events = events.astype(np.bool_)
    wrong = ~np.isfinite(times) | (times < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"patient in row {row}: time {times[row]:g}; expected a finite time from 0 on, counted "
            "from entry"
        )
    return times, events


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> SurvivalCurve:
    """Return the Kaplan-Meier curve of times (n,) and whether an event ended them (n,).

    Events at a time come before censorings at it.

    Raises
    ------
    InputError
        If there are no patients, a time is negative, or shapes differ.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 2, 4], [True, True, False, True])
    >>> curve.survival.tolist(), curve.median.estimate
    ([0.75, 0.5, 0.0], 2.0)
    """
    times, events = check_times(time, event)
    check_share(level, "level")
    distinct, place = np.unique(times, return_inverse=True)
    died = np.bincount(place, events, len(distinct)).astype(np.int64)
    here = np.bincount(place, minlength=len(distinct)).astype(np.int64)
    at_risk = np.cumsum(here[::-1])[::-1]
    survival = np.asarray(np.cumprod(1 - died / at_risk), np.float64)
    left = at_risk - died
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(np.where(died > 0, died / (at_risk * left), 0.0))
        log = np.log(survival)
        width = float(ndtri(0.5 + level / 2)) * np.sqrt(variance) / -log
        low, high = survival ** np.exp(width), survival ** np.exp(-width)
    whole, none = survival == 1, survival == 0
    low, high = (np.where(whole, 1.0, np.where(none, np.nan, x)) for x in (low, high))
    return SurvivalCurve(
        times=distinct, at_risk=at_risk, events=died, censored=here - died, survival=survival,
        variance=variance, low=low, high=high, level=level,
    )  # fmt: skip


def median_follow_up(time: ArrayLike, event: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the median time followed: the Kaplan-Meier median with censoring as the event.

    Schemper and Smith 1996, Control Clin Trials 17:343 (reverse Kaplan-Meier).

    >>> median_follow_up([2, 5, 6, 9], [True, False, False, False]).estimate
    6.0
    """
    times, events = check_times(time, event)
    return kaplan_meier(times, ~events, level=level).median


def log_rank(groups: Sequence[tuple[ArrayLike, ArrayLike]]) -> LogRank:
    """Return the log-rank test of two groups or more, each (times, events).

    Raises
    ------
    InputError
        If there are fewer than two groups, a group has no patients, or there are no events.

    Examples
    --------
    >>> found = log_rank([([1, 2, 3], [1, 1, 1]), ([4, 5, 6], [1, 1, 0])])
    >>> round(found.chi2, 3), round(found.p, 3), found.observed
    (5.052, 0.025, (3, 2))
    """
    if len(groups) < 2:
        raise InputError(f"log-rank: expected two groups or more, got {len(groups)}")
    checked = [check_times(*group) for group in groups]
    if not any(events.any() for _, events in checked):
        raise InputError("log-rank: there are no events; nothing can be compared")
    moments = np.unique(np.concatenate([times[events] for times, events in checked]))
    risk = np.array([_left(times, moments) for times, _ in checked], np.float64)
    died = np.array([_deaths(times[events], moments) for times, events in checked], np.float64)
    total, deaths = risk.sum(axis=0), died.sum(axis=0)
    expected = (risk * deaths / total).sum(axis=1)
    share = risk / total
    spread = deaths * (total - deaths) / np.maximum(total - 1, 1)
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    excess = died.sum(axis=1) - expected
    values = np.linalg.pinv(covariance[:-1, :-1], hermitian=True)
    chi2 = float(excess[:-1] @ values @ excess[:-1])
    freedom = len(groups) - 1
    return LogRank(
        chi2=chi2, freedom=freedom, p=float(chdtrc(freedom, chi2)),
        z=float(np.copysign(np.sqrt(chi2), excess[0])) if freedom == 1 else float("nan"),
        observed=tuple(int(n) for n in died.sum(axis=1)),
        expected=tuple(float(n) for n in expected),
    )  # fmt: skip


def _left(times: Floats, moments: Floats) -> Whole:
    return len(times) - np.searchsorted(np.sort(times), moments, side="left")


def _deaths(times: Floats, moments: Floats) -> Whole:
    return np.bincount(np.searchsorted(moments, times), minlength=len(moments))


def _step(times: Floats, values: Floats, wanted: ArrayLike) -> Floats:
    where = np.searchsorted(times, np.asarray(wanted, np.float64), side="right")
    return np.append(1.0, values)[where]
