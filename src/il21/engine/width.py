"""How many patients go side by side: measured once on a machine, on a model of our kind, and kept.

The bits of a result do not depend on it; only the time does.
"""

import time
from functools import lru_cache

import numpy as np

from il21.compose.join import join
from il21.compose.model import Model
from il21.compose.table import table_from
from il21.declare import Assembly, Definition, Module, Parameter, Process, Species
from il21.engine import cache
from il21.engine.compile import WIDTHS, compile_system, host_width, target_name
from il21.engine.intake import Schedule
from il21.engine.job import Job
from il21.engine.reductions import Plan
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS, Events
from il21.engine.system import build

CHAINS, LINKS = 6, 4  # of the model that is timed: 24 states
PATIENTS, REPEATS = 64, 5
GAIN = 0.97  # a width must be this much faster than the processor's own to be preferred


@lru_cache(maxsize=1)
def best_width() -> int:
    """Return the width kept for this machine; measure and keep it if there is none.

    Where nothing can be kept, the width of the processor's registers.
    """
    key = cache.key_of("width of vectors 1", target_name())
    kept = cache.read(key)
    if kept is not None and kept.isdigit() and int(kept) in WIDTHS:
        return int(kept)
    own = host_width()
    if not cache.write(key, str(own).encode()):
        return own
    chosen = fastest(candidates(own))
    cache.write(key, str(chosen).encode())
    return chosen


def candidates(own: int) -> tuple[int, ...]:
    """Return the widths worth a trial: the registers' own first, and a half or a double.

    >>> candidates(8), candidates(4), candidates(2)
    ((8, 4), (4, 8), (2, 4))
    """
    return (own, 4) if own == 8 else (own, 2 * own)


def fastest(widths: tuple[int, ...]) -> int:
    """Return the width with the least time a patient; the first unless another is clearly faster."""
    times = [_seconds(width) for width in widths]
    best = int(np.argmin(times))
    return widths[best] if times[best] < GAIN * times[0] else widths[0]


def _seconds(width: int) -> float:
    """CPU seconds of this thread for the patients of the trial, the least of several."""
    model = trial_model()
    machine = compile_system(build(model, [model.species[0].name], ()), width)
    table = np.tile([row.value for row in model.parameters], (PATIENTS, 1))
    table *= np.exp(0.2 * np.random.default_rng(0).standard_normal(table.shape))
    days = np.arange(3.0)
    kind = np.full(3, BOLUS, np.int32)
    doses = Events(days, kind, np.zeros(3, np.int32), np.full(3, 50.0))
    schedule = Schedule(model, [doses] * PATIENTS)
    begin = np.zeros(PATIENTS)
    least = np.inf
    for _ in range(REPEATS):
        job = Job(
            machine, (model.species[0].name,), table, schedule, days, None, begin, 5.0, None, None,
            {}, Plan(),
        )  # fmt: skip
        clock = time.process_time()
        job.run(np.arange(PATIENTS), Tolerance(1e-5, 1e-8), 1, 100_000)
        least = min(least, time.process_time() - clock)
    return float(least)


@lru_cache(maxsize=1)
def trial_model() -> Model:
    """Return a model of the kind that is run: chains of cells that regulate each other by hills."""
    numbers = {"k": "2 1/d", "v": "3 1/d", "K": "5", "n": "1.7", "d": "0.4 1/d"}
    names = [f"x{c}_{k}" for c in range(CHAINS) for k in range(LINKS)]
    processes: list[Process] = []
    for c in range(CHAINS):
        driver = f"x{(c + 1) % CHAINS}_{LINKS - 1}"
        processes.append(Process(f"birth{c}", f"0 -> x{c}_0", f"v * (0.1 + act{c})"))
        for k in range(LINKS - 1):
            step = f"{k + 1}.5 * k * x{c}_{k} / (1 + x{c}_{k + 1} / K)"
            processes.append(Process(f"step{c}_{k}", f"x{c}_{k} -> x{c}_{k + 1}", step))
        death = f"d * x{c}_{LINKS - 1} * (1 + {driver} / K)"
        processes.append(Process(f"death{c}", f"x{c}_{LINKS - 1} -> 0", death))
    units = {"K": "1", "n": "1"}
    module = Module(
        name="trial", about="a model to time", source="here",
        parameters=tuple(Parameter(n, units.get(n, "1/d"), f"{n} of the trial") for n in numbers),
        species=tuple(Species(name, "1", "cells of the trial") for name in names),
        definitions=tuple(
            Definition(f"act{c}", "1", f"hill(x{(c + 2) % CHAINS}_{LINKS - 1}, K, n)")
            for c in range(CHAINS)
        ),
        processes=tuple(processes),
    )  # fmt: skip
    record = {
        "source": "here",
        "how": "assumed",
        "read": "none",
        "because": "only time is measured",
    }
    table = table_from(
        {name: {"any": {"value": value, **record}} for name, value in numbers.items()},
        "trial",
        "here",
    )
    assembly = Assembly(
        name="trial", about="a model to time", source="here", host="mouse", modules=("trial",)
    )
    return join(assembly, lambda _: (module, table))
