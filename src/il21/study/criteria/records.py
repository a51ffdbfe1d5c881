"""Records of the response criteria: what is written down at each visit, and what a rule says of it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]
Names = NDArray[np.str_]

SLACK = 1e-9  # what is exactly on a limit counts as having reached it, rounding or not

# A response is a number inside, so that the better one is the larger.
LEVELS: tuple[str, ...] = ("NE", "PD", "non-CR/non-PD", "SD", "PR", "nPR", "CRu", "CR")
NE, PD, NON, SD, PR, NPR, CRU, CR = range(8)


class NonTarget(IntEnum):
    """What is seen of the lesions that are followed without being measured.

    ``GROWN`` is larger than at the reading before, yet not unequivocal progression; a lesion that
    has progressed unequivocally and grows on is ``GROWN`` too.
    """

    NOT_EVALUATED = -1
    NONE = 0  # the patient has no such lesion
    ABSENT = 1
    PRESENT = 2  # neither gone nor progressed
    GROWN = 3
    PROGRESSED = 4  # unequivocally


class NewLesions(IntEnum):
    """What has become of the new lesions since the reading before."""

    GONE = -1
    SAME = 0
    GROWN = 1


class Marrow(IntEnum):
    """What the marrow shows; ``NODULAR`` is clear but for lymphoid nodules (leukaemia)."""

    NOT_EXAMINED = -1
    CLEAR = 0
    INDETERMINATE = 1
    NODULAR = 2
    INVOLVED = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Blood:
    """Counts of n patients, (n, 1 + v) each, baseline first; NaN is not done.

    Lymphocytes, neutrophils and platelets in 10^9/L, haemoglobin in g/dL (untransfused),
    ``marrow_lymphocytes`` in percent of nucleated cells; ``symptoms`` are constitutional ones,
    ``transformed`` is transformation to an aggressive lymphoma or prolymphocytic leukaemia.
    """

    lymphocytes: Floats
    neutrophils: Floats
    platelets: Floats
    haemoglobin: Floats
    marrow_lymphocytes: Floats
    symptoms: Flags
    transformed: Flags


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """Structured readings of n patients at v visits, checked; made by `findings`.

    ``long`` and ``short`` (n, l, 1 + v) are a target lesion's longest diameter and the one across
    it in mm, baseline first: 0 is absent, NaN not read, NaN throughout a lesion that the patient
    does not have.  ``node`` (n, l) says which are lymph nodes.  ``non_target`` (n, 1 + v) holds
    `NonTarget`, ``marrow`` (n, 1 + v) `Marrow`.  ``new`` (n, v) is how many new lesions have been
    seen by the visit, -1 where nobody looked; ``new_sum`` (n, v) the sum of their diameters in mm,
    NaN where not measured; ``new_change`` (n, v) holds `NewLesions`; ``symptom_driven`` (n, v) marks
    a scan out of schedule for new symptoms.  ``spleen`` and ``liver`` (n, 1 + v) are cm below the
    costal margin, NaN not examined.  ``death`` (n,) is a day, infinity if alive.
    """

    days: Floats
    long: Floats
    short: Floats
    node: Flags
    non_target: Codes
    new: Whole
    new_sum: Floats
    new_change: Codes
    symptom_driven: Flags
    marrow: Codes
    spleen: Floats
    liver: Floats
    blood: Blood | None
    death: Floats

    def __len__(self) -> int:
        return len(self.long)

    @property
    def has(self) -> Flags:
        """Which target lesions a patient has (n, l)."""
        return any_along(~np.isnan(self.long), 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """What a rule says of n patients at v visits; days are after the first dose, infinity is never.

    ``visit`` (n, v) is the response at each visit, ``best`` (n,) the best overall response,
    ``response_day`` (n,) when the first CR or PR that counts was read, ``progression_day`` (n,)
    when progression was first seen, ``last_day`` (n,) the last visit that could be evaluated
    (0: none).  ``duration`` (n,) in days runs from the response to progression or death, where
    ``ended``, else to the last visit; NaN without a response.
    """

    criteria: str
    days: Floats
    visit: Names
    best: Names
    response_day: Floats
    progression_day: Floats
    last_day: Floats
    duration: Floats
    ended: Flags


def any_along(flags: Flags, axis: int) -> Flags:
    """Return whether any is true along an axis.

    >>> any_along(np.array([[True, False], [False, False]]), 1).tolist()
    [True, False]
    """
    return np.asarray(flags.any(axis=axis), np.bool_)


def all_along(flags: Flags, axis: int) -> Flags:
    """Return whether all are true along an axis.

    >>> all_along(np.array([[True, False], [True, True]]), 1).tolist()
    [False, True]
    """
    return np.asarray(flags.all(axis=axis), np.bool_)


def before(array: NDArray[np.float64]) -> Floats:
    """Return the smallest reading before each visit, along the last axis; NaN if there is none.

    >>> before(np.array([[5.0, 3.0, np.nan, 4.0]])).tolist()
    [[5.0, 3.0, 3.0]]
    """
    return np.asarray(np.fmin.accumulate(array, axis=-1)[..., :-1], np.float64)


def since(flags: Flags) -> Flags:
    """Return whether a thing was true at any visit before (n, v).

    >>> since(np.array([[False, True, False]])).tolist()
    [[False, False, True]]
    """
    seen = np.zeros_like(flags)
    np.logical_or.accumulate(flags[:, :-1], axis=1, out=seen[:, 1:])
    return seen
