"""Numbers of virtual patients: typical values, moved by uncertainty, spread by variability.

One row a patient, one column a parameter, all in the coherent base.  What a number is keyed by is its
evidence record (module, parameter, host, set), so that two uses of one module in a patient share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Constant, Model
from il21.declare.evidence import Spread
from il21.declare.population import Covariate, Population
from il21.lang.evaluate import evaluate
from il21.lang.tree import names_in
from il21.study.draws import normals
from il21.study.subject import correlate, correlation_matrix, uncertain, vary
from il21.units import parse_quantity

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
MOST_ATTEMPTS = 50  # draws of a replicate's uncertain numbers


@dataclass(frozen=True, eq=False)
class Patients:
    """Who is drawn: ``ids`` (n,) and the ``replicate`` (n,) that each belongs to.

    ``uncertainty`` and ``variability`` switch the two kinds of draws off for a comparison.
    """

    seed: int
    trial: str
    ids: Whole
    replicate: Whole
    uncertainty: bool = True
    variability: bool = True

    def __len__(self) -> int:
        return len(self.ids)


def draw_numbers(
    model: Model, patients: Patients, fixed: Mapping[str, float] | None = None
) -> Floats:
    """Return the parameters of virtual patients, (n, n_parameters) in the order of the model.

    Derived values follow what they derive from.  Hidden records (of another host) are uncertain but
    do not vary between patients.  ``fixed`` sets parameters (base values) for everybody.
    """
    given = fixed or {}
    numbers, index = np.unique(patients.replicate, return_inverse=True)
    attempts = plausible_attempts(model, patients, numbers, given)[index]
    drawn = _draw_all(model, patients, given, attempts)
    return np.stack(
        [np.broadcast_to(drawn[p.name], len(patients)) for p in model.parameters], axis=1
    )


def plausible_attempts(
    model: Model, patients: Patients, replicates: Whole, fixed: Mapping[str, float]
) -> Whole:
    """Return how often the uncertain numbers of each replicate (R,) are drawn anew.

    A draw is not plausible if a derived value has another sign than the typical one: a steady
    state that needs a negative rate is no state of the world.  Whether a draw is plausible depends
    on the numbers alone, never on an outcome.
    """
    attempts = np.zeros(len(replicates), np.int64)
    todo = np.arange(len(replicates)) if patients.uncertainty else np.zeros(0, np.int64)
    while len(todo) and attempts[todo[0]] < MOST_ATTEMPTS:
        worlds = Patients(
            patients.seed,
            patients.trial,
            np.zeros(len(todo), np.int64),
            replicates[todo],
            True,
            False,
        )
        drawn = _draw_all(model, worlds, fixed, attempts[todo])
        bad = np.zeros(len(todo), bool)
        for row in model.parameters:
            if row.formula is not None and row.value != 0.0:
                bad |= np.broadcast_to(drawn[row.name] * row.value <= 0.0, len(todo))
        todo = todo[bad]
        attempts[todo] += 1
    return attempts


def _draw_all(
    model: Model, patients: Patients, fixed: Mapping[str, float], attempts: Whole
) -> dict[str, Floats]:
    drawn: dict[str, Floats] = {}
    correlated = _correlated(model, patients) if patients.variability else {}
    for row in model.parameters:
        if row.name in fixed:
            drawn[row.name] = np.asarray(fixed[row.name])
        else:
            drawn[row.name] = _draw(model, row, drawn, patients, correlated, attempts)
    return drawn


def _draw(
    model: Model,
    row: Constant,
    drawn: Mapping[str, Floats],
    patients: Patients,
    correlated: Mapping[str, Floats],
    attempts: Whole,
) -> Floats:
    typical = np.asarray(row.value, float)
    if row.formula is not None:
        typical = np.asarray(evaluate(row.formula, {n: drawn[n] for n in names_in(row.formula)}))
    record = row.evidence
    if record is None:
        return typical
    unit = _unit(row)
    label = record_label(model, row)
    if record.uncertainty is not None and patients.uncertainty:
        z = _world(patients, label, attempts)
        centre = np.asarray(row.value / unit)
        typical = (
            typical * (uncertain(centre, record.uncertainty, z, name=row.name) / centre)
            if row.value
            else (typical + uncertain(0.0, record.uncertainty, z, name=row.name) * unit)
        )
    if record.variability is not None and patients.variability and not row.hidden:
        z = correlated.get(row.name)
        if z is None:
            z = _normals(patients, label)
        typical = vary(typical / unit, record.variability, z, name=row.name) * unit
    return typical


def record_label(model: Model, row: Constant) -> str:
    """Return the name by which a parameter's draws are keyed.

    The instance does not enter, the evidence record does.
    """
    record = row.evidence
    assert record is not None
    instance = row.name.split(".", 1)[0]
    module = model.instances.get(instance, instance)
    return ".".join(part for part in (module, record.parameter, record.host, record.sets) if part)


def _unit(row: Constant) -> float:
    """Size of the unit in which the spread's numbers stand, in base units."""
    record = row.evidence
    if record is not None and record.value:
        return parse_quantity(record.value).unit.factor
    return row.unit.factor


def _world(patients: Patients, label: str, attempts: Whole) -> Floats:
    """Standard normals (n,) that are one for each replicate."""
    _, first, index = np.unique(patients.replicate, return_index=True, return_inverse=True)
    numbers, tries = patients.replicate[first], attempts[first]
    return normals(patients.seed, f"uncertainty/{label}", 0, replicate=numbers, occasion=tries)[
        index
    ]


def _normals(patients: Patients, label: str) -> Floats:
    return normals(
        patients.seed,
        f"variability/{label}",
        patients.ids,
        replicate=patients.replicate,
        trial=patients.trial,
    )


def _correlated(model: Model, patients: Patients) -> dict[str, Floats]:
    if not model.correlations:
        return {}
    rows = {row.name: row for row in model.parameters}
    names = sorted({name for pair in model.correlations for name in pair})
    varying = [n for n in names if rows[n].evidence is not None and rows[n].evidence.variability]  # type: ignore[union-attr]
    pairs = {p: v for p, v in model.correlations.items() if p[0] in varying and p[1] in varying}
    matrix = correlation_matrix(varying, pairs)
    mixed = correlate([_normals(patients, record_label(model, rows[n])) for n in varying], matrix)
    return dict(zip(varying, mixed, strict=True))


def draw_covariates(population: Population, patients: Patients) -> dict[str, Floats]:
    """Return the covariates of the patients by name, (n,) in base units."""
    return {item.name: _covariate(item, patients) for item in population.covariates}


def _covariate(item: Covariate, patients: Patients) -> Floats:
    text = (
        item.value.replace("kg_bw", "kg").replace("kg", "kg_bw")
        if item.name == "weight"
        else item.value
    )
    value = parse_quantity(text).base
    if not item.log_sd or not patients.variability:
        return np.full(len(patients), value)
    z = _normals(patients, f"covariate.{item.name}")
    return vary(value, Spread("log_sd", (item.log_sd,)), z, name=item.name)


def draw_readout(
    records: Mapping[str, Constant], readout: str, patients: Patients
) -> dict[str, Floats]:
    """Return the numbers of a read-out for the patients, in the read-out's units, (n,) each."""
    attempts = np.zeros(len(patients), np.int64)
    drawn: dict[str, Floats] = {}
    for name, row in records.items():
        value = np.asarray(row.value / _unit(row))
        record = row.evidence
        if record is not None and record.uncertainty is not None and patients.uncertainty:
            label = ".".join(p for p in (readout, record.parameter, record.host, record.sets) if p)
            z = _world(patients, label, attempts)
            value = uncertain(value, record.uncertainty, z, name=name)
        printed = np.asarray(value * (_unit(row) / row.unit.factor), float)
        drawn[name] = np.broadcast_to(printed, len(patients))
    return drawn
