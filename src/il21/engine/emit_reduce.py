"""Reductions of one accepted step in IR: areas, extremes and levels from the interpolant.

Each watched value is looked at five times in a step, at its ends and at the three Gauss-Legendre nodes.
The area by the nodes is exact for values linear in the states, whose interpolant is of order 4.  An
extreme that may lie between is narrowed down by golden section, a crossing by halving, on the
interpolant itself.  What rises above a level and falls again between two of the five is not seen.
"""

import math

from il21.engine.emit_step import Stepper
from il21.engine.ir import Function, Word
from il21.engine.layout import LOOKS
from il21.engine.reductions import Plan
from il21.engine.rodas import STAGES, H
from il21.engine.slopes import needed

NODES = (0.0, 0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15), 1.0)
WEIGHTS = (0.0, 5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0, 0.0)
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
NARROWINGS = 28  # of the bracket of an extreme: by 1e6
HALVINGS = 45  # of the bracket of a crossing
NOTHING, LOWEST = "0x7FF8000000000000", "0xFFF0000000000000"  # NaN, minus infinity


def first_values(plan: Plan) -> list[str]:
    """Return what each slot holds before the first step, as LLVM writes it."""
    return (
        ["0.0"] * len(plan.areas) + [LOWEST, NOTHING] * len(plan.extremes)
        + ["0.0", NOTHING] * len(plan.levels)
    )  # fmt: skip


class Reducer:
    """Writes `reduce` and what it calls."""

    def __init__(self, stepper: Stepper) -> None:
        self.s, self.width, self.n = stepper, stepper.width, stepper.n
        self.system = system = stepper.kernels.system
        self.plan: Plan = system.plan
        self.many = len(self.plan.watched)
        entries = system.tape.entries
        read = [entries[i] for i in needed(system.tape, system.watched)]
        self.states = sorted({int(entry.value) for entry in read if entry.op == "state"})

    def all(self) -> str:
        """Return the text of every function."""
        parts = [self.shape(), self.probe(), self.golden(), self.crossing(), self.extreme()]
        return "\n\n".join([*parts, self.level(), self.reduce()])

    def _after(self, f: Function) -> str:
        """The lanes in which this step adds to the reductions."""
        return f.compare("ogt", self.s.get(f, "LIVE"), f.splat(0.5))

    def shape(self) -> str:
        """RE = sums of H over the stages, of the states that watched values read."""
        f = Function("shape", [("p", "w")], self.width)
        k, e = self.s.a(f, "K"), self.s.a(f, "RE")
        for i in self.states:
            rows = [f.load(k, stage * self.n + i) for stage in range(STAGES)]
            for m, weights in enumerate(H):
                total = f.mul(f.splat(weights[0]), rows[0])
                for weight, row in zip(weights[1:], rows[1:], strict=True):
                    total = f.fma(f.splat(weight), row, total)
                f.store(total, e, m * self.n + i)
        return f.text()

    def probe(self) -> str:
        """VALUE = the watched values at theta of the step."""
        f = Function("probe", [("p", "w"), ("v", "theta")], self.width)
        s = self.s
        y, y1, e, out = (s.a(f, name) for name in ("Y", "Y1", "RE", "RY"))
        rest = f.sub(f.splat(1.0), "%theta")
        for i in self.states:
            rows = [f.load(e, m * self.n + i) for m in range(len(H))]
            inner = f.fma("%theta", f.fma("%theta", rows[2], rows[1]), rows[0])
            first = f.load(y, i)
            inner = f.fma(rest, inner, f.sub(f.load(y1, i), first))
            f.store(f.fma("%theta", inner, first), out, i)
        moment = f.fma("%theta", s.get(f, "TRY"), s.get(f, "T"))
        f.run("watched", ("p", "%w"), ("p", out), ("v", moment))
        return f.text()

    def _looked(self, f: Function, k: int) -> tuple[str, str]:
        """Theta of a look, and sign times the value of %out there."""
        row = f.at(self.s.a(f, "LOOK"), k * self.many)
        return f.load(self.s.a(f, "THETAS"), k), f.mul("%sign", f.load(row, "%out"))

    def _value(self, f: Function, theta: str) -> str:
        """Sign times the value of %out at a new theta."""
        f.run("probe", ("p", "%w"), ("v", theta))
        return f.mul("%sign", f.load(self.s.a(f, "VALUE"), "%out"))

    def golden(self) -> str:
        """BEST, BEST_AT = the largest sign * value found between LOW and HIGH, and its theta."""
        f = Function("golden", [("p", "w"), ("i", "out"), ("v", "sign")], self.width)
        s, share = self.s, f.splat(GOLDEN)
        low, high = s.get(f, "LOW"), s.get(f, "HIGH")
        wide = f.mul(f.sub(high, low), share)
        for name, theta in (("LEFT", f.sub(high, wide)), ("RIGHT", f.add(low, wide))):
            s.put(f, theta, name)
            s.put(f, self._value(f, theta), f"{name}_VALUE")
        with f.loop(NARROWINGS):
            low, high, left, right = (s.get(f, x) for x in ("LOW", "HIGH", "LEFT", "RIGHT"))
            left_value, right_value = s.get(f, "LEFT_VALUE"), s.get(f, "RIGHT_VALUE")
            keep = f.compare("ogt", left_value, right_value)
            low, high = f.pick(keep, low, left), f.pick(keep, right, high)
            wide = f.mul(f.sub(high, low), share)
            new = f.pick(keep, f.sub(high, wide), f.add(low, wide))
            value = self._value(f, new)
            s.put(f, low, "LOW")
            s.put(f, high, "HIGH")
            s.put(f, f.pick(keep, new, right), "LEFT")
            s.put(f, f.pick(keep, value, right_value), "LEFT_VALUE")
            s.put(f, f.pick(keep, left, new), "RIGHT")
            s.put(f, f.pick(keep, left_value, value), "RIGHT_VALUE")
        left_value, right_value = s.get(f, "LEFT_VALUE"), s.get(f, "RIGHT_VALUE")
        keep = f.compare("ogt", left_value, right_value)
        s.put(f, f.pick(keep, left_value, right_value), "BEST")
        s.put(f, f.pick(keep, s.get(f, "LEFT"), s.get(f, "RIGHT")), "BEST_AT")
        return f.text()

    def extreme(self) -> str:
        """Take the largest sign * value of this step into the slots ``slot`` and the next."""
        args: list[tuple[Word, str]] = [("p", "w"), ("i", "out"), ("v", "sign"), ("i", "slot")]
        f = Function("extreme", args, self.width)
        s = self.s
        looks = [self._looked(f, k) for k in range(LOOKS)]
        (at, best), low, high = looks[0], looks[0][0], looks[1][0]
        least = f.pick(f.compare("olt", looks[1][1], best), looks[1][1], best)
        for k in range(1, LOOKS):
            theta, value = looks[k]
            better = f.compare("ogt", value, best)
            before, after = looks[k - 1], looks[min(k + 1, LOOKS - 1)]
            lower = f.pick(f.compare("olt", before[1], after[1]), before[1], after[1])
            best, at = f.pick(better, value, best), f.pick(better, theta, at)
            low, high = f.pick(better, before[0], low), f.pick(better, after[0], high)
            least = f.pick(better, lower, least)
        red = f.at(s.a(f, "RED"), "%slot")
        known, when = f.load(red), f.load(red, 1)
        rising = f.compare("ogt", self._slope(f, looks[:3]), f.splat(0.0))
        falling = f.compare("olt", self._slope(f, looks[:1:-1]), f.splat(0.0))
        first, last = f.compare("oeq", at, looks[0][0]), f.compare("oeq", at, looks[-1][0])
        inside = f.outside(f.either(first, last))
        hidden = f.either(inside, f.either(f.both(first, rising), f.both(last, falling)))
        bound = f.add(best, f.mul(f.sub(best, least), f.splat(2.0)))
        search = f.both(f.both(self._after(f), hidden), f.compare("ogt", bound, known))
        for name, value in (("BEST", best), ("BEST_AT", at), ("LOW", low), ("HIGH", high)):
            s.put(f, value, name)
        with f.when(f.any(search)):
            f.run("golden", ("p", "%w"), ("i", "%out"), ("v", "%sign"))
        found = f.both(search, f.compare("ogt", s.get(f, "BEST"), best))
        best, at = f.pick(found, s.get(f, "BEST"), best), f.pick(found, s.get(f, "BEST_AT"), at)
        more = f.both(self._after(f), f.compare("ogt", best, known))
        f.store(f.pick(more, best, known), red)
        f.store(f.pick(more, f.fma(at, s.get(f, "TRY"), s.get(f, "T")), when), red, 1)
        return f.text()

    def _slope(self, f: Function, looks: list[tuple[str, str]]) -> str:
        """The slope at the first of three looks, of the parabola through them."""
        (a, u), (b, v), (c, w) = looks
        near, far = f.sub(b, a), f.sub(c, b)
        one, two = f.div(f.sub(v, u), near), f.div(f.sub(w, v), far)
        return f.sub(one, f.div(f.mul(f.sub(two, one), near), f.add(near, far)))

    def crossing(self) -> str:
        """HIGH = theta between LOW and HIGH where sign * value - BEST changes sign; RISING: upwards."""
        f = Function("crossing", [("p", "w"), ("i", "out"), ("v", "sign")], self.width)
        s = self.s
        with f.loop(HALVINGS):
            low, high = s.get(f, "LOW"), s.get(f, "HIGH")
            middle = f.mul(f.add(low, high), f.splat(0.5))
            above = f.compare("ogt", self._value(f, middle), s.get(f, "BEST"))
            up = f.compare("ogt", s.get(f, "RISING"), f.splat(0.5))
            # Beyond the crossing when above and upwards, or not above and downwards.
            beyond = f.do(f"xor {f.M} {above}, {f.outside(up)}")
            s.put(f, f.pick(beyond, middle, high), "HIGH")
            s.put(f, f.pick(beyond, low, middle), "LOW")
        return f.text()

    def level(self) -> str:
        """Add the time beyond a level to ``slot``, and the first such time to the next."""
        args: list[tuple[Word, str]] = [
            ("p", "w"),
            ("i", "out"),
            ("v", "sign"),
            ("i", "slot"),
            ("i", "which"),
        ]
        f = Function("level", args, self.width)
        s = self.s
        bound = f.mul("%sign", f.load(s.a(f, "LEVEL"), "%which"))
        looks = [self._looked(f, k) for k in range(LOOKS)]
        above = [f.compare("ogt", value, bound) for _, value in looks]
        t, h, zero = s.get(f, "T"), s.get(f, "TRY"), f.splat(0.0)
        red = f.at(s.a(f, "RED"), "%slot")
        total, when = f.load(red), f.load(red, 1)
        unseen = f.both(self._after(f), f.compare("uno", when, when))
        when = f.pick(f.both(unseen, above[0]), f.fma(looks[0][0], h, t), when)
        share = zero
        for k in range(LOOKS - 1):
            (a, _), (b, _) = looks[k : k + 2]
            up = f.both(above[k + 1], f.outside(above[k]))
            down = f.both(above[k], f.outside(above[k + 1]))
            for name, value in (
                ("LOW", a), ("HIGH", b), ("BEST", bound),
                ("RISING", f.pick(up, f.splat(1.0), zero)),
            ):  # fmt: skip
                s.put(f, value, name)
            with f.when(f.any(f.both(self._after(f), f.either(up, down)))):
                f.run("crossing", ("p", "%w"), ("i", "%out"), ("v", "%sign"))
            root = s.get(f, "HIGH")
            begin, end = f.pick(up, root, a), f.pick(down, root, b)
            part = f.pick(f.either(above[k], above[k + 1]), f.sub(end, begin), zero)
            share = f.add(share, part)
            unseen = f.both(self._after(f), f.compare("uno", when, when))
            when = f.pick(f.both(unseen, up), f.fma(root, h, t), when)
        f.store(f.pick(self._after(f), f.fma(share, h, total), total), red)
        f.store(when, red, 1)
        return f.text()

    def reduce(self) -> str:
        """Take the accepted step, as far as it lies between FROM and PAUSE, into the reductions."""
        f = Function("reduce", [("p", "w")], self.width)
        s = self.s
        t, h, pause, end = (s.get(f, name) for name in ("T", "TRY", "PAUSE", "T1"))
        until = f.pick(f.compare("olt", end, pause), end, pause)
        a = f.floor(f.div(f.sub(s.get(f, "FROM"), t), h), 0.0)
        b = f.ceiling(f.div(f.sub(until, t), h), 1.0)
        wide = f.sub(b, a)
        accept = f.compare("ogt", s.get(f, "ACCEPT"), f.splat(0.5))
        live = f.both(accept, f.compare("ogt", wide, f.splat(0.0)))
        s.put(f, f.pick(live, f.splat(1.0), f.splat(0.0)), "LIVE")
        f.run("shape", ("p", "%w"))
        plan, look = self.plan, s.a(f, "LOOK")
        whole = bool(plan.extremes or plan.levels)
        for k in range(LOOKS) if whole else range(1, LOOKS - 1):
            theta = b if k == LOOKS - 1 else f.fma(f.splat(NODES[k]), wide, a)
            f.store(theta, s.a(f, "THETAS"), k)
            f.run("probe", ("p", "%w"), ("v", theta))
            for j in range(self.many):
                f.store(f.load(s.a(f, "VALUE"), j), look, k * self.many + j)
        self._areas(f, live, f.mul(wide, h))
        slot = len(plan.areas)
        for out, sign in plan.extremes:
            f.run("extreme", ("p", "%w"), ("i", str(out)), ("v", f.splat(sign)), ("i", str(slot)))
            slot += 2
        for which, (out, sign) in enumerate(plan.levels):
            where: list[tuple[Word, str]] = [
                ("i", str(out)),
                ("v", f.splat(sign)),
                ("i", str(slot)),
            ]
            f.run("level", ("p", "%w"), *where, ("i", str(which)))
            slot += 2
        return f.text()

    def _areas(self, f: Function, live: str, length: str) -> None:
        red, look = self.s.a(f, "RED"), self.s.a(f, "LOOK")
        for slot, out in enumerate(self.plan.areas):
            total = f.splat(0.0)
            for k in range(1, LOOKS - 1):
                total = f.fma(f.splat(WEIGHTS[k]), f.load(look, k * self.many + out), total)
            old = f.load(red, slot)
            f.store(f.pick(live, f.fma(total, length, old), old), red, slot)
