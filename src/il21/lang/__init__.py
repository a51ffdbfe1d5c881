"""The rate-law language: text to tree, its unit, its derivative, its print.  Nothing is evaluated."""

from il21.lang.derive import derivative
from il21.lang.dimension import Dimension, dimension_of
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.show import to_latex, to_mathml, to_text
from il21.lang.tree import FUNCTIONS, Binary, Call, Name, Negate, Node, Number, names_in, substitute

__all__ = [
    "FUNCTIONS",
    "Binary",
    "Call",
    "Dimension",
    "Name",
    "Negate",
    "Node",
    "Number",
    "derivative",
    "dimension_of",
    "evaluate",
    "names_in",
    "parse",
    "substitute",
    "to_latex",
    "to_mathml",
    "to_text",
]
