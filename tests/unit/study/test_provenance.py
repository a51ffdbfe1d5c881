"""Every kind of change moves the hash of a trial, and every table says what was changed."""

from dataclasses import replace

import pytest

from il21 import catalog
from il21.app.trials import recipe_digest, run_trial
from il21.compose.numbers import readout_constants
from il21.declare import Population, ReadOut, Trial
from il21.declare.evidence import Spread
from il21.errors import IL21Error
from il21.report.stamp import provenance_of, stamp
from il21.study.plan import Plan


def plan(**changes) -> Plan:
    trial = catalog.find(Trial, "thompson2008_rcc")
    population = catalog.find(Population, trial.population)
    readout = catalog.find(ReadOut, "lesions")
    numbers = readout_constants(readout, catalog.evidence("lesions"), "human", ("rcc",))
    return replace(
        Plan(
            trial=trial, population=population, readout=readout, numbers=numbers,
            model=catalog.model("human", {"tumour": ("rcc",)}),
        ),
        **changes,
    )  # fmt: skip


def with_number(name: str, **evidence):
    """The model with one record changed."""
    model = plan().model
    rows = tuple(
        replace(row, evidence=replace(row.evidence, **evidence)) if row.name == name else row
        for row in model.parameters
    )
    return replace(model, parameters=rows)


def test_same_recipe_same_hash() -> None:
    assert recipe_digest([plan()]) == recipe_digest([plan()])


@pytest.mark.parametrize(
    "changed",
    [
        lambda: plan(changes={"tumour.imm": "0.2"}),
        lambda: plan(readout_changes={"error_sd": 0.1}),
        lambda: plan(trial=replace(plan().trial, size=20)),
        lambda: plan(trial=replace(plan().trial, visits=("42 d", "85 d"))),
        lambda: plan(population=replace(plan().population, run_in=None)),
        lambda: plan(model=with_number("tumour.imm", uncertainty=Spread("log_sd", (0.01,)))),
        lambda: plan(model=with_number("il21.k_el", variability=Spread("log_sd", (0.5,)))),
        lambda: plan(model=replace(plan().model, correlations={("il21.k_el", "il21.V_c"): 0.1})),
        lambda: plan(
            numbers={**plan().numbers, "error_sd": replace(plan().numbers["error_sd"], value=0.2)}
        ),
        lambda: plan(model=catalog.model("human", {"tumour": ("melanoma",)})),
    ],
)
def test_every_change_moves_the_hash(changed) -> None:
    assert recipe_digest([changed()]) != recipe_digest([plan()])


def test_changes_stand_in_the_report() -> None:
    report = run_trial(
        "thompson2008_rcc", replicates=2, changes={"imm": "0.2", "lesions.error_sd": "0.1"}
    )
    made = provenance_of(report)
    assert "tumour.imm = 0.2" in made["changes"]
    assert "error_sd = 0.1" in made["changes"]
    assert "numpy" in made
    assert "changed: tumour.imm = 0.2" in stamp(made)


def test_changed_readout_changes_the_result() -> None:
    quiet = run_trial("thompson2008_rcc", replicates=3, changes={"lesions.error_sd": "0"})
    noisy = run_trial("thompson2008_rcc", replicates=3, changes={"lesions.error_sd": "0.5"})
    assert quiet.results[0].shares != noisy.results[0].shares


def test_when_every_patient_fails_the_report_says_why() -> None:
    report = run_trial("thompson2008_rcc", replicates=2, changes={"tumour.doubling": "0 d"})
    assert report.failed == report.patients == 38
    assert report.results[0].comparison is None
    assert all(reason for reason in report.results[0].patients.reason)


def test_a_patient_without_tumour_is_recorded() -> None:
    report = run_trial("thompson2008_rcc", replicates=1, changes={"tumour.V_start": "0 Mcell"})
    assert report.failed == 19
    assert "nothing to read" in report.results[0].patients.reason[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lesions.eror_sd": "0.1"}, "did you mean 'error_sd'"),
        ({"lesions.smallest": "5 d"}, "must be in mm"),
        ({"lesions.error_sd": "-1"}, "not negative"),
    ],
)
def test_bad_changes_of_a_readout(changes, says) -> None:
    with pytest.raises(IL21Error, match=says):
        run_trial("thompson2008_rcc", replicates=1, changes=changes)
