"""Reductions on the way: against analysis, against fine grids of outputs, in any order and width."""

import numpy as np
import pytest

from il21.engine.batch import solve_batch
from il21.engine.compile import host_width
from il21.engine.reductions import (
    AUC,
    FirstCrossing,
    Peak,
    PeakTime,
    TimeAbove,
    Trough,
    TroughTime,
)
from il21.engine.schedule import BOLUS, INFUSION, events_of
from il21.errors import InputError
from tests.unit.engine import small_models
from tests.unit.engine.test_batch import DOSES, NONE, drawn, events, jittered, numbers

W = host_width()


def reduced(model, table, plan, end, *reductions, **more):
    found = solve_batch(model, table, plan, [], end=end, reductions=reductions, **more)
    assert (found.status == 0).all()
    return found.reduced


def test_a_swing_is_known_everywhere():
    """x = sin(2 pi t) over 2.3 periods."""
    model = small_models.swing()
    found = reduced(
        model, numbers(model, level=5.0), [NONE], 2.3,
        Peak("x"), PeakTime("x"), Trough("x"), TroughTime("x"), AUC("x"), TimeAbove("x", "0.5 mL"),
        FirstCrossing("x", "0.25 mL"), FirstCrossing("x", "-0.5 mL", "down"),
        FirstCrossing("x", "2 mL"), FirstCrossing("v", "0.5 mL", "up"), Peak("v"), PeakTime("v"),
        tolerance="reference",
    )[0]  # fmt: skip
    angle = 2 * np.pi
    area = (1 - np.cos(angle * 2.3)) / angle
    assert found[[0, 2, 10]] == pytest.approx([1.0, -1.0, 1.0], abs=1e-7)
    # Peaks of equal height: any of them; a time of a maximum is known to the root of its error.
    assert found[1] % 1.0 == pytest.approx(0.25, abs=1e-4)
    assert found[3] % 1.0 == pytest.approx(0.75, abs=1e-4)
    assert found[11] % 1.0 == pytest.approx(0.0, abs=1e-4) or found[11] % 1.0 > 0.9999
    assert found[4] == pytest.approx(area, abs=1e-7)
    above = 2 * (5 / 12 - 1 / 12) + (2.3 - 2 - 1 / 12)
    assert found[5] == pytest.approx(above, abs=1e-6)
    assert found[6] == pytest.approx(np.arcsin(0.25) / angle, abs=1e-7)
    assert found[7] == pytest.approx(7 / 12, abs=1e-7)
    assert np.isnan(found[8])
    assert found[9] == 0.0


CASES = {
    "decay": (small_models.decay, lambda n: [DOSES] * n, 4.0, "level", "200 ng/mL"),
    "observable": (small_models.decay, lambda n: [DOSES] * n, 4.0, "seen", "300 ng/mL"),
    "kinetics": (small_models.kinetics, jittered, 12.0, "x", "4 ug"),
    "triggers": (small_models.refill, lambda n: [NONE] * n, 9.0, "level", "5 mL"),
    "eradication": (small_models.extinction, lambda n: [NONE] * n, 14.0, "V", "1 Mcell"),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_a_fine_grid_of_outputs(name):
    make, schedule, end, of, level = CASES[name]
    model, n = make(), 7
    of = model.quantity(of).name
    table, plan = drawn(model, n, spread=0.1), schedule(n)
    times = np.linspace(0.0, end, 200_001)
    whole = solve_batch(model, table, plan, times, outputs=[of], tolerance="reference")
    curves, step = whole.outputs[:, :, 0], times[1]
    bound = solve_bound(model, of, level)
    found = reduced(
        model, table, plan, end, Peak(of), Trough(of), AUC(of), TimeAbove(of, level), PeakTime(of),
        FirstCrossing(of, level), FirstCrossing(of, level, "down"), tolerance="reference",
    )  # fmt: skip
    size = np.ptp(curves, axis=1)
    before = curves[:, :-1]
    np.testing.assert_allclose(found[:, 0], before.max(axis=1), atol=1e-4 * size.max())
    assert (found[:, 0] >= before.max(axis=1) * (1 - 1e-9)).all()
    np.testing.assert_allclose(found[:, 1], before.min(axis=1), atol=1e-4 * size.max())
    area = step * (curves[:, 1:-1].sum(axis=1) + 0.5 * (curves[:, 0] + curves[:, -1]))
    np.testing.assert_allclose(found[:, 2], area, rtol=1e-4)
    above = curves > bound
    np.testing.assert_allclose(found[:, 3], step * above[:, :-1].sum(axis=1), atol=20 * step)
    at = np.minimum(np.rint(found[:, 4] / step).astype(int), len(times) - 2)
    near = np.array([curves[k, max(0, a - 2) : a + 3].max() for k, a in enumerate(at)])
    np.testing.assert_allclose(near, found[:, 0], atol=2e-4 * size.max())
    for column, mask in ((5, above), (6, curves < bound)):
        first = np.where(mask.any(axis=1), times[mask.argmax(axis=1)], np.nan)
        np.testing.assert_allclose(found[:, column], first, atol=2 * step)


def solve_bound(model, of, level):
    from il21.units import parse_quantity

    assert parse_quantity(level).unit.same_dimension(model.quantity(of).unit)
    return parse_quantity(level).base


def test_the_area_of_what_is_linear_in_the_states_is_that_of_an_added_state():
    """Drug cleared = CL times the area under its level, to rounding: the quadrature is exact."""
    model = small_models.decay()
    table = drawn(model, 5)
    names = [row.name for row in model.parameters]
    plan = [events((0.0, BOLUS, 1, 1e6), (1.5, INFUSION, 1, 1e6), (2.0, INFUSION, 1, -1e6))] * 5
    found = solve_batch(model, table, plan, [8.0], reductions=[AUC("level")], tolerance="screening")
    cleared = table[:, names.index("drug.CL")] * found.reduced[:, 0]
    left = found.outputs[:, -1].sum(axis=1)
    np.testing.assert_allclose(cleared + left, 1.5e6, rtol=1e-4)
    fine = solve_batch(model, table, plan, [8.0], reductions=[AUC("level")], tolerance="reference")
    cleared = table[:, names.index("drug.CL")] * fine.reduced[:, 0]
    np.testing.assert_allclose(cleared + fine.outputs[:, -1].sum(axis=1), 1.5e6, rtol=1e-8)


def test_the_dose_counts_at_the_start_and_not_at_the_end():
    model = small_models.decay()
    plan = [events((0.0, BOLUS, 1, 3e5), (2.0, BOLUS, 1, 9e6))]
    found = reduced(
        model, numbers(model), plan, 2.0, Peak("central"), PeakTime("central"), Trough("central")
    )[0]
    assert found[0] == 3e5
    assert found[1] == 0.0
    assert found[2] < 3e4


def test_asking_changes_nothing_else():
    model, n = small_models.kinetics(), W + 3
    table, plan, times = drawn(model, n), jittered(n), np.linspace(0.0, 10.0, 11)
    plain = solve_batch(model, table, plan, times)
    asked = solve_batch(
        model, table, plan, times, reductions=[Peak("y"), TimeAbove("V", "2 Mcell")]
    )
    assert np.array_equal(plain.outputs, asked.outputs)
    assert np.array_equal(plain.steps, asked.steps)
    assert plain.reduced.shape == (n, 0)


def test_the_same_bits_in_any_order_threads_and_width():
    model, n = small_models.kinetics(), 41
    table, plan = drawn(model, n), jittered(n)
    asked = (
        Peak("x"), PeakTime("x"), AUC("act"), TimeAbove("x", "4 ug"), FirstCrossing("y", "1 ug"),
        Trough("V"),
    )  # fmt: skip
    whole = reduced(model, table, plan, 12.0, *asked, threads=1)
    for more in ({"threads": 2}, {"threads": 7}, {"width": 1}, {"width": 2}, {"width": 8}):
        assert np.array_equal(
            reduced(model, table, plan, 12.0, *asked, **more), whole, equal_nan=True
        )
    order = np.random.default_rng(1).permutation(n)
    mixed = reduced(model, table[order], [plan[k] for k in order], 12.0, *asked)
    assert np.array_equal(mixed, whole[order], equal_nan=True)


def test_a_pause_divides_them():
    model, n = small_models.kinetics(), 9
    table, plan = drawn(model, n), jittered(n)
    asked = (AUC("x"), Peak("x"), Trough("V"), TimeAbove("x", "4 ug"), FirstCrossing("x", "4 ug"))
    whole = reduced(model, table, plan, 12.0, *asked)
    first = solve_batch(model, table, plan, [], end=12.0, pause=4.321, reductions=asked)
    second = reduced(model, table, plan, 12.0, *asked, resume=first.paused)
    a, b = first.reduced, second
    np.testing.assert_allclose(a[:, 0] + b[:, 0], whole[:, 0], rtol=1e-9)
    np.testing.assert_allclose(np.maximum(a[:, 1], b[:, 1]), whole[:, 1], rtol=1e-9)
    np.testing.assert_allclose(np.minimum(a[:, 2], b[:, 2]), whole[:, 2], rtol=1e-9)
    np.testing.assert_allclose(a[:, 3] + b[:, 3], whole[:, 3], atol=1e-9)
    np.testing.assert_allclose(np.fmin(a[:, 4], b[:, 4]), whole[:, 4], atol=1e-9)
    assert (b[:, 4] >= 4.321).all() or np.isnan(b[:, 4]).any()


def test_failed_patients_and_empty_runs_have_none():
    model = small_models.decay()
    table = drawn(model, 3)
    table[1, 0] = np.nan
    found = solve_batch(
        model, table, [DOSES] * 3, [], end=4.0, reductions=[Peak("level"), AUC("level")]
    )
    assert np.isnan(found.reduced[1]).all()
    assert np.isfinite(found.reduced[[0, 2]]).all()
    empty = solve_batch(
        model, numbers(model), [NONE], [0.0], reductions=[Peak("level"), AUC("level")]
    )
    assert np.isnan(empty.reduced[0, 0])
    assert empty.reduced[0, 1] == 0.0


def test_a_switched_pool():
    model = small_models.pulsed()
    plan = [events_of(model, (), dict(model.values), 0.0, 6.0)]
    times = np.linspace(0.0, 6.0, 60_001)
    curve = solve_batch(model, numbers(model), plan, times, outputs=["x"]).outputs[0, :, 0]
    found = reduced(
        model, numbers(model), plan, 6.0, Peak("x"), PeakTime("x"), TimeAbove("x", "0.7 ug")
    )
    assert found[0, 0] == pytest.approx(curve.max(), rel=1e-7)
    assert found[0, 1] == pytest.approx(times[curve.argmax()], abs=1e-4)
    assert found[0, 2] == pytest.approx((curve > 0.7 * 1000).mean() * 6.0, abs=2e-3)


@pytest.mark.parametrize(
    ("item", "word"),
    [
        ("peak", "is none; write"),
        (TimeAbove("level", "3 h"), "must be in ng/mL"),
        (TimeAbove("level", "many"), "level of drug.level"),
        (FirstCrossing("level", "1 ng/mL", "sideways"), "must be up or down"),
    ],
)
def test_what_is_no_reduction_is_refused(item, word):
    model = small_models.decay()
    with pytest.raises(InputError, match=word):
        solve_batch(model, numbers(model), [NONE], [1.0], reductions=[item])
