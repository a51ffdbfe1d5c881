"""A declared module with every text read into a tree, and every name given its unit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from il21.declare.model import Module
from il21.errors import DeclarationError, IL21Error, UnitError, suggest
from il21.lang.parse import parse
from il21.lang.tree import RESERVED, Call, Name, Node, Number, names_in, walk
from il21.units import Unit, parse_quantity, parse_unit, unit_names

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Side:
    """One term of a process: a gain and the species it multiplies."""

    gain: Node
    species: str


@dataclass(frozen=True)
class Change:
    """The left and right of a process; ``both_ways`` where the rate may be negative."""

    leaves: tuple[Side, ...]
    arrives: tuple[Side, ...]
    both_ways: bool


@dataclass(frozen=True)
class Condition:
    """``left < right`` or ``left > right`` of a trigger."""

    left: Node
    op: str
    right: Node


@dataclass(frozen=True)
class Parsed:
    """A module read: formulas by "kind:name", units by name, changes, conditions, dose targets."""

    module: Module
    formulas: Mapping[str, Node]
    units: Mapping[str, Unit]
    changes: Mapping[str, Change]
    conditions: Mapping[str, Condition]
    actions: Mapping[str, tuple[tuple[str, Node], ...]]
    targets: Mapping[str, tuple[tuple[str, float | None, Unit | None], ...]]

    @property
    def local_names(self) -> frozenset[str]:
        """Every name that a formula of the module may read."""
        return frozenset(self.units)


def read_module(module: Module) -> Parsed:
    """Read every text of a module.

    Raises
    ------
    DeclarationError, UnitError
        With ``module.part`` in front, at the first thing that cannot be read.
    """
    units = _units(module)
    _once(module, units)
    formulas: dict[str, Node] = {}

    def read(kind: str, name: str, text: str) -> None:
        formulas[f"{kind}:{name}"] = formula(text, f"{module.name}.{name}", module.name, units)

    for species in module.species:
        read("start", species.name, species.start)
    for definition in module.definitions:
        read("definition", definition.name, definition.formula)
    for process in module.processes:
        read("rate", process.name, process.rate)
    for effect in module.effects:
        read("effect", effect.on, effect.factor)
    for observable in module.observables:
        read("observable", observable.name, observable.formula)
    for switch in module.switches:
        for part, text in (("on", switch.on), ("off", switch.off), ("period", switch.period)):
            if text:
                node = _time_text(text, f"{module.name}.{switch.name}", module.name, units)
                formulas[f"{part}:{switch.name}"] = node
    for index, text in enumerate(module.conserved):
        read("conserved", str(index), text)
    changes = {p.name: _change(p.change, module, p.name, units) for p in module.processes}
    conditions = {
        t.name: _condition(t.when, f"{module.name}.{t.name}", module.name, units)
        for t in module.triggers
    }
    actions = {
        t.name: tuple(
            (target, formula(text, f"{module.name}.{t.name}", module.name, units))
            for target, text in t.then.items()
        )
        for t in module.triggers
    }
    targets = {route: _targets(text, module, route) for route, text in module.doses.items()}
    return Parsed(module, formulas, units, changes, conditions, actions, targets)


def formula(text: str, where: str, module: str, units: Mapping[str, Unit]) -> Node:
    """Read a formula and check that each of its names is declared; errors begin with ``where``."""
    try:
        node = parse(text)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from error
    for item in walk(node):
        if isinstance(item, Call) and item.function == "since":
            if item.args != (Name(module),):
                raise DeclarationError(
                    f"{where}: since(...) takes the name of its own module, since({module})"
                )
    for name in names_in(node):
        if name not in units and name not in ("time", module):
            raise DeclarationError(
                f"{where}: '{name}' is not declared in module '{module}'{suggest(name, units)}"
            )
        if name == module and name not in units and not _only_in_since(node, name):
            raise DeclarationError(f"{where}: '{name}' is the module itself, not a quantity")
    return node


def _only_in_since(node: Node, name: str) -> bool:
    inside = sum(1 for i in walk(node) if isinstance(i, Call) and i.function == "since")
    return sum(1 for i in walk(node) if i == Name(name)) == inside


def _units(module: Module) -> dict[str, Unit]:
    rows: list[tuple[str, str, str]] = []
    for kind, items in (
        ("input", module.inputs), ("port", module.ports), ("parameter", module.parameters),
        ("species", module.species), ("definition", module.definitions),
    ):  # fmt: skip
        rows.extend((kind, item.name, item.unit) for item in items)
    rows.extend(("switch", switch.name, "1") for switch in module.switches)
    units: dict[str, Unit] = {}
    forbidden = RESERVED | frozenset(unit_names()) - _LETTERS
    for kind, name, unit in rows:
        where = f"{module.name}.{name}"
        if not _NAME.match(name):
            raise DeclarationError(f"{where}: a name has letters, digits and _, a letter first")
        if name in forbidden:
            raise DeclarationError(f"{where}: '{name}' is a function, a unit or reserved in SBML")
        if name in units:
            raise DeclarationError(f"{where}: {kind} '{name}' is declared twice")
        try:
            units[name] = parse_unit(unit)
        except UnitError as error:
            raise UnitError(f"{where}: {error}") from error
    return units


def _once(module: Module, units: Mapping[str, Unit]) -> None:
    """Refuse a second process, effect, observable or trigger of one name: one would hide the other."""
    rows = [("process", row.name) for row in module.processes]
    rows += [("effect on", row.on) for row in module.effects]
    rows += [("observable", row.name) for row in module.observables]
    rows += [("trigger", row.name) for row in module.triggers]
    seen: set[tuple[str, str]] = {("observable", name) for name in units}
    for row in rows:
        if row in seen:
            raise DeclarationError(f"{module.name}.{row[1]}: {row[0]} '{row[1]}' is declared twice")
        seen.add(row)


# One-letter unit names that papers use as symbols; they cannot be mistaken, units stand in brackets.
_LETTERS = frozenset(name for name in unit_names() if len(name) == 1)


def _time_text(text: str, where: str, module: str, units: Mapping[str, Unit]) -> Node:
    if text in units:
        return Name(text)
    try:
        quantity = parse_quantity(text)
    except UnitError:
        return formula(text, where, module, units)
    return Number(quantity.value, quantity.unit.text)


def _change(text: str, module: Module, name: str, units: Mapping[str, Unit]) -> Change:
    where = f"{module.name}.{name}"
    arrow = "<->" if "<->" in text else "->"
    parts = text.split(arrow)
    if len(parts) != 2:
        raise DeclarationError(
            f"{where}: cannot read '{text}'; write e.g. 'A -> B', '0 -> A', 'A <-> B'"
        )
    species = {item.name for item in module.species} | {item.name for item in module.ports}
    inputs = {item.name for item in module.inputs}
    sides: list[tuple[Side, ...]] = []
    for part in parts:
        found: list[Side] = []
        for term in [] if part.strip() == "0" else part.split("+"):
            gain, _, target = term.rpartition("*")
            target = target.strip()
            if target in inputs:
                raise DeclarationError(
                    f"{where}: '{target}' is an Input, which a module may read but not change;"
                    " declare it a Port"
                )
            if target not in species:
                raise DeclarationError(
                    f"{where}: '{target}' is not a species of module '{module.name}'{suggest(target, species)}"
                )
            found.append(Side(formula(gain or "1", where, module.name, units), target))
        sides.append(tuple(found))
    if not sides[0] and not sides[1]:
        raise DeclarationError(f"{where}: '{text}' changes nothing")
    return Change(sides[0], sides[1], arrow == "<->")


def _condition(text: str, where: str, module: str, units: Mapping[str, Unit]) -> Condition:
    for op in ("<", ">"):
        left, found, right = text.partition(op)
        if found:
            return Condition(
                formula(left, where, module, units),
                op,
                formula(right.lstrip("="), where, module, units),
            )
    raise DeclarationError(f"{where}: cannot read the condition '{text}'; write e.g. 'V < V_min'")


def _targets(
    text: str, module: Module, route: str
) -> tuple[tuple[str, float | None, Unit | None], ...]:
    where = f"{module.name}: dose route {route}"
    species = {item.name for item in module.species}
    found: list[tuple[str, float | None, Unit | None]] = []
    for part in text.split(","):
        fixed, arrow, target = part.rpartition("->")
        target = target.strip()
        if target not in species:
            raise DeclarationError(
                f"{where}: '{target}' is not a species{suggest(target, species)}"
            )
        if not arrow:
            found.append((target, None, None))
            continue
        try:
            amount = parse_quantity(fixed.strip())
        except IL21Error as error:
            raise DeclarationError(f"{where}: {error}") from error
        found.append((target, amount.base, amount.unit))
    return tuple(found)
