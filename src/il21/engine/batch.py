"""Many patients at once: compiled, each with its own time, step and doses; the same bits in any order.

Rodas5P (rodas.py) with its own step for each patient: the root mean square over species of
error / (atol unit + rtol |y|) is held below 1.  On the library's human model the largest error
over a run, |y - exact| / (|exact| + 1e-3 peak), has the median 4e-4 at "screening", 5e-5 at
"default" and 5e-9 at "reference" (benchmarks/compiled_vs_reference.py prints it).
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.engine.compile import Machine, machine_of
from il21.engine.layout import CONTEXT
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS, INFUSION, SWITCH, Events
from il21.engine.system import infused
from il21.errors import InputError, suggest

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

# Relative tolerance, and the absolute one as a share of each species' unit (1e-3 of the relative).
TOLERANCES = {
    "screening": Tolerance(1e-4, 1e-7),
    "default": Tolerance(1e-5, 1e-8),
    "reference": Tolerance(1e-9, 1e-12),
}
MOST_STEPS = 1_000_000
STATUS = (
    "done",
    "the limit of steps was reached",
    "the step became too small",
    "a state is not finite",
    "the input cannot be used",
    "triggers set each other off",
)
BAD_INPUT, CASCADE = 4, 5


@dataclass(frozen=True)
class BatchResult:
    """What became of every patient, in the order given.

    ``outputs`` (n, n_times, n_outputs) in base units, named by ``names``; NaN after a failure.
    ``final`` (n, n_species) the state at the end.  ``status`` (n,): 0 done, 1 step limit, 2 step too
    small, 3 not finite, 4 bad input, 5 triggers in a circle.  ``last_time`` (n,) in days.
    ``culprit`` (n,) is the index of the species to look at first where something failed; ``notes``
    say what was wrong with the input of patients that were not tried.
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

    def reason(self, patient: int) -> str:
        """Return in words why a patient was not carried through; empty if it was."""
        code = int(self.status[patient])
        if code == 0:
            return ""
        if patient in self.notes:
            return self.notes[patient]
        name = self.species[int(self.culprit[patient])]
        where = f"stopped at {self.last_time[patient]:g} d after {int(self.steps[patient])} steps"
        return f"{where}: {STATUS[code]}" + ("" if code == CASCADE else f" ({name})")


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
    table = _table(parameters, len(model.parameters), "parameters", f"parameters of {model.name}")
    begin = None if start is None else _table(start, len(model.species), "start", "species")
    moments = _moments(times, start_time)
    last = _last(moments, start_time, end)
    for what, rows in (("events", events), ("start", begin)):
        if rows is not None and len(rows) != len(table):
            raise InputError(f"{what} of {len(rows)} patients for {len(table)} rows of parameters")
    names = tuple(model.quantity(name).name for name in outputs) or tuple(
        s.name for s in model.species
    )
    schedule = _Schedule(model, events)
    machine = machine_of(model, names, schedule.inflows, width)
    notes = _unusable(model, table, begin, schedule)
    job = _Job(machine, table, schedule, moments, begin, start_time, last, notes)
    job.run(_tolerance(tolerance), threads or os.cpu_count() or 1, most_steps)
    return BatchResult(
        outputs=job.outputs, names=names, times=moments, final=job.final, status=job.status,
        last_time=job.last_time, steps=job.steps, culprit=job.culprit,
        species=tuple(s.name for s in model.species), notes=notes,
    )  # fmt: skip


def _table(values: Array, columns: int, what: str, rows: str) -> Array:
    table = np.ascontiguousarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != columns:
        raise InputError(
            f"{what} of shape {np.shape(values)}: must be (patients, {columns}), the {rows}"
        )
    return table


def _moments(times: Sequence[float] | Array, start_time: float) -> Array:
    moments = np.ascontiguousarray(times, dtype=np.float64)
    if moments.ndim != 1 or not np.all(np.isfinite(moments)) or not np.isfinite(start_time):
        raise InputError("output times and start time must be finite numbers, in one row")
    if len(moments) and (np.any(np.diff(moments) < 0.0) or moments[0] < start_time):
        raise InputError(
            f"output times must not decrease nor lie before the start ({start_time:g} d)"
        )
    return moments


def _last(moments: Array, start_time: float, end: float | None) -> float:
    least = max([start_time, *moments[-1:]])
    last = float(least) if end is None else float(end)
    if not (np.isfinite(last) and last >= least):
        raise InputError(f"end {last:g} d: must be a time not before the start and the last output")
    return last


def _tolerance(tolerance: Tolerance | str) -> Tolerance:
    if isinstance(tolerance, str):
        if tolerance not in TOLERANCES:
            raise InputError(f"there is no tolerance '{tolerance}'{suggest(tolerance, TOLERANCES)}")
        return TOLERANCES[tolerance]
    if not (0.0 < tolerance.rtol < 1.0 and 0.0 < tolerance.atol < np.inf):
        raise InputError(
            f"tolerance {tolerance.rtol:g}, {tolerance.atol:g}: must be positive, below 1"
        )
    return tolerance


class _Schedule:
    """The events of all patients in one table; records that are the same object stand once."""

    def __init__(self, model: Model, events: Sequence[Events]) -> None:
        places: dict[int, int] = {}
        records: list[Events] = []
        which = np.empty(len(events), np.int64)
        for k, item in enumerate(events):
            known = places.get(id(item))
            if known is None:
                known = places[id(item)] = len(records)
                records.append(item)
            which[k] = known
        sizes = np.array([len(r) for r in records], np.int64)
        ends = np.cumsum(sizes)
        self.first, self.last = (ends - sizes)[which], ends[which]
        self.time = _joined([r.time for r in records], np.float64)
        self.kind = _joined([r.kind for r in records], np.int32)
        self.index = _joined([r.index for r in records], np.int32)
        self.value = _joined([r.value for r in records], np.float64)
        self.which = which
        fed = {int(k) for k in np.unique(self.index[self.kind == INFUSION])}
        inside = {k for k in fed if 0 <= k < len(model.species)}
        self.inflows = tuple(sorted(inside | set(infused(model))))
        self.bad = self._bad(model, sizes)

    def _bad(self, model: Model, sizes: Whole) -> NDArray[np.bool_]:
        """Which records are out of order, not finite, or point nowhere."""
        limit = np.full(len(self.kind), -1)
        limit[(self.kind == BOLUS) | (self.kind == INFUSION)] = len(model.species)
        limit[self.kind == SWITCH] = len(model.switches)
        wrong = (self.index < 0) | (self.index >= limit)
        wrong |= ~np.isfinite(self.time) | ~np.isfinite(self.value)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        back = np.zeros(len(wrong), bool)
        back[1:] = (self.time[1:] < self.time[:-1]) & (owner[1:] == owner[:-1])
        found = np.zeros(len(sizes), bool)
        found[owner[wrong | back]] = True
        return found


def _joined(parts: list[Any], kind: Any) -> Any:
    return np.ascontiguousarray(np.concatenate(parts) if parts else [], dtype=kind)


def _unusable(
    model: Model, table: Array, start: Array | None, schedule: _Schedule
) -> dict[int, str]:
    """Return the patients that cannot be tried, with the reason."""
    notes: dict[int, str] = {}
    for what, values, rows in (
        ("parameter", table, model.parameters),
        ("start of", start, model.species),
    ):
        if values is None:
            continue
        strange = ~np.isfinite(values)
        for k in np.flatnonzero(strange.any(axis=1)):
            j = int(np.argmax(strange[k]))
            notes.setdefault(int(k), f"{what} {rows[j].name} is {values[k, j]}")
    if len(schedule.which):
        for k in np.flatnonzero(schedule.bad[schedule.which]):
            notes.setdefault(
                int(k), "an event is out of order, not finite, or of no species or switch"
            )
    return notes


class _Job:
    """The arrays of one call, and the threads that work on them."""

    def __init__(
        self, machine: Machine, table: Array, schedule: _Schedule, times: Array, start: Array | None,
        begin: float, end: float, notes: dict[int, str],
    ) -> None:  # fmt: skip
        n, species = len(table), len(machine.system.rates)
        self.machine, self.table, self.schedule, self.times = machine, table, schedule, times
        self.start, self.begin, self.end = start, begin, end
        self.outputs = np.full((n, len(times), len(machine.system.outputs)), np.nan)
        self.final = np.full((n, species), np.nan)
        self.status = np.full(n, BAD_INPUT, np.int32)
        self.last_time = np.full(n, begin)
        self.steps = np.zeros(n, np.int64)
        self.culprit = np.zeros(n, np.int64)
        self.list = np.array([k for k in range(n) if k not in notes], np.int64)
        self.queue, self.done, self.sign = (np.zeros(1, np.int64) for _ in range(3))

    def run(self, tolerance: Tolerance, threads: int, most_steps: int) -> None:
        """Work until every patient is done; an interrupt stops the threads at their next step."""
        if not len(self.list):
            return
        model, width = self.machine.system.model, self.machine.layout.width
        atol = tolerance.atol * np.array([row.unit.factor for row in model.species])
        workers = max(1, min(threads, -(-len(self.list) // width)))
        settings = np.array([self.begin, self.end, tolerance.rtol, tolerance.rtol**0.4])
        kept = [self._context(atol, settings, most_steps) for _ in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self.machine.run, context.ctypes.data) for context, _ in kept]
            try:
                wait(futures)
            except BaseException:
                self.sign[0] = 1
                raise
            for future in futures:
                future.result()

    def _context(self, atol: Array, settings: Array, most_steps: int) -> tuple[Whole, Array]:
        layout = self.machine.layout
        block = np.zeros(layout.size * layout.width + 8)
        offset = (-block.ctypes.data % 64) // 8
        work = block[offset : offset + layout.size * layout.width]
        first = layout["ATOL"] * layout.width
        work[first : first + len(atol) * layout.width] = np.repeat(atol, layout.width)
        plan = self.schedule
        arrays = {
            "WORK": work, "QUEUE": self.queue, "STOP_SIGN": self.sign, "LIST": self.list,
            "PARAMETERS": self.table, "EVENT_TIME": plan.time, "EVENT_KIND": plan.kind,
            "EVENT_INDEX": plan.index, "EVENT_VALUE": plan.value, "FIRST_EVENT": plan.first,
            "LAST_EVENT": plan.last, "TIMES": self.times, "OUTPUTS": self.outputs,
            "FINAL": self.final, "STATUS": self.status, "LAST_TIME": self.last_time,
            "STEPS": self.steps, "CULPRIT": self.culprit, "SETTINGS": settings, "DONE": self.done,
        }  # fmt: skip
        context = np.zeros(len(CONTEXT), np.int64)
        for name, array in arrays.items():
            context[CONTEXT.index(name)] = array.ctypes.data
        if self.start is not None:
            context[CONTEXT.index("START")] = self.start.ctypes.data
        context[CONTEXT.index("COUNT")] = len(self.list)
        context[CONTEXT.index("N_TIMES")] = len(self.times)
        context[CONTEXT.index("MOST_STEPS")] = most_steps
        return context, work
