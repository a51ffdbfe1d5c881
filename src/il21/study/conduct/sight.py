"""What is seen of patients so far: readings at the visits they came to, toxicity, how they left."""

from dataclasses import dataclass

import numpy as np

from il21.study.conduct.calendar import conduct_of
from il21.study.conduct.kept import Followed, column_of, daily_of
from il21.study.conduct.leaving import (
    death_day,
    death_formula,
    drop_day,
    drop_hazards,
    threshold,
)
from il21.study.conduct.records import Flags, Floats, Names, Treated
from il21.study.conduct.toxicity import LEVEL, toxicity
from il21.study.criteria.records import any_along
from il21.study.response import find_criteria, visit_responses
from il21.study.trial import readings_of


@dataclass(frozen=True, eq=False)
class Sight:
    """What is seen of m patients, the good ones of those followed; days after the first dose.

    ``sums`` (m, 1 + v) in mm, NaN where not read; ``new_lesion`` and ``responses`` (m, v);
    ``new_lesion_day`` (m,) the true one; ``days`` and ``attended`` (m, v) of the visits with a scan;
    ``grade_day`` and ``event`` (m, 5); ``died``, ``cause``, ``dropped``, ``last_seen`` (m,); ``sound``
    (m,) whether every reading is finite.
    """

    sums: Floats
    new_lesion: Flags
    new_lesion_day: Floats
    responses: Names
    days: Floats
    attended: Flags
    grade_day: Floats
    event: Names
    died: Floats
    cause: Names
    dropped: Floats
    last_seen: Floats
    sound: Flags


@dataclass(frozen=True, eq=False)
class _Readings:
    """Readings at every visit (m, 1 + v), those not made included, and when a new lesion came."""

    sums: Floats
    new_day: Floats
    days: Floats


def look(done: Followed, good: Flags, until: Floats | None = None) -> Sight:
    """Return what is seen of the patients ``good`` (n,), at all or ``until`` a day of each (n,)."""
    trial, calendar = done.plan.trial, done.calendar
    who = done.group.only(good)
    read = _read(done, good)
    grade_day, event = _toxicity(done, good, who, until)
    died, cause = _death(done, good, who, grade_day)
    cut = done.cut[good]
    limit = np.minimum(np.minimum(cut, died), calendar.end)
    if until is not None:
        limit = np.minimum(limit, until[good])
    comes = done.comes[good][:, calendar.scan] & (read.days <= limit[:, None])
    finite = np.isfinite(read.sums)
    new = read.new_day[:, None] <= read.days

    def responses(seen: Flags) -> Names:
        sums = np.where(
            np.column_stack([np.ones(len(seen), bool), seen]) & finite, read.sums, np.nan
        )
        return visit_responses(
            sums,
            new,
            find_criteria(trial.response.criteria),
            calendar.visits,
            trial.response.confirm,
        )

    worse = (responses(comes) == "PD") if len(who) else np.zeros(comes.shape, bool)
    progression = np.where(worse, read.days, np.inf).min(axis=1)
    before, after = drop_hazards(conduct_of(trial).drop_out, trial.name)
    dropped = drop_day(before, after, progression, threshold(who.who, "drop-out"))
    last = np.minimum(np.minimum(dropped, died), np.minimum(cut, calendar.end))
    attended = comes & (read.days <= last[:, None])
    sums = np.where(
        np.column_stack([np.ones(len(who), bool), attended]) & finite, read.sums, np.nan
    )
    shown = responses(attended) if len(who) else np.full(attended.shape, "NE")
    there = grade_day <= last[:, None]
    return Sight(
        sums, new, read.new_day, shown, read.days, attended, np.where(there, grade_day, np.inf),
        np.where(there, event, ""), np.where(died <= last, died, np.inf),
        np.where(died <= last, cause, ""), np.where(dropped <= last, dropped, np.inf), last,
        ~any_along(np.isinf(read.sums), 1),
    )  # fmt: skip


def _read(done: Followed, good: Flags) -> _Readings:
    """Read every patient at every day on which a visit may be, and pick those on which it is."""
    calendar, width = done.calendar, 2 * done.calendar.window + 1
    days = done.seen[good][:, calendar.scan]
    if not good.any():
        return _Readings(np.zeros((0, 1 + days.shape[1])), np.zeros(0), days)
    shifts = np.arange(width) - calendar.window
    every = (calendar.visits[:, None] + shifts).ravel()
    seen = {role: values[good] for role, values in daily_of(done, done.plan.readout.daily).items()}
    readings = readings_of(done.plan, done.group.who, good, done.numbers, seen, every)
    place = np.round(days - calendar.visits).astype(np.int64) + calendar.window
    place += width * np.arange(days.shape[1])
    sums = readings.sums
    picked = np.take_along_axis(sums, 1 + place, axis=1)
    return _Readings(np.column_stack([sums[:, 0], picked]), readings.new_lesion_day, days)


def _toxicity(
    done: Followed, good: Flags, who: Treated, until: Floats | None
) -> tuple[Floats, Names]:
    name = conduct_of(done.plan.trial).toxicity
    if not name or not len(who):
        return np.full((len(who), 5), np.inf), np.full((len(who), 5), "", dtype="<U1")
    layer = done.plan.layers[name]
    level = np.nan_to_num(column_of(done, layer.readout.daily[LEVEL])[good])
    times = done.grid.times
    if until is not None:  # what comes later is not known yet
        times = times[: int(np.searchsorted(times, until[good].max(), side="right"))]
    found = toxicity(layer, who.who, times, level[:, : len(times)])
    return found.day, found.event


def _death(done: Followed, good: Flags, who: Treated, grade_day: Floats) -> tuple[Floats, Names]:
    """Day of death (m,) by the tumour or by toxicity of grade 5, and the cause."""
    tumour = np.full(len(who), np.inf)
    if conduct_of(done.plan.trial).death and len(who):
        layer, node, reads = death_formula(done.plan)
        daily = {name: values[good] for name, values in daily_of(done, reads).items()}
        tumour = death_day(layer, node, daily, who.who, done.grid.times[done.grid.whole])
    toxic = grade_day[:, 4]
    died = np.minimum(tumour, toxic)
    cause = np.where(toxic <= tumour, "toxicity", "tumour").astype("<U8")
    return died, np.where(np.isfinite(died), cause, "")
