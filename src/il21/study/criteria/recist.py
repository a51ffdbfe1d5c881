"""RECIST 1.0 and 1.1: sums of diameters, non-target and new lesions, put together by the table.

Therasse et al. 2000, J Natl Cancer Inst 92:205, and Eisenhauer et al. 2009, Eur J Cancer 45:228, as
quoted by others (PMC2755245, PMC3980664, PMC6006274), with the answers of the EORTC to questions
(recist.eortc.org) on continuing PR, nodes that come back and lesions too small to measure.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from il21.errors import InputError
from il21.study.criteria.records import (
    CR,
    CRU,
    NE,
    NON,
    PD,
    PR,
    SD,
    SLACK,
    Codes,
    Findings,
    Flags,
    Floats,
    NonTarget,
    all_along,
    any_along,
    before,
    since,
)


@dataclass(frozen=True, kw_only=True)
class DiameterRule:
    """The limits of a rule on sums of diameters: parts of baseline and nadir, mm, days.

    ``normal_node`` is the short axis below which a node is normal; 0 means that a node is read by
    its longest diameter like any lesion.  ``measurable`` and ``measurable_node`` are the least
    diameters of a target at baseline, of which there are at most ``most_targets``, and
    ``most_per_organ`` in one organ.
    """

    name: str
    source: str
    partial: float  # PR at or below this part of the baseline
    progression: float  # PD at or above this multiple of the nadir
    least_rise: float  # mm that a PD must also have risen above the nadir
    normal_node: float
    measurable: float
    measurable_node: float
    most_targets: int
    most_per_organ: int
    confirm_after: float = 28.0  # days from a response to the reading that confirms it


RECIST_1_0 = DiameterRule(
    name="RECIST 1.0", source="Therasse2000", partial=0.70, progression=1.20, least_rise=0.0,
    normal_node=0.0, measurable=10.0, measurable_node=10.0, most_targets=10, most_per_organ=5,
)  # fmt: skip
RECIST_1_1 = DiameterRule(
    name="RECIST 1.1", source="Eisenhauer2009", partial=0.70, progression=1.20, least_rise=5.0,
    normal_node=10.0, measurable=10.0, measurable_node=15.0, most_targets=5, most_per_organ=2,
)  # fmt: skip


NON_TARGET_LEFT = (NonTarget.NOT_EVALUATED, NonTarget.PRESENT, NonTarget.GROWN)


@dataclass(frozen=True, eq=False)
class Targets:
    """Target lesions as a rule sees them: response (n, v), sums (n, 1 + v), disease left (n, v)."""

    codes: Codes
    sums: Floats
    disease: Flags
    baseline: Flags  # (n,) whether there is a sum to compare with
    some: Flags  # (n,) whether the patient has target lesions


def read_recist(found: Findings, rule: DiameterRule) -> Codes:
    """Return the response at each visit (n, v), each by itself but for nadir and earlier CR."""
    targets = read_targets(found, rule)
    codes = combine(targets.codes, targets.some, found)
    return back_after_cr(codes, targets.disease, found)


def read_targets(found: Findings, rule: DiameterRule) -> Targets:
    """Return what target lesions show by themselves.

    CR: extranodal lesions gone, nodes below ``normal_node``.  PD: sum at least ``progression``
    times the smallest full sum before and ``least_rise`` above it; lesions that were not read
    cannot make it less, so a partial sum may show PD.  PR: sum at most ``partial`` of the baseline.
    A lesion not read makes the visit NE otherwise.
    """
    size, has = axes(found, rule), found.has
    sums = np.where(has[:, :, None], size, 0.0).sum(axis=1)
    sums[~any_along(has, 1)] = np.nan
    left = np.where(normal_limit(found, rule)[:, :, None] > 0, size >= rule.normal_node, size > 0)
    disease = any_along(left & ~np.isnan(size), 1)[:, 1:]
    nadir, now = before(sums), sums[:, 1:]
    least = np.nansum(size, axis=1)[:, 1:]
    grown = (least >= rule.progression * nadir * (1 - SLACK)) & (
        least - nadir >= rule.least_rise - SLACK
    )
    codes = np.full(now.shape, SD, np.int8)
    codes[now <= rule.partial * sums[:, :1] * (1 + SLACK)] = PR
    codes[np.isnan(now)] = NE
    codes[grown & disease] = PD
    codes[~np.isnan(now) & ~disease] = CR
    baseline = sums[:, 0] > 0
    codes[~baseline] = NE
    return Targets(codes, sums, disease, baseline, any_along(has, 1))


def axes(found: Findings, rule: DiameterRule) -> Floats:
    """Return the diameter that the rule measures (n, l, 1 + v): short axis of nodes from 1.1 on."""
    return np.where(normal_limit(found, rule)[:, :, None] > 0, found.short, found.long)


def normal_limit(found: Findings, rule: DiameterRule) -> Floats:
    """Return the diameter (n, l) below which a lesion counts as gone: 0 for all but nodes."""
    return np.where(found.node, rule.normal_node, 0.0)


def combine(targets: Codes, some: Flags, found: Findings) -> Codes:
    """Return the overall response of target, non-target and new lesions (n, v), by the table.

    New lesions or unequivocal progression: PD.  CR needs the non-targets gone too; without targets
    it is CR or non-CR/non-PD.  Nobody without disease at baseline is evaluable.
    """
    status = found.non_target[:, 1:]
    codes = targets.copy()
    codes[(codes >= CRU) & np.isin(status, NON_TARGET_LEFT)] = PR
    alone = ~some[:, None]
    codes[alone & (status == NonTarget.ABSENT)] = CR
    codes[alone & ((status == NonTarget.PRESENT) | (status == NonTarget.GROWN))] = NON
    codes[(status == NonTarget.PROGRESSED) | (found.new > 0)] = PD
    codes[~with_disease(found)] = NE
    return codes


def with_disease(found: Findings) -> Flags:
    """Return who has disease at baseline to compare with (n,)."""
    sizes = np.where(found.has, found.long[:, :, 0], 0.0).sum(axis=1)
    return (sizes > 0) | (found.non_target[:, 0] >= NonTarget.PRESENT)


def back_after_cr(codes: Codes, disease: Flags, found: Findings) -> Codes:
    """Return the responses with PD where a lesion is seen again after an overall CR (n, v)."""
    status = found.non_target[:, 1:]
    seen = disease | (status == NonTarget.PRESENT) | (status == NonTarget.GROWN)
    return np.where(since(codes == CR) & seen, np.int8(PD), codes)


def select_targets(found: Findings, rule: DiameterRule, organ: ArrayLike | None = None) -> Findings:
    """Return the readings with the rule's choice of targets; other lesions become non-targets.

    A target is measurable at baseline; the largest are taken, as many as the rule allows in all
    and in each organ.  ``organ`` (n, l) numbers organs; without it each lesion has its own, but
    nodes together are one.  A node that is normal at baseline is left out.

    Raises
    ------
    InputError
        If ``organ`` has another shape.

    Examples
    --------
    >>> from il21.study.criteria.door import findings
    >>> readings = findings([[[30, 20], [9, 9]]], [42])
    >>> chosen = select_targets(readings, RECIST_1_1)
    >>> chosen.has.tolist(), chosen.non_target.tolist()
    ([[True, False]], [[2, 2]])
    """
    size = axes(found, rule)
    start = np.where(found.has, size[:, :, 0], np.nan)
    least = np.where(normal_limit(found, rule) > 0, rule.measurable_node, rule.measurable)
    group = _organs(found, organ)
    taken = np.zeros(found.has.shape, np.bool_)
    able = start >= least - SLACK
    rank = np.argsort(np.where(able, -start, np.inf), axis=1, kind="stable")
    rows = np.arange(len(found))
    for place in rank.T:
        same = (taken & (group == group[rows, place][:, None])).sum(axis=1)
        fits = (taken.sum(axis=1) < rule.most_targets) & (same < rule.most_per_organ)
        taken[rows, place] = able[rows, place] & fits
    unread = all_along(np.isnan(start), 1)  # without a baseline there is nothing to choose by
    taken[unread] = found.has[unread]
    return _demote(found, taken, size, rule)


def _organs(found: Findings, organ: ArrayLike | None) -> Floats:
    if organ is None:
        own = np.arange(found.has.shape[1], dtype=np.float64)
        return np.where(found.node, -1.0, own)
    group = np.asarray(organ, np.float64)
    if group.shape != found.has.shape:
        raise InputError(f"organ of shape {group.shape}: expected {found.has.shape}")
    return group


def _demote(found: Findings, taken: Flags, size: Floats, rule: DiameterRule) -> Findings:
    limit = normal_limit(found, rule)[:, :, None]
    left = np.where(limit > 0, size >= limit, size > 0)
    other = found.has & ~taken & left[:, :, 0]
    here = any_along(left & other[:, :, None], 1)
    unread = any_along(np.isnan(size) & other[:, :, None], 1)
    status = found.non_target
    none = np.where(any_along(other, 1)[:, None], np.int8(NonTarget.ABSENT), status)
    status = np.where(status == NonTarget.NONE, none, status)
    can_rise = status <= NonTarget.ABSENT
    status = np.where(can_rise & unread, np.int8(NonTarget.NOT_EVALUATED), status)
    status = np.where(can_rise & here, np.int8(NonTarget.PRESENT), status)
    kept = taken[:, :, None]
    return replace(
        found, long=np.where(kept, found.long, np.nan), short=np.where(kept, found.short, np.nan),
        non_target=status,
    )  # fmt: skip
