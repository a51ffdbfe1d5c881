"""Figures of a conducted trial: swimmer plot, Kaplan-Meier curves, toxicity by grade and dose."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.errors import InputError
from il21.report.change import one_replicate
from il21.report.stamp import stamp
from il21.report.style import (
    BLACK,
    CYCLE,
    GREY,
    PALE,
    RESPONSE_COLOURS,
    RESPONSE_NAMES,
    SMALL,
    TEXT,
    TINY,
    add_axes,
    footer,
    heading,
    new_figure,
)
from il21.study.conduct.records import DIED, DROPPED, FAILED, Conducted
from il21.study.outcome import TrialResult
from il21.study.plan import doses_in
from il21.study.survival.curves import SurvivalCurve, kaplan_meier
from il21.study.survival.times import OS, PFS
from il21.study.tables import survival_of

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

GRADE_COLOURS = ("#EEEEEE", "#C6DBEF", "#6BAED6", "#E69F00", "#D55E00", "#000000")  # 0 to 5
_MOST_LANES = 60  # patients of a swimmer plot
_LANE = 0.115  # inches
_TICKS = 7
_MOST_TICKS = 150  # patients an arm above which censored ones are not marked
_MARK = 4.0


def conducted_of(result: TrialResult) -> Conducted:
    """Return how a trial was conducted; raises InputError if it has no record of it."""
    if result.conduct is None:
        raise InputError(
            f"trial {result.trial.name}: has no record of its conduct; add [trial.conduct]"
        )
    return result.conduct


def swimmer(
    result: TrialResult,
    provenance: Mapping[str, str] | None = None,
    *,
    replicate: int | None = None,
) -> Any:
    """Draw the course of each patient of one replicate: a lane from the first dose to the last day seen.

    Lanes are coloured by the response at each visit until the next one, thin after the last; marks are
    the last dose, dose-limiting toxicity, progression, death and drop-out.

    Parameters
    ----------
    result
        A conducted trial that was run.
    provenance
        What made it, for the foot: `il21.report.stamp.provenance_of`.
    replicate
        Number of the replicate that is drawn, the first by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the trial has no record of its conduct, or there is no such replicate.
    """
    found = conducted_of(result)
    mine = np.flatnonzero(one_replicate(result, replicate) & ~result.patients.failed)
    course = found.courses
    order = mine[np.argsort(course.last_seen[mine], kind="stable")][-_MOST_LANES:]
    figure = new_figure(7.0, max(2.6, 1.5 + _LANE * len(order)))
    number = int(result.patients.replicate[order][0]) if len(order) else 0
    total = len(np.unique(result.patients.replicate))
    more = f" The {len(mine) - len(order)} shortest are left out." * (len(mine) > len(order))
    foot = footer(figure, [
        "A lane is thick while its response holds, thin where none was read." + more,
        stamp(provenance or {}),
    ])  # fmt: skip
    heading(
        figure, f"{result.trial.title} ({result.trial.name})",
        f"Course of each patient. Drawn: {len(order)} of replicate {number} (of {total}).",
    )  # fmt: skip
    labels = [_label(result, int(row)) for row in order]
    longest = max(map(len, labels), default=0)
    axes = add_axes(figure, 0.35 + 0.052 * longest, 1.65, foot + 0.42, 0.62)
    if not len(order):
        return _nothing(axes)
    for lane, row in enumerate(order.tolist()):
        _lane(axes, found, lane, row)
    axes.set_ylim(-0.8, len(order) - 0.2)
    axes.set_xlim(0.0, float(course.last_seen[order].max()) * 1.03)
    axes.set_yticks(range(len(order)), labels)
    axes.tick_params(axis="y", labelsize=TINY, length=0)
    axes.set_xlabel("time after the first dose (d)")
    _swimmer_legend(axes, found, order)
    return figure


def _label(result: TrialResult, row: int) -> str:
    """Return a patient's dose, and the arm where there are several or no dose."""
    dose, arm = str(result.patients.dose[row]), str(result.patients.arm[row])
    return " ".join(filter(None, (dose, arm if len(result.trial.arms) > 1 or not dose else "")))


def _lane(axes: Any, found: Conducted, lane: int, row: int) -> None:
    course = found.courses
    end = float(course.last_seen[row])
    axes.plot([0.0, end], [lane, lane], color=PALE, linewidth=2.0, zorder=1, solid_capstyle="butt")
    seen = np.flatnonzero(course.attended[row])
    for place, visit in enumerate(seen.tolist()):
        until = course.visits[row, seen[place + 1]] if place + 1 < len(seen) else end
        axes.plot(
            [course.visits[row, visit], until], [lane, lane], linewidth=4.5, zorder=2,
            color=RESPONSE_COLOURS[str(course.responses[row, visit])], solid_capstyle="butt",
        )  # fmt: skip
    for name, day in _events(found, row):
        if np.isfinite(day) and day <= end:
            axes.plot(day, lane, zorder=4, clip_on=False, linestyle="", **_LOOKS[name])


_LOOKS: Mapping[str, dict[str, Any]] = {
    "last dose": {"marker": "|", "color": BLACK, "markersize": 5.0, "markeredgewidth": 1.1},
    "toxicity of grade 3+": {
        "marker": "^", "color": "#CC79A7", "markersize": 3.8, "markeredgecolor": "white",
        "markeredgewidth": 0.4,
    },
    "death": {"marker": "X", "color": BLACK, "markersize": _MARK, "markeredgewidth": 0},
    "drop-out": {
        "marker": "o", "color": "white", "markersize": 3.4, "markeredgecolor": BLACK,
        "markeredgewidth": 0.8,
    },
    "followed on": {"marker": ">", "color": GREY, "markersize": 3.4, "markeredgewidth": 0},
}  # fmt: skip


def _events(found: Conducted, row: int) -> list[tuple[str, float]]:
    """Return what is marked on a patient's lane, with the day: infinity if it did not happen."""
    course = found.courses
    end, last = str(course.end[row]), float(course.last_seen[row])
    return [
        ("last dose", float(course.last_dose[row])),
        ("toxicity of grade 3+", float(course.grade_day[row, 2])),
        ("death", float(course.died[row])),
        ("drop-out", last if end == DROPPED else np.inf),
        ("followed on", last if end not in (DROPPED, DIED, FAILED) else np.inf),
    ]


def _swimmer_legend(axes: Any, found: Conducted, order: NDArray[np.int64]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shown = found.courses.responses[order][found.courses.attended[order]]
    handles: list[Any] = [
        Patch(color=colour, label=RESPONSE_NAMES[name].replace(" ", "\n", 1))
        for name, colour in RESPONSE_COLOURS.items()
        if (shown == name).any()
    ]
    marks = {
        name
        for row in order.tolist()
        for name, day in _events(found, row)
        if np.isfinite(day) and day <= found.courses.last_seen[row]
    }
    handles += [
        Line2D([], [], linestyle="", label=name, **look)
        for name, look in _LOOKS.items()
        if name in marks
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.03, 1.0), frameon=False,
        fontsize=SMALL, borderaxespad=0.0, handlelength=1.4, labelspacing=0.7,
    )  # fmt: skip


def survival(result: TrialResult, provenance: Mapping[str, str] | None = None) -> Any:
    """Draw Kaplan-Meier curves of PFS and OS by arm, over all replicates, with numbers at risk.

    Bands are pointwise 95 % limits, ticks are censored patients (where there are few enough); numbers
    at risk are those of all replicates together.  Parameters, return value and errors are those of
    `swimmer`.
    """
    found = conducted_of(result)
    arms = [a.name for a in result.trial.arms if (result.patients.arm == a.name).any()]
    figure = new_figure(7.2, 3.5 + 0.13 * len(arms))
    total = len(np.unique(result.patients.replicate))
    some = len(result.patients) <= _MOST_TICKS * len(arms)
    ticks = "Ticks: censored. " if some else ""
    foot = footer(figure, [
        f"All {total} replicates together. {ticks}Bands: pointwise 95 % limits, for so many "
        "patients as were run, not as one trial has.",
        stamp(provenance or {}),
    ])  # fmt: skip
    heading(
        figure, f"{result.trial.title} ({result.trial.name})",
        "Progression-free survival by visits, overall survival by the day of death.",
    )  # fmt: skip
    width = 2.55
    for k, rule in enumerate((PFS, OS)):
        left = 0.95 + k * (width + 0.75)
        axes = add_axes(figure, left, 7.2 - left - width, foot + 0.62 + 0.13 * len(arms), 0.66)
        times = survival_of(found, rule)
        names = result.patients.arm[times.patients]
        curves = {
            arm: kaplan_meier(times.time[names == arm], times.event[names == arm])
            for arm in arms
            if (names == arm).any()
        }
        _curves(axes, curves, rule.endpoint, rows=k == 0, ticks=some)
    return figure


def _curves(
    axes: Any, curves: Mapping[str, SurvivalCurve], endpoint: str, rows: bool, ticks: bool
) -> None:
    longest = max(float(curve.times[-1]) for curve in curves.values())
    for colour, (arm, curve) in zip(CYCLE, curves.items(), strict=False):
        days = np.append(0.0, curve.times)
        height = np.append(1.0, curve.survival)
        median = curve.median.estimate
        known = f"median {median:.0f} d" if np.isfinite(median) else "median not reached"
        axes.step(
            days,
            height,
            where="post",
            color=colour,
            linewidth=1.4,
            label=f"{arm}: {known}",
            zorder=3,
        )
        low, high = np.append(1.0, curve.low), np.append(1.0, curve.high)
        axes.fill_between(days, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
        marks = curve.times[curve.censored > 0]
        if ticks:
            axes.plot(
                marks,
                curve.at(marks),
                "|",
                color=colour,
                markersize=4,
                markeredgewidth=0.8,
                zorder=4,
            )
    axes.set_ylim(0.0, 1.02)
    axes.set_xlim(0.0, longest * 1.02)
    days_shown = _even_ticks(longest)
    axes.set_xticks(days_shown)
    axes.set_xlabel("time after the first dose (d)", labelpad=1.0)
    axes.set_ylabel({"PFS": "progression-free survival", "OS": "overall survival"}[endpoint])
    axes.legend(loc="upper right", frameon=False, fontsize=TINY, borderaxespad=0.0)
    _at_risk(axes, curves, days_shown, rows)


def _even_ticks(longest: float) -> Floats:
    """Return about seven even days from 0 to the longest time.

    >>> _even_ticks(126.0).tolist()
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0]
    """
    steps = np.array([1, 2, 5, 7, 10, 14, 20, 30, 60, 90, 120, 180, 365, 730, 1825])
    fit = steps[longest / steps <= _TICKS]
    step = float(fit[0]) if len(fit) else float(steps[-1])
    return np.arange(0.0, longest + 1e-9, step)


def _at_risk(axes: Any, curves: Mapping[str, SurvivalCurve], ticks: Floats, names: bool) -> None:
    """Write how many are still followed under each tick, a line an arm."""
    down = -34.0
    if names:
        axes.annotate(
            "at risk", (0.0, 0.0), (-8, down), xycoords="axes fraction",
            textcoords="offset points", ha="right", va="center", size=TINY, color=GREY,
        )  # fmt: skip
    for place, (colour, (arm, curve)) in enumerate(zip(CYCLE, curves.items(), strict=False)):
        y = down - 9.0 * (place + 1)
        for tick, count in zip(ticks, curve.numbers_at_risk(ticks), strict=True):
            axes.annotate(
                f"{count}", (tick, 0.0), (0, y), xycoords=("data", "axes fraction"),
                textcoords="offset points", ha="center", va="center", size=TINY, color=colour,
            )  # fmt: skip
        if names:
            axes.annotate(
                arm, (0.0, 0.0), (-12, y), xycoords="axes fraction",
                textcoords="offset points", ha="right", va="center", size=TINY, color=colour,
            )  # fmt: skip


def toxicity_by_dose(result: TrialResult, provenance: Mapping[str, str] | None = None) -> Any:
    """Draw the worst grade of toxicity by dose, in shares of the patients of all replicates.

    A bar is a dose (with several arms: a dose of an arm), its parts the worst grades; the number of
    patients stands above it.  Parameters, return value and errors are those of `swimmer`.
    """
    found = conducted_of(result)
    table, worst = result.patients, found.courses.worst_grade
    good = ~table.failed
    groups = _dose_groups(result, good)
    figure = new_figure(max(7.0, 2.6 + 0.62 * len(groups)), 3.4)
    total = len(np.unique(table.replicate))
    foot = footer(figure, [
        f"All {total} replicates together, until each patient was last seen. Above the bars: patients.",
        stamp(provenance or {}),
    ])  # fmt: skip
    heading(
        figure, f"{result.trial.title} ({result.trial.name})",
        "Worst grade of toxicity of each patient, by dose.",
    )  # fmt: skip
    lines = 1 + max((name.count("\n") for name in groups), default=0)
    axes = add_axes(figure, 0.72, 1.2, foot + 0.2 + 0.13 * lines, 0.75)
    if not groups:
        return _nothing(axes)
    base = np.zeros(len(groups))
    used = [grade for grade in range(6) if grade == 0 or (worst[good] == grade).any()]
    for grade in used:
        share = np.array([(worst[who] == grade).mean() for who in groups.values()])
        axes.bar(
            range(len(groups)), 100 * share, bottom=100 * base, width=0.72, zorder=2,
            color=GRADE_COLOURS[grade], edgecolor="white", linewidth=0.4,
            label="none" if grade == 0 else f"grade {grade}",
        )  # fmt: skip
        base += share
    for place, who in enumerate(groups.values()):
        axes.text(
            place, 101.5, f"{int(who.sum()):,}", ha="center", va="bottom", size=SMALL, color=GREY
        )
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_xlim(-0.6, len(groups) - 0.4)
    axes.set_ylim(0, 100)
    axes.set_ylabel("patients (%)")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.03, 1.0), frameon=False,
        fontsize=SMALL, borderaxespad=0.0, handlelength=1.2,
    )  # fmt: skip
    return figure


def _dose_groups(result: TrialResult, good: Flags) -> dict[str, Flags]:
    """Return who of the patients had each dose, and in several arms each arm's dose, in order of dose."""
    table = result.patients
    several = len(result.trial.arms) > 1
    doses = doses_in(result.trial) or ("",)
    groups: dict[str, Flags] = {}
    for arm in result.trial.arms:
        for dose in doses:
            who = good & (table.arm == arm.name) & (table.dose == dose)
            parts = [part for part in (dose, arm.name if several or not dose else "") if part]
            if who.any():
                groups["\n".join(parts)] = who
    return groups


def _nothing(axes: Any) -> Any:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no patient could be followed", ha="center", size=TEXT)
    return axes.figure
