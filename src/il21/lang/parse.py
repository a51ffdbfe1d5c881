"""Text to tree: a closed grammar, read by descent; nothing is ever evaluated.

sum     = term (("+" | "-") term)*
term    = unary (("*" | "/") unary)*
unary   = "-" unary | power
power   = atom ("^" unary)?
atom    = number ["[" unit "]"] | name | function "(" sum ("," sum)* ")" | "(" sum ")"
"""

import re

from il21.errors import DeclarationError, suggest
from il21.lang.tree import FUNCTIONS, Binary, Call, Name, Negate, Node, Number

LONGEST = 2000  # characters; a longer formula becomes a Definition
SHOWN = 200  # characters of a formula in an error
DEEPEST = 60  # brackets within brackets
MOST_OPERATORS = 200  # so that a walk over the tree stays within Python's stack

_SPACE = " \t\n\r\f\v"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|\[(?P<unit>[^\]]*)\]"
    r"|(?P<op>\*\*|[-+*/^(),]))",
    re.ASCII,
)


def parse(text: str) -> Node:
    """Read a formula.

    Parameters
    ----------
    text
        A formula in the rate-law language, e.g. ``"r * NK^2 / cap"``; ``**`` reads as ``^``.

    Raises
    ------
    DeclarationError
        With the column of the first thing that is not of the grammar.

    Examples
    --------
    >>> parse("2 * x")
    Binary(op='*', left=Number(value=2.0, unit=''), right=Name(text='x'))
    """
    if len(text) > LONGEST:
        raise DeclarationError(
            f"formula '{text[:40]}...': longer than {LONGEST} characters; split it into definitions"
        )
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0
        self.depth = 0

    def _tokens(self) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = []
        position = 0
        end = len(self.text.rstrip(_SPACE))
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                column = len(self.text) - len(self.text[position:].lstrip(_SPACE))
                raise self._error(column, f"'{self.text[column]}' is not of the language")
            kind = match.lastgroup
            start = match.start(kind) - (kind == "unit")  # a unit begins at its bracket
            found.append((kind, match[kind], start))
            position = match.end()
        operators = [item for item in found if item[0] == "op" and item[1] not in "()"]
        if len(operators) > MOST_OPERATORS:
            raise self._error(
                operators[MOST_OPERATORS][2],
                f"more than {MOST_OPERATORS} operators; split it into definitions",
            )
        return found

    def _error(self, column: int, what: str) -> DeclarationError:
        shown = self.text if len(self.text) <= SHOWN else f"{self.text[:SHOWN]}..."
        return DeclarationError(f"formula '{shown}', column {column + 1}: {what}")

    def _peek(self) -> tuple[str, str, int]:
        if self.at < len(self.tokens):
            return self.tokens[self.at]
        return ("end", "", len(self.text))

    def _take(self, op: str) -> bool:
        kind, value, _ = self._peek()
        if kind == "op" and value == op:
            self.at += 1
            return True
        return False

    def _expect(self, op: str) -> None:
        if not self._take(op):
            kind, value, column = self._peek()
            came = "the end" if kind == "end" else f"'{value}'"
            raise self._error(column, f"expected '{op}', found {came}")

    def whole(self) -> Node:
        node = self._sum()
        kind, value, column = self._peek()
        if kind != "end":
            raise self._error(column, f"expected an operator, found '{value}'")
        return node

    def _sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._error(self._peek()[2], f"more than {DEEPEST} brackets within brackets")
        node = self._term()
        while True:
            if self._take("+"):
                node = Binary("+", node, self._term())
            elif self._take("-"):
                node = Binary("-", node, self._term())
            else:
                self.depth -= 1
                return node

    def _term(self) -> Node:
        node = self._unary()
        while True:
            if self._take("*"):
                node = Binary("*", node, self._unary())
            elif self._take("/"):
                node = Binary("/", node, self._unary())
            else:
                return node

    def _unary(self) -> Node:
        count = 0
        while self._take("-"):
            count += 1
            if count > DEEPEST:
                raise self._error(self._peek()[2], "too many minus signs")
        node = self._power()
        for _ in range(count):
            node = Negate(node)
        return node

    def _power(self) -> Node:
        node = self._atom()
        if self._take("^") or self._take("**"):
            self.depth += 1
            if self.depth > DEEPEST:
                raise self._error(self._peek()[2], f"more than {DEEPEST} powers of powers")
            node = Binary("^", node, self._unary())
            self.depth -= 1
        return node

    def _atom(self) -> Node:
        kind, value, column = self._peek()
        self.at += 1
        if kind == "number":
            return self._number(value, column)
        if kind == "name":
            following = self._peek()
            if following[0] == "op" and following[1] == "(":
                return self._call(value, column)
            return Name(value)
        if kind == "op" and value == "(":
            node = self._sum()
            self._expect(")")
            return node
        came = "the end" if kind == "end" else f"'{value}'"
        raise self._error(column, f"expected a number, a name or '(', found {came}")

    def _number(self, value: str, column: int) -> Number:
        number = float(value)
        if number == float("inf"):
            raise self._error(column, f"{value[:20]} is not finite")
        kind, unit, _ = self._peek()
        if kind == "unit":
            self.at += 1
            return Number(number, unit.strip())
        return Number(number)

    def _call(self, name: str, column: int) -> Call:
        if name not in FUNCTIONS:
            raise self._error(column, f"there is no function '{name}'{suggest(name, FUNCTIONS)}")
        self._expect("(")
        args = [self._sum()]
        while self._take(","):
            args.append(self._sum())
        self._expect(")")
        wanted = FUNCTIONS[name]
        if wanted is not None and len(args) != wanted:
            raise self._error(column, f"{name} takes {wanted} arguments, {len(args)} given")
        if wanted is None and len(args) < 2:
            raise self._error(column, f"{name} takes two arguments or more")
        return Call(name, tuple(args))
