"""How figures look: colours that every eye can tell apart, plain axes, small print at the foot.

Colours are those of Okabe and Ito (2008), jfly.uni-koeln.de/color.  Figures are `Figure` objects
of their own: nothing here touches pyplot or any global setting.
"""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#666666", "#DDDDDD"
CYCLE = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)  # yellow is too pale for a line
RESPONSE_COLOURS = {"CR": GREEN, "PR": SKY, "SD": ORANGE, "PD": VERMILION, "NE": "#999999"}
RESPONSE_NAMES = {
    "CR": "complete response", "PR": "partial response", "SD": "stable disease",
    "PD": "progressive disease", "NE": "not evaluable",
}  # fmt: skip
TEXT, SMALL, TINY = 8.0, 7.0, 6.0  # points
DPI = 200
_SPACING = 1.35  # of lines at the foot
_CHARACTER = 0.48  # mean width of a character, as a part of its size


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches, drawn by Agg and known to no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def add_axes(figure: Any, left: float, right: float, bottom: float, top: float) -> Any:
    """Add plain axes with margins in inches from the edges of the figure."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((
        left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height,
    ))  # fmt: skip
    dress(axes)
    return axes


def dress(axes: Any) -> None:
    """Take away what carries no number and set the sizes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_linewidth(0.7)
    axes.tick_params(labelsize=SMALL, width=0.7, length=3)
    axes.xaxis.label.set_size(TEXT)
    axes.yaxis.label.set_size(TEXT)


def heading(figure: Any, title: str, under: str = "") -> None:
    """Write a title at the top left, and a line of explanation under it."""
    width, height = figure.get_size_inches()
    lines = _wrapped(title, width, TEXT + 1)[:2]
    figure.text(
        0.1 / width, 1 - 0.08 / height, "\n".join(lines), size=TEXT + 1, weight="bold",
        va="top", ha="left",
    )  # fmt: skip
    if under:
        down = 0.12 + 0.17 * len(lines)
        figure.text(
            0.1 / width, 1 - down / height, "\n".join(_wrapped(under, width, SMALL)), size=SMALL,
            color=GREY, va="top", ha="left",
        )  # fmt: skip


def footer(figure: Any, lines: Sequence[str]) -> float:
    """Write small grey lines at the foot, wrapped to the figure; return their height in inches."""
    width, height = figure.get_size_inches()
    parts = [part for line in lines if line for part in _wrapped(line, width, TINY)]
    text = "\n".join(parts)
    figure.text(
        0.1 / width, 0.06 / height, text, size=TINY, color=GREY, va="bottom", ha="left",
        linespacing=_SPACING,
    )  # fmt: skip
    return 0.08 + len(parts) * _SPACING * 1.17 * TINY / 72


def _wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text so that it fits so many inches at a size in points."""
    plain = text.replace("$", r"\$")  # a dollar sign would begin a formula
    return wrap(plain, max(20, int((width - 0.2) * 72 / (size * _CHARACTER)))) or [""]
