"""The arrays of one call, and the threads that work on them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
from numpy.typing import NDArray

from il21.engine.compile import Machine
from il21.engine.intake import Schedule
from il21.engine.layout import CONTEXT
from il21.engine.paused import Paused, row_length
from il21.engine.reductions import Plan
from il21.engine.reference import Tolerance

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

STATUS = (
    "done",
    "the limit of steps was reached",
    "the step became too small",
    "a state is not finite",
    "the input cannot be used",
    "triggers set each other off",
)
DONE, STEP_LIMIT, STEP_SMALL, NOT_FINITE, BAD_INPUT, CASCADE = range(6)
NEVER = 1e300  # a pause that does not come


def why(status: int, time: float, steps: int, species: str) -> str:
    """Return in words how a patient failed.

    >>> why(2, 3.5, 120, "drug.central")
    'stopped at 3.5 d after 120 steps: the step became too small (drug.central)'
    """
    where = f"stopped at {time:g} d after {steps} steps: {STATUS[status]}"
    return where if status == CASCADE else f"{where} ({species})"


class Job:
    """What is asked for every patient, and the arrays that the threads write to.

    ``begin``, ``pause`` (n,) in days; ``resume`` is None or the patients to go on with.
    """

    def __init__(
        self, machine: Machine, names: tuple[str, ...], table: Array, schedule: Schedule,
        times: Array, start: Array | None, begin: Array, end: float, pause: Array | None,
        resume: Paused | None, notes: dict[int, str], plan: Plan,
    ) -> None:  # fmt: skip
        n, model = len(table), machine.system.model
        self.machine, self.names, self.table = machine, names, table
        self.schedule, self.times = schedule, times
        self.start, self.begin, self.end, self.notes = start, begin, end, notes
        self.pausing = pause is not None
        self.pause = np.full(n, NEVER) if pause is None else pause
        self.resume = None if resume is None else np.ascontiguousarray(resume.rows)
        self.first_output = np.searchsorted(times, begin, side="left").astype(np.int64)
        self.outputs = np.full((n, len(times), len(machine.system.outputs)), np.nan)
        self.final = np.full((n, len(model.species)), np.nan)
        self.rows = np.full((n, row_length(model) if self.pausing else 0), np.nan)
        self.plan = plan
        self.reduced = np.full((n, plan.slots), np.nan)
        self.status = np.full(n, BAD_INPUT, np.int32)
        self.last_time = begin.copy()
        self.culprit = np.zeros(n, np.int64)
        self.before = np.zeros(n, np.int64) if resume is None else resume.steps
        self.steps = self.before.copy()
        self.species = tuple(row.name for row in model.species)

    def why(self, patient: int) -> str:
        """Return in words how a patient failed."""
        name = self.species[int(self.culprit[patient])]
        time, steps = float(self.last_time[patient]), int(self.steps[patient])
        return why(int(self.status[patient]), time, steps, name)

    def clear(self, patients: Sequence[int] | Whole) -> None:
        """Forget what was found of some patients."""
        for array in (self.outputs, self.final, self.rows, self.reduced):
            array[patients] = np.nan
        self.steps[patients] = self.before[patients]

    def run(
        self, patients: Sequence[int] | Whole, tolerance: Tolerance, threads: int, most_steps: int
    ) -> None:
        """Work until these patients are done; an interrupt stops the threads at their next step."""
        queue = np.asarray(patients, np.int64)
        if not len(queue):
            return
        model, width = self.machine.system.model, self.machine.layout.width
        atol = tolerance.atol * np.array([row.unit.factor for row in model.species])
        workers = max(1, min(threads, -(-len(queue) // width)))
        sign = np.zeros(1, np.int64)
        shared = {
            "LIST": queue, "QUEUE": np.zeros(1, np.int64), "DONE": np.zeros(1, np.int64),
            "STOP_SIGN": sign,
            "SETTINGS": np.array([self.end, tolerance.rtol, tolerance.rtol**0.4]),
        }  # fmt: skip
        blocks = [self._block(atol) for _ in range(workers)]
        contexts = [self._context({**shared, "WORK": block}, most_steps) for block in blocks]
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(self.machine.run, one.ctypes.data) for one in contexts]
            try:
                wait(futures)
            except BaseException:
                sign[0] = 1
                raise
            for future in futures:
                future.result()

    def _block(self, atol: Array) -> Array:
        """Return the memory of a thread, on a border of 64 bytes."""
        layout = self.machine.layout
        block = np.zeros(layout.size * layout.width + 8)
        offset = (-block.ctypes.data % 64) // 8
        work = block[offset : offset + layout.size * layout.width]
        first = layout["ATOL"] * layout.width
        work[first : first + len(atol) * layout.width] = np.repeat(atol, layout.width)
        levels = np.repeat(self.plan.bounds, layout.width)
        first = layout["LEVEL"] * layout.width
        work[first : first + len(levels)] = levels
        return work

    def _context(self, own: dict[str, Array | Whole], most_steps: int) -> Whole:
        plan = self.schedule
        arrays = {
            **own, "PARAMETERS": self.table, "EVENT_TIME": plan.time, "EVENT_KIND": plan.kind,
            "EVENT_INDEX": plan.index, "EVENT_VALUE": plan.value, "FIRST_EVENT": plan.first,
            "LAST_EVENT": plan.last, "TIMES": self.times, "OUTPUTS": self.outputs,
            "FINAL": self.final, "STATUS": self.status, "LAST_TIME": self.last_time,
            "STEPS": self.steps, "CULPRIT": self.culprit, "FIRST_OUTPUT": self.first_output,
            "PAUSE": self.pause, "BEGIN": self.begin, "PAUSED": self.rows,
            "REDUCED": self.reduced,
        }  # fmt: skip
        arrays |= {} if self.start is None else {"START": self.start}
        arrays |= {} if self.resume is None else {"RESUME": self.resume}
        context = np.zeros(len(CONTEXT), np.int64)
        for name, array in arrays.items():
            context[CONTEXT.index(name)] = array.ctypes.data
        context[CONTEXT.index("COUNT")] = len(own["LIST"])
        context[CONTEXT.index("N_TIMES")] = len(self.times)
        context[CONTEXT.index("MOST_STEPS")] = most_steps
        return context
