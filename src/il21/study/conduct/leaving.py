"""How patients leave a trial: death by a hazard over time, drop-out, the data cut-off."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from il21.declare import DropOut
from il21.errors import IL21Error, InputError, UnitError, UnknownNameError, suggest
from il21.lang.dimension import dimension_of
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.tree import Node, names_in
from il21.study.conduct.toxicity import numbers_of, units_of
from il21.study.draws import uniforms
from il21.study.plan import Layer, Plan
from il21.study.population import Patients
from il21.units import parse_quantity

Floats = NDArray[np.float64]
RULE, HAZARD, AT_ONCE = "hazard", "hazard", "at once"
_RATE = (("time", -1.0),)


def threshold(who: Patients, purpose: str) -> Floats:
    """Return an exponential draw of mean 1 for each patient (n,), the same under any treatment."""
    drawn = uniforms(
        who.seed, f"conduct/{purpose}", who.ids, replicate=who.replicate, trial=who.trial
    )
    return np.asarray(-np.log(drawn), np.float64)


def death_formula(plan: Plan) -> tuple[Layer, Node, dict[str, str]]:
    """Return the read-out of death, its formula, and the model's quantities that it reads, by name.

    Raises
    ------
    UnknownNameError, InputError, UnitError
        If the read-out gives no hazard, or the formula reads what is not there or is not a rate.
    """
    conduct = plan.trial.conduct
    if conduct is None or conduct.death is None:
        raise InputError(f"trial {plan.trial.name}: its conduct has no record of death")
    death = conduct.death
    layer = plan.layers[death.readout]
    if layer.readout.rule != RULE or HAZARD not in layer.readout.formulas:
        raise UnknownNameError(f"read-out {death.readout}: gives no hazard of death")
    where = f"trial {plan.trial.name}: conduct.death.hazard"
    try:
        node = parse(death.hazard or layer.readout.formulas[HAZARD])
        units = units_of(layer, plan.model)
        reads = {role: plan.model.quantity(q).name for role, q in layer.readout.daily.items()}
        known = {**units, **plan.model.units}
        for name in names_in(node):
            if name in units:
                continue
            if name not in known:
                raise UnknownNameError(f"there is no '{name}'{suggest(name, known)}")
            reads[name] = plan.model.quantity(name).name
        reads = {name: quantity for name, quantity in reads.items() if name in names_in(node)}
        found = dimension_of(node, known)
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
    if found != _RATE:
        raise UnitError(f"{where}: must be a rate, e.g. in 1/d")
    return layer, node, reads


def death_day(
    layer: Layer, node: Node, daily: Mapping[str, Floats], who: Patients, days: Floats
) -> Floats:
    """Return the day of death (n,), infinity if after the last day; ``daily`` holds (n, days) by name."""
    space = {**numbers_of(layer, who), **{k: np.maximum(v, 0.0) for k, v in daily.items()}}
    shape = (len(who), len(days))
    hazard = np.broadcast_to(evaluate(node, space), shape)
    if np.any(hazard < 0) or not np.isfinite(hazard).all():
        raise InputError(
            f"death of {who.trial}: the hazard is negative or not finite for a patient; mend it"
        )
    total = np.zeros(shape)
    np.cumsum(0.5 * (hazard[:, 1:] + hazard[:, :-1]) * np.diff(days), axis=1, out=total[:, 1:])
    return first_reached(total, days, threshold(who, "death"))


def first_reached(total: Floats, days: Floats, aim: Floats) -> Floats:
    """Return the day (n,) on which a rising total (n, d) reaches an aim (n,); infinity if never.

    >>> first_reached(np.array([[0.0, 1.0, 2.0]]), np.array([0.0, 1, 2]), np.array([1.5])).tolist()
    [1.5]
    """
    after = (total < aim[:, None]).sum(axis=1)
    found = after < total.shape[1]
    at = np.clip(after, 1, total.shape[1] - 1)
    row = np.arange(len(total))
    low, step = total[row, at - 1], total[row, at] - total[row, at - 1]
    part = (aim - low) / np.where(step > 0, step, 1.0)
    day = days[at - 1] + part * (days[at] - days[at - 1])
    return np.asarray(np.where(found, np.maximum(day, 0.0), np.inf), np.float64)


def drop_hazards(drop: DropOut | None, where: str) -> tuple[float, float]:
    """Return the hazards of drop-out per day before and after progression; infinity is at once.

    Raises
    ------
    InputError, UnitError
        If one is negative or not a rate.
    """
    if drop is None:
        return 0.0, 0.0
    before = _rate(drop.hazard, f"{where}: conduct.drop_out.hazard")
    if drop.after_progression == AT_ONCE:
        return before, np.inf
    if not drop.after_progression:
        return before, before
    return before, _rate(drop.after_progression, f"{where}: conduct.drop_out.after_progression")


def _rate(text: str, where: str) -> float:
    try:
        found = parse_quantity(text)
        rate = found.to("1/d")
    except IL21Error as error:
        raise type(error)(f"{where}: {error}; write e.g. '0.002 1/d'") from error
    if rate < 0:
        raise InputError(f"{where}: {text} is negative")
    return rate


def drop_day(before: float, after: float, progression: Floats, aim: Floats) -> Floats:
    """Return the day of drop-out (n,) by the hazards before and after progression was seen (n,).

    >>> drop_day(0.01, 0.1, np.array([np.inf, 50.0]), np.array([1.0, 1.0])).tolist()
    [100.0, 55.0]
    """
    early = aim / before if before > 0 else np.full(len(aim), np.inf)
    seen = np.where(np.isfinite(progression), progression, 0.0)
    left = aim - before * seen
    late = seen if np.isinf(after) else (seen + left / after if after > 0 else np.inf)
    return np.where((early <= progression) | ~np.isfinite(progression), early, late)
