"""The reference solver against closed forms, and what it must not overlook."""

import numpy as np
import pytest

from il21.declare import Definition, Parameter, Process, Species, Switch, Trigger
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import Events, doses_of, events_of
from il21.errors import SolverError
from il21.study.simulate import Scenario, simulate
from tests.making import drug, drug_model

CL, V, K_A = 48.0, 100.0, 12.0  # mL/d, mL, 1/d
K = CL / V


def run(model, doses=(), times=(1.0,), **values):
    given = {**model.values, **values}
    times = np.asarray(times, float)
    events = events_of(model, doses_of(model, doses), given, 0.0, float(times[-1]))
    return ReferenceSolver(model).run(given, events, times)


def test_bolus():
    times = np.linspace(0, 20, 57)
    found = run(drug_model(), ["3 ug X iv"], times).states[:, 1]
    assert found == pytest.approx(3000 * np.exp(-K * times), rel=1e-8)


def test_uptake():
    times = np.linspace(0, 20, 57)
    found = run(drug_model(), ["3 ug X sc"], times).states[:, 1]
    exact = 3000 * K_A / (K_A - K) * (np.exp(-K * times) - np.exp(-K_A * times))
    assert found == pytest.approx(exact, rel=1e-8, abs=1e-8 * 3000)


def test_infusion():
    times = np.linspace(0, 6, 61)
    found = run(drug_model(), ["3 ug X iv infusion over 2 d"], times).states[:, 1]
    on = 1500 / K * (1 - np.exp(-K * np.minimum(times, 2)))
    exact = on * np.exp(-K * np.maximum(times - 2, 0))
    assert found == pytest.approx(exact, rel=1e-8, abs=1e-8 * 3000)


def test_repeated_boluses_superpose():
    times = np.array([4.0])
    found = run(drug_model(), ["3 ug X iv, days 1-3"], times).states[0, 1]
    assert found == pytest.approx(sum(3000 * np.exp(-K * (4 - d)) for d in range(3)), rel=1e-8)


def test_a_wrong_rate_would_be_seen():
    """One per cent on clearance is far outside the tolerance of these tests."""
    found = run(drug_model(values={"CL": "2.02 mL/h"}), ["3 ug X iv"], [5.0]).states[0, 1]
    assert found != pytest.approx(3000 * np.exp(-K * 5), rel=1e-3)


def test_a_time_at_which_something_happens_gives_the_state_after_it():
    found = run(drug_model(), ["1 ug X iv, days 1-2"], [0.0, 1.0]).states[:, 1]
    assert found == pytest.approx([1000, 1000 * np.exp(-K) + 1000], rel=1e-9)


def test_a_minute_in_a_year_is_seen():
    model = drug_model(values={"CL": "0.01 mL/h"}, span="365 d")
    text = ["1 mg X iv infusion over 1 min, day 200"]
    data = simulate(Scenario(model, tuple(text), points=366), ["drug.central"])
    days, amount = data["time"].values, data["drug.central"].values
    assert amount[days < 199].max() == 0
    k, rate, minute = 0.24 / 100, 1000 * 1440, 1 / 1440
    at_end = rate / k * -np.expm1(-k * minute)
    assert amount[-1] == pytest.approx(at_end * np.exp(-k * (365 - 199 - minute)), rel=1e-8)


def test_an_infusion_that_crosses_the_end():
    found = run(drug_model(values={"CL": "0 mL/h"}), ["4 ug X iv infusion over 4 d"], [1.0, 2.0])
    assert found.states[:, 1] == pytest.approx([1000, 2000], rel=1e-9)


def test_output_points_do_not_change_the_curve():
    model = drug_model()
    solver = ReferenceSolver(model)
    events = events_of(model, doses_of(model, ["3 ug X sc, days 1-2"]), model.values, 0.0, 5.0)
    coarse = solver.run(model.values, events, np.linspace(0, 5, 301))
    odd = solver.run(model.values, events, np.linspace(0, 5, 300))
    both = solver.run(model.values, events, np.unique([*coarse.times, *odd.times]))
    for part in (coarse, odd):
        inside = np.isin(both.times, part.times)
        assert np.abs(both.states[inside] - part.states).max() <= 1e-9 * np.abs(part.states).max()
    assert (coarse.final == odd.final).all()
    assert coarse.steps == odd.steps


def test_the_switch_is_on_when_it_should_be():
    model = drug_model(
        drug(
            switches=(Switch("lit", on="6 h", off="18 h", period="24 h"),),
            processes=(*drug().processes, Process("input", "0 -> central", "lit * CL * 1 [ng/mL]")),
        ),
        {"CL": "1 mL/d"},
    )
    found = run(model, times=[0.25, 0.75, 1.25, 1.75, 2.0])
    assert found.switches[:, 0].tolist() == [1, 0, 1, 0, 0]
    k = 1 / V
    one = 1 / k * -np.expm1(-k * 0.5)
    assert found.states[1, 1] == pytest.approx(one, rel=1e-8)
    assert found.states[3, 1] == pytest.approx(one * (1 + np.exp(-k)), rel=1e-8)


def extinct(when="central < 100 [ng]", then=None):
    return drug_model(drug(triggers=(Trigger("gone", when, then or {"central": "0"}),)))


def test_a_trigger_fires_once_and_in_time():
    found = run(extinct(), ["3 ug X iv, day 2"], np.linspace(0, 12, 100))
    # at the start there is less than the limit, then the dose arms it again
    assert [name for _, name in found.fired] == ["drug.gone", "drug.gone"]
    assert found.fired[0][0] == 0.0
    assert found.fired[1][0] == pytest.approx(1 + np.log(30) / K, rel=1e-8)
    late = found.times > found.fired[1][0]
    assert (found.states[late, 1] == 0).all()
    assert (found.states[(found.times > 1) & ~late, 1] > 100).all()


def test_a_trigger_upwards_and_what_it_sets():
    model = extinct("central > 1000 [ng]", {"central": "central / 2", "depot": "0"})
    found = run(model, ["3 ug X iv"], [0.0, 1e-6])
    assert found.states[0, 1] == pytest.approx(1500)  # true at once, and still true: fires once
    assert len(found.fired) == 1


def test_a_trigger_that_reads_a_definition():
    model = extinct("level < 1 [ng/mL]", {"central": "V * level / 2"})
    found = run(model, ["3 ug X iv"], [0.0, 20.0])
    when = np.log(30) / K
    assert [time for time, _ in found.fired] == pytest.approx([when], rel=1e-8)
    assert found.states[-1, 1] == pytest.approx(50 * np.exp(-K * (20 - when)), rel=1e-8)


def test_a_gain_may_be_a_definition():
    module = drug(
        definitions=(*drug().definitions, Definition("kept", "1", "V / (V + 100 [mL])")),
        processes=(
            Process("uptake", "depot -> kept * central", "k_a * depot"),
            Process("clearance", "central -> 0", "CL * level"),
        ),
    )
    found = run(drug_model(module, {"CL": "0 mL/h"}), ["2 ug X sc"], [50.0])
    assert found.states[0, 1] == pytest.approx(1000, rel=1e-9)


def test_a_declared_sum_is_conserved_and_a_leak_is_seen():
    def closed(change):
        return drug_model(
            drug(
                species=(*drug().species, Species("urine", "ug", "passed")),
                processes=(drug().processes[0], Process("clearance", change, "CL * level")),
                conserved=("depot + central + urine",),
            )
        )

    total = run(closed("central -> urine"), ["2 ug X sc"], np.linspace(0, 9, 30)).states.sum(axis=1)
    assert total == pytest.approx(np.full(30, 2000.0), rel=1e-9)
    leak = run(closed("central -> 0.99 * urine"), ["2 ug X sc"], [9.0]).states.sum()
    assert leak < 2000 * 0.995


def test_since_counts_from_the_first_dose():
    module = drug(
        parameters=(*drug().parameters, Parameter("a", "1/d^2", "slope")),
        processes=(
            drug().processes[0],
            Process("clearance", "central -> 0", "CL * level"),
            Process("odd", "0 -> central", "a * max(since(drug), 0) * 1 [ng]"),
        ),
    )
    model = drug_model(module, {"a": "2 1/d^2", "CL": "0 mL/h"})
    data = simulate(Scenario(model, ("0 ug X iv, day 3",), span="5 d"), ["drug.central"])
    assert float(data["drug.central"][-1]) * 1000 == pytest.approx(9.0, rel=1e-8)
    untreated = simulate(Scenario(model, (), span="5 d"), ["drug.central"])
    assert float(untreated["drug.central"][-1]) == 0


def test_a_run_that_cannot_be_integrated_says_when_and_why():
    module = drug(
        processes=(
            *drug().processes,
            Process("burst", "0 -> central", "central^2 / V / 1 [ng/mL*d]"),
        )
    )
    with pytest.raises(SolverError, match=r"test: stopped at .* d"):
        run(drug_model(module), ["9 mg X iv"], [300.0])
    module = drug(species=(Species("depot", "ug", "d", "1 [ug] / (V - V) * V"), drug().species[1]))
    with pytest.raises(SolverError, match=r"the start of drug\.depot is not finite"):
        run(drug_model(module), [], [1.0])


def test_a_looser_tolerance_is_looser():
    model = drug_model()
    events = events_of(model, doses_of(model, ["3 ug X sc"]), model.values, 0.0, 9.0)
    exact = 3000 * K_A / (K_A - K) * (np.exp(-K * 9) - np.exp(-K_A * 9))
    errors = [
        abs(
            ReferenceSolver(model, Tolerance(rtol, 1e-9)).run(model.values, events, [9.0]).final[1]
            - exact
        )
        for rtol in (1e-3, 1e-10)
    ]
    assert errors[1] < 1e-3 * errors[0]


def test_a_trigger_fires_on_the_way_up_only():
    """A swing passes its level up and down; a dose of nothing stops the run in between."""
    from tests.unit.engine.small_models import swing

    model = swing()
    solver = ReferenceSolver(model)
    for stops in ([], [0.3, 0.41, 0.42, 1.3]):
        events = Events(
            np.array(stops, float), np.zeros(len(stops), np.int32),
            np.zeros(len(stops), np.int32), np.zeros(len(stops)),
        )  # fmt: skip
        run = solver.run(model.values, events, [3.9])
        assert len(run.fired) == 4
