"""What is kept of patients while they are followed, and how it is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.study.conduct.calendar import Calendar, conduct_of
from il21.study.conduct.leaving import death_formula
from il21.study.conduct.records import Flags, Floats, Names, Treated
from il21.study.conduct.rules import Doses
from il21.study.conduct.toxicity import moments
from il21.study.plan import Plan


@dataclass(frozen=True, eq=False)
class Grid:
    """The days (t,) on which quantities are kept, which of them are whole ones, and the quantities."""

    times: Floats
    whole: NDArray[np.intp]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Followed:
    """Patients followed to the end: what was kept of them, how they were dosed, when they were seen.

    ``kept`` (n, t, m) in the base; ``reasons`` (n,) empty unless not integrated; ``seen`` (n, k) days of
    all visits and ``comes`` (n, k); ``cut`` (n,) the day on which the data close, infinity if not.
    """

    plan: Plan
    group: Treated
    calendar: Calendar
    grid: Grid
    kept: Floats
    reasons: Names
    doses: Doses
    numbers: Floats
    seen: Floats
    comes: Flags
    cut: Floats


def grid_of(plan: Plan, calendar: Calendar, doses: Doses) -> Grid:
    """Return what is kept of each patient, and when."""
    conduct = conduct_of(plan.trial)
    days = np.arange(int(np.ceil(calendar.end)) + 1, dtype=float)
    names = list(plan.readout.daily.values())
    times = days
    if conduct.toxicity:
        names += plan.layers[conduct.toxicity].readout.daily.values()
        times = np.union1d(days, moments(doses.schedules(), calendar.end))
    if conduct.death:
        names += death_formula(plan)[2].values()
    full = dict.fromkeys(plan.model.quantity(name).name for name in names)
    return Grid(times, np.searchsorted(times, days), tuple(full))


def column_of(done: Followed, name: str) -> Floats:
    """Return a kept quantity (n, t) by any name that the model knows it by."""
    return done.kept[:, :, done.grid.names.index(done.plan.model.quantity(name).name)]


def daily_of(done: Followed, roles: Mapping[str, str]) -> dict[str, Floats]:
    """Return kept quantities on whole days (n, days), by role; the last known day stands for later ones."""
    return {
        role: carried(column_of(done, name)[:, done.grid.whole]) for role, name in roles.items()
    }


def carried(values: Floats) -> Floats:
    """Return values (n, t) with the last known one in place of those not known yet.

    >>> carried(np.array([[1.0, 2.0, np.nan]])).tolist()
    [[1.0, 2.0, 2.0]]
    """
    known = ~np.isnan(values)
    at = np.maximum.accumulate(np.where(known, np.arange(values.shape[1]), 0), axis=1)
    return np.take_along_axis(values, at, axis=1)
