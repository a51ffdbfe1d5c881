"""What may be asked of a curve without keeping it: peak, trough, area, time above a level, first crossing.

They are computed step by step from the dense output: no grid of output times decides about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.errors import InputError, UnitError
from il21.units import parse_quantity


@dataclass(frozen=True)
class Peak:
    """The largest value of a species, definition or observable."""

    of: str


@dataclass(frozen=True)
class PeakTime:
    """When (d) it is largest."""

    of: str


@dataclass(frozen=True)
class Trough:
    """The smallest value."""

    of: str


@dataclass(frozen=True)
class TroughTime:
    """When (d) it is smallest."""

    of: str


@dataclass(frozen=True)
class AUC:
    """The area under the curve, in the base unit times days."""

    of: str


@dataclass(frozen=True)
class TimeAbove:
    """How long (d) it is above a level, such as "10 ng/mL"."""

    of: str
    level: str


@dataclass(frozen=True)
class FirstCrossing:
    """When (d) it is first above (``up``) or below (``down``) a level, the start included; NaN if never."""

    of: str
    level: str
    direction: Literal["up", "down"] = "up"


Reduction = Peak | PeakTime | Trough | TroughTime | AUC | TimeAbove | FirstCrossing
UP, DOWN = 1.0, -1.0


@dataclass(frozen=True)
class Plan:
    """What the engine keeps of each patient for the reductions asked.

    ``watched`` are the names read; ``areas`` indices into them; ``extremes`` (index, sign): largest
    value of sign times it, and when; ``levels`` (index, sign): time beyond a level, and when first.
    ``bounds`` are the levels in base units.  ``columns`` gives for each reduction its slot and sign.
    """

    watched: tuple[str, ...] = ()
    areas: tuple[int, ...] = ()
    extremes: tuple[tuple[int, float], ...] = ()
    levels: tuple[tuple[int, float], ...] = ()
    bounds: tuple[float, ...] = field(default=(), compare=False)
    columns: tuple[tuple[int, float], ...] = field(default=(), compare=False)

    @property
    def slots(self) -> int:
        """Numbers kept of each patient."""
        return len(self.areas) + 2 * len(self.extremes) + 2 * len(self.levels)

    def read(self, kept: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the reductions (n, n_reductions) from what was kept (n, slots)."""
        found = np.empty((len(kept), len(self.columns)))
        for k, (slot, sign) in enumerate(self.columns):
            found[:, k] = sign * kept[:, slot]
        found[np.isinf(found)] = np.nan
        return found


def plan_of(model: Model, reductions: Sequence[Reduction]) -> Plan:
    """Return what is to be kept for some reductions; equal needs are kept once.

    Raises
    ------
    InputError
        For something that is not a reduction, or a level in another unit.

    >>> from il21.catalog import model
    >>> plan = plan_of(model("il21_mouse_pk"), [Peak("plasma"), PeakTime("plasma"), AUC("plasma")])
    >>> plan.watched, plan.slots
    (('il21_mouse_pk.plasma',), 3)
    """
    watched: list[str] = []
    areas: list[int] = []
    extremes: list[tuple[int, float]] = []
    levels: list[tuple[int, float, float]] = []
    wanted: list[tuple[str, int, int, float]] = []

    def place(rows: list[Any], item: Any) -> int:
        if item not in rows:
            rows.append(item)
        return rows.index(item)

    for item in reductions:
        if not isinstance(item, Reduction):
            raise InputError(f"reductions: {item!r} is none; write e.g. Peak('il21.plasma')")
        k = place(watched, model.quantity(item.of).name)
        if isinstance(item, AUC):
            wanted.append(("area", place(areas, k), 0, 1.0))
        elif isinstance(item, (TimeAbove, FirstCrossing)):
            sign = DOWN if isinstance(item, FirstCrossing) and item.direction == "down" else UP
            row = place(levels, (k, sign, _level(model, item)))
            wanted.append(("level", row, int(isinstance(item, FirstCrossing)), 1.0))
        else:
            sign = UP if isinstance(item, (Peak, PeakTime)) else DOWN
            row = place(extremes, (k, sign))
            late = isinstance(item, (PeakTime, TroughTime))
            wanted.append(("extreme", row, int(late), 1.0 if late else sign))
    first = {"area": 0, "extreme": len(areas), "level": len(areas) + 2 * len(extremes)}
    columns = [
        (first[kind] + (row if kind == "area" else 2 * row + second), sign)
        for kind, row, second, sign in wanted
    ]
    return Plan(
        tuple(watched), tuple(areas), tuple(extremes), tuple(row[:2] for row in levels),
        tuple(row[2] for row in levels), tuple(columns),
    )  # fmt: skip


def _level(model: Model, item: TimeAbove | FirstCrossing) -> float:
    row = model.quantity(item.of)
    if isinstance(item, FirstCrossing) and item.direction not in ("up", "down"):
        raise InputError(
            f"reductions: direction '{item.direction}' of {item.of}: must be up or down"
        )
    try:
        level = parse_quantity(item.level)
    except UnitError as error:
        raise InputError(f"reductions: level of {row.name}: {error}") from error
    if not level.unit.same_dimension(row.unit):
        raise InputError(
            f"reductions: level '{item.level}' of {row.name}: must be in {row.unit.text}"
        )
    return level.base
