"""Best overall response from sums of diameters and new lesions: the fast path of virtual trials.

By RECIST 1.0 and 1.1 (`il21.study.criteria.recist`, which also reads non-target lesions, nodes by
short axis and what other criteria need); equal to it where there are only extranodal targets.  How
many targets there are is a matter of the read-out.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.declare.endpoint import ResponseRule
from il21.errors import InputError, UnknownNameError, suggest
from il21.study.criteria.outcome import Demands, best_code, carry_on
from il21.study.criteria.recist import RECIST_1_0, RECIST_1_1, DiameterRule
from il21.study.criteria.records import (
    CR,
    NE,
    PD,
    PR,
    SD,
    SLACK,
    Codes,
    Floats,
    Names,
    before,
    since,
)
from il21.study.visits import rising_days
from il21.units import parse_quantity

RESPONSES: tuple[str, ...] = ("NE", "PD", "SD", "PR", "CR")  # the worst first
_NAMES = np.array(["NE", "PD", "", "SD", "PR", "", "", "CR"])  # by code
CRITERIA: Mapping[str, DiameterRule] = MappingProxyType(
    {rule.name: rule for rule in (RECIST_1_0, RECIST_1_1)}
)


def find_criteria(name: str) -> DiameterRule:
    """Return the criteria of that name; raises UnknownNameError with the nearest names.

    >>> find_criteria("RECIST 1.1").least_rise
    5.0
    """
    if name not in CRITERIA:
        raise UnknownNameError(f"response criteria '{name}' are not known{suggest(name, CRITERIA)}")
    return CRITERIA[name]


def visit_responses(
    sums: ArrayLike,
    new_lesion: ArrayLike,
    criteria: DiameterRule,
    visits: ArrayLike | None = None,
    confirm: bool = False,
) -> Names:
    """Return the response at each visit: CR, PR, SD, PD or NE (n, v).

    CR: no target lesion left.  PR: sum at most ``partial`` of the baseline.  PD: sum at least
    ``progression`` times the smallest sum before (baseline included) and at least ``least_rise``
    above it, a new lesion, or anything seen after CR.  SD: else.  A missing sum is a missed visit:
    NE, new lesion or not.  Each visit is read by itself unless ``visits`` are given: then PR, once
    reached (and confirmed, with ``confirm``), is carried on until PD.

    Parameters
    ----------
    sums
        Sums of diameters (n, 1 + v) in mm, baseline first; NaN is missing.  A patient without
        baseline, or with a baseline of 0, has nothing to compare with: NE throughout.
    new_lesion
        Whether a new lesion has appeared by the visit (n, v).
    criteria
        The rule, e.g. `RECIST_1_1`.
    visits
        Days (v,) of the visits after the first dose, rising.

    Raises
    ------
    InputError
        If there are no patients, shapes differ, a sum is negative or infinite, visits do not rise.

    Examples
    --------
    >>> visit_responses([[100, 70, 84, 0]], [[False, False, False]], RECIST_1_1).tolist()
    [['PR', 'PD', 'CR']]
    """
    codes = _visit_codes(*_checked(sums, new_lesion), criteria)
    if visits is not None:
        days = _days(visits, codes.shape[1])
        demands = Demands(confirm=confirm, confirm_after=criteria.confirm_after, stable_from=0.0)
        codes = carry_on(codes, days, demands)
    return _NAMES[codes]


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
    criteria = find_criteria(rule.criteria)
    demands = Demands(
        confirm=rule.confirm,
        confirm_after=criteria.confirm_after,
        stable_from=parse_quantity(rule.minimum_stable).to("d"),
    )
    size, new = _checked(sums, new_lesion)
    days = _days(visits, new.shape[1])
    return _NAMES[best_code(_visit_codes(size, new, criteria), days, demands)]


def _days(visits: ArrayLike, readings: int) -> Floats:
    days = rising_days(visits)
    if len(days) != readings:
        raise InputError(f"{len(days)} visits but {readings} readings after the baseline")
    return days


def _visit_codes(sums: Floats, new_lesion: NDArray[np.bool_], criteria: DiameterRule) -> Codes:
    baseline, size = sums[:, :1], sums[:, 1:]
    nadir = before(sums)
    grown = (size >= criteria.progression * nadir * (1 - SLACK)) & (
        size - nadir >= criteria.least_rise - SLACK
    )
    codes = np.full(size.shape, SD, np.int8)
    codes[size <= criteria.partial * baseline * (1 + SLACK)] = PR
    codes[grown & (size > 0)] = PD
    codes[size == 0] = CR
    codes[since(codes == CR) & (size > 0)] = PD
    codes[new_lesion] = PD
    codes[np.isnan(size) | ~(baseline > 0)] = NE
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
