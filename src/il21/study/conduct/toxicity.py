"""Toxicity from exposure: a grade begins when a patient's index reaches a threshold of its own.

The rule ``exposure`` of a read-out: DL is the integral over time of its formula ``load`` (trapezoids),
Cmax the peak of its role ``level`` so far; every other formula is a part of the index and names what is
reported.  Grade k or worse begins when scale_k * index reaches an exponential draw of mean 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.schedule import Dose
from il21.errors import InputError, UnknownNameError
from il21.lang.dimension import dimension_of
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.study.conduct.records import GRADES
from il21.study.draws import uniforms
from il21.study.plan import Layer
from il21.study.population import Patients, draw_readout
from il21.units import Unit

Floats = NDArray[np.float64]
Names = NDArray[np.str_]
RULE, LOAD, LEVEL = "exposure", "load", "level"
_SECOND = 1.0 / 86400.0  # d
# Hours after a dose at which its level is looked at: dense while it falls fast.
_AFTER = (
    *np.arange(0.0, 1.0, 1 / 12), *np.arange(1.0, 3.0, 0.25), *np.arange(3.0, 8.0, 0.5),
    *np.arange(8.0, 24.0, 2.0),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Toxicity:
    """When toxicity of grade 1 to 5 or worse begins (n, 5), infinity if never, and what it is (n, 5)."""

    day: Floats
    event: Names


def moments(schedules: Sequence[Sequence[Dose]], end: float) -> Floats:
    """Return the days on which levels are looked at: just before, at and after doses, and each day.

    >>> moments([], 2.0).tolist()
    [0.0, 1.0, 2.0]
    """
    found = [np.arange(0.0, end + 1.0)]
    turns = {d.time for doses in schedules for d in doses}
    turns |= {d.time + d.duration for doses in schedules for d in doses}
    for day in turns:
        found.append(np.append(day + np.array(_AFTER) / 24.0, day - _SECOND))
    whole = np.unique(np.concatenate(found))
    return whole[(whole >= 0.0) & (whole <= end)]


def parts_of(layer: Layer) -> tuple[str, ...]:
    """Return the parts of the index by name: every formula but the load."""
    return tuple(name for name in layer.readout.formulas if name != LOAD)


def check_toxicity(layer: Layer, model: Model) -> None:
    """Refuse a read-out that does not grade toxicity, or whose formulas do not fit their units.

    Raises
    ------
    UnknownNameError, InputError, UnitError
        If its rule is another one, it lacks a formula or a number, or a unit does not fit.
    """
    readout = layer.readout
    where = f"read-out {readout.name}"
    if readout.rule != RULE:
        raise UnknownNameError(f"{where}: rule '{readout.rule}' does not grade toxicity")
    if LOAD not in readout.formulas or not parts_of(layer):
        raise InputError(f"{where}: needs a formula '{LOAD}' and at least one part of the index")
    if LEVEL not in readout.daily:
        raise InputError(f"{where}: needs a daily role '{LEVEL}'")
    for grade in GRADES:
        if f"scale_{grade}" not in layer.numbers:
            raise InputError(f"{where}: has no number scale_{grade}")
    units = units_of(layer, model)
    load = parse(readout.formulas[LOAD])
    if dimension_of(load, units) != ():
        raise InputError(f"{where}: '{LOAD}' must be a number without unit")
    units |= {"DL": Unit("d", 1.0, (("time", 1.0),)), "Cmax": units[LEVEL]}
    for name in parts_of(layer):
        if dimension_of(parse(readout.formulas[name]), units) != ():
            raise InputError(f"{where}: '{name}' must be a number without unit")


def units_of(layer: Layer, model: Model) -> dict[str, Unit]:
    """Return the units of a read-out's numbers and roles."""
    found = {name: row.unit for name, row in layer.numbers.items()}
    for role, name in layer.readout.daily.items():
        found[role] = model.units[model.quantity(name).name]
    return found


def numbers_of(layer: Layer, who: Patients) -> dict[str, Floats]:
    """Return the numbers of a read-out for patients (n, 1), in the base, with the layer's changes."""
    drawn = draw_readout(layer.numbers, layer.readout.name, who)
    drawn |= {name: np.full(len(who), value) for name, value in layer.changes.items()}
    return {
        name: (values * layer.numbers[name].unit.factor)[:, None] for name, values in drawn.items()
    }


def toxicity(layer: Layer, who: Patients, times: Floats, level: Floats) -> Toxicity:
    """Return when toxicity begins for n patients whose level is known.

    Parameters
    ----------
    times
        Days (t,), rising, as `moments` gives them.
    level
        Level at these days (n, t), in the base; after a patient's last known day, 0.
    """
    numbers = numbers_of(layer, who)
    parts = index_parts(layer, numbers, times, level)
    names = list(parts)
    stack = np.stack([parts[name] for name in names])
    index = stack.sum(axis=0)
    threshold = -np.log(
        uniforms(
            who.seed, f"conduct/{layer.readout.name}", who.ids, replicate=who.replicate,
            trial=who.trial,
        )
    )  # fmt: skip
    day = np.full((len(who), len(GRADES)), np.inf)
    event = np.full((len(who), len(GRADES)), "", dtype=f"<U{max(map(len, names))}")
    for k, grade in enumerate(GRADES):
        scaled = numbers[f"scale_{grade}"] * index
        reached = scaled >= threshold[:, None]
        rows = np.flatnonzero(reached.any(axis=1))
        at = np.argmax(reached[rows], axis=1)
        day[rows, k] = _crossing(scaled[rows], threshold[rows], times, at)
        event[rows, k] = np.array(names)[np.argmax(stack[:, rows, at], axis=0)]
    return Toxicity(day, event)


def index_parts(
    layer: Layer, numbers: Mapping[str, Floats], times: Floats, level: Floats
) -> dict[str, Floats]:
    """Return the parts of the index so far at each time, (n, t) each, by name."""
    formulas = layer.readout.formulas
    space: dict[str, Floats] = {**numbers, LEVEL: np.maximum(level, 0.0)}
    load = np.broadcast_to(evaluate(parse(formulas[LOAD]), space), level.shape)
    area = np.zeros(level.shape)
    np.cumsum(0.5 * (load[:, 1:] + load[:, :-1]) * np.diff(times), axis=1, out=area[:, 1:])
    space |= {"DL": area, "Cmax": np.maximum.accumulate(space[LEVEL], axis=1)}
    return {
        name: np.broadcast_to(evaluate(parse(formulas[name]), space), level.shape)
        for name in parts_of(layer)
    }


def _crossing(scaled: Floats, threshold: Floats, times: Floats, at: NDArray[np.intp]) -> Floats:
    """Day (m,) on which a rising quantity (m, t) reaches its threshold, between two looks."""
    row, before = np.arange(len(at)), np.maximum(at - 1, 0)
    low, high = scaled[row, before], scaled[row, at]
    part = np.where(high > low, (threshold - low) / np.where(high > low, high - low, 1.0), 0.0)
    return np.asarray(times[before] + np.clip(part, 0.0, 1.0) * (times[at] - times[before]))
