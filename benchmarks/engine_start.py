"""Time from process start to the first result, and to compile systems of 43 to 430 states.

    python benchmarks/engine_start.py [--repeats 5]

Cold: an empty object cache (and Python's own byte code as it is).  Warm: the cache of the run
before.  Systems of more states are rings of coupled copies of the stiff model.  Wall and CPU times.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST = {
    "human, one patient": (
        "from _cases import *; p, s = human_case(1)\n"
        "r = solve_batch(p.model, p.numbers, p.events, p.times, outputs=p.outputs, start=s)\n"
        "assert not r.status.any()"
    ),
    "stiff43, one patient": (
        "from _cases import *; p, s = stiff_case(1)\n"
        "r = solve_batch(p.model, p.numbers, p.events, p.times, outputs=p.outputs, start=s)\n"
        "assert not r.status.any()"
    ),
    "il21 trial davis2007, 1 replicate": ("import il21\nil21.run_trial('davis2007', replicates=1)"),
}
HERE = str(Path(__file__).parent)


def run(code: str, cache: str) -> tuple[float, float, str]:
    """Return wall and CPU seconds of a fresh process, and what it printed."""
    around = {**os.environ, "IL21_CACHE": cache}
    tail = "\nimport resource; u = resource.getrusage(resource.RUSAGE_SELF)\nprint(u.ru_utime + u.ru_stime)"
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {HERE!r})\n{code}{tail}"],
        env=around, capture_output=True, text=True, check=True,
    )  # fmt: skip
    wall = time.perf_counter() - begin
    *printed, cpu = done.stdout.strip().splitlines()
    return wall, float(cpu), "\n".join(printed)


def first_results(repeats: int) -> None:
    """Print the time to the first result, cold and warm."""
    print(f"{'process start to first result':<38} {'cold s (CPU)':>16} {'warm s (CPU)':>16}")
    for label, code in FIRST.items():
        cells = []
        for warm in (False, True):
            found = []
            with tempfile.TemporaryDirectory() as kept:
                if warm:
                    run(code, kept)
                for _ in range(repeats):
                    with tempfile.TemporaryDirectory() as empty:
                        found.append(run(code, kept if warm else empty)[:2])
            wall, cpu = (statistics.median(row[j] for row in found) for j in (0, 1))
            cells.append(f"{wall:6.2f} ({cpu:.2f})".rjust(16))
        print(f"{label:<38} {' '.join(cells)}", flush=True)


SIZES = """
import json, time
from stiff43 import model
from il21.engine.compile import compile_system, machine_text, host_width, to_object
from il21.engine.system import build, infused
marks = [time.perf_counter()]
def mark(): marks.append(time.perf_counter())
m = model({copies}); mark()
s = build(m, tuple(x.name for x in m.species), infused(m)); mark()
text, _ = machine_text(s, {width} or host_width()); mark()
body, cached = to_object(text); mark()
print(json.dumps([b - a for a, b in zip(marks, marks[1:])] + [text.count("\\n"), len(body), cached]))
"""


def sizes(repeats: int) -> None:
    """Print the time to compile larger systems from nothing."""
    print(
        "\ncompile from nothing, s: compose, tape and slopes, write IR, LLVM, all but compose (CPU of all)"
    )
    for copies in (1, 2, 5, 10):
        found = []
        for _ in range(repeats if copies < 5 else 1):
            with tempfile.TemporaryDirectory() as empty:
                _, cpu, text = run(SIZES.format(copies=copies, width=0), empty)
            found.append([*json.loads(text), cpu])
        compose, tape, write, llvm, lines, size, cached, cpu = (
            statistics.median(column) for column in zip(*found, strict=True)
        )
        assert not cached
        print(
            f"  {43 * copies:>4} states  {compose:6.2f} {tape:6.2f} {write:6.2f} {llvm:6.2f}"
            f" {tape + write + llvm:7.2f}  ({cpu:.2f})  {lines:.0f} lines of IR,"
            f" {size / 1024:.0f} KiB of object code",
            flush=True,
        )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    first_results(asked.repeats)
    sizes(min(3, asked.repeats))


if __name__ == "__main__":
    main()
