"""Subject-level tables in the shape that statisticians expect: ADSL, ADRS, ADTTE and ADAE.

Column names follow the CDISC Analysis Data Model (ADaM IG 1.1 and the ADTTE and ADAE documents); what is
ours is REPLICAT, the replicate of the virtual trial.  Study days count from the first dose as day 1,
there are no dates; AVAL of ADTTE is in days from the first dose (DoR: from the first response).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.declare import Trial
from il21.study.conduct.records import DIED, DROPPED, FAILED, GRADES, Conducted
from il21.study.survival.times import (
    DOR,
    ENDPOINTS,
    OS,
    PFS,
    EventTimes,
    FollowUp,
    SurvivalRule,
    event_times,
)

Column = NDArray[np.generic]
LABELS: Mapping[str, str] = {
    "PFS": "Progression-free survival", "OS": "Overall survival", "DoR": "Duration of response",
}  # fmt: skip
_RULES: tuple[SurvivalRule, ...] = (PFS, OS, DOR)
_RESPONSES = ("CR", "PR")


@dataclass(frozen=True, eq=False)
class SubjectTable:
    """A table of named columns, one entry a line; a number that is not there is NaN."""

    name: str
    about: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def subject_tables(trial: Trial, found: Conducted) -> tuple[SubjectTable, ...]:
    """Return ADSL, ADRS, ADTTE and ADAE of a conducted trial, lines by replicate and patient."""
    return adsl(trial, found), adrs(trial, found), adtte(trial, found), adae(trial, found)


def follow_up_of(found: Conducted) -> FollowUp:
    """Return what the rules of survival need to know of a conducted trial."""
    course = found.courses
    return FollowUp(
        visits=course.visits, assessed=course.attended, progressed=course.responses == "PD",
        last_seen=course.last_seen, death=course.died,
        responded=np.isin(course.responses, _RESPONSES), failed=found.table.failed,
    )  # fmt: skip


def survival_of(found: Conducted, rule: SurvivalRule) -> EventTimes:
    """Return times to the event of a rule; raises InputError if all patients failed."""
    return event_times(follow_up_of(found), rule)


def adsl(trial: Trial, found: Conducted) -> SubjectTable:
    """Return the table of subjects: one line each, who was treated how and how it ended."""
    course, table = found.courses, found.table
    left = np.isin(course.end, (DROPPED, DIED))
    status = np.where(left, "DISCONTINUED", "COMPLETED")
    status[course.end == FAILED] = "NOT INTEGRATED"
    columns = {
        **_keys(trial, found),
        "COHORTN": course.cohort, "EXPANFL": _flag(course.expansion),
        "SAFFL": _flag(~table.failed & (course.given > 0)),
        "EVALFL": _flag(table.evaluable & ~table.failed),
        "ENTRYDY": np.round(course.entry, 2), "TRTSDY": np.where(course.given > 0, 1.0, np.nan),
        "TRTEDY": _study_day(course.last_dose), "NDOSEPL": course.planned, "NDOSE": course.given,
        "RDI": np.round(course.intensity, 4), "NHOLD": course.holds, "NREDUC": course.reductions,
        "DSTOPDY": _study_day(course.stopped), "DSTOPRS": course.stop_reason,
        "EOSDY": _study_day(course.last_seen), "EOSSTT": status,
        "DCSREAS": np.where(left, course.end, ""), "DTHFL": _flag(np.isfinite(course.died)),
        "DTHDY": _study_day(course.died), "DTHCAUS": course.cause,
        "MAXGR": course.worst_grade, "DLTEVFL": _flag(course.judged), "DLTFL": _flag(course.dlt),
        "BOR": table.best,
    }  # fmt: skip
    return SubjectTable("ADSL", "subjects", columns)


def adrs(trial: Trial, found: Conducted) -> SubjectTable:
    """Return the table of responses: each visit, its sum of diameters, and the best response.

    A visit at which the patient was not seen has no line; a best response has the day of the last visit.
    """
    course, table = found.courses, found.table
    who, visit = np.nonzero(course.attended)
    everyone = np.arange(len(course))
    last = np.where(course.attended, course.visits, 0.0).max(axis=1)
    sums = table.sums[:, 1:]
    change = 100.0 * (sums / np.where(table.sums[:, :1] > 0, table.sums[:, :1], np.nan) - 1.0)
    rows = np.concatenate([who, who, everyone])
    n, m = len(who), len(everyone)
    names = np.array([f"Day {day:g}" for day in table.visits])
    blank, nothing = np.full(n, ""), np.full(n + m, np.nan)
    columns = {
        **{name: values[rows] for name, values in _keys(trial, found).items()},
        "PARAMCD": np.repeat(["OVRLRESP", "SUMDIAM", "BOR"], [n, n, m]),
        "PARAM": np.repeat(
            ["Overall response by visit", "Sum of diameters (mm)", "Best overall response"], [n, n, m]
        ),
        "AVISIT": np.concatenate([names[visit], names[visit], np.full(m, "")]),
        "AVISITN": np.concatenate([visit + 1.0, visit + 1.0, np.full(m, np.nan)]),
        "ADY": _study_day(np.concatenate([course.visits[who, visit]] * 2 + [last])),
        "AVALC": np.concatenate([course.responses[who, visit], blank, table.best]),
        "AVAL": np.round(np.concatenate([nothing[:n], sums[who, visit], nothing[n:]]), 3),
        "BASE": np.round(np.concatenate([nothing[:n], table.sums[who, 0], nothing[n:]]), 3),
        "PCHG": np.round(np.concatenate([nothing[:n], change[who, visit], nothing[n:]]), 3),
        "CRIT": np.full(len(rows), trial.response.criteria),
    }  # fmt: skip
    return _ordered(SubjectTable("ADRS", "responses", columns))


def adtte(trial: Trial, found: Conducted) -> SubjectTable:
    """Return the table of times to events: PFS, OS and, for those who responded, DoR."""
    parts: list[dict[str, Column]] = []
    keys = _keys(trial, found)
    responded = np.isin(found.courses.responses, _RESPONSES) & ~found.table.failed[:, None]
    for rule in _RULES:
        if found.table.failed.all() or (rule is DOR and not responded.any()):
            continue
        times = survival_of(found, rule)
        k = len(times)
        parts.append({
            **{name: values[times.patients] for name, values in keys.items()},
            "PARAMCD": np.full(k, rule.endpoint.upper()),
            "PARAM": np.full(k, f"{LABELS[rule.endpoint]} (days)"),
            "AVAL": np.round(times.time, 2), "CNSR": (~times.event).astype(np.int64),
            "EVNTDESC": times.reason,
        })  # fmt: skip
    names = [*keys, "PARAMCD", "PARAM", "AVAL", "CNSR", "EVNTDESC"]
    columns = {
        name: np.concatenate([part[name] for part in parts]) if parts else np.array([], "<U1")
        for name in names
    }
    return _ordered(SubjectTable("ADTTE", f"times to {', '.join(ENDPOINTS)}", columns))


def adae(trial: Trial, found: Conducted) -> SubjectTable:
    """Return the table of adverse events: a line where the worst grade of a patient rose.

    ``DLTFL`` marks the line that made a dose-limiting toxicity.
    """
    course = found.courses
    day = course.grade_day
    later = np.column_stack([day[:, 1:], np.full(len(day), np.inf)])
    who, grade = np.nonzero(np.isfinite(day) & (day < later))  # of grades on one day the worst
    keys = {name: values[who] for name, values in _keys(trial, found).items()}
    toxic = np.zeros(len(who), bool)
    climb = trial.conduct.escalation if trial.conduct else None
    if climb is not None and len(who):
        enough = course.dlt[who] & (np.array(GRADES)[grade] >= climb.grade)
        first = np.append(True, who[1:] != who[:-1])
        before = np.append(False, enough[:-1]) & ~first
        toxic = enough & ~before
    columns = {
        **keys,
        "AEDECOD": course.event[who, grade], "AETOXGR": np.array(GRADES, np.int64)[grade],
        "ASTDY": _study_day(day[who, grade]), "TRTEMFL": np.full(len(who), "Y"),
        "AESER": _flag(grade >= 3), "DLTFL": _flag(toxic),
        "AEOUT": np.where(grade == 4, "FATAL", "NOT FOLLOWED"),
    }  # fmt: skip
    return SubjectTable("ADAE", "adverse events", columns)


def _keys(trial: Trial, found: Conducted) -> dict[str, Column]:
    """Return the columns that every table begins with."""
    table = found.table
    subject = np.array([
        f"{r:04d}-{p:04d}" for r, p in zip(table.replicate.tolist(), table.patient.tolist(), strict=True)
    ])  # fmt: skip
    return {
        "STUDYID": np.full(len(table), trial.name),
        "USUBJID": np.char.add(f"{trial.name}-", subject),
        "SUBJID": subject, "REPLICAT": table.replicate, "ARM": table.arm, "TRT01P": table.dose,
    }  # fmt: skip


def _ordered(table: SubjectTable) -> SubjectTable:
    """Return the table by subject, the order of its parts kept within each."""
    if not len(table):
        return table
    order = np.argsort(table.columns["USUBJID"], kind="stable")
    return SubjectTable(table.name, table.about, {k: v[order] for k, v in table.columns.items()})


def _study_day(day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return study days: the day of the first dose is 1; NaN where there is none."""
    known = np.isfinite(day)
    return np.where(known, np.floor(np.where(known, day, 0.0)) + 1.0, np.nan)


def _flag(values: NDArray[np.bool_]) -> Column:
    return np.where(values, "Y", "N")
