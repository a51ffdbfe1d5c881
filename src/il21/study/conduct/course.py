"""Patients through their visits: solved to each, read, decided upon, and solved on.

A patient is paused at a visit with the state kept.  Everything random belongs to the patient, not to
the arm or to what was decided: the same patient under another dose has the same thresholds, days and
readings' errors.
"""

from dataclasses import replace

import numpy as np

from il21.compose.model import Model
from il21.engine.batch import BatchResult, Paused, solve_batch
from il21.engine.paused import unpack
from il21.engine.quantities import quantities
from il21.study.conduct.calendar import calendar_of, conduct_of, seen_days
from il21.study.conduct.kept import Followed, daily_of, grid_of
from il21.study.conduct.records import GRADES, Floats, Treated
from il21.study.conduct.rules import Doses, Seen, name_in
from il21.study.conduct.sight import look
from il21.study.plan import Plan, Settings
from il21.study.readout import reader_of


def follow(plan: Plan, settings: Settings, group: Treated, cut: Floats) -> Followed:
    """Follow patients from the first dose to the end; ``cut`` (n,) is when the data close for each."""
    trial = plan.trial
    calendar = calendar_of(trial)
    numbers = group.numbers.copy()
    doses = Doses(plan.model, trial, group, calendar.end)
    doses.first(numbers)
    grid = grid_of(plan, calendar, doses)
    days, comes = seen_days(trial, calendar, group.who)
    kept = np.full((len(group), len(grid.times), len(grid.names)), np.nan)
    done = Followed(
        plan, group, calendar, grid, kept, group.reasons.copy(), doses, numbers, days, comes, cut
    )
    stops = len(calendar.stops) if conduct_of(trial).rules else 0
    paused: Paused | None = None
    shown = np.zeros(len(group))
    for k in range(stops):
        paused = _solve(done, settings, shown, days[:, k], paused).paused
        if paused is not None:
            _decide(done, k, paused, shown)
        shown = days[:, k]
    result = _solve(done, settings, shown, None, paused)
    reasons = done.reasons.astype(object)
    for row in np.flatnonzero(result.status):
        reasons[row] = reasons[row] or result.reason(int(row))
    blank = reader_of(plan.readout).unreadable(daily_of(done, plan.readout.daily))
    for row in np.flatnonzero(blank):
        reasons[row] = reasons[row] or f"{plan.readout.name}: nothing to read at the start"
    return replace(done, reasons=np.array([str(r) for r in reasons]))


def _solve(
    done: Followed, settings: Settings, begin: Floats, visit: Floats | None, paused: Paused | None
) -> BatchResult:
    """Solve from the visit before to this one, or to the end, and keep what is asked."""
    times, plan = done.grid.times, done.plan
    first = int(np.searchsorted(times, begin.min())) if len(begin) else 0
    last = len(times)
    if visit is not None and len(visit):
        last = int(np.searchsorted(times, visit.max(), side="right"))
    result = solve_batch(
        plan.model, done.numbers, done.doses.events(done.numbers), times[first:last],
        outputs=done.grid.names, start=None if paused is not None else done.group.start,
        end=float(times[-1]), tolerance=plan.tolerance, threads=settings.threads, pause=visit,
        resume=paused,
    )  # fmt: skip
    block = done.kept[:, first:last]
    np.copyto(block, result.outputs, where=~np.isnan(result.outputs))
    return result


def _decide(done: Followed, k: int, paused: Paused, before: Floats) -> None:
    """Let the rules decide at the k-th visit."""
    rules = conduct_of(done.plan.trial).rules
    good = (paused.status == 0) & (done.reasons == "")
    n, day = len(done.group), done.seen[:, k]
    seen = look(done, good, until=day)
    present = np.zeros(n, bool)
    present[good] = done.comes[good, k] & (seen.last_seen > day[good])
    grade = np.zeros(n, np.int64)
    new = (seen.grade_day > before[good, None]) & (seen.grade_day <= day[good, None])
    grade[good] = np.where(new, GRADES, 0).max(axis=1, initial=0)
    progressed = np.zeros(n, bool)
    read = np.flatnonzero(done.calendar.visits == done.calendar.stops[k])
    if len(read):
        progressed[good] = seen.responses[:, read[0]] == "PD"
    names = {rule.of for rule in rules if rule.of}
    values = _values(done.plan.model, names, done.numbers, paused)
    following = done.seen[:, k + 1] if k + 1 < done.seen.shape[1] else np.full(n, np.inf)
    done.doses.decide(rules, Seen(day, grade, progressed, values), present, following)


def _values(model: Model, names: set[str], numbers: Floats, paused: Paused) -> dict[str, Floats]:
    """Return quantities and parameters of the model at the visit, (n,) each by name as written."""
    if not names:
        return {}
    space = {row.name: numbers[:, j] for j, row in enumerate(model.parameters)}
    return values_at(model, names, space, paused.state, paused.visit, switches_of(model, paused))


def switches_of(model: Model, paused: Paused) -> Floats:
    """Return the switches of paused patients (n, switches)."""
    if not model.switches:
        return np.zeros((len(paused), 0))
    rows = [unpack(model, row)[2].switches for row in paused.rows]
    return np.array(rows, float).reshape(len(rows), len(model.switches))


def values_at(
    model: Model, names: set[str], space: dict[str, Floats], state: Floats, time: Floats,
    switches: Floats,
) -> dict[str, Floats]:  # fmt: skip
    """Return parameters and quantities (n,) of patients in a state (n, s), by name as written."""
    known: dict[str, Floats] = {**space, "time": np.asarray(time, float)}
    known |= {row.name: state[:, j] for j, row in enumerate(model.species)}
    known |= {row.name: switches[:, j] for j, row in enumerate(model.switches)}
    full = {name: name_in(model, name) for name in names}
    wanted = [name for name in full.values() if name not in known]
    known |= quantities(model, wanted, known, (len(state),))
    return {name: np.asarray(known[there], float) for name, there in full.items()}
