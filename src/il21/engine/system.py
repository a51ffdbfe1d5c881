"""A composed model as values on a tape: rates, Jacobian, starts, triggers, outputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from il21.compose.model import Model
from il21.engine.linear import Elimination, eliminate
from il21.engine.reductions import Plan
from il21.engine.slopes import TIME, slopes
from il21.engine.tape import Tape
from il21.errors import InputError
from il21.lang.tree import Number


@dataclass(frozen=True)
class System:
    """Values of a model on one tape.

    ``rates`` (n_species) hold the inflows; ``jacobian`` {(row, column): value}; ``by_time`` {row: value}
    of df/dt; ``guards`` (n_triggers); ``actions`` per trigger (species, value); ``outputs`` in the order
    asked; ``inflows`` the species that infusions may feed; ``watched`` what the reductions of ``plan``
    read.
    """

    model: Model
    tape: Tape
    rates: tuple[int, ...]
    jacobian: Mapping[tuple[int, int], int]
    by_time: Mapping[int, int]
    starts: tuple[int, ...]
    guards: tuple[int, ...]
    actions: tuple[tuple[tuple[int, int], ...], ...]
    outputs: tuple[int, ...]
    inflows: tuple[int, ...]
    watched: tuple[int, ...] = ()
    plan: Plan = field(default_factory=Plan)

    @cached_property
    def elimination(self) -> Elimination:
        """The sparse elimination of 1 / (gamma h) - J."""
        return eliminate(len(self.rates), tuple(self.jacobian))


def infused(model: Model) -> tuple[int, ...]:
    """Return the indices of the species that a dose of the model may reach."""
    reached = {t.species for routes in model.doses.values() for ts in routes.values() for t in ts}
    return tuple(k for k, row in enumerate(model.species) if row.name in reached)


def build(
    model: Model, outputs: Sequence[str], inflows: Sequence[int], plan: Plan | None = None
) -> System:
    """Put a model on a tape.

    Parameters
    ----------
    outputs
        Full names of species, definitions or observables.
    inflows
        Indices of species that take infusions.
    plan
        Reductions; none by default.

    Raises
    ------
    InputError
        If the model has no states.
    """
    if not model.species:
        raise InputError(f"{model.name} has no species: there is nothing to integrate")
    tape = Tape()
    names = {row.name: tape.leaf("state", k) for k, row in enumerate(model.species)}
    names |= {row.name: tape.leaf("param", k) for k, row in enumerate(model.parameters)}
    names |= {row.name: tape.leaf("switch", k) for k, row in enumerate(model.switches)}
    names["time"] = tape.leaf("time")
    for row in (*model.definitions, *model.observables):
        names[row.name] = tape.read(row.formula, names)
    place = {row.name: k for k, row in enumerate(model.species)}
    rates = _rates(model, tape, names, place)
    full = [tape.add(r, tape.leaf("inflow", k)) if k in inflows else r for k, r in enumerate(rates)]
    found = slopes(tape, rates)
    jacobian = {
        (i, j): value
        for i, rate in enumerate(rates)
        for j, value in found[rate].items()
        if j != TIME
    }
    by_time = {i: found[rate][TIME] for i, rate in enumerate(rates) if TIME in found[rate]}
    return System(
        model=model,
        tape=tape,
        rates=tuple(full),
        jacobian=jacobian,
        by_time=by_time,
        starts=tuple(tape.read(row.start, names) for row in model.species),
        guards=tuple(tape.read(row.difference, names) for row in model.triggers),
        actions=tuple(
            tuple((place[target], tape.read(node, names)) for target, node in row.then)
            for row in model.triggers
        ),
        outputs=tuple(names[name] for name in outputs),
        inflows=tuple(inflows),
        watched=tuple(names[name] for name in plan.watched) if plan else (),
        plan=plan or Plan(),
    )


def _rates(
    model: Model, tape: Tape, names: Mapping[str, int], place: Mapping[str, int]
) -> list[int]:
    """Arrivals less departures of every species, each process computed once."""
    sides = [tape.constant(0.0) for _ in model.species]
    for join in (tape.add, tape.sub):
        for flow in model.processes:
            rate = tape.read(flow.rate, names)
            for name, gain in flow.arrives if join == tape.add else flow.leaves:
                part = rate if gain == Number(1.0) else tape.mul(tape.read(gain, names), rate)
                sides[place[name]] = join(sides[place[name]], part)
    return sides
