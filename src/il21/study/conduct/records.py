"""What a conducted trial leaves: the course of every patient, who was screened, how doses climbed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from il21.study.population import Patients
from il21.study.trial import PatientTable

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Names = NDArray[np.str_]

GRADES = (1, 2, 3, 4, 5)
COMPLETED, CUT_OFF, DROPPED, DIED, FAILED = (
    "completed", "data cut-off", "drop-out", "death", "not integrated",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Treated:
    """Patients about to be treated: (n,) each, ``numbers`` (n, p) and ``start`` (n, s) or None.

    ``dose`` is what ``{dose}`` stands for; ``reasons`` are empty unless the run-in failed; ``rank`` is
    the place in the order of enrolment within the replicate.
    """

    who: Patients
    arm: Whole
    dose: Names
    evaluable: Flags
    weight: Floats
    rank: Whole
    numbers: Floats
    start: Floats | None
    reasons: Names

    def __len__(self) -> int:
        return len(self.arm)

    def only(self, rows: Whole | Flags) -> "Treated":
        """Return some of the patients, by indices or mask, in that order."""
        who = self.who
        some = Patients(
            who.seed, who.trial, who.ids[rows], who.replicate[rows], who.uncertainty,
            who.variability,
        )  # fmt: skip
        return Treated(
            some, self.arm[rows], self.dose[rows], self.evaluable[rows], self.weight[rows],
            self.rank[rows], self.numbers[rows], None if self.start is None else self.start[rows],
            self.reasons[rows],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Courses:
    """What happened to n patients in the order of their table; days after the first dose.

    A day is infinite where a thing was not seen before the patient left.

    Attributes
    ----------
    entry
        Day of the first dose (n,), after that of the replicate's first patient.
    visits, attended
        Days of the v visits with a scan (n, v), and whether the patient came.
    responses
        Response at each visit (n, v), carried on until progression: CR, PR, SD, PD or NE.
    grade_day, event
        Day (n, 5) on which toxicity of grade 1 to 5 or worse began, and what it was (n, 5).
    died, cause
        Day of death (n,) and of what: "tumour" or "toxicity", empty if alive.
    dropped, last_seen
        Day of drop-out (n,), and the last day on which the patient was known to live.
    end
        Why the patient was not followed on (n,): completed, data cut-off, drop-out, death.
    stopped, stop_reason
        Day on which a rule stopped the doses (n,), and which.
    holds, reductions
        Visits at which a rule held (n,) or reduced doses.
    planned, given, intensity
        Doses planned and given until last seen (n,); the amount given as a part of the planned one.
    last_dose
        Day of the last dose given (n,), NaN without one.
    cohort
        Number of the escalation cohort (n,) from 1, 0 outside an escalation.
    expansion
        Whether the patient belongs to an expansion cohort (n,).
    dlt, judged
        Whether a dose-limiting toxicity began within the window (n,), and whether the patient could be
        judged: seen until its end, or with one.
    """

    entry: Floats
    visits: Floats
    attended: Flags
    responses: Names
    grade_day: Floats
    event: Names
    died: Floats
    cause: Names
    dropped: Floats
    last_seen: Floats
    end: Names
    stopped: Floats
    stop_reason: Names
    holds: Whole
    reductions: Whole
    planned: Whole
    given: Whole
    intensity: Floats
    last_dose: Floats
    cohort: Whole
    expansion: Flags
    dlt: Flags
    judged: Flags

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def worst_grade(self) -> Whole:
        """Worst grade of toxicity seen (n,), 0 for none."""
        return np.asarray(np.isfinite(self.grade_day).sum(axis=1), np.int64)

    def only(self, rows: Whole | Flags) -> "Courses":
        """Return some of the patients, by indices or mask, in that order."""
        return Courses(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True, eq=False)
class Screening:
    """Patients screened, found ineligible and enrolled in each of R replicates, (R,) each."""

    replicate: Whole
    screened: Whole
    ineligible: Whole
    enrolled: Whole


@dataclass(frozen=True, eq=False)
class Ladder:
    """Dose escalation in R replicates: ``mtd`` (R,) numbered from 1, 0 for none.

    ``treated``, ``judged`` and ``toxic`` (R, levels) count patients of the escalation, those who could
    be judged, and those with a dose-limiting toxicity; ``expanded`` and ``expansion_toxic`` (R,) those
    of the expansion at the MTD; ``ended`` (R,) says why the escalation ended; ``duration`` (R,) is the
    day on which the last patient's window closed.
    """

    doses: tuple[str, ...]
    mtd: Whole
    treated: Whole
    judged: Whole
    toxic: Whole
    expanded: Whole
    expansion_toxic: Whole
    ended: Names
    duration: Floats


@dataclass(frozen=True, eq=False)
class Conducted:
    """A conducted trial, or some replicates of it: courses stand in the order of the table."""

    table: PatientTable
    courses: Courses
    screening: Screening
    ladder: Ladder | None = None


def join_courses(parts: Sequence[Courses]) -> Courses:
    """Return the courses of several groups of one trial as one."""
    return Courses(
        *(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Courses))
    )


def join_screenings(parts: Sequence[Screening]) -> Screening:
    """Return the screening of several sets of replicates as one."""
    return Screening(
        *(
            np.concatenate([getattr(part, item.name) for part in parts])
            for item in fields(Screening)
        )
    )


def join_ladders(parts: Sequence[Ladder]) -> Ladder:
    """Return the escalations of several sets of replicates as one."""
    columns = [item.name for item in fields(Ladder) if item.name != "doses"]
    return Ladder(
        parts[0].doses, *(np.concatenate([getattr(p, c) for p in parts]) for c in columns)
    )
