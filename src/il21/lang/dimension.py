"""The unit of a formula, checked in every expression and every function argument."""

from collections.abc import Mapping
from typing import TypeAlias

from il21.errors import DeclarationError, UnitError, suggest
from il21.lang.show import to_text
from il21.lang.tree import Binary, Call, Name, Negate, Node, Number
from il21.units import Unit, parse_unit, unit_of_dimension

Dimension: TypeAlias = tuple[tuple[str, float], ...]
_ANY = None  # the dimension of a bare zero: fits everything


def dimension_of(node: Node, units: Mapping[str, Unit]) -> Dimension:
    """Return the dimension of a formula whose names have the given units.

    Raises
    ------
    UnitError
        If terms of a sum, arguments of a function or an exponent do not fit; the message names both
        sides in the author's units.
    DeclarationError
        If a name is not declared.

    Examples
    --------
    >>> from il21.lang.parse import parse
    >>> units = {"r": parse_unit("1/d"), "NK": parse_unit("Mcell")}
    >>> dimension_of(parse("r * NK"), units)
    (('cells', 1.0), ('time', -1.0))
    """
    found = _of(node, units)
    return () if found is None else found


def is_zero(node: Node) -> bool:
    """Whether a formula is a bare 0, which fits any unit."""
    return isinstance(node, Number) and node.value == 0.0 and not node.unit


def _of(node: Node, units: Mapping[str, Unit]) -> Dimension | None:
    if isinstance(node, Number):
        if is_zero(node):
            return _ANY
        return parse_unit(node.unit).dimension if node.unit else ()
    if isinstance(node, Name):
        if node.text == "time":
            return (("time", 1.0),)
        if node.text not in units:
            raise DeclarationError(f"'{node.text}' is not declared{suggest(node.text, units)}")
        return units[node.text].dimension
    if isinstance(node, Negate):
        return _of(node.arg, units)
    if isinstance(node, Binary):
        return _binary(node, units)
    return _call(node, units)


def _binary(node: Binary, units: Mapping[str, Unit]) -> Dimension | None:
    left, right = _of(node.left, units), _of(node.right, units)
    if node.op in "+-":
        return _same(
            (node.left, node.right), (left, right), "adds" if node.op == "+" else "subtracts", units
        )
    if node.op == "^":
        return _power(node, left, right, units)
    if left is None or right is None:
        return _ANY if node.op == "*" or left is None else left
    return _combine(left, right, 1.0 if node.op == "*" else -1.0)


def _power(
    node: Binary, base: Dimension | None, exponent: Dimension | None, units: Mapping[str, Unit]
) -> Dimension | None:
    if exponent:
        raise UnitError(f"exponent '{to_text(node.right)}' has a unit ({_print(exponent)})")
    if not base:
        return base
    value = node.right
    sign = 1.0
    if isinstance(value, Negate):
        sign, value = -1.0, value.arg
    if not isinstance(value, Number):
        raise UnitError(
            f"'{to_text(node)}' raises '{to_text(node.left)}' in {_unit_text(node.left, base, units)}"
            " to a power that is not a number; divide by a reference first"
        )
    power = sign * value.value
    return tuple((name, round(p * power, 9)) for name, p in base if p * power != 0.0)


def _call(node: Call, units: Mapping[str, Unit]) -> Dimension | None:
    if node.function == "since":
        return (("time", 1.0),)
    found = tuple(_of(arg, units) for arg in node.args)
    if node.function in ("min", "max"):
        return _same(node.args, found, f"takes the {node.function} of", units)
    if node.function == "sqrt":
        inner = found[0]
        return None if inner is None else tuple((name, p / 2) for name, p in inner)
    if node.function == "hill":
        _same(node.args[:2], found[:2], "compares", units)
        _plain(node.args[2], found[2], node, units)
        return ()
    _plain(node.args[0], found[0], node, units)
    return ()


def _plain(arg: Node, found: Dimension | None, node: Call, units: Mapping[str, Unit]) -> None:
    if found:
        unit = _unit_text(arg, found, units)
        raise UnitError(
            f"{node.function}({to_text(arg)}) is taken of a number in {unit}, must be dimensionless"
        )


def _same(
    nodes: tuple[Node, ...],
    found: tuple[Dimension | None, ...],
    verb: str,
    units: Mapping[str, Unit],
) -> Dimension | None:
    first: tuple[Node, Dimension] | None = None
    for node, dimension in zip(nodes, found, strict=True):
        if dimension is None:
            continue
        if first is None:
            first = (node, dimension)
        elif dimension != first[1]:
            raise UnitError(
                f"{verb} '{to_text(first[0])}' in {_unit_text(first[0], first[1], units)}"
                f" and '{to_text(node)}' in {_unit_text(node, dimension, units)}"
            )
    return None if first is None else first[1]


def _combine(left: Dimension, right: Dimension, sign: float) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0.0) + sign * power
    rounded = {name: round(power, 9) for name, power in powers.items()}  # 0.1 + 0.2 is 0.3 here
    return tuple(sorted((name, power) for name, power in rounded.items() if power != 0.0))


def _unit_text(node: Node, dimension: Dimension, units: Mapping[str, Unit]) -> str:
    if isinstance(node, Name) and node.text in units:
        return units[node.text].text
    return _print(dimension)


def _print(dimension: Dimension) -> str:
    return unit_of_dimension(dimension).text
