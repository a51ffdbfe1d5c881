"""The Bayesian optimal interval design of dose escalation (BOIN).

Liu and Yuan 2015, J R Stat Soc C 64:507; the MTD by isotonic regression as in Yan et al. 2020,
J Stat Softw 94(13), package BOIN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, log

from scipy.special import betaincc

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

_TIE = 1e-12  # a share this close to a boundary is on it


@dataclass(frozen=True, kw_only=True)
class Boundaries:
    """What to do at a level with so many patients: counts of toxicities.

    Escalate at ``escalate`` or fewer, de-escalate at ``de_escalate`` or more, close the level and
    all above it at ``eliminate`` or more (None: not at any count).
    """

    patients: int
    escalate: int
    de_escalate: int
    eliminate: int | None


@dataclass(frozen=True, kw_only=True)
class BOIN:
    """The BOIN rule for a ``target`` toxicity rate.

    ``low`` and ``high`` are the rates that are too low and too high, as parts of the target;
    a level is closed, with those above, if P(rate > target) > ``cutoff`` under a uniform prior and
    ``least`` patients or more were treated there.  The trial ends at ``most_patients``, or
    when ``enough`` were treated at the level to which the next cohort would go.
    """

    levels: int
    target: float = 0.30
    start: int = 1
    cohort: int = 3
    most_patients: int = 30
    enough: int | None = None
    low: float = 0.6
    high: float = 1.4
    cutoff: float = 0.95
    least: int = 3

    def __post_init__(self) -> None:
        check_ladder(self.levels, self.start)
        check_share(self.target, "target")
        check_share(self.cutoff, "cutoff")
        if not 0 < self.low < 1 < self.high or self.high * self.target >= 1:
            raise InputError(
                f"BOIN: low = {self.low:g}, high = {self.high:g} of target {self.target:g}; "
                "expected parts below and above 1, and rates below 1"
            )
        if not isinstance(self.cohort, int) or not 1 <= self.cohort <= self.most_patients:
            raise InputError(
                f"BOIN: cohorts of {self.cohort}, at most {self.most_patients} patients; expected "
                "at least one cohort of at least one"
            )

    @property
    def lambda_e(self) -> float:
        """Share of toxicities at or below which the dose is escalated."""
        phi, less = self.target, self.low * self.target
        return log((1 - less) / (1 - phi)) / log(phi * (1 - less) / (less * (1 - phi)))

    @property
    def lambda_d(self) -> float:
        """Share of toxicities at or above which the dose is de-escalated."""
        phi, more = self.target, self.high * self.target
        return log((1 - phi) / (1 - more)) / log(more * (1 - phi) / (phi * (1 - more)))

    def boundaries(self, patients: int) -> Boundaries:
        """Return the counts that decide at a level with so many patients."""
        closing = (bad for bad in range(patients + 1) if self._too_toxic(patients, bad))
        return Boundaries(
            patients=patients, escalate=floor(self.lambda_e * patients + _TIE),
            de_escalate=ceil(self.lambda_d * patients - _TIE), eliminate=next(closing, None),
        )  # fmt: skip

    def next_dose(self, history: Sequence[Cohort]) -> Decision:
        """Return what comes next after the cohorts so far."""
        counts = counts_of(history, self.levels)
        if not history:
            return move(self.start, self.start, self.cohort, self.levels, "first cohort")
        return _boin(self, counts, history[-1].level)

    def mtd(self, history: Sequence[Cohort]) -> int | None:
        """Return the level that would be named the MTD now; None if every level is closed."""
        return _mtd(self, counts_of(history, self.levels))

    def _too_toxic(self, patients: int, bad: int) -> bool:
        return patients >= self.least and _above(self.target, patients, bad) > self.cutoff


@lru_cache(maxsize=65536)
def _above(target: float, patients: int, bad: int) -> float:
    """P(rate > target) under a uniform prior."""
    return float(betaincc(bad + 1, patients - bad + 1, target))


@lru_cache(maxsize=65536)
def _boin(rule: BOIN, counts: Counts, current: int) -> Decision:
    highest = _highest(rule, counts)
    if highest == 0:
        return stop(None, 0, "level 1 is too toxic")
    treated = sum(patients for patients, _ in counts)
    patients, bad = counts[current - 1]
    share = bad / patients
    said = f"{bad} of {patients} at level {current}"
    wanted = current
    if share <= rule.lambda_e + _TIE:
        wanted = current + 1
    elif share >= rule.lambda_d - _TIE:
        wanted = max(current - 1, 1)
    wanted = min(wanted, highest)
    if treated >= rule.most_patients:
        return stop(_mtd(rule, counts), highest, f"{treated} patients were treated")
    if rule.enough is not None and counts[wanted - 1][0] >= rule.enough:
        why = f"{counts[wanted - 1][0]} patients at level {wanted} are enough"
        return stop(_mtd(rule, counts), highest, why)
    size = min(rule.cohort, rule.most_patients - treated)
    return move(current, wanted, size, highest, said)


def _highest(rule: BOIN, counts: Counts) -> int:
    """Highest level that is not closed, 0 for none."""
    for level, (patients, bad) in enumerate(counts, start=1):
        if rule._too_toxic(patients, bad):
            return level - 1
    return rule.levels


def _mtd(rule: BOIN, counts: Counts) -> int | None:
    """Level whose isotonic estimate is nearest the target; of equals the one towards it."""
    treated = [
        (level, *here)
        for level, here in enumerate(counts[: _highest(rule, counts)], start=1)
        if here[0] > 0
    ]
    if not treated:
        return None
    rates = [(bad + 0.05) / (n + 0.1) for _, n, bad in treated]
    weights = [
        (n + 0.1) ** 2 * (n + 1.1) / ((bad + 0.05) * (n - bad + 0.05)) for _, n, bad in treated
    ]
    smooth = isotonic(rates, weights)
    # A hair more at each level: of equals below the target the highest is nearest, above the lowest.
    away = [abs(rate + place * 1e-10 - rule.target) for place, rate in enumerate(smooth)]
    return treated[away.index(min(away))][0]


def isotonic(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the nearest never-falling values, by weighted squares (pool adjacent violators).

    >>> isotonic([0.1, 0.4, 0.2], [1, 1, 1])
    [0.1, 0.30000000000000004, 0.30000000000000004]
    """
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return [value for value, _, size in blocks for _ in range(size)]
