"""The control loop in IR: lanes of their own time, step, doses and errors, refilled from a queue."""

from collections.abc import Iterator
from contextlib import contextmanager

from il21.engine.emit_lanes import (
    ARRIVED,
    FINISHED,
    NOT_FINITE,
    RESUMED,
    STEP_LIMIT,
    STEP_SMALL,
    WANTS,
    Lanes,
)
from il21.engine.emit_reduce import Reducer
from il21.engine.emit_step import LARGEST_FIRST, Stepper
from il21.engine.ir import Function

MOST_CASCADES = 100  # rounds of triggers that set each other off at one moment
SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 6.0


class Control:
    """Writes `run` and what it calls."""

    def __init__(self, stepper: Stepper) -> None:
        self.s, self.lanes = stepper, Lanes(stepper)
        self.width, self.n, self.triggers = stepper.width, stepper.n, stepper.triggers
        self.system = stepper.kernels.system

    def all(self) -> str:
        """Return the text of every function."""
        parts = [self.lanes.all(), self.settle(), self.step(), self.judge(), self.outputs()]
        parts += [self.halt(), self.account(), self.main()]
        if self.triggers:
            parts += [self.fire(), self.watch()]
        if self.system.watched:
            parts.append(Reducer(self.s).all())
        return "\n\n".join(parts)

    def _function(self, name: str) -> Function:
        return Function(name, [("p", "c"), ("p", "w")], self.width)

    @contextmanager
    def _flagged(self, f: Function, flag: int) -> Iterator[str]:
        """Write what is done for every lane with a flag; gives the lane."""
        with f.loop(self.width) as lane:
            found = self.lanes.whole(f, "FLAG", lane)
            with f.when(f.do(f"icmp eq i64 {found}, {flag}")):
                yield lane

    def _any_whole(self, f: Function, name: str) -> str:
        """Whether an integer of the lanes is not 0 somewhere."""
        address = self.s.a(f, name)
        values = f.do(f"load {f.I}, ptr {address}, align {8 * self.width}")
        return f.any(f.do(f"icmp ne {f.I} {values}, zeroinitializer"))

    def main(self) -> str:
        """run(context): until the queue is empty and every lane rests, or the stop sign is set."""
        f = Function("run", [("p", "c")], self.width, linkage="", inline="")
        w = self.lanes.given(f, "WORK")
        f.say(f"call void @loop(ptr %c, ptr {w})")
        g = self._function("loop")
        with g.loop(self.width) as lane:
            self.lanes.set_whole(g, WANTS, "FLAG", lane)
        again, settle, test, work, done, look = (g.label() for _ in range(6))
        g.jump(again)
        g.open(again)
        g.branch(self._any_whole(g, "FLAG"), settle, test)
        g.open(settle)
        g.run("settle", ("p", "%c"), ("p", "%w"))
        g.jump(test)
        g.open(test)
        g.branch(self._any_whole(g, "ACTIVE"), look, done)
        g.open(look)
        sign = g.do(f"load atomic i64, ptr {self.lanes.given(g, 'STOP_SIGN')} monotonic, align 8")
        g.branch(g.do(f"icmp eq i64 {sign}, 0"), work, done)
        g.open(work)
        g.run("step", ("p", "%c"), ("p", "%w"))
        g.jump(again)
        g.open(done)
        return g.text() + "\n\n" + f.text()

    def settle(self) -> str:
        """Refill lanes, apply events and triggers, finish, until every lane runs or rests."""
        f = self._function("settle")
        top, done = f.label(), f.label()
        f.jump(top)
        f.open(top)
        s = self.s
        s.put(f, f.splat(0.0), "AGAIN")
        with self._flagged(f, WANTS) as lane:
            f.say(f"call void @take(ptr %c, ptr %w, i64 {lane})")
        fresh = f.compare("ogt", s.get(f, "AGAIN"), f.splat(0.5))
        with f.when(f.any(fresh)):
            f.run("prologue", ("p", "%w"))
            given = [self.lanes.given(f, name) for name in ("START", "RESUME")]
            none = [f.do(f"icmp eq ptr {address}, null") for address in given]
            with f.when(f.do(f"and i1 {none[0]}, {none[1]}")):
                f.run("starts", ("p", "%w"))
                with f.loop(self.n) as k:
                    own, new = f.load(s.a(f, "Y"), k), f.load(s.a(f, "U"), k)
                    f.store(f.pick(fresh, new, own), s.a(f, "Y"), k)
            s.put(f, f.splat(0.0), "AGAIN")
        with self._flagged(f, RESUMED) as lane:
            f.say(f"call void @depart(ptr %c, ptr %w, i64 {lane})")
        with self._flagged(f, ARRIVED) as lane:
            f.say(f"call void @arrive(ptr %c, ptr %w, i64 {lane})")
        if self.triggers:
            f.run("fire", ("p", "%c"), ("p", "%w"))
        with self._flagged(f, ARRIVED) as lane:
            f.say(f"call void @depart(ptr %c, ptr %w, i64 {lane})")
        with f.when(self._any_whole(f, "FLAG")):
            f.run("observe", ("p", "%w"), ("p", s.a(f, "Y")), ("v", s.get(f, "T")))
            with self._flagged(f, FINISHED) as lane:
                f.say(f"call void @finish(ptr %c, ptr %w, i64 {lane})")
        f.branch(self._any_whole(f, "FLAG"), top, done)
        f.open(done)
        return f.text()

    def step(self) -> str:
        """Attempt one step of every lane, write the outputs it passes, and judge it."""
        f = self._function("step")
        s = self.s
        settings = self.lanes.given(f, "SETTINGS")
        t = s.get(f, "T")
        f.run("slopes", ("p", "%w"), ("p", s.a(f, "Y")), ("v", t))
        left = f.sub(s.get(f, "STOP"), t)
        need = f.compare("ogt", s.get(f, "NEED"), f.splat(0.5))
        s.put(f, f.pick(need, f.ceiling(left, LARGEST_FIRST), s.get(f, "H")), "TRY")
        with f.when(f.any(need)):
            f.run("first_step", ("p", "%w"), ("p", settings))
        h = s.get(f, "TRY")
        half = f.mul(left, f.splat(0.5))
        halved = f.pick(f.compare("ogt", h, half), half, h)
        stops = f.compare("uge", f.mul(h, f.splat(1.0 + 1e-6)), left)
        h = f.pick(stops, left, halved)
        s.put(f, h, "TRY")
        s.put(f, f.pick(stops, f.splat(1.0), f.splat(0.0)), "AT_STOP")
        s.put(f, f.pick(stops, s.get(f, "STOP"), f.add(t, h)), "T1")
        f.run("stages", ("p", "%w"))
        f.run("error", ("p", "%w"), ("p", settings))
        f.run("judge", ("p", "%c"), ("p", "%w"))
        return f.text()

    def judge(self) -> str:
        """Accept or reject by the error, choose the next step, and move what was accepted."""
        f = self._function("judge")
        s = self.s
        error, h = s.get(f, "ERROR"), s.get(f, "TRY")
        with f.loop(self.width) as lane:
            active = f.do(f"sitofp i64 {self.lanes.whole(f, 'ACTIVE', lane)} to double")
            self.lanes.set_real(f, active, "ACCEPT", 0, lane)
        active = f.compare("ogt", s.get(f, "ACCEPT"), f.splat(0.5))
        accept = f.both(active, f.compare("ole", error, f.splat(1.0)))
        s.put(f, f.pick(accept, f.splat(1.0), f.splat(0.0)), "ACCEPT")
        root = f.call("vpow", ("v", f.floor(error, 1e-10)), ("v", f.splat(-0.2)))
        factor = f.mul(root, f.splat(SAFETY))
        factor = f.floor(f.ceiling(factor, LARGEST_FACTOR), LEAST_FACTOR)
        late = f.compare("ogt", s.get(f, "LATE"), f.splat(0.5))
        factor = f.pick(late, f.ceiling(factor, 1.0), factor)
        strange = f.outside(f.compare("olt", error, f.splat(1e300)))
        following = f.mul(h, f.pick(strange, f.splat(0.1), factor))
        s.put(f, f.splat(0.0), "HIT")
        with f.when(f.any(accept)):
            if self.triggers:
                f.run("watch", ("p", "%c"), ("p", "%w"))
            if self.system.watched:
                f.run("reduce", ("p", "%w"))
            f.run("outputs", ("p", "%c"), ("p", "%w"))
            with f.when(f.any(f.both(accept, self._past_pause(f)))):
                f.run("halt", ("p", "%c"), ("p", "%w"))
            hit = f.compare("ogt", s.get(f, "HIT"), f.splat(0.5))
            y, y1, stash = (s.a(f, name) for name in ("Y", "Y1", "F"))
            with f.loop(self.n) as k:
                new = f.load(y1, k)
                if self.triggers:
                    new = f.pick(hit, f.load(stash, k), new)
                f.store(f.pick(accept, new, f.load(y, k)), y, k)
            s.put(f, f.pick(accept, s.get(f, "T1"), s.get(f, "T")), "T")
        s.put(f, following, "H")
        s.put(f, f.pick(accept, f.splat(0.0), f.splat(1.0)), "LATE")
        s.put(f, f.splat(0.0), "NEED")
        f.run("account", ("p", "%c"), ("p", "%w"))
        return f.text()

    def _past_pause(self, f: Function) -> str:
        """The lanes whose step reaches the time at which they pause."""
        return f.compare("oge", self.s.get(f, "T1"), self.s.get(f, "PAUSE"))

    def halt(self) -> str:
        """Pause the lanes whose accepted step reaches PAUSE; the step is taken again on resuming."""
        f = self._function("halt")
        s = self.s
        accept = f.compare("ogt", s.get(f, "ACCEPT"), f.splat(0.5))
        now = f.both(accept, self._past_pause(f))
        s.put(f, f.pick(now, s.get(f, "PAUSE"), s.get(f, "T")), "TAU")
        s.put(f, f.pick(now, f.splat(1.0), f.splat(0.0)), "AGAIN")
        f.run("interpolant", ("p", "%w"))
        f.run("moment", ("p", "%w"))
        with f.loop(self.width) as lane:
            due = f.do(f"fcmp ogt double {self.lanes.real(f, 'AGAIN', 0, lane)}, 0.5")
            with f.when(due):
                f.say(f"call void @pause(ptr %c, ptr %w, i64 {lane})")
        return f.text()

    def account(self) -> str:
        """Count steps; send lanes that stopped to their events; give up those that cannot go on."""
        f = self._function("account")
        lanes = self.lanes
        most = lanes.count(f, "MOST_STEPS")
        with (
            f.loop(self.width) as lane,
            f.when(f.do(f"icmp ne i64 {lanes.whole(f, 'ACTIVE', lane)}, 0")),
        ):
            steps = f.do(f"add i64 {lanes.whole(f, 'STEPS', lane)}, 1")
            lanes.set_whole(f, steps, "STEPS", lane)
            accepted, rejected, end = f.label(), f.label(), f.label()
            took = lanes.real(f, "ACCEPT", 0, lane)
            f.branch(f.do(f"fcmp ogt double {took}, 0.5"), accepted, rejected)
            f.open(accepted)
            stop, hit = lanes.real(f, "AT_STOP", 0, lane), lanes.real(f, "HIT", 0, lane)
            arrived = f.do(f"fcmp ogt double {f.do(f'fadd double {stop}, {hit}')}, 0.5")
            flag = f.do(f"select i1 {arrived}, i64 {ARRIVED}, i64 0")
            lanes.set_whole(f, flag, "FLAG", lane)
            f.jump(end)
            f.open(rejected)
            self._give_up_small(f, lane)
            f.jump(end)
            f.open(end)
            over = f.do(f"icmp sge i64 {steps}, {most}")
            runs = f.do(f"icmp eq i64 {lanes.whole(f, 'FLAG', lane)}, 0")
            with f.when(f.do(f"and i1 {over}, {runs}")):
                f.say(f"call void @fail(ptr %c, ptr %w, i64 {lane}, i64 {STEP_LIMIT})")
        return f.text()

    def _give_up_small(self, f: Function, lane: str) -> None:
        """Fail a lane whose next step would no longer move its time."""
        lanes = self.lanes
        t, h, error = (lanes.real(f, name, 0, lane) for name in ("T", "H", "ERROR"))
        size = f.do(f"call double @llvm.fabs.f64(double {t})")
        least = f.do(f"fmul double {size}, 0x3CC0000000000000")  # 2^-51
        least = f.do(f"fadd double {least}, 1.0e-30")
        with f.when(f.do(f"fcmp ult double {h}, {least}")):
            strange = f.do(f"fcmp uge double {error}, 1.0e300")
            status = f.do(f"select i1 {strange}, i64 {NOT_FINITE}, i64 {STEP_SMALL}")
            f.say(f"call void @fail(ptr %c, ptr %w, i64 {lane}, i64 {status})")

    def outputs(self) -> str:
        """Write the outputs between T and T1 of accepted lanes from the interpolant."""
        f = self._function("outputs")
        s, lanes = self.s, self.lanes
        known = f.do("alloca i1, align 1")
        f.say(f"store i1 false, ptr {known}, align 1")
        times, many = lanes.given(f, "TIMES"), lanes.count(f, "N_TIMES")
        top, work, done = f.label(), f.label(), f.label()
        f.jump(top)
        f.open(top)
        s.put(f, s.get(f, "T"), "TAU")
        s.put(f, f.splat(0.0), "AGAIN")
        with f.loop(self.width) as lane:
            at = lanes.whole(f, "OUTPUT", lane)
            took = f.do(f"fcmp ogt double {lanes.real(f, 'ACCEPT', 0, lane)}, 0.5")
            more = f.do(f"icmp slt i64 {at}, {many}")
            with f.when(f.do(f"and i1 {took}, {more}")):
                tau = f.read("d", times, at)
                with f.when(self._due(f, tau, lane)):
                    lanes.set_real(f, tau, "TAU", 0, lane)
                    lanes.set_real(f, "1.0", "AGAIN", 0, lane)
        f.branch(f.any(f.compare("ogt", s.get(f, "AGAIN"), f.splat(0.5))), work, done)
        f.open(work)
        with f.when(f.do(f"xor i1 {f.do(f'load i1, ptr {known}, align 1')}, true")):
            f.run("interpolant", ("p", "%w"))
            f.say(f"store i1 true, ptr {known}, align 1")
        tau = s.get(f, "TAU")
        f.run("moment", ("p", "%w"))
        f.run("observe", ("p", "%w"), ("p", s.a(f, "DENSE")), ("v", tau))
        with f.loop(self.width) as lane:
            due = f.do(f"fcmp ogt double {lanes.real(f, 'AGAIN', 0, lane)}, 0.5")
            with f.when(due):
                f.say(f"call void @write_outputs(ptr %c, ptr %w, i64 {lane})")
        f.jump(top)
        f.open(done)
        return f.text()

    def _due(self, f: Function, tau: str, lane: str) -> str:
        """Whether an output time lies before T1, or at the pause, and not after the pause."""
        after, pause = (self.lanes.real(f, name, 0, lane) for name in ("T1", "PAUSE"))
        inside = f.do(f"fcmp olt double {tau}, {after}")
        pausing = f.do(f"fcmp ole double {pause}, {after}")
        before = f.do(f"fcmp ole double {tau}, {pause}")
        return f.do(f"and i1 {before}, {f.do(f'or i1 {inside}, {pausing}')}")

    def watch(self) -> str:
        """Cut an accepted step where an armed trigger turns true; arm those that have fallen back."""
        f = self._function("watch")
        s = self.s
        accept = f.compare("ogt", s.get(f, "ACCEPT"), f.splat(0.5))
        f.run("rises", ("p", "%w"), ("p", s.a(f, "Y1")), ("v", s.get(f, "T1")))
        hit = f.both(accept, f.compare("ogt", s.get(f, "RISING"), f.splat(0.5)))
        calm = f.both(f.both(accept, f.outside(hit)), f.outside(self._past_pause(f)))
        armed, g = s.a(f, "ARMED"), s.a(f, "G")
        with f.loop(self.triggers) as k:
            below = f.both(calm, f.compare("ole", f.load(g, k), f.splat(0.0)))
            f.store(f.pick(below, f.splat(1.0), f.load(armed, k)), armed, k)
        with f.when(f.any(hit)):
            f.run("interpolant", ("p", "%w"))
            f.run("root", ("p", "%w"))
            high = s.get(f, "HIGH")
            inside = f.both(hit, f.compare("olt", high, f.splat(1.0)))
            s.put(f, f.pick(hit, f.splat(1.0), f.splat(0.0)), "HIT")
            moment = f.fma(high, s.get(f, "TRY"), s.get(f, "T"))
            s.put(f, f.pick(inside, moment, s.get(f, "T1")), "T1")
            stash, dense, y1 = s.a(f, "F"), s.a(f, "DENSE"), s.a(f, "Y1")
            with f.loop(self.n) as k:
                f.store(f.pick(inside, f.load(dense, k), f.load(y1, k)), stash, k)
        return f.text()

    def fire(self) -> str:
        """Set states by the triggers that are true, in the lanes marked AGAIN, until none is."""
        f = self._function("fire")
        s = self.s
        done, more = f.label(), f.label()
        y, t, g, armed = s.a(f, "Y"), s.get(f, "T"), s.a(f, "G"), s.a(f, "ARMED")
        with f.loop(MOST_CASCADES):
            check = f.compare("ogt", s.get(f, "AGAIN"), f.splat(0.5))
            f.run("guards", ("p", "%w"), ("p", y), ("v", t))
            s.put(f, f.splat(0.0), "AGAIN")
            due: list[str] = []
            for k in range(self.triggers):
                level, ready = f.load(g, k), f.load(armed, k)
                true = f.compare("ogt", level, f.splat(0.0))
                due.append(f.both(check, f.both(true, f.compare("ogt", ready, f.splat(0.5)))))
                below = f.pick(f.compare("ole", level, f.splat(0.0)), f.splat(1.0), f.splat(0.0))
                f.store(f.pick(check, below, ready), armed, k)
            for k, mask in enumerate(due):
                with f.when(f.any(mask)):
                    self._act(f, k, mask)
            again = f.compare("ogt", s.get(f, "AGAIN"), f.splat(0.5))
            f.branch(f.any(again), more, done)
            f.open(more)
        with f.loop(self.width) as lane:
            with f.when(f.do(f"fcmp ogt double {self.lanes.real(f, 'AGAIN', 0, lane)}, 0.5")):
                self.lanes.set_whole(f, 1, "BROKEN", lane)
        f.jump(done)
        f.open(done)
        return f.text()

    def _act(self, f: Function, k: int, mask: str) -> None:
        s = self.s
        y, values = s.a(f, "Y"), s.a(f, "DENSE")
        f.run(f"action{k}", ("p", "%w"), ("p", y), ("v", s.get(f, "T")))
        for place, _ in self.system.actions[k]:
            f.store(f.pick(mask, f.load(values, place), f.load(y, place)), y, place)
        s.put(f, f.pick(mask, f.splat(1.0), s.get(f, "AGAIN")), "AGAIN")
