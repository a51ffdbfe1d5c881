"""The numbers of a model: which record serves which parameter, and what derived ones are."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from il21.compose.model import Constant
from il21.compose.parsed import Parsed
from il21.compose.table import EvidenceTable
from il21.declare.endpoint import ReadOut
from il21.declare.evidence import Evidence
from il21.errors import DeclarationError, EvidenceError, UnitError, suggest
from il21.lang.dimension import dimension_of
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.tree import Call, Name, Node, Number, names_in, rebuild, walk
from il21.units import Unit, parse_quantity, parse_unit, unit_of_dimension

NEVER = 1e4  # d; the first dose of a run without doses lies this far ahead


class Placed(Protocol):
    """What is needed of an instance: its name, module, table and sets."""

    @property
    def name(self) -> str:
        """Name of the instance."""
        ...

    @property
    def parsed(self) -> Parsed:
        """Its module, read."""
        ...

    @property
    def table(self) -> EvidenceTable:
        """Its evidence."""
        ...

    @property
    def sets(self) -> tuple[str, ...]:
        """Its named parameter sets."""
        ...


def constants(
    instances: Sequence[Placed], host: str, host_tables: Mapping[str, EvidenceTable]
) -> tuple[Constant, ...]:
    """Return every parameter of the model with its record and typical value, derived ones too.

    Raises
    ------
    EvidenceError
        If a parameter has no record for this host, or derived values read each other in a circle.
    """
    rows: dict[str, Constant] = {}
    for item in instances:
        for parameter in item.parsed.module.parameters:
            record = item.table.find(parameter.name, host, item.sets)
            if record is None:
                header = f"[{parameter.name}.{host}" + (f".{item.sets[0]}]" if item.sets else "]")
                raise EvidenceError(
                    f"{item.table.path}: no value of {item.name}.{parameter.name}"
                    f" ({parameter.about}, {parameter.unit}) for host '{host}'; add {header}"
                )
            reader = _Reader(item, host, host_tables, rows)
            full = f"{item.name}.{parameter.name}"
            rows[full] = reader.constant(full, parse_unit(parameter.unit), parameter.about, record)
        if _reads_since(item.parsed):
            full = f"{item.name}.first_dose"
            rows[full] = Constant(
                full, parse_unit("d"), "time of the first dose", NEVER, hidden=True
            )
    return _ordered(rows)


class _Reader:
    """Reads the records of one instance; a derived formula may pull in hidden constants."""

    def __init__(
        self,
        item: Placed,
        host: str,
        host_tables: Mapping[str, EvidenceTable],
        rows: dict[str, Constant],
    ) -> None:
        self.item, self.host, self.hosts, self.rows = item, host, host_tables, rows

    def constant(
        self, full: str, unit: Unit, about: str, record: Evidence, hidden: bool = False
    ) -> Constant:
        if record.value:
            return Constant(
                full, unit, about, parse_quantity(record.value).base, record, None, hidden
            )
        try:
            node = parse(record.formula)
        except DeclarationError as error:
            raise EvidenceError(f"{record.where}: {error}") from error
        host = record.host if record.host != "any" else self.host
        names = {name: self._name(name, record, host) for name in names_in(node)}

        def change(part: Node) -> Node | None:
            if isinstance(part, Name):
                return Name(names[part.text])
            if isinstance(part, Number) and part.unit:
                return Number(part.value * parse_unit(part.unit).factor)
            return None

        units = {name: self._unit(target) for name, target in names.items()}
        try:
            found = dimension_of(node, units)
        except (UnitError, DeclarationError) as error:
            raise type(error)(f"{record.where}: {error}") from error
        if found != unit.dimension:
            raise UnitError(
                f"{record.where}: formula is in {unit_of_dimension(found)}, must be in {unit}"
            )
        return Constant(full, unit, about, float("nan"), record, rebuild(node, change), hidden)

    def _name(self, name: str, record: Evidence, host: str) -> str:
        """Return the model's name of what a derived formula reads, adding hidden records."""
        prefix, dot, local = name.partition(".")
        own = {p.name: p for p in self.item.parsed.module.parameters}
        if not dot:
            if name not in own:
                raise EvidenceError(
                    f"{record.where}: no parameter '{name}' to derive from{suggest(name, own)}"
                )
            if host == self.host:
                return f"{self.item.name}.{name}"
            prefix, local = host, name
        if prefix == "host" or prefix.endswith("_host"):
            key = host if prefix == "host" else prefix.removesuffix("_host")
            return self._host(local, key, record)
        if local not in own:
            raise EvidenceError(
                f"{record.where}: no parameter '{local}' to derive from{suggest(local, own)}"
            )
        full = f"{self.item.name}.{local}@{prefix}"
        if full not in self.rows:
            found = self.item.table.find(local, prefix, self.item.sets)
            if found is None:
                raise EvidenceError(f"{record.where}: no record [{local}.{prefix}] to derive from")
            parameter = own[local]
            unit = parse_unit(parameter.unit)
            self.rows[full] = self.constant(full, unit, parameter.about, found, hidden=True)
        return full

    def _host(self, local: str, key: str, record: Evidence) -> str:
        full = f"host.{local}@{key}"
        if full not in self.rows:
            table = self.hosts.get(key)
            found = table.find(local, key) if table else None
            if found is None:
                raise EvidenceError(f"{record.where}: host '{key}' has no record '{local}'")
            quantity = parse_quantity(found.value)
            self.rows[full] = Constant(
                full, quantity.unit, f"{local} of {key}", quantity.base, found, None, True
            )
        return full

    def _unit(self, full: str) -> Unit:
        if full in self.rows:
            return self.rows[full].unit
        local = full.split(".", 1)[1]
        return self.item.parsed.units[local]


def _reads_since(parsed: Parsed) -> bool:
    return any(
        isinstance(part, Call) and part.function == "since"
        for node in parsed.formulas.values()
        for part in walk(node)
    )


def _ordered(rows: Mapping[str, Constant]) -> tuple[Constant, ...]:
    """Order constants so that a derived one follows what it reads, and fill in its typical value."""
    done: dict[str, Constant] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in done:
            return
        if name in path:
            raise EvidenceError(
                "derived values read each other in a circle: " + " -> ".join([*path, name])
            )
        path.append(name)
        row = rows[name]
        if row.formula is not None:
            for other in names_in(row.formula):
                visit(other)
            value = float(evaluate(row.formula, {n: done[n].value for n in names_in(row.formula)}))
            if not abs(value) < float("inf"):
                where = row.evidence.where if row.evidence else name
                raise EvidenceError(f"{where}: the derived value is not finite")
            row = Constant(
                row.name, row.unit, row.about, value, row.evidence, row.formula, row.hidden
            )
        path.pop()
        done[name] = row

    for name in rows:
        visit(name)
    return tuple(done.values())


def rederive(parameters: Sequence[Constant], values: dict[str, Any], fixed: frozenset[str]) -> None:
    """Recompute derived values in place from the given ones (floats or arrays); ``fixed`` stay."""
    for row in parameters:
        if row.formula is not None and row.name not in fixed:
            values[row.name] = evaluate(row.formula, {n: values[n] for n in names_in(row.formula)})


def readout_constants(
    readout: ReadOut, table: EvidenceTable, host: str, sets: tuple[str, ...] = ()
) -> dict[str, Constant]:
    """Return the numbers of a read-out by name, with their records.

    Raises
    ------
    EvidenceError
        If a parameter has no record, or a record no parameter.
    UnitError
        If a record's unit does not convert.
    """
    units = {item.name: item for item in readout.parameters}
    for (name, _, _), record in table.records.items():
        if name not in units:
            raise EvidenceError(
                f"{record.where}: {readout.name} has no parameter '{name}'{suggest(name, units)}"
            )
    found: dict[str, Constant] = {}
    for item in readout.parameters:
        record = table.find(item.name, host, sets)
        if record is None:
            header = f"[{item.name}.{host}" + (f".{sets[0]}]" if sets else "]")
            raise EvidenceError(
                f"{table.path}: no value of {readout.name}.{item.name}; add {header}"
            )
        quantity, unit = parse_quantity(record.value), parse_unit(item.unit)
        if not quantity.unit.same_dimension(unit):
            raise UnitError(f"{record.where}: '{record.value}' cannot be given in {unit}")
        found[item.name] = Constant(item.name, unit, item.about, quantity.base, record)
    return found
