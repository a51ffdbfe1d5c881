"""Curves of one run: quantities over time, one panel a unit, with the doses."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from il21.declare import Regimen
from il21.errors import InputError, RegimenError, UnknownNameError, suggest
from il21.report.stamp import stamp
from il21.report.style import CYCLE, GREY, SMALL, TEXT, dress, footer, heading, new_figure
from il21.units import parse_unit

_SPREAD = 100.0  # peaks that differ by more stand in panels of their own
_MOST_PANELS = 24
_PANEL = (3.5, 2.2)  # inches


@dataclass(frozen=True)
class _Panel:
    """Quantities of one unit that are drawn together."""

    names: tuple[str, ...]
    unit: str


def curves(dataset: Any, names: Sequence[str] | None = None) -> Any:
    """Draw the quantities of a run over time.

    One panel a unit; quantities of one unit whose peaks differ more than a hundredfold, or that are
    more than seven, take further panels.  Doses are ticks at the foot of each panel.  A scan has one
    panel a quantity and one coloured line a value of the scanned parameter.

    Parameters
    ----------
    dataset
        What `il21 simulate` returns: an `xarray.Dataset` over ``time``, of a scan also over the
        parameter, with ``units`` and ``long_name``.
    names
        What to draw; everything by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    UnknownNameError
        If the run has no such quantity.
    InputError
        If nothing would be drawn, or it takes too many panels.
    """
    chosen = _chosen(dataset, names)
    over = _scanned(dataset)
    panels = _panels(dataset, chosen, alone=bool(over))
    if len(panels) > _MOST_PANELS:
        raise InputError(
            f"{len(panels)} panels are too many for one figure (at most {_MOST_PANELS}); "
            "ask for fewer quantities"
        )
    columns = min(2, len(panels))
    rows = ceil(len(panels) / columns)
    figure = new_figure(max(columns * _PANEL[0], 5.0), rows * _PANEL[1] + 1.15)
    foot = footer(figure, [_dose_text(dataset), stamp({**dataset.attrs, "seed": ""} | _seed(dataset))])
    heading(figure, str(dataset.attrs.get("model", "run")), _host(dataset))
    height = float(figure.get_figheight())
    grid = figure.add_gridspec(
        rows, columns, left=0.72 / figure.get_figwidth(), right=0.97, bottom=(foot + 0.42) / height,
        top=1 - 0.62 / height, hspace=0.62, wspace=0.42,
    )  # fmt: skip
    doses = _dose_days(dataset)
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        dress(axes)
        _draw(axes, dataset, panel, over, first=number == 0)
        _dose_ticks(axes, doses)
        axes.set_xlabel(f"time ({dataset['time'].attrs.get('units', '')})")
    return figure
