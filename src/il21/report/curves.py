"""Curves of one run: quantities over time, one panel a unit, with the doses."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from il21.declare import Regimen
from il21.errors import InputError, RegimenError, UnknownNameError, suggest
from il21.report.stamp import stamp
from il21.report.style import CYCLE, GREY, SMALL, TINY, dress, footer, heading, new_figure
from il21.units import parse_unit

_SPREAD = 30.0  # a line's peak and range must not be smaller than this part of its panel's
_MOST_LINES = 5  # in a panel
_MOST_PANELS, _WIDE = 120, 12  # above the second number there are three columns
_MOST_NAMED = 7  # values of a scan that the legend names
_LONGEST = 52  # characters of a panel's title
_PANEL = (3.5, 2.0)  # inches
_STAMPED = ("model", "model_hash", "il21")


@dataclass(frozen=True)
class _Panel:
    """Quantities of one unit that are drawn together."""

    names: tuple[str, ...]
    unit: str


def curves(dataset: Any, names: Sequence[str] | None = None) -> Any:
    """Draw the quantities of a run over time.

    One panel a unit; quantities of one unit take further panels where one would be flat beside the
    other (peak or range more than thirtyfold apart) or where there are more than five.  Doses are
    ticks on top of each panel.  A scan has one panel a quantity and one coloured line a value of
    the scanned parameter.

    Parameters
    ----------
    dataset
        What `il21 simulate` returns: an `xarray.Dataset` over ``time``, of a scan also over the
        parameter, with ``units`` and ``long_name``.
    names
        What to draw; by default everything that is not zero throughout.

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
    columns = min(2 if len(panels) <= _WIDE else 3, len(panels))
    rows = ceil(len(panels) / columns)
    figure = new_figure(max(columns * _PANEL[0], 5.0), rows * _PANEL[1] + 1.4)
    made = {key: str(dataset.attrs[key]) for key in _STAMPED if key in dataset.attrs}
    zero = _zero_text(dataset, chosen) if names is None else ""
    foot = footer(figure, [_dose_text(dataset), zero, stamp(made)])
    heading(figure, str(dataset.attrs.get("model", "one run")), _about(dataset, over))
    width, height = (float(x) for x in figure.get_size_inches())
    grid = figure.add_gridspec(
        rows, columns, left=0.8 / width, right=1 - 0.15 / width, bottom=(foot + 0.42) / height,
        top=1 - 0.8 / height, hspace=0.46, wspace=0.32,
    )  # fmt: skip
    ticks = _dose_times(dataset)
    for number, panel in enumerate(panels):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        dress(axes)
        _draw(axes, dataset, panel, over, legend=number == 0)
        _dose_ticks(axes, ticks)
        if number + columns >= len(panels):
            axes.set_xlabel(f"time ({dataset['time'].attrs.get('units', '')})")
    return figure


def _chosen(dataset: Any, names: Sequence[str] | None) -> list[str]:
    known = [str(name) for name in dataset.data_vars]
    asked = known if names is None else list(dict.fromkeys(names))
    for name in asked:
        if name not in known:
            raise UnknownNameError(f"the run has no quantity '{name}'{suggest(name, known)}")
    if not asked or dataset.sizes.get("time", 0) < 1:
        raise InputError("nothing to draw: the run holds no quantity over time")
    moving = [name for name in asked if _peak(dataset[name].values) > 0]
    return moving if names is None and moving else asked


def _zero_text(dataset: Any, chosen: Sequence[str]) -> str:
    """Name the quantities that are left out because they are zero throughout."""
    left_out = [
        str(name) for name in dataset.data_vars
        if name not in chosen and _peak(dataset[name].values) == 0
    ]  # fmt: skip
    return f"Zero throughout: {', '.join(left_out)}" if left_out else ""


def _scanned(dataset: Any) -> str:
    """Return the dimension beside time, "" if there is none."""
    others = [str(name) for name in dataset.dims if name != "time"]
    if len(others) > 1:
        raise InputError(f"a run over {', '.join(others)}: expected time and at most one scan")
    return others[0] if others else ""


def _panels(dataset: Any, names: Sequence[str], alone: bool) -> list[_Panel]:
    """Share quantities out among panels: by unit, then by size of their peaks."""
    by_unit: dict[str, list[str]] = {}
    for name in names:
        by_unit.setdefault(str(dataset[name].attrs.get("units", "")), []).append(name)
    found: list[_Panel] = []
    for unit, members in by_unit.items():
        shared: list[str] = []
        size = {name: _peak(dataset[name].values) for name in members}
        for name in members if alone else sorted(members, key=lambda one: -size[one]):
            full = alone or len(shared) == _MOST_LINES
            if shared and (full or not _readable(dataset, [*shared, name])):
                found.append(_Panel(tuple(shared), unit))
                shared = []
            shared.append(name)
        found.append(_Panel(tuple(shared), unit))
    return found


def _readable(dataset: Any, names: Sequence[str]) -> bool:
    """Whether no line of one panel would be flat for the sake of another."""
    rows = [values[np.isfinite(values)] for values in (dataset[name].values for name in names)]
    rows = [row for row in rows if row.size]
    if not rows:
        return True
    peaks = [_peak(row) for row in rows]
    extent = max(row.max() for row in rows) - min(row.min() for row in rows)
    ranges = [float(row.max() - row.min()) for row in rows]
    moving = [span for span, peak in zip(ranges, peaks, strict=True) if span > 1e-6 * peak]
    return max(peaks) <= _SPREAD * min(peaks) and all(extent <= _SPREAD * span for span in moving)


def _peak(values: Any) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _draw(axes: Any, dataset: Any, panel: _Panel, over: str, legend: bool) -> None:
    time = dataset["time"].values
    if over:
        _draw_scan(axes, dataset, panel.names[0], over, legend)
    else:
        for place, (name, colour) in enumerate(zip(panel.names, CYCLE, strict=False)):
            hidden = any(_same(dataset, name, other) for other in panel.names[:place])
            axes.plot(
                time, dataset[name].values, color=colour, linewidth=1.2, label=name,
                linestyle=(0, (4, 3)) if hidden else "-",
            )  # fmt: skip
        if len(panel.names) > 1:
            _name_lines(axes, loc="lower left", bbox_to_anchor=(-0.02, 1.03), ncols=2)
    if len(panel.names) == 1:
        about = str(dataset[panel.names[0]].attrs.get("long_name", ""))
        axes.set_title(_titled(panel.names[0], about), size=SMALL, loc="left", pad=6)
    axes.set_ylabel(unit_text(panel.unit))
    _from_zero(axes, np.concatenate([dataset[name].values.ravel() for name in panel.names]))
    span = max(float(time[-1] - time[0]), 1e-9)
    axes.set_xlim(float(time[0]) - 0.02 * span, float(time[-1]) + 0.01 * span)
    axes.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True, useOffset=False)
    axes.yaxis.get_offset_text().set(size=SMALL, x=-0.02, ha="right")


def _draw_scan(axes: Any, dataset: Any, name: str, over: str, legend: bool) -> None:
    from matplotlib import colormaps

    points = dataset[over].values
    colours = colormaps["viridis"](np.linspace(0.0, 0.9, len(points)))
    array = dataset[name].transpose(over, "time").values
    named = set(np.linspace(0, len(points) - 1, min(len(points), _MOST_NAMED)).round().astype(int))
    for k, (point, colour) in enumerate(zip(points, colours, strict=True)):
        label = f"{point:.4g}" if k in named else None
        axes.plot(dataset["time"].values, array[k], color=colour, linewidth=1.2, label=label)
    if legend:
        unit = unit_text(str(dataset[over].attrs.get("units", "")))
        _name_lines(axes, title=f"{over} ({unit})")


def _name_lines(axes: Any, **where: Any) -> None:
    axes.legend(
        title_fontsize=TINY, fontsize=TINY, handlelength=1.6, labelspacing=0.25, columnspacing=1.0,
        framealpha=0.75, edgecolor="none", borderpad=0.2, borderaxespad=0.1, **where,
    )  # fmt: skip


def _same(dataset: Any, name: str, other: str) -> bool:
    """Whether one line would hide the other."""
    one, two = dataset[name].values, dataset[other].values
    return bool(np.allclose(one, two, rtol=0, atol=0.005 * max(_peak(two), 1e-300), equal_nan=True))


def _from_zero(axes: Any, values: Any) -> None:
    """Let the axis begin at zero if that wastes little of it."""
    finite = values[np.isfinite(values)]
    if finite.size and 0 <= finite.min() < 0.5 * finite.max():
        axes.set_ylim(bottom=0.0)


def unit_text(unit: str) -> str:
    """Return a unit as an axis names it.

    >>> unit_text("ng/mL"), unit_text("1"), unit_text("")
    ('ng/mL', 'dimensionless', 'dimensionless')
    """
    return "dimensionless" if unit in ("", "1", "dimensionless") else unit


def _titled(name: str, about: str) -> str:
    text = f"{name}: {about}" if about and about != name else name
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _about(dataset: Any, over: str) -> str:
    host = str(dataset.attrs.get("host", ""))
    what = f"typical {host}" if host else "typical subject"
    changes = str(dataset.attrs.get("changes", ""))
    parts = [what, f"with {changes}" if changes else "", f"scan of {over}" if over else ""]
    return ", ".join(part for part in parts if part)


def _dose_text(dataset: Any) -> str:
    doses = str(dataset.attrs.get("doses", ""))
    return f"Doses (ticks on top): {doses}" if doses else ""


def _dose_times(dataset: Any) -> list[float]:
    """Return the times of administration in the unit of the run's time; none if not recorded."""
    text = str(dataset.attrs.get("doses", ""))
    day = parse_unit("d").factor / parse_unit(str(dataset["time"].attrs.get("units", "d"))).factor
    found: list[float] = []
    for prescription in filter(None, (part.strip() for part in text.split(";"))):
        try:
            found += [dose.day * day for dose in Regimen(prescription).times]
        except RegimenError:
            continue  # written with another first day; the text at the foot still names it
    return sorted(set(found))


def _dose_ticks(axes: Any, times: Sequence[float]) -> None:
    """Mark administrations by ticks on the upper edge of the panel."""
    first, last = axes.get_xlim()
    inside = [time for time in times if first <= time <= last]
    if inside:
        axes.plot(
            inside, np.ones(len(inside)), "|", color=GREY, markersize=5.0, markeredgewidth=0.9,
            clip_on=False, transform=axes.get_xaxis_transform(), zorder=5,
        )  # fmt: skip
