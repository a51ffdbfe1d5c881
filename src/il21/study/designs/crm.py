"""The continual reassessment method of dose escalation, with the one-parameter power model.

O'Quigley, Pepe and Fisher 1990, Biometrics 46:33; skeleton by Lee and Cheung 2009, Clin Trials
6:227.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from il21.errors import InputError
from il21.study.designs.escalation import (
    Cohort,
    Counts,
    Decision,
    check_ladder,
    counts_of,
    move,
    stop,
)
from il21.study.statistics import check_share

Floats = NDArray[np.float64]

_REACH, _POINTS = 9.0, 721  # the trapezoid rule on prior SDs; exact to rounding for a smooth tail


def lee_cheung_skeleton(
    levels: int, target: float, *, mtd: int, half_width: float = 0.05
) -> tuple[float, ...]:
    """Return prior guesses of the toxicity rate of each level whose indifference interval is even.

    ``mtd`` is the level guessed to have the target rate; where the model turns from one level to
    the next, their rates are ``target`` - and + ``half_width``.

    Raises
    ------
    InputError
        If ``mtd`` is not a level, or the interval does not lie within 0 to 1.

    Examples
    --------
    >>> [round(rate, 2) for rate in lee_cheung_skeleton(5, 0.20, mtd=3)]
    [0.05, 0.11, 0.2, 0.31, 0.42]
    """
    check_ladder(levels, mtd)
    if not 0 < target - half_width < target < target + half_width < 1:
        raise InputError(
            f"skeleton: target {target:g} and half width {half_width:g}; expected an interval "
            "within 0 to 1"
        )
    step = np.log(target + half_width) / np.log(target - half_width)
    return tuple(float(target ** (step ** (level - mtd))) for level in range(1, levels + 1))


@dataclass(frozen=True, kw_only=True)
class CRM:
    """The CRM rule: P(toxicity at level j) = skeleton_j ^ exp(a), a normal with SD ``prior_sd``.

    The next level is the one whose posterior rate is nearest the target (of equals the lower), at
    most one above the last.  ``plug_in`` takes the rate at the posterior mean of a, as the package
    dfcrm does, instead of the posterior mean of the rate.  The trial ends at ``most_patients``, or
    if P(rate at level 1 > target) > ``cutoff`` (1: never).  The MTD is the level wanted next, at
    most the highest tried.  The default SD of 1.34 is one convention; dfcrm's prior has variance
    1.34, that is ``prior_sd`` 1.158.  Simulated trials select alike within 0.6 points.
    """

    skeleton: tuple[float, ...]
    target: float = 0.30
    start: int = 1
    cohort: int = 1
    most_patients: int = 30
    prior_sd: float = 1.34
    plug_in: bool = False
    cutoff: float = 1.0

    def __post_init__(self) -> None:
        check_ladder(self.levels, self.start)
        check_share(self.target, "target")
        rates = (0.0, *self.skeleton, 1.0)
        if not all(low < high for low, high in pairwise(rates)):
            raise InputError("CRM: the skeleton needs rising rates between 0 and 1")
        if not 0 < self.prior_sd < float("inf") or not 0 < self.cutoff <= 1:
            raise InputError(
                f"CRM: prior_sd = {self.prior_sd:g}, cutoff = {self.cutoff:g}; expected numbers "
                "above 0, the cutoff at most 1"
            )
        if not isinstance(self.cohort, int) or not 1 <= self.cohort <= self.most_patients:
            raise InputError(
                f"CRM: cohorts of {self.cohort}, at most {self.most_patients} patients; expected "
                "at least one cohort of at least one"
            )

    @property
    def levels(self) -> int:
        """How many dose levels there are."""
        return len(self.skeleton)

    def rates(self, history: Sequence[Cohort]) -> tuple[float, ...]:
        """Return the posterior toxicity rate of each level."""
        return _posterior(self, counts_of(history, self.levels))[0]

    def next_dose(self, history: Sequence[Cohort]) -> Decision:
        """Return what comes next after the cohorts so far."""
        counts = counts_of(history, self.levels)
        if not history:
            return move(self.start, self.start, self.cohort, self.levels, "first cohort")
        return _crm(self, counts, history[-1].level)


@lru_cache(maxsize=65536)
def _crm(rule: CRM, counts: Counts, current: int) -> Decision:
    rates, above = _posterior(rule, counts)
    away = [abs(rate - rule.target) for rate in rates]
    nearest = away.index(min(away)) + 1
    treated = sum(patients for patients, _ in counts)
    tried = max(level for level, (patients, _) in enumerate(counts, start=1) if patients)
    if rule.cutoff < 1 and above > rule.cutoff:
        return stop(None, 0, f"P(level 1 above target) = {above:.3f}")
    if treated >= rule.most_patients:
        return stop(min(nearest, tried), rule.levels, f"{treated} patients were treated")
    wanted = min(nearest, current + 1)
    size = min(rule.cohort, rule.most_patients - treated)
    said = f"level {nearest} is nearest the target, at {rates[nearest - 1]:.3f}"
    return move(current, wanted, size, rule.levels, said)


@lru_cache(maxsize=65536)
def _posterior(rule: CRM, counts: Counts) -> tuple[tuple[float, ...], float]:
    """Posterior rate of each level, and P(rate at level 1 > target)."""
    a, log_rate, log_not, rate = _grid(rule)
    seen = np.array(counts, np.float64)
    bad, good = seen[:, 1], seen[:, 0] - seen[:, 1]
    log_weight = bad @ log_rate + good @ log_not - 0.5 * (a / rule.prior_sd) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = np.exp(log_rate_at(rule, float(weight @ a))) if rule.plug_in else rate @ weight
    turn = np.log(np.log(rule.target) / np.log(rule.skeleton[0]))  # above target below this a
    above = float(np.interp(turn, a, np.cumsum(weight) - weight / 2))
    return tuple(mean.tolist()), above


@lru_cache(maxsize=64)
def _grid(rule: CRM) -> tuple[Floats, Floats, Floats, Floats]:
    """Parameter (g,), and by level the log rate, log of one minus it, and rate (levels, g)."""
    a = rule.prior_sd * np.linspace(-_REACH, _REACH, _POINTS)
    log_rate = np.log(np.array(rule.skeleton))[:, None] * np.exp(a)
    return a, log_rate, np.log(-np.expm1(log_rate)), np.exp(log_rate)


def log_rate_at(rule: CRM, a: float) -> Floats:
    """Return the log toxicity rate of each level for one value of the parameter.

    >>> log_rate_at(CRM(skeleton=(0.1, 0.3)), 0.0).round(3).tolist()
    [-2.303, -1.204]
    """
    return np.asarray(np.log(np.array(rule.skeleton)) * np.exp(a), np.float64)
