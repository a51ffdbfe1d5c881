"""Many patients at once: compiled, each with its own time, step and doses; the same bits in any order.

Rodas5P (rodas.py) with its own step for each patient: the root mean square over species of
error / (atol unit + rtol |y|) is held below 1.  What each tolerance means for the outputs, how the
bits are kept and what is not there stand in docs/engine.md.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.compile import WIDTHS, machine_of
from il21.engine.intake import (
    TOLERANCES,
    Schedule,
    last_of,
    moments_of,
    pauses_of,
    table_of,
    tolerance_of,
    unusable,
)
from il21.engine.job import DONE, STATUS, Job, why
from il21.engine.paused import Paused, check
from il21.engine.reductions import Reduction, plan_of
from il21.engine.reference import Tolerance
from il21.engine.retry import climb
from il21.engine.schedule import Events
from il21.engine.width import best_width
from il21.errors import InputError

__all__ = ["STATUS", "TOLERANCES", "BatchResult", "Paused", "solve_batch"]

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class BatchResult:
    """What became of every patient, in the order given.

    ``outputs`` (n, n_times, n_outputs) in base units, named by ``names``; NaN after a failure.
    ``final`` (n, n_species) the state at the end.  ``status`` (n,): 0 done, 1 step limit, 2 step too
    small, 3 not finite, 4 bad input, 5 triggers in a circle.  ``last_time`` (n,) in days.
    ``culprit`` (n,) is the index of the species to look at first where something failed; ``notes``
    say what was wrong with the input of patients that were not tried, and what was tried for those that
    failed at first, also where it helped.  ``paused`` is what `solve_batch` needs to go on.
    ``reduced`` (n, n_reductions) are the ``reductions`` asked, in base units and days.
    """

    outputs: Array
    names: tuple[str, ...]
    times: Array
    final: Array
    status: NDArray[np.int32]
    last_time: Array
    steps: Whole
    culprit: Whole
    species: tuple[str, ...]
    notes: dict[int, str]
    paused: Paused | None = None
    reduced: Array | None = None
    reductions: tuple[Reduction, ...] = ()

    def reason(self, patient: int) -> str:
        """Return in words why a patient was not carried through; empty if it was."""
        code = int(self.status[patient])
        if code == DONE:
            return ""
        name = self.species[int(self.culprit[patient])]
        time, steps = float(self.last_time[patient]), int(self.steps[patient])
        return self.notes.get(patient) or why(code, time, steps, name)


def solve_batch(
    model: Model,
    parameters: Array,
    events: Sequence[Events],
    times: Sequence[float] | Array,
    *,
    outputs: Sequence[str] = (),
    start_time: float = 0.0,
    start: Array | None = None,
    end: float | None = None,
    tolerance: Tolerance | str = "default",
    threads: int | None = None,
    width: int | None = None,
    most_steps: int = MOST_STEPS,
    retry: bool = True,
    pause: float | Array | None = None,
    resume: Paused | None = None,
    reductions: Sequence[Reduction] = (),
) -> BatchResult:
    """Integrate every patient through its events; none can stop another.

    Parameters
    ----------
    parameters
        (n, n_parameters) in base units, in the order of ``model.parameters``.
    events
        Timed changes, one record a patient; the same record may stand for many.
    times
        Output times (d), (n_times,), not decreasing, none before ``start_time``; a time at which
        something happens gives the state after it.  They never change the trajectory.
    outputs
        Names of species, definitions or observables; every species by default.
    start
        (n, n_species) in base units; the declared start by default.
    end
        When the run ends (d); the last output time by default.
    tolerance
        "screening" (1e-4), "default" (1e-5), "reference" (1e-9), or a Tolerance.
    threads
        Of this process; every core by default.  No number of them changes a bit of the result.
    width
        Patients in a vector, 1 to 16; what was measured to be fastest by default.  It changes no bit.
    retry
        Whether a patient that fails is tried again at a tolerance 10 times tighter, then by the
        reference solver (retry.py); the others are not touched.
    pause
        A visit (d), or one a patient: every patient stops there, before anything that happens at that
        moment, and ``result.paused`` keeps it.  ``final`` and an output at that time are those of the
        visit, later outputs NaN.  Give the ``end`` that is planned and the events up to it.
    resume
        Patients to go on with, instead of ``start`` and ``start_time``.  Events before the visit
        count as done; those at or after it may differ from what was planned.  Where they and ``end``
        do not, the result has the bits of a run without a pause, ``steps`` included.
    reductions
        Peaks, areas and the like (reductions.py) from the start, or the visit gone on from, until the
        end, or the next pause; what happens at that last moment does not count.

    Raises
    ------
    InputError
        For shapes, times or tolerances that cannot be used.  What is wrong with one patient is
        recorded in the result, never raised.

    >>> from il21.catalog import model
    >>> from il21.engine.schedule import doses_of, events_of
    >>> mouse = model("il21_mouse_pk")
    >>> row = [p.value for p in mouse.parameters]
    >>> dose = events_of(mouse, doses_of(mouse, ["50 ug IL-21 iv"]), mouse.values, 0.0, 1.0)
    >>> found = solve_batch(mouse, np.array([row, row]), [dose, dose], [0.0, 1.0], outputs=["plasma"])
    >>> found.outputs.shape, found.status.tolist(), round(float(found.outputs[0, 0, 0]))
    ((2, 2, 1), [0, 0], 9074)
    """
    table = table_of(parameters, len(model.parameters), "parameters", f"parameters of {model.name}")
    given = None if start is None else table_of(start, len(model.species), "start", "species")
    for what, rows in (("events", events), ("start", given)):
        if rows is not None and len(rows) != len(table):
            raise InputError(f"{what} of {len(rows)} patients for {len(table)} rows of parameters")
    begin = _begin(model, len(table), start_time, given, resume)
    moments = moments_of(times, float(begin.min()) if len(begin) else start_time)
    stops = pauses_of(pause, begin)
    latest = begin if stops is None else stops
    last = last_of(moments, float(latest.max()) if len(latest) else start_time, end)
    names = tuple(model.quantity(name).name for name in outputs) or tuple(
        s.name for s in model.species
    )
    schedule = Schedule(model, events)
    if resume is not None:
        schedule.begin_at(begin)
    plan = plan_of(model, reductions)
    machine = machine_of(model, names, schedule.inflows, _lanes(width), plan)
    notes = unusable(model, table, given, schedule)
    job = Job(
        machine, names, table, schedule, moments, given, begin, last, stops, resume, notes, plan
    )
    workers = threads or os.cpu_count() or 1
    _solve(job, tolerance_of(tolerance), workers, most_steps, resume, retry)
    return BatchResult(
        outputs=job.outputs, names=names, times=moments, final=job.final, status=job.status,
        last_time=job.last_time, steps=job.steps, culprit=job.culprit, species=job.species,
        notes=job.notes, reduced=plan.read(job.reduced), reductions=tuple(reductions),
        paused=_paused(job, model) if job.pausing else None,
    )  # fmt: skip


def _lanes(width: int | None) -> int:
    if width is None:
        return best_width()
    if width not in WIDTHS:
        raise InputError(f"width {width}: must be one of {', '.join(map(str, WIDTHS))}")
    return width


def _begin(
    model: Model, patients: int, start_time: float, start: Array | None, resume: Paused | None
) -> Array:
    """Return when every patient begins (d)."""
    if resume is None:
        return np.full(patients, float(start_time))
    if start is not None or start_time != 0.0:
        raise InputError("give either resume or start and start_time: paused patients bring theirs")
    check(resume, model, patients)
    return np.ascontiguousarray(resume.visit)


def _solve(
    job: Job,
    tolerance: Tolerance,
    threads: int,
    most_steps: int,
    resume: Paused | None,
    retry: bool,
) -> None:
    """Run the patients that can be run; those that failed before their visit stay as they are."""
    out = set(job.notes)
    if resume is not None:
        failed = np.flatnonzero(resume.status != DONE)
        for name in ("status", "last_time", "culprit"):
            getattr(job, name)[failed] = getattr(resume, name)[failed]
        job.notes.update(resume.notes)
        out |= {int(k) for k in failed}
    tried = np.array([k for k in range(len(job.table)) if k not in out], np.int64)
    job.run(tried, tolerance, threads, most_steps)
    if retry:
        climb(job, tried, tolerance, threads, most_steps)


def _paused(job: Job, model: Model) -> Paused:
    return Paused(
        model=model.digest, visit=job.pause, state=job.final, rows=job.rows, steps=job.steps,
        status=job.status, last_time=job.last_time, culprit=job.culprit, notes=dict(job.notes),
    )  # fmt: skip
