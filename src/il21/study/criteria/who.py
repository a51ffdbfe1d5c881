"""WHO criteria: products of two diameters, each lesion watched by itself for growth.

WHO handbook for reporting results of cancer treatment, 1979, and Miller et al. 1981, Cancer 47:207, as
quoted by others (PMC2755245, PMC6936240, PMC5392484).  Growth of a lesion is taken from its smallest
product before, which the tables leave open.  CR and PR always need a second reading 4 weeks on.
"""

import numpy as np

from il21.study.criteria.recist import back_after_cr, combine
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
    any_along,
    before,
)

PARTIAL = 0.50  # PR at or below this part of the baseline sum of products
PROGRESSION = 1.25  # PD at or above this multiple of a lesion's smallest product
CONFIRM_AFTER = 28.0  # days


def read_who(found: Findings) -> Codes:
    """Return the response at each visit (n, v).

    CR: nothing left.  PD: any one lesion a quarter larger than it was at its smallest, one that
    had gone is seen again, a new lesion, or clear growth elsewhere.  PR: sum of products halved.
    """
    product = found.long * found.short
    has = found.has
    sums = np.where(has[:, :, None], product, 0.0).sum(axis=1)
    sums[~any_along(has, 1)] = np.nan
    disease = left_over(found)
    smallest, now = before(product), product[:, :, 1:]
    grown = any_along((now >= PROGRESSION * smallest * (1 - SLACK)) & (now > 0), 1)
    codes = np.full(disease.shape, SD, np.int8)
    codes[sums[:, 1:] <= PARTIAL * sums[:, :1] * (1 + SLACK)] = PR
    codes[np.isnan(sums[:, 1:])] = NE
    codes[~np.isnan(sums[:, 1:]) & ~disease] = CR
    codes[grown] = PD
    codes[~(sums[:, 0] > 0)] = NE
    return back_after_cr(combine(codes, any_along(has, 1), found), disease, found)


def left_over(found: Findings) -> Flags:
    """Return whether any target lesion is seen at each visit (n, v), of any size."""
    return any_along(found.long > 0, 1)[:, 1:]
