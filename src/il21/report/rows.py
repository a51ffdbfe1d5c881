"""The rows behind every form of the comparison table, and the counts that stand under it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from il21.errors import InputError
from il21.study.compare import LEVELS
from il21.study.draws import uniforms
from il21.study.outcome import TrialReport, TrialResult
from il21.study.response import RESPONSES
from il21.study.trial import PatientTable, counts

_EACH = tuple((name, (name,)) for name in reversed(RESPONSES))  # CR, PR, SD, PD, NE
_RESAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One category of one trial, in patients; errors are Monte-Carlo standard deviations.

    ``members`` are the best responses that the category holds; ``reported`` is None where nothing
    was reported.
    """

    trial: str
    category: str
    members: tuple[str, ...]
    reported: int | None
    median: float
    low: float
    high: float
    median_error: float
    low_error: float
    high_error: float

    @property
    def inside(self) -> bool | None:
        """Whether the reported count lies within the 90 % interval, ends included."""
        return None if self.reported is None else self.low <= self.reported <= self.high


@dataclass(frozen=True)
class Coverage:
    """How many rows of counted trials lie inside their 90 % interval, of how many."""

    inside: int
    rows: int

    def __str__(self) -> str:
        rows = "row" if self.rows == 1 else "rows"
        return f"{self.inside} of {self.rows} {rows} inside their 90 % interval (counted trials)"


def rows_of(result: TrialResult, seed: int = 0) -> tuple[TableRow, ...]:
    """Return the rows of a trial: as it was reported, or each best response if nothing was.

    ``seed`` keys the resampling behind the errors of a trial without reported counts.
    """
    trial = result.trial
    if result.comparison is None or trial.reported is None:
        return _unreported(result, seed)
    members = dict(trial.reported.groups)
    return tuple(
        TableRow(
            trial=trial.name, category=row.category, members=tuple(members[row.category]),
            reported=row.reported, median=row.median, low=row.low, high=row.high,
            median_error=row.median_error, low_error=row.low_error, high_error=row.high_error,
        )
        for row in result.comparison.rows
    )  # fmt: skip


def _unreported(result: TrialResult, seed: int) -> tuple[TableRow, ...]:
    tables = counts(result.patients, _EACH)
    index = np.arange(len(tables))
    drawn = uniforms(seed, "report/bootstrap", np.arange(_RESAMPLES)[:, None], item=index[None])
    again = tables[np.floor(drawn * len(tables)).astype(np.int64)]
    low, median, high = np.quantile(tables, LEVELS, axis=0, method="inverted_cdf")
    errors = np.quantile(again, LEVELS, axis=1, method="inverted_cdf").std(axis=1)
    return tuple(
        TableRow(
            trial=result.trial.name, category=name, members=members, reported=None,
            median=float(median[k]), low=float(low[k]), high=float(high[k]),
            low_error=float(errors[0, k]), median_error=float(errors[1, k]),
            high_error=float(errors[2, k]),
        )
        for k, (name, members) in enumerate(_EACH)
    )  # fmt: skip


def evaluable(result: TrialResult) -> float:
    """Return the evaluable patients of the trial: as reported, else the mean over replicates."""
    if result.comparison is not None:
        return float(result.comparison.evaluable)
    table = result.patients
    return float((table.evaluable & ~table.failed).sum() / replicates_run(table))


def replicates_run(table: PatientTable) -> int:
    """Return how many replicates the table holds."""
    return len(np.unique(table.replicate))


def coverage(report: TrialReport) -> Coverage:
    """Return how many rows of the counted trials lie inside their 90 % interval."""
    rows = [
        row
        for result in report.results
        if result.trial.counted and result.comparison is not None
        for row in result.comparison.rows
    ]
    return Coverage(sum(row.inside for row in rows), len(rows))


def failures(table: PatientTable) -> list[tuple[str, int]]:
    """Return each reason why patients could not be integrated, and how many; most first."""
    found = Counter(str(reason) for reason in table.reason[table.failed])
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def verdict_word(result: TrialResult) -> str:
    """Return ``inside`` or ``outside``, ``shown`` for a trial that is not counted, or why not."""
    if not result.trial.counted:
        return "shown"
    return result.comparison.verdict if result.comparison else "none reported"


def verdict_of(result: TrialResult) -> str:
    """Return the verdict in full: what lies outside by name, and whether it is only shown."""
    word, found = verdict_word(result), result.comparison
    if found is None:
        return word
    text = found.verdict + (": " + ", ".join(found.outside) if found.outside else "")
    return text if result.trial.counted else f"{word} ({text})"


def check_results(report: TrialReport) -> None:
    """Raise InputError if the report holds no trial."""
    if not report.results:
        raise InputError(f"report {report.name}: no trial was finished; run it again")
