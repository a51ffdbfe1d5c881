"""Figure of the comparison table: predicted intervals and reported counts, trial by trial."""

from dataclasses import dataclass
from typing import Any

from il21.report.rows import TableRow, check_results, coverage, evaluable, rows_of, verdict_word
from il21.report.stamp import provenance_of, stamp
from il21.report.style import (
    BLACK,
    BLUE,
    GREY,
    PALE,
    SMALL,
    TEXT,
    VERMILION,
    add_axes,
    footer,
    heading,
    new_figure,
)
from il21.report.table import failed_text, joint_p_text
from il21.study.outcome import TrialReport, TrialResult

_ROW = 0.2  # inches a row
_LEFT, _RIGHT, _TOP = 1.25, 1.95, 0.72  # inches around the axes
_COUNTS, _MEDIANS = 0.42, 1.12  # inches from the axes to the columns at the right
_PAIR = 0.14  # how far the reported mark stands below the predicted one, in rows


@dataclass(frozen=True)
class _Place:
    """Where a row stands, in rows from the top, and how it looks."""

    y: float
    share: float  # % of the evaluable patients that one patient is
    colour: str
    hollow: bool


def table_figure(report: TrialReport) -> Any:
    """Draw each category's predicted median and 90 % interval with the reported count.

    The axis is the share of the evaluable patients in %; joint p and verdict stand beside each
    trial.  A trial that is not counted is drawn grey and hollow, a reported count outside its
    interval in another colour.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If no trial was finished.
    """
    check_results(report)
    blocks = [(result, rows_of(result, report.settings.seed)) for result in report.results]
    count = sum(len(rows) + 1.6 for _, rows in blocks)
    foot_lines = _foot(report)
    height = _TOP + count * _ROW + 0.75 + 0.13 * len(foot_lines)
    figure = new_figure(7.2, height)
    foot = footer(figure, foot_lines)
    heading(figure, report.title, "" if not coverage(report).rows else f"{coverage(report)}.")
    axes = add_axes(figure, _LEFT, _RIGHT, foot + 0.68, _TOP)
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(count, -0.2)
    widest = 100.0
    y = 0.4
    for result, rows in blocks:
        _block_head(axes, result, y)
        grey = not result.trial.counted
        share = 100.0 / max(evaluable(result), 1.0)
        for k, row in enumerate(rows, start=1):
            _draw_row(axes, row, _Place(y + k, share, GREY if grey else BLUE, grey))
            widest = max(widest, row.high * share, (row.reported or 0) * share)
        y += len(rows) + 1.6
    axes.set_xlim(0.0, 1.01 * widest)
    axes.set_xticks([x for x in range(0, int(widest) + 1, 20)])
    axes.grid(axis="x", color=PALE, linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("share of the evaluable patients (%)")
    reported = any(row.reported is not None for _, rows in blocks for row in rows)
    _columns(axes, reported)
    _legend(axes, reported)
    return figure


def _block_head(axes: Any, result: TrialResult, y: float) -> None:
    """Write the trial and its size at the left, joint p and verdict at the right."""
    number = evaluable(result)
    size = f"n = {number:g}" if result.comparison else f"n = {number:.3g} on average"
    colour = BLACK if result.trial.counted else GREY
    _beside(axes, 0.0, y, -_LEFT + 0.1, f"{result.trial.name}  ({size})", "left", colour, bold=True)
    word, p = verdict_word(result), joint_p_text(result)
    text = f"joint p {p}, {word}" if p else word
    mark = VERMILION if word == "outside" else colour
    _beside(axes, 1.0, y, _COUNTS - 0.22, text, "left", mark, bold=word == "outside")


def _draw_row(axes: Any, row: TableRow, place: _Place) -> None:
    """Draw interval, median and reported count of one category, and print them at the right."""
    face = "white" if place.hollow else place.colour
    above = place.y - _PAIR
    axes.plot(
        [row.low * place.share, row.high * place.share], [above, above], color=place.colour,
        linewidth=1.6, solid_capstyle="butt", zorder=3, clip_on=False,
    )  # fmt: skip
    axes.plot(
        row.median * place.share, above, "o", color=place.colour, markerfacecolor=face,
        markersize=4.5, zorder=4, clip_on=False,
    )  # fmt: skip
    colour = GREY if place.hollow else BLACK
    _beside(axes, 0.0, place.y, -0.12, row.category, "right", colour)
    _beside(
        axes, 1.0, place.y, _MEDIANS, f"{row.median:g} ({row.low:g}–{row.high:g})", "center", colour
    )
    if row.reported is None:
        return
    off = not row.inside
    mark = VERMILION if off and not place.hollow else colour
    axes.plot(
        row.reported * place.share, place.y + _PAIR, "D", color=mark, markersize=4.0, zorder=5,
        markerfacecolor="white" if place.hollow else mark, clip_on=False,
    )  # fmt: skip
    _beside(axes, 1.0, place.y, _COUNTS, f"{row.reported}", "center", mark, bold=off)


def _columns(axes: Any, reported: bool) -> None:
    """Name the columns of numbers at the right."""
    _beside(axes, 1.0, -0.55, _MEDIANS, "predicted (90 %)", "center", GREY)
    if reported:
        _beside(axes, 1.0, -0.55, _COUNTS, "reported", "center", GREY)


def _beside(
    axes: Any, edge: float, y: float, inches: float, text: str, align: str, colour: str,
    bold: bool = False,
) -> None:  # fmt: skip
    """Write text at a row, so many inches from the left (0) or right (1) edge of the axes."""
    axes.annotate(
        text, (edge, y), (inches * 72, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", ha=align, va="center", size=SMALL, color=colour,
        weight="bold" if bold else "normal", annotation_clip=False,
    )  # fmt: skip


def _legend(axes: Any, reported: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=BLUE, marker="o", markersize=4.5, linewidth=1.6,
               label="predicted median and 90 % interval"),
        Line2D([], [], color=BLACK, marker="D", markersize=4, linestyle="", label="reported"),
        Line2D([], [], color=VERMILION, marker="D", markersize=4, linestyle="",
               label="reported, outside"),
    ]  # fmt: skip
    bottom = -0.5 / (axes.get_position().height * axes.figure.get_figheight())
    axes.legend(
        handles=handles if reported else handles[:1], loc="upper center", ncols=3, frameon=False,
        bbox_to_anchor=(0.5, bottom), fontsize=TEXT - 1, borderaxespad=0.0, handletextpad=0.4,
        columnspacing=1.4,
    )  # fmt: skip


def _foot(report: TrialReport) -> list[str]:
    """Return what is said under the figure."""
    lines = [] if report.complete else ["Interrupted: not all replicates were finished."]
    lines.append(f"{report.patients:,} patients run, {failed_text(report)}.")
    if any(not result.trial.counted for result in report.results):
        lines.append("Grey and hollow: shown, not counted.")
    if report.note:
        lines.append(f"Note: {report.note}.")
    lines.append(stamp(provenance_of(report)))
    return lines
