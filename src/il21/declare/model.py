"""Records that declare a mechanism: its names, its processes, and how mechanisms are wired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Parameter:
    """A named constant with unit and meaning, without a value: values stand in the TOML beside."""

    name: str
    unit: str
    about: str


@dataclass(frozen=True)
class Species:
    """A state with a unit; ``start`` is a formula over parameters, evaluated at time zero."""

    name: str
    unit: str
    about: str
    start: str = "0"


@dataclass(frozen=True)
class Input:
    """A name read from another module; the assembly wires it."""

    name: str
    unit: str
    about: str


@dataclass(frozen=True)
class Port:
    """A species of another module that this one reads and changes; the assembly wires it."""

    name: str
    unit: str
    about: str


@dataclass(frozen=True)
class Definition:
    """A quantity that always equals a formula."""

    name: str
    unit: str
    formula: str
    about: str = ""


@dataclass(frozen=True)
class Process:
    """Something that turns one species into another, at a rate.

    ``change`` reads ``"A -> B"``, ``"0 -> A"``, ``"A -> 0"``, ``"A -> k * B"`` (k of B arrive for one
    A that leaves) or ``"A <-> B"``, where the rate is the net one and may be negative.
    """

    name: str
    change: str
    rate: str
    about: str = ""


@dataclass(frozen=True)
class Effect:
    """A factor that this module lays on another's process, named ``"module.process"``."""

    on: str
    factor: str
    about: str = ""


@dataclass(frozen=True)
class Switch:
    """A quantity that is 1 from ``on`` to ``off`` (times with unit) and 0 else, once or every ``period``."""

    name: str
    on: str
    off: str
    period: str = ""
    about: str = ""


@dataclass(frozen=True)
class Trigger:
    """A change of states at the moment a condition becomes true.

    ``when`` reads ``"V < V_min"`` or ``"dT > limit"``; ``then`` maps species to formulas.
    """

    name: str
    when: str
    then: Mapping[str, str]
    about: str = ""


@dataclass(frozen=True)
class Observable:
    """What an assay sees: a formula with a unit, and the size of its reading error."""

    name: str
    unit: str
    formula: str
    about: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Module:
    """One mechanism: a cell type, a drug's kinetics, a tumour.

    ``doses`` maps a route ("iv", "sc", ...) to the species that receives it; ``conserved`` lists
    sums of species that no process changes.
    """

    name: str
    about: str
    source: str
    inputs: tuple[Input, ...] = ()
    ports: tuple[Port, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    species: tuple[Species, ...] = ()
    definitions: tuple[Definition, ...] = ()
    processes: tuple[Process, ...] = ()
    effects: tuple[Effect, ...] = ()
    switches: tuple[Switch, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    observables: tuple[Observable, ...] = ()
    doses: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    conserved: tuple[str, ...] = ()
    may_be_negative: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"module {self.name}: {self.about}"]
        lines += [f"  {p.name}: {p.change} at {p.rate}" for p in self.processes]
        lines += [f"  {d.name} = {d.formula}" for d in self.definitions]
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a module in an assembly: under another name, or with a named parameter set."""

    module: str
    name: str = ""
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """Which modules, for which host, how wired.

    ``modules`` are catalogue names or `Use` records; ``wires`` maps ``"nk.il21"`` to
    ``"il21.plasma"`` or to a constant with unit (``"0 Mcell"``); ``agents`` maps the names that
    stand in prescriptions to modules; ``time`` is the unit of printed times; ``span`` the default
    length of a run.
    """

    name: str
    about: str
    source: str
    host: str
    modules: tuple[str | Use, ...]
    wires: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    agents: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    time: str = "d"
    span: str = "40 d"
    doses: tuple[str, ...] = ()
    read_first: tuple[str, ...] = ()
