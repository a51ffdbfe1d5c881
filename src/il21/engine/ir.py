"""A writer of LLVM IR text: functions, loops, branches; values are names, vectors hold one patient a lane.

The text is the whole interface to LLVM: it can be printed, hashed and read, and the same text serves
x86-64 and ARM.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

Index = int | str
Word = Literal["v", "d", "i", "p"]  # vector of doubles, double, 64-bit integer, pointer


def number(value: float) -> str:
    """Return a double as LLVM writes it exactly: its bits.

    >>> number(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


class Function:
    """One function under construction; every method returns the name of the value it makes.

    Parameters
    ----------
    name
        Without the ``@``.
    args
        (type letter, name) pairs: v vector of doubles, d double, i integer, p pointer.
    width
        Lanes of a vector.
    result
        LLVM type of what is returned.
    """

    def __init__(
        self,
        name: str,
        args: Sequence[tuple[Word, str]],
        width: int,
        result: str = "void",
        inline: str = "noinline",
        linkage: str = "internal ",
    ) -> None:
        self.width = width
        self.V = f"<{width} x double>"
        self.M = f"<{width} x i1>"
        self.I = f"<{width} x i64>"
        types = {"v": self.V, "d": "double", "i": "i64", "p": "ptr"}
        inner = ", ".join(f"{types[kind]} %{arg}" for kind, arg in args)
        self.lines = [f"define {linkage}{result} @{name}({inner}) {inline} #0 {{", "entry:"]
        self.types = types
        self.result = result
        self.count = 0
        self.places: dict[tuple[str, str, Index], str] = {}

    def text(self) -> str:
        """Return the finished function."""
        last = self.lines[-1].strip()
        if self.result == "void" and not last.startswith("ret"):
            self.lines.append("  ret void")
        return "\n".join([*self.lines, "}"])

    def do(self, text: str) -> str:
        """Append an instruction that makes a value."""
        self.count += 1
        name = f"%t{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name

    def say(self, text: str) -> None:
        """Append an instruction that makes none."""
        self.lines.append(f"  {text}")

    # Numbers

    def splat(self, value: float) -> str:
        """Return a constant vector."""
        return "<" + ", ".join([f"double {number(value)}"] * self.width) + ">"

    def splat_int(self, value: int) -> str:
        """Return a constant vector of integers."""
        return "<" + ", ".join([f"i64 {value}"] * self.width) + ">"

    def binary(self, op: str, left: str, right: str) -> str:
        """Return ``left op right`` on vectors, op one of fadd fsub fmul fdiv."""
        return self.do(f"{op} {self.V} {left}, {right}")

    def add(self, left: str, right: str) -> str:
        """Return the sum of two vectors."""
        return self.binary("fadd", left, right)

    def sub(self, left: str, right: str) -> str:
        """Return the difference of two vectors."""
        return self.binary("fsub", left, right)

    def mul(self, left: str, right: str) -> str:
        """Return the product of two vectors."""
        return self.binary("fmul", left, right)

    def div(self, left: str, right: str) -> str:
        """Return the quotient of two vectors."""
        return self.binary("fdiv", left, right)

    def neg(self, value: str) -> str:
        """Return minus a vector."""
        return self.do(f"fneg {self.V} {value}")

    def fma(self, a: str, b: str, c: str) -> str:
        """Return a * b + c, rounded once, so that every width and machine gives the same bits."""
        V = self.V
        return self.do(f"call {V} @llvm.fma.v{self.width}f64({V} {a}, {V} {b}, {V} {c})")

    def one(self, name: str, *args: str) -> str:
        """Return an LLVM intrinsic of vectors, such as sqrt, fabs, minimum, maximum."""
        inner = ", ".join(f"{self.V} {arg}" for arg in args)
        return self.do(f"call {self.V} @llvm.{name}.v{self.width}f64({inner})")

    def call(self, name: str, *args: tuple[Word, str]) -> str:
        """Return the vector that a function of this module gives."""
        inner = ", ".join(f"{self.types[kind]} {arg}" for kind, arg in args)
        return self.do(f"call {self.V} @{name}({inner})")

    def run(self, name: str, *args: tuple[Word, str]) -> None:
        """Call a function of this module that gives nothing."""
        inner = ", ".join(f"{self.types[kind]} {arg}" for kind, arg in args)
        self.say(f"call void @{name}({inner})")

    # Choices

    def compare(self, how: str, left: str, right: str) -> str:
        """Return a mask; ``how`` is LLVM's: ogt, olt, ole, uno ..."""
        return self.do(f"fcmp {how} {self.V} {left}, {right}")

    def both(self, left: str, right: str) -> str:
        """Return the lanes in both masks."""
        return self.do(f"and {self.M} {left}, {right}")

    def either(self, left: str, right: str) -> str:
        """Return the lanes in one of two masks."""
        return self.do(f"or {self.M} {left}, {right}")

    def outside(self, mask: str) -> str:
        """Return the lanes that are not in a mask."""
        ones = "<" + ", ".join(["i1 true"] * self.width) + ">"
        return self.do(f"xor {self.M} {mask}, {ones}")

    def pick(self, mask: str, yes: str, no: str) -> str:
        """Return lane by lane ``yes`` where the mask holds, else ``no``."""
        return self.do(f"select {self.M} {mask}, {self.V} {yes}, {self.V} {no}")

    def any(self, mask: str) -> str:
        """Return whether a mask holds in some lane."""
        return self.do(f"call i1 @llvm.vector.reduce.or.v{self.width}i1({self.M} {mask})")

    def floor(self, value: str, least: float) -> str:
        """Return the larger of a vector and a constant; NaN stays NaN."""
        low = self.splat(least)
        return self.pick(self.compare("olt", value, low), low, value)

    def ceiling(self, value: str, most: float) -> str:
        """Return the smaller of a vector and a constant; NaN stays NaN."""
        high = self.splat(most)
        return self.pick(self.compare("ogt", value, high), high, value)

    # Memory

    def at(self, base: str, index: Index, kind: str = "v") -> str:
        """Return the address of an element of an array of vectors (v), doubles (d) or integers (i)."""
        if index == 0:
            return base
        word = {"v": self.V, "d": "double", "i": "i64", "p": "ptr", "h": "i32"}[kind]
        return self.do(f"getelementptr inbounds {word}, ptr {base}, i64 {index}")

    def load(self, base: str, index: Index = 0) -> str:
        """Return a vector from memory."""
        return self.do(f"load {self.V}, ptr {self.at(base, index)}, align {8 * self.width}")

    def store(self, value: str, base: str, index: Index = 0) -> None:
        """Write a vector to memory."""
        self.say(f"store {self.V} {value}, ptr {self.at(base, index)}, align {8 * self.width}")

    def read(self, kind: Word, base: str, index: Index = 0) -> str:
        """Return a double (d), integer (i) or pointer (p) from memory."""
        return self.do(f"load {self.types[kind]}, ptr {self.at(base, index, kind)}, align 8")

    def write(self, kind: Word, value: str, base: str, index: Index = 0) -> None:
        """Write a double (d) or integer (i) to memory."""
        self.say(f"store {self.types[kind]} {value}, ptr {self.at(base, index, kind)}, align 8")

    def cell(self, base: str, slot: Index, lane: str) -> str:
        """Return the address of one lane of a vector in memory."""
        first = self.do(f"mul nuw nsw i64 {slot}, {self.width}")
        return self.at(base, self.do(f"add nuw nsw i64 {first}, {lane}"), "d")

    # Flow

    def label(self) -> str:
        """Return a fresh name of a block."""
        self.count += 1
        return f"b{self.count}"

    def open(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")

    def jump(self, label: str) -> None:
        """End a block with a jump."""
        self.say(f"br label %{label}")

    def branch(self, condition: str, yes: str, no: str) -> None:
        """End a block with a choice."""
        self.say(f"br i1 {condition}, label %{yes}, label %{no}")

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Write what happens only if a condition holds."""
        yes, after = self.label(), self.label()
        self.branch(condition, yes, after)
        self.open(yes)
        yield
        self.jump(after)
        self.open(after)

    @contextmanager
    def loop(self, count: Index) -> Iterator[str]:
        """Write what is repeated ``count`` (at least 1) times; gives the index."""
        before, body, after = self.label(), self.label(), self.label()
        self.jump(before)
        self.open(before)
        self.jump(body)
        self.open(body)
        index = f"%i{body}"
        following = f"%n{body}"
        latch = self.label()
        self.say(f"{index} = phi i64 [ 0, %{before} ], [ {following}, %{latch} ]")
        yield index
        self.jump(latch)
        self.open(latch)
        self.say(f"{following} = add nuw nsw i64 {index}, 1")
        self.branch(self.do(f"icmp ult i64 {following}, {count}"), body, after)
        self.open(after)


def head(width: int) -> str:
    """Return the declarations that every module of this width needs."""
    V, M = f"<{width} x double>", f"<{width} x i1>"
    lines = [f"declare {V} @llvm.fma.v{width}f64({V}, {V}, {V})"]
    lines += [f"declare {V} @llvm.{name}.v{width}f64({V})" for name in ("sqrt", "fabs")]
    lines += [f"declare {V} @llvm.{name}.v{width}f64({V}, {V})" for name in ("minimum", "maximum")]
    lines.append(f"declare i1 @llvm.vector.reduce.or.v{width}i1({M})")
    return "\n".join(lines)


ATTRIBUTES = 'attributes #0 = { nounwind "no-builtins" "no-trapping-math"="true" "prefer-vector-width"="512" }'
