"""What is timed: patients of the invented stiff model and of the library's human model."""

import numpy as np
from stiff43 import Cohort, cohort, model

from il21 import catalog
from il21.declare import Population, Trial
from il21.engine.batch import solve_batch
from il21.engine.quantities import quantities
from il21.engine.schedule import doses_of, events_of, first_doses
from il21.engine.source import compile_python
from il21.lang.evaluate import evaluate
from il21.lang.parse import parse
from il21.lang.tree import Name, names_in, rebuild
from il21.study.population import Patients, draw_numbers
from il21.units import parse_quantity

TRIAL = "thompson2008_melanoma"  # row T02 of the table of finished trials
LEVEL = "30 ug/kg"
HUMAN_OUTPUTS = (
    "il21.C", "traffic.w", "nk.N_m", "nk.P_N", "cd8.E_8", "cd8.T_8", "treg.R", "ifng.I",
    "tumour.V", "tumour.D",
)  # fmt: skip


def stiff_case(count: int, first: int = 0) -> tuple[Cohort, np.ndarray]:
    """Return patients of the 43-state model and their starts (n, 43)."""
    people = cohort(model(), count, first)
    return people, starts_of(people)


def starts_of(people: Cohort) -> np.ndarray:
    """Return the declared starting states (n, n_species)."""
    start = compile_python(people.model).start
    return np.array([start(0.0, (), row, (), ()) for row in people.numbers.tolist()])


def human_case(count: int, first: int = 0, uncertain: bool = False) -> tuple[Cohort, np.ndarray]:
    """Return treated patients with melanoma after their run-in, and the states that it led to.

    What differs between patients is drawn.  ``uncertain`` draws the numbers that are not well known
    too, anew for each trial of 24, as trials do; else they are those that the records print.
    """
    trial = catalog.find(Trial, TRIAL)
    population = catalog.find(Population, trial.population)
    sets = {k: v for k, v in population.sets.items() if k == "tumour"}
    human = catalog.model(population.assembly, sets)
    ids = np.arange(first, first + count)
    replicate = ids // trial.size if uncertain else 0 * ids
    who = Patients(21, trial.name, ids, replicate, uncertainty=uncertain)
    numbers = draw_numbers(human, who)
    place = {row.name: k for k, row in enumerate(human.parameters)}
    starts = _run_in(human, population.run_in, numbers, place)
    regimens = [item.with_dose(LEVEL) for item in trial.arms[0].regimens]
    doses = doses_of(human, regimens, {"weight": 70.0})
    for name, when in first_doses(doses).items():
        if name in place:
            numbers[:, place[name]] = when
    end = parse_quantity(trial.visits[-1]).to("d")
    events = events_of(human, doses, dict(human.values), 0.0, end)
    names = {row.name for row in (*human.species, *human.definitions)}
    outputs = tuple(name for name in HUMAN_OUTPUTS if name in names)
    people = Cohort(
        human, numbers, [events] * count, np.zeros(count, int), np.linspace(0.0, end, 100), outputs
    )
    return people, starts


def _run_in(human, run_in, numbers, place) -> np.ndarray:
    """Bring patients to the start with a frozen tumour; sets the numbers that the run-in sets."""
    held = numbers.copy()
    for name, text in run_in.hold.items():
        held[:, place[human.parameter(name).name]] = parse_quantity(text).base
    length = parse_quantity(run_in.duration).to("d")
    quiet = events_of(human, (), dict(human.values), -length, 0.0)
    found = solve_batch(human, held, [quiet] * len(held), [0.0], start_time=-length)
    assert not found.status.any(), "a run-in failed"
    values = {row.name: held[:, k] for k, row in enumerate(human.parameters)}
    values |= {row.name: found.final[:, k] for k, row in enumerate(human.species)}
    values["time"] = 0.0
    for name, text in run_in.then.items():
        node = rebuild(
            parse(text), lambda n: Name(_full(human, n.text)) if isinstance(n, Name) else None
        )
        missing = [n for n in names_in(node) if n not in values]
        space = {**values, **quantities(human, missing, values, (len(numbers),))}
        numbers[:, place[human.parameter(name).name]] = evaluate(node, space)
    return found.final


def _full(human, name: str) -> str:
    return name if name in human.units else human.quantity(name).name


def outputs_from(people: Cohort, k: int, states: np.ndarray) -> np.ndarray:
    """Return the outputs (n_times, n_outputs) of a patient's states (n_times, n_species)."""
    system = people.model
    values = {row.name: people.numbers[k, j] for j, row in enumerate(system.parameters)}
    values |= {row.name: states[:, j] for j, row in enumerate(system.species)}
    values["time"] = people.times
    names = [system.quantity(name).name for name in people.outputs]
    found = quantities(system, names, values, (len(people.times),))
    return np.stack([found[name] for name in names], axis=1)
