"""What happens to one lane at a time, in IR: take a patient, give doses, depart, finish, fail."""

from il21.engine.emit_reduce import first_values
from il21.engine.emit_step import Stepper
from il21.engine.ir import Function, Index
from il21.engine.layout import CONTEXT, packed

RUNNING, WANTS, ARRIVED, FINISHED, RESUMED = range(5)  # FLAG of a lane
# Status of a patient.
DONE, STEP_LIMIT, STEP_SMALL, NOT_FINITE, BAD_INPUT, CASCADE = range(6)


class Lanes:
    """Writes the functions of one lane."""

    def __init__(self, stepper: Stepper) -> None:
        self.s, self.width, self.n = stepper, stepper.width, stepper.n
        self.model = model = stepper.kernels.system.model
        self.plan = stepper.kernels.system.plan
        self.packed = packed(self.n, len(model.switches), len(model.triggers))

    def function(self, name: str, result: str = "void") -> Function:
        """Begin a function of (context, block, lane)."""
        return Function(name, [("p", "c"), ("p", "w"), ("i", "lane")], self.width, result)

    def given(self, f: Function, name: str) -> str:
        """Return an address of the context."""
        return f.read("p", "%c", CONTEXT.index(name))

    def count(self, f: Function, name: str) -> str:
        """Return a whole number of the context."""
        return f.read("i", "%c", CONTEXT.index(name))

    def whole(self, f: Function, name: str, lane: str = "%lane") -> str:
        """Return an integer of a lane."""
        return f.read("i", self.s.a(f, name), lane)

    def set_whole(self, f: Function, value: Index, name: str, lane: str = "%lane") -> None:
        """Set an integer of a lane."""
        f.write("i", str(value), self.s.a(f, name), lane)

    def real(self, f: Function, name: str, slot: Index = 0, lane: str = "%lane") -> str:
        """Return a double of a lane."""
        return f.read("d", f.cell(self.s.a(f, name), slot, lane))

    def set_real(
        self, f: Function, value: str, name: str, slot: Index = 0, lane: str = "%lane"
    ) -> None:
        """Set a double of a lane."""
        f.write("d", value, f.cell(self.s.a(f, name), slot, lane))

    def all(self) -> str:
        """Return the text of every function."""
        parts = (
            self.take(),
            self.arrive(),
            self.depart(),
            self.finish(),
            self.fail(),
            self.pause(),
            self.culprit(),
        )
        return "\n\n".join((*parts, self.write_outputs()))

    def take(self) -> str:
        """Put the next patient of the queue into a lane, or let the lane rest."""
        f = self.function("take")
        one = f.do(f"atomicrmw add ptr {self.given(f, 'QUEUE')}, i64 1 monotonic, align 8")
        more, rest, end = f.label(), f.label(), f.label()
        f.branch(f.do(f"icmp slt i64 {one}, {self.count(f, 'COUNT')}"), more, rest)
        f.open(rest)
        self.set_whole(f, RUNNING, "FLAG")
        self.set_whole(f, 0, "ACTIVE")
        for name, value in (("T", "0.0"), ("STOP", "1.0e300"), ("H", "1.0"), ("NEED", "0.0")):
            self.set_real(f, value, name)
        f.jump(end)
        f.open(more)
        patient = f.read("i", self.given(f, "LIST"), one)
        self._fill(f, patient, "PARAMETERS", "RAW", len(self.model.parameters))
        start = self.given(f, "START")
        with f.when(f.do(f"icmp ne ptr {start}, null")):
            self._fill(f, patient, "START", "Y", self.n)
        for name, length, value in (
            ("SWITCH", len(self.model.switches), "0.0"),
            ("INFLOW", self.n, "0.0"),
            ("ARMED", len(self.model.triggers), "1.0"),
        ):
            if length:
                with f.loop(length) as k:
                    self.set_real(f, value, name, k)
        for slot, value in enumerate(first_values(self.plan)):
            self.set_real(f, value, "RED", slot)
        for name in ("PAUSE", "BEGIN"):
            value = f.read("d", self.given(f, name), patient)
            self.set_real(f, value, {"BEGIN": "FROM"}.get(name, name))
        self.set_real(f, self.real(f, "FROM"), "T")
        self.set_real(f, "1.0", "AGAIN")
        self._take_up(f, patient)
        first = f.read("i", self.given(f, "FIRST_EVENT"), patient)
        last = f.read("i", self.given(f, "LAST_EVENT"), patient)
        output = f.read("i", self.given(f, "FIRST_OUTPUT"), patient)
        steps = f.read("i", self.given(f, "STEPS"), patient)
        for name, value in (
            ("PATIENT", patient), ("EVENT", first), ("LAST_EVENT", last), ("OUTPUT", output),
            ("STEPS", steps), ("BROKEN", "0"), ("ACTIVE", "1"),
        ):  # fmt: skip
            self.set_whole(f, value, name)
        f.jump(end)
        f.open(end)
        return f.text()

    def _take_up(self, f: Function, patient: str) -> None:
        """Set FLAG; fill a lane from the row of a paused patient, if there is one."""
        self.set_whole(f, ARRIVED, "FLAG")
        table = self.given(f, "RESUME")
        with f.when(f.do(f"icmp ne ptr {table}, null")):
            length = sum(size for _, size in self.packed)
            row = f.at(table, f.do(f"mul i64 {patient}, {length}"), "d")
            for name, size in self.packed:
                if size:
                    with f.loop(size) as k:
                        self.set_real(f, f.read("d", row, k), name, k)
                row = f.at(row, size, "d")
            fresh = f.do(f"fcmp ogt double {self.real(f, 'NEED')}, 0.5")
            self.set_whole(f, f.do(f"select i1 {fresh}, i64 {ARRIVED}, i64 {RESUMED}"), "FLAG")

    def pause(self) -> str:
        """Keep a lane as it was before this step, give DENSE as the state, and free the lane."""
        f = self.function("pause")
        patient = self.whole(f, "PATIENT")
        length = sum(size for _, size in self.packed)
        row = f.at(self.given(f, "PAUSED"), f.do(f"mul i64 {patient}, {length}"), "d")
        for name, size in self.packed:
            if size:
                with f.loop(size) as k:
                    f.write("d", self.real(f, name, k), row, k)
            row = f.at(row, size, "d")
        self._end(f, patient, "DENSE", "PAUSE")
        self.set_whole(f, 0, "ACTIVE")
        return f.text()

    def _end(self, f: Function, patient: str, state: str, time: str) -> None:
        """Write the state a patient ends with."""
        row = f.at(self.given(f, "FINAL"), f.do(f"mul i64 {patient}, {self.n}"), "d")
        with f.loop(self.n) as k:
            f.write("d", self.real(f, state, k), row, k)
        if self.plan.slots:
            start = f.do(f"mul i64 {patient}, {self.plan.slots}")
            row = f.at(self.given(f, "REDUCED"), start, "d")
            for slot in range(self.plan.slots):
                f.write("d", self.real(f, "RED", slot), row, slot)
        self._record(f, patient, str(DONE), time)

    def _fill(self, f: Function, patient: str, table: str, name: str, length: int) -> None:
        """Copy a row of a table (n_patients, length) into a lane."""
        if not length:
            return
        row = f.at(self.given(f, table), f.do(f"mul i64 {patient}, {length}"), "d")
        with f.loop(length) as k:
            self.set_real(f, f.read("d", row, k), name, k)

    def arrive(self) -> str:
        """Apply the events of a lane that are due at its time."""
        f = self.function("arrive")
        head, body, apply, done = f.label(), f.label(), f.label(), f.label()
        f.jump(head)
        f.open(head)
        event = self.whole(f, "EVENT")
        f.branch(f.do(f"icmp slt i64 {event}, {self.whole(f, 'LAST_EVENT')}"), body, done)
        f.open(body)
        when = f.read("d", self.given(f, "EVENT_TIME"), event)
        f.branch(f.do(f"fcmp ole double {when}, {self.real(f, 'T')}"), apply, done)
        f.open(apply)
        place = f.at(self.given(f, "EVENT_KIND"), event, "h")
        kind = f.do(f"load i32, ptr {place}, align 4")
        where = f.at(self.given(f, "EVENT_INDEX"), event, "h")
        index = f.do(f"sext i32 {f.do(f'load i32, ptr {where}, align 4')} to i64")
        value = f.read("d", self.given(f, "EVENT_VALUE"), event)
        with f.when(f.do(f"icmp eq i32 {kind}, 0")):
            self.set_real(f, f.do(f"fadd double {self.real(f, 'Y', index)}, {value}"), "Y", index)
        with f.when(f.do(f"icmp eq i32 {kind}, 1")):
            total = f.do(f"fadd double {self.real(f, 'INFLOW', index)}, {value}")
            least = f.do(f"fmul double {self._size(f, value)}, 1.0e-9")
            small = f.do(f"fcmp olt double {self._size(f, total)}, {least}")
            chosen = f.do(f"select i1 {small}, double 0.0, double {total}")
            self.set_real(f, chosen, "INFLOW", index)
        with f.when(f.do(f"icmp eq i32 {kind}, 2")):
            self.set_real(f, value, "SWITCH", index)
        self.set_whole(f, f.do(f"add i64 {event}, 1"), "EVENT")
        f.jump(head)
        f.open(done)
        self.set_real(f, "1.0", "AGAIN")
        return f.text()

    @staticmethod
    def _size(f: Function, value: str) -> str:
        return f.do(f"call double @llvm.fabs.f64(double {value})")

    def depart(self) -> str:
        """After the events of a moment: fail, finish, or set the next stop and ask for a first step."""
        f = self.function("depart")
        poison = f.do("alloca double, align 8")
        f.say(f"store double 0.0, ptr {poison}, align 8")
        with f.loop(self.n) as k:
            product = f.do(f"fmul double {self.real(f, 'Y', k)}, 0.0")
            old = f.do(f"load double, ptr {poison}, align 8")
            f.say(f"store double {f.do(f'fadd double {old}, {product}')}, ptr {poison}, align 8")
        bad, fine, limit, go, end = (f.label() for _ in range(5))
        total = f.do(f"load double, ptr {poison}, align 8")
        f.branch(f.do(f"fcmp uno double {total}, {total}"), bad, limit)
        f.open(bad)
        first = f.do(f"icmp eq i64 {self.whole(f, 'STEPS')}, 0")
        status = f.do(f"select i1 {first}, i64 {BAD_INPUT}, i64 {NOT_FINITE}")
        self._fail(f, status)
        f.jump(end)
        f.open(limit)
        cascade = f.label()
        f.branch(f.do(f"icmp ne i64 {self.whole(f, 'BROKEN')}, 0"), cascade, fine)
        f.open(cascade)
        self._fail(f, str(CASCADE))
        f.jump(end)
        f.open(fine)
        finish, last = f.label(), f.read("d", self.given(f, "SETTINGS"), 0)
        now = self.real(f, "T")
        f.branch(f.do(f"fcmp oge double {now}, {last}"), finish, go)
        f.open(finish)
        self.set_whole(f, FINISHED, "FLAG")
        f.jump(end)
        f.open(go)
        self.set_real(f, last, "STOP")
        event = self.whole(f, "EVENT")
        with f.when(f.do(f"icmp slt i64 {event}, {self.whole(f, 'LAST_EVENT')}")):
            when = f.read("d", self.given(f, "EVENT_TIME"), event)
            with f.when(f.do(f"fcmp olt double {when}, {last}")):
                self.set_real(f, when, "STOP")
        with f.when(f.do(f"icmp eq i64 {self.whole(f, 'FLAG')}, {ARRIVED}")):
            self.set_real(f, "1.0", "NEED")
            self.set_real(f, "0.0", "LATE")
        self.set_whole(f, RUNNING, "FLAG")
        f.jump(end)
        f.open(end)
        return f.text()

    def _fail(self, f: Function, status: str) -> None:
        f.say(f"call void @fail(ptr %c, ptr %w, i64 %lane, i64 {status})")

    def finish(self) -> str:
        """Write the last outputs and the final state, and free the lane; OUT holds this moment's outputs."""
        f = self.function("finish")
        head, body, done = f.label(), f.label(), f.label()
        f.jump(head)
        f.open(head)
        at = self.whole(f, "OUTPUT")
        f.branch(f.do(f"icmp slt i64 {at}, {self.count(f, 'N_TIMES')}"), body, done)
        f.open(body)
        f.say("call void @write_outputs(ptr %c, ptr %w, i64 %lane)")
        f.jump(head)
        f.open(done)
        patient = self.whole(f, "PATIENT")
        self._end(f, patient, "Y", "T")
        return f.text()

    def _record(self, f: Function, patient: str, status: str, time: str = "T") -> None:
        short = f.do(f"trunc i64 {status} to i32")
        f.say(f"store i32 {short}, ptr {f.at(self.given(f, 'STATUS'), patient, 'h')}, align 4")
        f.write("d", self.real(f, time), self.given(f, "LAST_TIME"), patient)
        f.write("i", self.whole(f, "STEPS"), self.given(f, "STEPS"), patient)
        f.do(f"atomicrmw add ptr {self.given(f, 'DONE')}, i64 1 monotonic, align 8")
        self.set_whole(f, WANTS, "FLAG")

    def fail(self) -> str:
        """Record why a patient cannot go on, and free the lane."""
        f = Function("fail", [("p", "c"), ("p", "w"), ("i", "lane"), ("i", "status")], self.width)
        which = f.do("call i64 @culprit(ptr %c, ptr %w, i64 %lane)")
        patient = self.whole(f, "PATIENT")
        f.write("i", which, self.given(f, "CULPRIT"), patient)
        self._record(f, patient, "%status")
        return f.text()

    def culprit(self) -> str:
        """Return the species that is not finite, else the one with the largest error."""
        f = self.function("culprit", "i64")
        f.run("rates", ("p", "%w"), ("p", self.s.a(f, "Y")), ("v", self.s.get(f, "T")))
        best, which = f.do("alloca double, align 8"), f.do("alloca i64, align 8")
        f.say(f"store double -1.0, ptr {best}, align 8")
        f.say(f"store i64 0, ptr {which}, align 8")
        rtol = f.read("d", self.given(f, "SETTINGS"), 1)
        with f.loop(self.n) as k:
            size = f.do(f"fmul double {rtol}, {self._size(f, self.real(f, 'Y', k))}")
            scale = f.do(f"fadd double {size}, {self.real(f, 'ATOL', k)}")
            last = f.do(f"add i64 {k}, {7 * self.n}")
            score = f.do(f"fdiv double {self._size(f, self.real(f, 'K', last))}, {scale}")
            for name, value in (("Y1", "2.0e300"), ("F", "3.0e300"), ("Y", "4.0e300")):
                number = self._size(f, self.real(f, name, k))
                infinite = f.do(f"fcmp ueq double {number}, 0x7FF0000000000000")
                score = f.do(f"select i1 {infinite}, double {value}, double {score}")
            with f.when(f.do(f"fcmp ogt double {score}, {f.read('d', best)}")):
                f.write("d", score, best)
                f.write("i", k, which)
        f.say(f"ret i64 {f.read('i', which)}")
        return f.text()

    def write_outputs(self) -> str:
        """Copy OUT of a lane to its patient's next output time."""
        f = self.function("write_outputs")
        length = len(self.s.kernels.system.outputs)
        at, patient = self.whole(f, "OUTPUT"), self.whole(f, "PATIENT")
        if length:
            line = f.do(f"mul i64 {patient}, {self.count(f, 'N_TIMES')}")
            line = f.do(f"mul i64 {f.do(f'add i64 {line}, {at}')}, {length}")
            row = f.at(self.given(f, "OUTPUTS"), line, "d")
            with f.loop(length) as k:
                f.write("d", self.real(f, "OUT", k), row, k)
        self.set_whole(f, f.do(f"add i64 {at}, 1"), "OUTPUT")
        return f.text()
