"""What each feature costs the engine on the stiff model: trigger, infusions, doses, outputs, width.

    python benchmarks/features.py [--patients 200] [--repeats 5]

One thread, default tolerance; CPU ms a patient, the median of rounds that take turns.
"""

import argparse
import statistics
import time
from dataclasses import replace

import numpy as np
from peers import stopping
from stiff43 import cohort, model

from il21.engine.batch import solve_batch
from il21.engine.schedule import BOLUS, INFUSION, Events
from il21.engine.width import best_width


def as_boluses(events: Events) -> Events:
    """Return the events with each infusion given at once: its rate times its half hour."""
    starts = (events.kind == INFUSION) & (events.value > 0.0)
    kept = (events.kind == BOLUS) | starts
    value = np.where(starts, events.value * (0.5 / 24.0), events.value)
    return Events(
        events.time[kept], np.zeros(kept.sum(), np.int32), events.index[kept], value[kept]
    )


def every(events: Events, step: int) -> Events:
    """Return each ``step``-th of events that are boluses."""
    return Events(
        *(a[::step].copy() for a in (events.time, events.kind, events.index, events.value))
    )


def main() -> None:
    """Read the command line and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    whole = cohort(model(), asked.patients)
    bolus = [as_boluses(item) for item in whole.events]
    plain = replace(whole.model, triggers=())
    one = whole.times[-1:]
    cases = {
        "as it is (44 doses, 8 to 20 infused)": (whole.model, whole.events, whole.times, {}),
        "without the trigger": (plain, whole.events, whole.times, {}),
        "every dose a bolus": (whole.model, bolus, whole.times, {}),
        "11 boluses": (whole.model, [every(e, 4) for e in bolus], whole.times, {}),
        "3 boluses": (whole.model, [every(e, 15) for e in bolus], whole.times, {}),
        "one output time": (whole.model, whole.events, one, {}),
        "a stop at each output": (whole.model, stopping(whole), whole.times, {}),
        **{
            f"width {w}": (whole.model, whole.events, whole.times, {"width": w})
            for w in (1, 2, 4, 8, 16)
        },
    }
    spent: dict[str, list[float]] = {name: [] for name in cases}
    steps: dict[str, float] = {}
    for _ in range(asked.repeats + 1):  # the first round compiles
        for name, (system, events, times, options) in cases.items():
            begin = time.process_time()
            found = solve_batch(
                system, whole.numbers, events, times, outputs=whole.outputs, threads=1, **options
            )
            spent[name].append(1e3 * (time.process_time() - begin) / asked.patients)
            steps[name] = float(found.steps.mean())
            assert not found.status.any()
    print(
        f"{asked.patients} patients, width {best_width()} unless said; CPU ms a patient, steps, ns a step"
    )
    for name, rows in spent.items():
        each = statistics.median(rows[1:])
        print(f"  {name:<38} {each:7.3f} {steps[name]:7.0f} {1e6 * each / steps[name]:7.0f}")


if __name__ == "__main__":
    main()
