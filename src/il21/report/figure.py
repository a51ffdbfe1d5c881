"""Figures of one trial: waterfall of the best changes, spider of the changes over time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.report.change import Changes, changes_of, median_on_study, one_replicate, ranked_band
from il21.report.stamp import stamp
from il21.report.style import (
    BLACK,
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
from il21.study.outcome import TrialResult

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PARTIAL, PROGRESSION = -30.0, 20.0  # % from baseline; the rule itself counts PD from the nadir
_LOWEST, _HIGHEST = -105.0, 150.0  # %; what lies above is cut and said
_ROOM = 1.12  # headroom above the highest bar or line
_LEAST_MEDIAN = 3  # patients that a median needs
_MOST_MARKS = 60  # patients above which single marks are left out
_EVERY_LABEL = 8  # visits above which not each is labelled


def waterfall(
    result: TrialResult,
    provenance: Mapping[str, str] | None = None,
    *,
    replicate: int | None = None,
) -> Any:
    """Draw the best change of each patient of one replicate, ranked, before all replicates.

    Bars are the patients of one replicate (the first by default), from the highest change on study
    to the lowest, in % of the baseline sum of diameters, coloured by best overall response.  The
    band holds 90 % of replicates at each rank, the line is their median.

    Parameters
    ----------
    result
        A trial that was run.
    provenance
        What made it, for the foot: `il21.report.stamp.provenance_of`.
    replicate
        Number of the replicate that is drawn as bars.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is no such replicate, or the trial pools others with other visits.
    """
    changes = changes_of(result)
    mine = one_replicate(result, replicate)
    order = np.flatnonzero(mine & changes.drawn)
    order = order[np.argsort(-changes.best[order], kind="stable")]
    band = ranked_band(
        changes.best[changes.drawn], result.patients.replicate[changes.drawn], len(order)
    )
    cut = f"The band is cut at +{_HIGHEST:.0f} %. " if np.any(band[2] > _HIGHEST) else ""
    figure = new_figure(7.0, 4.0)
    foot = footer(figure, [cut + _left_out(result, changes, mine), stamp(provenance or {})])
    heading(
        figure, f"{result.trial.title} ({result.trial.name})",
        f"Best change of each patient on study. {_which(result, mine, len(order))}",
    )  # fmt: skip
    axes = add_axes(figure, 0.72, 1.65, foot + 0.34, 0.62)
    if len(order) == 0:
        return _nothing(figure, axes)
    best = changes.best[order]
    colours = [RESPONSE_COLOURS[str(name)] for name in result.patients.best[order]]
    rank = np.arange(1, len(order) + 1)
    top = _top(np.concatenate([best, band[2]]))
    axes.bar(rank, np.minimum(best, top), width=0.82, color=colours, zorder=2)
    _band(axes, rank, band, top)
    new = changes.by_new_lesion[order] & (len(order) <= _MOST_MARKS)
    _bar_marks(axes, rank, best, new, top)
    _ranked_axes(axes, len(order), top)
    _legend(axes, result.patients.best[order], band=True, star=bool(new.any()))
    return figure


def _ranked_axes(axes: Any, patients: int, top: float) -> None:
    axes.set_xlim(0.3, patients + 0.7)
    axes.set_ylim(_LOWEST, top)
    axes.spines["bottom"].set_position(("data", 0.0))
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.set_xlabel(f"patients, ranked (n = {patients})")
    axes.xaxis.set_label_coords(0.5, -0.03)
    axes.set_ylabel("best change from baseline\nin the sum of diameters (%)")
    _limits(axes)


def _band(axes: Any, rank: Whole, band: Floats, top: float) -> None:
    """Draw the band behind the bars and its edges and median before them."""
    steps = np.append(rank - 0.5, rank[-1] + 0.5)
    low, middle, high = (np.append(row, row[-1]) for row in np.minimum(band, 10 * top))
    axes.fill_between(steps, low, high, step="post", color=PALE, linewidth=0, zorder=1)
    for edge in (low, high):
        axes.step(steps, edge, where="post", color=GREY, linewidth=0.6, zorder=3)
    axes.step(steps, middle, where="post", color=BLACK, linewidth=1.2, zorder=4)


def _bar_marks(axes: Any, rank: Whole, best: Floats, new: Flags, top: float) -> None:
    """Say how high a cut bar is, and mark those who progressed with a new lesion."""
    if len(rank) > _MOST_MARKS:
        return
    for place in np.flatnonzero(best > top):
        axes.text(
            rank[place], top * 0.97, f"{best[place]:+.0f}", size=TINY, rotation=90, ha="center",
            va="top", color=BLACK, zorder=5,
        )  # fmt: skip
    away = 0.02 * (top - _LOWEST)
    ends = np.where(best < 0, best - away, np.minimum(best + away, top - 0.5 * away))
    axes.plot(
        rank[new], ends[new], "*", color=BLACK, markersize=4.0, markeredgewidth=0, zorder=5,
        clip_on=False,
    )  # fmt: skip


def spider(
    result: TrialResult,
    provenance: Mapping[str, str] | None = None,
    *,
    replicate: int | None = None,
) -> Any:
    """Draw the change of each patient of one replicate over time, until the first PD.

    Lines are patients, in % of the baseline sum of diameters by day after the first dose, coloured
    by best overall response; a cross is the first PD, after which a patient leaves.  The black line
    is the median of those read on study at each visit.  Parameters, return value and errors are
    those of `waterfall`.
    """
    changes = changes_of(result)
    mine = one_replicate(result, replicate)
    who = mine & changes.drawn
    figure = new_figure(7.0, 4.2)
    foot = footer(figure, [_left_out(result, changes, mine), stamp(provenance or {})])
    heading(
        figure, f"{result.trial.title} ({result.trial.name})",
        f"Change of each patient until progression. {_which(result, mine, int(who.sum()))}",
    )  # fmt: skip
    axes = add_axes(figure, 0.72, 1.65, foot + 0.58, 0.62)
    if not who.any():
        return _nothing(figure, axes)
    middle, number = median_on_study(changes, who)
    top = _top(_highest(changes, who))
    for row in np.flatnonzero(who).tolist():
        _line(axes, changes, row, RESPONSE_COLOURS[str(result.patients.best[row])], int(who.sum()))
    days = np.append(0.0, changes.visits)
    known = np.append(True, number >= _LEAST_MEDIAN)
    axes.plot(
        days[known], np.append(0.0, middle)[known], color=BLACK, linewidth=2.0, zorder=5,
        marker="o", markersize=3.5,
    )  # fmt: skip
    axes.axhline(0.0, color=BLACK, linewidth=0.7, zorder=1)
    axes.set_xlim(0.0, days[-1] * 1.03)
    axes.set_ylim(_LOWEST, top)
    _visit_ticks(axes, days, np.append(int(who.sum()), number))
    axes.set_xlabel("time after the first dose (d)")
    axes.set_ylabel("change from baseline\nin the sum of diameters (%)")
    _limits(axes)
    _legend(axes, result.patients.best[who], band=False)
    return figure


def _line(axes: Any, changes: Changes, row: int, colour: str, patients: int) -> None:
    seen = changes.on_study[row] & np.isfinite(changes.change[row])
    days = np.append(0.0, changes.visits[seen])
    values = np.append(0.0, changes.change[row, seen])
    alpha = 0.85 if patients <= _MOST_MARKS else max(0.15, 0.85 * _MOST_MARKS / patients)
    axes.plot(
        days, values, color=colour, linewidth=0.9, alpha=alpha, marker="o", markersize=2.2, zorder=3
    )
    if changes.progressed[row]:
        axes.plot(
            days[-1], values[-1], color=colour, marker="x", markersize=5.0, alpha=alpha, zorder=4,
            markeredgewidth=1.1,
        )  # fmt: skip


def _visit_ticks(axes: Any, days: Floats, number: Whole) -> None:
    """Label visits with the day and, under it, how many were read."""
    every = -(-len(days) // _EVERY_LABEL)
    labels = [
        f"{day:g}\n{count}" if place % every == 0 else ""
        for place, (day, count) in enumerate(zip(days, number, strict=True))
    ]
    axes.set_xticks(days, labels)
    axes.annotate(
        "on study", (0.0, 0.0), (-9, -20.5), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="center", size=SMALL, color=GREY,
    )  # fmt: skip


def _limits(axes: Any) -> None:
    """Draw the limits of partial response and progression and name them at the right."""
    for value, name in ((PARTIAL, "−30 %"), (PROGRESSION, "+20 %")):
        axes.axhline(value, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
        axes.annotate(
            name, (1.0, value), (4, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", va="center", size=SMALL, color=GREY,
        )  # fmt: skip


def _legend(axes: Any, best: NDArray[np.str_], band: bool, star: bool = False) -> None:
    """Name the responses that occur with their numbers, the median, the band and the marks."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    for name, colour in RESPONSE_COLOURS.items():
        count = int((best == name).sum())
        if count:
            words = RESPONSE_NAMES[name].replace(" ", "\n", 1)
            handles.append(Patch(color=colour, label=f"{words} ({count})"))

    def line(label: str, **how: Any) -> None:
        handles.append(Line2D([], [], label=label, **how))

    if band:
        line("median of all\nreplicates", color=BLACK, linewidth=1.2)
        handles.append(
            Patch(facecolor=PALE, edgecolor=GREY, linewidth=0.6, label="90 % of\nreplicates")
        )
    else:
        line(
            f"median on study\n({_LEAST_MEDIAN} or more read)",
            color=BLACK,
            linewidth=2.0,
            marker="o",
            markersize=3.5,
        )
        line("first PD", color=GREY, marker="x", linestyle="", markersize=5)
    if star:
        line(
            "PD with a\nnew lesion", color=BLACK, marker="*", linestyle="", markersize=4,
            markeredgewidth=0,
        )  # fmt: skip
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.1, 1.02), frameon=False,
        fontsize=SMALL, borderaxespad=0.0, handlelength=1.4, labelspacing=0.7,
    )  # fmt: skip


def _highest(changes: Changes, who: Flags) -> Floats:
    """Return the highest change on study of these patients, each of whom has one."""
    seen = np.where(changes.on_study & np.isfinite(changes.change), changes.change, -np.inf)
    return np.asarray(seen[who].max(axis=1), np.float64)


def _top(values: Floats) -> float:
    """Return the upper end of the axis for these changes: at least 60 %, at most 150 %."""
    return float(min(max(60.0, _ROOM * values.max()), _HIGHEST))


def _which(result: TrialResult, mine: Flags, drawn: int) -> str:
    table = result.patients
    number = int(table.replicate[mine][0])
    total = len(np.unique(table.replicate))
    return f"Drawn: {drawn} of the {int(mine.sum())} patients of replicate {number} (of {total})."


def _left_out(result: TrialResult, changes: Changes, mine: Flags) -> str:
    """Say who of a replicate is not drawn and why, and what is cut."""
    table = result.patients
    failed = int((mine & table.failed).sum())
    lacking = int((mine & ~table.failed & ~table.evaluable).sum())
    unread = int((mine & ~table.failed & table.evaluable & ~changes.drawn).sum())
    parts = [
        f"{number} {why}"
        for number, why in (
            (lacking, "not evaluable"), (unread, "without a reading after baseline"),
            (failed, "could not be integrated"),
        )
        if number
    ]  # fmt: skip
    who = mine & changes.drawn
    above = int((_highest(changes, who) > _HIGHEST).sum())
    text = "Not drawn: " + ", ".join(parts) + ". " if parts else ""
    if above:
        number = "1 patient" if above == 1 else f"{above} patients"
        text += f"Readings above +{_HIGHEST:.0f} % are cut ({number}). "
    return text + "+20 % is drawn from baseline; the rule counts it from the smallest sum."


def _nothing(figure: Any, axes: Any) -> Any:
    axes.set_axis_off()
    axes.text(0.5, 0.5, "no patient of this replicate has a reading", ha="center", size=TEXT)
    return figure
