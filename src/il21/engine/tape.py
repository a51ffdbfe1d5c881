"""The expression tape: every different value once (hash-consed), with what it depends on.

Trees of the language are read by reference, so a definition used ten times is computed once.
Derivatives are taken forward on the tape itself (slopes.py).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from il21.errors import DeclarationError
from il21.lang.evaluate import LARGEST_EXPONENT
from il21.lang.tree import Binary, Call, Name, Negate, Node, Number
from il21.units import parse_unit

FIXED, PATIENT, MOVING = 0, 1, 2  # constant; of a patient's parameters; of time, states, switches
TINY = 1e-300  # logarithms and real powers see no less than this once they move
HUGE = 1e300
LARGEST_POWER = 64  # whole exponents up to this become products


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: an operation on earlier ones, or a leaf with its number or index."""

    op: str
    args: tuple[int, ...] = ()
    value: float = 0.0


class Tape:
    """A growing list of values; the methods return the index of the value that they ask for.

    Operations: const param state switch inflow time, add sub mul div neg, exp log sqrt tanh pow,
    min max, pick (a > b ? c : d), floor (max(x, TINY), guards logarithms), clip (max(x, 0)),
    cap (min(x, HUGE), so that a saturated hill is 1).
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.level: list[int] = []
        self._known: dict[Entry, int] = {}

    def _put(self, entry: Entry, level: int) -> int:
        found = self._known.get(entry)
        if found is None:
            found = self._known[entry] = len(self.entries)
            self.entries.append(entry)
            self.level.append(level)
        return found

    def _make(self, op: str, *args: int) -> int:
        return self._put(Entry(op, args), max(self.level[a] for a in args))

    def constant(self, value: float) -> int:
        """Return a literal."""
        return self._put(Entry("const", (), value + 0.0 if value else 0.0), FIXED)

    def leaf(self, op: str, index: int = 0) -> int:
        """Return a parameter, state, switch or inflow by index, or the time."""
        return self._put(Entry(op, (), float(index)), PATIENT if op == "param" else MOVING)

    def number(self, item: int) -> float | None:
        """Return the value of a literal, None for anything else."""
        entry = self.entries[item]
        return entry.value if entry.op == "const" else None

    def _fold(self, compute: Callable[..., float], *items: int) -> int | None:
        numbers = [self.number(item) for item in items]
        if any(n is None for n in numbers):
            return None
        try:
            value = compute(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None
        return self.constant(value) if isinstance(value, float) and math.isfinite(value) else None

    # Arithmetic

    def add(self, a: int, b: int) -> int:
        """Return a + b."""
        if self.number(a) == 0.0:
            return b
        if self.number(b) == 0.0:
            return a
        if self.entries[b].op == "neg":
            return self.sub(a, self.entries[b].args[0])
        if self.entries[a].op == "neg":
            return self.sub(b, self.entries[a].args[0])
        folded = self._fold(lambda x, y: x + y, a, b)
        return self._make("add", min(a, b), max(a, b)) if folded is None else folded

    def sub(self, a: int, b: int) -> int:
        """Return a - b."""
        if a == b:
            return self.constant(0.0)
        if self.number(b) == 0.0:
            return a
        if self.number(a) == 0.0:
            return self.neg(b)
        if self.entries[b].op == "neg":
            return self.add(a, self.entries[b].args[0])
        folded = self._fold(lambda x, y: x - y, a, b)
        return self._make("sub", a, b) if folded is None else folded

    def neg(self, a: int) -> int:
        """Return -a."""
        entry = self.entries[a]
        if entry.op == "neg":
            return entry.args[0]
        if entry.op == "sub":
            return self.sub(entry.args[1], entry.args[0])
        folded = self._fold(lambda x: -x, a)
        return self._make("neg", a) if folded is None else folded

    def mul(self, a: int, b: int) -> int:
        """Return a * b; what depends on the patient alone is gathered, to be computed once."""
        for x, y in ((a, b), (b, a)):
            if self.number(x) == 0.0:
                return x
            if self.number(x) == 1.0:
                return y
            if self.number(x) == -1.0:
                return self.neg(y)
            if self.entries[x].op == "neg":
                return self.neg(self.mul(self.entries[x].args[0], y))
        folded = self._fold(lambda x, y: x * y, a, b)
        if folded is not None:
            return folded
        if self.level[a] != MOVING and self.level[b] == MOVING:
            a, b = b, a
        entry = self.entries[a]
        if self.level[b] != MOVING and entry.op == "mul" and self.level[a] == MOVING:
            c, d = entry.args
            for x, y in ((c, d), (d, c)):
                if self.level[x] != MOVING:
                    return self.mul(y, self.mul(x, b))
        return self._make("mul", min(a, b), max(a, b))

    def div(self, a: int, b: int) -> int:
        """Return a / b; a divisor that does not move becomes a factor."""
        if self.number(a) == 0.0:
            return a
        if self.number(b) == 1.0:
            return a
        folded = self._fold(lambda x, y: x / y, a, b)
        if folded is not None:
            return folded
        if self.level[b] != MOVING and self.level[a] == MOVING:
            return self.mul(a, self._make("div", self.constant(1.0), b))
        return self._make("div", a, b)

    # Functions

    def exp(self, a: int) -> int:
        """Return exp of at most LARGEST_EXPONENT."""
        folded = self._fold(lambda x: math.exp(min(x, LARGEST_EXPONENT)), a)
        return self._make("exp", a) if folded is None else folded

    def log(self, a: int) -> int:
        """Return the natural logarithm; of a moving value at least TINY."""
        folded = self._fold(math.log, a)
        return self._make("log", self.floor(a)) if folded is None else folded

    def sqrt(self, a: int) -> int:
        """Return the square root; a moving value counts as 0 where it is negative."""
        folded = self._fold(math.sqrt, a)
        if folded is not None:
            return folded
        return self._make("sqrt", self._make("clip", a) if self.level[a] == MOVING else a)

    def tanh(self, a: int) -> int:
        """Return the hyperbolic tangent."""
        folded = self._fold(math.tanh, a)
        return self._make("tanh", a) if folded is None else folded

    def floor(self, a: int) -> int:
        """Return a moving value or TINY, whichever is more."""
        return self._make("floor", a) if self.level[a] == MOVING else a

    def power(self, a: int, n: int) -> int:
        """Return a^n: products for whole n, else exp(n log a) with a moving base guarded."""
        exponent = self.number(n)
        if exponent is not None:
            if exponent == int(exponent) and abs(exponent) <= LARGEST_POWER:
                return self._whole(a, int(exponent))
            if exponent == 0.5:
                return self.sqrt(a)
        folded = self._fold(lambda x, y: x**y, a, n)
        return self._make("pow", self.floor(a), n) if folded is None else folded

    def _whole(self, a: int, n: int) -> int:
        if n < 0:
            return self.div(self.constant(1.0), self._whole(a, -n))
        if n == 0:
            return self.constant(1.0)
        half = self._whole(a, n // 2)
        square = self.mul(half, half)
        return self.mul(square, a) if n % 2 else square

    def extreme(self, op: str, a: int, b: int) -> int:
        """Return min or max of two."""
        if a == b:
            return a
        folded = self._fold(min if op == "min" else max, a, b)
        return self._make(op, a, b) if folded is None else folded

    def pick(self, a: int, b: int, yes: int, no: int) -> int:
        """Return ``yes`` where a > b, else ``no``."""
        return yes if yes == no else self._make("pick", a, b, yes, no)

    def hill(self, x: int, half: int, steep: int) -> int:
        """Return x^n / (K^n + x^n) with x clipped at 0, as q / (1 + q) of q = (x / K)^n."""
        x = self._make("clip", x)
        q = self._make("cap", self.power(self.div(x, half), steep))
        return self.div(q, self.add(self.constant(1.0), q))

    # Trees

    def read(self, node: Node, names: Mapping[str, int]) -> int:
        """Return the value of a tree whose names stand for values of the tape."""
        if isinstance(node, Number):
            return self.constant(node.value * (parse_unit(node.unit).factor if node.unit else 1.0))
        if isinstance(node, Name):
            if node.text not in names:
                raise DeclarationError(f"'{node.text}' is not known to the engine")
            return names[node.text]
        if isinstance(node, Negate):
            return self.neg(self.read(node.arg, names))
        if isinstance(node, Binary):
            a, b = self.read(node.left, names), self.read(node.right, names)
            how = {"+": self.add, "-": self.sub, "*": self.mul, "/": self.div, "^": self.power}
            return how[node.op](a, b)
        return self._call(node, [self.read(arg, names) for arg in node.args])

    def _call(self, node: Call, args: list[int]) -> int:
        name = node.function
        if name in ("min", "max"):
            value = args[0]
            for other in args[1:]:
                value = self.extreme(name, value, other)
            return value
        if name == "hill":
            return self.hill(*args)
        how = {"exp": self.exp, "log": self.log, "sqrt": self.sqrt, "tanh": self.tanh}
        if name not in how:
            raise DeclarationError(f"the engine has no function '{name}'")
        return how[name](args[0])
