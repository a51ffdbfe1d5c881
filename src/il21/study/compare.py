"""Held against what was reported: predicted counts, the joint p of the table, one stated verdict.

A replicate is one run of the trial with its own parameter draw and fresh patients; a table is the
counts of one trial by category, patients that were not evaluable left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from il21.errors import InputError, UnknownNameError, suggest
from il21.study.draws import uniforms
from il21.study.response import RESPONSES

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

LEVELS = (0.05, 0.5, 0.95)  # the 90 % interval and the median
LEAST_P = 0.05  # joint p below which a table lies outside
_MOST_TABLES = 500_000
_GROUPS = 20  # groups of replicates left out in turn
_BLOCK = 4_000_000  # probabilities held at a time
_TIE = 1e-9  # two tables whose probabilities differ by less are equally probable


@dataclass(frozen=True, kw_only=True)
class Row:
    """One category: what was reported, what was predicted, each with its Monte-Carlo error (SD)."""

    category: str
    reported: int
    median: float
    low: float
    high: float
    median_error: float
    low_error: float
    high_error: float

    @property
    def inside(self) -> bool:
        """Whether the reported count lies within the predicted 90 % interval, ends included."""
        return self.low <= self.reported <= self.high


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A trial's table against its prediction; ``joint_p_error`` is a Monte-Carlo SD."""

    rows: tuple[Row, ...]
    joint_p: float
    joint_p_error: float
    evaluable: int
    replicates: int

    @property
    def outside(self) -> tuple[str, ...]:
        """Categories whose count lies outside its interval, then "joint p" if that is too small."""
        names = tuple(row.category for row in self.rows if not row.inside)
        return (*names, "joint p") if self.joint_p < LEAST_P else names

    @property
    def verdict(self) -> str:
        """``inside`` if each count is within its interval and joint p >= 0.05, else ``outside``."""
        return "outside" if self.outside else "inside"


def draw_evaluable(
    seed: int, ids: ArrayLike, rate: float, *, replicate: ArrayLike = 0, trial: str = ""
) -> NDArray[np.bool_]:
    """Return which patients have a reading: each lacks one with probability ``rate``, by itself.

    ``rate`` is the reported share of patients that were not evaluable; keys and shapes are those
    of `il21.study.draws.uniforms`.  It is drawn, and never counted as a prediction.

    >>> bool(draw_evaluable(1, [0, 1, 2], 0.0).all())
    True
    """
    if not 0 <= rate < 1:
        raise InputError(f"not evaluable {rate:g}: expected a share of patients from 0 to below 1")
    return uniforms(seed, "evaluable", ids, replicate=replicate, trial=trial) >= rate


def tally(
    best: ArrayLike,
    groups: Sequence[tuple[str, Sequence[str]]],
    evaluable: ArrayLike | None = None,
) -> Counts:
    """Return the table of each replicate (R, k): patients by category.

    Parameters
    ----------
    best
        Best responses (R, n), as `il21.study.response.best_responses` names them.
    groups
        Categories and the responses that each holds, e.g. ``(("response", ("CR", "PR")), ...)``.
    evaluable
        Who has a reading (R, n); the others are left out, as are responses of no category.

    Raises
    ------
    InputError
        If there are no patients, shapes differ, or a response stands in two categories.
    UnknownNameError
        If a category holds something that is not a response.

    Examples
    --------
    >>> tally([["CR", "SD"], ["PD", "PD"]], (("response", ("CR", "PR")), ("SD", ("SD",)))).tolist()
    [[1, 1], [0, 0]]
    """
    responses = np.asarray(best)
    if responses.ndim != 2 or responses.size == 0:
        raise InputError("no patients: expected best responses (replicates, patients)")
    kept = np.ones(responses.shape, bool) if evaluable is None else np.asarray(evaluable)
    if kept.shape != responses.shape or kept.dtype != np.bool_:
        raise InputError(f"evaluable: expected true or false for each of {responses.shape}")
    seen: set[str] = set()
    for category, members in groups:
        for name in members:
            if name not in RESPONSES:
                raise UnknownNameError(
                    f"category {category}: '{name}' is not a response{suggest(name, RESPONSES)}"
                )
            if name in seen:
                raise InputError(f"category {category}: {name} stands in two categories")
            seen.add(name)
    columns = [(np.isin(responses, list(members)) & kept).sum(axis=1) for _, members in groups]
    return np.asarray(np.stack(columns, axis=1), np.int64)


def category_probabilities(
    tables: ArrayLike, *, smoothing: float = 0.5, correct_noise: bool = True
) -> Floats:
    """Return the category probabilities of each parameter draw (R, k) from its patients' table.

    With ``correct_noise`` the shares are drawn towards their mean over draws until they vary as
    much as the true probabilities do: what shares of few patients vary too much, the multinomial
    noise, is taken out by the method of moments (Louis 1984, J Am Stat Assoc 79:393).
    Without it the noise of a trial counts twice, and a joint p from a trial's own handful of
    patients is far too large.  ``smoothing`` patients are added to each category: of the mean
    with ``correct_noise`` (so that a share is never zero), of every draw without.

    Parameters
    ----------
    tables
        Counts (R, k) of each draw's evaluable patients; any number of patients a draw.

    Raises
    ------
    InputError
        If there are no patients or a count is negative.

    Examples
    --------
    >>> category_probabilities([[1, 3], [3, 1]], correct_noise=False).tolist()
    [[0.3, 0.7], [0.7, 0.3]]
    """
    counts = _counts(tables).astype(np.float64)
    patients, categories = counts.sum(axis=1, keepdims=True), counts.shape[1]
    if patients.sum() == 0:
        raise InputError("no patients: every table is empty")
    if not correct_noise:
        return (counts + smoothing) / (patients + smoothing * categories)
    mean = (counts.sum(axis=0) + smoothing) / (patients.sum() + smoothing * categories)
    some = patients[:, 0] > 0
    shares = np.where(patients > 0, counts / np.maximum(patients, 1), mean)
    noise = float((1 / patients[some]).mean())
    spread = float(((shares[some] - mean) ** 2).sum() / some.sum() / (mean * (1 - mean)).sum())
    true = max(0.0, (spread - noise) / (1 - noise)) if noise < 1 else 0.0
    expected = true + (1 - true) / np.maximum(patients, 1)
    return np.asarray(mean + np.sqrt(true / expected) * (shares - mean), np.float64)


def possible_tables(patients: int, categories: int) -> Counts:
    """Return every table (t, k) of so many patients in so many categories.

    >>> possible_tables(2, 2).tolist()
    [[0, 2], [1, 1], [2, 0]]
    """
    if patients < 0 or categories < 1:
        raise InputError("no table: expected patients from 0 on and categories from 1 on")
    count = comb(patients + categories - 1, categories - 1)
    if count > _MOST_TABLES:
        raise InputError(
            f"{patients} patients in {categories} categories make {count} tables; group categories"
        )
    bars = np.array(list(combinations(range(patients + categories - 1), categories - 1)), np.int64)
    bars = bars.reshape(count, categories - 1)
    first = np.full((count, 1), -1)
    last = np.full((count, 1), patients + categories - 1)
    return np.diff(np.concatenate([first, bars, last], axis=1), axis=1) - 1


def table_probabilities(tables: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Return the probability of each table (t,) under the mixture of draws.

    A table has multinomial probability under each row of ``probabilities`` (R, k), all of equal
    weight.

    >>> table_probabilities([[2, 0], [1, 1]], [[0.5, 0.5]]).round(9).tolist()
    [0.25, 0.5]
    """
    counts, chance = _counts(tables), _probabilities(probabilities)
    if counts.shape[1] != chance.shape[1]:
        raise InputError(
            f"tables of {counts.shape[1]} and probabilities of {chance.shape[1]} categories"
        )
    log_chance = np.where(chance > 0, np.log(np.maximum(chance, 1e-300)), -1e6)
    ways = gammaln(counts.sum(axis=1) + 1) - gammaln(counts + 1).sum(axis=1)
    block = max(1, _BLOCK // len(chance))
    parts = [
        np.exp(log_chance @ counts[i : i + block].T + ways[i : i + block]).mean(axis=0)
        for i in range(0, len(counts), block)
    ]
    return np.asarray(np.concatenate(parts), np.float64)


def joint_p(reported: Sequence[int], probabilities: ArrayLike) -> float:
    """Return the probability, under the mixture of draws, of a table as probable or less.

    ``reported`` are the counts (k,), ``probabilities`` (R, k) those of each draw.  Every table of
    as many patients is enumerated, so the p is exact for the given probabilities.

    >>> joint_p([0, 2], [[0.5, 0.5]])
    0.5
    """
    observed = _reported(reported)
    tables = possible_tables(int(observed.sum()), len(observed))
    return _joint(table_probabilities(tables, probabilities), tables, observed)


def compare(
    categories: Sequence[str],
    reported: Sequence[int],
    counts: ArrayLike,
    probabilities: ArrayLike | None = None,
    *,
    seed: int = 0,
    resamples: int = 200,
) -> Comparison:
    """Return the reported counts beside their prediction: median, 90 % interval, joint p, errors.

    Medians and interval ends are counts that occurred (inverse of the distribution function).
    Their Monte-Carlo errors are SDs over ``resamples`` bootstrap samples of the replicates; that of
    joint p is the jackknife over 20 groups of replicates, which repeats the noise correction too.

    Parameters
    ----------
    categories, reported
        Names and reported counts (k,) of evaluable patients; together they are the whole table.
    counts
        Tables (R, k) of the replicates, from `tally`.
    probabilities
        Category probabilities (R, k) of the same draws; from ``counts`` if not given.

    Raises
    ------
    InputError
        If there are no patients or replicates, shapes differ, or a number is impossible.

    Examples
    --------
    >>> counts = [[1, 9], [2, 8], [2, 8], [3, 7]] * 25
    >>> compare(["response", "other"], [2, 8], counts).verdict
    'inside'
    """
    observed, tables = _reported(reported), _counts(counts)
    given = None if probabilities is None else _probabilities(probabilities)
    chance = category_probabilities(tables) if given is None else given
    if not len(categories) == len(observed) == tables.shape[1] or chance.shape != tables.shape:
        raise InputError(
            f"{len(categories)} categories, {len(observed)} reported counts, counts of shape "
            f"{tables.shape}, probabilities of shape {chance.shape}: expected k, k, (R, k), (R, k)"
        )
    possible = possible_tables(int(observed.sum()), len(observed))
    p = _joint(table_probabilities(possible, chance), possible, observed)
    return Comparison(
        rows=_rows(categories, observed, tables, seed, resamples),
        joint_p=p,
        joint_p_error=_joint_error(observed, possible, tables, given),
        evaluable=int(observed.sum()),
        replicates=len(tables),
    )


def _rows(
    categories: Sequence[str], observed: Counts, tables: Counts, seed: int, resamples: int
) -> tuple[Row, ...]:
    replicates = len(tables)
    drawn = uniforms(
        seed, "compare/bootstrap", np.arange(resamples)[:, None], item=np.arange(replicates)[None]
    )
    again = np.floor(drawn * replicates).astype(np.int64)
    figures = _quantiles(tables[None])[:, 0]
    errors = _quantiles(tables[again]).std(axis=1)
    return tuple(
        Row(
            category=name, reported=int(observed[i]),
            low=float(figures[0, i]), median=float(figures[1, i]), high=float(figures[2, i]),
            low_error=float(errors[0, i]), median_error=float(errors[1, i]),
            high_error=float(errors[2, i]),
        )
        for i, name in enumerate(categories)
    )  # fmt: skip


def _joint_error(observed: Counts, possible: Counts, tables: Counts, given: Floats | None) -> float:
    """Return the jackknife SD of joint p, groups of replicates left out; NaN with one replicate."""
    groups = min(_GROUPS, len(tables))
    if groups < 2:
        return float("nan")
    group = np.arange(len(tables)) % groups
    without = []
    for number in range(groups):
        rest = group != number
        chance = category_probabilities(tables[rest]) if given is None else given[rest]
        without.append(_joint(table_probabilities(possible, chance), possible, observed))
    return float(np.std(without) * np.sqrt(groups - 1))


def _joint(chances: Floats, tables: Counts, reported: Counts) -> float:
    """Add up the probabilities (t,) of the tables that are as probable as the reported or less."""
    here = np.flatnonzero((tables == reported).all(axis=1))[0]
    return min(1.0, float(chances[chances <= chances[here] * (1 + _TIE)].sum()))


def _quantiles(tables: Counts) -> Floats:
    """Low, median and high (3, b, k) of tables (b, R, k)."""
    found = np.quantile(tables, LEVELS, axis=1, method="inverted_cdf")
    return np.asarray(found, np.float64)


def _counts(values: ArrayLike) -> Counts:
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0:
        raise InputError("no tables: expected counts (replicates, categories)")
    if array.dtype.kind not in "iu" or np.any(array < 0):
        raise InputError("counts: expected whole numbers of patients from 0 on")
    return array.astype(np.int64)


def _reported(values: Sequence[int]) -> Counts:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or np.any(array < 0) or array.sum() == 0:
        raise InputError(
            "reported counts: expected whole numbers from 0 on, of at least one patient"
        )
    return array.astype(np.int64)


def _probabilities(values: ArrayLike) -> Floats:
    array = np.asarray(values, np.float64)
    if array.ndim != 2 or array.size == 0:
        raise InputError("no probabilities: expected (replicates, categories)")
    if not np.isfinite(array).all() or np.any(array < 0):
        raise InputError("probabilities: expected numbers from 0 to 1")
    if np.any(np.abs(array.sum(axis=1) - 1) > 1e-6):
        raise InputError("probabilities: the categories of a draw do not add up to 1")
    return array
