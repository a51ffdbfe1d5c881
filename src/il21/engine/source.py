"""A model's right-hand side as Python source, for the reference solver.

The source is written from checked trees of the closed grammar: it holds numbers, indices and six
functions, never text that a user wrote.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from il21.compose.model import Model
from il21.lang.evaluate import LARGEST_EXPONENT
from il21.lang.tree import Binary, Call, Name, Negate, Node, Number, names_in

Function = Callable[[float, Any, Sequence[float], Sequence[float], Sequence[float]], Any]


def _exp(x: float) -> float:
    return math.exp(LARGEST_EXPONENT if x > LARGEST_EXPONENT else x)


def _log(x: float) -> float:
    return math.log(x) if x > 0.0 else (-math.inf if x == 0.0 else math.nan)


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0.0 else math.nan


def _power(x: float, n: float) -> float:
    try:
        value = x**n
    except (ZeroDivisionError, OverflowError):
        return math.inf
    return value if isinstance(value, float) else math.nan


def _hill(x: float, half: float, steep: float) -> float:
    if x <= 0.0:
        return 0.0
    return 1.0 / (1.0 + _power(half / x, steep))


def _divide(a: float, b: float) -> float:
    return a / b if b != 0.0 else (math.nan if a == 0.0 else math.copysign(math.inf, a))


_TOOLS: Mapping[str, object] = {
    "_exp": _exp, "_log": _log, "_sqrt": _sqrt, "_power": _power, "_hill": _hill,
    "_divide": _divide, "_tanh": math.tanh, "_min": min, "_max": max,
}  # fmt: skip


@dataclass(frozen=True)
class Compiled:
    """Callable forms of a model: f(t, y, p, s, u) of time (d), states, parameters, switches, inflows.

    ``rates`` gives the list of derivatives, ``guards`` the list of trigger differences, ``start``
    the list of starting states (t, y, s, u unused).
    """

    rates: Function
    guards: Function
    start: Function


def compile_python(model: Model) -> Compiled:
    """Return plain Python functions of a model."""
    names = _places(model)
    gains = [gain for row in model.processes for _, gain in (*row.leaves, *row.arrives)]
    lines, local = _definitions(model, names, [*(row.rate for row in model.processes), *gains])
    flows: list[str] = []
    for k, flow in enumerate(model.processes):
        lines.append(f"r{k} = {_code(flow.rate, local)}")
        flows.append(f"r{k}")
    sides: dict[str, list[str]] = {row.name: [] for row in model.species}
    for k, flow in enumerate(model.processes):
        for sign, rows in (("-", flow.leaves), ("+", flow.arrives)):
            for name, gain in rows:
                factor = "" if gain == Number(1.0) else f"({_code(gain, local)}) * "
                sides[name].append(f"{sign} {factor}r{k}")
    for k, row in enumerate(model.species):
        lines.append(f"d{k} = {' '.join(sides[row.name])} + u[{k}]")
    lines.append("return [" + ", ".join(f"d{k}" for k in range(len(model.species))) + "]")
    guard_nodes = [row.difference for row in model.triggers]
    guard_lines, guard_local = _definitions(model, names, guard_nodes)
    guard_lines.append("return [" + ", ".join(_code(n, guard_local) for n in guard_nodes) + "]")
    start_lines = ["return [" + ", ".join(_code(s.start, names) for s in model.species) + "]"]
    return Compiled(
        _function("rates", lines), _function("guards", guard_lines), _function("start", start_lines)
    )


def compile_actions(model: Model) -> tuple[tuple[tuple[int, Function], ...], ...]:
    """Return for each trigger the (species index, function) pairs that it sets."""
    names = _places(model)
    index = {row.name: k for k, row in enumerate(model.species)}
    found: list[tuple[tuple[int, Function], ...]] = []
    for guard in model.triggers:
        pairs: list[tuple[int, Function]] = []
        for target, node in guard.then:
            lines, local = _definitions(model, names, [node])
            lines.append(f"return {_code(node, local)}")
            pairs.append((index[target], _function("action", lines)))
        found.append(tuple(pairs))
    return tuple(found)


def _places(model: Model) -> dict[str, str]:
    names = {row.name: f"y[{k}]" for k, row in enumerate(model.species)}
    names |= {row.name: f"p[{k}]" for k, row in enumerate(model.parameters)}
    names |= {row.name: f"s[{k}]" for k, row in enumerate(model.switches)}
    names["time"] = "t"
    return names


def _definitions(
    model: Model, names: Mapping[str, str], wanted: Sequence[Node]
) -> tuple[list[str], dict[str, str]]:
    """Return lines that compute the definitions which ``wanted`` reads, and the enlarged name map."""
    by_name = {row.name: row for row in model.definitions}
    needed: set[str] = set()
    stack = [name for node in wanted for name in names_in(node)]
    while stack:
        name = stack.pop()
        if name in by_name and name not in needed:
            needed.add(name)
            stack.extend(names_in(by_name[name].formula))
    local = dict(names)
    lines: list[str] = []
    for k, row in enumerate(model.definitions):
        if row.name in needed:
            lines.append(f"v{k} = {_code(row.formula, local)}")
            local[row.name] = f"v{k}"
    return lines, local


def _function(name: str, lines: Sequence[str]) -> Function:
    text = f"def {name}(t, y, p, s, u):\n" + "\n".join(f"    {line}" for line in lines) + "\n"
    space: dict[str, Any] = dict(_TOOLS)
    exec(compile(text, f"<il21 {name}>", "exec"), space)
    return space[name]


def _code(node: Node, names: Mapping[str, str]) -> str:
    if isinstance(node, Number):
        return repr(float(node.value))
    if isinstance(node, Name):
        return names[node.text]
    if isinstance(node, Negate):
        return f"(-{_code(node.arg, names)})"
    if isinstance(node, Call):
        return f"_{node.function}({', '.join(_code(arg, names) for arg in node.args)})"
    assert isinstance(node, Binary)
    left, right = _code(node.left, names), _code(node.right, names)
    if node.op == "^":
        return f"_power({left}, {right})"
    if node.op == "/":
        return f"_divide({left}, {right})"
    return f"({left} {node.op} {right})"
