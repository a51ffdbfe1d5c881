"""Cox's proportional hazards: hazard ratios for one covariate or several.

Cox 1972, J R Stat Soc B 34:187; ties by Efron 1977, J Am Stat Assoc 72:557, or by Breslow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr, ndtri

from il21.errors import InputError, UnknownNameError, suggest
from il21.study.statistics import Interval, check_share
from il21.study.survival.curves import check_times

Floats = NDArray[np.float64]

TIES: tuple[str, ...] = ("Efron", "Breslow")
_STEPS = 40
_DONE = 1e-11  # Newton step, in SDs of the covariates
_FLAT = 1e-7  # of the information at the start: below, the likelihood rises without end


@dataclass(frozen=True, kw_only=True, eq=False)
class CoxFit:
    """A fitted model: log hazard ratios (k,) per unit of each covariate, with their covariance.

    ``log_likelihood`` is partial, ``null_log_likelihood`` that without covariates; ``score_chi2``
    tests all covariates at 0 (with one group indicator and no ties, the log-rank chi2).
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    null_log_likelihood: float
    score_chi2: float
    patients: int
    events: int
    ties: str
    level: float

    def hazard_ratio(self, name: str) -> Interval:
        """Return the hazard ratio per unit of a covariate with its Wald limits."""
        place = self._place(name)
        middle = float(self.coefficients[place])
        width = float(ndtri(0.5 + self.level / 2)) * self.standard_error(name)
        low, ratio, high = (float(x) for x in np.exp([middle - width, middle, middle + width]))
        return Interval(estimate=ratio, low=low, high=high, level=self.level, method="Wald")

    def standard_error(self, name: str) -> float:
        """Return the standard error of a log hazard ratio."""
        place = self._place(name)
        return float(np.sqrt(self.covariance[place, place]))

    def p(self, name: str) -> float:
        """Return the two-sided Wald p of a covariate."""
        return float(
            2 * ndtr(-abs(self.coefficients[self._place(name)]) / self.standard_error(name))
        )

    @property
    def likelihood_ratio_p(self) -> float:
        """P of all covariates together, by likelihood ratio."""
        gain = 2 * (self.log_likelihood - self.null_log_likelihood)
        return float(chdtrc(len(self.names), max(gain, 0.0)))

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise UnknownNameError(f"Cox: no covariate '{name}'{suggest(name, self.names)}")
        return self.names.index(name)


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: Mapping[str, ArrayLike],
    *,
    ties: str = "Efron",
    level: float = 0.95,
) -> CoxFit:
    """Return the fit of hazard ratios to times (n,), events (n,) and covariates (n,) by name.

    Raises
    ------
    InputError
        If there are no patients or events, a covariate is constant, follows from the others, or
        separates those with events from the rest, so that no hazard ratio is finite.

    Examples
    --------
    >>> fit = cox([1, 3, 4, 6, 7], [1, 1, 1, 1, 0], {"treated": [0, 1, 0, 1, 1]})
    >>> print(fit.hazard_ratio("treated"))
    0.237 (95 % 0.021 to 2.67)
    """
    times, events = check_times(time, event)
    check_share(level, "level")
    if ties not in TIES:
        raise InputError(f"ties '{ties}': expected one of {', '.join(TIES)}")
    if not events.any():
        raise InputError("Cox: there are no events; nothing can be fitted")
    names, table = _covariates(covariates, len(times))
    centre, scale = table.mean(axis=0), table.std(axis=0)
    partial = _Partial(times, events, (table - centre) / scale, ties == "Efron")
    null, slope, information = partial.at(np.zeros(len(names)))
    place, best, last = _climb(partial, names)
    if np.linalg.cond(information) > 1e12:
        raise InputError(
            f"Cox: covariates {', '.join(names)} follow from each other; leave one out"
        )
    return CoxFit(
        names=names, coefficients=place / scale,
        covariance=np.linalg.inv(last) / np.outer(scale, scale), log_likelihood=best,
        null_log_likelihood=null, score_chi2=float(slope @ np.linalg.solve(information, slope)),
        patients=len(times), events=int(events.sum()), ties=ties, level=level,
    )  # fmt: skip


class _Partial:
    """The partial likelihood of sorted patients; sums run over those at risk at each event."""

    def __init__(self, times: Floats, events: NDArray[np.bool_], table: Floats, efron: bool):
        order = np.argsort(times, kind="stable")
        times, self._events, self._table = times[order], events[order], table[order]
        died = times[self._events]
        self._first = np.searchsorted(times, died, side="left")  # of those at risk
        moments, self._group, size = np.unique(died, return_inverse=True, return_counts=True)
        turn = np.arange(len(died)) - (np.cumsum(size) - size)[self._group]
        self._part = turn / size[self._group] if efron else np.zeros(len(died))
        self._moments = len(moments)

    def at(self, place: Floats) -> tuple[float, Floats, Floats]:
        """Log likelihood, its slope (k,) and minus its curvature (k, k)."""
        line = self._table @ place
        top = float(line.max())
        weight = np.exp(line - top)
        first = weight[:, None] * self._table
        second = first[:, :, None] * self._table[:, None, :]
        s0, s1, s2 = (self._sum(x) for x in (weight, first, second))
        mean, square = s1 / s0[:, None], s2 / s0[:, None, None]
        value = float((line[self._events] - top - np.log(s0)).sum())
        slope = self._table[self._events].sum(axis=0) - mean.sum(axis=0)
        return value, slope, square.sum(axis=0) - mean.T @ mean

    def _sum(self, each: Floats) -> Floats:
        """Sum over those at risk at each event, less the part of those who die with it."""
        risk = np.cumsum(each[::-1], axis=0)[::-1][self._first]
        died = np.zeros((self._moments, *each.shape[1:]))
        np.add.at(died, self._group, each[self._events])
        part = self._part.reshape(-1, *(1,) * (each.ndim - 1))
        return np.asarray(risk - part * died[self._group], np.float64)


def _climb(partial: _Partial, names: tuple[str, ...]) -> tuple[Floats, float, Floats]:
    """Return where the likelihood is greatest, by Newton's steps, halved while they go down."""
    place = np.zeros(len(names))
    value, slope, information = partial.at(place)
    least = _FLAT * np.diag(information)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(information, slope)
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all():
            break
        reached = partial.at(place + step)
        for _ in range(30):
            if reached[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
            reached = partial.at(place + step)
        place = place + step
        value, slope, information = reached
        if np.any(np.diag(information) < least):
            break
        if np.abs(step).max() < _DONE * max(1.0, float(np.abs(place).max())):
            return place, value, information
    far = names[int(np.argmax(np.abs(place)))]
    raise InputError(
        f"Cox: the likelihood has no highest point; {far} separates those with events from the "
        "rest or follows from the other covariates; leave it out or join its groups"
    )


def _covariates(given: Mapping[str, ArrayLike], patients: int) -> tuple[tuple[str, ...], Floats]:
    if not given:
        raise InputError("Cox: no covariates; give at least one, by name")
    columns: list[Floats] = []
    for name, values in given.items():
        column = np.asarray(values, np.float64)
        if column.shape != (patients,) or not np.isfinite(column).all():
            raise InputError(
                f"covariate {name} of shape {column.shape}: expected {patients} finite numbers"
            )
        if np.ptp(column) == 0:
            raise InputError(f"covariate {name} is {column[0]:g} for everybody; leave it out")
        columns.append(column)
    return tuple(given), np.stack(columns, axis=1)
