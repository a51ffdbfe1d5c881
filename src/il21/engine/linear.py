"""Sparse linear algebra fixed at build time: an order, a fill, and the list of operations.

Elimination without pivoting: W = 1 / (gamma h) - J is dominated by its diagonal once h is small, and a
step whose pivots fail gives NaN and is repeated with a smaller h.  The order is that of least degree
(Markowitz on the diagonal), ties by index, so it never depends on anything but the pattern.
"""

from collections.abc import Collection
from dataclasses import dataclass

Place = tuple[int, int]


@dataclass(frozen=True)
class Elimination:
    """What a factorisation and a solve do, in order.

    ``places`` are the stored places (row, column) of W with the fill; ``order`` the pivots;
    ``updates`` holds for each pivot the rows below it and the columns right of it.
    """

    size: int
    order: tuple[int, ...]
    places: tuple[Place, ...]
    updates: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    pattern: frozenset[Place]

    @property
    def fill(self) -> int:
        """Places that elimination adds to the pattern and the diagonal."""
        return len(self.places) - len(self.pattern | {(i, i) for i in range(self.size)})


def eliminate(size: int, pattern: Collection[Place]) -> Elimination:
    """Return the elimination of a matrix with non-zeros at ``pattern`` and on the diagonal.

    Examples
    --------
    An arrow is turned so that nothing fills:

    >>> arrow = [(0, k) for k in range(4)] + [(k, 0) for k in range(4)]
    >>> eliminate(4, arrow).order, eliminate(4, arrow).fill
    ((1, 2, 0, 3), 0)
    """
    rows: list[set[int]] = [{i} for i in range(size)]
    columns: list[set[int]] = [{i} for i in range(size)]
    for i, j in pattern:
        rows[i].add(j)
        columns[j].add(i)
    places = {(i, j) for i in range(size) for j in rows[i]}
    left = set(range(size))
    order: list[int] = []
    updates: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    while left:
        pivot = min(left, key=lambda k: ((len(rows[k]) - 1) * (len(columns[k]) - 1), k))
        left.remove(pivot)
        below = tuple(sorted(columns[pivot] - {pivot}))
        right = tuple(sorted(rows[pivot] - {pivot}))
        for i in below:
            for j in right:
                rows[i].add(j)
                columns[j].add(i)
                places.add((i, j))
            rows[i].discard(pivot)
        for j in right:
            columns[j].discard(pivot)
        order.append(pivot)
        updates.append((below, right))
    return Elimination(
        size, tuple(order), tuple(sorted(places)), tuple(updates), frozenset(pattern)
    )
