"""Dose escalation with virtual patients: cohort by cohort, each by the rule's decision on those before.

All replicates climb side by side: one cohort of each is solved together.  Patients who could not be
judged (left before the window closed without a dose-limiting toxicity, or not integrated) do not count;
where nobody of a cohort could be judged the same cohort is treated anew, while there are patients.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from il21.declare import Escalation, Trial
from il21.errors import IL21Error, InputError, suggest
from il21.study.conduct.calendar import calendar_of, conduct_of, length_of, stagger_of
from il21.study.conduct.course import follow
from il21.study.conduct.entry import cut_days
from il21.study.conduct.outcome import courses_of, table_of
from il21.study.conduct.records import (
    GRADES,
    Courses,
    Floats,
    Ladder,
    Treated,
    Whole,
    join_courses,
)
from il21.study.designs.boin import BOIN
from il21.study.designs.crm import CRM, lee_cheung_skeleton
from il21.study.designs.escalation import STOP, Cohort, EscalationRule, ThreePlusThree
from il21.study.plan import Plan, Settings
from il21.study.trial import PatientTable, join_tables
from il21.units import parse_quantity

DESIGNS: tuple[str, ...] = ("3+3", "BOIN", "CRM")


@dataclass(eq=False)
class _Climb:
    """One replicate on its way: rows of its patients, those used, what was seen."""

    number: int
    rows: Whole
    used: int = 0
    history: list[Cohort] = field(default_factory=list)
    level: int = 0
    cohort: int = 0
    mtd: int = 0
    ended: str = ""
    expanding: bool = False
    done: bool = False
    ready: float = 0.0  # day from which the next cohort may enter
    last_entry: float = -np.inf


def rule_of(trial: Trial) -> EscalationRule:
    """Return the decision rule that a trial's escalation names, for its ladder.

    Raises
    ------
    UnknownNameError, InputError
        If there is no such design, or its numbers cannot be used.
    """
    record = escalation_of(trial)
    levels, start = len(record.ladder), start_level(trial)
    where = f"trial {trial.name}: conduct.escalation"
    try:
        if record.design == "3+3":
            return ThreePlusThree(levels=levels, start=start)
        if record.design == "BOIN":
            return BOIN(
                levels=levels, target=record.target, start=start, cohort=record.cohort,
                most_patients=record.most_patients,
            )  # fmt: skip
        if record.design == "CRM":
            skeleton = record.skeleton or lee_cheung_skeleton(
                levels, record.target, mtd=(levels + 1) // 2
            )
            if len(skeleton) != levels:
                raise InputError(f"a skeleton of {len(skeleton)} rates for {levels} levels")
            return CRM(
                skeleton=skeleton, target=record.target, start=start, cohort=record.cohort,
                most_patients=record.most_patients,
            )  # fmt: skip
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
    raise InputError(
        f"{where}: design '{record.design}' is not one of {', '.join(DESIGNS)}"
        + suggest(record.design, DESIGNS)
    )


def escalation_of(trial: Trial) -> Escalation:
    """Return a trial's escalation."""
    record = conduct_of(trial).escalation
    if record is None:
        raise InputError(f"trial {trial.name}: its conduct has no escalation")
    return record


def start_level(trial: Trial) -> int:
    """Return the level of the first cohort, numbered from 1.

    Raises
    ------
    InputError
        If the dose is not on the ladder; one above every level is said to be so.
    """
    record = escalation_of(trial)
    if not record.start:
        return 1
    where = f"trial {trial.name}: conduct.escalation.start"
    doses = [_amount(dose, where) for dose in record.ladder]
    start = _amount(record.start, where)
    if start > doses[-1] * (1 + 1e-9):
        raise InputError(
            f"{where}: {record.start} lies above every level; the highest is {record.ladder[-1]}"
        )
    near = [k for k, dose in enumerate(doses, start=1) if abs(dose - start) <= 1e-9 * dose]
    if not near:
        raise InputError(f"{where}: {record.start} is none of {', '.join(record.ladder)}")
    return near[0]


def _amount(text: str, where: str) -> float:
    try:
        return parse_quantity(text.replace("/kg_bw", "/kg").replace("/kg", "/kg_bw")).base
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error


def check_escalation(plan: Plan) -> None:
    """Refuse an escalation that cannot be run, with the reason in one line."""
    trial, record = plan.trial, escalation_of(plan.trial)
    where = f"trial {trial.name}: conduct.escalation"
    if not record.ladder:
        raise InputError(f'{where}: has no ladder; write e.g. ladder = ["10 ug/kg", "30 ug/kg"]')
    doses = [_amount(dose, f"{where}.ladder") for dose in record.ladder]
    if any(low >= high for low, high in pairwise(doses)):
        raise InputError(f"{where}: the ladder {', '.join(record.ladder)} must rise")
    if trial.levels is not None:
        raise InputError(f"{where}: has a ladder, and the trial has levels too; leave one out")
    if not all(any("{dose}" in r.text for r in arm.regimens) for arm in trial.arms):
        raise InputError(f"{where}: no regimen asks for {{dose}}, so there is nothing to escalate")
    if record.grade not in GRADES:
        raise InputError(f"{where}: grade = {record.grade}; expected 1 to 5")
    if record.expansion < 0:
        raise InputError(f"{where}: expansion = {record.expansion}; expected 0 or more")
    window = length_of(record.window, f"{where}.window", 0.0)
    if not 0 < window <= calendar_of(trial).end:
        raise InputError(
            f"{where}: a window of {record.window or 'nothing'}, but patients are followed for "
            f"{calendar_of(trial).end:g} d"
        )
    rule_of(trial)


def escalate(
    plan: Plan, settings: Settings, pool: Treated, arrival: Floats, replicates: Whole
) -> tuple[PatientTable, Courses, Ladder]:
    """Run the escalation of each replicate with its patients of ``pool``, in their order.

    Returns
    -------
    tuple
        Patients and courses in order of replicate and entry, and the ladder of each replicate.
    """
    rule = rule_of(plan.trial)
    climbs = [
        _Climb(int(number), np.flatnonzero(pool.who.replicate == number)) for number in replicates
    ]
    tables: list[PatientTable] = []
    courses: list[Courses] = []
    while True:
        waves = [wave for climb in climbs for wave in [_next(plan, rule, climb)] if len(wave)]
        if not waves:
            break
        moving = [climb for climb in climbs if not climb.done]
        table, course = _treat(plan, settings, pool, arrival, moving, waves)
        tables.append(table)
        courses.append(course)
        _judge(table, course, moving)
    if not tables:
        raise InputError(f"trial {plan.trial.name}: no patients entered")
    table, course = join_tables(tables), join_courses(courses)
    order = np.lexsort((table.patient, table.replicate))
    columns = {
        name: getattr(table, name)[order]
        for name in PatientTable.__dataclass_fields__
        if name != "visits"
    }
    whole = PatientTable(visits=table.visits, **columns)
    course = course.only(order)
    return whole, course, ladder_of(plan, whole, course, climbs, replicates)


def _next(plan: Plan, rule: EscalationRule, climb: _Climb) -> Whole:
    """Ask the rule what comes next and return the rows of the cohort; none if the replicate is done."""
    record = escalation_of(plan.trial)
    if climb.done:
        return climb.rows[:0]
    if climb.expanding:
        climb.done = True
        return climb.rows[:0]
    decision = rule.next_dose(tuple(climb.history))
    if decision.action == STOP or decision.level is None:
        climb.mtd, climb.ended = decision.mtd or 0, decision.because
        climb.expanding = True
        size, climb.level = record.expansion if climb.mtd else 0, climb.mtd
    else:
        size, climb.level = decision.patients, decision.level
    rows = climb.rows[climb.used : climb.used + size]
    if size and not len(rows) and not climb.expanding:
        climb.ended = f"no more than {len(climb.rows)} patients"
    if not len(rows):
        climb.done = True
        return rows
    climb.used += len(rows)
    climb.cohort += 1
    return rows


def _treat(
    plan: Plan, settings: Settings, pool: Treated, arrival: Floats, moving: list[_Climb],
    waves: list[Whole],
) -> tuple[PatientTable, Courses]:  # fmt: skip
    """Treat the next cohort of each replicate that still moves, all at once."""
    ladder = escalation_of(plan.trial).ladder
    rows = np.concatenate(waves)
    sizes = [len(wave) for wave in waves]
    group = pool.only(rows)
    dose = np.repeat([ladder[climb.level - 1] for climb in moving], sizes)
    group = replace(group, dose=dose)
    entry = np.concatenate(
        [_enter(plan, c, arrival[w]) for c, w in zip(moving, waves, strict=True)]
    )
    done = follow(plan, settings, group, cut_days(plan, group, entry))
    sight, table = table_of(done)
    course = courses_of(done, sight, entry)
    return table, replace(
        course, cohort=np.repeat([climb.cohort for climb in moving], sizes),
        expansion=np.repeat([climb.expanding for climb in moving], sizes),
    )  # fmt: skip


def _enter(plan: Plan, climb: _Climb, arrival: Floats) -> Floats:
    """Return the entry days of a cohort: none before the window of the cohort before has closed."""
    stagger = stagger_of(plan.trial)
    found = np.empty(len(arrival))
    for k, day in enumerate(arrival.tolist()):
        climb.last_entry = max(day, climb.ready, climb.last_entry + stagger)
        found[k] = climb.last_entry
    window = length_of(escalation_of(plan.trial).window, "conduct.escalation.window", 0.0)
    climb.ready = climb.last_entry + window
    return found


def _judge(table: PatientTable, course: Courses, moving: list[_Climb]) -> None:
    """Add what was seen of each cohort to its replicate's history."""
    for climb in moving:
        if climb.expanding:
            continue
        mine = table.replicate == climb.number
        judged = int((course.judged & mine).sum())
        toxic = int((course.dlt & mine).sum())
        if judged:
            climb.history.append(Cohort(level=climb.level, patients=judged, toxicities=toxic))


def ladder_of(
    plan: Plan, table: PatientTable, course: Courses, climbs: list[_Climb], replicates: Whole
) -> Ladder:
    """Return what the escalation of each replicate came to."""
    doses = escalation_of(plan.trial).ladder
    place = np.searchsorted(replicates, table.replicate)
    level = np.array([doses.index(str(dose)) for dose in table.dose])
    shape = (len(replicates), len(doses))

    def count(who: np.ndarray) -> Whole:
        found = np.zeros(shape, np.int64)
        np.add.at(found, (place[who], level[who]), 1)
        return found

    climbing = ~course.expansion
    last = np.zeros(len(replicates))
    window = length_of(escalation_of(plan.trial).window, "conduct.escalation.window", 0.0)
    np.maximum.at(last, place[climbing], course.entry[climbing] + window)
    return Ladder(
        doses=doses, mtd=np.array([climb.mtd for climb in climbs], np.int64),
        treated=count(climbing), judged=count(climbing & course.judged),
        toxic=count(climbing & course.dlt), expanded=count(course.expansion).sum(axis=1),
        expansion_toxic=count(course.expansion & course.dlt).sum(axis=1),
        ended=np.array([climb.ended for climb in climbs]), duration=last,
    )  # fmt: skip
