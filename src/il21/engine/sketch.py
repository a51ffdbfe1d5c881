"""What a population looks like, from whole numbers alone: the same bits whatever the order or the chunks.

Counts stand in fixed logarithmic bins, 128 an octave, taken from the bits of the double: a quantile is
known to 0.4 % of itself.  Sums are kept exactly, as whole numbers, and rounded once when read.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError

Whole = NDArray[np.int64]
FINE = 7  # bits of the mantissa that name a bin
_SHIFT = 52 - FINE
LARGEST = 1e150  # more counts as not finite: its square would overflow
_SMALLEST = 1074  # 2^-1074 is the unit of the exact sums


def _none() -> Whole:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Sketch:
    """Counts and exact sums of a population; add two to join them.

    ``bins`` (sorted) and ``counts`` in them; ``total`` and ``squares`` in units of 2^-1074;
    ``strange`` values are not finite and counted apart.
    """

    bins: Whole = field(default_factory=_none)
    counts: Whole = field(default_factory=_none)
    total: int = 0
    squares: int = 0
    strange: int = 0
    least: float = math.inf
    greatest: float = -math.inf

    @classmethod
    def of(cls, values: ArrayLike) -> "Sketch":
        """Return the sketch of an array of any shape.

        >>> one = Sketch.of([1.0, 2.0, 3.0])
        >>> one.n, one.mean, round(one.quantile(0.5), 2)
        (3, 2.0, 2.01)
        """
        flat = np.asarray(values, np.float64).ravel()
        fine = np.abs(flat) <= LARGEST  # False for NaN
        seen = flat[fine]
        if not len(seen):
            return cls(strange=len(flat))
        bins, counts = np.unique(_bins(seen), return_counts=True)
        return cls(
            bins, counts.astype(np.int64), _exact(seen), _squares(seen),
            len(flat) - len(seen), float(seen.min()), float(seen.max()),
        )  # fmt: skip

    def __add__(self, other: "Sketch") -> "Sketch":
        bins, place = np.unique(np.concatenate([self.bins, other.bins]), return_inverse=True)
        counts = np.zeros(len(bins), np.int64)
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return Sketch(
            bins, counts, self.total + other.total, self.squares + other.squares,
            self.strange + other.strange, min(self.least, other.least),
            max(self.greatest, other.greatest),
        )  # fmt: skip

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sketch):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        rows = (self.bins.tobytes(), self.counts.tobytes(), self.total, self.squares)
        return (*rows, self.strange, self.least, self.greatest)

    @property
    def n(self) -> int:
        """How many finite values there are."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Their mean, rounded once; NaN without values."""
        return _share(self.total, self.n) if self.n else math.nan

    @property
    def sd(self) -> float:
        """Their standard deviation (n - 1); NaN with fewer than two values."""
        n = self.n
        if n < 2:
            return math.nan
        # n sum(x^2) - sum(x)^2, both over 2^-1074: the second is brought to the same unit.
        spread = n * self.squares - ((self.total * self.total) >> _SMALLEST)
        return math.sqrt(max(0.0, _share(spread, n * (n - 1))))

    def quantile(self, share: float) -> float:
        """Return the value below which a share lies, to 0.4 %: the middle of its bin."""
        if not 0.0 <= share <= 1.0:
            raise InputError(f"quantile {share:g}: must be between 0 and 1")
        n = self.n
        if not n:
            return math.nan
        rank = min(n - 1, math.floor(share * n))
        place = int(np.searchsorted(np.cumsum(self.counts), rank, side="right"))
        middle = _middle(int(self.bins[place]))
        return min(max(middle, self.least), self.greatest)


def _bins(values: NDArray[np.float64]) -> Whole:
    """The bins of doubles, in the order of their values: 0 for zero, mirrored below."""
    size = np.abs(values).view(np.int64) >> _SHIFT
    size = np.where(values == 0.0, 0, size + 1)
    return np.where(values < 0.0, -size, size)


def _middle(place: int) -> float:
    if place == 0:
        return 0.0
    edges = np.array([abs(place) - 1, abs(place)], np.int64) << _SHIFT
    low, high = edges.view(np.float64)
    return math.copysign(0.5 * (float(low) + float(high)), place)


def _exact(values: NDArray[np.float64]) -> int:
    """The sum of doubles as a whole number of 2^-1074."""
    part, power = np.frexp(values)
    whole = np.ldexp(part, 53).astype(np.int64)  # exact: 53 bits
    high, low = whole >> 27, whole & ((1 << 27) - 1)
    total = 0
    for step in np.unique(power).tolist():
        chosen = power == step
        inner = (int(high[chosen].sum()) << 27) + int(low[chosen].sum())
        shift = step - 53 + _SMALLEST
        total += inner << shift if shift >= 0 else inner >> -shift
    return total


def _squares(values: NDArray[np.float64]) -> int:
    """The sum of squares: each is three products of halves that a double holds exactly (Veltkamp)."""
    scaled = values * 134217729.0  # 2^27 + 1
    high = scaled - (scaled - values)
    low = values - high
    return _exact(high * high) + _exact(2.0 * high * low) + _exact(low * low)


def _share(total: int, parts: int) -> float:
    """total 2^-1074 / parts, correctly rounded."""
    return total / (parts << _SMALLEST)
