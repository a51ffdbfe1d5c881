"""How near the engine is to what this core can do: multiply-adds and divisions, at its vector width.

    python benchmarks/floor.py [--models stiff43 human]

The rates are measured on kernels in IR, compiled by the engine's own path: independent chains of
fused multiply-adds, and of divisions.  The work of a step is counted in the IR that the engine
emits from the model's tape: slopes, factorisation, eight solves, seven rates, stage sums, error and
the power that sets the next step.  Two floors a patient, both with divisions added to the rest:
of flops (a fused multiply-add does two, any other operation one; all at the rate of fused ones), and
of operations (each addition, product or fused pair takes one slot).  Loads, stores, comparisons,
the control loop, events and outputs are not in a floor.
"""

import argparse
import ctypes
import re
import statistics
import time
from collections import Counter

import numpy as np
from _cases import human_case, stiff_case

from il21.engine.batch import solve_batch
from il21.engine.compile import load, machine_of, machine_text, to_object
from il21.engine.ir import ATTRIBUTES, Function, head
from il21.engine.system import infused
from il21.engine.width import best_width

CHAINS = 16  # independent results in flight
TURNS = 50_000
COUNTED = {"fadd": "plain", "fsub": "plain", "fmul": "plain", "fdiv": "div"}


def kernel(kind: str, width: int) -> str:
    """Return IR that runs ``CHAINS`` chains of one operation ``n`` times."""
    f = Function("work", [("p", "data"), ("i", "n")], width, linkage="")
    start = [f.load("%data", k) for k in range(CHAINS)]
    factor, shift = f.splat(0.999999), f.splat(1e-6)
    f.jump("body")
    f.open("body")
    names = [f"%x{k}" for k in range(CHAINS)]
    nexts = [f"%y{k}" for k in range(CHAINS)]
    f.say("%i = phi i64 [ 0, %entry ], [ %j, %body ]")
    for k in range(CHAINS):
        f.say(f"{names[k]} = phi {f.V} [ {start[k]}, %entry ], [ {nexts[k]}, %body ]")
    for k in range(CHAINS):
        if kind == "fma":
            V = f.V
            f.say(
                f"{nexts[k]} = call {V} @llvm.fma.v{width}f64({V} {names[k]}, {V} {factor}, {V} {shift})"
            )
        else:
            f.say(f"{nexts[k]} = fdiv {f.V} {factor}, {names[k]}")
    f.say("%j = add nuw nsw i64 %i, 1")
    f.say("%more = icmp ult i64 %j, %n")
    f.branch("%more", "body", "after")
    f.open("after")
    for k in range(CHAINS):
        f.store(nexts[k], "%data", k)
    return "\n\n".join((head(width), f.text(), ATTRIBUTES)) + "\n"


def rate(kind: str, width: int) -> float:
    """Return operations a second (each on one number): the best of many short runs, by CPU time.

    A neighbour on the core would make the rate look low and the engine near its floor.
    """
    engine = load(to_object(kernel(kind, width))[0])
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(
        engine.get_function_address("work")
    )
    block = np.ones(CHAINS * width + 8)
    address = block.ctypes.data + (-block.ctypes.data % 64)
    best = float("inf")
    for _ in range(200):
        begin = time.thread_time()
        run(address, TURNS)
        best = min(best, time.thread_time() - begin)
    return TURNS * CHAINS * width / best


def functions(text: str) -> dict[str, list[str]]:
    """Return the lines of every function of IR text by name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        start = re.match(r"define .*@(\w+)\(", line)
        if start:
            name = start[1]
            found[name] = []
        elif name:
            found[name].append(line.strip())
    return found


def work(lines: dict[str, list[str]], name: str) -> Counter:
    """Return fma, plain and div of one call: loops by their counts, called functions included."""
    ends = {m[1]: int(m[2]) for row in lines[name]
            if (m := re.search(r"icmp ult i64 %n(\w+), (\d+)", row))}  # fmt: skip
    total, times = Counter(), [1]
    for row in lines[name]:
        begin = re.match(r"%i(\w+) = phi i64", row)
        if begin:
            times.append(times[-1] * ends[begin[1]])
        called = re.search(r"call .*?@([\w.]+)\(", row)
        operation = row.split(" = ", 1)[-1].split(" ", 1)[0]
        if called and called[1] in lines:
            for key, value in work(lines, called[1]).items():
                total[key] += times[-1] * value
        elif called and called[1].startswith("llvm.fma"):
            total["fma"] += times[-1]
        elif called and called[1].startswith("llvm.sqrt"):
            total["div"] += times[-1]
        elif operation in COUNTED and "<" in row:
            total[COUNTED[operation]] += times[-1]
        if re.search(r"icmp ult i64 %n\w+, \d+", row):
            times.pop()
    return total


def step_work(lines: dict[str, list[str]]) -> dict[str, Counter]:
    """Return the work of one step by part."""
    solve, rates = work(lines, "solve"), work(lines, "rates")
    stages = work(lines, "stages")
    parts = {
        "slopes": work(lines, "slopes"),
        "factorisation": work(lines, "factor"),
        "8 solves": Counter({k: 8 * v for k, v in solve.items()}),
        "7 rates": Counter({k: 7 * v for k, v in rates.items()}),
        "error": work(lines, "error"),
        "next step": work(lines, "vpow"),
    }
    inside = parts["factorisation"] + parts["8 solves"] + parts["7 rates"]
    parts["stage sums"] = Counter({k: v - inside[k] for k, v in stages.items()})
    return parts


def report(name, peak, divisions, width, rtols, patients):
    """Print the work of a step, the floors, and what is measured."""
    people, starts = {"stiff43": stiff_case, "human": human_case}[name](patients)
    outputs = tuple(people.model.quantity(n).name for n in people.outputs)
    machine = machine_of(people.model, outputs, infused(people.model), width)
    parts = step_work(functions(machine_text(machine.system, width)[0]))
    total = sum(parts.values(), Counter())
    print(f"\n{name}, one step of one patient: {'flop':>18} {'operations':>11} {'divisions':>10}")
    for label, part in (*parts.items(), ("sum", total)):
        flop = 2 * part["fma"] + part["plain"]
        print(f"  {label:<44}{flop:>8} {part['fma'] + part['plain']:>11} {part['div']:>10}")
    flop, slots = 2 * total["fma"] + total["plain"], total["fma"] + total["plain"]
    low = flop / (2 * peak) + total["div"] / divisions
    high = slots / peak + total["div"] / divisions
    for rtol in rtols:
        times = []
        for _ in range(3):
            begin = time.process_time()
            found = solve_batch(
                people.model, people.numbers, people.events, people.times, outputs=people.outputs,
                start=starts, tolerance=rtol, threads=1, width=width,
            )  # fmt: skip
            times.append(time.process_time() - begin)
        steps = found.steps.mean()
        each, spent = 1e3 * statistics.median(times) / patients, statistics.median(times)
        print(
            f"  {rtol:<10} {steps:7.0f} steps {each:7.3f} ms ({1e9 * spent / found.steps.sum():.0f}"
            f" ns a step); floor of flops {1e3 * low * steps:.3f} ms, {each / (1e3 * low * steps):.1f}x;"
            f" of operations {1e3 * high * steps:.3f} ms, {each / (1e3 * high * steps):.1f}x"
        )


def main():
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=["stiff43", "human"])
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--width", type=int, default=best_width())
    asked = parser.parse_args()
    for width in sorted({2, 4, 8, asked.width}):
        peak, divisions = rate("fma", width), rate("div", width)
        print(
            f"width {width}: {peak / 1e9:6.1f} G fused multiply-adds/s"
            f" ({2 * peak / 1e9:.0f} GFLOP/s), {divisions / 1e9:5.2f} G divisions/s"
        )
    peak, divisions = rate("fma", asked.width), rate("div", asked.width)
    print(f"the engine runs at width {asked.width}")
    for name in asked.models:
        report(name, peak, divisions, asked.width, ("screening", "default"), asked.patients)


if __name__ == "__main__":
    main()
