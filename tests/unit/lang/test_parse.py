"""Text to tree and back: the grammar, where an error stands, and what a stranger may send."""

import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from il21.errors import DeclarationError, IL21Error
from il21.lang.derive import derivative
from il21.lang.dimension import dimension_of
from il21.lang.evaluate import evaluate
from il21.lang.parse import DEEPEST, LONGEST, MOST_OPERATORS, parse
from il21.lang.show import to_latex, to_mathml, to_text
from il21.lang.tree import FUNCTIONS, Binary, Call, Name, Negate, Number, names_in, substitute
from il21.units import parse_unit
from tests.unit.lang.trees import trees

A, B, C = Name("a"), Name("b"), Name("c")


@settings(max_examples=300)
@given(trees())
def test_text_of_a_tree_reads_as_the_same_tree(node):
    text = to_text(node)
    if len(text) <= LONGEST:
        assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a+b*c", Binary("+", A, Binary("*", B, C))),
        ("a-b-c", Binary("-", Binary("-", A, B), C)),
        ("a/b/c", Binary("/", Binary("/", A, B), C)),
        ("a/b*c", Binary("*", Binary("/", A, B), C)),
        ("a^b^c", Binary("^", A, Binary("^", B, C))),
        ("a**b", Binary("^", A, B)),
        ("-a^b", Negate(Binary("^", A, B))),
        ("a^-b", Binary("^", A, Negate(B))),
        ("a*-b", Binary("*", A, Negate(B))),
        ("--a", Negate(Negate(A))),
        ("(a)", A),
        ("2 [1/d]*a", Binary("*", Number(2.0, "1/d"), A)),
        ("min(a,b,c)", Call("min", (A, B, C))),
        ("1e-3", Number(1e-3)),
        (".5", Number(0.5)),
        ("5.", Number(5.0)),
        ("nk.r", Name("nk.r")),
    ],
)
def test_precedence(text, tree):
    assert parse(text) == tree


def test_a_changed_operator_changes_the_tree():
    assert parse("a-b-c") != parse("a-(b-c)")
    assert evaluate(parse("2^3^2"), {}) == 512.0
    assert evaluate(parse("-2^2"), {}) == -4.0


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("", 1, "the end"),
        ("a +", 4, "the end"),
        ("a b", 3, "expected an operator, found 'b'"),
        ("2x", 2, "found 'x'"),
        ("a + * b", 5, "found '*'"),
        ("a $ b", 3, "'$' is not of the language"),
        ("a\u00a0* b", 2, "is not of the language"),
        ("(a + b", 7, "expected ')', found the end"),
        ("a)", 2, "found ')'"),
        ("a = b", 3, "'='"),
        ("a < b", 3, "'<'"),
        ("a; b", 2, "';'"),
        ("1e999", 1, "not finite"),
        ("x + sin(x)", 5, "there is no function 'sin'"),
        ("hill(x, k)", 1, "takes 3 arguments, 2 given"),
        ("min(x)", 1, "two arguments or more"),
        ("a [d]", 3, "expected an operator"),
        ("a if b else c", 3, "found 'if'"),
        ("a.b.c", 4, "'.'"),
    ],
)
def test_an_error_names_the_column(text, column, word):
    with pytest.raises(DeclarationError) as caught:
        parse(text)
    assert f"column {column}:" in str(caught.value)
    assert word in str(caught.value)


def test_a_misspelt_function_has_a_suggestion():
    with pytest.raises(DeclarationError, match="did you mean 'hill'"):
        parse("hil(x, k, n)")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "__import__(os)",
        "().__class__.__bases__",
        "x.__class__.__mro__",
        "lambda: 0",
        "eval(x)",
        "open(x)",
        "x[0]",
        "{x}",
        "x\n;y",
        "α * x",
        "x\u2212y",
        "\uff11 + x",
        "x" * (LONGEST + 1),
        "(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1),
        "exp(" * (DEEPEST + 1) + "x" + ")" * (DEEPEST + 1),
        "^".join("x" * (DEEPEST + 2)),
        "-" * (DEEPEST + 2) + "x",
        "+".join("x" * (MOST_OPERATORS + 2)),
        "min(" + ",".join("x" * (MOST_OPERATORS + 2)) + ")",
        "x\0",
        "9" * 400,
    ],
)
def test_hostile_text_is_refused_in_one_line(text):
    start = time.perf_counter()
    with pytest.raises(DeclarationError) as caught:
        parse(text)
    assert time.perf_counter() - start < 0.5
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text",
    [
        "+".join("x" * (MOST_OPERATORS + 1)),
        "*".join("x" * (MOST_OPERATORS + 1)),
        "max(" + ",".join("x" * (MOST_OPERATORS + 1)) + ")",
        "(" * (DEEPEST - 1) + "x" + ")" * (DEEPEST - 1),
        "^".join("x" * (DEEPEST - 1)),
    ],
)
def test_the_largest_formulas_can_be_walked(text):
    node = parse(text)
    units = {"x": parse_unit("1")}
    for work in (
        names_in, to_text, to_latex, to_mathml,
        lambda n: dimension_of(n, units),
        lambda n: to_text(derivative(n, "x")),
        lambda n: evaluate(n, {"x": 1.0}),
        lambda n: substitute(n, {"x": Number(1.0)}),
    ):  # fmt: skip
        work(node)
    assert sys.getrecursionlimit() <= 3000


@settings(max_examples=300)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("x" + "\u0300")
@example("1e")
@example("1 [")
@example("1 []")
def test_any_text_is_a_formula_or_a_declaration_error(text):
    try:
        node = parse(text)
    except DeclarationError:
        return
    assert parse(to_text(node)) == node


@settings(max_examples=200)
@given(st.text("xk+-*/^(), 0123456789.[]dexplog", max_size=50))
def test_soup_of_the_language_is_a_formula_or_an_error(text):
    try:
        node = parse(text)
        dimension_of(node, {"x": parse_unit("ng"), "k": parse_unit("1/d")})
    except IL21Error:
        return
    assert parse(to_text(node)) == node


def test_every_function_of_the_language_is_read():
    for name, count in FUNCTIONS.items():
        text = f"{name}({', '.join(['x'] * (count or 2))})"
        assert isinstance(parse(text), Call)


def test_names_come_in_order_of_appearance():
    assert names_in(parse("b * a + exp(c) - b")) == ("b", "a", "c")


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a * -b", r"a \, \left(-b\right)"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("(a + b)^2", r"\left(a + b\right)^{2}"),
        ("hill(a + b, k, n)",
         r"\frac{\left(a + b\right)^{n}}{k^{n} + \left(a + b\right)^{n}}"),
        ("hill(a, k, n)^2", r"\left(\frac{a^{n}}{k^{n} + a^{n}}\right)^{2}"),
        ("1e-5^2", r"\left(1 \times 10^{-5}\right)^{2}"),
        ("0.5^2", "0.5^{2}"),
        ("sqrt(a)", r"\sqrt{a}"),
        ("since(nk)", r"\left(t - t_{nk}\right)"),
        ("mu_P", r"\mu_{P}"),
    ],
)  # fmt: skip
def test_latex(text, latex):
    assert to_latex(parse(text)) == latex


def test_mathml_is_written_out():
    assert to_mathml(parse("hill(x, k, n)")).count("power") == 3
    assert "<minus/>" in to_mathml(parse("since(nk)"))
    assert to_mathml(parse("a - b")) != to_mathml(parse("b - a"))
