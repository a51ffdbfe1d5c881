"""A conducted trial: patients are screened, enter over time, are followed, and leave their tables."""

from collections.abc import Iterator

import numpy as np

from il21.errors import InputError
from il21.study.conduct.calendar import arrival_days, conduct_of
from il21.study.conduct.check import check_conduct
from il21.study.conduct.course import follow
from il21.study.conduct.entry import cut_days
from il21.study.conduct.escalate import escalate
from il21.study.conduct.outcome import courses_of, table_of
from il21.study.conduct.records import (
    Conducted,
    Screening,
    Whole,
    join_courses,
    join_ladders,
    join_screenings,
)
from il21.study.conduct.screening import screen
from il21.study.plan import MOST_NUMBERS, Plan, Settings, check_plan
from il21.study.trial import CHUNK, PatientTable, join_tables


def run_conducted(plan: Plan, settings: Settings) -> Iterator[Conducted]:
    """Run replicate trials as they are conducted; yields whole replicates as they finish.

    A conduct that decides nothing gives the patients of `il21.study.trial.run_trial`, bit for bit.

    Raises
    ------
    InputError, UnknownNameError, UnitError, RegimenError
        If the trial cannot be run at all, nobody is eligible, a patient enters after the data closed,
        or every patient failed.
    """
    check_plan(plan)
    check_conduct(plan)
    first, last = settings.first_replicate, settings.first_replicate + settings.replicates
    each = _replicates_at_a_time(plan)
    alive = False
    for start in range(first, last, each):
        part = _run_some(plan, settings, np.arange(start, min(start + each, last)))
        alive = alive or not part.table.failed.all()
        if not alive and start + each >= last:
            raise InputError(
                f"trial {plan.trial.name}: all patients failed, nothing can be read; the first: "
                f"{part.table.reason[0]}"
            )
        yield part


def _replicates_at_a_time(plan: Plan) -> int:
    """Return how many replicates are held at once: patients times kept days are bounded."""
    conduct = conduct_of(plan.trial)
    days = 400.0 + 50.0 * len(plan.trial.visits) + (1500.0 if conduct.toxicity else 0.0)
    return max(1, int(min(CHUNK, MOST_NUMBERS / days) // plan.trial.size))


def _run_some(plan: Plan, settings: Settings, replicates: Whole) -> Conducted:
    pool, screening = screen(plan, settings, replicates)
    arrival = arrival_days(plan.trial, pool.who.replicate, pool.rank, settings.seed)
    if conduct_of(plan.trial).escalation is not None:
        table, courses, ladder = escalate(plan, settings, pool, arrival, replicates)
        return Conducted(table, courses, _used(table, replicates), ladder)
    done = follow(plan, settings, pool, cut_days(plan, pool, arrival))
    sight, table = table_of(done)
    return Conducted(table, courses_of(done, sight, arrival), screening)


def _used(table: PatientTable, replicates: Whole) -> Screening:
    """Return who was screened for those an escalation treated: every number up to the last of them."""
    place = np.searchsorted(replicates, table.replicate)
    enrolled = np.bincount(place, minlength=len(replicates))
    screened = np.zeros(len(replicates), np.int64)
    np.maximum.at(screened, place, table.patient + 1)
    return Screening(replicates, screened, screened - enrolled, enrolled)


def join_conducted(parts: list[Conducted]) -> Conducted:
    """Return several sets of replicates of one trial as one."""
    ladders = [part.ladder for part in parts if part.ladder is not None]
    return Conducted(
        join_tables([part.table for part in parts]),
        join_courses([part.courses for part in parts]),
        join_screenings([part.screening for part in parts]),
        join_ladders(ladders) if ladders else None,
    )
