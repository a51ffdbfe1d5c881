"""Lymphoma by the International Working Group of 1999: CR, unconfirmed CR, PR, SD, relapse or PD.

Cheson et al. 1999, J Clin Oncol 17:1244 (abstract read), the rest as quoted by others
(medicalalgorithms.com, clicktocurecancer.info table 66.1, PMC8252278 for the revision of 2007).  Ours:
a lesion must be abnormal in size to have progressed, and involved marrow that was not examined
again allows no more than PR.  Symptoms and LDH are not read.
"""

import numpy as np

from il21.study.criteria.recist import combine
from il21.study.criteria.records import (
    CR,
    CRU,
    NE,
    PD,
    PR,
    SD,
    SLACK,
    Codes,
    Findings,
    Flags,
    Floats,
    Marrow,
    all_along,
    any_along,
    before,
    since,
)

NORMAL = 15.0  # mm, longest diameter of a normal node
NORMAL_IF_SMALL = 10.0  # mm, of one that measured no more than NORMAL at baseline
SHORT_AXIS = 10.0  # mm, beyond which a known node can relapse
PARTIAL = 0.50  # PR at or below this part of the sum of products of the six largest
RESIDUAL = 0.25  # a residual mass must be below this part of its product
PROGRESSION = 1.50  # PD at or above this multiple of the smallest
DOMINANT = 6
CONFIRM_AFTER = 28.0  # days, where a trial asks for a second reading


def read_iwg(found: Findings) -> Codes:
    """Return the response at each visit (n, v).

    CR: nodes of normal size, other lesions gone, liver, spleen and marrow normal.  CRu: the same
    but for a residual node that has lost more than three quarters of its product, or a marrow
    that cannot be told.  PR: the six largest halved, nothing else larger, marrow irrelevant.
    PD: a lesion half as large again as at its smallest, an organ enlarging, marrow involved anew,
    a new lesion; after CR a known node must be half as long again, or several together.
    """
    product = np.where(found.has[:, :, None], found.long * found.short, 0.0)
    normal = _normal(found, product)
    read = ~any_along(np.isnan(product), 1)[:, 1:]
    regressed = product < RESIDUAL * product[:, :, :1] * (1 - SLACK)
    small = all_along(normal | (regressed & found.node[:, :, None]), 1)[:, 1:]
    organs = (found.spleen == 0)[:, 1:] & (found.liver == 0)[:, 1:]
    clear, unclear = _marrow(found)
    complete = read & organs & small & (clear | unclear)
    certain = complete & all_along(normal, 1)[:, 1:] & clear
    nodes_gone = read & organs & all_along(normal, 1)[:, 1:]  # whatever the marrow shows
    codes = np.full(read.shape, SD, np.int8)
    codes[_halved(found, product) | nodes_gone] = PR
    codes[~read] = NE
    codes[complete] = CRU
    codes[certain] = CR
    codes[~(product[:, :, 0].sum(axis=1) > 0)] = NE
    codes = combine(codes, any_along(found.has, 1), found)
    lasting = since(codes >= CRU)
    grown = np.where(lasting, _relapsed(found, product, normal), _grown(product, normal))
    worse = grown | _enlarging(found.spleen) | _enlarging(found.liver) | _involved_anew(found)
    return np.where(worse & (product[:, :, 0].sum(axis=1) > 0)[:, None], np.int8(PD), codes)


def _normal(found: Findings, product: Floats) -> Flags:
    """Return which lesions are of normal size (n, l, 1 + v); those a patient lacks are."""
    start = found.long[:, :, :1]
    limit = np.where(start > NORMAL, NORMAL, NORMAL_IF_SMALL)
    node = found.node[:, :, None]
    size = np.where(node, found.long <= limit, found.long == 0)
    shrunk = (start <= NORMAL) & (product < RESIDUAL * product[:, :, :1] * (1 - SLACK))
    return size | (node & shrunk) | ~found.has[:, :, None]


def _marrow(found: Findings) -> tuple[Flags, Flags]:
    """Return whether the marrow is clear, and whether it cannot be told, at each visit (n, v)."""
    seen = found.marrow[:, 1:]
    was_involved = found.marrow[:, :1] >= Marrow.NODULAR
    clear = (seen == Marrow.CLEAR) | ((seen == Marrow.NOT_EXAMINED) & ~was_involved)
    return clear, seen == Marrow.INDETERMINATE


def _halved(found: Findings, product: Floats) -> Flags:
    """Whether the dominant lesions have halved while nothing else has grown (n, v)."""
    start = np.nan_to_num(product[:, :, 0])
    place = np.argsort(np.argsort(-start, axis=1, kind="stable"), axis=1)
    dominant = (place < DOMINANT)[:, :, None]
    sums = np.where(dominant, product, 0.0).sum(axis=1)
    fallen = sums[:, 1:] <= PARTIAL * sums[:, :1] * (1 + SLACK)
    others = any_along(~dominant & (product > product[:, :, :1] * (1 + SLACK)), 1)[:, 1:]
    larger = (found.spleen > found.spleen[:, :1]) | (found.liver > found.liver[:, :1])
    return fallen & ~others & ~larger[:, 1:]


def _grown(product: Floats, normal: Flags) -> Flags:
    """Whether a lesion of abnormal size is half as large again as at its smallest (n, v)."""
    now = product[:, :, 1:]
    larger = (now >= PROGRESSION * before(product) * (1 - SLACK)) & (now > 0)
    return any_along(larger & ~normal[:, :, 1:], 1)


def _relapsed(found: Findings, product: Floats, normal: Flags) -> Flags:
    """Whether known lesions are back after CR: one node by its length, several by their sum (n, v)."""
    long, short = found.long[:, :, 1:], found.short[:, :, 1:]
    longer = (long >= PROGRESSION * before(found.long) * (1 - SLACK)) & (short > SHORT_AXIS)
    node = found.node[:, :, None]
    alone = any_along((longer & node) | (~node & (long > 0)), 1)
    sums = product.sum(axis=1)
    rising = (product[:, :, 1:] > before(product)).sum(axis=1) > 1
    several = (sums[:, 1:] >= PROGRESSION * before(sums) * (1 - SLACK)) & rising
    return alone | (several & any_along(~normal[:, :, 1:], 1))


def _enlarging(organ: Floats) -> Flags:
    """Whether an organ is enlarged anew or half as large again as at its smallest (n, v)."""
    now = organ[:, 1:]
    return (now > 0) & (now >= PROGRESSION * before(organ) * (1 - SLACK))


def _involved_anew(found: Findings) -> Flags:
    """Whether the marrow is involved after it was seen to be clear (n, v)."""
    clear = found.marrow == Marrow.CLEAR
    return since(clear)[:, 1:] & (found.marrow[:, 1:] >= Marrow.NODULAR)
