"""Best overall response by named criteria, from sums of diameters and new lesions.

RECIST 1.0 (Therasse et al. 2000, J Natl Cancer Inst 92:205) and RECIST 1.1 (Eisenhauer et al. 2009,
Eur J Cancer 45:228), for target lesions and new lesions.  How many targets there are is a matter of
the read-out.  Non-target lesions, nodes by short axis and markers are not read here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.declare.endpoint import ResponseRule
from il21.errors import InputError, UnknownNameError, suggest
from il21.study.visits import rising_days
from il21.units import parse_quantity

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Names = NDArray[np.str_]

# A response is a number inside, so that the better one is the larger; NE is not evaluable.
RESPONSES: tuple[str, ...] = ("NE", "PD", "SD", "PR", "CR")
_NE, _PD, _SD, _PR, _CR = range(5)
_NAMES = np.array(RESPONSES)
_SLACK = 1e-9  # a sum that is exactly on a limit counts as having reached it, rounding or not


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The limits of a rule: parts of baseline and nadir, least rise in mm, days apart."""

    name: str
    source: str
    partial: float  # PR at or below this part of the baseline
    progression: float  # PD at or above this multiple of the nadir
    least_rise: float  # mm that a PD must also have risen above the nadir
    confirm_after: float = 28.0  # days from a response to the reading that confirms it


RECIST_1_0 = Criteria(
    name="RECIST 1.0", source="Therasse2000", partial=0.70, progression=1.20, least_rise=0.0
)
RECIST_1_1 = Criteria(
    name="RECIST 1.1", source="Eisenhauer2009", partial=0.70, progression=1.20, least_rise=5.0
)
CRITERIA: Mapping[str, Criteria] = MappingProxyType(
    {rule.name: rule for rule in (RECIST_1_0, RECIST_1_1)}
)


def find_criteria(name: str) -> Criteria:
    """Return the criteria of that name; raises UnknownNameError with the nearest names.

    >>> find_criteria("RECIST 1.1").least_rise
    5.0
    """
    if name not in CRITERIA:
        raise UnknownNameError(f"response criteria '{name}' are not known{suggest(name, CRITERIA)}")
    return CRITERIA[name]


def visit_responses(sums: ArrayLike, new_lesion: ArrayLike, criteria: Criteria) -> Names:
    """Return the response at each visit by itself: CR, PR, SD, PD or NE (n, v).

    CR: no target lesion left.  PR: sum at most ``partial`` of the baseline.  PD: sum at least
    ``progression`` times the smallest sum before (baseline included) and at least ``least_rise``
    above it, or a new lesion.  SD: else.  A missing sum makes the visit NE, new lesion or not.

    Parameters
    ----------
    sums
        Sums of diameters (n, 1 + v) in mm, baseline first; NaN is missing.  A patient without
        baseline, or with a baseline of 0, has nothing to compare with: NE throughout.
    new_lesion
        Whether a new lesion has appeared by the visit (n, v).
    criteria
        The rule, e.g. `RECIST_1_1`.

    Raises
    ------
    InputError
        If there are no patients, shapes differ, or a sum is negative or infinite.

    Examples
    --------
    >>> visit_responses([[100, 70, 84, 0]], [[False, False, False]], RECIST_1_1).tolist()
    [['PR', 'PD', 'CR']]
    """
    return _NAMES[_visit_codes(*_checked(sums, new_lesion), criteria)]


def best_responses(
    sums: ArrayLike, new_lesion: ArrayLike, visits: ArrayLike, rule: ResponseRule
) -> Names:
    """Return the best overall response of each patient (n,): CR, PR, SD, PD or NE.

    The best response before the first PD counts.  Without ``rule.confirm`` a CR or PR at any
    visit does; with it, the same or better must be read again at a later visit at least
    ``confirm_after`` days on.  SD needs a reading of SD or better at ``rule.minimum_stable`` or
    later.  What reaches none of these is PD if there was a PD, else NE.

    Parameters
    ----------
    sums, new_lesion
        As in `visit_responses`, (n, 1 + v) and (n, v).
    visits
        Days (v,) of the visits after the first dose, rising.
    rule
        Names the criteria, the minimum time of stable disease and whether to confirm.

    Raises
    ------
    InputError
        If there are no patients, shapes differ, a sum is negative or infinite, visits do not rise.
    UnknownNameError
        If the criteria are not known.
    UnitError
        If ``rule.minimum_stable`` is not a time.

    Examples
    --------
    >>> rule = ResponseRule(criteria="RECIST 1.1")
    >>> best_responses([[100, 70, 84, 0]], [[False, False, False]], [42, 84, 126], rule).tolist()
    ['PR']
    """
    days, criteria = rising_days(visits), find_criteria(rule.criteria)
    stable_from = parse_quantity(rule.minimum_stable).to("d")
    size, new = _checked(sums, new_lesion)
    if len(days) != new.shape[1]:
        raise InputError(f"{len(days)} visits but {new.shape[1]} readings after the baseline")
    codes = _visit_codes(size, new, criteria)
    progressed = codes == _PD
    before = np.where(np.logical_or.accumulate(progressed, axis=1), np.int8(_NE), codes)
    stable = ((before >= _SD) & (days >= stable_from - _SLACK)).any(axis=1)
    if rule.confirm:
        before = np.minimum(before, _later_best(before, days, criteria.confirm_after))
    best = before.max(axis=1)
    fallback = np.where(stable, _SD, np.where(progressed.any(axis=1), _PD, _NE))
    return _NAMES[np.where(best >= _PR, best, fallback)]


def _later_best(codes: Codes, days: Floats, apart: float) -> Codes:
    """Return the best response read ``apart`` days or more after each visit (n, v), else NE."""
    later = np.full_like(codes, _NE)
    for visit, day in enumerate(days):
        from_then = codes[:, days >= day + apart - _SLACK]
        if from_then.shape[1]:
            later[:, visit] = from_then.max(axis=1)
    return later


def _visit_codes(sums: Floats, new_lesion: NDArray[np.bool_], criteria: Criteria) -> Codes:
    baseline, size = sums[:, :1], sums[:, 1:]
    nadir = np.fmin.accumulate(sums, axis=1)[:, :-1]
    grown = (size >= criteria.progression * nadir * (1 - _SLACK)) & (
        size - nadir >= criteria.least_rise - _SLACK
    )
    codes = np.full(size.shape, _SD, np.int8)
    codes[size <= criteria.partial * baseline * (1 + _SLACK)] = _PR
    codes[grown & (size > 0)] = _PD
    codes[size == 0] = _CR
    codes[new_lesion] = _PD
    codes[np.isnan(size) | ~(baseline > 0)] = _NE
    return codes


def _checked(sums: ArrayLike, new_lesion: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    size, new = np.asarray(sums, np.float64), np.asarray(new_lesion)
    if size.ndim != 2 or size.shape[0] == 0:
        raise InputError("no patients: expected sums of diameters (patients, 1 + visits)")
    if size.shape[1] < 2 or new.shape != (size.shape[0], size.shape[1] - 1):
        raise InputError(
            f"sums of shape {size.shape} and new lesions of shape {new.shape}: expected "
            "(patients, 1 + visits) and (patients, visits)"
        )
    if new.dtype != np.bool_:
        raise InputError(f"new lesions: expected true or false, got {new.dtype} values")
    wrong = (size < 0) | np.isinf(size)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"patient in row {row}, reading {column}: a sum of {size[row, column]:g} mm; expected "
            "0 (absent) or more, or NaN for a missing visit"
        )
    return size, new
