"""Prescriptions and switches become timed events: what changes, when, by how much.

Integration stops at every event, so an infusion of a minute in a year is never stepped over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Edge, Model, Target
from il21.declare.dosing import Regimen
from il21.errors import RegimenError, UnitError, suggest
from il21.lang.evaluate import evaluate
from il21.units import parse_quantity, parse_unit

BOLUS, INFUSION, SWITCH = 0, 1, 2  # kinds of events
MOST_EVENTS = 200_000
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Dose:
    """One administration: when (d), how much (base unit of the species), over how long (d), where."""

    time: float
    amount: float
    duration: float
    targets: tuple[Target, ...]
    instance: str


@dataclass(frozen=True)
class Events:
    """Timed changes of one run, sorted by time.

    ``kind`` is BOLUS (add ``value`` to species ``index``), INFUSION (add ``value`` to its inflow) or
    SWITCH (set switch ``index`` to ``value``).
    """

    time: Array
    kind: NDArray[np.int32]
    index: NDArray[np.int32]
    value: Array

    def __len__(self) -> int:
        return len(self.time)


def doses_of(
    model: Model, regimens: Sequence[Regimen | str], covariates: Mapping[str, float] | None = None
) -> tuple[Dose, ...]:
    """Return the administrations of prescriptions.

    Parameters
    ----------
    regimens
        Prescriptions; an amount per kg is multiplied by the covariate ``weight``.
    covariates
        Base values, e.g. ``{"weight": 70.0}`` (kg of body weight).

    Raises
    ------
    RegimenError
        For an agent, a route or a unit that the model does not take.
    """
    found: list[Dose] = []
    for item in regimens:
        regimen = Regimen(item) if isinstance(item, str) else item
        found.extend(_doses(model, regimen, covariates or {}))
    return tuple(sorted(found, key=lambda dose: dose.time))


def _doses(model: Model, regimen: Regimen, covariates: Mapping[str, float]) -> list[Dose]:
    instance = model.agents.get(regimen.agent)
    if instance is None:
        hint = suggest(regimen.agent, model.agents)
        raise RegimenError(
            f"regimen '{regimen.text}': {model.name} takes no '{regimen.agent}'{hint}"
        )
    routes = model.doses[instance]
    if regimen.route not in routes:
        hint = suggest(regimen.route, routes)
        raise RegimenError(
            f"regimen '{regimen.text}': {regimen.agent} has no route '{regimen.route}' here{hint}"
        )
    targets = routes[regimen.route]
    amount = _amount(model, regimen, targets, covariates)
    return [Dose(t.day, amount, t.duration, targets, instance) for t in regimen.times]


def _amount(
    model: Model, regimen: Regimen, targets: tuple[Target, ...], covariates: Mapping[str, float]
) -> float:
    units = {row.name: row.unit for row in model.species}
    unit = next((units[t.species] for t in targets if t.fixed is None), None)
    text = regimen.amount
    try:
        per_kg = text.replace("/kg_bw", "/kg").endswith("/kg")
        quantity = parse_quantity(text.replace("/kg_bw", "/kg").replace("/kg", "/kg_bw"))
    except UnitError as error:
        raise RegimenError(f"regimen '{regimen.text}': {error}") from error
    amount = quantity.base
    if not np.isfinite(amount):
        raise RegimenError(f"regimen '{regimen.text}': a dose of {text} is not finite")
    if unit is None or quantity.unit.same_dimension(unit):
        return amount
    if per_kg and "weight" in covariates:
        if parse_unit(f"{quantity.unit.text}*kg_bw").same_dimension(unit):
            return amount * covariates["weight"]
    wanted = f"{unit} or per kg"
    if per_kg and "weight" not in covariates:
        wanted = f"{unit}; no body weight is known here"
    raise RegimenError(
        f"regimen '{regimen.text}': a dose in '{text}' cannot be given, write it in {wanted}"
    )


def scaled(doses: Sequence[Dose], since: float, factor: float) -> tuple[Dose, ...]:
    """Return the doses with those at or after ``since`` (d) times a factor: 0 stops, 1/2 halves.

    >>> from il21.engine.schedule import Dose
    >>> [d.amount for d in scaled([Dose(t, 8.0, 0.0, (), "il21") for t in (0, 7, 14)], 7.0, 0.5)]
    [8.0, 4.0, 4.0]
    """
    if not (np.isfinite(factor) and factor >= 0.0):
        raise RegimenError(f"doses times {factor}: the factor must be a number not below 0")
    changed = [replace(d, amount=d.amount * factor) if d.time >= since else d for d in doses]
    return tuple(d for d in changed if factor > 0.0 or d.time < since)


def events_of(
    model: Model,
    doses: Sequence[Dose],
    parameters: Mapping[str, float],
    start: float,
    end: float,
) -> Events:
    """Return the sorted events of one run between ``start`` and ``end`` (d), edges of switches included.

    Switches that are on at ``start`` are set there.
    """
    index = {row.name: k for k, row in enumerate(model.species)}
    rows: list[tuple[float, int, int, float]] = []
    for dose in doses:
        if not start <= dose.time <= end:
            continue
        for target in dose.targets:
            amount = dose.amount if target.fixed is None else target.fixed
            where = index[target.species]
            if dose.duration > 0.0:
                rate = amount / dose.duration
                rows.append((dose.time, INFUSION, where, rate))
                rows.append((dose.time + dose.duration, INFUSION, where, -rate))
            else:
                rows.append((dose.time, BOLUS, where, amount))
    for number, edge in enumerate(model.switches):
        rows.extend(_edges(edge, number, parameters, start, end))
    if len(rows) > MOST_EVENTS:
        raise RegimenError(f"{model.name}: more than {MOST_EVENTS} events in one run")
    rows.sort(key=lambda row: row[:3])
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
    return Events(
        np.array(columns[0], float),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int32),
        np.array(columns[3], float),
    )


def _edges(
    edge: Edge, number: int, parameters: Mapping[str, float], start: float, end: float
) -> list[tuple[float, int, int, float]]:
    on, off = (float(evaluate(node, parameters)) for node in (edge.on, edge.off))
    period = float(evaluate(edge.period, parameters)) if edge.period is not None else 0.0
    if not on < off or (period and (off - on > period or period <= 0)):
        raise RegimenError(
            f"switch {edge.name}: on {on:g} d, off {off:g} d, period {period:g} d do not fit"
        )
    first = int(np.floor((start - off) / period)) if period else 0
    last = int(np.ceil((end - on) / period)) if period else 0
    if last - first > MOST_EVENTS:
        raise RegimenError(f"switch {edge.name}: more than {MOST_EVENTS} edges in one run")
    rows: list[tuple[float, int, int, float]] = []
    for k in range(first, last + 1):
        begin, finish = on + k * period, off + k * period
        if begin <= start < finish:
            rows.append((start, SWITCH, number, 1.0))
        if start < begin <= end:
            rows.append((begin, SWITCH, number, 1.0))
        if start < finish <= end:
            rows.append((finish, SWITCH, number, 0.0))
    return rows


def first_doses(doses: Sequence[Dose]) -> dict[str, float]:
    """Return the time (d) of the first dose into each instance, by parameter name."""
    found: dict[str, float] = {}
    for dose in sorted(doses, key=lambda item: item.time):
        found.setdefault(f"{dose.instance}.first_dose", dose.time)
    return found
