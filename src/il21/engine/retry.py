"""The retry ladder: a patient that fails is tried at a tighter tolerance, then by the reference solver.

The others are not touched: every attempt writes the rows of its own patients alone.
"""

import numpy as np
from numpy.typing import NDArray

from il21.engine.job import DONE, NOT_FINITE, STEP_SMALL, Job
from il21.engine.paused import pack, unpack
from il21.engine.quantities import quantities
from il21.engine.reference import REFERENCE_RTOL, ReferenceRun, ReferenceSolver, Tolerance
from il21.engine.schedule import Events
from il21.errors import SolverError

TIGHTER = 10.0  # times tighter, at the second attempt
MOST_EVALUATIONS = 50_000  # of the rates by the reference solver for one patient: some seconds
TIGHT, REFERENCE = "at a tolerance 10 times tighter", "by the reference solver"


def climb(
    job: Job, tried: NDArray[np.int64], tolerance: Tolerance, threads: int, most_steps: int
) -> None:
    """Try again the patients whose step became too small or whose state was not finite.

    A limit of steps, bad input and triggers in a circle are not numerical: they are left as they are.
    """
    failed = tried[np.isin(job.status[tried], (STEP_SMALL, NOT_FINITE))]
    if not len(failed):
        return
    story = {int(k): job.why(int(k)) for k in failed}
    job.clear(failed)
    tighter = Tolerance(tolerance.rtol / TIGHTER, tolerance.atol / TIGHTER)
    job.run(failed, tighter, threads, most_steps)
    still = [int(k) for k in failed if job.status[k] != DONE]
    for k in set(story) - set(still):
        story[k] += f"; carried through {TIGHT}"
    solver = _solver(job, tighter) if still else None
    for k in still:
        assert solver is not None
        story[k] += f"; {TIGHT} {job.why(k)}"
        story[k] += _by_reference(job, solver, k)
    for k, told in story.items():
        job.notes[k] = f"{job.notes[k]}; then {told}" if k in job.notes else told


def _solver(job: Job, tolerance: Tolerance) -> ReferenceSolver:
    rtol = max(REFERENCE_RTOL, 1e-2 * tolerance.rtol)
    fine = Tolerance(rtol, rtol * tolerance.atol / tolerance.rtol)
    return ReferenceSolver(job.machine.system.model, fine, most_evaluations=MOST_EVALUATIONS)


def _by_reference(job: Job, solver: ReferenceSolver, patient: int) -> str:
    """Try one patient by the reference solver; return what is to be said of it."""
    model = solver.model
    row = job.table[patient]
    values = {p.name: float(v) for p, v in zip(model.parameters, row, strict=True)}
    try:
        with np.errstate(all="ignore"):
            run = _run(job, solver, values, patient)
            space = {**values, "time": run.times}
            space |= {s.name: run.states[:, k] for k, s in enumerate(model.species)}
            space |= {s.name: run.switches[:, k] for k, s in enumerate(model.switches)}
            found = quantities(model, job.names, space, run.times.shape)
    except (SolverError, ArithmeticError, ValueError) as error:
        return f"; {REFERENCE}: {error}"
    job.clear([patient])
    inside = _inside(job, patient)
    job.outputs[patient, inside] = np.column_stack([found[name] for name in job.names])
    job.final[patient] = run.final
    job.status[patient] = DONE
    job.last_time[patient] = min(job.end, float(job.pause[patient]))
    job.steps[patient] = job.before[patient] + run.steps
    if job.pausing:
        job.rows[patient] = pack(model, float(job.pause[patient]), run.final, run.carry)
    without = ", which gives no reductions" if job.plan.slots else ""
    return f"; carried through {REFERENCE}{without}"


def _inside(job: Job, patient: int) -> NDArray[np.bool_]:
    """Which output times lie in the run of a patient."""
    return (job.times >= job.begin[patient]) & (job.times <= job.pause[patient])


def _run(job: Job, solver: ReferenceSolver, values: dict[str, float], patient: int) -> ReferenceRun:
    events, last = job.schedule.of(patient), job.end
    if job.pausing:
        last = float(job.pause[patient])
        early = events.time < last
        events = Events(
            events.time[early], events.kind[early], events.index[early], events.value[early]
        )
    begin, carry = float(job.begin[patient]), None
    start = None if job.start is None else job.start[patient]
    if job.resume is not None:
        begin, start, carry = unpack(solver.model, job.resume[patient])
    times = job.times[_inside(job, patient)]
    return solver.run(values, events, times, begin, start, last, carry)
