"""Dose escalation: what was seen at each dose level so far, and what a rule decides from it.

Dose levels are numbered from 1, the lowest.  A rule is a pure function of the cohorts so far:
`EscalationRule.next_dose`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from il21.errors import InputError

ESCALATE, STAY, DE_ESCALATE, STOP = ACTIONS = ("escalate", "stay", "de-escalate", "stop")
Counts = tuple[tuple[int, int], ...]  # patients and toxicities at each level


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Patients treated together at a dose level, and how many had a dose-limiting toxicity."""

    level: int
    patients: int
    toxicities: int


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What comes next: ``action``, the ``level`` and number of ``patients`` of the next cohort.

    When the action is stop, ``level`` is None and ``mtd`` the maximum tolerated dose level, or None
    if every level is too toxic.  ``highest`` is the highest level still allowed, 0 for none;
    ``because`` says in words what decided.
    """

    action: str
    level: int | None
    patients: int
    highest: int
    because: str
    mtd: int | None = None


class EscalationRule(Protocol):
    """A rule of dose escalation."""

    @property
    def levels(self) -> int:
        """How many dose levels there are."""
        ...

    def next_dose(self, history: Sequence[Cohort]) -> Decision:
        """Return what comes next after the cohorts so far, in order; none: the first cohort."""
        ...


def counts_of(history: Sequence[Cohort], levels: int) -> Counts:
    """Return patients and toxicities at each level, or say in one line which cohort is impossible.

    Raises
    ------
    InputError
        If a cohort has no patients, more toxicities than patients, or a level that is not there.

    Examples
    --------
    >>> counts_of([Cohort(level=1, patients=3, toxicities=1)], 2)
    ((3, 1), (0, 0))
    """
    seen = [[0, 0] for _ in range(levels)]
    for number, cohort in enumerate(history, start=1):
        if not 1 <= cohort.level <= levels:
            where = "above" if cohort.level > levels else "below"
            raise InputError(
                f"cohort {number}: dose level {cohort.level} lies {where} every level; there are "
                f"{levels}, numbered from 1"
            )
        if cohort.patients < 1:
            raise InputError(f"cohort {number}: no patients; expected at least one")
        if not 0 <= cohort.toxicities <= cohort.patients:
            raise InputError(
                f"cohort {number}: {cohort.toxicities} of {cohort.patients} with toxicity; "
                "expected a count from 0 to all"
            )
        seen[cohort.level - 1][0] += cohort.patients
        seen[cohort.level - 1][1] += cohort.toxicities
    return tuple((patients, toxic) for patients, toxic in seen)


def check_ladder(levels: int, start: int) -> None:
    """Say in one line what is wrong about a number of levels and the first one.

    >>> check_ladder(5, 1)
    """
    if levels < 1:
        raise InputError(f"levels = {levels}: expected at least one dose level")
    if not 1 <= start <= levels:
        where = "above" if start > levels else "below"
        raise InputError(
            f"start at dose level {start} lies {where} every level; there are {levels}, numbered "
            "from 1"
        )


def move(current: int, wanted: int, patients: int, highest: int, because: str) -> Decision:
    """Return the decision to treat ``patients`` at level ``wanted`` after ``current``.

    >>> move(1, 2, 3, 5, "0 of 3").action
    'escalate'
    """
    action = STAY if wanted == current else ESCALATE if wanted > current else DE_ESCALATE
    return Decision(
        action=action, level=wanted, patients=patients, highest=highest, because=because
    )


def stop(mtd: int | None, highest: int, because: str) -> Decision:
    """Return the decision to stop with this maximum tolerated dose level, or none.

    >>> stop(2, 5, "30 patients").mtd
    2
    """
    return Decision(action=STOP, level=None, patients=0, highest=highest, because=because, mtd=mtd)


@dataclass(frozen=True, kw_only=True)
class ThreePlusThree:
    """The 3+3 rule (Storer 1989, Biometrics 45:925, design A with six patients at the MTD).

    Three patients a cohort.  0 of 3: escalate; 1 of 3: three more; at most 1 of 6: escalate; 2 or
    more: the level is too toxic, go one down.  The MTD is the highest level below the too toxic
    ones at which six were treated and at most one had a toxicity; a level with three patients gets
    three more before it is named.
    """

    levels: int
    start: int = 1

    def __post_init__(self) -> None:
        check_ladder(self.levels, self.start)

    def next_dose(self, history: Sequence[Cohort]) -> Decision:
        """Return what comes next; a cohort of other than three is filled up to three or six."""
        counts = counts_of(history, self.levels)
        if not history:
            return move(self.start, self.start, 3, self.levels, "first cohort")
        return _three_plus_three(counts, history[-1].level)


@lru_cache(maxsize=65536)
def _three_plus_three(counts: Counts, current: int) -> Decision:
    toxic = [level for level, (_, bad) in enumerate(counts, start=1) if bad >= 2]
    highest = min(toxic) - 1 if toxic else len(counts)
    tried = max(level for level, (patients, _) in enumerate(counts, start=1) if patients)
    level = min(tried, highest)
    if level == 0:
        return stop(None, 0, "2 or more with toxicity at level 1")
    patients, bad = counts[level - 1]
    said = f"{bad} of {patients} at level {level}"
    if highest < len(counts):
        said = f"2 or more with toxicity at level {highest + 1}, {said}"
    if patients < 3:
        return move(current, level, 3 - patients, highest, said)
    if patients >= 6 or (patients == 3 and bad == 0):
        if level < highest:
            return move(current, level + 1, 3, highest, said)
        if patients >= 6:
            return stop(level, highest, said)
    return move(current, level, 6 - patients, highest, said)
