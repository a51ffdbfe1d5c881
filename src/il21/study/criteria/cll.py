"""Chronic lymphocytic leukaemia by the NCI working group of 1996: CR, nodular PR, PR, SD, PD.

Cheson et al. 1996, Blood 87:4990, as quoted by others (medicalalgorithms.com; the CIBMTR manual and
PMC2972576 for the update of 2008, whose limit of 15 mm for a node stands in for "no lymphadenopathy").
Two months are eight weeks here.  Growth of nodes is taken from one reading, not from two a fortnight
apart.
"""

import numpy as np

from il21.errors import InputError
from il21.study.criteria.recist import NON_TARGET_LEFT
from il21.study.criteria.records import (
    CR,
    NE,
    NPR,
    PD,
    PR,
    SD,
    SLACK,
    Blood,
    Codes,
    Findings,
    Flags,
    Floats,
    Marrow,
    NonTarget,
    all_along,
    any_along,
    before,
)

LYMPHOCYTES = 4.0  # 10^9/L, no more in CR
NEUTROPHILS = 1.5  # 10^9/L, at least
PLATELETS = 100.0  # 10^9/L, more than
HAEMOGLOBIN = 11.0  # g/dL, more than
MARROW = 30.0  # per cent lymphocytes, less than
NODE = 15.0  # mm, longest diameter of a node that is no lymphadenopathy
HALF = 0.50  # PR at or below this part of the baseline
BETTER = 1.50  # blood counts have recovered at this multiple of the baseline
PROGRESSION = 1.50  # PD at or above this multiple of the smallest
LARGE_NODE = 20.0  # mm, that one growing node must measure
LYMPHOCYTOSIS = 5.0  # 10^9/L, that rising lymphocytes must reach
CONFIRM_AFTER = 56.0  # days that CR and PR must last


def read_cll(found: Findings) -> Codes:
    """Return the response at each visit (n, v).

    CR: counts, marrow, nodes, liver and spleen normal, no symptoms.  Nodular PR: the same but for
    lymphoid nodules in the marrow.  PR: lymphocytes, nodes, liver and spleen halved where they
    were abnormal, and one of three counts recovered.  PD: any of them half as large again, new
    nodes or organs, transformation.  Without lymphocytes or nodes read, a visit is NE unless PD.

    Raises
    ------
    InputError
        If there are no blood counts.
    """
    blood = found.blood
    if blood is None:
        raise InputError("NCI-WG 1996 needs blood counts; give `blood`")
    nodes = np.where(found.has[:, :, None], found.long * found.short, 0.0)
    spd = nodes.sum(axis=1)
    left = np.isin(found.non_target[:, 1:], NON_TARGET_LEFT)
    codes = np.full(found.new.shape, SD, np.int8)
    codes[_halved(found, blood, spd) & _recovered(blood)] = PR
    whole = _normal(found, blood) & ~left
    nodules = found.marrow[:, 1:] == Marrow.NODULAR
    codes[whole & nodules] = NPR
    codes[whole & ~nodules] = CR
    unread = np.isnan(blood.lymphocytes[:, 1:]) | np.isnan(spd[:, 1:])
    codes[unread] = NE
    codes[_progressed(found, blood, nodes, spd)] = PD
    codes[np.isnan(blood.lymphocytes[:, 0]) | np.isnan(spd[:, 0])] = NE
    return codes


def _normal(found: Findings, blood: Blood) -> Flags:
    """Whether all that CR asks for is there at each visit (n, v); what was not done is not."""
    counts = (
        (blood.lymphocytes <= LYMPHOCYTES + SLACK) & (blood.neutrophils >= NEUTROPHILS - SLACK)
        & (blood.platelets > PLATELETS + SLACK) & (blood.haemoglobin > HAEMOGLOBIN + SLACK)
        & (blood.marrow_lymphocytes < MARROW - SLACK)
    )  # fmt: skip
    nodes = all_along((found.long <= NODE) | ~found.has[:, :, None], 1)
    organs = (found.spleen == 0) & (found.liver == 0)
    return (counts & nodes & organs & ~blood.symptoms)[:, 1:]


def _halved(found: Findings, blood: Blood, spd: Floats) -> Flags:
    """Whether each of what was abnormal at baseline has halved (n, v)."""
    halved = np.ones(found.new.shape, np.bool_)
    for size, limit in (
        (blood.lymphocytes, LYMPHOCYTES), (spd, 0.0), (found.spleen, 0.0), (found.liver, 0.0),
    ):  # fmt: skip
        start = size[:, :1]
        halved &= (start <= limit) | (size[:, 1:] <= HALF * start * (1 + SLACK))
    return halved


def _recovered(blood: Blood) -> Flags:
    """Whether one of neutrophils, platelets and haemoglobin is normal or half better (n, v)."""
    recovered = blood.neutrophils[:, 1:] >= NEUTROPHILS - SLACK
    recovered |= blood.platelets[:, 1:] > PLATELETS + SLACK
    recovered |= blood.haemoglobin[:, 1:] > HAEMOGLOBIN + SLACK
    for count in (blood.neutrophils, blood.platelets, blood.haemoglobin):
        recovered |= count[:, 1:] >= BETTER * count[:, :1] * (1 - SLACK)
    return recovered


def _progressed(found: Findings, blood: Blood, nodes: Floats, spd: Floats) -> Flags:
    """Whether there is progression of any kind at each visit (n, v)."""
    several = (np.nan_to_num(nodes[:, :, 1:]) > 0).sum(axis=1) > 1
    large = any_along(np.nan_to_num(found.long[:, :, 1:]) >= LARGE_NODE - SLACK, 1)
    worse = _risen(spd) & several & large
    worse |= _risen(blood.lymphocytes) & (blood.lymphocytes[:, 1:] >= LYMPHOCYTOSIS - SLACK)
    for organ in (found.spleen, found.liver):
        worse |= _risen(organ) & (organ[:, 1:] > 0)
    worse |= (found.new > 0) | blood.transformed[:, 1:]
    return worse | (found.non_target[:, 1:] == NonTarget.PROGRESSED)


def _risen(size: Floats) -> Flags:
    return size[:, 1:] >= PROGRESSION * before(size) * (1 - SLACK)
