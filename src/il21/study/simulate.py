"""One typical subject, run by the reference solver: what `il21 simulate` does."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.compose.join import check_formula
from il21.compose.model import Model
from il21.compose.numbers import rederive
from il21.declare import Regimen, RunIn
from il21.engine.quantities import quantities
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import doses_of, events_of, first_doses
from il21.engine.trajectory import to_dataset
from il21.errors import InputError, UnitError, UnknownNameError, suggest
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.tree import names_in
from il21.units import parse_quantity

Array = NDArray[np.float64]
MOST_POINTS = 1_000_000


@dataclass(frozen=True)
class Scenario:
    """What one run is: model, prescriptions, changed numbers, length, output points, body weight.

    With a ``run_in`` the subject is first brought to the start of treatment, as a patient is.
    """

    model: Model
    doses: tuple[str | Regimen, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    span: str = ""
    points: int = 300
    weight: str = ""
    tolerance: Tolerance = field(default_factory=Tolerance)
    run_in: RunIn | None = None


def simulate(scenario: Scenario, outputs: Sequence[str] = ()) -> Any:
    """Run a scenario.

    Returns
    -------
    xarray.Dataset
        Every species and observable (or the asked outputs) over time, in declared units.

    Raises
    ------
    InputError, UnknownNameError, UnitError, RegimenError
        For what cannot be used.
    SolverError
        If the run cannot be integrated.
    """
    model = scenario.model
    names = _outputs(model, outputs)
    times, data = _run(scenario, names, ReferenceSolver(model, scenario.tolerance))
    return to_dataset(model, times, data, provenance=_provenance(scenario))


def scan(scenario: Scenario, name: str, values: Sequence[str], outputs: Sequence[str] = ()) -> Any:
    """Run a scenario once for each value of a parameter; the dataset has its name as a dimension.

    Raises
    ------
    InputError
        If there are no values.
    """
    model = scenario.model
    if not values:
        raise InputError(f"scan of {name}: no values; write e.g. --scan '{name}=1/d,2/d'")
    target = model.parameter(name)
    names = _outputs(model, outputs)
    solver = ReferenceSolver(model, scenario.tolerance)
    runs = [
        _run(replace(scenario, changes={**scenario.changes, target.name: value}), names, solver)
        for value in values
    ]
    data = {key: np.stack([run[1][key] for run in runs]) for key in names}
    points = [change_of(model, target.name, value) / target.unit.factor for value in values]
    coords = {target.name: (target.name, points, {"units": target.unit.text})}
    return to_dataset(
        model, runs[0][0], data, (target.name, "time"), coords, provenance=_provenance(scenario)
    )


def change_of(model: Model, name: str, text: str) -> float:
    """Return the base value of a change such as "0.1/day" for a parameter.

    Raises
    ------
    UnitError
        If the unit is missing or does not fit.
    InputError
        If the value is negative where the typical one is not.
    """
    target = model.parameter(name)
    try:
        quantity = parse_quantity(_spaced(text))
    except UnitError as error:
        raise UnitError(f"{target.name}: {error}") from error
    if not quantity.unit.same_dimension(target.unit):
        raise UnitError(f"{target.name}: '{text}' must be in {target.unit} ({target.about})")
    if quantity.value < 0 <= target.value:
        raise InputError(f"{target.name}: {text} is negative; {target.about} is not")
    return quantity.base


def _spaced(text: str) -> str:
    """Read "0.1/day" as "0.1 1/day"."""
    number, slash, unit = text.partition("/")
    try:
        float(number)
    except ValueError:
        return text
    return f"{number} 1/{unit}" if slash else text


def _outputs(model: Model, asked: Sequence[str]) -> tuple[str, ...]:
    if asked:
        return tuple(dict.fromkeys(model.quantity(name).name for name in asked))
    return tuple(row.name for row in (*model.species, *model.observables))


def changed_values(model: Model, changes: Mapping[str, str]) -> dict[str, float]:
    """Return every parameter in base units with changes applied and derived values following."""
    values: dict[str, Any] = dict(model.values)
    fixed = {
        model.parameter(name).name: change_of(model, name, text) for name, text in changes.items()
    }
    values.update(fixed)
    rederive(model.parameters, values, frozenset(fixed))
    return {name: float(value) for name, value in values.items()}


def values_digest(values: Mapping[str, float]) -> str:
    """Return a hash of the values that one run used: 16 hexadecimal digits."""
    lines = [f"{name}={value!r}" for name, value in sorted(values.items())]
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def _run(
    scenario: Scenario, names: Sequence[str], solver: ReferenceSolver
) -> tuple[Array, dict[str, Array]]:
    model = scenario.model
    span = parse_quantity(scenario.span).to("d") if scenario.span else model.span
    if not 0 < span < 1e5:
        raise InputError(f"span of {span:g} d: expected more than 0 and at most 100,000 d")
    if not 2 <= scenario.points <= MOST_POINTS:
        raise InputError(f"{scenario.points} points: expected 2 to {MOST_POINTS}")
    weight = {"weight": weight_of(scenario.weight)} if scenario.weight else {}
    values = changed_values(model, scenario.changes)
    start = bring_to_start(model, scenario.run_in, values, solver) if scenario.run_in else None
    doses = doses_of(model, scenario.doses, weight)
    values.update({k: v for k, v in first_doses(doses).items() if k in values})
    events = events_of(model, doses, values, 0.0, span)
    inside = [t for t in np.unique(events.time) if 0 < t < span]
    times = np.unique(np.concatenate([np.linspace(0.0, span, scenario.points), inside]))
    run = solver.run(values, events, times, start=start)
    space: dict[str, Any] = {**values, "time": times}
    space |= {row.name: run.states[:, k] for k, row in enumerate(model.species)}
    space |= {row.name: run.switches[:, k] for k, row in enumerate(model.switches)}
    return times, quantities(model, names, space, times.shape)


def bring_to_start(
    model: Model, run_in: RunIn, values: dict[str, float], solver: ReferenceSolver
) -> Array:
    """Run a subject in; return the state at the start and set the parameters that the run-in sets.

    A parameter that the user changed is set all the same if the run-in sets it.
    """
    held = dict(values)
    for name, text in run_in.hold.items():
        held[model.parameter(name).name] = parse_quantity(text).base
    length = parse_quantity(run_in.duration).to("d")
    quiet = events_of(model, (), held, -length, 0.0)
    state = solver.run(held, quiet, [0.0], start_time=-length).final
    space: dict[str, Any] = {**held, "time": 0.0}
    space |= {row.name: 0.0 for row in model.switches}
    space |= {row.name: float(x) for row, x in zip(model.species, state, strict=True)}
    for name, text in run_in.then.items():
        values[model.parameter(name).name] = float(run_in_value(model, name, text, space, ()))
    return state


def run_in_value(
    model: Model, name: str, text: str, space: Mapping[str, Any], shape: tuple[int, ...]
) -> Any:
    """Return what a run-in sets a parameter to, from the state that it reached.

    Raises
    ------
    UnknownNameError, UnitError, InputError
        If the formula reads an unknown name or has another unit than the parameter.
    """
    node = parse(text)
    for other in names_in(node):
        if other not in model.units and other != "time":
            raise UnknownNameError(
                f"run-in of {name}: there is no '{other}'{suggest(other, model.units)}"
            )
    if check_formula(model, node, f"run-in of {name}") != model.parameter(name).unit.dimension:
        raise InputError(f"run-in of {name}: '{text}' must be in {model.parameter(name).unit}")
    wanted = [other for other in names_in(node) if other not in space]
    return evaluate(node, {**space, **quantities(model, wanted, space, shape)})


def weight_of(text: str) -> float:
    """Return a body weight in kg from text with unit.

    Raises
    ------
    UnitError
        If it is not a body weight.
    InputError
        If no body has it.
    """
    weight = parse_quantity(text.replace("kg_bw", "kg").replace("kg", "kg_bw")).to("kg_bw")
    if not 0 < weight < 1000:
        raise InputError(f"weight {text}: expected more than 0 and below 1000 kg")
    return weight


def _provenance(scenario: Scenario) -> dict[str, Any]:
    return {
        "solver": "reference (scipy LSODA)",
        "rtol": scenario.tolerance.rtol,
        "atol": scenario.tolerance.atol,
        "doses": "; ".join(d.text if isinstance(d, Regimen) else d for d in scenario.doses),
        "changes": "; ".join(f"{k} = {v}" for k, v in scenario.changes.items()),
        "weight": scenario.weight,
        "seed": "none (typical subject)",
        "run_in": scenario.run_in.duration if scenario.run_in else "none",
        "parameter_hash": values_digest(changed_values(scenario.model, scenario.changes)),
    }
