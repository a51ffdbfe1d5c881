"""The main job, ``il21 trial table1``: wall time against replicates; median of several."""

import argparse
import statistics
import time

from il21.app.trials import run_trial


def main() -> None:
    """Print one line a number of replicates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, nargs="*", default=[100, 400])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    run_trial("table1", replicates=1)
    for replicates in options.replicates:
        times: list[float] = []
        patients = 0
        for _ in range(options.repeats):
            began = time.perf_counter()
            patients = run_trial("table1", replicates=replicates).patients
            times.append(time.perf_counter() - began)
        median = statistics.median(times)
        print(
            f"{replicates:>6} replicates  {patients:>7} patients  {median:8.2f} s"
            f"  {1e3 * median / patients:6.3f} ms a patient (wall, median of {options.repeats})"
        )


if __name__ == "__main__":
    main()
