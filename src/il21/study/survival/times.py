"""Times to an event by a declared rule: when an event counts, when a patient is censored.

Progression-free survival and its censoring follow the FDA's guidance Clinical Trial Endpoints for
the Approval of Cancer Drugs and Biologics (2018, appendix).  What was seen at visits stands beside
what was true, since a progression is seen at the visit after it: later visits, longer survival
(Panageas et al. 2007, J Natl Cancer Inst 99:428).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError, UnknownNameError, suggest

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ENDPOINTS: tuple[str, ...] = ("PFS", "OS", "DoR")
PROGRESSION, DEATH = "progression", "death"
LAST_ASSESSMENT, MISSED = "last adequate assessment", "missed visits"
NEW_THERAPY, LAST_ALIVE = "new therapy", "last known alive"
_SLACK = 1e-9  # days


@dataclass(frozen=True, kw_only=True)
class SurvivalRule:
    """When an event counts and when a patient is censored.

    ``PFS``: the first of progression and death; else censored at the last adequate assessment, at
    entry if there was none.  ``OS``: death; else censored when last known alive.  ``DoR``: as PFS,
    counted from the first response, for those who responded.  With ``missed`` an event that follows
    so many missed visits in a row, or more, does not count: the patient is censored at the last
    adequate assessment before them.  ``source`` says where the rule stands, ``assumed`` what a
    trial's paper does not say.
    """

    endpoint: str
    missed: int | None = None
    source: str = "FDA 2018, appendix"
    assumed: str = ""

    def __post_init__(self) -> None:
        if self.endpoint not in ENDPOINTS:
            raise UnknownNameError(
                f"endpoint '{self.endpoint}' is not one of {', '.join(ENDPOINTS)}"
                + suggest(self.endpoint, ENDPOINTS)
            )
        if self.missed is not None and (self.missed < 1 or self.endpoint == "OS"):
            raise InputError(
                f"{self.endpoint}: missed = {self.missed}; expected a number of visits from 1 on, "
                "and none for OS"
            )


PFS = SurvivalRule(endpoint="PFS")
PFS_MISSED = SurvivalRule(endpoint="PFS", missed=2)  # the sensitivity table
OS = SurvivalRule(endpoint="OS")
DOR = SurvivalRule(endpoint="DoR")


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowUp:
    """What was seen of n patients at v scheduled visits; all times in days on one clock.

    Attributes
    ----------
    visits
        Scheduled days (v,), or days on which each patient was seen (n, v), rising.
    assessed
        Whether the visit gave an adequate assessment (n, v); a missed visit did not.
    progressed
        Whether progression was read at the visit (n, v).
    last_seen
        Day (n,) on which the patient was last known alive: cut-off, drop-out or death.
    death
        Day of death (n,), infinity if none; a death after ``last_seen`` is not seen.
    responded
        Whether the visit showed a response, CR or PR (n, v); needed for DoR.
    entry
        Day of randomisation or first dose (n,), or one for all.
    new_therapy
        Day of a new anticancer therapy (n,), infinity if none; PFS and DoR are censored before it.
    true_progression
        Day of the true progression (n,), infinity if none; NaN if not known.
    failed
        Patients whose simulation failed (n,); they are left out, and counted.
    """

    visits: ArrayLike
    assessed: ArrayLike
    progressed: ArrayLike
    last_seen: ArrayLike
    death: ArrayLike = np.inf
    responded: ArrayLike | None = None
    entry: ArrayLike = 0.0
    new_therapy: ArrayLike = np.inf
    true_progression: ArrayLike = np.nan
    failed: ArrayLike = False


@dataclass(frozen=True, kw_only=True, eq=False)
class EventTimes:
    """Times of m patients, in days from entry (DoR: from the first response).

    Attributes
    ----------
    endpoint
        PFS, OS or DoR.
    patients
        Rows (m,) of the follow-up that these are.
    time, event, reason
        Observed time, whether an event ended it (else censored), and what ended it (m,).
    after, until
        The event came after ``after`` and by ``until`` (m,): the last adequate assessment without
        progression and the visit that saw it; equal for a death; infinite if censored.
    true_time, true_event
        The same with progression at its true day (m,), followed until last seen; NaN and false
        where the true day is not known.
    failed
        How many patients were left out because their simulation failed.
    """

    endpoint: str
    patients: NDArray[np.int64]
    time: Floats
    event: Flags
    reason: NDArray[np.str_]
    after: Floats
    until: Floats
    true_time: Floats
    true_event: Flags
    failed: int = 0

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, eq=False)
class _Seen:
    """A follow-up that was checked, without the patients that failed; days since entry."""

    visits: Floats
    assessed: Flags
    progressed: Flags
    responded: Flags | None
    last_seen: Floats
    death: Floats
    new_therapy: Floats
    true_progression: Floats
    patients: NDArray[np.int64]
    failed: int
    scheduled: Flags = field(init=False)

    def __post_init__(self) -> None:
        end = np.minimum(self.last_seen, self.death)
        object.__setattr__(self, "scheduled", self.visits <= end[:, None] + _SLACK)


def event_times(follow_up: FollowUp, rule: SurvivalRule) -> EventTimes:
    """Return the times to the event of ``rule``, observed, interval-censored and true.

    Readings after death or the day last seen, and at or after a new therapy, are not used.

    Raises
    ------
    InputError
        If there are no patients, all failed, one is censored before entry, visits do not rise,
        shapes differ or, for DoR, nobody responded.

    Examples
    --------
    >>> seen = FollowUp(visits=[42, 84, 126], assessed=[[True] * 3, [True, False, False]],
    ...                 progressed=[[False, True, True], [False] * 3], last_seen=[130, 130],
    ...                 true_progression=[60, 100])
    >>> times = event_times(seen, PFS)
    >>> times.time.tolist(), times.event.tolist(), times.reason.tolist()
    ([84.0, 42.0], [True, False], ['progression', 'last adequate assessment'])
    >>> times.after.tolist(), times.until.tolist(), times.true_time.tolist()
    ([42.0, 42.0], [84.0, inf], [60.0, 100.0])
    """
    seen = _check(follow_up)
    if rule.endpoint == "OS":
        return _overall(seen)
    if rule.endpoint == "PFS":
        return _progression_free(seen, rule, np.zeros(len(seen.patients)))
    if seen.responded is None:
        raise InputError("DoR: needs which visits showed a response; give responded")
    response = seen.responded & seen.assessed & seen.scheduled
    response &= seen.visits < seen.new_therapy[:, None]
    ended = np.logical_or.accumulate(seen.progressed & seen.assessed & seen.scheduled, axis=1)
    response &= ~ended
    kept = np.asarray(response.any(axis=1), np.bool_)
    if not kept.any():
        raise InputError(f"DoR: none of {len(kept)} patients responded; there is no duration")
    first = np.where(response, seen.visits, np.inf).min(axis=1)
    return _progression_free(_keep(seen, kept), rule, first[kept])


def _overall(seen: _Seen) -> EventTimes:
    event = seen.death <= seen.last_seen + _SLACK
    time = np.where(event, seen.death, seen.last_seen)
    return EventTimes(
        endpoint="OS", patients=seen.patients, time=time, event=event,
        reason=np.where(event, DEATH, LAST_ALIVE), after=time,
        until=np.where(event, time, np.inf), true_time=time, true_event=event, failed=seen.failed,
    )  # fmt: skip


def _progression_free(seen: _Seen, rule: SurvivalRule, start: Floats) -> EventTimes:
    """Read PFS since ``start`` (n,): 0, or the first response."""
    usable = seen.scheduled & (seen.visits < seen.new_therapy[:, None] - _SLACK)
    read = seen.assessed & usable & (seen.visits > start[:, None] - _SLACK)
    worse = seen.progressed & read
    progression = np.where(worse, seen.visits, np.inf).min(axis=1)
    death = np.where(seen.death <= seen.last_seen + _SLACK, seen.death, np.inf)
    death = np.where(death < seen.new_therapy, death, np.inf)
    day = np.minimum(progression, death)
    well = read & (seen.visits < day[:, None] - _SLACK)
    last = np.maximum(np.where(well, seen.visits, -np.inf).max(axis=1), start)
    event = np.isfinite(day)
    reason = np.where(progression <= death, PROGRESSION, DEATH).astype("<U24")
    later = seen.new_therapy <= seen.last_seen + _SLACK
    reason[~event] = np.where(later[~event], NEW_THERAPY, LAST_ASSESSMENT)
    if rule.missed is not None:
        between = (seen.visits > last[:, None] + _SLACK) & (seen.visits < day[:, None] - _SLACK)
        missed = between.sum(axis=1) >= rule.missed  # none of them was adequate, or it were last
        reason[event & missed] = MISSED
        event = event & ~missed
    time = np.where(event, day, last) - start
    until = np.where(event, day - start, np.inf)
    after = np.where(event & (reason == DEATH), time, last - start)
    true_day = np.minimum(seen.true_progression, np.where(np.isfinite(death), death, np.inf))
    true_event = true_day <= np.minimum(seen.last_seen, seen.new_therapy) + _SLACK
    end = np.minimum(seen.last_seen, seen.new_therapy)
    true_time = np.maximum(np.where(true_event, true_day, end) - start, 0.0)
    unknown = np.isnan(seen.true_progression)
    return EventTimes(
        endpoint=rule.endpoint, patients=seen.patients, time=time, event=event, reason=reason,
        after=after, until=until, true_time=np.where(unknown, np.nan, true_time),
        true_event=true_event & ~unknown, failed=seen.failed,
    )  # fmt: skip


def _keep(seen: _Seen, kept: Flags) -> _Seen:
    responded = None if seen.responded is None else seen.responded[kept]
    return _Seen(
        seen.visits[kept], seen.assessed[kept], seen.progressed[kept], responded,
        seen.last_seen[kept], seen.death[kept], seen.new_therapy[kept],
        seen.true_progression[kept], seen.patients[kept], seen.failed,
    )  # fmt: skip


def _check(given: FollowUp) -> _Seen:
    assessed = _flags(given.assessed, "assessed", None)
    n, v = shape = assessed.shape
    progressed = _flags(given.progressed, "progressed", shape)
    responded = None if given.responded is None else _flags(given.responded, "responded", shape)
    failed = np.asarray(given.failed)
    if failed.dtype != np.bool_ or failed.shape not in ((), (n,)):
        raise InputError(f"failed: expected true or false for each of {n} patients")
    failed = np.broadcast_to(failed, (n,))
    if failed.all():
        raise InputError(f"all {n} patients failed; there is nothing to read, see their reasons")
    visits = np.asarray(given.visits, np.float64)
    if visits.shape not in ((v,), shape):
        raise InputError(f"visits of shape {visits.shape}: expected ({v},) or {shape}")
    visits = np.broadcast_to(visits, shape)
    days = {
        name: _days(getattr(given, name), name, n)
        for name in ("entry", "last_seen", "death", "new_therapy", "true_progression")
    }
    entry = days["entry"]
    if not np.isfinite(entry).all():
        raise InputError("entry: expected a finite day for each patient")
    kept = ~failed
    _check_order(visits, days, kept)
    since = {name: (day - entry)[kept] for name, day in days.items()}
    return _Seen(
        (visits - entry[:, None])[kept], assessed[kept], progressed[kept],
        None if responded is None else responded[kept], since["last_seen"], since["death"],
        since["new_therapy"], since["true_progression"], np.flatnonzero(kept), int(failed.sum()),
    )  # fmt: skip


def _check_order(visits: Floats, days: dict[str, Floats], kept: Flags) -> None:
    entry, last = days["entry"], days["last_seen"]
    if not np.isfinite(visits[kept]).all() or np.any(np.diff(visits[kept], axis=1) <= 0):
        raise InputError("visits: expected rising days for each patient, none twice")
    early = kept & ~(last >= entry)
    if early.any():
        row = int(np.flatnonzero(early)[0])
        raise InputError(
            f"patient in row {row}: last seen on day {last[row]:g}, before entry on day "
            f"{entry[row]:g}; expected follow-up from entry on"
        )
    for name in ("death", "true_progression", "new_therapy"):
        early = kept & (days[name] < entry)
        if early.any():
            row = int(np.flatnonzero(early)[0])
            raise InputError(
                f"patient in row {row}: {name.replace('_', ' ')} on day {days[name][row]:g}, "
                f"before entry on day {entry[row]:g}"
            )
    if np.any(visits[kept] <= entry[kept][:, None]):
        raise InputError("visits: expected days after entry; the baseline is not a visit")
    if np.isnan(days["death"][kept]).any() or np.isnan(days["new_therapy"][kept]).any():
        raise InputError("death, new therapy: hold NaN; expected a day, or infinity for none")
    if not np.isfinite(last[kept]).all():
        raise InputError("last seen: expected a finite day for each patient")


def _flags(values: ArrayLike, what: str, shape: tuple[int, ...] | None) -> Flags:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] == 0:
        raise InputError(f"no patients: {what} needs true or false for (patients, visits)")
    if array.dtype != np.bool_ or (shape is not None and array.shape != shape):
        raise InputError(
            f"{what}: expected true or false of shape {shape or array.shape}, got {array.dtype} "
            f"values of shape {array.shape}"
        )
    return array


def _days(values: ArrayLike, what: str, patients: int) -> Floats:
    array = np.asarray(values, np.float64)
    if array.shape not in ((), (patients,)):
        raise InputError(
            f"{what.replace('_', ' ')} of shape {array.shape}: expected one day or {patients}"
        )
    return np.broadcast_to(array, (patients,))
