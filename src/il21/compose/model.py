"""The composed model: one name space, immutable, every formula a tree in the coherent base."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from il21.declare.evidence import Evidence
from il21.errors import UnknownNameError, suggest
from il21.lang.derive import add, multiply, negate
from il21.lang.show import to_text
from il21.lang.tree import Node, Number
from il21.units import Unit

Row = TypeVar("Row")


@dataclass(frozen=True)
class State:
    """A species of the model; ``start`` is a formula over parameters."""

    name: str
    unit: Unit
    about: str
    start: Node
    may_be_negative: bool = False


@dataclass(frozen=True)
class Constant:
    """A parameter with its typical value in the coherent base and the record behind it.

    ``formula`` gives a derived value from other constants.  ``hidden`` marks a record of another
    host that only derived values read, and the first dose times that a schedule sets.
    """

    name: str
    unit: Unit
    about: str
    value: float
    evidence: Evidence | None = None
    formula: Node | None = None
    hidden: bool = False


def constant_text(row: Constant) -> str:
    """Return what the draws of a parameter depend on, as text for a hash."""
    formula = to_text(row.formula) if row.formula is not None else ""
    if row.evidence is None:
        return formula
    return f"{formula}|{row.evidence.uncertainty}|{row.evidence.variability}"


@dataclass(frozen=True)
class Quantity:
    """A definition or an observable: a name that always equals a formula."""

    name: str
    unit: Unit
    formula: Node
    about: str = ""
    error: str = ""


@dataclass(frozen=True)
class Flow:
    """A process: what leaves, what arrives (species, gain), at which rate, under whose effects."""

    name: str
    leaves: tuple[tuple[str, Node], ...]
    arrives: tuple[tuple[str, Node], ...]
    own_rate: Node
    effects: tuple[tuple[str, Node], ...] = ()
    about: str = ""

    @property
    def rate(self) -> Node:
        """The rate with every effect multiplied in."""
        rate = self.own_rate
        for _, factor in self.effects:
            rate = multiply(factor, rate)
        return rate


@dataclass(frozen=True)
class Edge:
    """A switch: 1 from ``on`` to ``off`` and 0 else, every ``period`` if there is one."""

    name: str
    on: Node
    off: Node
    period: Node | None
    about: str = ""


@dataclass(frozen=True)
class Guard:
    """A trigger: when ``difference`` (left - right of the condition) turns positive, set states."""

    name: str
    difference: Node
    then: tuple[tuple[str, Node], ...]
    about: str = ""


@dataclass(frozen=True)
class Target:
    """Where a dose goes: a species, which takes the amount or a fixed one per administration."""

    species: str
    fixed: float | None = None


@dataclass(frozen=True)
class Model:
    """A composed system.

    Names are ``instance.name``.  Values, trees and times are in the coherent base (day, mL, ng,
    Mcell, nmol, K); units say how each is printed.
    """

    name: str
    about: str
    source: str
    host: str
    species: tuple[State, ...]
    parameters: tuple[Constant, ...]
    definitions: tuple[Quantity, ...]
    processes: tuple[Flow, ...]
    switches: tuple[Edge, ...]
    triggers: tuple[Guard, ...]
    observables: tuple[Quantity, ...]
    doses: Mapping[str, Mapping[str, tuple[Target, ...]]]
    agents: Mapping[str, str]
    correlations: Mapping[tuple[str, str], float]
    instances: Mapping[str, str]
    time: Unit
    span: float
    default_doses: tuple[str, ...] = ()
    read_first: tuple[str, ...] = ()
    conserved: tuple[Node, ...] = ()
    wires: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def odes(self) -> Mapping[str, Node]:
        """The right-hand side of every species: arrivals less departures."""
        sides: dict[str, Node] = {}
        for state in self.species:
            side: Node = Number(0.0)
            for flow in self.processes:
                for name, gain in flow.arrives:
                    if name == state.name:
                        side = add(side, multiply(gain, flow.rate))
                for name, gain in flow.leaves:
                    if name == state.name:
                        side = add(side, negate(multiply(gain, flow.rate)))
            sides[state.name] = side
        return sides

    @cached_property
    def units(self) -> Mapping[str, Unit]:
        """Every name of the model with its unit."""
        rows = (*self.species, *self.parameters, *self.definitions, *self.observables)
        return {row.name: row.unit for row in rows}

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The typical value of every parameter, in the coherent base."""
        return {row.name: row.value for row in self.parameters}

    @cached_property
    def digest(self) -> str:
        """A hash of the equations (not of the numbers): 16 hexadecimal digits."""
        lines = [f"{s.name}|{s.unit}|{to_text(s.start)}" for s in self.species]
        lines += [f"{p.name}|{p.unit}" for p in self.parameters]
        lines += [f"{d.name}={to_text(d.formula)}" for d in self.definitions]
        lines += [f"{name}'={to_text(side)}" for name, side in self.odes.items()]
        lines += [
            f"{s.name}:{to_text(s.on)}:{to_text(s.off)}:{to_text(s.period) if s.period else ''}"
            for s in self.switches
        ]
        lines += [
            f"{t.name}:{to_text(t.difference)}:{[(n, to_text(f)) for n, f in t.then]}"
            for t in self.triggers
        ]
        lines += [f"{o.name}~{to_text(o.formula)}" for o in self.observables]
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()

    @cached_property
    def numbers_digest(self) -> str:
        """A hash of all numbers: values, formulas, spreads, correlations; 16 hexadecimal digits."""
        lines = [f"{p.name}={p.value!r}|{constant_text(p)}" for p in self.parameters]
        lines += [f"{a},{b}={value!r}" for (a, b), value in sorted(self.correlations.items())]
        return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()

    def parameter(self, name: str) -> Constant:
        """Return a parameter by name; ``nk.r``, or ``r`` where only one module has it."""
        return _pick(
            name,
            {row.name: row for row in self.parameters if not row.hidden},
            "parameter",
            self.name,
        )

    def quantity(self, name: str) -> State | Quantity:
        """Return a species, definition or observable by name."""
        rows: dict[str, State | Quantity] = {row.name: row for row in self.definitions}
        rows |= {row.name: row for row in self.observables}
        rows |= {row.name: row for row in self.species}
        return _pick(name, rows, "species, definition or observable", self.name)

    def __str__(self) -> str:
        return f"model {self.name} ({self.host}): {self.about}"


def _pick(name: str, rows: Mapping[str, Row], kind: str, model: str) -> Row:
    if name in rows:
        return rows[name]
    tails = [full for full in rows if full.rsplit(".", 1)[-1] == name]
    if len(tails) == 1:
        return rows[tails[0]]
    if tails:
        raise UnknownNameError(
            f"'{name}' stands in several modules of {model}; say {' or '.join(tails)}"
        )
    shorts: set[str] = set()
    if "." not in name:
        shorts = {full.rsplit(".", 1)[-1] for full in rows}
    hint = suggest(name, {*rows, *shorts})
    raise UnknownNameError(f"{model} has no {kind} '{name}'{hint}")
