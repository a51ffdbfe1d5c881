"""When patients are seen: planned visits and checks, moved within their window or missed; entry days."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.declare import Conduct, Trial
from il21.errors import IL21Error, InputError
from il21.study.draws import uniforms
from il21.study.plan import LONGEST_TRIAL, visit_days
from il21.study.population import Patients
from il21.study.visits import rising_days
from il21.units import parse_quantity

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
MONTH = 365.25 / 12  # d


@dataclass(frozen=True, eq=False)
class Calendar:
    """The plan of a trial's visits, in days after the first dose.

    ``visits`` (v,) with a scan; ``stops`` (k,) all visits, checks among them, and ``scan`` (k,) which
    have one; ``window`` in whole days; ``end`` until when patients are followed.
    """

    visits: Floats
    stops: Floats
    scan: Flags
    window: int
    end: float


def conduct_of(trial: Trial) -> Conduct:
    """Return how a trial is conducted; a trial without a record of it has an empty one."""
    return trial.conduct or Conduct()


def calendar_of(trial: Trial) -> Calendar:
    """Return when patients are to be seen.

    Raises
    ------
    InputError
        If visits overlap, are not on whole days, or patients are followed for less than their visits.
    """
    conduct, where = conduct_of(trial), f"trial {trial.name}"
    visits = visit_days(trial)
    checks = np.zeros(0)
    if conduct.checks:
        try:
            checks = rising_days([parse_quantity(c).to("d") for c in conduct.checks], LONGEST_TRIAL)
        except IL21Error as error:
            raise InputError(f"{where}: conduct.checks: {error}") from error
    window = conduct.window.days if conduct.window else 0
    missed = conduct.window.missed if conduct.window else 0.0
    if window < 0 or not 0 <= missed < 1:
        raise InputError(
            f"{where}: conduct.window: days = {window}, missed = {missed:g}; expected days from 0 on "
            "and a share from 0 to below 1"
        )
    stops = np.union1d(visits, checks)
    if np.any(stops != np.round(stops)):
        day = float(stops[stops != np.round(stops)][0])
        raise InputError(
            f"{where}: a visit on day {day:g}; a conducted trial has visits on whole days"
        )
    _check_overlap(stops, window, where)
    last = float(stops[-1]) + window
    end = length_of(conduct.follow_up, f"{where}: conduct.follow_up", last)
    if end < last:
        raise InputError(
            f"{where}: follow_up = {conduct.follow_up} ends before the last visit, on day {last:g}"
        )
    return Calendar(visits, stops, np.isin(stops, visits), window, end)


def _check_overlap(stops: Floats, window: int, where: str) -> None:
    first = np.append(0.0, stops)
    near = np.flatnonzero(np.diff(first) <= np.where(first[:-1] > 0, 2 * window, window))
    if len(near):
        k = int(near[0])
        raise InputError(
            f"{where}: visits on days {first[k]:g} and {first[k + 1]:g} overlap with a window of "
            f"{window} d on either side; widen them or narrow the window"
        )


def length_of(text: str, where: str, default: float) -> float:
    """Return a length of time in days, or the default where there is none.

    Raises
    ------
    InputError
        If it is not a time, or not above 0.
    """
    if not text:
        return default
    try:
        found = parse_quantity(text).to("d")
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
    if not 0 < found <= LONGEST_TRIAL:
        raise InputError(f"{where}: {text}; expected more than 0 and at most {LONGEST_TRIAL:g} d")
    return found


def seen_days(trial: Trial, calendar: Calendar, who: Patients) -> tuple[Floats, Flags]:
    """Return the days (n, k) on which patients are to be seen, and whether they come (n, k).

    A draw belongs to the patient and the planned day: another visit in between changes nothing.
    """
    window = conduct_of(trial).window
    shape = (len(who), len(calendar.stops))
    days = np.broadcast_to(calendar.stops, shape)
    if window is None:
        return days, np.ones(shape, bool)
    item = calendar.stops.astype(np.int64)[None, :]
    key = {"replicate": who.replicate[:, None], "item": item, "trial": who.trial}
    moved = uniforms(who.seed, "conduct/visit day", who.ids[:, None], **key)
    comes = uniforms(who.seed, "conduct/visit missed", who.ids[:, None], **key)
    shift = np.floor(moved * (2 * window.days + 1)) - window.days
    return days + shift, comes >= window.missed


def arrival_days(trial: Trial, replicate: Whole, rank: Whole, seed: int) -> Floats:
    """Return when patients (n,) could enter, in days after the first of their replicate.

    ``rank`` is the place in the order of enrolment; rows stand by replicate and rank.  Patients come
    as a Poisson process; without a record of enrolment they all enter on day 0.
    """
    enrolment = conduct_of(trial).enrolment
    if enrolment is None:
        return np.zeros(len(rank))
    drawn = uniforms(seed, "conduct/arrival", rank, replicate=replicate, trial=trial.name)
    gaps = np.where(rank == 0, 0.0, -np.log(drawn) * MONTH / enrolment.per_month)
    gaps = np.maximum(gaps, np.where(rank == 0, 0.0, stagger_of(trial)))
    total = np.cumsum(gaps)
    first = np.flatnonzero(rank == 0)
    sizes = np.diff(np.append(first, len(rank)))
    return total - np.repeat(total[first], sizes)


def stagger_of(trial: Trial) -> float:
    """Return the least time between two first doses, in days."""
    enrolment = conduct_of(trial).enrolment
    if enrolment is None or not enrolment.stagger:
        return 0.0
    return length_of(enrolment.stagger, f"trial {trial.name}: conduct.enrolment.stagger", 0.0)


def check_enrolment(trial: Trial) -> None:
    """Refuse a rate of enrolment that is none."""
    enrolment = conduct_of(trial).enrolment
    if enrolment is None:
        return
    if not 0 < enrolment.per_month <= 100_000:
        raise InputError(
            f"trial {trial.name}: conduct.enrolment.per_month = {enrolment.per_month:g}; "
            "expected more than 0"
        )
    stagger_of(trial)
