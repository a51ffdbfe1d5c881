"""How a trial was conducted, in lines under the table and as part of the JSON document."""

from typing import Any

import numpy as np

from il21.study.conduct.records import Conducted, Ladder
from il21.study.outcome import TrialReport, TrialResult


def conduct_lines(report: TrialReport) -> list[str]:
    """Return the lines about conducted trials: who entered and left, doses, and the escalation.

    Figures are means a replicate; without a conducted trial there are no lines.
    """
    found: list[str] = []
    for result in report.results:
        if result.conduct is not None:
            found += _lines(result, result.conduct)
    return found


def _lines(result: TrialResult, found: Conducted) -> list[str]:
    numbers = conduct_document(result)
    name = result.trial.name
    lines = [
        f"{name}, a replicate: {numbers['enrolled']:.1f} enrolled, {numbers['ineligible']:.1f} "
        f"ineligible, {numbers['dropped']:.1f} dropped out, {numbers['died']:.1f} died; doses held "
        f"{numbers['holds']:.1f}, reduced {numbers['reductions']:.1f}, stopped "
        f"{numbers['stopped']:.1f} times"
    ]
    if found.ladder is None:
        if result.trial.conduct is not None and result.trial.conduct.toxicity:
            grades = numbers["grade_3_or_worse"]
            lines.append(
                f"{name}: toxicity of grade 3 or worse in {100 * grades:.1f} % of patients"
            )
        return lines
    for row in numbers["escalation"]["levels"]:
        lines.append(
            f"{name}, {row['dose']}: {row['treated']:.1f} treated, {row['dlt']:.2f} with DLT, MTD in "
            f"{100 * row['mtd']:.0f} % of replicates"
        )
    tail = numbers["escalation"]
    lines.append(
        f"{name}: no MTD in {100 * tail['no_mtd']:.0f} %; escalation lasts {tail['days']:.0f} d"
        + (f"; expansion {tail['expanded']:.1f} treated, {tail['expansion_dlt']:.2f} with DLT"
           if result.trial.conduct and result.trial.conduct.escalation
           and result.trial.conduct.escalation.expansion else "")
    )  # fmt: skip
    return lines


def conduct_document(result: TrialResult) -> dict[str, Any]:
    """Return how a trial was conducted as numbers: means a replicate, shares; empty if it has no record."""
    found = result.conduct
    if found is None:
        return {}
    course, replicates = found.courses, len(found.screening.replicate)
    good = ~found.table.failed

    def mean(values: Any) -> float:
        return float(np.sum(values)) / replicates

    document: dict[str, Any] = {
        "enrolled": mean(found.screening.enrolled), "ineligible": mean(found.screening.ineligible),
        "dropped": mean(np.isfinite(course.dropped)), "died": mean(np.isfinite(course.died)),
        "holds": mean(course.holds), "reductions": mean(course.reductions),
        "stopped": mean(np.isfinite(course.stopped)),
        "grade_3_or_worse": float((course.worst_grade[good] >= 3).mean()) if good.any() else None,
    }  # fmt: skip
    if found.ladder is not None:
        document["escalation"] = _ladder(found.ladder)
    return document


def _ladder(ladder: Ladder) -> dict[str, Any]:
    levels = [
        {
            "dose": dose, "treated": float(ladder.treated[:, k].mean()),
            "judged": float(ladder.judged[:, k].mean()), "dlt": float(ladder.toxic[:, k].mean()),
            "mtd": float((ladder.mtd == k + 1).mean()),
        }
        for k, dose in enumerate(ladder.doses)
    ]  # fmt: skip
    return {
        "levels": levels, "no_mtd": float((ladder.mtd == 0).mean()),
        "days": float(ladder.duration.mean()), "expanded": float(ladder.expanded.mean()),
        "expansion_dlt": float(ladder.expansion_toxic.mean()),
    }  # fmt: skip
