"""The model's own functions in IR: rates, slopes, factorisation, solve, triggers, outputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from il21.engine.ir import Function, Word
from il21.engine.layout import Layout
from il21.engine.rodas import SLANTS
from il21.engine.slopes import needed
from il21.engine.system import System
from il21.engine.tape import FIXED, HUGE, LARGEST_EXPONENT, MOVING, PATIENT, TINY, Tape

Leaf = Callable[[Function, str, int], str]


def patient_slots(system: System) -> dict[int, int]:
    """Return the slot of every patient-only value that moving values or outputs read."""
    tape = system.tape
    tops = [*system.rates, *system.jacobian.values(), *system.by_time.values(), *system.guards]
    tops += [item for rows in system.actions for _, item in rows]
    tops += [*system.outputs, *system.watched]
    read = {
        arg
        for item in needed(tape, tops)
        if tape.level[item] == MOVING
        for arg in tape.entries[item].args
    }
    found = sorted(i for i in read | set(tops) if tape.level[i] == PATIENT)
    return {item: slot for slot, item in enumerate(found)}


class Kernel:
    """One function over the tape: values are written when first asked for."""

    def __init__(
        self,
        name: str,
        tape: Tape,
        tops: Sequence[int],
        width: int,
        args: Sequence[tuple[Word, str]],
        leaf: Leaf,
        known: Mapping[int, int] | None = None,
    ) -> None:
        self.f = Function(name, [("p", "w"), *args], width)
        self.tape, self.leaf, self.known = tape, leaf, known or {}
        self.values: dict[int, str] = {}
        self.uses: dict[int, int] = {}
        for item in self._reached(tops):
            for arg in tape.entries[item].args:
                self.uses[arg] = self.uses.get(arg, 0) + 1
        for item in tops:
            self.uses[item] = self.uses.get(item, 0) + 1

    def _reached(self, tops: Iterable[int]) -> set[int]:
        found: set[int] = set()
        stack = list(tops)
        while stack:
            item = stack.pop()
            if item not in found and item not in self.known:
                found.add(item)
                stack.extend(self.tape.entries[item].args)
        return found

    def value(self, top: int) -> str:
        """Return the name of a value, writing what is missing of it, arguments first."""
        stack = [top]
        while stack:
            item = stack[-1]
            if item in self.values:
                stack.pop()
                continue
            parts = () if item in self.known else self._parts(item)
            missing = [arg for arg in parts if arg not in self.values]
            if missing:
                stack.extend(reversed(missing))
            else:
                self.values[item] = self._write(item)
                stack.pop()
        return self.values[top]

    def _product(self, item: int) -> bool:
        """Whether a value is a product read once, to be fused with the sum that reads it."""
        entry = self.tape.entries[item]
        fresh = item not in self.values and item not in self.known
        return fresh and entry.op == "mul" and self.uses.get(item, 0) == 1

    def _fused(self, item: int) -> tuple[int, int] | None:
        """The (product, other) of a sum or difference that becomes one fused operation."""
        entry = self.tape.entries[item]
        if entry.op not in ("add", "sub") or entry.args[0] == entry.args[1]:
            return None
        a, b = entry.args
        if self._product(b):
            return b, a
        return (a, b) if self._product(a) else None

    def _parts(self, item: int) -> tuple[int, ...]:
        fused = self._fused(item)
        if fused is None:
            return self.tape.entries[item].args
        return (*self.tape.entries[fused[0]].args, fused[1])

    def _write(self, item: int) -> str:
        f, entry = self.f, self.tape.entries[item]
        if self.tape.level[item] == FIXED and entry.op == "const":
            return f.splat(entry.value)
        if item in self.known or not entry.args:
            return self.leaf(f, "slot" if item in self.known else entry.op, self._index(item))
        fused = self._fused(item)
        if fused is not None:
            a, b = (self.values[x] for x in self.tape.entries[fused[0]].args)
            c = self.values[fused[1]]
            if entry.op == "sub":
                a, c = (f.neg(a), c) if fused[0] == entry.args[1] else (a, f.neg(c))
            return f.fma(a, b, c)
        return _operation(f, entry.op, [self.values[arg] for arg in entry.args])

    def _index(self, item: int) -> int:
        return self.known[item] if item in self.known else int(self.tape.entries[item].value)


def _operation(f: Function, op: str, args: list[str]) -> str:
    if op in ("add", "sub", "mul", "div"):
        return f.binary(f"f{op}", args[0], args[1])
    if op == "neg":
        return f.neg(args[0])
    if op == "exp":
        return f.call("vexp", ("v", f.ceiling(args[0], LARGEST_EXPONENT)))
    if op in ("log", "tanh"):
        return f.call(f"v{op}", ("v", args[0]))
    if op == "pow":
        return f.call("vpow", ("v", args[0]), ("v", args[1]))
    if op == "sqrt":
        return f.one("sqrt", args[0])
    if op in ("min", "max"):
        return f.one({"min": "minimum", "max": "maximum"}[op], *args)
    if op == "pick":
        return f.pick(f.compare("ogt", args[0], args[1]), args[2], args[3])
    if op == "floor":
        return f.floor(args[0], TINY)
    if op == "clip":
        return f.floor(args[0], 0.0)
    if op == "cap":
        return f.ceiling(args[0], HUGE)
    raise AssertionError(f"no instruction for '{op}'")


class Kernels:
    """All functions of a system over one layout."""

    def __init__(
        self, system: System, layout: Layout, slots: Mapping[int, int], width: int
    ) -> None:
        self.system, self.layout, self.slots, self.width = system, layout, slots, width

    def _leaf(self, f: Function, op: str, index: int) -> str:
        if op == "time":
            return "%t"
        if op == "state":
            return f.load("%y", index)
        base = {"slot": "P", "switch": "SWITCH", "inflow": "INFLOW", "param": "RAW"}[op]
        return f.load("%w", self.layout[base] + index)

    def _kernel(self, name: str, tops: Sequence[int], prologue: bool = False) -> Kernel:
        args: tuple[tuple[Word, str], ...] = () if prologue else (("p", "y"), ("v", "t"))
        known = {} if prologue else self.slots
        return Kernel(name, self.system.tape, tops, self.width, args, self._leaf, known)

    def _stored(
        self, name: str, rows: Sequence[tuple[int, str, int]], prologue: bool = False
    ) -> str:
        """A function that stores (value, array, index) rows; equal neighbours stay together."""
        kernel = self._kernel(name, [item for item, _, _ in rows], prologue)
        for item, array, index in rows:
            value = kernel.value(item)
            kernel.f.store(value, "%w", self.layout[array] + index)
        return kernel.f.text()

    def all(self) -> str:
        """Return the text of every function."""
        system = self.system
        rates = [(item, "F", k) for k, item in enumerate(system.rates)]
        slopes = [(item, "J", k) for k, item in enumerate(system.jacobian.values())]
        slopes += [(item, "BY_TIME", k) for k, item in enumerate(system.by_time.values())]
        parts = [
            self._stored("prologue", [(i, "P", k) for i, k in self.slots.items()], prologue=True),
            self._stored(
                "starts", [(i, "U", k) for k, i in enumerate(system.starts)], prologue=True
            ),
            self._stored("rates", rates),
            self._stored("slopes", [*rates, *slopes]),
            self._stored("guards", [(i, "G", k) for k, i in enumerate(system.guards)]),
            self._stored("observe", [(i, "OUT", k) for k, i in enumerate(system.outputs)]),
            self._stored("watched", [(i, "VALUE", k) for k, i in enumerate(system.watched)]),
            *(
                self._stored(f"action{k}", [(item, "DENSE", place) for place, item in rows])
                for k, rows in enumerate(system.actions)
            ),
            self.factor(),
            self.solve(),
            self.bend(),
        ]
        return "\n\n".join(parts)

    def bend(self) -> str:
        """U = J F + df/dt: the second derivative of the states, for the first step."""
        f = Function("bend", [("p", "w")], self.width)
        n, place = len(self.system.rates), self.layout
        totals: dict[int, str] = {}
        for k, row in enumerate(self.system.by_time):
            totals[row] = f.load("%w", place["BY_TIME"] + k)
        for k, (row, column) in enumerate(self.system.jacobian):
            slope, rate = f.load("%w", place["J"] + k), f.load("%w", place["F"] + column)
            totals[row] = f.fma(slope, rate, totals[row]) if row in totals else f.mul(slope, rate)
        for row in range(n):
            f.store(totals.get(row, f.splat(0.0)), "%w", place["U"] + row)
        return f.text()

    def factor(self) -> str:
        """LU of g - J with g = 1 / (gamma h); pivots are stored inverted.

        PIVOT is the least size of a pivot as a share of g, at least 1 where mass is only moved or lost.
        """
        f = Function("factor", [("p", "w"), ("v", "g")], self.width)
        system, place = self.system, self.layout
        plan = system.elimination
        index = {spot: k for k, spot in enumerate(plan.places)}
        given = {spot: k for k, spot in enumerate(system.jacobian)}
        values: dict[tuple[int, int], str] = {}

        def entry(i: int, j: int) -> str:
            if (i, j) not in values:
                if (i, j) in given:
                    slope = f.load("%w", place["J"] + given[i, j])
                    values[i, j] = f.sub("%g", slope) if i == j else f.neg(slope)
                else:
                    values[i, j] = "%g" if i == j else f.splat(0.0)
            return values[i, j]

        least = ""
        for pivot, (below, right) in zip(plan.order, plan.updates, strict=True):
            size = f.one("fabs", entry(pivot, pivot))
            least = f.pick(f.compare("olt", size, least), size, least) if least else size
            inverse = f.div(f.splat(1.0), entry(pivot, pivot))
            f.store(inverse, "%w", place["LU"] + index[pivot, pivot])
            for j in right:
                f.store(entry(pivot, j), "%w", place["LU"] + index[pivot, j])
            for i in below:
                factor = f.mul(entry(i, pivot), inverse)
                f.store(factor, "%w", place["LU"] + index[i, pivot])
                minus = f.neg(factor)
                for j in right:
                    values[i, j] = f.fma(minus, entry(pivot, j), entry(i, j))
        f.store(f.div(least, "%g"), "%w", place["PIVOT"])
        return f.text()

    def solve(self) -> str:
        """out = W^-1 (F + invh CS + d h df/dt), where hd = d h of the stage."""
        f = Function("solve", [("p", "w"), ("p", "out"), ("v", "invh"), ("v", "hd")], self.width)
        system, place = self.system, self.layout
        plan = system.elimination
        index = {spot: k for k, spot in enumerate(plan.places)}
        by_time = {row: k for k, row in enumerate(system.by_time)}
        x: dict[int, str] = {}
        for i in plan.order:
            total = f.fma("%invh", f.load("%w", place["CS"] + i), f.load("%w", place["F"] + i))
            if i in by_time:
                total = f.fma("%hd", f.load("%w", place["BY_TIME"] + by_time[i]), total)
            x[i] = total
        for pivot, (below, _) in zip(plan.order, plan.updates, strict=True):
            for i in below:
                factor = f.load("%w", place["LU"] + index[i, pivot])
                x[i] = f.fma(f.neg(factor), x[pivot], x[i])
        for pivot, (_, right) in reversed(list(zip(plan.order, plan.updates, strict=True))):
            for j in right:
                factor = f.load("%w", place["LU"] + index[pivot, j])
                x[pivot] = f.fma(f.neg(factor), x[j], x[pivot])
            x[pivot] = f.mul(x[pivot], f.load("%w", place["LU"] + index[pivot, pivot]))
            f.store(x[pivot], "%out", pivot)
        return f.text()


def moves_by_time(system: System) -> tuple[float, ...]:
    """Return the factors d_i of the stages, all 0 where no rate depends on time."""
    return SLANTS if system.by_time else (0.0,) * len(SLANTS)
