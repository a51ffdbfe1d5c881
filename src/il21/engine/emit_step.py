"""One attempted step of every lane in IR: first step, stages, error, interpolant, root of a trigger."""

from il21.engine.emit_kernels import Kernels, moves_by_time
from il21.engine.ir import Function
from il21.engine.rodas import GAMMA, NODES, STAGES, A, C, H

FIRST_GUESSES = 40  # shrinkings of the first step
HALVINGS = 60  # of the interval in which a trigger turns true
SMALLEST_STATE = 1e-100  # less counts as 0: denormal numbers are slow
LARGEST_FIRST = 1.0  # d
SMALLEST_PIVOT = 1e-8  # of 1 / (gamma h): less has lost half of its digits
LOST = 1e200  # the error of a step whose pivots are lost


class Stepper:
    """Writes the functions of a step; ``a(f, name)`` is the address of an array."""

    def __init__(self, kernels: Kernels) -> None:
        self.kernels, self.layout, self.width = kernels, kernels.layout, kernels.width
        self.n = len(kernels.system.rates)
        self.triggers = len(kernels.system.guards)

    def a(self, f: Function, name: str, index: int = 0) -> str:
        """Return the address of an array, or of its row ``index``."""
        return f.at("%w", self.layout[name] + index)

    def get(self, f: Function, name: str) -> str:
        """Return a field of the lanes."""
        return f.load("%w", self.layout[name])

    def put(self, f: Function, value: str, name: str) -> None:
        """Set a field of the lanes."""
        f.store(value, "%w", self.layout[name])

    def all(self) -> str:
        """Return the text of every function."""
        parts = [self.first_step(), self.stages(), self.error(), self.interpolant(), self.dense()]
        parts.append(self.moment())
        if self.triggers:
            parts += [self.rises(), self.root()]
        return "\n\n".join(parts)

    def first_step(self) -> str:
        """Shrink TRY, where NEED, until y'' h^2 / 2 is rtol^0.4 of y + h y' in the error norm."""
        f = Function("first_step", [("p", "w"), ("p", "settings")], self.width)
        f.run("bend", ("p", "%w"))
        y, slope, bend, atol = (self.a(f, name) for name in ("Y", "F", "U", "ATOL"))
        total = f.do(f"alloca {f.V}, align {8 * f.width}")
        rtol = self._spread(f, f.read("d", "%settings", 1))
        goal = self._spread(f, f.read("d", "%settings", 2))
        again, done = f.label(), f.label()
        with f.loop(FIRST_GUESSES):
            h = self.get(f, "TRY")
            half = f.mul(f.mul(h, h), f.splat(0.5))
            f.store("zeroinitializer", total)
            with f.loop(self.n) as i:
                size = f.fma(h, f.one("fabs", f.load(slope, i)), f.one("fabs", f.load(y, i)))
                share = f.div(f.load(bend, i), f.fma(rtol, size, f.load(atol, i)))
                f.store(f.fma(share, share, f.load(total)), total)
            mean = f.mul(f.load(total), f.splat(1.0 / self.n))
            ratio = f.mul(f.mul(half, f.one("sqrt", mean)), rtol)
            large = f.compare("ugt", ratio, goal)
            wanted = f.both(large, f.compare("ogt", self.get(f, "NEED"), f.splat(0.5)))
            factor = f.one("sqrt", f.div(goal, ratio))
            factor = f.floor(f.ceiling(f.mul(factor, f.splat(0.9)), 0.9), 1e-4)
            factor = f.pick(f.compare("uno", ratio, ratio), f.splat(1e-2), factor)
            self.put(f, f.pick(wanted, f.mul(h, factor), h), "TRY")
            f.branch(f.any(wanted), again, done)
            f.open(again)
        f.jump(done)
        f.open(done)
        return f.text()

    @staticmethod
    def _spread(f: Function, scalar: str) -> str:
        one = f.do(f"insertelement {f.V} poison, double {scalar}, i64 0")
        zeros = f"<{f.width} x i32> zeroinitializer"
        return f.do(f"shufflevector {f.V} {one}, {f.V} poison, {zeros}")

    def stages(self) -> str:
        """Solve the eight stages with the step TRY; leaves Y1 and K."""
        f = Function("stages", [("p", "w")], self.width)
        t, h = self.get(f, "T"), self.get(f, "TRY")
        inverse = f.div(f.splat(1.0), h)
        f.run("factor", ("p", "%w"), ("v", f.mul(inverse, f.splat(1.0 / GAMMA))))
        slants = moves_by_time(self.kernels.system)
        for stage in range(STAGES):
            if stage:
                self._combine(f, stage)
                moment = f.fma(f.splat(NODES[stage]), h, t)
                f.run("rates", ("p", "%w"), ("p", self.a(f, "U")), ("v", moment))
            else:
                with f.loop(self.n) as i:
                    f.store("zeroinitializer", self.a(f, "CS"), i)
            out = self.a(f, "K", stage * self.n)
            slant = f.mul(h, f.splat(slants[stage]))
            f.run("solve", ("p", "%w"), ("p", out), ("v", inverse), ("v", slant))
        u, last, y1 = self.a(f, "U"), self.a(f, "K", (STAGES - 1) * self.n), self.a(f, "Y1")
        with f.loop(self.n) as i:
            value = f.add(f.load(u, i), f.load(last, i))
            small = f.compare("olt", f.one("fabs", value), f.splat(SMALLEST_STATE))
            f.store(f.pick(small, f.splat(0.0), value), y1, i)
        return f.text()

    def _combine(self, f: Function, stage: int) -> None:
        """U = y + sum a k and CS = sum C k in one pass over the states."""
        y, u, cs = self.a(f, "Y"), self.a(f, "U"), self.a(f, "CS")
        ks = [self.a(f, "K", j * self.n) for j in range(stage)]
        with f.loop(self.n) as i:
            rows = [f.load(k, i) for k in ks]
            if stage < len(A):
                value = f.load(y, i)
                for a, row in zip(A[stage], rows, strict=True):
                    value = f.fma(f.splat(a), row, value)
            else:
                value = f.add(f.load(u, i), rows[-1])
            f.store(value, u, i)
            total = f.mul(f.splat(C[stage][0]), rows[0])
            for c, row in zip(C[stage][1:], rows[1:], strict=True):
                total = f.fma(f.splat(c), row, total)
            f.store(total, cs, i)

    def error(self) -> str:
        """ERROR = root mean square of k8 / (atol + rtol max(|y|, |y1|)); NaN if a state is not finite.

        Beyond every bound where a pivot has all but vanished: such a step is repeated, smaller.
        """
        f = Function("error", [("p", "w"), ("p", "settings")], self.width)
        y, y1, k = self.a(f, "Y"), self.a(f, "Y1"), self.a(f, "K", (STAGES - 1) * self.n)
        atol = self.a(f, "ATOL")
        rtol = self._spread(f, f.read("d", "%settings", 1))
        total = f.do(f"alloca {f.V}, align {8 * f.width}")
        f.store("zeroinitializer", total)
        with f.loop(self.n) as i:
            new = f.load(y1, i)
            before, after = f.one("fabs", f.load(y, i)), f.one("fabs", new)
            size = f.pick(f.compare("ogt", after, before), after, before)
            share = f.div(f.load(k, i), f.fma(rtol, size, f.load(atol, i)))
            value = f.fma(share, share, f.load(total))
            f.store(f.fma(new, f.splat(0.0), value), total)
        mean = f.mul(f.load(total), f.splat(1.0 / self.n))
        lost = f.compare("olt", self.get(f, "PIVOT"), f.splat(SMALLEST_PIVOT))
        self.put(f, f.pick(lost, f.splat(LOST), f.one("sqrt", mean)), "ERROR")
        return f.text()

    def interpolant(self) -> str:
        """E1, E2, E3 = sums of H over the stages."""
        f = Function("interpolant", [("p", "w")], self.width)
        ks = [self.a(f, "K", j * self.n) for j in range(STAGES)]
        es = [self.a(f, "E", m * self.n) for m in range(len(H))]
        with f.loop(self.n) as i:
            rows = [f.load(k, i) for k in ks]
            for e, weights in zip(es, H, strict=True):
                total = f.mul(f.splat(weights[0]), rows[0])
                for weight, row in zip(weights[1:], rows[1:], strict=True):
                    total = f.fma(f.splat(weight), row, total)
                f.store(total, e, i)
        return f.text()

    def dense(self) -> str:
        """DENSE = the interpolant at theta; exactly y at 0, and constant where y is."""
        f = Function("dense", [("p", "w"), ("v", "theta")], self.width)
        y, y1, out = self.a(f, "Y"), self.a(f, "Y1"), self.a(f, "DENSE")
        es = [self.a(f, "E", m * self.n) for m in range(len(H))]
        rest = f.sub(f.splat(1.0), "%theta")
        with f.loop(self.n) as i:
            inner = f.fma("%theta", f.load(es[2], i), f.load(es[1], i))
            inner = f.fma("%theta", inner, f.load(es[0], i))
            first = f.load(y, i)
            inner = f.fma(rest, inner, f.sub(f.load(y1, i), first))
            f.store(f.fma("%theta", inner, first), out, i)
        return f.text()

    def moment(self) -> str:
        """DENSE = the states at TAU, between T and T1; exactly those the step ends with at T1."""
        f = Function("moment", [("p", "w")], self.width)
        t, tau = self.get(f, "T"), self.get(f, "TAU")
        f.run("dense", ("p", "%w"), ("v", f.div(f.sub(tau, t), self.get(f, "TRY"))))
        late = f.both(f.compare("oge", tau, self.get(f, "T1")), f.compare("ogt", tau, t))
        with f.when(f.any(late)):
            hit = f.compare("ogt", self.get(f, "HIT"), f.splat(0.5))
            out, y1, stash = (self.a(f, name) for name in ("DENSE", "Y1", "F"))
            with f.loop(self.n) as k:
                last = f.load(y1, k)
                if self.triggers:
                    last = f.pick(hit, f.load(stash, k), last)
                f.store(f.pick(late, last, f.load(out, k)), out, k)
        return f.text()

    def rises(self) -> str:
        """RISING = 1 in the lanes where an armed trigger is true of the states at ``y`` and time t."""
        f = Function("rises", [("p", "w"), ("p", "y"), ("v", "t")], self.width)
        f.run("guards", ("p", "%w"), ("p", "%y"), ("v", "%t"))
        f.store("zeroinitializer", self.a(f, "RISING"))
        g, armed = self.a(f, "G"), self.a(f, "ARMED")
        with f.loop(self.triggers) as k:
            true = f.compare("ogt", f.load(g, k), f.splat(0.0))
            hit = f.both(true, f.compare("ogt", f.load(armed, k), f.splat(0.5)))
            old = self.get(f, "RISING")
            self.put(f, f.pick(hit, f.splat(1.0), old), "RISING")
        return f.text()

    def root(self) -> str:
        """HIGH = the smallest theta found at which an armed trigger has turned true; DENSE is left there."""
        f = Function("root", [("p", "w")], self.width)
        t, h = self.get(f, "T"), self.get(f, "TRY")
        self.put(f, f.splat(0.0), "LOW")
        self.put(f, f.splat(1.0), "HIGH")
        dense = self.a(f, "DENSE")
        with f.loop(HALVINGS):
            low, high = self.get(f, "LOW"), self.get(f, "HIGH")
            middle = f.mul(f.add(low, high), f.splat(0.5))
            f.run("dense", ("p", "%w"), ("v", middle))
            f.run("rises", ("p", "%w"), ("p", dense), ("v", f.fma(middle, h, t)))
            true = f.compare("ogt", self.get(f, "RISING"), f.splat(0.5))
            self.put(f, f.pick(true, middle, high), "HIGH")
            self.put(f, f.pick(true, low, middle), "LOW")
        f.run("dense", ("p", "%w"), ("v", self.get(f, "HIGH")))
        return f.text()
