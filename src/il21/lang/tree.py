"""The nodes of a formula: five frozen records, and walks over them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

# name -> number of arguments; None: two or more
FUNCTIONS: Mapping[str, int | None] = {
    "exp": 1, "log": 1, "sqrt": 1, "tanh": 1, "min": None, "max": None, "hill": 3, "since": 1,
}  # fmt: skip

# Names that SBML, its infix or the language itself keep for themselves.
RESERVED: frozenset[str] = frozenset(
    """time abs acos and arccos arcsin arctan avogadro ceil ceiling cos delay exponentiale factorial
    false floor inf infinity ln log10 nan not notanumber or pi piecewise pow quotient rateOf rem
    root sin sinh tan true xor lambda if else for""".split()
) | frozenset(FUNCTIONS)


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; ``unit`` is its unit text, empty for dimensionless.

    ``value`` stands in that unit.
    """

    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A declared name, or ``time``."""

    text: str


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus one node."""

    arg: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right`` with op one of + - * / ^."""

    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of `FUNCTIONS`."""

    function: str
    args: tuple["Node", ...]


Node: TypeAlias = Number | Name | Negate | Binary | Call


def children(node: Node) -> tuple[Node, ...]:
    """Return the direct parts of a node, left to right."""
    if isinstance(node, Negate):
        return (node.arg,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Call):
        return node.args
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything in it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def names_in(node: Node) -> tuple[str, ...]:
    """Return the names that a formula reads, in order of first appearance.

    Examples
    --------
    >>> from il21.lang.parse import parse
    >>> names_in(parse("r * NK^2 / cap - r"))
    ('r', 'NK', 'cap')
    """
    return tuple(dict.fromkeys(item.text for item in walk(node) if isinstance(item, Name)))


def rebuild(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """Return the tree with every node for which ``change`` gives a node replaced by it."""
    new = change(node)
    if new is not None:
        return new
    if isinstance(node, Negate):
        return Negate(rebuild(node.arg, change))
    if isinstance(node, Binary):
        return Binary(node.op, rebuild(node.left, change), rebuild(node.right, change))
    if isinstance(node, Call):
        return Call(node.function, tuple(rebuild(arg, change) for arg in node.args))
    return node


def substitute(node: Node, names: Mapping[str, Node]) -> Node:
    """Return the formula with names replaced by other formulae.

    Examples
    --------
    >>> substitute(Name("x"), {"x": Number(2.0)})
    Number(value=2.0, unit='')
    """
    return rebuild(node, lambda item: names.get(item.text) if isinstance(item, Name) else None)
