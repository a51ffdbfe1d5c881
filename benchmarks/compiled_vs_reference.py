"""Time of the compiled path beside the reference solver, on the library's models.

    python benchmarks/compiled_vs_reference.py [--patients 1000] [--models human ...]

One thread.  CPU time, the best of three.  The error is the median over patients of the largest
|y - ref| / (|ref| + 1e-3 peak) over times and species, against the compiled path at 1e-11.
"""

import argparse
import time

import numpy as np

from il21 import catalog
from il21.declare import Assembly
from il21.engine import compile as engine_compile
from il21.engine.batch import TOLERANCES, solve_batch
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import doses_of, events_of, first_doses

REGIMEN = "30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles"
FINE = Tolerance(1e-11, 1e-14)


def case(name, patients):
    """Return a model, drawn parameters and events."""
    model = catalog.model(name)
    regimens = model.default_doses or ((REGIMEN,) if "il21" in model.doses else ())
    doses = doses_of(model, regimens, {"weight": 70.0})
    values = dict(model.values)
    values |= {k: v for k, v in first_doses(doses).items() if k in values}
    base = np.array([values[row.name] for row in model.parameters])
    fixed = np.array([not _varies(row) for row in model.parameters])
    draws = np.random.default_rng(0).standard_normal((patients, len(base)))
    table = base * np.exp(0.05 * np.where(fixed, 0.0, draws))
    return model, table, events_of(model, doses, values, 0.0, model.span)


def _varies(row):
    """Whether a parameter is drawn: neither a time of dosing nor an absolute temperature."""
    hot = any(name == "temperature" for name, _ in row.unit.dimension)
    return not (hot or row.name.endswith(".first_dose"))


def best_of(repeats, work):
    """Return the least CPU seconds and the last result."""
    least, found = float("inf"), None
    for _ in range(repeats):
        begin = time.process_time()
        found = work()
        least = min(least, time.process_time() - begin)
    return least, found


def reference_time(model, table, events, times):
    """Return CPU milliseconds a patient of the reference solver, at its own tolerance."""
    solver = ReferenceSolver(model)
    names = [row.name for row in model.parameters]
    few = table[:2]
    seconds, _ = best_of(
        1, lambda: [solver.run(dict(zip(names, row, strict=True)), events, times) for row in few]
    )
    return 1e3 * seconds / len(few)


def report(name, patients, width):
    """Print one model."""
    model, table, events = case(name, patients)
    times = np.linspace(0.0, model.span, 100)

    def run(tolerance, count):
        return solve_batch(
            model, table[:count], [events] * count, times,
            tolerance=tolerance, threads=1, width=width,
        )  # fmt: skip

    begin = time.perf_counter()
    run("default", 1)
    first = time.perf_counter() - begin
    machine = next(reversed(engine_compile._machines.values()))
    system = machine.system
    print(
        f"\n{name}: {len(model.species)} states, {len(model.parameters)} parameters, "
        f"{len(system.jacobian)} slopes, {system.elimination.fill} filled, {len(events)} events; "
        f"width {machine.layout.width}; first result {first:.2f} s "
        f"({'from the cache' if machine.from_cache else 'compiled'})"
    )
    slow = reference_time(model, table, events, times)
    print(f"  reference solver     {slow:9.2f} ms/patient")
    check = min(patients, 50)
    fine = run(FINE, check).outputs
    for label in TOLERANCES:
        count = patients if label != "reference" else max(1, patients // 10)
        seconds, found = best_of(3, lambda label=label, count=count: run(label, count))
        error = np.abs(found.outputs[:check] - fine[: len(found.outputs)])[:check]
        seen = fine[: len(error)]
        error /= np.abs(seen) + 1e-3 * np.abs(seen).max(axis=1, keepdims=True) + 1e-300
        each = 1e3 * seconds / count
        print(
            f"  {label:<12} {each:8.4f} ms/patient  {found.steps.mean():7.0f} steps"
            f"  {1e6 * seconds / found.steps.sum():6.3f} us/step  {slow / each:7.0f} times"
            f"  error {np.median(error.max(axis=(1, 2))):.1e}  failed {np.count_nonzero(found.status)}"
        )


def main():
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--width", type=int, default=None)
    parser.add_argument("--models", nargs="*", default=list(catalog.entries(Assembly)))
    asked = parser.parse_args()
    for name in asked.models:
        report(name, asked.patients, asked.width)


if __name__ == "__main__":
    main()
