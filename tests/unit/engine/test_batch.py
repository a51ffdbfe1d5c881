"""The compiled path against the reference solver, against analysis, and against itself."""

import signal
import time

import numpy as np
import pytest

from il21.engine.batch import TOLERANCES, solve_batch
from il21.engine.compile import host_width
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import BOLUS, INFUSION, Events, events_of
from tests.unit.engine import small_models

W = host_width()
REFERENCE = Tolerance(1e-11, 1e-14)


def events(*rows):
    """Rows of (time, kind, index, value)."""
    columns = list(zip(*sorted(rows), strict=True)) if rows else [(), (), (), ()]
    kinds = (float, np.int32, np.int32, float)
    return Events(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True)))


NONE = events()


def numbers(model, n=1, **changes):
    table = np.tile([row.value for row in model.parameters], (n, 1))
    names = [row.name.split(".")[1] for row in model.parameters]
    for name, value in changes.items():
        table[:, names.index(name)] = value
    return table


def drawn(model, n, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    return numbers(model, n) * np.exp(spread * rng.standard_normal((n, len(model.parameters))))


def reference(model, row, schedule, times, **more):
    values = {p.name: float(v) for p, v in zip(model.parameters, row, strict=True)}
    return ReferenceSolver(model, REFERENCE).run(values, schedule, times, **more)


def agree(found, wanted, share=1e-6):
    peak = np.abs(wanted).max(axis=0)
    error = np.abs(found - wanted) / (np.abs(wanted) + 1e-3 * peak + 1e-300)
    assert error.max() <= share, f"{error.max(axis=0)} of each species"


DOSES = events(
    (0.0, BOLUS, 1, 5e5), (1.0, BOLUS, 0, 2e5), (1.5, INFUSION, 1, 1e6), (1.75, INFUSION, 1, -1e6)
)
CASES = {
    "decay": (small_models.decay, DOSES, np.linspace(0, 4, 41)),
    "pulsed": (small_models.pulsed, None, np.linspace(0, 6, 61)),
    "extinction": (small_models.extinction, events((20.0, BOLUS, 0, 1.0)), np.linspace(0, 30, 61)),
    "robertson": (small_models.robertson, NONE, np.array([0.0, 1e-6, 1e-3, 0.4, 4.0, 40.0, 400.0])),
    "kinetics": (small_models.kinetics, events((2.0, BOLUS, 0, 10.0)), np.linspace(0, 20, 101)),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_the_reference_solver(name):
    make, schedule, times = CASES[name]
    model = make()
    table = drawn(model, 3, spread=0.2) if name != "pulsed" else numbers(model, 3)
    table[0] = numbers(model)[0]
    if schedule is None:
        schedule = events_of(model, (), dict(model.values), 0.0, times[-1])
    found = solve_batch(model, table, [schedule] * 3, times, tolerance="reference")
    assert found.status.tolist() == [0, 0, 0], found.reason(0)
    for k in range(3):
        agree(found.outputs[k], reference(model, table[k], schedule, times).states)


def test_the_default_tolerance_means_what_it_says():
    model = small_models.kinetics()
    times = np.linspace(0, 20, 101)
    table = drawn(model, 20)
    best = solve_batch(model, table, [NONE] * 20, times, tolerance="reference").outputs
    for name, most in (("screening", 5e-3), ("default", 5e-4)):
        found = solve_batch(model, table, [NONE] * 20, times, tolerance=name).outputs
        for k in range(20):
            agree(found[k], best[k], most)


def test_one_compartment_is_an_exponential():
    model = small_models.decay()
    times = np.linspace(0.0, 2.0, 11)
    found = solve_batch(
        model,
        numbers(model, Q=0.0),
        [events((0.0, BOLUS, 1, 1000.0))],
        times,
        tolerance="reference",
    )
    rate = 20.0 * 24.0 / 300.0
    np.testing.assert_allclose(found.outputs[0, :, 1], 1000.0 * np.exp(-rate * times), rtol=1e-7)


def test_definitions_and_observables_are_outputs():
    model = small_models.decay()
    times = np.linspace(0.0, 30.0, 31)
    found = solve_batch(
        model,
        numbers(model),
        [events((0.0, BOLUS, 1, 3e5))],
        times,
        outputs=("drug.central", "level", "seen"),
    )
    assert found.names == ("drug.central", "drug.level", "drug.seen")
    central, level, seen = found.outputs[0].T
    np.testing.assert_allclose(level, central / 300.0, rtol=1e-15)
    np.testing.assert_array_equal(seen, np.maximum(level, 0.1))
    assert level[-1] < 0.1 < level[0]


@pytest.mark.parametrize("n", [0, 1, W, W + 1, 3 * W + 2])
def test_any_number_of_patients(n):
    model = small_models.kinetics()
    table = drawn(model, 3 * W + 2)
    times = np.linspace(0, 10, 7)
    whole = solve_batch(model, table, [NONE] * len(table), times)
    part = solve_batch(model, table[:n], [NONE] * n, times)
    assert part.outputs.shape == (n, 7, 3)
    assert np.array_equal(part.outputs, whole.outputs[:n])
    assert np.array_equal(part.steps, whole.steps[:n])


def same(a, b):
    return (
        np.array_equal(a.outputs, b.outputs, equal_nan=True)
        and np.array_equal(a.final, b.final, equal_nan=True)
        and np.array_equal(a.steps, b.steps)
        and np.array_equal(a.status, b.status)
        and np.array_equal(a.last_time, b.last_time)
    )


def jittered(n, seed=4):
    """Different doses for each patient, and two triggers' worth of work."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        when = np.sort(rng.uniform(0, 9, rng.integers(0, 9)))
        found.append(events(*[(float(t), BOLUS, 0, float(rng.uniform(0, 5))) for t in when]))
    return found


@pytest.mark.parametrize(
    "make", [small_models.kinetics, small_models.refill, small_models.extinction]
)
def test_the_same_bits_in_any_order_of_any_threads_and_width(make):
    model = make()
    n = 41
    table, schedules, times = drawn(model, n), jittered(n), np.linspace(0, 12, 25)
    whole = solve_batch(model, table, schedules, times, threads=1)
    assert (whole.status == 0).all()
    for threads in (2, 3, 7):
        assert same(solve_batch(model, table, schedules, times, threads=threads), whole)
    for width in (1, 2, 8):
        assert same(solve_batch(model, table, schedules, times, width=width), whole)
    order = np.random.default_rng(0).permutation(n)
    mixed = solve_batch(model, table[order], [schedules[k] for k in order], times, threads=2)
    assert np.array_equal(mixed.outputs, whole.outputs[order])
    alone = solve_batch(model, table[7:8], schedules[7:8], times)
    assert np.array_equal(alone.outputs[0], whole.outputs[7])


def test_bad_patients_are_recorded_and_harm_nobody():
    model = small_models.decay()
    n = 3 * W
    table = drawn(model, n)
    schedule, times = DOSES, np.linspace(0, 4, 9)
    clean = solve_batch(model, table, [schedule] * n, times)
    names = [row.name for row in model.parameters]
    spoiled = table.copy()
    spoiled[1, names.index("drug.k_a")] = np.nan
    spoiled[2, names.index("drug.V")] = -1e-3
    spoiled[5, names.index("drug.CL")] = 1e9 * 24
    spoiled[6, names.index("drug.k_a")] = np.inf
    found = solve_batch(model, spoiled, [schedule] * n, times)
    assert found.status[1] == 4
    assert "drug.k_a is nan" in found.reason(1)
    assert found.status[2] in (1, 2, 3)
    assert "drug." in found.reason(2)
    assert found.status[5] == 0
    assert found.reason(5) == ""
    assert found.outputs[5, -1, 1] < 1e-3
    assert found.status[6] == 4
    good = [k for k in range(n) if k not in (1, 2, 5, 6)]
    assert np.array_equal(found.outputs[good], clean.outputs[good])
    assert np.isnan(found.outputs[1]).all()
    assert np.isnan(found.final[2]).all()
    assert np.isnan(found.outputs[2, -1]).all()


def test_the_step_limit_is_recorded():
    model = small_models.kinetics()
    found = solve_batch(model, drawn(model, 5), [NONE] * 5, [0.0, 500.0], most_steps=10)
    assert found.status.tolist() == [1] * 5
    assert found.steps.tolist() == [10] * 5
    assert "limit of steps" in found.reason(0)
    assert 0 < found.last_time[0] < 500


def test_output_times_do_not_change_the_curve():
    model = small_models.kinetics()
    schedule = events((2.0, BOLUS, 0, 10.0))
    few, many = np.linspace(0, 20, 300), np.linspace(0, 20, 301)
    a, b = (solve_batch(model, numbers(model), [schedule], t) for t in (few, many))
    assert np.array_equal(a.final, b.final)
    assert np.array_equal(a.steps, b.steps)
    both = np.union1d(few, many)
    c = solve_batch(model, numbers(model), [schedule], both)
    assert np.array_equal(c.outputs[:, np.isin(both, few)], a.outputs)
    assert np.array_equal(c.outputs[:, np.isin(both, many)], b.outputs)


def test_a_minute_of_infusion_in_a_year_is_not_stepped_over():
    model = small_models.decay()
    minute = 1.0 / 1440.0
    schedule = events(
        (200.0, INFUSION, 1, 1e6 / minute), (200.0 + minute, INFUSION, 1, -1e6 / minute)
    )
    times = np.array([0.0, 199.999, 200.0, 200.0 + minute, 365.0])
    found = solve_batch(model, numbers(model, CL=0.0), [schedule], times, tolerance="reference")
    total = found.outputs[0].sum(axis=1)
    np.testing.assert_allclose(total, [0, 0, 0, 1e6, 1e6], rtol=1e-9, atol=1e-9)
    cleared = solve_batch(model, numbers(model), [schedule], times, tolerance="reference")
    assert cleared.outputs[0, -1].sum() < 1.0


def test_doses_at_the_start_at_the_end_and_on_an_output_count_at_once():
    model = small_models.decay()
    schedule = events((0.0, BOLUS, 0, 10.0), (1.0, BOLUS, 2, 20.0), (2.0, BOLUS, 0, 30.0))
    times = np.array([0.0, 1.0, 2.0])
    table = numbers(model, CL=0.0, k_a=0.0, Q=0.0)
    found = solve_batch(model, table, [schedule], times)
    np.testing.assert_allclose(found.outputs[0, :, 0], [10.0, 10.0, 40.0], rtol=1e-12)
    np.testing.assert_allclose(found.outputs[0, :, 2], [0.0, 20.0, 20.0], rtol=1e-12)
    np.testing.assert_allclose(found.final[0], [40.0, 0.0, 20.0], rtol=1e-12)


def test_events_an_ulp_apart():
    model = small_models.decay()
    near = np.nextafter(1.0, 2.0)
    schedule = events(
        (1.0, BOLUS, 0, 1.0), (near, BOLUS, 0, 1.0), (np.nextafter(near, 2.0), BOLUS, 0, 1.0)
    )
    times = np.array([np.nextafter(1.0, 0.0), 1.0, near, 2.0])
    found = solve_batch(model, numbers(model, k_a=0.0), [schedule], times)
    assert found.status[0] == 0, found.reason(0)
    np.testing.assert_allclose(found.outputs[0, :, 0], [0.0, 1.0, 2.0, 3.0], rtol=1e-12)


def test_a_trigger_is_armed_again():
    model = small_models.refill()
    times = np.linspace(0, 12, 241)
    found = solve_batch(model, numbers(model), [NONE], times, tolerance="reference")
    period = np.log(10.0)
    np.testing.assert_array_equal(found.outputs[0, :, 1], np.floor(times / period))
    np.testing.assert_allclose(found.outputs[0, :, 0], 10.0 * np.exp(-(times % period)), rtol=1e-7)


def test_a_trigger_acts_once_where_it_stays_true():
    model = small_models.extinction()
    found = solve_batch(model, numbers(model), [NONE], [0.0, 30.0])
    assert found.final[0, 0] == 0.0
    assert found.final[0, 2] == 1.0


def test_a_trigger_true_at_the_start_acts_there():
    model = small_models.extinction()
    found = solve_batch(model, numbers(model, V_0=0.001), [NONE], [0.0, 1.0])
    assert found.outputs[0, 0].tolist() == [0.0, 1000.0, 1.0]  # V, drug (ng), gone


def test_triggers_in_a_circle_are_recorded():
    model = small_models.refill()
    found = solve_batch(model, numbers(model, full=0.5), [NONE], [0.0, 1.0])
    assert found.status[0] == 0  # it is set once and stays below: not armed again
    assert found.final[0, 1] == 1.0


def test_a_run_goes_on_from_where_another_ended():
    model = small_models.kinetics()
    table = drawn(model, 5)
    first = solve_batch(model, table, [NONE] * 5, [0.0, 5.0], tolerance="reference")
    second = solve_batch(
        model,
        table,
        [NONE] * 5,
        [5.0, 10.0],
        start=first.final,
        start_time=5.0,
        tolerance="reference",
    )
    whole = solve_batch(model, table, [NONE] * 5, [0.0, 5.0, 10.0], tolerance="reference")
    np.testing.assert_array_equal(second.outputs[:, 0], first.final)
    np.testing.assert_allclose(second.final, whole.final, rtol=1e-7)


def test_the_conserved_sum_is_conserved():
    model = small_models.robertson()
    found = solve_batch(model, drawn(model, 9), [NONE] * 9, [0.0, 1.0, 100.0, 1e4])
    np.testing.assert_allclose(found.outputs.sum(axis=2), 1.0, rtol=1e-11)


def test_the_end_may_lie_after_the_last_output():
    model = small_models.decay()
    one = solve_batch(model, numbers(model), [DOSES], [0.0], end=4.0)
    two = solve_batch(model, numbers(model), [DOSES], [4.0])
    assert np.array_equal(one.final, two.final)
    nothing = solve_batch(model, numbers(model), [DOSES], [])
    assert nothing.final[0, 1] == 5e5


def test_the_method_is_of_fifth_order():
    """The error falls in proportion to the tolerance, and the steps grow as its fifth root."""
    model = small_models.kinetics()
    times = np.array([0.0, 3.0])
    best = solve_batch(
        model, numbers(model), [NONE], times, tolerance=Tolerance(1e-12, 1e-15)
    ).final
    steps, errors = [], []
    for rtol in (1e-5, 1e-10):
        found = solve_batch(
            model, numbers(model), [NONE], times, tolerance=Tolerance(rtol, 1e-3 * rtol)
        )
        steps.append(found.steps[0])
        errors.append(np.abs(found.final / best - 1.0).max())
    assert errors[0] < 1e-3
    assert errors[1] < 1e-7
    growth = np.log(steps[1] / steps[0]) / np.log(1e5)
    assert 0.1 < growth < 0.27


def test_tolerances_keep_their_ratio():
    assert all(t.atol == pytest.approx(1e-3 * t.rtol) for t in TOLERANCES.values())


def test_an_interrupt_stops_the_run_within_a_step():
    """SIGALRM raises in the waiting thread, as Ctrl-C does; the workers leave at their next step."""
    model = small_models.robertson()

    def ring(*_):
        raise KeyboardInterrupt

    n = 200_000
    table = np.repeat(numbers(model), n, axis=0)
    solve_batch(model, table[:1], [NONE], [0.0, 1e4], tolerance="reference")
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            solve_batch(model, table, [NONE] * n, [0.0, 1e4], tolerance="reference")
        assert time.monotonic() - begin < 5.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    again = solve_batch(model, table[:5], [NONE] * 5, [0.0, 1e4])
    assert (again.status == 0).all()


def test_a_trigger_is_armed_again_between_events():
    """sin(2 pi t) rises above 1/2 once a period, at t = 1/12."""
    model = small_models.swing()
    times = np.linspace(0, 5, 51)
    found = solve_batch(model, numbers(model), [NONE], times, tolerance="reference")
    np.testing.assert_array_equal(found.outputs[0, :, 2], np.ceil(times - 1.0 / 12.0))
    np.testing.assert_allclose(found.outputs[0, :, 0], np.sin(2 * np.pi * times), atol=1e-6)
