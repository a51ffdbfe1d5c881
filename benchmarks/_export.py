"""A composed model in the words of other solvers: SBML for libRoadRunner, DiffSL for pydiffsol.

Only for timing.  Numbers that no patient changes are written as literals, so a peer that folds
constants can; what differs between patients, the starts (DiffSL) and the inflows are inputs.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from il21.compose.model import Model
from il21.lang.tree import Binary, Call, Name, Negate, Node, Number, names_in
from il21.units import parse_unit

NEAR = (
    1e-6  # a state this near, relatively, to the limit of its trigger counts as having reached it
)


@dataclass(frozen=True)
class Dialect:
    """How a target writes powers and logarithms."""

    power: str
    log: str


SBML = Dialect("({} ^ {})", "ln")
DIFFSL = Dialect("pow({}, {})", "log")


def text_of(node: Node, names: Mapping[str, str], how: Dialect) -> str:
    """Return a formula in a dialect; ``names`` says how each name is written there."""
    if isinstance(node, Number):
        return repr(float(node.value * (parse_unit(node.unit).factor if node.unit else 1.0)))
    if isinstance(node, Name):
        return names[node.text]
    if isinstance(node, Negate):
        return f"(-{text_of(node.arg, names, how)})"
    if isinstance(node, Binary):
        left, right = (text_of(side, names, how) for side in (node.left, node.right))
        return how.power.format(left, right) if node.op == "^" else f"({left} {node.op} {right})"
    assert isinstance(node, Call)
    return _call(node.function, [text_of(arg, names, how) for arg in node.args], how)


def _call(function: str, args: list[str], how: Dialect) -> str:
    if function == "hill":
        x, half, steep = args
        up = how.power.format(f"max({x}, 0.0)", steep)
        return f"({up} / ({how.power.format(half, steep)} + {up}))"
    if function in ("min", "max"):
        value = args[0]
        for other in args[1:]:
            value = f"{function}({value}, {other})"
        return value
    return f"{how.log if function == 'log' else function}({args[0]})"


@dataclass(frozen=True)
class Names:
    """How the names of a model are written, and which parameters (by index) are inputs."""

    table: dict[str, str]
    varied: tuple[int, ...]
    definitions: tuple[int, ...]


def name_all(model: Model, numbers: np.ndarray) -> Names:
    """Return short names; a parameter that is the same in every patient is its number."""
    table = {row.name: f"ya{k}" for k, row in enumerate(model.species)}
    varied = []
    for k, row in enumerate(model.parameters):
        column = numbers[:, k]
        if np.all(column == column[0]):
            table[row.name] = repr(float(column[0]))
        else:
            table[row.name] = f"pa{k}"
            varied.append(k)
    table["time"] = "t"
    rates = [row.rate for row in model.processes]
    guards = [row.difference for row in model.triggers]
    needed = _needed(model, [*rates, *guards])
    found = []
    for k, row in enumerate(model.definitions):
        if row.name in needed:
            table[row.name] = f"va{k}"
            found.append(k)
    gains = [g for row in model.processes for _, g in (*row.leaves, *row.arrives)]
    read = _needed(model, [*rates, *guards, *gains])
    kept = tuple(k for k in varied if model.parameters[k].name in read)
    return Names(table, kept, tuple(found))


def _needed(model: Model, nodes: Sequence[Node]) -> Collection[str]:
    by_name = {row.name: row.formula for row in model.definitions}
    found: set[str] = set()
    stack = [name for node in nodes for name in names_in(node)]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(names_in(by_name[name]) if name in by_name else ())
    return found


def sides(model: Model, names: Names, how: Dialect) -> list[str]:
    """Return the right-hand side of every species over the rates ``ra0``, ``ra1``, ..."""
    found: dict[str, list[str]] = {row.name: [] for row in model.species}
    for k, flow in enumerate(model.processes):
        for sign, rows in (("-", flow.leaves), ("+", flow.arrives)):
            for name, gain in rows:
                factor = "" if gain == Number(1.0) else text_of(gain, names.table, how) + " * "
                found[name].append(f"{sign} {factor}ra{k}")
    return ["0.0 " + " ".join(found[row.name]) for row in model.species]


def to_diffsl(model: Model, names: Names, inflows: Sequence[int]) -> str:
    """Return DiffSL; inputs are the varied parameters, the inflows, the starts, and the first time."""
    n = len(model.species)
    inputs = [f"pa{k}" for k in names.varied] + [f"ua{k}" for k in inflows]
    inputs += [f"za{k}" for k in range(n)]
    lines = ["in_i { " + ", ".join(f"{name} = 1" for name in inputs) + " }"]
    lines.append("u_i { " + ", ".join(f"ya{k} = za{k}" for k in range(n)) + " }")
    for k in names.definitions:
        lines.append(f"va{k} {{ {text_of(model.definitions[k].formula, names.table, DIFFSL)} }}")
    for k, flow in enumerate(model.processes):
        lines.append(f"ra{k} {{ {text_of(flow.rate, names.table, DIFFSL)} }}")
    rows = sides(model, names, DIFFSL)
    rows = [f"{row} + ua{k}" if k in inflows else row for k, row in enumerate(rows)]
    lines.append("F_i {\n" + ",\n".join(rows) + "\n}")
    if model.triggers:
        falls = [f"-({text_of(g.difference, names.table, DIFFSL)})" for g in model.triggers]
        lines.append("stop_i { " + ", ".join(falls) + " }")
        lines.append("reset_i { " + ", ".join(_resets(model, falls)) + " }")
    return "\n".join(lines)


def _resets(model: Model, falls: Sequence[str]) -> list[str]:
    """Return every state after a trigger: 0 where it stands at the limit of one that sets it so."""
    states = {row.name: f"ya{k}" for k, row in enumerate(model.species)}
    rows = dict(states)
    for guard, fall in zip(model.triggers, falls, strict=True):
        for name, node in guard.then:
            assert node == Number(0.0), "only triggers that set states to 0"
            y = states[name]
            rows[name] = f"{y} * heaviside({fall} - {NEAR} * ({y} - ({fall})))"
    return list(rows.values())


def to_sbml(model: Model, names: Names, inflows: Sequence[int], reactions: bool) -> str:
    """Return SBML level 3; with ``reactions`` one a process, else rate rules.

    Parameters ``paK`` and inflows ``uaK`` are set by the caller; triggers are events.
    """
    import libsbml

    document = libsbml.SBMLDocument(3, 2)
    made = document.createModel()
    made.setId("model")
    box = made.createCompartment()
    box.setId("box"), box.setConstant(True), box.setSize(1.0), box.setSpatialDimensions(3)
    for k in range(len(model.species)):
        item = made.createSpecies()
        item.setId(f"ya{k}"), item.setCompartment("box"), item.setInitialAmount(1.0)
        item.setHasOnlySubstanceUnits(True), item.setBoundaryCondition(False)
        item.setConstant(False)
    for name in [f"pa{k}" for k in names.varied] + [f"ua{k}" for k in inflows]:
        _parameter(made, name, True)
    for k in names.definitions:
        _parameter(made, f"va{k}", False)
        rule = made.createAssignmentRule()
        rule.setVariable(f"va{k}")
        rule.setMath(_math(text_of(model.definitions[k].formula, names.table, SBML)))
    (_reactions if reactions else _rate_rules)(made, model, names, inflows)
    for number, guard in enumerate(model.triggers):
        _event(made, number, guard, names)
    return libsbml.writeSBMLToString(document)


def _math(text: str):
    import libsbml

    node = libsbml.parseL3Formula(text)
    if node is None:
        raise ValueError(libsbml.getLastParseL3Error())
    return node


def _parameter(made, name: str, constant: bool) -> None:
    item = made.createParameter()
    item.setId(name), item.setConstant(constant)
    if constant:
        item.setValue(0.0)


def _rate_rules(made, model: Model, names: Names, inflows: Sequence[int]) -> None:
    for k, flow in enumerate(model.processes):
        _parameter(made, f"ra{k}", False)
        rule = made.createAssignmentRule()
        rule.setVariable(f"ra{k}")
        rule.setMath(_math(text_of(flow.rate, names.table, SBML)))
    for k, row in enumerate(sides(model, names, SBML)):
        rule = made.createRateRule()
        rule.setVariable(f"ya{k}")
        rule.setMath(_math(f"{row} + ua{k}" if k in inflows else row))


def _reactions(made, model: Model, names: Names, inflows: Sequence[int]) -> None:
    place = {row.name: f"ya{k}" for k, row in enumerate(model.species)}
    for k, flow in enumerate(model.processes):
        rate = text_of(flow.rate, names.table, SBML)
        rows = [(s, -1.0, g) for s, g in flow.leaves] + [(s, 1.0, g) for s, g in flow.arrives]
        plain = [(s, sign) for s, sign, gain in rows if gain == Number(1.0)]
        if plain:
            _reaction(made, f"ra{k}", rate, [(place[s], sign) for s, sign in plain])
        for j, (s, sign, gain) in enumerate(rows):
            if gain != Number(1.0):
                factor = text_of(gain, names.table, SBML)
                _reaction(made, f"ra{k}g{j}", f"{factor} * {rate}", [(place[s], sign)])
    for k in inflows:
        _reaction(made, f"rua{k}", f"ua{k}", [(f"ya{k}", 1.0)])


def _reaction(made, name: str, rate: str, rows: Sequence[tuple[str, float]]) -> None:
    item = made.createReaction()
    item.setId(name), item.setReversible(False)
    for species, sign in rows:
        part = item.createProduct() if sign > 0 else item.createReactant()
        part.setSpecies(species), part.setStoichiometry(1.0), part.setConstant(True)
    item.createKineticLaw().setMath(_math(rate))


def _event(made, number: int, guard, names: Names) -> None:
    item = made.createEvent()
    item.setId(f"ea{number}"), item.setUseValuesFromTriggerTime(True)
    trigger = item.createTrigger()
    trigger.setInitialValue(True), trigger.setPersistent(True)
    trigger.setMath(_math(f"{text_of(guard.difference, names.table, SBML)} > 0"))
    for name, node in guard.then:
        change = item.createEventAssignment()
        change.setVariable(names.table[name])
        change.setMath(_math(text_of(node, names.table, SBML)))
