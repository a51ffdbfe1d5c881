"""Patients that fail are tried again; the others keep their bits; every attempt is told."""

import numpy as np
import pytest

from il21.declare import Module, Process
from il21.engine.batch import solve_batch
from il21.engine.compile import host_width
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.rodas import GAMMA
from il21.engine.schedule import BOLUS
from il21.errors import SolverError
from tests.unit.engine import small_models
from tests.unit.engine.test_batch import DOSES, NONE, drawn, events, numbers

W = host_width()


def jump():
    """An explosion x' = x^2 / K from x0: infinite at K / x0, unless a dose never brings x up."""
    module = Module(
        name="jump", about="an explosion", source="here",
        parameters=small_models.parameters(("k", "1/ug/d"),),
        species=small_models.species(("x", "ug"),),
        processes=(Process("burst", "0 -> x", "k * x^2"),),
        doses={"iv": "x"},
    )  # fmt: skip
    return small_models.composed(module, {"k": "1 1/ug/d"})


def test_what_cannot_be_solved_is_tried_three_times_and_harms_nobody():
    model, n = jump(), 2 * W + 1
    table = numbers(model, n)
    plan = [events((0.0, BOLUS, 0, 1e6 if k in (3, 7) else 10.0 + k)) for k in range(n)]
    times = np.linspace(0.0, 5.0, 11)
    plain = solve_batch(model, table, plan, times, retry=False)
    found = solve_batch(model, table, plan, times)
    assert set(np.flatnonzero(plain.status)) == {3, 7}
    assert set(np.flatnonzero(found.status)) == {3, 7}
    good = [k for k in range(n) if k not in (3, 7)]
    assert np.array_equal(found.outputs[good], plain.outputs[good])
    assert np.array_equal(found.steps[good], plain.steps[good])
    for k in (3, 7):
        assert "10 times tighter stopped at" in found.reason(k)
        assert "by the reference solver: jump: stopped at" in found.reason(k)
        assert np.isnan(found.final[k]).all()
        assert "tighter" not in plain.reason(k)
    assert set(found.notes) == {3, 7}
    assert plain.notes == {}


def fails_if(monkeypatch, loose, also_tight=False):
    """Let the compiled path report failure of patient 2 at the asked tolerance, as a solver might."""
    from il21.engine import job

    run = job.Job.run

    def spoiled(self, patients, tolerance, threads, most_steps):
        run(self, patients, tolerance, threads, most_steps)
        if 2 in list(patients) and (tolerance.rtol >= loose or also_tight):
            self.status[2] = job.STEP_SMALL
            self.outputs[2] = np.nan
            self.final[2] = np.nan

    monkeypatch.setattr(job.Job, "run", spoiled)


def test_a_tighter_tolerance_may_carry_a_patient_through(monkeypatch):
    model, n = small_models.kinetics(), W + 2
    table, times = drawn(model, n), np.linspace(0.0, 10.0, 5)
    plan = [events((1.0, BOLUS, 0, 4.0))] * n
    plain = solve_batch(model, table, plan, times)
    tight = solve_batch(model, table, plan, times, tolerance=Tolerance(1e-5 / 10, 1e-8 / 10))
    fails_if(monkeypatch, 1e-5)
    found = solve_batch(model, table, plan, times)
    assert (found.status == 0).all()
    assert np.array_equal(found.outputs[2], tight.outputs[2])
    others = np.arange(n) != 2
    assert np.array_equal(found.outputs[others], plain.outputs[others])
    assert "carried through at a tolerance 10 times tighter" in found.notes[2]
    assert found.reason(2) == ""
    assert list(found.notes) == [2]


@pytest.mark.parametrize(
    ("make", "plan"),
    [(small_models.decay, DOSES), (small_models.extinction, NONE), (small_models.refill, NONE)],
)
def test_the_reference_solver_may_carry_a_patient_through(monkeypatch, make, plan):
    """With outputs, events, triggers, and over a pause."""
    model, n = make(), 5
    table, times = drawn(model, n, spread=0.1), np.linspace(0.0, 6.0, 13)
    plain = solve_batch(model, table, [plan] * n, times, tolerance="reference")
    fails_if(monkeypatch, 1e-10, also_tight=True)
    found = solve_batch(model, table, [plan] * n, times, tolerance="reference")
    assert (found.status == 0).all()
    assert "carried through by the reference solver" in found.notes[2]
    peak = np.abs(plain.outputs).max(axis=(0, 1)) + 1e-300
    np.testing.assert_allclose(found.outputs / peak, plain.outputs / peak, rtol=1e-6, atol=1e-9)
    assert not np.array_equal(found.outputs[2], plain.outputs[2])
    first = solve_batch(
        model, table, [plan] * n, times[:4], end=6.0, pause=1.6, tolerance="reference"
    )
    second = solve_batch(
        model, table, [plan] * n, times[4:], resume=first.paused, tolerance="reference"
    )
    assert second.notes[2].count("carried through by the reference solver") == 2
    both = np.concatenate([first.outputs, second.outputs], axis=1)
    np.testing.assert_allclose(both / peak, plain.outputs / peak, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(second.final / peak, plain.final / peak, rtol=1e-6, atol=1e-9)


def test_limits_and_bad_input_are_not_tried_again():
    model = small_models.kinetics()
    found = solve_batch(model, drawn(model, 3), [NONE] * 3, [500.0], most_steps=10)
    assert found.notes == {}
    spoiled = drawn(model, 3)
    spoiled[1, 0] = np.nan
    found = solve_batch(model, spoiled, [NONE] * 3, [1.0])
    assert found.notes == {1: "parameter hills.v is nan"}


def test_the_reference_solver_gives_up_after_its_evaluations():
    model = small_models.robertson()
    solver = ReferenceSolver(model, most_evaluations=100)
    with pytest.raises(SolverError, match=r"stiff: stopped at .* d after 100 evaluations"):
        solver.run(dict(model.values), NONE, [1e4])
    assert (
        ReferenceSolver(model, most_evaluations=10_000).run(dict(model.values), NONE, [1e4]).steps
    )


def test_the_reference_solver_does_not_hang_on_an_explosion():
    model = jump()
    with pytest.raises(SolverError, match="jump: stopped at"):
        ReferenceSolver(model, most_evaluations=20_000).run(
            dict(model.values), events((0.0, BOLUS, 0, 1e6)), [5.0]
        )


@pytest.mark.parametrize(("off", "repeated"), [(0.0, True), (1e-10, True), (1e-3, False)])
def test_a_step_whose_pivot_vanishes_is_repeated(off, repeated):
    """x' = a x from 0: no error, one step of h = 1 d, whose pivot is 1 / (gamma h) - a."""
    module = Module(
        name="pivot", about="growth from nothing", source="here",
        parameters=small_models.parameters(("a", "1/d"),),
        species=small_models.species(("x", "ug"),),
        processes=(Process("growth", "0 -> x", "a * x"),),
        doses={"iv": "x"},
    )  # fmt: skip
    model = small_models.composed(module, {"a": "1 1/d"})
    found = solve_batch(model, numbers(model, a=(1.0 - off) / GAMMA), [NONE], [1.0])
    assert found.status[0] == 0
    assert found.final[0, 0] == 0.0
    assert (found.steps[0] > 1) == repeated
