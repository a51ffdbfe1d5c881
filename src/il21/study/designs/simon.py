"""Single-arm phase II: one stage, and Simon's two stages, searched exactly.

Simon 1989, Control Clin Trials 10:1.  The treatment is given up after n1 patients if r1 or fewer
respond, and at the end if r or fewer of n respond; more than r is a success.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

from il21.errors import InputError
from il21.study.designs.characteristics import Characteristics, Judged, check_responses
from il21.study.rates import binomial_chances, exceed
from il21.study.statistics import check_rate, check_share

Floats = NDArray[np.float64]

MOST_PATIENTS = 500


@dataclass(frozen=True, kw_only=True)
class SingleStage:
    """One stage: success if more than ``r`` of ``n`` respond."""

    n: int
    r: int

    def __post_init__(self) -> None:
        if not 0 <= self.r < self.n:
            raise InputError(f"r/n = {self.r}/{self.n}: expected 0 <= r < n")

    @property
    def arms(self) -> tuple[int, ...]:
        """One arm of n patients."""
        return (self.n,)

    def characteristics(self, *truth: float) -> Characteristics:
        """Return the exact characteristics under a true response rate."""
        rate = _one(truth)
        success = float(exceed(self.r, self.n, rate))
        return Characteristics(truth=(rate,), success=success, stop_early=0.0, patients=self.n)

    def judge(self, responses: Sequence[ArrayLike]) -> Judged:
        """Judge trials from who responds, one array (R, n)."""
        (who,) = check_responses(responses, self.arms)
        success = who.sum(axis=1) > self.r
        return Judged(
            success=success, stopped=np.zeros(len(who), bool), patients=np.full(len(who), self.n)
        )


@dataclass(frozen=True, kw_only=True)
class TwoStage:
    """Two stages: give up if ``r1`` or fewer of ``n1`` respond; success if more than ``r`` of n."""

    r1: int
    n1: int
    r: int
    n: int

    def __post_init__(self) -> None:
        if not (0 <= self.r1 < self.n1 < self.n and self.r1 <= self.r < self.n):
            raise InputError(f"{self}: expected 0 <= r1 < n1 < n and r1 <= r < n")

    def __str__(self) -> str:
        """The form that papers print, e.g. ``0/9, 2/17``."""
        return f"{self.r1}/{self.n1}, {self.r}/{self.n}"

    @property
    def arms(self) -> tuple[int, ...]:
        """One arm of at most n patients."""
        return (self.n,)

    def characteristics(self, *truth: float) -> Characteristics:
        """Return the exact characteristics under a true response rate."""
        rate = _one(truth)
        stop = float(bdtr(self.r1, self.n1, rate))
        first = np.arange(self.r1 + 1, self.n1 + 1)
        later = exceed(self.r - first, self.n - self.n1, rate)
        success = float(binomial_chances(self.n1, rate)[first] @ later)
        patients = self.n1 + (1 - stop) * (self.n - self.n1)
        return Characteristics(truth=(rate,), success=success, stop_early=stop, patients=patients)

    def judge(self, responses: Sequence[ArrayLike]) -> Judged:
        """Judge trials from who responds, one array (R, n) in order of entry."""
        (who,) = check_responses(responses, self.arms)
        stopped = who[:, : self.n1].sum(axis=1) <= self.r1
        success = ~stopped & (who.sum(axis=1) > self.r)
        return Judged(success=success, stopped=stopped, patients=np.where(stopped, self.n1, self.n))


def _one(truth: Sequence[float]) -> float:
    if len(truth) != 1:
        raise InputError(f"truth of {len(truth)} arms: the design has one")
    return check_rate(truth[0], "truth")


def check_goal(p0: float, p1: float, alpha: float, power: float) -> None:
    """Say in one line what is impossible about rates, alpha and power.

    >>> check_goal(0.05, 0.25, 0.05, 0.80)
    """
    check_share(alpha, "alpha")
    check_share(power, "power")
    check_rate(p0, "p0")
    check_rate(p1, "p1")
    if p1 <= p0:
        raise InputError(
            f"p1 = {p1:g} and p0 = {p0:g}: the rate hoped for must lie above the one of no interest"
        )
    if power <= alpha:
        raise InputError(f"power = {power:g} and alpha = {alpha:g}: expected power above alpha")


@lru_cache(maxsize=256)
def single_stage(p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80) -> SingleStage:
    """Return the smallest exact single stage: P(success) <= alpha at p0 and >= power at p1.

    Power goes up and down with n: a somewhat larger trial may fall short of it again.

    Raises
    ------
    InputError
        If p1 is not above p0, alpha or power is impossible, or it takes over 500 patients.

    Examples
    --------
    >>> design = single_stage(0.20, 0.40)
    >>> design.r, design.n
    (11, 35)
    """
    check_goal(p0, p1, alpha, power)
    for n in range(1, MOST_PATIENTS + 1):
        tails = exceed(np.arange(n), n, p0)
        r = int(np.argmax(tails <= alpha))
        if tails[r] <= alpha and exceed(r, n, p1) >= power:
            return SingleStage(n=n, r=r)
    raise _too_large(p0, p1)


@lru_cache(maxsize=256)
def simon(
    p0: float, p1: float, *, alpha: float = 0.05, power: float = 0.80, kind: str = "optimal"
) -> TwoStage:
    """Return Simon's two-stage design, ``optimal`` or ``minimax``, by exact search.

    ``optimal`` has the fewest expected patients at p0, ``minimax`` the fewest at most (of those
    the fewest expected).  For each n1, r1 and n the least r that keeps alpha has the most power, so
    no other is tried; the search for the optimum ends where no larger n can be better.

    Raises
    ------
    InputError
        If p1 is not above p0, alpha or power is impossible, the kind is unknown, or it takes over
        500 patients.

    Examples
    --------
    >>> str(simon(0.05, 0.25)), str(simon(0.05, 0.25, kind="minimax"))
    ('0/9, 2/17', '0/12, 2/16')
    """
    check_goal(p0, p1, alpha, power)
    if kind not in ("optimal", "minimax"):
        raise InputError(f"kind '{kind}': expected optimal or minimax")
    best: TwoStage | None = None
    least = np.inf
    for n in range(2, MOST_PATIENTS + 1):
        if _least_expected(n, p0, p1, power).min() > least:
            break
        for expected, design in _two_stages(n, p0, p1, alpha, power, least):
            if expected < least - 1e-9:
                best, least = design, expected
        if best is not None and kind == "minimax":
            break
    if best is None:
        raise _too_large(p0, p1)
    return best


def _too_large(p0: float, p1: float) -> InputError:
    return InputError(
        f"p0 = {p0:g}, p1 = {p1:g}: no design of up to {MOST_PATIENTS} patients; set the rates "
        "further apart or allow more error"
    )


def _least_expected(n: int, p0: float, p1: float, power: float) -> Floats:
    """Least expected patients at p0 (n - 1,) of any design of n, by n1; it grows with n.

    Stopping at r1 costs power at p1 at least what the first stage alone loses.
    """
    found = np.empty(n - 1)
    for n1 in range(1, n):
        found[n1 - 1] = n1 + (1 - _most_stopped(n1, p0, p1, power)) * (n - n1)
    return found


@lru_cache(maxsize=4096)
def _most_stopped(n1: int, p0: float, p1: float, power: float) -> float:
    counts = np.arange(n1)
    kept = counts[bdtr(counts, n1, p1) <= 1 - power + 1e-12]
    return float(bdtr(kept[-1], n1, p0)) if len(kept) else 0.0


def _two_stages(
    n: int, p0: float, p1: float, alpha: float, power: float, least: float
) -> Iterator[tuple[float, TwoStage]]:
    """Yield expected patients at p0 and design for each n1 and r1 that meets alpha and power."""
    bounds = _least_expected(n, p0, p1, power)
    for n1 in np.flatnonzero(bounds <= least) + 1:
        n1 = int(n1)
        null, hoped = _success(n1, n, p0), _success(n1, n, p1)
        r = (null > alpha).sum(axis=1)  # success falls with r, so this is the least that keeps it
        r1 = np.arange(n1)
        met = (r < n) & (r >= r1)
        met[met] = hoped[r1[met], r[met]] >= power
        for stop in r1[met]:
            expected = n1 + (1 - float(bdtr(stop, n1, p0))) * (n - n1)
            yield expected, TwoStage(r1=int(stop), n1=n1, r=int(r[stop]), n=n)


def _success(n1: int, n: int, rate: float) -> Floats:
    """Return the probability of success (n1, n) by r1 and r."""
    first = np.arange(1, n1 + 1)
    tails = np.append(exceed(np.arange(n - n1), n - n1, rate), 0.0)  # P(more than k)
    ahead = np.arange(n)[None, :] - first[:, None]  # still needed, beyond which is success
    later = np.where(ahead < 0, 1.0, tails[np.clip(ahead, 0, n - n1)])
    each = binomial_chances(n1, rate)[1:, None] * later
    return np.cumsum(each[::-1], axis=0)[::-1]
