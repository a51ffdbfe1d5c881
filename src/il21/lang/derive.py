"""The derivative of a formula by one of its names, exact, with zeros and ones folded.

Rules instead of a computer algebra: the language has six functions, and these sixty lines start in no
time; SymPy checks them in the tests.
"""

from il21.lang.tree import Binary, Call, Name, Negate, Node, Number

ZERO, ONE = Number(0.0), Number(1.0)


def derivative(node: Node, name: str) -> Node:
    """Return d(formula)/d(name); at a kink of min, max or hill the one-sided value.

    Examples
    --------
    >>> from il21.lang.parse import parse
    >>> from il21.lang.show import to_text
    >>> to_text(derivative(parse("a * x^2 + b"), "x"))
    'a * (2 * x)'
    """
    if isinstance(node, Name):
        return ONE if node.text == name else ZERO
    if isinstance(node, Number):
        return ZERO
    if isinstance(node, Negate):
        return negate(derivative(node.arg, name))
    if isinstance(node, Binary):
        return _binary(node, name)
    return _call(node, name)


def _binary(node: Binary, name: str) -> Node:
    left, right = derivative(node.left, name), derivative(node.right, name)
    if node.op == "+":
        return add(left, right)
    if node.op == "-":
        return subtract(left, right)
    if node.op == "*":
        return add(multiply(left, node.right), multiply(node.left, right))
    if node.op == "/":
        top = subtract(left, multiply(node, right))
        return divide(top, node.right)
    if right == ZERO:
        lowered = power(node.left, subtract(node.right, ONE))
        return multiply(multiply(node.right, lowered), left)
    growth = add(
        multiply(right, Call("log", (node.left,))), divide(multiply(node.right, left), node.left)
    )
    return multiply(node, growth)


def _call(node: Call, name: str) -> Node:
    if node.function == "since":
        return ONE if name == "time" else ZERO
    if node.function in ("min", "max"):
        return _extreme(node, name)
    inner = derivative(node.args[0], name)
    if node.function == "exp":
        return multiply(node, inner)
    if node.function == "log":
        return divide(inner, node.args[0])
    if node.function == "sqrt":
        return divide(inner, multiply(Number(2.0), node))
    if node.function == "tanh":
        return multiply(subtract(ONE, power(node, Number(2.0))), inner)
    return _hill(node, name)


def _hill(node: Call, name: str) -> Node:
    """D hill = hill (1 - hill) [n (x'/x - K'/K) + n' log(x/K)], 0 where x is clipped at 0."""
    x, half, steep = node.args
    dx, dhalf, dsteep = (derivative(arg, name) for arg in node.args)
    safe = Call("max", (x, Number(1e-300)))
    slope = multiply(steep, subtract(divide(dx, safe), divide(dhalf, half)))
    if dsteep != ZERO:
        slope = add(slope, multiply(dsteep, Call("log", (divide(safe, half),))))
    return multiply(multiply(node, subtract(ONE, node)), slope)


def _extreme(node: Call, name: str) -> Node:
    """Min and max as nested pairs; the branch is chosen by a step: heaviside(a - b)."""
    first, rest = node.args[0], node.args[1:]
    other: Node = rest[0] if len(rest) == 1 else Call(node.function, rest)
    da, db = derivative(first, name), derivative(other, name)
    if da == db:
        return da
    step = Call("step", (subtract(first, other),))
    chosen = step if node.function == "max" else subtract(ONE, step)
    return add(multiply(chosen, da), multiply(subtract(ONE, chosen), db))


def add(left: Node, right: Node) -> Node:
    """Sum with zeros folded."""
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    return Binary("+", left, right)


def subtract(left: Node, right: Node) -> Node:
    """Difference with zeros and literals folded."""
    if right == ZERO:
        return left
    if left == ZERO:
        return negate(right)
    if isinstance(left, Number) and isinstance(right, Number) and not left.unit and not right.unit:
        return Number(left.value - right.value)
    return Binary("-", left, right)


def multiply(left: Node, right: Node) -> Node:
    """Product with zeros and ones folded."""
    if ZERO in (left, right):
        return ZERO
    if left == ONE:
        return right
    if right == ONE:
        return left
    return Binary("*", left, right)


def divide(left: Node, right: Node) -> Node:
    """Quotient with zeros and ones folded."""
    if left == ZERO:
        return ZERO
    if right == ONE:
        return left
    return Binary("/", left, right)


def power(base: Node, exponent: Node) -> Node:
    """Power with exponents zero and one folded."""
    if exponent == ONE:
        return base
    if exponent == ZERO:
        return ONE
    return Binary("^", base, exponent)


def negate(node: Node) -> Node:
    """Minus a node, with zero folded."""
    if node == ZERO:
        return ZERO
    return node.arg if isinstance(node, Negate) else Negate(node)
