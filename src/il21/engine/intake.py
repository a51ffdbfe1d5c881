"""The input of a batch: what cannot be used is refused, what is wrong with one patient is noted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS, INFUSION, SWITCH, Events
from il21.engine.system import infused
from il21.errors import InputError, suggest

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

# Relative tolerance, and the absolute one as a share of each species' unit (1e-3 of the relative).
TOLERANCES = {
    "screening": Tolerance(1e-4, 1e-7),
    "default": Tolerance(1e-5, 1e-8),
    "reference": Tolerance(1e-9, 1e-12),
}


def table_of(values: Array, columns: int, what: str, rows: str) -> Array:
    """Return a table (patients, columns) as the engine reads it."""
    table = np.ascontiguousarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != columns:
        raise InputError(
            f"{what} of shape {np.shape(values)}: must be (patients, {columns}), the {rows}"
        )
    return table


def pauses_of(pause: float | Array | None, begin: Array) -> Array | None:
    """Return the time of every patient's pause (n,); None if none is asked."""
    if pause is None:
        return None
    when = np.asarray(pause, float)
    if when.shape not in ((), begin.shape):
        raise InputError(f"pause of shape {when.shape}: must be one time, or {len(begin)} of them")
    when = np.ascontiguousarray(np.broadcast_to(when, begin.shape))
    if not np.all(np.isfinite(when)) or np.any(when <= begin):
        raise InputError("pause: must be a time after the start of every patient, or one a patient")
    return when


def moments_of(times: Sequence[float] | Array, start_time: float) -> Array:
    """Return the output times (d), refused if they decrease or lie before the start."""
    moments = np.ascontiguousarray(times, dtype=np.float64)
    if moments.ndim != 1 or not np.all(np.isfinite(moments)) or not np.isfinite(start_time):
        raise InputError("output times and start time must be finite numbers, in one row")
    if len(moments) and (np.any(np.diff(moments) < 0.0) or moments[0] < start_time):
        raise InputError(
            f"output times must not decrease nor lie before the start ({start_time:g} d)"
        )
    return moments


def last_of(moments: Array, start_time: float, end: float | None) -> float:
    """Return the end (d), the last output time by default."""
    least = max([start_time, *moments[-1:]])
    last = float(least) if end is None else float(end)
    if not (np.isfinite(last) and last >= least):
        raise InputError(f"end {last:g} d: must be a time not before the start and the last output")
    return last


def tolerance_of(tolerance: Tolerance | str) -> Tolerance:
    """Return a tolerance by its name, or as given if it can be used."""
    if isinstance(tolerance, str):
        if tolerance not in TOLERANCES:
            raise InputError(f"there is no tolerance '{tolerance}'{suggest(tolerance, TOLERANCES)}")
        return TOLERANCES[tolerance]
    if not (0.0 < tolerance.rtol < 1.0 and 0.0 < tolerance.atol < np.inf):
        raise InputError(
            f"tolerance {tolerance.rtol:g}, {tolerance.atol:g}: must be positive, below 1"
        )
    return tolerance


class Schedule:
    """The events of all patients in one table; records that are the same object stand once."""

    def __init__(self, model: Model, events: Sequence[Events]) -> None:
        places: dict[int, int] = {}
        records: list[Events] = []
        which = np.empty(len(events), np.int64)
        for k, item in enumerate(events):
            known = places.get(id(item))
            if known is None:
                known = places[id(item)] = len(records)
                records.append(item)
            which[k] = known
        sizes = np.array([len(r) for r in records], np.int64)
        ends = np.cumsum(sizes)
        self.first, self.last = (ends - sizes)[which], ends[which]
        self.time = _joined([r.time for r in records], np.float64)
        self.kind = _joined([r.kind for r in records], np.int32)
        self.index = _joined([r.index for r in records], np.int32)
        self.value = _joined([r.value for r in records], np.float64)
        self.which = which
        fed = {int(k) for k in np.unique(self.index[self.kind == INFUSION])}
        inside = {k for k in fed if 0 <= k < len(model.species)}
        self.inflows = tuple(sorted(inside | set(infused(model))))
        self.bad = self._bad(model, sizes)

    def begin_at(self, visit: Array) -> None:
        """Leave out the events of every patient before its visit: they have happened."""
        known: dict[tuple[int, float], int] = {}
        for k, when in enumerate(visit.tolist()):
            key = (int(self.which[k]), when)
            if key not in known:
                own = self.time[self.first[k] : self.last[k]]
                known[key] = int(self.first[k] + np.searchsorted(own, when, side="left"))
            self.first[k] = known[key]

    def of(self, patient: int) -> Events:
        """Return the events of one patient."""
        own = slice(self.first[patient], self.last[patient])
        return Events(self.time[own], self.kind[own], self.index[own], self.value[own])

    def _bad(self, model: Model, sizes: Whole) -> NDArray[np.bool_]:
        """Which records are out of order, not finite, or point nowhere."""
        limit = np.full(len(self.kind), -1)
        limit[(self.kind == BOLUS) | (self.kind == INFUSION)] = len(model.species)
        limit[self.kind == SWITCH] = len(model.switches)
        wrong = (self.index < 0) | (self.index >= limit)
        wrong |= ~np.isfinite(self.time) | ~np.isfinite(self.value)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        back = np.zeros(len(wrong), bool)
        back[1:] = (self.time[1:] < self.time[:-1]) & (owner[1:] == owner[:-1])
        found = np.zeros(len(sizes), bool)
        found[owner[wrong | back]] = True
        return found


def _joined(parts: list[Any], kind: Any) -> Any:
    return np.ascontiguousarray(np.concatenate(parts) if parts else [], dtype=kind)


def unusable(model: Model, table: Array, start: Array | None, schedule: Schedule) -> dict[int, str]:
    """Return the patients that cannot be tried, with the reason."""
    notes: dict[int, str] = {}
    for what, values, rows in (
        ("parameter", table, model.parameters),
        ("start of", start, model.species),
    ):
        if values is None:
            continue
        strange = ~np.isfinite(values)
        for k in np.flatnonzero(strange.any(axis=1)):
            j = int(np.argmax(strange[k]))
            notes.setdefault(int(k), f"{what} {rows[j].name} is {values[k, j]}")
    if len(schedule.which):
        for k in np.flatnonzero(schedule.bad[schedule.which]):
            notes.setdefault(
                int(k), "an event is out of order, not finite, or of no species or switch"
            )
    return notes
