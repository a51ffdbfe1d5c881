"""Patients paused at a visit: going on gives the bits of never having stopped."""

import pickle

import numpy as np
import pytest

from il21.engine.batch import solve_batch
from il21.engine.compile import host_width
from il21.engine.reference import Tolerance
from il21.engine.schedule import BOLUS, INFUSION, Dose, events_of, scaled
from il21.errors import InputError, RegimenError
from tests.unit.engine import small_models
from tests.unit.engine.test_batch import DOSES, NONE, drawn, events, jittered, numbers

W = host_width()


def switched(model, n, end):
    return [events_of(model, (), dict(model.values), 0.0, end)] * n


CASES = {
    "decay": (small_models.decay, lambda m, n: [DOSES] * n, 1.37),
    "within an infusion": (small_models.decay, lambda m, n: [DOSES] * n, 1.6),
    "kinetics": (small_models.kinetics, lambda m, n: jittered(n), 4.321),
    "no doses": (small_models.kinetics, lambda m, n: [NONE] * n, 6.3),
    "switches": (small_models.pulsed, lambda m, n: switched(m, n, 12.0), 3.6),
    "triggers": (small_models.refill, lambda m, n: [NONE] * n, 5.03),
    "rearmed": (small_models.swing, lambda m, n: [NONE] * n, 2.2),
    "eradication": (small_models.extinction, lambda m, n: [NONE] * n, 7.7),
}
END = 12.0


def table_for(model, n):
    return numbers(model, n) if "pulse" in model.name else drawn(model, n, spread=0.1)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tolerance", ["screening", "default"])
def test_a_rule_that_decides_nothing_gives_the_same_bits(name, tolerance):
    make, schedule, visit = CASES[name]
    model, n = make(), 2 * W + 3
    table, plan = table_for(model, n), schedule(make(), n)
    times = np.linspace(0.0, END, 49)
    early, late = times[times < visit], times[times > visit]
    both = np.concatenate([early, [visit], late])
    whole = solve_batch(model, table, plan, both, tolerance=tolerance)
    first = solve_batch(
        model, table, plan, [*early, visit], end=END, pause=visit, tolerance=tolerance
    )
    second = solve_batch(
        model,
        table,
        plan,
        [visit, *late],
        end=END,
        resume=first.paused,
        tolerance=tolerance,
        width=2,
    )
    at = len(early)
    assert (whole.status == 0).all()
    assert np.array_equal(first.outputs, whole.outputs[:, : at + 1])
    assert np.array_equal(second.outputs, whole.outputs[:, at:])
    assert np.array_equal(second.final, whole.final)
    assert np.array_equal(second.steps, whole.steps)
    assert np.array_equal(first.paused.state, whole.outputs[:, at])
    assert (first.last_time == visit).all()


def test_many_visits_of_each_patient_its_own():
    """More visits than steps between some of them, at a time of its own for each patient."""
    model, n = small_models.kinetics(), W + 5
    table, plan = drawn(model, n), jittered(n)
    whole = solve_batch(model, table, plan, [END])
    rng = np.random.default_rng(3)
    visits = np.sort(rng.uniform(0.0, END, (n, 40)), axis=1)
    paused = solve_batch(model, table, plan, [], end=END, pause=visits[:, 0]).paused
    for k in range(1, 40):
        paused = pickle.loads(pickle.dumps(paused))
        paused = solve_batch(
            model, table, plan, [], end=END, pause=visits[:, k], resume=paused
        ).paused
    last = solve_batch(model, table, plan, [END], resume=paused)
    assert np.array_equal(last.outputs, whole.outputs)
    assert np.array_equal(last.steps, whole.steps)


def test_a_dose_at_the_visit_waits_for_the_decision():
    model = small_models.decay()
    table = numbers(model, 1, CL=0.0, k_a=0.0, Q=0.0)
    plan = [events((1.0, BOLUS, 0, 10.0), (2.0, BOLUS, 0, 20.0), (3.0, BOLUS, 0, 40.0))]
    first = solve_batch(model, table, plan, [1.0, 2.0], end=4.0, pause=2.0)
    np.testing.assert_allclose(first.outputs[0, :, 0], [10.0, 10.0], rtol=1e-12)
    going = solve_batch(model, table, plan, [2.0, 4.0], resume=first.paused)
    np.testing.assert_allclose(going.outputs[0, :, 0], [30.0, 70.0], rtol=1e-12)
    held = [events((3.0, BOLUS, 0, 40.0))]
    without = solve_batch(model, table, held, [2.0, 4.0], resume=first.paused)
    np.testing.assert_allclose(without.outputs[0, :, 0], [10.0, 50.0], rtol=1e-12)
    more = [events((1.0, BOLUS, 0, 10.0), (2.5, BOLUS, 0, 100.0))]
    added = solve_batch(model, table, more, [2.4, 2.5], resume=first.paused)
    np.testing.assert_allclose(added.outputs[0, :, 0], [10.0, 110.0], rtol=1e-12)


def doses_on(days, duration=0.0):
    target = small_models.decay().doses["drug"]["iv"]
    return tuple(Dose(float(day), 1e6, duration, target, "drug") for day in days)


def planned(doses, end):
    model = small_models.decay()
    return events_of(model, doses, dict(model.values), 0.0, end)


@pytest.mark.parametrize("duration", [0.0, 0.5])
def test_a_rule_for_all_patients_changes_the_doses_after_the_visit(duration):
    """Stop, halve or go on by the level seen; equal to runs of the plan that came of it."""
    model, n, end, visit = small_models.decay(), 31, 20.0, 9.25
    table = drawn(model, n)
    doses = doses_on(range(0, 20, 2), duration)
    times = np.arange(0.0, 21.0)
    first = solve_batch(
        model, table, [planned(doses, end)] * n, times[times < visit], outputs=["level"],
        end=end, pause=visit,
    )  # fmt: skip
    seen = first.paused.state[:, 1]
    factor = np.where(
        seen > np.quantile(seen, 0.7), 0.0, np.where(seen > np.median(seen), 0.5, 1.0)
    )
    changed = {f: planned(scaled(doses, visit, f), end) for f in np.unique(factor)}
    plans = [changed[f] for f in factor]
    late = times[times >= visit]
    second = solve_batch(model, table, plans, late, outputs=["level"], resume=first.paused)
    straight = solve_batch(model, table, plans, late, outputs=["level"])
    assert set(factor) == {0.0, 0.5, 1.0}
    # The next stop of a halved dose is where it was, so nothing but its amount differs: same bits.
    same = factor > 0.0
    assert np.array_equal(second.outputs[same], straight.outputs[same])
    peak = straight.outputs.max(axis=1, keepdims=True)
    error = np.abs(second.outputs - straight.outputs) / (straight.outputs + 1e-3 * peak)
    assert error.max() < 1e-4
    planned_on = solve_batch(model, table, [planned(doses, end)] * n, late, outputs=["level"])
    assert np.abs(planned_on.outputs - second.outputs)[~same].max() > 1.0


def test_stopping_after_another_event_gives_the_bits_of_never_planned():
    """The stop that cut the steps before the visit is there in both."""
    model, n, end = small_models.decay(), 9, 20.0
    table, doses = drawn(model, n), doses_on([0, 4, 8, 12, 16])
    first = solve_batch(model, table, [planned(doses, end)] * n, [], end=end, pause=5.0)
    less = [planned(scaled(doses, 9.0, 0.0), end)] * n
    second = solve_batch(model, table, less, [end], resume=first.paused)
    assert np.array_equal(second.outputs, solve_batch(model, table, less, [end]).outputs)


def test_patients_may_drop_out():
    model, n = small_models.kinetics(), 20
    table, plan = drawn(model, n), jittered(n)
    whole = solve_batch(model, table, plan, [END])
    paused = solve_batch(model, table, plan, [], end=END, pause=5.5).paused
    stay = paused.state[:, 1] < np.median(paused.state[:, 1])
    rows = np.flatnonzero(stay)[::-1]
    left = solve_batch(model, table[rows], [plan[k] for k in rows], [END], resume=paused.only(rows))
    assert np.array_equal(left.outputs, whole.outputs[rows])
    mask = solve_batch(
        model, table[stay], [plan[k] for k in rows[::-1]], [END], resume=paused.only(stay)
    )
    assert np.array_equal(mask.outputs, whole.outputs[stay])


def test_who_failed_before_the_visit_stays_failed():
    model = small_models.decay()
    table = drawn(model, 3)
    table[1, 0] = np.nan
    table[2, [row.name for row in model.parameters].index("drug.V")] = -1e-3
    first = solve_batch(model, table, [DOSES] * 3, [1.0], end=4.0, pause=2.2, retry=False)
    assert first.status.tolist()[:2] == [0, 4]
    assert first.status[2] in (1, 2, 3)
    second = solve_batch(
        model, drawn(model, 3), [DOSES] * 3, [3.0, 4.0], resume=first.paused, retry=False
    )
    assert second.status.tolist() == first.status.tolist()
    assert second.reason(1) == first.reason(1) != ""
    assert second.reason(2) == first.reason(2) != ""
    assert np.isnan(second.outputs[1:]).all()
    assert np.isfinite(second.outputs[0]).all()


def test_the_limit_of_steps_holds_over_the_pause():
    model = small_models.kinetics()
    table = numbers(model)
    whole = solve_batch(model, table, [NONE], [500.0])
    most = int(whole.steps[0]) - 1
    first = solve_batch(model, table, [NONE], [], end=500.0, pause=5.0, most_steps=most)
    assert first.status[0] == 0
    second = solve_batch(model, table, [NONE], [500.0], resume=first.paused, most_steps=most)
    assert second.status[0] == 1


def test_zero_patients_may_pause():
    model = small_models.kinetics()
    first = solve_batch(model, numbers(model, 0), [], [1.0], end=4.0, pause=2.0)
    second = solve_batch(model, numbers(model, 0), [], [4.0], resume=first.paused)
    assert second.outputs.shape == (0, 1, 3)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"pause": 0.0}, "after the start"),
        ({"pause": np.nan}, "after the start"),
        ({"pause": [1.0, 2.0]}, "must be one time, or 1 of them"),
        ({"pause": 3.0, "end": 2.0}, "end 2 d"),
        ({"resume": "decay", "start_time": 1.0}, "resume or start"),
        ({"resume": "decay", "times": [0.5]}, "before the start"),
        ({"resume": "decay", "pause": 0.7}, "after the start"),
        ({"resume": "two"}, "2 paused patients for 1 rows"),
        ({"resume": "kinetics"}, "not paused in this form of drug"),
    ],
)
def test_pauses_that_cannot_be_used_are_refused(change, word):
    model = small_models.decay()
    call = {"times": [1.0, 3.0], "end": 3.0} | change
    if "resume" in call:
        name = call["resume"]
        other = small_models.kinetics() if name == "kinetics" else model
        n = 2 if name == "two" else 1
        call["resume"] = solve_batch(
            other, numbers(other, n), [NONE] * n, [], end=3.0, pause=1.0
        ).paused
    with pytest.raises(InputError, match=word):
        solve_batch(model, numbers(model), [NONE], call.pop("times"), **call)


def test_doses_are_not_scaled_by_less_than_nothing():
    with pytest.raises(RegimenError, match="not below 0"):
        scaled(doses_on([0]), 0.0, -1.0)


def test_an_infusion_that_runs_at_the_visit_ends_as_planned():
    model = small_models.decay()
    table = numbers(model, 1, CL=0.0, k_a=0.0, Q=0.0)
    plan = [events((1.0, INFUSION, 1, 10.0), (3.0, INFUSION, 1, -10.0))]
    first = solve_batch(model, table, plan, [2.0], end=5.0, pause=2.0)
    second = solve_batch(model, table, plan, [5.0], resume=first.paused)
    np.testing.assert_allclose(
        [first.outputs[0, 0, 1], second.outputs[0, 0, 1]], [10.0, 20.0], rtol=1e-9
    )


@pytest.mark.parametrize("visit", [0.15, 0.2, 0.25, 0.3, 0.35, 0.4])
def test_a_trigger_is_not_armed_by_a_step_that_was_not_taken(visit):
    """x = sin(2 pi t) is above 1/2 from 1/12 to 5/12; a new event cuts the step that left that span."""
    model = small_models.swing()
    rough = Tolerance(3e-2, 3e-5)
    first = solve_batch(model, numbers(model), [NONE], [], end=1.0, pause=visit, tolerance=rough)
    cut = events((0.5 * (visit + 5.0 / 12.0), BOLUS, 1, 0.0))
    second = solve_batch(model, numbers(model), [cut], [1.0], resume=first.paused, tolerance=rough)
    assert second.final[0, 2] == 1.0
