"""Dose rules at a visit: who is held, reduced or stopped, and the doses that follow.

Of several rules that apply the strictest decides: stop, then hold, then reduce.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from il21.compose.model import Model
from il21.declare import DoseRule, Trial
from il21.engine.schedule import Dose, Events, doses_of, events_of, first_doses
from il21.errors import IL21Error, InputError, UnitError, suggest
from il21.study.conduct.records import GRADES, Flags, Floats, Names, Treated, Whole
from il21.units import parse_quantity

ACTIONS: tuple[str, ...] = ("hold", "reduce", "stop")
Change = tuple[float, float, float]  # from a day, until before a day: times a factor


@dataclass(frozen=True, eq=False)
class Seen:
    """What the rules see of n patients at a visit.

    ``grade`` (n,) is the worst toxicity that began since the visit before, 0 for none new;
    ``progressed`` (n,) whether progression is read; ``values`` (n,) by name in the base.
    """

    day: Floats
    grade: Whole
    progressed: Flags
    values: Mapping[str, Floats]


@dataclass(eq=False)
class Doses:
    """The doses of n patients as they change: planned ones, and what was decided since."""

    model: Model
    trial: Trial
    group: Treated
    end: float
    changes: list[list[Change]] = field(init=False)
    held: Flags = field(init=False)
    holds: Whole = field(init=False)
    reductions: Whole = field(init=False)
    stopped: Floats = field(init=False)
    stop_reason: Names = field(init=False)
    _planned: dict[tuple[int, str, float], tuple[Dose, ...]] = field(init=False)
    _events: dict[object, Events] = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.group)
        self.changes = [[] for _ in range(n)]
        self.held = np.zeros(n, bool)
        self.holds, self.reductions = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.stopped = np.full(n, np.inf)
        self.stop_reason = np.full(n, "", dtype="<U60")
        self._planned, self._events = {}, {}

    def planned(self, patient: int) -> tuple[Dose, ...]:
        """Return the doses that a patient's arm plans."""
        group = self.group
        key = (int(group.arm[patient]), str(group.dose[patient]), float(group.weight[patient]))
        if key not in self._planned:
            regimens = [r.with_dose(key[1]) for r in self.trial.arms[key[0]].regimens]
            self._planned[key] = doses_of(self.model, regimens, {"weight": key[2]})
        return self._planned[key]

    def given(self, patient: int) -> tuple[Dose, ...]:
        """Return the doses of a patient as decided so far, those of nothing left out."""
        found = []
        for dose in self.planned(patient):
            factor = 1.0
            for begin, until, times in self.changes[patient]:
                factor *= times if begin <= dose.time < until else 1.0
            if factor > 0.0:
                found.append(dose if factor == 1.0 else replace(dose, amount=dose.amount * factor))
        return tuple(found)

    def schedules(self) -> list[tuple[Dose, ...]]:
        """Return the plans of doses that there are, each once."""
        for patient in range(len(self.group)):
            self.planned(patient)
        return list(self._planned.values())

    def first(self, numbers: Floats) -> None:
        """Write the time of each patient's first planned dose into the numbers (n, p)."""
        place = {row.name: k for k, row in enumerate(self.model.parameters)}
        for patient in range(len(numbers)):
            for name, when in first_doses(self.planned(patient)).items():
                if name in place:
                    numbers[patient, place[name]] = when

    def events(self, numbers: Floats) -> list[Events]:
        """Return the events of each patient; patients whose doses are the same share them."""
        group, found = self.group, []
        for k in range(len(group)):
            key: object = (
                int(group.arm[k]), str(group.dose[k]), float(group.weight[k]),
                tuple(self.changes[k]), k if self.model.switches else -1,
            )  # fmt: skip
            if key not in self._events:
                values = {
                    row.name: float(numbers[k, j]) for j, row in enumerate(self.model.parameters)
                }
                self._events[key] = events_of(self.model, self.given(k), values, 0.0, self.end)
            found.append(self._events[key])
        return found

    def decide(
        self, rules: Sequence[DoseRule], seen: Seen, present: Flags, following: Floats
    ) -> None:
        """Apply the rules to the patients present at a visit; ``following`` (n,) is their next one.

        Who is held and does not come to a visit stays held until the one after it.
        """
        going = present & np.isinf(self.stopped)
        fires = [going & applies(rule, seen) for rule in rules]
        stop = np.zeros(len(going), bool)
        for rule, fired in zip(rules, fires, strict=True):
            if rule.action == "stop":
                self._stop(fired & ~stop, seen.day, rule_text(rule))
                stop |= fired
        hold = np.zeros(len(going), bool)
        for rule, fired in zip(rules, fires, strict=True):
            if rule.action == "hold":
                hold |= fired & ~stop
        self.held = np.where(present, hold, self.held & np.isinf(self.stopped))
        self.holds += hold
        for k in np.flatnonzero(self.held):
            self.changes[k].append((float(seen.day[k]), float(following[k]), 0.0))
        self._reduce(rules, fires, seen.day, stop | hold)

    def _reduce(
        self, rules: Sequence[DoseRule], fires: Sequence[Flags], day: Floats, decided: Flags
    ) -> None:
        done = decided.copy()
        for rule, fired in zip(rules, fires, strict=True):
            if rule.action != "reduce":
                continue
            mine = fired & ~done
            done |= mine
            over = mine & (self.reductions >= rule.most)
            self._stop(over, day, f"{rule_text(rule)}, after {rule.most} reductions")
            for k in np.flatnonzero(mine & ~over):
                self.changes[k].append((float(day[k]), np.inf, rule.factor))
            self.reductions += mine & ~over

    def _stop(self, who: Flags, day: Floats, why: str) -> None:
        for k in np.flatnonzero(who):
            self.changes[k].append((float(day[k]), np.inf, 0.0))
        self.stopped = np.where(who, day, self.stopped)
        self.stop_reason[who] = why


def applies(rule: DoseRule, seen: Seen) -> Flags:
    """Return to whom of n patients a rule applies at a visit."""
    if rule.grade:
        return seen.grade >= rule.grade
    if rule.progression:
        return seen.progressed
    value = seen.values[rule.of]
    found = np.zeros(len(value), bool)
    if rule.above:
        found |= value > parse_quantity(rule.above).base
    if rule.below:
        found |= value < parse_quantity(rule.below).base
    return found


def rule_text(rule: DoseRule) -> str:
    """Return in words when a rule applies.

    >>> rule_text(DoseRule(action="stop", grade=3))
    'toxicity of grade 3'
    """
    if rule.grade:
        return f"toxicity of grade {rule.grade}"
    if rule.progression:
        return "progression"
    bounds = [f"{w} {b}" for w, b in (("above", rule.above), ("below", rule.below)) if b]
    return f"{rule.of} {' or '.join(bounds)}"


def check_rule(rule: DoseRule, model: Model, toxicity: str, where: str) -> None:
    """Refuse a rule that cannot be applied, with the reason in one line."""
    if rule.action not in ACTIONS:
        raise InputError(
            f"{where}: action '{rule.action}' is not one of {', '.join(ACTIONS)}"
            + suggest(rule.action, ACTIONS)
        )
    if (rule.grade != 0) + rule.progression + bool(rule.of) != 1:
        raise InputError(f"{where}: needs one of grade, progression and of")
    if rule.grade and rule.grade not in GRADES:
        raise InputError(f"{where}: grade = {rule.grade}; expected 1 to 5")
    if rule.grade and not toxicity:
        raise InputError(f'{where}: asks for a grade; name a read-out, e.g. toxicity = "dlt"')
    if rule.action == "reduce" and not (0 < rule.factor < 1 and rule.most >= 0):
        raise InputError(
            f"{where}: factor = {rule.factor:g}, most = {rule.most}; expected a factor between 0 and 1"
        )
    if not rule.of:
        return
    if not (rule.above or rule.below):
        raise InputError(f'{where}: {rule.of} needs a bound; write e.g. above = "3 ng/mL"')
    bounds = {word: bound_of(model, rule.of, text, f"{where}.{word}")
              for word, text in (("above", rule.above), ("below", rule.below)) if text}  # fmt: skip
    if len(bounds) == 2 and bounds["below"] > bounds["above"]:
        raise InputError(
            f"{where}: {rule.of} is always above {rule.above} or below {rule.below}; the bounds overlap"
        )


def bound_of(model: Model, name: str, text: str, where: str) -> float:
    """Return a bound of a quantity of the model, in the base.

    Raises
    ------
    UnknownNameError, UnitError
        If there is no such quantity, or the bound has another unit.
    """
    unit = model.units[name_in(model, name)]
    try:
        found = parse_quantity(text)
    except IL21Error as error:
        raise type(error)(f"{where}: {error}") from error
    if not found.unit.same_dimension(unit):
        raise UnitError(f"{where}: '{text}' must be in {unit}")
    return found.base


def name_in(model: Model, name: str) -> str:
    """Return the full name of a parameter or quantity of the model."""
    if any(row.name == name for row in model.parameters):
        return name
    return model.quantity(name).name
