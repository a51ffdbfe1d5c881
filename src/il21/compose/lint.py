"""Checks of a module and its numbers, one small class each; adding a check is adding a class."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from il21.compose.parsed import Parsed
from il21.compose.table import EvidenceTable
from il21.errors import DeclarationError, EvidenceError, IL21Error, UnitError, suggest
from il21.lang.dimension import Dimension, dimension_of, is_zero
from il21.lang.show import to_text
from il21.lang.tree import Node, names_in
from il21.units import Unit, parse_quantity, unit_of_dimension


@dataclass(frozen=True)
class Issue:
    """One finding: the check's name, and the error to raise."""

    check: str
    error: IL21Error


class Check(ABC):
    """Something that must hold of every module; ``find`` yields what does not."""

    @abstractmethod
    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield an error for each violation."""


class UnitsClose(Check):
    """Every formula has the unit its record declares, down to function arguments."""

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield the formulas whose unit is another one than declared."""
        module = parsed.module
        rows = [("start", s.name, s.unit) for s in module.species]
        rows += [("definition", d.name, d.unit) for d in module.definitions]
        rows += [("observable", o.name, o.unit) for o in module.observables]
        rows += [("effect", e.on, "1") for e in module.effects]
        for kind, name, unit in rows:
            node = parsed.formulas[f"{kind}:{name}"]
            yield from _fits(node, unit, f"{module.name}.{name}", parsed)
        for switch in module.switches:
            for part in ("on", "off", "period"):
                node = parsed.formulas.get(f"{part}:{switch.name}")
                if node is not None:
                    yield from _fits(node, "d", f"{module.name}.{switch.name} ({part})", parsed)
        for number, text in enumerate(module.conserved):
            try:
                dimension_of(parsed.formulas[f"conserved:{number}"], parsed.units)
            except IL21Error as error:
                yield type(error)(f"{module.name}, conserved '{text}': {error}")


class RatesClose(Check):
    """A rate is in the unit of what it changes, per time, on both sides of the arrow."""

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield the processes whose rate has another unit."""
        name = parsed.module.name
        for process in parsed.module.processes:
            change = parsed.changes[process.name]
            for side in (*change.leaves, *change.arrives):
                where = f"{name}.{process.name}"
                try:
                    gain = dimension_of(side.gain, parsed.units)
                    rate = dimension_of(parsed.formulas[f"rate:{process.name}"], parsed.units)
                except IL21Error as error:
                    yield type(error)(f"{where}: {error}")
                    break
                found = _times(gain, rate, 1.0)
                unit = parsed.units[side.species]
                wanted = _times(unit.dimension, (("time", 1.0),), -1.0)
                if found != wanted and not is_zero(parsed.formulas[f"rate:{process.name}"]):
                    text = process.rate
                    yield UnitError(
                        f"{where}: '{text}' is in {unit_of_dimension(rate)},"
                        f" must be {unit}/d to change '{side.species}'"
                    )
                    break


class TriggersClose(Check):
    """Both sides of a condition have one unit; what a trigger sets has its species' unit."""

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield the triggers that do not fit."""
        own = {s.name for s in parsed.module.species} | {p.name for p in parsed.module.ports}
        for trigger in parsed.module.triggers:
            where = f"{parsed.module.name}.{trigger.name}"
            condition = parsed.conditions[trigger.name]
            sides = [side for side in (condition.left, condition.right) if not is_zero(side)]
            try:
                found = {dimension_of(side, parsed.units) for side in sides}
            except IL21Error as error:
                yield type(error)(f"{where}: {error}")
                continue
            if len(found) > 1:
                units = " and ".join(str(unit_of_dimension(item)) for item in sorted(found))
                yield UnitError(f"{where}: '{trigger.when}' compares numbers in {units}")
            for target, node in parsed.actions[trigger.name]:
                if target not in own:
                    yield DeclarationError(
                        f"{where}: '{target}' is not a species{suggest(target, own)}"
                    )
                else:
                    yield from _fits(node, parsed.units[target].text, where, parsed)


class DosesClose(Check):
    """A fixed amount of a dose route has the unit of the species that takes it."""

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield the routes whose fixed amount has another unit."""
        for route, rows in parsed.targets.items():
            for target, amount, unit in rows:
                wanted = parsed.units[target]
                if amount and unit is not None and not unit.same_dimension(wanted):
                    yield UnitError(
                        f"{parsed.module.name}: dose route {route}: '{target}' takes {wanted}, not {unit}"
                    )


class StartsKnown(Check):
    """Starts and switch times read parameters only: nothing else is known before the run.

    `may_be_negative` names species of the module.
    """

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield starts and times that read something else, and names that are no species."""
        module = parsed.module
        known = {row.name for row in module.parameters}
        keys = [(f"start:{row.name}", row.name) for row in module.species]
        keys += [
            (f"{part}:{row.name}", row.name)
            for row in module.switches
            for part in ("on", "off", "period")
        ]
        for key, owner in keys:
            for name in names_in(parsed.formulas[key]) if key in parsed.formulas else ():
                if name not in known:
                    yield DeclarationError(
                        f"{module.name}.{owner}: {key.split(':')[0]} reads '{name}', which is not a parameter;"
                        " write its formula out over parameters"
                    )
        species = {row.name for row in module.species}
        for name in module.may_be_negative:
            if name not in species:
                yield DeclarationError(
                    f"{module.name}: may_be_negative: '{name}' is not a species{suggest(name, species)}"
                )


class NothingUnused(Check):
    """Every parameter, input, port, definition and switch is read by some formula of the module.

    Definitions may also be read by other modules, so only those of a module without wires count.
    """

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield one error with all the names declared and not used."""
        module = parsed.module
        used: set[str] = set()
        for node in parsed.formulas.values():
            used.update(names_in(node))
        for change in parsed.changes.values():
            for side in (*change.leaves, *change.arrives):
                used.update((side.species, *names_in(side.gain)))
        for condition in parsed.conditions.values():
            used.update((*names_in(condition.left), *names_in(condition.right)))
        for rows in parsed.actions.values():
            for target, node in rows:
                used.update((target, *names_in(node)))
        for rows in parsed.targets.values():
            used.update(target for target, _, _ in rows)
        declared = [
            i.name for i in (*module.inputs, *module.ports, *module.parameters, *module.switches)
        ]
        idle = [name for name in declared if name not in used]
        idle += [s.name for s in module.species if s.name not in used]
        if idle:
            yield DeclarationError(f"module '{module.name}' declares {idle} and uses none of them")


class RecordsMatch(Check):
    """Each evidence record belongs to a parameter and has a unit that converts to the wanted one."""

    def find(self, parsed: Parsed, table: EvidenceTable | None) -> Iterator[IL21Error]:
        """Yield records without parameter and records in another unit."""
        if table is None:
            return
        units = {item.name: item.unit for item in parsed.module.parameters}
        for (name, _, _), record in table.records.items():
            if name not in units:
                yield EvidenceError(
                    f"{record.where}: module '{parsed.module.name}' has no parameter '{name}'"
                    f"{suggest(name, units)}"
                )
            elif record.value:
                quantity = parse_quantity(record.value)
                if not quantity.unit.same_dimension(parsed.units[name]):
                    yield UnitError(
                        f"{record.where}: '{record.value}' cannot be given in {units[name]}"
                    )
        have = {name for name, _, _ in table.records}
        for item in parsed.module.parameters:
            if item.name not in have:
                yield EvidenceError(
                    f"{table.path}: no value of {parsed.module.name}.{item.name}"
                    f" ({item.about}, {item.unit}); add [{item.name}.any]"
                )


CHECKS: tuple[Check, ...] = (
    UnitsClose(),
    RatesClose(),
    TriggersClose(),
    DosesClose(),
    StartsKnown(),
    NothingUnused(),
    RecordsMatch(),
)


def lint(parsed: Parsed, table: EvidenceTable | None = None) -> list[Issue]:
    """Run every check on a module; an empty list means that all hold."""
    found: list[Issue] = []
    for check in CHECKS:
        for error in check.find(parsed, table):
            found.append(Issue(type(check).__name__, error))
    return found


def _fits(node: Node, unit: str, where: str, parsed: Parsed) -> Iterator[IL21Error]:
    if is_zero(node):
        return
    try:
        found = dimension_of(node, parsed.units)
    except IL21Error as error:
        yield type(error)(f"{where}: {error}")
        return
    wanted = _unit(unit)
    if found != wanted.dimension:
        yield UnitError(
            f"{where}: '{to_text(node)}' is in {unit_of_dimension(found)}, must be in {wanted}"
        )


def _unit(text: str) -> Unit:
    from il21.units import parse_unit

    return parse_unit(text)


def _times(left: Dimension, right: Dimension, sign: float) -> Dimension:
    powers = dict(left)
    for name, power in right:
        powers[name] = powers.get(name, 0.0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power != 0.0))
