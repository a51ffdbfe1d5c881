"""Change of the sum of diameters from baseline, as a trial sees it: nobody is read after PD."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.errors import InputError
from il21.study.compare import LEVELS
from il21.study.outcome import TrialResult
from il21.study.response import find_criteria, visit_responses

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Changes:
    """Readings of n patients at v visits, in % of the baseline sum of diameters.

    ``change`` (n, v) is NaN where there is no reading; ``on_study`` (n, v) is true until the visit
    of the first PD, that visit included; ``best`` (n,) is the lowest change on study, NaN without
    one; ``progressed`` (n,) says whether there was a PD, ``by_new_lesion`` (n,) whether a new
    lesion had appeared by then; ``drawn`` (n,) who is evaluable, was integrated and has a best change.
    """

    change: Floats
    on_study: Flags
    best: Floats
    progressed: Flags
    by_new_lesion: Flags
    drawn: Flags
    visits: Floats


def changes_of(result: TrialResult) -> Changes:
    """Return the changes of every patient of a trial.

    Raises
    ------
    InputError
        If the trial pools others that have other visits.
    """
    table = result.patients
    if table.sums.shape[1] != 1 + len(table.visits):
        raise InputError(
            f"trial {result.trial.name}: pools trials with different visits; draw each of them"
        )
    baseline = np.where(table.sums[:, :1] > 0, table.sums[:, :1], np.nan)
    change = 100.0 * (table.sums[:, 1:] / baseline - 1.0)
    new = table.new_lesion_day[:, None] <= table.visits
    seen = visit_responses(table.sums, new, find_criteria(result.trial.response.criteria))
    progression = seen == "PD"
    on_study = np.cumsum(progression, axis=1) - progression == 0
    kept = np.where(on_study & np.isfinite(change), change, np.inf)
    best = kept.min(axis=1)
    best[~np.isfinite(best)] = np.nan
    return Changes(
        change=change, on_study=on_study, best=best, progressed=progression.any(axis=1),
        by_new_lesion=(progression & new & on_study).any(axis=1),
        drawn=table.evaluable & ~table.failed & np.isfinite(best), visits=table.visits,
    )  # fmt: skip


def one_replicate(result: TrialResult, replicate: int | None) -> Flags:
    """Return which patients belong to a replicate, the first by default.

    Raises
    ------
    InputError
        If it was not run.
    """
    have = result.patients.replicate
    wanted = int(have.min()) if replicate is None else replicate
    chosen = have == wanted
    if not chosen.any():
        raise InputError(
            f"trial {result.trial.name}: there is no replicate {wanted}; "
            f"there are {have.min()} to {have.max()}"
        )
    return np.asarray(chosen)


def ranked_band(best: Floats, replicate: NDArray[np.int64], ranks: int) -> Floats:
    """Return low, median and high (3, ranks) over replicates of the change at each rank.

    A replicate's changes are ranked from the highest to the lowest and read at ``ranks`` even
    places, so that replicates with other numbers of patients compare; ends as in the table (90 %).

    >>> ranked_band(np.array([3.0, 1.0, 4.0, 2.0]), np.array([0, 0, 1, 1]), 2)[1].tolist()
    [3.5, 1.5]
    """
    if ranks == 0:
        return np.zeros((len(LEVELS), 0))
    places = 1.0 - (np.arange(ranks) + 0.5) / ranks
    rows = [
        np.quantile(best[replicate == number], places, method="hazen")
        for number in np.unique(replicate)
    ]
    return np.asarray(np.quantile(rows, LEVELS, axis=0), np.float64)


def median_on_study(changes: Changes, who: Flags) -> tuple[Floats, NDArray[np.int64]]:
    """Return the median change (v,) of those read on study at each visit, and how many they are.

    The median is NaN at a visit without readings.
    """
    read = who[:, None] & changes.on_study & np.isfinite(changes.change)
    number = read.sum(axis=0)
    middle = np.full(len(changes.visits), np.nan)
    for visit in np.flatnonzero(number):
        middle[visit] = np.median(changes.change[read[:, visit], visit])
    return middle, number
