"""The engine beside libRoadRunner, pydiffsol and SciPy at equal error; one thread each.

    pip install ".[bench]"
    python benchmarks/peers.py [--models stiff43 human] [--patients 9] [--rounds 3]

A peer that is not installed is left out and named.  Error of a patient: the largest |y - ref| /
(|ref| + 1e-3 peak) over 100 times and 10 outputs, ref the engine at 1e-12; of a solver: the median
over patients.  Time at an error: from the work-precision curve, logarithms interpolated.  Rounds
take turns in one process; times are CPU times (other jobs may share the machine), medians of rounds.
The engine gets the peers' patients 14 times over: it works on many at once and a few fill no lanes.
"""

import argparse
import contextlib
import ctypes
import importlib.metadata
import os
import statistics
import sys
import time
from dataclasses import dataclass, field, replace

import numpy as np
from _cases import human_case, outputs_from, stiff_case
from _solvers import Diffsol, RoadRunner, SciPy

from il21.engine.batch import solve_batch
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS, Events

TARGETS = (1e-4, 1e-6)
BARS = {"libRoadRunner": (60, 35), "pydiffsol": (30, 18)}
ENGINE_RTOL = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
COPIES = 14
ENGINE, STOPPING = "il21", "il21, stop at outputs"
CASES = {"stiff43": stiff_case, "human": human_case}


@dataclass
class Run:
    """A solver with its tolerances: errors by tolerance, CPU ms and wall ms a patient by round."""

    label: str
    rtols: tuple[float, ...]
    patients: int
    rounds: int
    peer: object = None
    error: dict[float, float] = field(default_factory=dict)
    worst: dict[float, float] = field(default_factory=dict)
    cpu: dict[float, list[float]] = field(default_factory=dict)
    wall: dict[float, list[float]] = field(default_factory=dict)


@contextlib.contextmanager
def quiet():
    """Send what compiled code prints nowhere: CVODE warns at each restart, on standard output."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    kept = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(nowhere, number)
    try:
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # what C still holds back belongs nowhere too
        for number, own in zip((1, 2), kept, strict=True):
            os.dup2(own, number)
        for number in (nowhere, *kept):
            os.close(number)


def peers(people, starts, count, wide):
    """Return the runs of what is installed, and a line for each that is not."""
    tight = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
    plans = (
        ("libRoadRunner", "reactions", tight, count, 9, lambda: RoadRunner(people, starts, wide)),
        ("libRoadRunner", "rate rules", (1e-6, 1e-8), min(3, count), 1,
         lambda: RoadRunner(people, starts, wide, reactions=False)),
        ("pydiffsol", "BDF", tight, count, 9, lambda: Diffsol(people, starts, wide)),
        ("pydiffsol", "ESDIRK34", tight[:4], min(3, count), 1,
         lambda: Diffsol(people, starts, wide, "esdirk34")),
        ("pydiffsol", "TR-BDF2", tight[:4], min(3, count), 1,
         lambda: Diffsol(people, starts, wide, "tr_bdf2")),
        ("SciPy", "LSODA", (1e-5, 1e-6, 1e-7, 1e-8), min(3, count), 1, lambda: SciPy(people, starts, "LSODA")),
        ("SciPy", "BDF", (1e-4, 1e-6, 1e-8), min(2, count), 1,
         lambda: SciPy(people, starts, "BDF")),
        ("SciPy", "Radau", (1e-4, 1e-6), min(2, count), 1,
         lambda: SciPy(people, starts, "Radau")),
    )  # fmt: skip
    found, lines = [], []
    for name, kind, rtols, patients, rounds, make in plans:
        try:
            begin = time.perf_counter()
            with quiet():
                peer = make()
            lines.append(f"{name} {kind}: compiled in {time.perf_counter() - begin:.2f} s")
            found.append(Run(f"{name} {kind}", rtols, patients, rounds, peer))
        except ImportError as error:
            lines.append(f"{name} {kind}: left out, not installed ({error.name})")
        except Exception as error:
            lines.append(f"{name} {kind}: left out, does not take the model ({error})"[:200])
    return found, lines


def error_of(found, exact):
    """Return the error of each patient."""
    scale = np.abs(exact) + 1e-3 * np.abs(exact).max(axis=1, keepdims=True) + 1e-300
    return (np.abs(found - exact) / scale).max(axis=(1, 2))


def stopping(people):
    """Return the events with a bolus of nothing at each output: the step ends there.

    Outputs are then states of steps, not of the interpolant; the difference is what that one costs.
    """
    found = {}
    for item in people.events:
        if id(item) in found:
            continue
        many = len(people.times)
        columns = (item.time, item.kind, item.index, item.value)
        added = (people.times, np.full(many, BOLUS), np.zeros(many, int), np.zeros(many))
        joined = [np.concatenate(pair).astype(a.dtype)
                  for pair in zip(columns, added, strict=True) for a in pair[:1]]  # fmt: skip
        order = np.argsort(joined[0], kind="stable")
        found[id(item)] = Events(*(column[order] for column in joined))
    return [found[id(item)] for item in people.events]


def time_engine(run, people, starts, exact):
    """Add one round of the engine."""
    many = np.tile(people.numbers, (COPIES, 1))
    begins = np.tile(starts, (COPIES, 1))
    events = (stopping(people) if run.label == STOPPING else people.events) * COPIES
    for rtol in run.rtols:
        wall, cpu = time.perf_counter(), time.process_time()
        found = solve_batch(
            people.model, many, events, people.times, outputs=people.outputs, start=begins,
            tolerance=Tolerance(rtol, 1e-3 * rtol), threads=1,
        )  # fmt: skip
        _add(run, rtol, time.process_time() - cpu, time.perf_counter() - wall, len(many))
        if rtol not in run.error:
            errors = error_of(found.outputs[: len(exact)], exact)
            run.error[rtol], run.worst[rtol] = float(np.median(errors)), float(errors.max())


def time_peer(run, people, exact):
    """Add one round of a peer; a tolerance at which it gives up is left out."""
    patients = range(run.patients)
    for rtol in run.rtols:
        run.peer.set(rtol)
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            with quiet():
                states = [run.peer.solve(k) for k in patients]
        except Exception as failure:
            print(f"  {run.label} at {rtol:.0e} gave up: {str(failure)[:100]}", flush=True)
            continue
        _add(run, rtol, time.process_time() - cpu, time.perf_counter() - wall, run.patients)
        if rtol not in run.error:
            found = np.array([outputs_from(people, k, states[k]) for k in patients])
            errors = error_of(found, exact[: run.patients])
            run.error[rtol], run.worst[rtol] = float(np.median(errors)), float(errors.max())


def _add(run, rtol, cpu, wall, patients):
    run.cpu.setdefault(rtol, []).append(1e3 * cpu / patients)
    run.wall.setdefault(rtol, []).append(1e3 * wall / patients)


def at_error(run, target):
    """Return CPU ms a patient at a median error; None outside of the measured curve."""
    points = sorted((run.error[r], statistics.median(run.cpu[r])) for r in run.cpu)
    errors, times = (np.log([p[j] for p in points]) for j in (0, 1))
    if not len(points) or not errors[0] <= np.log(target) <= errors[-1]:
        return None
    return float(np.exp(np.interp(np.log(target), errors, times)))


def print_curves(runs, patients):
    """Print the work-precision curves."""
    print(
        f"\n  {'solver':<24} {'rtol':>6} {'med err':>9} {'max err':>9} {'CPU ms':>9} {'wall ms':>9}"
    )
    for run in runs:
        for rtol in sorted(run.cpu, reverse=True):
            cpu, wall = (statistics.median(x[rtol]) for x in (run.cpu, run.wall))
            few = "" if run.patients == patients else f"  ({run.patients} patients)"
            print(
                f"  {run.label:<24} {rtol:>6.0e} {run.error[rtol]:>9.1e} {run.worst[rtol]:>9.1e}"
                f" {cpu:>9.3f} {wall:>9.3f}{few}"
            )


def report(runs, patients, curves=True):
    """Print the curves, then time and ratio to the first run at equal error."""
    if curves:
        print_curves(runs, patients)
    engine = runs[0]
    print(f"\n  ratios to {engine.label}")
    print(f"  {'at a median error of':<24}" + "".join(f"{t:>26.0e}" for t in TARGETS))
    for run in runs:
        cells = []
        for j, target in enumerate(TARGETS):
            own, base = at_error(run, target), at_error(engine, target)
            if own is None or base is None:
                cells.append(f"{'not reached':>26}")
                continue
            bar = next((b[j] for name, b in BARS.items() if run.label.startswith(name)), None)
            ratio = own / base
            word = "" if ratio >= 1 or run is engine else " WINS"
            if bar and not word:
                word = f" (bar {bar}{'' if ratio >= bar else ', short'})"
            cells.append(f"{own:9.2f} ms {ratio:6.1f}x{word}".rjust(26))
        print(f"  {run.label:<24}" + "".join(cells))


def measure(name, count, rounds):
    """Time one model."""
    people, starts = CASES[name](60)
    wide = people.numbers
    few = replace(
        people, numbers=wide[:count], events=people.events[:count], routes=people.routes[:count]
    )
    starts = starts[:count]
    exact = solve_batch(
        few.model, few.numbers, few.events, few.times, outputs=few.outputs, start=starts,
        tolerance=Tolerance(1e-12, 1e-15),
    ).outputs  # fmt: skip
    found, lines = peers(few, starts, count, wide)
    print(
        f"\n{name}: {len(few.model.species)} states, {len(few.events[0])} events, {count} patients"
    )
    print("\n".join(f"  {line}" for line in lines), flush=True)
    check(few, starts, exact)
    ours = [Run(label, ENGINE_RTOL, count, rounds) for label in (ENGINE, STOPPING)]
    time_engine(Run("warm", (1e-3,), count, 1), few, starts, exact)
    for k in range(rounds):
        for run in ours:
            time_engine(run, few, starts, exact)
        for run in found:
            if k < run.rounds:
                time_peer(run, few, exact)
    for run in ours:
        report([run, *(r for r in ours if r is not run), *found], count, curves=run is ours[0])


def check(people, starts, exact):
    """Print how far the reference is from one that shares no code with the method: SciPy LSODA."""
    other = SciPy(people, starts, "LSODA")
    other.set(1e-12)
    states = [other.solve(k) for k in range(2)]
    found = np.array([outputs_from(people, k, states[k]) for k in range(2)])
    print(
        f"  reference against SciPy LSODA at 1e-12: {error_of(found, exact[:2]).max():.1e}",
        flush=True,
    )


def main():
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--patients", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for name in ("libroadrunner", "pydiffsol", "python-libsbml", "scipy", "numpy", "llvmlite"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            print(name, importlib.metadata.version(name))
    for name in asked.models:
        measure(name, asked.patients, asked.rounds)


if __name__ == "__main__":
    main()
