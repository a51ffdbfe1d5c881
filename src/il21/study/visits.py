"""The days on which patients are seen."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from il21.errors import InputError


def rising_days(visits: ArrayLike, last: float = np.inf) -> NDArray[np.float64]:
    """Return the visits as an array (v,) of days after the first dose.

    Raises
    ------
    InputError
        If there is none, they do not rise, one is not after day 0 or one is after ``last``.

    Examples
    --------
    >>> rising_days([42, 84]).tolist()
    [42.0, 84.0]
    """
    days = np.asarray(visits, np.float64)
    if days.ndim != 1 or days.size == 0:
        raise InputError("visits: expected a list of at least one day, e.g. 42, 84")
    if not np.isfinite(days).all() or days[0] <= 0 or np.any(np.diff(days) <= 0):
        listed = ", ".join(f"{day:g}" for day in days[:8])
        raise InputError(f"visits {listed}: expected rising days after 0")
    if days[-1] > last:
        raise InputError(f"visit on day {days[-1]:g}: the run ends on day {last:g}; run longer")
    return days
