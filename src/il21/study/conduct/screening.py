"""Who enters: patients are screened one after the other until the trial is full."""

from collections.abc import Sequence

import numpy as np

from il21.declare import Eligibility
from il21.errors import IL21Error, InputError, UnitError, UnknownNameError, suggest
from il21.study.conduct.calendar import conduct_of
from il21.study.conduct.course import values_at
from il21.study.conduct.records import Flags, Floats, Screening, Treated, Whole
from il21.study.conduct.rules import name_in
from il21.study.plan import Plan, Settings, doses_in
from il21.study.population import Patients, draw_covariates
from il21.study.trial import allocate, draw_patients, run_in_patients
from il21.units import Unit, parse_quantity

MOST_SCREENED = 20  # times the size of the trial


def screen(plan: Plan, settings: Settings, replicates: Whole) -> tuple[Treated, Screening]:
    """Return the patients that enter each replicate, up to the size of the trial, in order.

    Patients are screened by number from 0, in the numbers of a trial without eligibility, so that the
    same patients stand in both.  Whoever cannot be brought to the start enters and fails.
    """
    trial, found = plan.trial, []
    eligible: list[Flags] = []
    missing = np.full(len(replicates), trial.size)
    for block in range(MOST_SCREENED):
        open_ = replicates[missing > 0]
        ids = np.tile(np.arange(block * trial.size, (block + 1) * trial.size), len(open_))
        who = Patients(
            settings.seed, trial.name, ids, np.repeat(open_, trial.size), settings.uncertainty,
            settings.variability,
        )  # fmt: skip
        some = _candidates(plan, settings, who)
        found.append(some)
        eligible.append(is_eligible(plan, some) | (some.reasons != ""))
        entered = np.bincount(
            np.searchsorted(replicates, some.who.replicate[eligible[-1]]), minlength=len(replicates)
        )
        missing = np.maximum(missing - entered, 0)
        if not missing.any():
            break
    return _choose(plan, replicates, _joined(found), np.concatenate(eligible))


def _candidates(plan: Plan, settings: Settings, who: Patients) -> Treated:
    group = allocate(plan, who)
    numbers = draw_patients(plan, who)
    start, reasons = run_in_patients(plan, settings, numbers)
    doses = np.array(doses_in(plan.trial) or ("",))
    level = group.level if plan.trial.levels else np.zeros(len(who), np.int64)
    return Treated(
        who, group.arm, doses[level], group.evaluable, group.weight, np.zeros(len(who), np.int64),
        numbers, start, np.array([str(r) for r in reasons], dtype=np.str_),
    )  # fmt: skip


def is_eligible(plan: Plan, some: Treated) -> Flags:
    """Return who meets every bound (n,), by covariates and by the state at the first dose."""
    rules = conduct_of(plan.trial).eligibility
    known = np.ones(len(some), bool)
    if not rules:
        return known
    model = plan.model
    values: dict[str, Floats] = dict(draw_covariates(plan.population, some.who))
    wanted = {rule.of for rule in rules if rule.of not in values}
    space = {row.name: some.numbers[:, j] for j, row in enumerate(model.parameters)}
    state = some.start
    if state is None:
        state = np.tile([_start(plan, row.name) for row in model.species], (len(some), 1))
    zeros = np.zeros(len(some))
    off = np.zeros((len(some), len(model.switches)))
    values |= values_at(model, wanted, space, state, zeros, off) if wanted else {}
    where = f"trial {plan.trial.name}: conduct.eligibility"
    for rule in rules:
        value, unit = values[rule.of], _unit(plan, rule, where)
        if rule.at_least:
            known &= value >= _bound(rule.at_least, unit, where)
        if rule.at_most:
            known &= value <= _bound(rule.at_most, unit, where)
    return known


def _start(plan: Plan, species: str) -> float:
    raise InputError(
        f"trial {plan.trial.name}: conduct.eligibility reads the state of the model, but population "
        f"{plan.population.name} has no run-in that would reach one ({species}); read a parameter"
    )


def _joined(parts: Sequence[Treated]) -> Treated:
    if len(parts) == 1:
        return parts[0]
    first, who = parts[0], parts[0].who
    ids, replicate = (
        np.concatenate([getattr(p.who, name) for p in parts]) for name in ("ids", "replicate")
    )
    every = Patients(who.seed, who.trial, ids, replicate, who.uncertainty, who.variability)
    columns = [
        None if name == "start" and first.start is None
        else np.concatenate([getattr(p, name) for p in parts])
        for name in ("arm", "dose", "evaluable", "weight", "rank", "numbers", "start", "reasons")
    ]  # fmt: skip
    whole = Treated(every, *columns)  # type: ignore[arg-type]
    return whole.only(np.lexsort((ids, replicate)))


def _choose(
    plan: Plan, replicates: Whole, every: Treated, eligible: Flags
) -> tuple[Treated, Screening]:
    """Keep the first eligible patients of each replicate and count who was screened for them."""
    place = np.searchsorted(replicates, every.who.replicate)  # rows stand by replicate and number
    total = np.concatenate([[0], np.cumsum(eligible)])
    before = total[np.searchsorted(place, np.arange(len(replicates)))]
    passed = total[:-1] - before[place]  # eligible patients before this one
    kept = eligible & (passed < plan.trial.size)
    full = np.bincount(place[kept], minlength=len(replicates))
    needed = ~eligible & (passed < plan.trial.size)
    refused = np.bincount(place[needed], minlength=len(replicates))
    if not kept.any():
        raise InputError(
            f"trial {plan.trial.name}: no patients; none of {len(every):,} screened is eligible, "
            "widen conduct.eligibility"
        )
    chosen = every.only(kept)
    ranked = Treated(
        chosen.who, chosen.arm, chosen.dose, chosen.evaluable, chosen.weight, passed[kept],
        chosen.numbers, chosen.start, chosen.reasons,
    )  # fmt: skip
    return ranked, Screening(replicates, full + refused, refused, full)


def check_eligibility(plan: Plan) -> None:
    """Refuse bounds that cannot be met, or on what is not there.

    Raises
    ------
    InputError, UnknownNameError, UnitError
        With the first bound that cannot be used.
    """
    where = f"trial {plan.trial.name}: conduct.eligibility"
    low: dict[str, tuple[float, str]] = {}
    high: dict[str, tuple[float, str]] = {}
    for rule in conduct_of(plan.trial).eligibility:
        unit = _unit(plan, rule, where)
        if not (rule.at_least or rule.at_most):
            raise InputError(f"{where}: {rule.of} needs a bound, at_least or at_most")
        for text, store, pick in ((rule.at_least, low, max), (rule.at_most, high, min)):
            if not text:
                continue
            bound = _bound(text, unit, f"{where}: {rule.of}")
            store[rule.of] = pick(store.get(rule.of, (bound, text)), (bound, text))
    for name, (least, text) in low.items():
        if name in high and high[name][0] < least:
            raise InputError(
                f"{where}: {name} at least {text} and at most {high[name][1]} contradict each other; "
                "nobody could enter"
            )


def _unit(plan: Plan, rule: Eligibility, where: str) -> Unit:
    for item in plan.population.covariates:
        if item.name == rule.of:
            return parse_quantity(item.value).unit
    try:
        return plan.model.units[name_in(plan.model, rule.of)]
    except UnknownNameError as error:
        known = [item.name for item in plan.population.covariates]
        hint = suggest(rule.of, known) if known else ""
        raise UnknownNameError(f"{where}: {error}{hint}") from error


def _bound(text: str, unit: Unit, where: str) -> float:
    """Return a bound in the base; a plain kg of a body weight counts as kg of body weight."""
    if unit.text == "kg_bw":
        text = text.replace("kg_bw", "kg").replace("kg", "kg_bw")
    try:
        found = parse_quantity(text)
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
    if not found.unit.same_dimension(unit):
        raise UnitError(f"{where}: '{text}' must be in {unit}")
    return found.base
