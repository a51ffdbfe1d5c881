"""From patients followed to their table and their courses."""

from dataclasses import fields

import numpy as np

from il21.study.conduct.calendar import conduct_of, length_of
from il21.study.conduct.kept import Followed
from il21.study.conduct.records import (
    COMPLETED,
    CUT_OFF,
    DIED,
    DROPPED,
    FAILED,
    Courses,
    Flags,
    Floats,
    Names,
)
from il21.study.conduct.sight import Sight, look
from il21.study.response import best_responses
from il21.study.trial import PatientTable

_WORDS = {"grade_day": np.inf, "died": np.inf, "dropped": np.inf, "last_seen": 0.0}


def table_of(done: Followed) -> tuple[Sight, PatientTable]:
    """Return what was seen of the patients that could be read, and the table of all of them."""
    trial, group, calendar = done.plan.trial, done.group, done.calendar
    good = done.reasons == ""
    sight = look(done, good)
    reasons = done.reasons.astype(object)
    rows = np.flatnonzero(good)
    for k in rows[~sight.sound]:
        reasons[k] = f"{done.plan.readout.name}: a reading is not finite"
    failed = np.array([bool(reason) for reason in reasons])
    n, v = len(group), len(calendar.visits)
    best = np.full(n, "NE", dtype="<U2")
    sums = np.full((n, 1 + v), np.nan)
    new_day = np.full(n, np.nan)
    read = rows[sight.sound]
    sums[read], new_day[read] = sight.sums[sight.sound], sight.new_lesion_day[sight.sound]
    if len(read):
        best[read] = best_responses(
            sums[read], sight.new_lesion[sight.sound], calendar.visits, trial.response
        )
    table = PatientTable(
        group.who.replicate, group.who.ids, np.array([trial.arms[a].name for a in group.arm]),
        group.dose, best, sums, new_day, failed, np.array([str(r) for r in reasons]),
        calendar.visits, group.evaluable,
    )  # fmt: skip
    return sight, table


def courses_of(
    done: Followed, sight: Sight, entry: Floats, cohort: int = 0, expansion: bool = False
) -> Courses:
    """Return the course of every patient followed; of a failed one nothing was seen."""
    good, n = done.reasons == "", len(done.group)
    v = len(done.calendar.visits)

    def spread(values: np.ndarray, otherwise: object) -> np.ndarray:
        whole = np.full((n, *values.shape[1:]), otherwise, dtype=values.dtype)
        whole[good] = values
        return whole

    doses = done.doses
    last = spread(sight.last_seen, 0.0)
    grade_day, died = spread(sight.grade_day, np.inf), spread(sight.died, np.inf)
    dropped = spread(sight.dropped, np.inf)
    planned, given, intensity, last_dose = _dosing(done, last)
    dlt, judged = _limiting(done, grade_day, last, good)
    seen = done.seen[:, done.calendar.scan]
    stopped = np.where(doses.stopped <= last, doses.stopped, np.inf)
    found = {
        "entry": entry, "visits": seen, "attended": spread(sight.attended, False),
        "responses": spread(sight.responses.reshape(-1, v), "NE"), "grade_day": grade_day,
        "event": spread(sight.event, ""), "died": died, "cause": spread(sight.cause, ""),
        "dropped": dropped, "last_seen": last, "end": _ends(done, died, dropped, last, good),
        "stopped": stopped, "stop_reason": np.where(np.isfinite(stopped), doses.stop_reason, ""),
        "holds": doses.holds, "reductions": doses.reductions, "planned": planned, "given": given,
        "intensity": intensity, "last_dose": last_dose, "cohort": np.full(n, cohort),
        "expansion": np.full(n, expansion), "dlt": dlt, "judged": judged,
    }  # fmt: skip
    return Courses(*(found[item.name] for item in fields(Courses)))


def _ends(done: Followed, died: Floats, dropped: Floats, last: Floats, good: Flags) -> Names:
    """Return why each patient was not followed on."""
    words = np.full(len(last), COMPLETED, dtype="<U14")
    words[done.cut <= last] = CUT_OFF
    words[np.isfinite(dropped)] = DROPPED
    words[np.isfinite(died)] = DIED
    words[~good] = FAILED
    return words


def _dosing(done: Followed, last: Floats) -> tuple[np.ndarray, np.ndarray, Floats, Floats]:
    """Return doses planned and given until last seen, the part of the amount, and the last day."""
    n = len(last)
    planned, given = np.zeros(n, np.int64), np.zeros(n, np.int64)
    intensity, day = np.full(n, np.nan), np.full(n, np.nan)
    for k in range(n):
        plan, real = done.doses.planned(k), done.doses.given(k)
        got = [dose for dose in real if dose.time <= last[k]]
        planned[k], given[k] = len(plan), len(got)
        whole = sum(dose.amount for dose in plan)
        if whole > 0:
            intensity[k] = sum(dose.amount for dose in got) / whole
        if got:
            day[k] = max(dose.time for dose in got)
    return planned, given, intensity, day


def _limiting(done: Followed, grade_day: Floats, last: Floats, good: Flags) -> tuple[Flags, Flags]:
    """Return who had a dose-limiting toxicity (n,), and who could be judged."""
    conduct = conduct_of(done.plan.trial)
    climb = conduct.escalation
    if climb is None or not conduct.toxicity:
        nobody = np.zeros(len(last), bool)
        return nobody, nobody.copy()
    window = length_of(climb.window, "conduct.escalation.window", 0.0)
    dlt = good & (grade_day[:, climb.grade - 1] <= window)
    return dlt, good & (dlt | (last >= window))
