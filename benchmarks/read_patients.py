"""Time to read patients by each of the response criteria, and by the fast path on sums.

Run ``python benchmarks/read_patients.py [patients]``; 10,000 patients, five target lesions and eight
visits by default.  Prints the best of three runs, readings made beforehand and checked in the time.
"""

import sys
import time

import numpy as np

from il21.declare import ResponseRule
from il21.study.criteria.catalogue import CRITERIA, assess
from il21.study.criteria.door import findings
from il21.study.criteria.recist import RECIST_1_1, select_targets
from il21.study.criteria.records import Blood
from il21.study.response import best_responses

LESIONS, VISITS = 5, 8


def best_of(repeat, work):
    """Return the shortest time in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rng = np.random.default_rng(1)
    days, times = 42.0 * np.arange(1, VISITS + 1), 1 + VISITS
    steps = rng.normal(0, 0.15, (n, LESIONS, times))
    long = rng.uniform(12, 60, (n, LESIONS, 1)) * np.exp(np.cumsum(steps, axis=2))
    long[np.arange(LESIONS) >= rng.integers(1, LESIONS + 1, (n, 1))] = np.nan
    status = rng.choice([-1, 1, 2, 2, 2, 2, 4], size=(n, times))
    status[:, 0] = 2
    new = np.cumsum(rng.random((n, VISITS)) < 0.05, axis=1)
    counts = [rng.uniform(low, high, (n, times)) for low, high in
              ((1, 80), (1, 4), (60, 200), (8, 14), (5, 70))]  # fmt: skip
    names = ("lymphocytes", "neutrophils", "platelets", "haemoglobin", "marrow_lymphocytes")
    blood = Blood(
        **dict(zip(names, counts, strict=True)), symptoms=rng.random((n, times)) < 0.2,
        transformed=rng.random((n, times)) < 0.01,
    )  # fmt: skip

    def read():
        return findings(
            long, days, short=0.8 * long, node=np.zeros((n, LESIONS), bool), non_target=status,
            new=new, new_sum=np.where(new > 0, 12.0 * new, np.nan), blood=blood,
        )  # fmt: skip

    found = read()
    assess(found, ResponseRule(criteria="WHO"))  # the unit register loads once
    print(f"{n:,} patients, {LESIONS} target lesions, {VISITS} visits; seconds, best of 3")
    for name in CRITERIA:
        rule = ResponseRule(criteria=name, confirm=True)
        print(f"  {name:<14}{best_of(3, lambda rule=rule: assess(read(), rule)):8.3f}")
    print(f"  {'checking alone':<14}{best_of(3, read):8.3f}")
    print(f"  {'target choice':<14}{best_of(3, lambda: select_targets(found, RECIST_1_1)):8.3f}")
    sums, seen = np.nansum(long, axis=1), new > 0
    rule = ResponseRule(criteria="RECIST 1.1", confirm=True)
    print(f"  {'fast path':<14}{best_of(3, lambda: best_responses(sums, seen, days, rule)):8.3f}")


if __name__ == "__main__":
    main()
