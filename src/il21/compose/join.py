"""Modules, wires, effects and evidence become one model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from il21.compose.lint import lint
from il21.compose.model import Edge, Flow, Guard, Model, Quantity, State, Target
from il21.compose.numbers import constants
from il21.compose.parsed import Parsed, read_module
from il21.compose.table import EvidenceTable
from il21.declare.model import Assembly, Module, Use
from il21.errors import DeclarationError, IL21Error, UnitError, suggest
from il21.lang.derive import subtract
from il21.lang.dimension import dimension_of
from il21.lang.tree import Binary, Call, Name, Node, Number, names_in, rebuild
from il21.units import Unit, parse_quantity, parse_unit


@dataclass(frozen=True)
class Instance:
    """One use of a module in an assembly."""

    name: str
    parsed: Parsed
    table: EvidenceTable
    sets: tuple[str, ...]


Source = Callable[[str], tuple[Module, EvidenceTable]]


def join(
    assembly: Assembly,
    source: Source,
    host_tables: Mapping[str, EvidenceTable] | None = None,
    sets: Mapping[str, tuple[str, ...]] | None = None,
) -> Model:
    """Compose an assembly.

    Parameters
    ----------
    assembly
        Which modules, how wired.
    source
        Gives the module and its evidence for a name.
    host_tables
        The records of hosts (body mass), by host.
    sets
        Parameter sets by instance, beside those of the assembly.

    Raises
    ------
    DeclarationError, UnitError, EvidenceError
        With the place, what was expected, what was found, and what to do.
    """
    instances = _instances(assembly, source, sets or {})
    resolve = _Wiring(assembly, instances)
    species, definitions, observables = _quantities(instances, resolve)
    parameters = constants(instances, assembly.host, host_tables or {})
    flows = _flows(instances, resolve)
    doses = _doses(instances)
    return Model(
        name=assembly.name,
        about=assembly.about,
        source=assembly.source,
        host=assembly.host,
        species=species,
        parameters=parameters,
        definitions=_sorted(definitions),
        processes=flows,
        switches=_switches(instances, resolve),
        triggers=_triggers(instances, resolve),
        observables=observables,
        doses=doses,
        agents=_agents(assembly, doses),
        correlations=_correlations(instances, assembly.host),
        instances={item.name: item.parsed.module.name for item in instances},
        time=_time_unit(assembly),
        span=parse_quantity(assembly.span).to("d"),
        default_doses=assembly.doses,
        read_first=assembly.read_first,
        conserved=tuple(
            resolve.node(item, item.parsed.formulas[f"conserved:{k}"])
            for item in instances
            for k in range(len(item.parsed.module.conserved))
        ),
        wires=dict(assembly.wires),
    )


def _doses(instances: tuple[Instance, ...]) -> dict[str, dict[str, tuple[Target, ...]]]:
    """Return by instance and route where a dose goes."""
    return {
        item.name: {
            route: tuple(Target(f"{item.name}.{s}", fixed) for s, fixed, _ in targets)
            for route, targets in item.parsed.targets.items()
        }
        for item in instances
        if item.parsed.targets
    }


def _instances(
    assembly: Assembly, source: Source, sets: Mapping[str, tuple[str, ...]]
) -> tuple[Instance, ...]:
    found: dict[str, Instance] = {}
    for item in assembly.modules:
        use = Use(module=item) if isinstance(item, str) else item
        name = use.name or use.module
        if name in found:
            raise DeclarationError(
                f"assembly {assembly.name}: '{name}' stands twice; name one of them"
            )
        module, table = source(use.module)
        parsed = read_module(module)
        issues = lint(parsed, table)
        if issues:
            raise issues[0].error
        found[name] = Instance(name, parsed, table, (*sets.get(name, ()), *use.sets))
    for name in sets:
        if name not in found:
            raise DeclarationError(
                f"assembly {assembly.name}: no instance '{name}' for a parameter set{suggest(name, found)}"
            )
    return tuple(found.values())


class _Wiring:
    """Turns a module's local names into the model's."""

    def __init__(self, assembly: Assembly, instances: tuple[Instance, ...]) -> None:
        self.instances = {item.name: item for item in instances}
        self.units: dict[str, Unit] = {}
        self.formulas: dict[str, Node] = {}
        for item in instances:
            module = item.parsed.module
            wired = {row.name for row in (*module.inputs, *module.ports)}
            self.units |= {
                f"{item.name}.{name}": unit
                for name, unit in item.parsed.units.items()
                if name not in wired
            }
            for row in module.observables:
                self.units[f"{item.name}.{row.name}"] = parse_unit(row.unit)
        self.wires: dict[str, Node] = {}
        self._read(assembly)

    def _read(self, assembly: Assembly) -> None:
        wanted = {
            f"{item.name}.{row.name}": (row, item)
            for item in self.instances.values()
            for row in (*item.parsed.module.inputs, *item.parsed.module.ports)
        }
        for name in assembly.wires:
            if name not in wanted:
                raise DeclarationError(
                    f"assembly {assembly.name}: wire {name}: there is no such input{suggest(name, wanted)}"
                )
        for name, (row, item) in wanted.items():
            text = assembly.wires.get(name)
            if text is None:
                raise DeclarationError(
                    f"assembly {assembly.name}: input {name} ({row.about}, {row.unit}) is not wired to anything"
                )
            unit = item.parsed.units[row.name]
            self.wires[name] = self._wire(name, text, unit, row in item.parsed.module.ports)

    def _wire(self, name: str, text: str, unit: Unit, port: bool) -> Node:
        if text in self.units:
            found = self.units[text]
            if not found.same_dimension(unit):
                raise UnitError(f"wire {name}: wants {unit}, {text} is in {found}")
            if port and not self._is_species(text):
                raise DeclarationError(f"port {name}: {text} is not a species")
            return Name(text)
        if port:
            raise DeclarationError(
                f"port {name}: '{text}' is not a species{suggest(text, self.units)}"
            )
        try:
            quantity = parse_quantity(text)
        except UnitError as error:
            raise DeclarationError(
                f"wire {name}: there is no '{text}'{suggest(text, self.units)}"
            ) from error
        if quantity.value != 0.0 and not quantity.unit.same_dimension(unit):
            raise UnitError(f"wire {name}: wants {unit}, '{text}' is in {quantity.unit}")
        return Number(quantity.base)

    def _is_species(self, text: str) -> bool:
        instance, _, local = text.partition(".")
        return any(s.name == local for s in self.instances[instance].parsed.module.species)

    def node(self, item: Instance, node: Node) -> Node:
        """Return a module's formula in the model's names and the coherent base."""

        def change(part: Node) -> Node | None:
            if isinstance(part, Number):
                return Number(part.value * parse_unit(part.unit).factor) if part.unit else None
            if isinstance(part, Call) and part.function == "since":
                return subtract(Name("time"), Name(f"{item.name}.first_dose"))
            if isinstance(part, Name) and part.text != "time":
                full = f"{item.name}.{part.text}"
                return self.wires.get(full, Name(full))
            return None

        return rebuild(node, change)

    def species(self, item: Instance, name: str) -> str:
        """Return the model's name of a module's species or port."""
        wired = self.wires.get(f"{item.name}.{name}")
        return wired.text if isinstance(wired, Name) else f"{item.name}.{name}"


def _quantities(
    instances: tuple[Instance, ...], resolve: _Wiring
) -> tuple[tuple[State, ...], list[Quantity], tuple[Quantity, ...]]:
    species: list[State] = []
    definitions: list[Quantity] = []
    observables: list[Quantity] = []
    for item in instances:
        module = item.parsed.module
        for row in module.species:
            start = resolve.node(item, item.parsed.formulas[f"start:{row.name}"])
            negative = row.name in module.may_be_negative
            full = f"{item.name}.{row.name}"
            species.append(State(full, parse_unit(row.unit), row.about, start, negative))
        for row in module.definitions:
            node = resolve.node(item, item.parsed.formulas[f"definition:{row.name}"])
            definitions.append(
                Quantity(f"{item.name}.{row.name}", parse_unit(row.unit), node, row.about)
            )
        for row in module.observables:
            node = resolve.node(item, item.parsed.formulas[f"observable:{row.name}"])
            full = f"{item.name}.{row.name}"
            observables.append(Quantity(full, parse_unit(row.unit), node, row.about, row.error))
            if Name(full) in resolve.wires.values():  # another module reads it
                definitions.append(Quantity(full, parse_unit(row.unit), node, row.about))
    return tuple(species), definitions, tuple(observables)


def _flows(instances: tuple[Instance, ...], resolve: _Wiring) -> tuple[Flow, ...]:
    flows: dict[str, Flow] = {}
    for item in instances:
        for row in item.parsed.module.processes:
            change = item.parsed.changes[row.name]
            leaves, arrives = (
                tuple((resolve.species(item, s.species), resolve.node(item, s.gain)) for s in side)
                for side in (change.leaves, change.arrives)
            )
            rate = resolve.node(item, item.parsed.formulas[f"rate:{row.name}"])
            full = f"{item.name}.{row.name}"
            flows[full] = Flow(full, leaves, arrives, rate, (), row.about)
    for item in instances:
        for effect in item.parsed.module.effects:
            if effect.on not in flows:
                raise DeclarationError(
                    f"{item.name}: effect on {effect.on}: there is no such process"
                    f"{suggest(effect.on, flows)}"
                )
            factor = resolve.node(item, item.parsed.formulas[f"effect:{effect.on}"])
            flow = flows[effect.on]
            rows = (*flow.effects, (item.name, factor))
            flows[effect.on] = Flow(
                flow.name, flow.leaves, flow.arrives, flow.own_rate, rows, flow.about
            )
    return tuple(flows.values())


def _switches(instances: tuple[Instance, ...], resolve: _Wiring) -> tuple[Edge, ...]:
    found: list[Edge] = []
    for item in instances:
        for row in item.parsed.module.switches:
            parts = [
                item.parsed.formulas.get(f"{part}:{row.name}") for part in ("on", "off", "period")
            ]
            on, off, period = (None if node is None else resolve.node(item, node) for node in parts)
            if on is None or off is None:
                raise DeclarationError(f"{item.name}.{row.name}: a switch needs on and off")
            found.append(Edge(f"{item.name}.{row.name}", on, off, period, row.about))
    return tuple(found)


def _triggers(instances: tuple[Instance, ...], resolve: _Wiring) -> tuple[Guard, ...]:
    found: list[Guard] = []
    for item in instances:
        for row in item.parsed.module.triggers:
            condition = item.parsed.conditions[row.name]
            left, right = (resolve.node(item, side) for side in (condition.left, condition.right))
            difference = (
                Binary("-", left, right) if condition.op == ">" else Binary("-", right, left)
            )
            then = tuple(
                (resolve.species(item, target), resolve.node(item, node))
                for target, node in item.parsed.actions[row.name]
            )
            found.append(Guard(f"{item.name}.{row.name}", difference, then, row.about))
    return tuple(found)


def _sorted(definitions: list[Quantity]) -> tuple[Quantity, ...]:
    """Order definitions so that each reads only earlier ones; a circle is an error."""
    by_name = {row.name: row for row in definitions}
    done: dict[str, Quantity] = {}
    path: list[str] = []

    def visit(row: Quantity) -> None:
        if row.name in done:
            return
        if row.name in path:
            circle = " -> ".join([*path[path.index(row.name) :], row.name])
            raise DeclarationError(f"definitions read each other in a circle: {circle}")
        path.append(row.name)
        for name in names_in(row.formula):
            if name in by_name:
                visit(by_name[name])
        path.pop()
        done[row.name] = row

    for row in definitions:
        visit(row)
    return tuple(done.values())


def _time_unit(assembly: Assembly) -> Unit:
    unit = parse_unit(assembly.time)
    if not unit.same_dimension(parse_unit("d")):
        raise UnitError(f"assembly {assembly.name}: time = '{assembly.time}' is not a unit of time")
    return unit


def _agents(assembly: Assembly, doses: Mapping[str, object]) -> dict[str, str]:
    for agent, name in assembly.agents.items():
        if name not in doses:
            raise DeclarationError(
                f"assembly {assembly.name}: agent {agent}: '{name}' takes no doses{suggest(name, doses)}"
            )
    return dict(assembly.agents)


def _correlations(instances: tuple[Instance, ...], host: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for item in instances:
        known = {row.name for row in item.parsed.module.parameters}
        for key in (host, "any"):
            for pair, value in item.table.correlations.get(key, {}).items():
                for name in pair:
                    if name not in known:
                        raise DeclarationError(
                            f"{item.table.path}: correlations.{key}: no parameter '{name}'{suggest(name, known)}"
                        )
                found[f"{item.name}.{pair[0]}", f"{item.name}.{pair[1]}"] = value
    return found


def check_formula(model: Model, node: Node, where: str) -> tuple[tuple[str, float], ...]:
    """Return the dimension of a formula over a model's names; errors begin with ``where``."""
    try:
        return dimension_of(node, model.units)
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
