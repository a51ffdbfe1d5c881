"""A virtual trial: patients are drawn, brought to the start, dosed by their arm, seen and read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.declare import RunIn
from il21.engine.batch import solve_batch
from il21.engine.quantities import quantities
from il21.engine.schedule import Events, doses_of, events_of, first_doses
from il21.study.compare import draw_evaluable, tally
from il21.study.draws import uniforms
from il21.study.lesions import Readings
from il21.study.plan import MOST_NUMBERS, Plan, Settings, check_plan, visit_days
from il21.study.population import Patients, draw_covariates, draw_numbers, draw_readout
from il21.study.readout import reader_of
from il21.study.response import best_responses
from il21.study.simulate import change_of, run_in_value
from il21.units import parse_quantity

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
CHUNK = 2000  # patients at a time


@dataclass(frozen=True, eq=False)
class PatientTable:
    """What became of each patient: one entry a patient, in order of replicate and number.

    ``best`` is the best overall response as the rule reads it; ``evaluable`` says whether the patient
    has a reading at all (drawn at the reported rate); ``sums`` (n, 1 + v) are the read sums of
    diameters in mm; ``reason`` is empty unless the patient could not be integrated, in which case
    the patient is NE and ``failed``.
    """

    replicate: Whole
    patient: Whole
    arm: NDArray[np.str_]
    dose: NDArray[np.str_]
    best: NDArray[np.str_]
    sums: Floats
    new_lesion_day: Floats
    failed: NDArray[np.bool_]
    reason: NDArray[np.str_]
    visits: Floats
    evaluable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.patient)


@dataclass(frozen=True, eq=False)
class Group:
    """Patients of one chunk with their allocation: arm, level, evaluable and weight, (n,) each."""

    who: Patients
    arm: Whole
    level: Whole
    evaluable: NDArray[np.bool_]
    weight: Floats


def run_trial(plan: Plan, settings: Settings) -> Iterator[PatientTable]:
    """Run replicate trials of the real size, each with its own parameter draw and fresh patients.

    Yields the patients of whole replicates as they finish; `join_tables` puts them together.  A
    patient that cannot be integrated is recorded with its reason; the trial goes on.

    Raises
    ------
    InputError, UnknownNameError, RegimenError
        If the trial cannot be run at all.
    """
    check_plan(plan)
    for part in _chunks(plan, settings):
        yield _run_group(plan, settings, part)


def _chunks(plan: Plan, settings: Settings) -> Iterator[Group]:
    trial = plan.trial
    first = settings.first_replicate
    days = visit_days(trial)[-1] + 1
    each = max(1, int(min(CHUNK, MOST_NUMBERS / days) // trial.size))
    for start in range(first, first + settings.replicates, each):
        last = min(start + each, first + settings.replicates)
        replicate = np.repeat(np.arange(start, last), trial.size)
        ids = np.tile(np.arange(trial.size), last - start)
        who = Patients(
            settings.seed, trial.name, ids, replicate, settings.uncertainty, settings.variability
        )
        yield allocate(plan, who)


def allocate(plan: Plan, who: Patients) -> Group:
    """Return patients with their arm, level, whether they have a reading, and weight."""
    trial = plan.trial

    def pick(purpose: str, shares: Sequence[float]) -> Whole:
        u = uniforms(who.seed, purpose, who.ids, replicate=who.replicate, trial=who.trial)
        borders = np.cumsum(shares) / np.sum(shares)
        return np.minimum(np.searchsorted(borders, u, side="right"), len(shares) - 1)

    arm = pick("allocation/arm", [a.share for a in trial.arms])
    level = pick("allocation/level", trial.levels.shares if trial.levels else [1.0])
    evaluable = draw_evaluable(
        who.seed, who.ids, trial.not_evaluable, replicate=who.replicate, trial=who.trial
    )
    weight = draw_covariates(plan.population, who).get("weight", np.full(len(who), np.nan))
    return Group(who, arm, level, evaluable, weight)


def _run_group(plan: Plan, settings: Settings, group: Group) -> PatientTable:
    model, trial = plan.model, plan.trial
    numbers = draw_patients(plan, group.who)
    visits = visit_days(trial)
    start, reasons = run_in_patients(plan, settings, numbers)
    events = _events(plan, group, numbers, float(visits[-1]))
    days = np.arange(int(np.ceil(visits[-1])) + 1, dtype=float)
    result = solve_batch(
        model, numbers, events, days, outputs=tuple(plan.readout.daily.values()), start=start,
        tolerance=plan.tolerance, threads=settings.threads,
    )  # fmt: skip
    for k in np.flatnonzero(result.status):
        reasons[k] = reasons[k] or result.reason(int(k))
    return _read(plan, group, numbers, result.outputs, reasons, visits)


def draw_patients(plan: Plan, who: Patients) -> Floats:
    """Return the parameters of patients (n, n_parameters), with the plan's changes."""
    model = plan.model
    fixed = {
        model.parameter(name).name: change_of(model, name, text)
        for name, text in plan.changes.items()
    }
    return draw_numbers(model, who, fixed)


def run_in_patients(
    plan: Plan, settings: Settings, numbers: Floats
) -> tuple[Floats | None, list[str]]:
    """Bring the patients to the start; overwrites the parameters that the run-in sets."""
    run_in = plan.population.run_in
    reasons = [""] * len(numbers)
    if run_in is None:
        return None, reasons
    model = plan.model
    place = {row.name: k for k, row in enumerate(model.parameters)}
    held = numbers.copy()
    for name, text in run_in.hold.items():
        held[:, place[model.parameter(name).name]] = parse_quantity(text).base
    length = parse_quantity(run_in.duration).to("d")
    quiet = events_of(model, (), dict(model.values), -length, 0.0)
    found = solve_batch(
        model, held, [quiet] * len(numbers), np.array([0.0]), start_time=-length,
        tolerance=plan.tolerance, threads=settings.threads,
    )  # fmt: skip
    for k in np.flatnonzero(found.status):
        reasons[k] = "run-in: " + found.reason(int(k))
    _set_after(model, run_in, found.final, held, numbers, place)
    return found.final, reasons


def _set_after(
    model: Model,
    run_in: RunIn,
    state: Floats,
    held: Floats,
    numbers: Floats,
    place: Mapping[str, int],
) -> None:
    values: dict[str, Floats | float] = {
        row.name: held[:, k] for k, row in enumerate(model.parameters)
    }
    values |= {row.name: state[:, k] for k, row in enumerate(model.species)}
    values |= {row.name: 0.0 for row in model.switches}
    values["time"] = 0.0
    for name, text in run_in.then.items():
        target = model.parameter(name).name
        numbers[:, place[target]] = run_in_value(model, name, text, values, (len(numbers),))


def _events(plan: Plan, group: Group, numbers: Floats, end: float) -> list[Events]:
    """Return the events of each patient; patients of one arm, level and weight share them.

    Writes the time of the first dose into the numbers.
    """
    model, trial = plan.model, plan.trial
    place = {row.name: k for k, row in enumerate(model.parameters)}
    made: dict[tuple[int, int, float], tuple[Events, dict[str, float]]] = {}
    found: list[Events] = []
    per_patient = bool(model.switches)
    for k in range(len(group.who)):
        key = (int(group.arm[k]), int(group.level[k]), float(group.weight[k]))
        if key not in made or per_patient:
            dose = trial.levels.doses[key[1]] if trial.levels else ""
            regimens = [r.with_dose(dose) for r in trial.arms[key[0]].regimens]
            doses = doses_of(model, regimens, {"weight": key[2]})
            values = {row.name: float(numbers[k, j]) for j, row in enumerate(model.parameters)}
            made[key] = events_of(model, doses, values, 0.0, end), first_doses(doses)
        events, first = made[key]
        for name, when in first.items():
            if name in place:
                numbers[k, place[name]] = when
        found.append(events)
    return found


def _read(
    plan: Plan, group: Group, numbers: Floats, outputs: Floats, reasons: list[str], visits: Floats
) -> PatientTable:
    """Read every patient that was integrated, and classify."""
    trial, who, reader = plan.trial, group.who, reader_of(plan.readout)
    daily = {role: outputs[:, :, k] for k, role in enumerate(plan.readout.daily)}
    for k in np.flatnonzero(reader.unreadable(daily)):
        reasons[k] = reasons[k] or f"{plan.readout.name}: nothing to read at the start"
    failed = np.array([bool(reason) for reason in reasons])
    good = ~failed
    best = np.full(len(who), "NE", dtype="<U2")
    sums = np.full((len(who), 1 + len(visits)), np.nan)
    new_day = np.full(len(who), np.nan)
    if good.any():
        seen = {role: array[good] for role, array in daily.items()}
        readings = readings_of(plan, who, good, numbers, seen, visits)
        sound = ~np.isinf(readings.sums).any(axis=1)
        read = np.flatnonzero(good)[sound]
        for k in np.flatnonzero(good)[~sound]:
            failed[k], reasons[k] = True, f"{plan.readout.name}: a reading is not finite"
        sums[read] = readings.sums[sound]
        new_day[read] = readings.new_lesion_day[sound]
        if len(read):
            best[read] = best_responses(
                readings.sums[sound], readings.new_lesion[sound], visits, trial.response
            )
    doses = trial.levels.doses if trial.levels else ("",)
    return PatientTable(
        who.replicate, who.ids, np.array([trial.arms[a].name for a in group.arm]),
        np.array([doses[j] for j in group.level]), best, sums, new_day, failed,
        np.array(reasons, dtype=np.str_), visits, group.evaluable,
    )  # fmt: skip


def readings_of(
    plan: Plan, who: Patients, good: NDArray[np.bool_], numbers: Floats,
    seen: Mapping[str, Floats], visits: Floats,
) -> Readings:  # fmt: skip
    """Read the patients ``good`` (n,), m of them; ``seen`` is what they have each day (m, days)."""
    some = replace(who, ids=who.ids[good], replicate=who.replicate[good])
    space = {row.name: numbers[good, k] for k, row in enumerate(plan.model.parameters)}
    names = plan.readout.fixed
    known = quantities(plan.model, list(names.values()), space, (len(some),))
    values = draw_readout(plan.numbers, plan.readout.name, some)
    values |= {name: np.full(len(some), value) for name, value in plan.readout_changes.items()}
    fixed = {role: known[name] for role, name in names.items()}
    return reader_of(plan.readout).read(seen, fixed, values, visits, some)


def join_tables(tables: Sequence[PatientTable]) -> PatientTable:
    """Return several tables of one trial as one."""
    columns = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in PatientTable.__dataclass_fields__
        if name != "visits"
    }
    return PatientTable(visits=tables[0].visits, **columns)


def counts(table: PatientTable, groups: Sequence[tuple[str, tuple[str, ...]]]) -> Whole:
    """Return the evaluable patients in each printed category, (replicates, groups).

    Patients without a reading, and those that failed, are not counted.
    """
    _, row, sizes = np.unique(table.replicate, return_inverse=True, return_counts=True)
    place = np.arange(len(row)) - (np.cumsum(sizes) - sizes)[row]  # rows stand by replicate
    best = np.full((len(sizes), sizes.max()), "NE", dtype="<U2")
    kept = np.zeros(best.shape, bool)
    best[row, place], kept[row, place] = table.best, table.evaluable & ~table.failed
    return tally(best, groups, kept)
