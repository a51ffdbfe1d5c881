"""The number of a formula: a walk over the tree on floats or arrays (never Python's eval)."""

from collections.abc import Mapping
from typing import Any

from il21.lang.tree import Binary, Call, Name, Negate, Node, Number
from il21.units import parse_unit

LARGEST_EXPONENT = 700.0  # exp of more is taken as exp of this, so that 1 / (1 + exp(x)) is 0


def evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    """Return the value of a formula in the coherent base.

    Parameters
    ----------
    node
        The formula; literals are converted to the base.
    values
        Names to floats or arrays (any shapes that broadcast), in the base; ``time`` among them if read.

    Examples
    --------
    >>> from il21.lang.parse import parse
    >>> float(evaluate(parse("r * 2 [1/h]"), {"r": 0.5}))
    24.0
    """
    if isinstance(node, Number):
        return node.value * parse_unit(node.unit).factor if node.unit else node.value
    if isinstance(node, Name):
        return values[node.text]
    if isinstance(node, Negate):
        return -evaluate(node.arg, values)
    if isinstance(node, Binary):
        return _binary(node.op, evaluate(node.left, values), evaluate(node.right, values))
    return _call(node, [evaluate(arg, values) for arg in node.args])


def _binary(op: str, left: Any, right: Any) -> Any:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if op == "+":
            return left + right
        if op == "-":
            return left - right
        if op == "*":
            return left * right
        return np.divide(left, right) if op == "/" else np.power(np.asarray(left, float), right)


def _call(node: Call, args: list[Any]) -> Any:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if node.function == "exp":
            return np.exp(np.minimum(args[0], LARGEST_EXPONENT))
        if node.function == "hill":
            x, half = np.asarray(args[0], float), np.asarray(args[1], float)
            return np.where(x <= 0.0, 0.0, 1.0 / (1.0 + (half / x) ** args[2]))
        if node.function in ("min", "max"):
            pick = np.minimum if node.function == "min" else np.maximum
            value = args[0]
            for other in args[1:]:
                value = pick(value, other)
            return value
        if node.function == "step":
            return np.where(np.asarray(args[0]) > 0.0, 1.0, 0.0)
        return {"log": np.log, "sqrt": np.sqrt, "tanh": np.tanh}[node.function](args[0])
