"""Derivatives on the tape, forward: for each value the values of its slopes by what it moves with."""

from collections.abc import Iterable, Mapping

from il21.engine.tape import HUGE, LARGEST_EXPONENT, MOVING, Entry, Tape

TIME = -1  # the key of d/dt among the states' indices
Slopes = Mapping[int, int]


def needed(tape: Tape, items: Iterable[int]) -> list[int]:
    """Return the values that some values are made of, themselves included, in order of the tape."""
    found: set[int] = set()
    stack = list(items)
    while stack:
        item = stack.pop()
        if item not in found:
            found.add(item)
            stack.extend(tape.entries[item].args)
    return sorted(found)


def slopes(tape: Tape, items: Iterable[int]) -> dict[int, Slopes]:
    """Return d(item)/d(state) and d(item)/d(time) of values: {item: {state index or TIME: value}}.

    At a kink of min, max, hill or a guard the one-sided value.
    """
    wanted = list(items)
    found: dict[int, Slopes] = {}
    for item in needed(tape, wanted):
        entry = tape.entries[item]
        if tape.level[item] != MOVING:
            found[item] = {}
        elif entry.op == "state":
            found[item] = {int(entry.value): tape.constant(1.0)}
        elif entry.op == "time":
            found[item] = {TIME: tape.constant(1.0)}
        else:
            keys = sorted({key for arg in entry.args for key in found[arg]})
            found[item] = {key: _slope(tape, item, entry, found, key) for key in keys}
            found[item] = {k: v for k, v in found[item].items() if tape.number(v) != 0.0}
    return {item: found[item] for item in wanted}


def _slope(tape: Tape, item: int, entry: Entry, found: Mapping[int, Slopes], key: int) -> int:
    """The slope of one value by one key, from those of its arguments."""
    zero = tape.constant(0.0)
    args = entry.args
    inner = [found[arg].get(key, zero) for arg in args]
    op = entry.op
    if op == "add":
        return tape.add(inner[0], inner[1])
    if op == "sub":
        return tape.sub(inner[0], inner[1])
    if op == "neg":
        return tape.neg(inner[0])
    if op == "mul":
        return tape.add(tape.mul(inner[0], args[1]), tape.mul(args[0], inner[1]))
    if op == "div":
        top = tape.sub(inner[0], tape.mul(item, inner[1]))
        return tape.mul(top, tape.div(tape.constant(1.0), args[1]))
    if op in ("min", "max"):
        yes, no = (inner[0], inner[1]) if op == "max" else (inner[1], inner[0])
        return tape.pick(args[0], args[1], yes, no)
    if op == "pick":
        return tape.pick(args[0], args[1], inner[2], inner[3])
    if op == "pow":
        return _power(tape, item, args, inner)
    return _one(tape, item, op, args[0], inner[0])


def _power(tape: Tape, item: int, args: tuple[int, ...], inner: list[int]) -> int:
    """x^n: n x^n / x dx + x^n log(x) dn."""
    base, exponent = args
    ratio = tape.div(item, base)
    value = tape.mul(tape.mul(exponent, ratio), inner[0])
    if tape.number(inner[1]) == 0.0:
        return value
    return tape.add(value, tape.mul(tape.mul(item, tape.log(base)), inner[1]))


def _one(tape: Tape, item: int, op: str, arg: int, inner: int) -> int:
    """The functions of one argument."""
    zero, one = tape.constant(0.0), tape.constant(1.0)
    if op in ("floor", "clip"):
        return tape.pick(arg, zero, inner, zero)
    if op == "cap":
        return tape.pick(tape.constant(HUGE), arg, inner, zero)
    if op == "exp":
        return tape.pick(tape.constant(LARGEST_EXPONENT), arg, tape.mul(item, inner), zero)
    if op == "log":
        return tape.div(inner, arg)
    if op == "sqrt":
        slope = tape.mul(inner, tape.div(tape.constant(0.5), item))
        return tape.pick(item, zero, slope, zero)
    if op == "tanh":
        return tape.mul(tape.sub(one, tape.mul(item, item)), inner)
    raise AssertionError(f"no slope of '{op}'")
