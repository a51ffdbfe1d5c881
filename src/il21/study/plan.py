"""What a trial needs before it can run: its plan, its settings, and the checks of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Constant, Model
from il21.declare import HOW, Population, ReadOut, Trial
from il21.engine.schedule import doses_of
from il21.errors import IL21Error, InputError, suggest
from il21.study.readout import reader_of
from il21.study.response import find_criteria
from il21.study.simulate import change_of, weight_of
from il21.study.visits import rising_days
from il21.units import parse_quantity

Floats = NDArray[np.float64]
LONGEST_TRIAL = 20_000.0  # d
MOST_NUMBERS = 2e7  # patients times days held at a time
MOST_PATIENTS = 50_000_000  # in one run


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A further read-out that the conduct of a trial asks for, its numbers, and changes of them."""

    readout: ReadOut
    numbers: Mapping[str, Constant]
    changes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a trial needs, gathered: the records, the composed model, the read-out's numbers.

    ``changes`` sets parameters of the model for everybody, ``readout_changes`` those of the read-out;
    ``layers`` are the read-outs that the trial's conduct asks for, by name.
    """

    trial: Trial
    population: Population
    model: Model
    readout: ReadOut
    numbers: Mapping[str, Constant]
    tolerance: str = "default"
    changes: Mapping[str, str] = field(default_factory=dict)
    readout_changes: Mapping[str, float] = field(default_factory=dict)
    layers: Mapping[str, Layer] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a trial is run: seed, number of replicates, which draws are on, threads."""

    seed: int = 21
    replicates: int = 100
    uncertainty: bool = True
    variability: bool = True
    threads: int | None = None
    first_replicate: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.replicates <= 1_000_000:
            raise InputError(f"replicates = {self.replicates}: expected 1 to 1,000,000")
        if self.threads is not None and not 1 <= self.threads <= 4096:
            raise InputError(f"threads = {self.threads}: expected 1 or more")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed = {self.seed}: expected a whole number from 0")


def check_plan(plan: Plan) -> None:
    """Refuse a trial that cannot be run, with the reason in one line."""
    trial = plan.trial
    if not trial.arms:
        raise InputError(f"trial {trial.name}: has no arms")
    if trial.size < 1 or trial.size > 100_000:
        raise InputError(f"trial {trial.name}: size = {trial.size}; expected 1 to 100,000 patients")
    if not 0 <= trial.not_evaluable < 1:
        raise InputError(
            f"trial {trial.name}: not_evaluable = {trial.not_evaluable:g}; expected 0 to 1"
        )
    shares = [arm.share for arm in trial.arms]
    if min(shares) < 0 or sum(shares) <= 0:
        raise InputError(f"trial {trial.name}: shares of arms must not be negative")
    levels = trial.levels
    if levels is not None and (
        len(levels.doses) != len(levels.shares) or not levels.doses or min(levels.shares) < 0
        or sum(levels.shares) <= 0
    ):  # fmt: skip
        raise InputError(f"trial {trial.name}: every dose level needs a share, none negative")
    asks = any("{dose}" in regimen.text for arm in trial.arms for regimen in arm.regimens)
    if asks and not doses_in(trial):
        raise InputError(f"trial {trial.name}: a regimen asks for {{dose}} but there are no levels")
    days = visit_days(trial)[-1] + 1
    if trial.size * days > MOST_NUMBERS * 5:
        raise InputError(
            f"trial {trial.name}: {trial.size} patients over {days:g} days do not fit in memory;"
            " make two trials"
        )
    reader_of(plan.readout)
    find_criteria(trial.response.criteria)
    check_population(plan)
    for name in (*plan.readout.daily.values(), *plan.readout.fixed.values()):
        plan.model.quantity(name)
    check_reported(trial)
    for arm in trial.arms:
        for dose in doses_in(trial) or ("",):
            covariates = {c.name: parse_quantity(c.value).base for c in plan.population.covariates}
            doses = doses_of(plan.model, [r.with_dose(dose) for r in arm.regimens], covariates)
            if doses and doses[0].time >= days:
                raise InputError(
                    f"trial {trial.name}, arm {arm.name}: the first dose, on day"
                    f" {doses[0].time + 1:g}, comes after the last visit"
                )


def doses_in(trial: Trial) -> tuple[str, ...]:
    """Return what ``{dose}`` may be in a trial: the ladder of its escalation, or its levels."""
    if trial.conduct is not None and trial.conduct.escalation is not None:
        return trial.conduct.escalation.ladder
    return trial.levels.doses if trial.levels else ()


def check_population(plan: Plan) -> None:
    """Refuse covariates, a run-in or changes that make no sense for a patient."""
    model, where = plan.model, f"population {plan.population.name}"
    seen: set[str] = set()
    for item in plan.population.covariates:
        if item.name in seen:
            raise InputError(f"{where}: covariate '{item.name}' stands twice")
        seen.add(item.name)
        if item.how not in HOW:
            raise InputError(f"{where}: how = '{item.how}' is not one of {', '.join(HOW)}")
        if item.name == "weight":
            weight_of(item.value)
    run_in = plan.population.run_in
    if run_in is None:
        return
    if not 0 < parse_quantity(run_in.duration).to("d") <= LONGEST_TRIAL:
        raise InputError(f"{where}: a run-in of {run_in.duration}; expected more than 0 d")
    for name, text in run_in.hold.items():
        change_of(model, name, text)
    for name in run_in.then:
        if model.parameter(name).name in plan.changes:
            raise InputError(f"{name} is set by the run-in of {where}; it cannot be changed too")


def check_reported(trial: Trial) -> None:
    """Refuse a table of reported counts that does not add up."""
    reported = trial.reported
    if reported is None:
        return
    counted, where = dict(reported.counts), f"trial {trial.name}: reported"
    for category, _ in reported.groups:
        if category not in counted:
            raise InputError(f"{where}: no count of '{category}'{suggest(category, counted)}")
    if min(counted.values(), default=0) < 0 or sum(counted.values()) != reported.evaluable:
        raise InputError(
            f"{where}: counts add up to {sum(counted.values())}, evaluable = {reported.evaluable}"
        )
    if reported.evaluable > reported.treated:
        raise InputError(f"{where}: evaluable = {reported.evaluable} of {reported.treated} treated")
    if reported.treated != trial.size:
        raise InputError(f"{where}: treated = {reported.treated}, but size = {trial.size}")


def visit_days(trial: Trial) -> Floats:
    """Return the days (v,) of a trial's visits after the first dose.

    Raises
    ------
    InputError
        If there are none, they do not rise, or one is not a time.
    """
    if not trial.visits:
        raise InputError(f'trial {trial.name}: has no visits; write e.g. visits = ["42 d", "84 d"]')
    try:
        return rising_days([parse_quantity(visit).to("d") for visit in trial.visits], LONGEST_TRIAL)
    except IL21Error as error:
        raise InputError(f"trial {trial.name}: visits: {error}") from error
