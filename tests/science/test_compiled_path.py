"""Compiled path against the reference solver on every model of the library."""

import numpy as np
import pytest

from il21 import catalog
from il21.declare import Assembly
from il21.engine.batch import solve_batch
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import doses_of, events_of, first_doses

REGIMENS = {"il21": ("30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles",)}
TIMES = 121


def case(name):
    model = catalog.model(name)
    regimens = model.default_doses or tuple(
        text for instance in model.doses for text in REGIMENS.get(instance, ())
    )
    doses = doses_of(model, regimens, {"weight": 70.0})
    values = dict(model.values)
    values |= {k: v for k, v in first_doses(doses).items() if k in values}
    return model, values, events_of(model, doses, values, 0.0, model.span)


def varies(row):
    """Neither a time of dosing nor an absolute temperature: 2 % of 310 K is a dead patient."""
    hot = any(name == "temperature" for name, _ in row.unit.dimension)
    return not (hot or row.name.endswith(".first_dose"))


@pytest.mark.parametrize("name", catalog.entries(Assembly))
def test_compiled_equals_reference(name):
    model, values, events = case(name)
    times = np.linspace(0.0, model.span, TIMES)
    rng = np.random.default_rng(21)
    table = np.tile([values[row.name] for row in model.parameters], (3, 1))
    varied = [k for k, row in enumerate(model.parameters) if varies(row)]
    table[1:, varied] *= np.exp(0.02 * rng.standard_normal((2, len(varied))))
    found = solve_batch(model, table, [events] * 3, times, tolerance="reference")
    assert found.status.tolist() == [0, 0, 0], [found.reason(k) for k in range(3)]
    solver = ReferenceSolver(model, Tolerance(1e-11, 1e-14))
    for k in range(3):
        row = {p.name: float(v) for p, v in zip(model.parameters, table[k], strict=True)}
        wanted = solver.run(row, events, times).states
        peak = np.abs(wanted).max(axis=0)
        error = np.abs(found.outputs[k] - wanted) / (np.abs(wanted) + 1e-3 * peak + 1e-300)
        worst = int(np.argmax(error.max(axis=0)))
        assert error.max() <= 1e-6, f"{model.species[worst].name}: {error.max():.2g}"
