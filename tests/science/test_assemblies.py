"""Every assembly composes, starts and stays where nature does, and loses nothing that it keeps."""

from dataclasses import replace

import numpy as np
import pytest

from il21 import catalog
from il21.compose.join import join
from il21.compose.parsed import read_module
from il21.declare import Assembly, Module, Parameter, Process, Species
from il21.engine.reference import ReferenceSolver, Tolerance
from il21.engine.schedule import doses_of, events_of, first_doses
from il21.errors import DeclarationError, IL21Error, UnitError
from il21.lang.evaluate import evaluate

ASSEMBLIES = list(catalog.entries(Assembly))
HUMAN_DOSES = ("30 ug/kg IL-21 iv bolus, days 1-5 of 14, 3 cycles",)
DOSED = [name for name in catalog.entries(Module) if catalog.find(Module, name).doses]
LOSS = "lost"


def run(model, doses=None, times=None, tolerance=1e-9, **changes):
    """States of the typical subject, (n_times, n_species), at 200 times of the default run."""
    times = np.linspace(0, model.span, 200) if times is None else np.asarray(times)
    given = doses_of(model, model.default_doses if doses is None else doses, {"weight": 70.0})
    values = {**model.values, **changes}
    values |= {k: v for k, v in first_doses(given).items() if k in values}
    events = events_of(model, given, values, 0.0, float(times[-1]))
    return ReferenceSolver(model, Tolerance(tolerance)).run(values, events, times).states


def negative(model, states):
    """Names of species that fall below zero by more than rounding."""
    peak = np.abs(states).max(axis=0)
    return [
        row.name
        for k, row in enumerate(model.species)
        if not row.may_be_negative and states[:, k].min() < -1e-9 * max(peak[k], 1e-30)
    ]


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_an_assembly_composes(name):
    model = catalog.model(name)
    assert model.species
    assert len({row.name for row in model.species}) == len(model.species)
    assert all(np.isfinite(value) for value in model.values.values())
    assert model.digest == catalog.model(name).digest
    known = set(model.units)
    assert {n for n in model.read_first if n not in known} == set()


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_the_start_is_finite_and_not_negative(name):
    model = catalog.model(name)
    start = ReferenceSolver(model).starting_state(model.values)
    assert np.isfinite(start).all()
    assert negative(model, start[None, :]) == []
    rates = ReferenceSolver(model).code.rates(
        0.0,
        start.tolist(),
        list(model.values.values()),
        [0.0] * len(model.switches),
        [0.0] * len(start),
    )
    assert np.isfinite(rates).all()


CASES = [(name, None) for name in ASSEMBLIES]
CASES += [("human", HUMAN_DOSES), ("human", ("30 ug/kg IL-21 sc, days 1-5",))]


@pytest.mark.parametrize(("name", "doses"), CASES)
def test_nothing_becomes_negative_and_kept_sums_are_kept(name, doses):
    model = catalog.model(name)
    states = run(model, doses)
    assert np.isfinite(states).all()
    assert negative(model, states) == []
    space = {row.name: states[:, k] for k, row in enumerate(model.species)} | dict(model.values)
    for node in model.conserved:
        total = np.broadcast_to(evaluate(node, space), len(states))
        assert np.ptp(total) <= 1e-8 * np.abs(total).max()


@pytest.mark.parametrize("name", ASSEMBLIES)
def test_a_process_takes_from_what_there_is(name):
    """With a species at zero its departures stop, so no state can be driven below zero."""
    model = catalog.model(name)
    solver = ReferenceSolver(model)
    base = np.maximum(run(model, times=[0.0, 0.5 * model.span])[-1], 1e-6)
    values = list(model.values.values())
    for k, row in enumerate(model.species):
        if row.may_be_negative or row.unit.dimension == (("temperature", 1.0),):
            continue  # no body is at 0 K
        state = base.copy()
        state[k] = 0.0
        for switch in ([0.0] * len(model.switches), [1.0] * len(model.switches)):
            rate = solver.code.rates(1.0, state.tolist(), values, switch, [0.0] * len(state))[k]
            assert rate >= -1e-12 * abs(base[k]), row.name


# Mass balance: what leaves the body is gathered, and everything must add up to the dose.


def with_sinks_closed(module: Module, unit: str) -> Module:
    """The module with every loss of a species in ``unit`` led into one new species."""
    inside = {row.name for row in module.species if row.unit == unit}
    rows = []
    for row in module.processes:
        left, _, right = row.change.partition("->")
        closed = right.strip() == "0" and left.strip() in inside
        rows.append(replace(row, change=f"{left.strip()} -> {LOSS}") if closed else row)
    kept = Species(LOSS, unit, "gathered losses")
    return replace(module, processes=tuple(rows), species=(*module.species, kept))


def alone(module: Module, host: str, span: str = "2 d", **numbers):
    """One module joined alone; inputs are wired to constants, one of their unit."""
    table = catalog.evidence(module.name)
    wires = {
        f"{module.name}.{row.name}": f"1 {row.unit}" for row in (*module.inputs, *module.ports)
    }
    assembly = Assembly(
        name="alone", about="", source="il21_system", host=host, modules=(module.name,), wires=wires,
        agents={"X": module.name}, span=span,
    )  # fmt: skip
    return join(assembly, lambda _: (module, table))


def hosts_of(name: str) -> list[str]:
    records = catalog.evidence(name).records
    per_parameter = [
        {host for parameter, host, _ in records if parameter == row.name}
        for row in catalog.find(Module, name).parameters
    ]
    return [
        h
        for h in ("mouse", "human", "monkey")
        if all(h in hosts or "any" in hosts for hosts in per_parameter)
    ]


def balance(module: Module, host: str, route: str) -> tuple[np.ndarray, float]:
    """Everything within and gathered over two days, and the dose."""
    target = module.doses[route].split(",")[0].strip()
    unit = next(row.unit for row in module.species if row.name == target)
    model = alone(with_sinks_closed(module, unit), host)
    (dose,) = doses_of(model, [f"50 {unit} X {route}"])
    states = run(model, [f"50 {unit} X {route}"], np.linspace(0, 2, 50), tolerance=1e-11)
    chain = reached(module, target) | {LOSS}
    columns = [k for k, row in enumerate(model.species) if row.name.split(".")[1] in chain]
    return states[:, columns].sum(axis=1), dose.amount


def reached(module: Module, target: str) -> set[str]:
    """The species that a dose into ``target`` can reach."""
    found, grown = {target}, True
    while grown:
        grown = False
        for change in read_module(module).changes.values():
            left, right = (
                {side.species for side in part} for part in (change.leaves, change.arrives)
            )
            ways = [(left, right), (right, left)] if change.both_ways else [(left, right)]
            for start, end in ways:
                if start & found and end - found:
                    found |= end
                    grown = True
    return found


ROUTES = [
    (name, host, route)
    for name in DOSED
    for host in hosts_of(name)
    for route in catalog.find(Module, name).doses
]


def test_the_kinetics_are_among_those_balanced():
    assert {
        ("il21", "human", "iv"),
        ("il21", "mouse", "sc"),
        ("il21_mouse_pk", "mouse", "ip"),
    } <= set(ROUTES)


@pytest.mark.parametrize(("name", "host", "route"), ROUTES)
def test_what_is_given_is_within_or_gathered(name, host, route):
    total, dose = balance(catalog.find(Module, name), host, route)
    assert total == pytest.approx(np.full(len(total), dose), rel=1e-8)


@pytest.mark.parametrize(("name", "host", "route"), ROUTES)
def test_every_route_arrives_where_an_injection_does(name, host, route):
    module = catalog.find(Module, name)
    vein = module.doses["iv"].split(",")[0].strip()
    target = module.doses[route].split(",")[0].strip()
    assert vein in reached(module, target)


# What follows breaks a copy and expects the checks above to see it.


def test_a_route_that_does_not_arrive_is_seen():
    module = catalog.find(Module, "il21")
    rows = tuple(
        replace(r, change="sc2 -> 0") if r.name == "sc_arrival" else r for r in module.processes
    )
    assert "C" not in reached(replace(module, processes=rows), "sc1")
    assert "C" in reached(module, "sc1")


@pytest.mark.parametrize(
    ("process", "change"),
    [
        ("ip_arrival", "ip2 -> 0.99 * central"),
        ("to_near", "central -> 0.999 * near"),
        ("ip_loss", "ip -> 0.5 * ip2"),
    ],
)
def test_a_leak_is_seen(process, change):
    module = catalog.find(Module, "il21_mouse_pk")
    rows = tuple(replace(r, change=change) if r.name == process else r for r in module.processes)
    total, dose = balance(replace(module, processes=rows), "mouse", "ip")
    assert total != pytest.approx(np.full(len(total), dose), rel=1e-6)


def test_a_process_that_takes_from_nothing_is_seen():
    module = catalog.find(Module, "il21_mouse_pk")
    drain = Process("drain", "near -> 0", "CL / V2 * (central + 0.1 [ug])")
    model = alone(replace(module, processes=(*module.processes, drain)), "mouse")
    states = run(model, ["50 ug X sc"], np.linspace(0, 2, 50))
    assert "il21_mouse_pk.near" in negative(model, states)


def broken_human(**changes):
    assembly = replace(catalog.find(Assembly, "human"), **changes)
    return join(assembly, catalog.module_with_evidence, catalog.hosts())


@pytest.mark.parametrize(
    ("wire", "source", "error"),
    [
        ("tumour.N_T", "nk.P_N", UnitError),
        ("il21.J", "cd4.H", UnitError),
        ("cd8.imm", "tumour.imm_pat", DeclarationError),
        ("receptor_T.level", "il21.C", UnitError),
    ],
)
def test_one_wrong_wire_is_seen(wire, source, error):
    wires = {**catalog.find(Assembly, "human").wires}
    assert wire in wires
    with pytest.raises(error, match=wire):
        broken_human(wires={**wires, wire: source})


def test_one_missing_wire_is_seen():
    wires = {**catalog.find(Assembly, "human").wires}
    del wires["nk.A_N"]
    with pytest.raises(DeclarationError, match=r"input nk\.A_N \(arming, 1\) is not wired"):
        broken_human(wires=wires)


def test_a_swapped_wire_of_one_unit_changes_the_equations():
    wires = {**catalog.find(Assembly, "human").wires, "cd8.S_T": "receptor_LN.S"}
    assert broken_human(wires=wires).digest != catalog.model("human").digest


def test_a_host_without_numbers_is_seen():
    with pytest.raises(IL21Error, match="for host 'monkey'"):
        broken_human(host="monkey")


def test_a_changed_parameter_unit_is_seen():
    module = catalog.find(Module, "il21_mouse_pk")
    rows = tuple(
        Parameter(p.name, "L", p.about) if p.name == "CL" else p for p in module.parameters
    )
    with pytest.raises(UnitError, match=r"il21_mouse_pk\.clearance"):
        alone(replace(module, parameters=rows), "mouse")
