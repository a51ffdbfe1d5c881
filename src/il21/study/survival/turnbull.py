"""The survival curve of times known only to lie in an interval, as progression between two visits.

Turnbull 1976, J R Stat Soc B 38:290: the maximum of the likelihood puts its mass on innermost
intervals.  Found by the constrained Newton method of Wang 2008, Comput Stat Data Anal 52:2388.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError

Floats = NDArray[np.float64]

_STEPS = 500
_DONE = 1e-10  # how far the gradient of any interval may lie above that of the maximum


@dataclass(frozen=True, kw_only=True, eq=False)
class IntervalCurve:
    """Mass (k,) of innermost intervals from ``left`` to ``right`` (k,), in the unit of the times.

    Within an interval the curve is not determined: survival lies between its values at the ends.
    ``right`` may be infinite: events not seen.  ``excess`` is how far the likelihood's gradient is
    from that of a maximum (0 at the maximum; the log likelihood lies at most patients * excess
    below it).
    """

    left: Floats
    right: Floats
    mass: Floats
    log_likelihood: float
    patients: int
    excess: float

    def at(self, times: ArrayLike) -> tuple[Floats, Floats]:
        """Return the lowest and highest survival at any times (t,) that the data allow."""
        when = np.asarray(times, np.float64)[..., None]
        begun = (self.left < when) | (self.right <= when)
        low = 1 - (self.mass * begun).sum(axis=-1)
        high = 1 - (self.mass * (self.right <= when)).sum(axis=-1)
        return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)

    @property
    def median(self) -> tuple[float, float]:
        """The interval in which survival comes down to a half; infinite if it does not."""
        place = int(np.argmax(np.cumsum(self.mass) >= 0.5 - 1e-9))
        return float(self.left[place]), float(self.right[place])


def turnbull(after: ArrayLike, until: ArrayLike) -> IntervalCurve:
    """Return the curve of events that came after ``after`` (n,) and by ``until`` (n,).

    Equal ends are an exact time, an infinite ``until`` is censored.

    Raises
    ------
    InputError
        If there are no patients, a time is negative or an interval runs backwards.

    Examples
    --------
    >>> curve = turnbull([0, 0, 42, 42], [42, 42, 84, np.inf])
    >>> curve.left.tolist(), curve.right.tolist(), curve.mass.round(9).tolist()
    ([0.0, 42.0], [42.0, 84.0], [0.5, 0.5])
    """
    low, high = _check(after, until)
    rows, weight = np.unique(np.stack([low, high], axis=1), axis=0, return_counts=True)
    left, right, covers = _innermost(rows[:, 0], rows[:, 1])
    share = weight / weight.sum()
    mass, excess = _maximise(covers, share)
    inside = covers @ mass
    return IntervalCurve(
        left=left, right=right, mass=mass,
        log_likelihood=float(weight.sum() * (share @ np.log(inside))),
        patients=len(low), excess=excess,
    )  # fmt: skip


def _innermost(low: Floats, high: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the innermost intervals and whether each row's interval holds them (rows, k).

    At one time an exact event begins, then intervals end (they hold their end), then intervals
    begin (they do not hold their beginning).
    """
    exact = low == high
    begin = [(value, 0 if point else 2) for value, point in zip(low, exact, strict=True)]
    end = [(value, 1) for value in high]
    ends = sorted(set(begin) | set(end))
    pairs = [
        (first, second) for first, second in pairwise(ends) if first[1] != 1 and second[1] == 1
    ]
    rank = {key: number for number, key in enumerate(ends)}
    first = np.array([rank[pair[0]] for pair in pairs])
    last = np.array([rank[pair[1]] for pair in pairs])
    row_first = np.array([rank[key] for key in begin])
    row_last = np.array([rank[key] for key in end])
    covers = (row_first[:, None] <= first) & (last <= row_last[:, None])
    left = np.array([pair[0][0] for pair in pairs])
    right = np.array([pair[1][0] for pair in pairs])
    return left, right, covers.astype(np.float64)


def _maximise(covers: Floats, share: Floats) -> tuple[Floats, float]:
    """Return the mass (k,) that maximises share . log(covers @ mass), and how near it is."""
    from scipy.optimize import nnls

    mass = np.full(covers.shape[1], 1 / covers.shape[1])
    root = np.sqrt(share)[:, None]
    excess = np.inf
    for _ in range(_STEPS):
        inside = covers @ mass
        slopes = covers / inside[:, None]
        excess = float((share @ slopes).max()) - 1
        if excess <= _DONE:
            break
        # min |S q - 2|^2 over masses q: with 1.q = 1 it is |(S - 2) q|^2, held by one row of ones
        system = np.vstack([root * (slopes - 2), np.ones(covers.shape[1])])
        aim = np.append(np.zeros(len(covers)), 1.0)
        found = nnls(system, aim)[0]
        step = found / found.sum() - mass
        value, length = share @ np.log(inside), 1.0
        rise = float((share @ slopes) @ step)
        while length > 1e-12:
            trial = covers @ (mass + length * step)
            if trial.min() > 0 and share @ np.log(trial) >= value + length * rise / 3 - 1e-15:
                break
            length /= 2
        mass = np.maximum(mass + length * step, 0.0)
        mass /= mass.sum()
    return mass, excess


def _check(after: ArrayLike, until: ArrayLike) -> tuple[Floats, Floats]:
    low, high = np.asarray(after, np.float64), np.asarray(until, np.float64)
    if low.ndim != 1 or low.size == 0:
        raise InputError("no patients: expected the ends of an interval for at least one patient")
    if low.shape != high.shape:
        raise InputError(f"{low.size} times after but until of shape {high.shape}")
    wrong = ~np.isfinite(low) | (low < 0) | ~(high >= low)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"patient in row {row}: after {low[row]:g}, until {high[row]:g}; expected times from 0 "
            "on, the first no later than the second"
        )
    return low, high
