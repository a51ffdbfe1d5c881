"""From responses at visits to the patient: continuing PR, best overall response, dates.

Confirmation by a second reading, the least time of stable disease, time to progression at first
detection and duration of response: the same bookkeeping for every rule.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from il21.study.criteria.records import (
    NE,
    PD,
    PR,
    SD,
    SLACK,
    Codes,
    Flags,
    Floats,
    any_along,
    since,
)


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a best response asks for: a second reading days later, SD at or after a day."""

    confirm: bool
    confirm_after: float
    stable_from: float


def before_progression(codes: Codes) -> Codes:
    """Return the responses (n, v), not evaluable from the first PD on."""
    gone = np.logical_or.accumulate(codes == PD, axis=1)
    return np.where(gone, np.int8(NE), codes)


def carry_on(codes: Codes, days: Floats, demands: Demands) -> Codes:
    """Return the responses with PR carried on: once reached, SD reads PR until PD.

    Where confirmation is asked for, PR counts as reached once it is confirmed.

    >>> demands = Demands(confirm=False, confirm_after=28, stable_from=35)
    >>> codes = np.array([[PR, SD, PD, SD]], np.int8)
    >>> (carry_on(codes, np.array([42.0, 84, 126, 168]), demands) == PR).tolist()
    [[True, True, False, False]]
    """
    alive = before_progression(codes)
    responding = alive >= PR
    if demands.confirm:
        first = np.min(np.where(responding, days, np.inf), axis=1, keepdims=True)
        responding = responding & (days - first >= demands.confirm_after - SLACK)
    reached = since(responding)
    return np.where(reached & (alive == SD), np.int8(PR), codes)


def later_best(codes: Codes, days: Floats, apart: float) -> Codes:
    """Return the best response read ``apart`` days or more after each visit (n, v), else NE."""
    later = np.full_like(codes, NE)
    for visit, day in enumerate(days):
        from_then = codes[:, days >= day + apart - SLACK]
        if from_then.shape[1]:
            later[:, visit] = from_then.max(axis=1)
    return later


def counted(alive: Codes, days: Floats, demands: Demands) -> Codes:
    """Return the responses that count (n, v): as read, or as a later reading bears them out."""
    if not demands.confirm:
        return alive
    return np.minimum(alive, later_best(alive, days, demands.confirm_after))


def best_code(
    codes: Codes, days: Floats, demands: Demands, stable: ArrayLike = SD, progressed: ArrayLike = PD
) -> Codes:
    """Return the best overall response (n,) before the first PD.

    CR or PR if one counts; else ``stable`` if anything as good was read late enough; else
    ``progressed`` if there was a PD, else NE.
    """
    alive = before_progression(codes)
    best = counted(alive, days, demands).max(axis=1)
    long_enough = any_along((alive > PD) & (days >= demands.stable_from - SLACK), 1)
    worse = np.where(any_along(codes == PD, 1), progressed, NE)
    return np.where(best >= PR, best, np.where(long_enough, stable, worse)).astype(np.int8)


def first_day(flags: Flags, days: Floats) -> Floats:
    """Return the first day (n,) on which a thing was seen; infinity if never.

    >>> first_day(np.array([[False, True], [False, False]]), np.array([42.0, 84.0])).tolist()
    [84.0, inf]
    """
    return np.where(flags, days, np.inf).min(axis=1)


def last_day(flags: Flags, days: Floats) -> Floats:
    """Return the last day (n,) on which a thing was seen; 0 if never."""
    return np.where(flags, days, 0.0).max(axis=1)


def duration(
    response: Floats, progression: Floats, last: Floats, death: Floats
) -> tuple[Floats, Flags]:
    """Return how long responses lasted in days, NaN without one, and whether they ended.

    From the first reading of the response to progression or death, else to the last visit.
    """
    end = np.minimum(progression, death)
    responded, ended = np.isfinite(response), np.isfinite(end)
    until = np.where(ended, end, last) - np.where(responded, response, 0.0)
    return np.where(responded, until, np.nan), responded & ended
