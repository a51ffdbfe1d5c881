"""The comparison table: predicted beside reported, as text, Markdown, CSV and a JSON document."""

import csv
import io
import math
from typing import Any

import numpy as np

from il21.report.conduct import conduct_document, conduct_lines
from il21.report.rows import (
    TableRow,
    check_results,
    coverage,
    evaluable,
    failures,
    replicates_run,
    rows_of,
    verdict_of,
    verdict_word,
)
from il21.report.stamp import provenance_of, stamp
from il21.study.compare import LEAST_P
from il21.study.outcome import TrialReport, TrialResult

SCHEMA = "il21.trial-report"
VERSION = 1
HEADERS = (
    "trial", "category", "reported", "predicted median", "90 % interval", "joint p",
    "Monte-Carlo error", "verdict",
)  # fmt: skip
CSV_HEADERS = (
    "trial", "counted", "category", "reported", "evaluable", "median", "low", "high",
    "median_mc_error", "low_mc_error", "high_mc_error", "inside", "joint_p", "joint_p_mc_error",
    "verdict",
)  # fmt: skip
_NARROW = (
    "\nreported", "predicted\nmedian", "90 %\ninterval", "Monte-Carlo\nerror", "\njoint p",
    "\nverdict",
)  # fmt: skip
_STAR = f"* reported count outside its 90 % interval, or joint p below {LEAST_P:g}"
_MOST_REASONS = 3  # reasons of failure that the foot of a table names
_MOST_NAMED = 20  # failed patients that the document names for each reason
_LEAST_SHOWN = 0.001

Cells = list[list[str]]


def report_cells(report: TrialReport) -> tuple[tuple[str, ...], Cells]:
    """Return headers and rows of strings; trial, joint p and verdict stand in a trial's first row.

    Counts are patients, reported ones of those evaluable; the Monte-Carlo error is that of the
    median, then in brackets those of the low and the high end.

    Raises
    ------
    InputError
        If no trial was finished.
    """
    check_results(report)
    lines: Cells = []
    for result in report.results:
        for number, row in enumerate(rows_of(result, report.settings.seed)):
            first = number == 0
            lines.append([
                row.trial if first else "", row.category, _reported(row, result),
                f"{row.median:g}", f"{row.low:g}–{row.high:g}",
                joint_p_text(result) if first else "", _errors(row),
                verdict_of(result) if first else "",
            ])  # fmt: skip
    return HEADERS, lines


def report_footer(report: TrialReport) -> list[str]:
    """Return the lines under the table: coverage, patients run and failed, what made it."""
    found: list[str] = []
    if not report.complete:
        done = ", ".join(
            f"{r.trial.name} {replicates_run(r.patients)}"
            for r in report.results
            if not r.trial.pooled
        )
        found.append(
            f"INTERRUPTED: of {report.settings.replicates} replicates these were finished: {done}"
        )
    covered = coverage(report)
    if covered.rows:
        found.append(str(covered))
    found += conduct_lines(report)
    found.append(f"{report.patients:,} patients run, {failed_text(report)}")
    found.append(stamp(provenance_of(report)))
    found.append(
        "Predicted: evaluable patients, over replicates of the trial's size. Monte-Carlo error: "
        "standard deviation of joint p, of the median (and of the interval's ends)."
    )
    if any(not result.trial.counted for result in report.results):
        found.append("shown: for comparison, not counted")
    if report.note:
        found.append(f"Note: {report.note}")
    return found


def report_renderable(report: TrialReport) -> Any:
    """Return the table with its foot for ``rich.console.Console.print``; it fits 80 characters.

    A trial's own line carries joint p, its error and the verdict; a star is what lies outside.

    Raises
    ------
    InputError
        If no trial was finished.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    check_results(report)
    table = Table(
        title=Text(report.title, style="bold"), title_justify="left", box=SIMPLE_HEAD,
        padding=(0, 0), pad_edge=False, show_edge=False,
    )  # fmt: skip
    table.add_column("trial\n  category", overflow="fold", min_width=12)
    for name in _NARROW:
        table.add_column(name, justify="right", no_wrap=True)
    for number, result in enumerate(report.results):
        rows = rows_of(result, report.settings.seed)
        if number:
            table.add_row("")
        name, *cells = _trial_cells(result)
        table.add_row(Text(name, style="bold"), *(Text(cell, style="bold") for cell in cells))
        for row in rows:
            table.add_row(*(Text(cell) for cell in _row_cells(row, result)))
    stars = [Text(_STAR)] if _starred(report) else []
    return Group(table, Text(""), *stars, *(Text(line) for line in report_footer(report)))


def _trial_cells(result: TrialResult) -> list[str]:
    """Return a trial's own line: its name, joint p with its error, the verdict."""
    found = result.comparison
    p, _, error = joint_p_text(result).partition(" ± ")
    star = "*" if found and "joint p" in found.outside else ""
    error = f"±{error}" if error else ""
    return [result.trial.name, "", "", "", error, p + star, verdict_word(result)]


def _row_cells(row: TableRow, result: TrialResult) -> list[str]:
    """Return the line of a category; a star marks an interval that misses the reported count."""
    star = "*" if row.inside is False else ""
    return [
        f"  {row.category}", _reported(row, result), f"{row.median:g}",
        f"{row.low:g}–{row.high:g}{star}", _errors(row), "", "",
    ]  # fmt: skip


def _starred(report: TrialReport) -> bool:
    return any(result.comparison and result.comparison.outside for result in report.results)


def report_markdown(report: TrialReport) -> str:
    """Return the table as Markdown, its foot as a list below."""
    headers, lines = report_cells(report)
    rule = ["---" if name in ("trial", "category", "verdict") else "---:" for name in headers]
    rows = [list(headers), rule, *lines]
    body = ["| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in rows]
    foot = [f"- {_escaped(line)}" for line in report_footer(report)]
    return "\n".join([f"# {_escaped(report.title)}", "", *body, "", *foot, ""])


def report_csv(report: TrialReport) -> str:
    """Return the table as CSV, one line a category, in patients; what is not known is empty."""
    check_results(report)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_HEADERS)
    for result in report.results:
        found = result.comparison
        for row in rows_of(result, report.settings.seed):
            writer.writerow([
                row.trial, _yes(result.trial.counted), row.category, _plain(row.reported),
                _plain(found and found.evaluable),
                *(f"{x:g}" for x in (row.median, row.low, row.high)),
                *(_plain(x) for x in (row.median_error, row.low_error, row.high_error)),
                "" if row.inside is None else _yes(row.inside), _plain(found and found.joint_p),
                _plain(found and found.joint_p_error), found.verdict if found else "",
            ])  # fmt: skip
    return out.getvalue()


def report_document(report: TrialReport) -> dict[str, Any]:
    """Return the report as a JSON document: numbers, text and null, with its schema.

    Counts are patients, shares parts of the evaluable patients, errors Monte-Carlo SDs; a number
    that is not known is null.
    """
    check_results(report)
    settings = report.settings
    covered = coverage(report)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "name": report.name,
        "title": report.title,
        "note": report.note,
        "complete": report.complete,
        "provenance": provenance_of(report),
        "settings": {
            "seed": settings.seed, "replicates": settings.replicates,
            "uncertainty": settings.uncertainty, "variability": settings.variability,
        },
        "patients": report.patients,
        "failed": report.failed,
        "coverage": {"inside": covered.inside, "rows": covered.rows, "interval": 0.9},
        "trials": [_trial(result, settings.seed) for result in report.results],
    }  # fmt: skip


def _trial(result: TrialResult, seed: int) -> dict[str, Any]:
    trial, table, found = result.trial, result.patients, result.comparison
    return {
        "name": trial.name,
        "title": trial.title,
        "source": trial.source,
        "counted": trial.counted,
        "pooled": list(trial.pooled),
        "size": trial.size,
        "replicates": replicates_run(table),
        "patients": len(table),
        "evaluable": found.evaluable if found else None,
        "evaluable_predicted": float(
            (table.evaluable & ~table.failed).sum() / replicates_run(table)
        ),
        "shares": {name: _number(share) for name, share in result.shares.items()},
        "categories": [_category(row) for row in rows_of(result, seed)],
        "joint_p": _number(found.joint_p) if found else None,
        "joint_p_error": _number(found.joint_p_error) if found else None,
        "verdict": found.verdict if found else None,
        "outside": list(found.outside) if found else [],
        "failed": result.failed,
        "failures": [_failure(result, reason, number) for reason, number in failures(table)],
        **({"conduct": conduct_document(result)} if result.conduct is not None else {}),
    }


def _category(row: TableRow) -> dict[str, Any]:
    return {
        "category": row.category, "responses": list(row.members), "reported": row.reported,
        "median": _number(row.median), "low": _number(row.low), "high": _number(row.high),
        "median_error": _number(row.median_error), "low_error": _number(row.low_error),
        "high_error": _number(row.high_error), "inside": row.inside,
    }  # fmt: skip


def _failure(result: TrialResult, reason: str, number: int) -> dict[str, Any]:
    table = result.patients
    rows = np.flatnonzero(table.failed & (table.reason == reason))[:_MOST_NAMED]
    first = [
        {"replicate": int(table.replicate[k]), "patient": int(table.patient[k]),
         "arm": str(table.arm[k]), "dose": str(table.dose[k])}
        for k in rows
    ]  # fmt: skip
    return {"reason": reason, "patients": number, "first": first}


def failed_text(report: TrialReport) -> str:
    """Return how many patients failed and why, over all trials that are not pooled ones."""
    if not report.failed:
        return "none failed"
    total: dict[str, int] = {}
    for result in report.results:
        if not result.trial.pooled:
            for reason, number in failures(result.patients):
                total[reason] = total.get(reason, 0) + number
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    named = "; ".join(f"{number:,} × {reason}" for reason, number in ranked[:_MOST_REASONS])
    rest = sum(number for _, number in ranked[_MOST_REASONS:])
    more = f"; {rest:,} for other reasons" if rest else ""
    return f"{report.failed:,} failed and left out ({named}{more})"


def joint_p_text(result: TrialResult) -> str:
    """Return joint p with its Monte-Carlo error, e.g. "0.41 ± 0.03"; empty if none was reported."""
    found = result.comparison
    if found is None:
        return ""
    places = 2 if found.joint_p >= 0.1 else 3
    if found.joint_p < _LEAST_SHOWN:
        return f"<{_LEAST_SHOWN:g}"
    p = f"{found.joint_p:.{places}f}"
    if not math.isfinite(found.joint_p_error):
        return p
    return f"{p} ± {found.joint_p_error:.{places}f}"


def _reported(row: TableRow, result: TrialResult) -> str:
    return "–" if row.reported is None else f"{row.reported}/{evaluable(result):g}"


def _errors(row: TableRow) -> str:
    return f"{row.median_error:.1f} ({row.low_error:.1f}, {row.high_error:.1f})"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _plain(value: float | int | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
