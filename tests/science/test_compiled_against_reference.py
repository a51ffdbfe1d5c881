"""The compiled path against the reference solver on every model of the library."""

import numpy as np
import pytest

from il21 import catalog
from il21.app.library import default_sets
from il21.declare import Assembly
from il21.engine.batch import solve_batch
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import doses_of, events_of, first_doses

PATIENT = "30 ug/kg IL-21 iv bolus, days 1-5, 15-19 of 56, 2 cycles"


def run_both(name: str, tolerance: str) -> tuple[np.ndarray, np.ndarray]:
    """States (times, species) of the compiled path and of the reference at 1e-12."""
    model = catalog.model(name, default_sets(name))
    values = dict(model.values)
    prescriptions = model.default_doses or ((PATIENT,) if name == "human" else ())
    doses = doses_of(model, prescriptions, {"weight": 70.0})
    values.update({k: v for k, v in first_doses(doses).items() if k in values})
    events = events_of(model, doses, values, 0.0, model.span)
    times = np.linspace(0.0, model.span, 300)
    reference = ReferenceSolver(model, Tolerance(1e-12, 1e-14)).run(values, events, times)
    row = np.array([[values[p.name] for p in model.parameters]])
    compiled = solve_batch(model, row, [events], times, tolerance=tolerance)
    assert compiled.status[0] == 0, compiled.reason(0)
    return compiled.outputs[0], reference.states


def error(found: np.ndarray, reference: np.ndarray) -> float:
    """Largest |y - ref| / (|ref| + 1e-3 peak of that output over the run)."""
    peak = np.abs(reference).max(axis=0)
    live = peak > 0
    scale = np.abs(reference[:, live]) + 1e-3 * peak[live]
    return float((np.abs(found - reference)[:, live] / scale).max())


@pytest.mark.parametrize(
    ("tolerance", "bound"), [("reference", 1e-6), ("default", 5e-4), ("screening", 5e-3)]
)
@pytest.mark.parametrize("name", list(catalog.entries(Assembly)))
def test_compiled_meets_the_reference(name: str, tolerance: str, bound: float) -> None:
    found, reference = run_both(name, tolerance)
    assert error(found, reference) <= bound


def test_the_bound_can_be_missed() -> None:
    """A thousandth of one rate is seen."""
    found, reference = run_both("cappuccio2006", "reference")
    found = found.copy()
    found[:, 0] *= 1 + 1e-5
    assert error(found, reference) > 1e-6
