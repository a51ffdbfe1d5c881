"""A hundred thousand plausible patients: failures, time, memory; and the same bits in any order.

    python benchmarks/population.py [--models stiff43 human] [--patients 100000] [--equal 5000]

Default tolerance, all cores.  Patients are drawn, solved and summed up (peak, mean and last value
of ten outputs) in chunks; only the sums are kept.  Equality: a hash of every output, final state,
status and number of steps, for 1, 2, 3 and 7 threads, for shuffled patients, and for other widths.
"""

import argparse
import hashlib
import os
import resource
import time
from collections import Counter
from functools import partial

import numpy as np
from _cases import human_case, stiff_case

from il21.engine.batch import solve_batch

CASES = {"stiff43": stiff_case, "human": partial(human_case, uncertain=True)}
CHUNK = 5000


def peak_memory() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def solve(people, starts, order=None, **options):
    """Solve patients, in another order if one is given."""
    pick = np.arange(len(starts)) if order is None else order
    return solve_batch(
        people.model, people.numbers[pick], [people.events[k] for k in pick], people.times,
        outputs=people.outputs, start=starts[pick], **options,
    )  # fmt: skip


def many(name: str, patients: int) -> None:
    """Solve the population in chunks and print what it took."""
    sums, failed, reasons = [], 0, Counter()
    drawing, cpu, wall, steps = 0.0, 0.0, 0.0, 0
    before, first = peak_memory(), time.perf_counter()
    for begin in range(0, patients, CHUNK):
        clock = time.perf_counter()
        people, starts = CASES[name](min(CHUNK, patients - begin), begin)
        drawing += time.perf_counter() - clock
        clock, ticks = time.perf_counter(), time.process_time()
        found = solve(people, starts)
        wall, cpu = wall + time.perf_counter() - clock, cpu + time.process_time() - ticks
        steps += int(found.steps.sum())
        failed += int(np.count_nonzero(found.status))
        reasons.update(found.reason(int(k)) for k in np.flatnonzero(found.status))
        values = found.outputs
        sums.append(np.stack([values.max(axis=1), values.mean(axis=1), values[:, -1]], axis=1))
    kept = np.concatenate(sums)
    print(
        f"\n{name}: {patients:,} patients, {failed} failed; solving {wall:.1f} s wall, {cpu:.1f} s CPU"
        f" ({1e3 * cpu / patients:.2f} ms and {steps / patients:.0f} steps a patient);"
        f" drawing and run-in {drawing:.1f} s; in all {time.perf_counter() - first:.1f} s"
    )
    print(
        f"  memory at its peak {peak_memory():.0f} MB ({before:.0f} MB before), sums kept"
        f" {kept.nbytes / 1e6:.0f} MB; all finite: {bool(np.isfinite(kept).all())}"
    )
    for reason, count in reasons.most_common(5):
        print(f"  {count} x {reason}")


def mark(found, back=None) -> str:
    """Return a hash of everything that was found, patients in their own order."""
    order = np.arange(len(found.status)) if back is None else back
    digest = hashlib.blake2b(digest_size=8)
    for array in (found.outputs, found.final, found.status, found.last_time, found.steps):
        digest.update(np.ascontiguousarray(array[order]).tobytes())
    return digest.hexdigest()


def equal(name: str, patients: int) -> None:
    """Print the hash for numbers of threads, orders and widths."""
    people, starts = CASES[name](patients)
    marks, few = {}, min(patients, 500)
    for threads in (1, 2, 3, 7):
        found = solve(people, starts, threads=threads)
        marks[f"{threads} threads"] = mark(found)
    marks["first 500 of these"] = mark(found, np.arange(few))
    order = np.random.default_rng(0).permutation(patients)
    marks["shuffled, 2 threads"] = mark(solve(people, starts, order, threads=2), np.argsort(order))
    marks["first 500 alone"] = mark(solve(people, starts, np.arange(few)))
    for width in (2, 4, 16):
        marks[f"first 500, width {width}"] = mark(
            solve(people, starts, np.arange(few), width=width)
        )
    print(f"\n{name}: hashes of {patients:,} patients")
    for label, value in marks.items():
        print(f"  {label:<24} {value}")
    whole = {v for k, v in marks.items() if not k.startswith("first")}
    part = {v for k, v in marks.items() if k.startswith("first")}
    print(f"  threads and order: {'the same bits' if len(whole) == 1 else 'DIFFERENT'}")
    print(f"  widths: {'the same bits' if len(part) == 1 else 'DIFFERENT'}")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--equal", type=int, default=5000)
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores")
    for name in asked.models:
        many(name, asked.patients)
        equal(name, asked.equal)


if __name__ == "__main__":
    main()
