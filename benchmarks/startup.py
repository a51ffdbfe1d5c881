"""Time to the first answer: ``il21 --help``, ``import il21``, one run, the smallest trial; medians of several."""

import statistics
import subprocess
import sys
import tempfile
import time

REPEATS = 7


def seconds(*words: str) -> float:
    """Return the median wall time of a fresh process."""
    found: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> None:
    """Print one line a job."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = {
            "python -c pass": ("-c", "pass"),
            "import il21": ("-c", "import il21"),
            "il21 --help": ("-m", "il21", "--help"),
            "il21 list": ("-m", "il21", "list"),
            "il21 simulate cappuccio2006": ("-m", "il21", "simulate", "cappuccio2006"),
            "il21 trial davis2007 --replicates 1": (
                "-m", "il21", "trial", "davis2007", "--replicates", "1", "--out", folder,
            ),
        }  # fmt: skip
        for name, words in jobs.items():
            print(f"{name:<40}{seconds(*words):8.3f} s  (median of {REPEATS})")


if __name__ == "__main__":
    main()
