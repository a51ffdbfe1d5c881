"""iRECIST: progression is unconfirmed first, and confirmed by growing on, or forgotten.

Seymour et al. 2017, Lancet Oncol 18:e143: tables 2 and 3 read (PMC5648544), with the answers of the
EORTC to questions (recist.eortc.org): small increases add up, a scan within four weeks of the first
iUPD is disregarded unless symptoms led to it and it shows another new lesion.  Ours: an increase
counts from the smallest sum since the iUPD; a scan later than eight weeks confirms too; after an
iUPD by a new lesion that stays as it is, only a better category or its going ends the iUPD.
"""

from dataclasses import dataclass, replace

import numpy as np

from il21.study.criteria.outcome import Demands
from il21.study.criteria.recist import (
    RECIST_1_1,
    back_after_cr,
    combine,
    read_targets,
)
from il21.study.criteria.records import (
    CR,
    NE,
    PD,
    PR,
    SD,
    SLACK,
    Codes,
    Findings,
    Flags,
    Floats,
    NewLesions,
    NonTarget,
    Whole,
)

IUPD = -1  # neither better nor worse than anything: iCPD is PD, iSD is SD and so on
LEAST_GROWTH = 5.0  # mm by which a sum must grow on
EARLIEST = 28.0  # days after the first iUPD


@dataclass(frozen=True, eq=False)
class Visit:
    """What one visit shows (n,): category without new lesions, and who progresses by RECIST 1.1."""

    day: float
    category: Codes
    target: Flags
    non_target: Flags
    grown: Flags  # non-targets larger than at the reading before
    sums: Floats
    new: Whole
    new_sums: Floats
    new_change: Codes
    symptoms: Flags


@dataclass(eq=False)
class State:
    """Where each patient stands (n,): whether an iUPD is pending, since when, by what, how large."""

    pending: Flags
    done: Flags
    start: Floats  # day of the first iUPD of this episode
    by_target: Flags
    by_non_target: Flags
    by_new: Flags
    category: Codes  # at the iUPD
    smallest: Floats  # target sum since then
    smallest_new: Floats  # sum of new lesions since then
    nadir_new: Floats  # sum of new lesions, the smallest of all
    new: Whole  # new lesions known
    gone: Flags  # all of them
    responding: Floats  # day of the first CR or PR since the last iUPD, infinity if none
    held: Flags  # whether that PR carries on


def read_irecist(found: Findings, demands: Demands) -> tuple[Codes, Floats]:
    """Return the response at each visit (n, v) and the day of progression (n,).

    That day is the first iUPD of the episode that was confirmed, or of one that was pending at
    the end; an iUPD that was followed by iCR, iPR or iSD is forgotten.
    """
    visits = _visits(found)
    state = _start(len(found))
    codes = np.empty(found.new.shape, np.int8)
    for k, visit in enumerate(visits):
        codes[:, k] = _step(state, visit, demands)
    return codes, np.where(state.pending | state.done, state.start, np.inf)


def _visits(found: Findings) -> list[Visit]:
    targets = read_targets(found, RECIST_1_1)
    known = replace(found, new=np.zeros_like(found.new))
    category = back_after_cr(combine(targets.codes, targets.some, known), targets.disease, known)
    status = found.non_target[:, 1:]
    non_target = status == NonTarget.PROGRESSED
    # An earlier CR makes any lesion progression, whatever the sum says.
    target = (targets.codes == PD) | ((category == PD) & ~non_target)
    return [
        Visit(
            float(day), category[:, k], target[:, k], non_target[:, k],
            status[:, k] == NonTarget.GROWN, targets.sums[:, 1 + k], found.new[:, k],
            found.new_sum[:, k], found.new_change[:, k], found.symptom_driven[:, k],
        )
        for k, day in enumerate(found.days)
    ]  # fmt: skip


def _start(n: int) -> State:
    no, nan = np.zeros(n, np.bool_), np.full(n, np.nan)
    return State(
        no.copy(), no.copy(), np.full(n, np.inf), no.copy(), no.copy(), no.copy(),
        np.full(n, NE, np.int8), nan.copy(), nan.copy(), nan.copy(), np.zeros(n, np.int64),
        no.copy(), np.full(n, np.inf), no.copy(),
    )  # fmt: skip


def _step(state: State, visit: Visit, demands: Demands) -> Codes:
    """Return what the visit is called, and move the state on."""
    more = visit.new > state.new
    early = state.pending & (visit.day - state.start < EARLIEST - SLACK)
    confirmed = state.pending & np.where(
        early, visit.symptoms & more, _grown_on(state, visit, more)
    )
    evidence = visit.target | visit.non_target | _new_progression(state, visit, more)
    fresh = ~state.pending & ~state.done & evidence
    seen = (visit.category != NE) | evidence | confirmed
    stays = state.pending & ~confirmed & (early | ~_resolved(state, visit))
    code = np.where(seen, visit.category, NE)
    present = (state.new > 0) & ~(state.gone | (visit.new_change == NewLesions.GONE))
    code = np.where((code == CR) & present, PR, code)
    code = np.where(seen & (stays | fresh), IUPD, code)
    code = np.where(seen & (confirmed | state.done), PD, code)
    code = _carried(state, visit, code, demands)
    _remember(state, visit, more, fresh, seen & ~early, confirmed, stays | fresh)
    return code.astype(np.int8)


def _grown_on(state: State, visit: Visit, more: Flags) -> Flags:
    """Whether an iUPD is borne out: what caused it grows on, or something else progresses."""
    sums = visit.sums - state.smallest >= LEAST_GROWTH - SLACK
    new_sums = visit.new_sums - state.smallest_new >= LEAST_GROWTH - SLACK
    target = np.where(state.by_target, sums, visit.target)
    non_target = np.where(state.by_non_target, visit.grown, visit.non_target)
    new = more | (state.by_new & (new_sums | (visit.new_change == NewLesions.GROWN)))
    return target | non_target | new


def _new_progression(state: State, visit: Visit, more: Flags) -> Flags:
    """Whether new lesions progress: another one, or their sum by the rule for targets."""
    nadir = state.nadir_new
    larger = (visit.new_sums >= RECIST_1_1.progression * nadir * (1 - SLACK)) & (
        visit.new_sums - nadir >= RECIST_1_1.least_rise - SLACK
    )
    return more | larger


def _resolved(state: State, visit: Visit) -> Flags:
    """Whether an iUPD is over: nothing progresses now, and the category is better than then."""
    calm = ~visit.target & ~visit.non_target & (visit.category != NE)
    gone = visit.new_change == NewLesions.GONE
    return calm & (gone | (visit.category > state.category))


def _carried(state: State, visit: Visit, code: np.ndarray, demands: Demands) -> np.ndarray:
    """Return the code with a PR that was reached (and confirmed, if asked for) carried on."""
    state.held &= code != IUPD
    state.responding = np.where(code == IUPD, np.inf, state.responding)
    code = np.where(state.held & (code == SD), PR, code)
    first = np.minimum(state.responding, visit.day)
    state.responding = np.where(code >= PR, first, state.responding)
    waited = visit.day - state.responding >= demands.confirm_after - SLACK
    state.held |= (code >= PR) & (waited if demands.confirm else True)
    return code


def _remember(
    state: State, visit: Visit, more: Flags, fresh: Flags, valid: Flags, confirmed: Flags,
    pending: Flags,
) -> None:  # fmt: skip
    new = _new_progression(state, visit, more)
    for name, flags in (
        ("by_target", visit.target), ("by_non_target", visit.non_target), ("by_new", new),
    ):  # fmt: skip
        setattr(state, name, np.where(fresh, flags, getattr(state, name)))
    state.start = np.where(fresh, visit.day, state.start)
    state.category = np.where(fresh, visit.category, state.category)
    for name, now in (("smallest", visit.sums), ("smallest_new", visit.new_sums)):
        old = getattr(state, name)
        setattr(state, name, np.where(fresh, now, np.where(valid, np.fmin(old, now), old)))
    state.nadir_new = np.where(valid, np.fmin(state.nadir_new, visit.new_sums), state.nadir_new)
    state.new = np.where(valid | confirmed, np.maximum(state.new, visit.new), state.new)
    state.gone = (state.gone | (visit.new_change == NewLesions.GONE)) & ~more
    state.done |= confirmed
    over = valid & ~pending
    state.pending = (state.pending & ~over & ~state.done) | fresh
