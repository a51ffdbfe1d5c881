"""A formula as text, as LaTeX and as MathML."""

import re
from xml.sax.saxutils import escape

from il21.lang.tree import Binary, Call, Name, Negate, Node, Number

_RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu rho sigma tau phi chi psi omega".split()
)


def to_text(node: Node) -> str:
    """Return the formula in the language itself: parsing it again gives the same tree.

    >>> from il21.lang.parse import parse
    >>> to_text(parse("(a+b)*c^-2"))
    '(a + b) * c^(-2)'
    """
    if isinstance(node, Number):
        return f"{node.value:.17g} [{node.unit}]" if node.unit else _shortest(node.value)
    if isinstance(node, Name):
        return node.text
    if isinstance(node, Negate):
        return "-" + _bracket(node.arg, 3)
    if isinstance(node, Call):
        return f"{node.function}({', '.join(to_text(arg) for arg in node.args)})"
    rank = _RANK[node.op]
    left = _bracket(node.left, rank + (node.op == "^"))
    right = _bracket(node.right, rank + 1)
    return f"{left}^{right}" if node.op == "^" else f"{left} {node.op} {right}"


def _shortest(value: float) -> str:
    text = repr(value)
    return text.removesuffix(".0") if "e" not in text else text


def _rank(node: Node) -> int:
    if isinstance(node, Binary):
        return _RANK[node.op]
    if isinstance(node, Number) and node.value < 0:  # never read, but made by derivatives
        return 3
    return 3 if isinstance(node, Negate) else 9


def _bracket(node: Node, wanted: int) -> str:
    text = to_text(node)
    return f"({text})" if _rank(node) < wanted else text


def to_latex(node: Node) -> str:
    r"""Return the formula as LaTeX.

    >>> from il21.lang.parse import parse
    >>> to_latex(parse("r * NK / K_rest"))
    '\\frac{r \\, NK}{K_{rest}}'
    """
    if isinstance(node, Number):
        return _latex_number(node)
    if isinstance(node, Name):
        return latex_name(node.text)
    if isinstance(node, Negate):
        return "-" + _wrap(node.arg, 2)
    if isinstance(node, Call):
        return _latex_call(node)
    if node.op == "/":
        return rf"\frac{{{to_latex(node.left)}}}{{{to_latex(node.right)}}}"
    if node.op == "^":
        return f"{_wrap(node.left, 5)}^{{{to_latex(node.right)}}}"
    if node.op == "*":
        right = _wrap(node.right, 4 if isinstance(node.right, Negate) else 2)
        return rf"{_wrap(node.left, 2)} \, {right}"
    return f"{to_latex(node.left)} {node.op} {_wrap(node.right, 2)}"


def _wrap(node: Node, wanted: int) -> str:
    text = to_latex(node)
    rank = _rank(node)
    if (isinstance(node, Call) and node.function == "hill") or (
        isinstance(node, Number) and "\\" in text
    ):
        rank = 3  # a fraction, a power of ten or a unit cannot carry an exponent as it stands
    return rf"\left({text}\right)" if rank < wanted else text


def _latex_number(node: Number) -> str:
    text = f"{node.value:g}"
    if "e" in text:
        digits, exponent = text.split("e")
        text = rf"{digits} \times 10^{{{int(exponent)}}}"
    return rf"{text}\,\mathrm{{{node.unit}}}" if node.unit else text


def _latex_call(node: Call) -> str:
    args = [to_latex(arg) for arg in node.args]
    if node.function == "hill":
        args[:2] = [_wrap(arg, 5) for arg in node.args[:2]]
    if node.function == "sqrt":
        return rf"\sqrt{{{args[0]}}}"
    if node.function == "hill":
        x, half, steep = args
        return rf"\frac{{{x}^{{{steep}}}}}{{{half}^{{{steep}}} + {x}^{{{steep}}}}}"
    if node.function == "since":
        return rf"\left(t - t_{{{args[0]}}}\right)"
    return rf"\{node.function}\left({', '.join(args)}\right)"


def latex_name(name: str) -> str:
    """Return a name as LaTeX: subscripts after the first underscore, Greek letters by name.

    >>> latex_name("nk.K_rest")
    'K_{rest}'
    """
    if name == "time":
        return "t"
    head, _, tail = name.rsplit(".", 1)[-1].partition("_")
    head = rf"\{head}" if head.lower() in _GREEK else re.sub(r"_", r"\\_", head)
    return f"{head}_{{{tail.replace('_', ',')}}}" if tail else head


_ML_OPERATOR = {"+": "plus", "-": "minus", "*": "times", "/": "divide", "^": "power"}
_ML_FUNCTION = {
    "exp": "exp",
    "log": "ln",
    "sqrt": "root",
    "tanh": "tanh",
    "min": "min",
    "max": "max",
}


def to_mathml(node: Node) -> str:
    """Return the formula as content MathML (hill is written out).

    >>> from il21.lang.parse import parse
    >>> to_mathml(parse("a + 1"))
    '<apply><plus/><ci>a</ci><cn>1</cn></apply>'
    """
    if isinstance(node, Number):
        return f"<cn>{_shortest(node.value)}</cn>"
    if isinstance(node, Name):
        return f"<ci>{escape(node.text)}</ci>"
    if isinstance(node, Negate):
        return f"<apply><minus/>{to_mathml(node.arg)}</apply>"
    if isinstance(node, Binary):
        operator = _ML_OPERATOR[node.op]
        return f"<apply><{operator}/>{to_mathml(node.left)}{to_mathml(node.right)}</apply>"
    if node.function == "hill":
        x, half, steep = node.args
        top = Binary("^", x, steep)
        return to_mathml(Binary("/", top, Binary("+", Binary("^", half, steep), top)))
    if node.function == "since":
        start = Name(f"{to_text(node.args[0])}_first_dose")
        return to_mathml(Binary("-", Name("time"), start))
    inner = "".join(to_mathml(arg) for arg in node.args)
    return f"<apply><{_ML_FUNCTION[node.function]}/>{inner}</apply>"
