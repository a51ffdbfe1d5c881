"""Numbers of virtual patients: what moves them, what follows them, and what they do not depend on."""

import numpy as np
import pytest

from il21.compose.join import join
from il21.compose.table import table_from
from il21.declare import Assembly, Covariate, Population, Use
from il21.study.population import Patients, draw_covariates, draw_numbers, record_label
from tests.making import drug, record


def table(**rows):
    data = {
        "CL": {"any": record("2 mL/h", uncertainty={"cv": 0.3}, variability={"log_sd": 0.4})},
        "V": {"any": record("0.1 L", uncertainty={"range": [0.05, 0.2]})},
        "k_a": {"any": record("0.5 1/h", variability={"log_sd": 0.2})},
    }
    return table_from(data | rows, "drug", "drug.toml")


def model(*uses, **rows):
    uses = uses or ("drug",)
    assembly = Assembly(name="t", about="", source="T", host="mouse", modules=uses)
    parts = drug(), table(**rows)
    return join(assembly, lambda _: parts)


def patients(n=2000, replicates=1, seed=5, trial="t", **switches):
    ids = np.tile(np.arange(n), replicates)
    return Patients(seed, trial, ids, np.repeat(np.arange(replicates), n), **switches)


def columns(system, who, fixed=None):
    numbers = draw_numbers(system, who, fixed)
    assert numbers.shape == (len(who), len(system.parameters))
    return {row.name.split(".", 1)[1]: numbers[:, k] for k, row in enumerate(system.parameters)}


def test_without_draws_everybody_is_typical():
    found = columns(model(), patients(3, uncertainty=False, variability=False))
    assert {k: v.tolist() for k, v in found.items()} == {
        "CL": [48.0] * 3, "V": [100.0] * 3, "k_a": [12.0] * 3,
    }  # fmt: skip


def test_variability_differs_between_patients_and_uncertainty_between_worlds():
    only_v = columns(model(), patients(50, 4, uncertainty=False))
    only_u = columns(model(), patients(50, 4, variability=False))
    for name, varies, unsure in (("CL", True, True), ("V", False, True), ("k_a", True, False)):
        assert (len(np.unique(only_v[name])) == 200) is varies
        assert (len(np.unique(only_v[name])) == 1) is not varies
        assert len(np.unique(only_u[name])) == (4 if unsure else 1)
        for world in range(4):
            assert len(np.unique(only_u[name].reshape(4, 50)[world])) == 1


def test_the_spreads_are_those_declared():
    only_v = columns(model(), patients(20_000, uncertainty=False))
    assert np.log(only_v["CL"] / 48).std() == pytest.approx(0.4, rel=0.03)
    assert np.median(only_v["CL"]) == pytest.approx(48, rel=0.02)
    assert np.log(only_v["k_a"] / 12).std() == pytest.approx(0.2, rel=0.03)
    worlds = columns(model(), patients(1, 20_000, variability=False))
    assert np.log(worlds["CL"] / 48).std() == pytest.approx(np.sqrt(np.log(1.09)), rel=0.03)
    share = np.mean((worlds["V"] > 50) & (worlds["V"] < 200))
    assert share == pytest.approx(0.95, abs=0.01)


def test_a_doubled_spread_would_be_seen():
    twice = model(CL={"any": record("2 mL/h", variability={"log_sd": 0.8})})
    found = columns(twice, patients(20_000, uncertainty=False))
    assert np.log(found["CL"] / 48).std() != pytest.approx(0.4, rel=0.5)


def test_a_number_belongs_to_a_patient_and_not_to_a_queue():
    system = model()
    whole = patients(100, 3)
    order = np.random.default_rng(1).permutation(len(whole))[:77]
    part = Patients(whole.seed, whole.trial, whole.ids[order], whole.replicate[order])
    assert (draw_numbers(system, whole)[order] == draw_numbers(system, part)).all()


def test_a_number_does_not_depend_on_what_else_is_drawn():
    fewer = model(k_a={"any": record("0.5 1/h")}, V={"any": record("0.1 L")})
    assert (columns(model(), patients(20, 2))["CL"] == columns(fewer, patients(20, 2))["CL"]).all()


@pytest.mark.parametrize("other", [{"seed": 6}, {"trial": "u"}])
def test_another_seed_or_trial_gives_other_patients(other):
    first = columns(model(), patients(20, uncertainty=False))
    second = columns(model(), patients(20, uncertainty=False, **other))
    assert not np.isclose(first["CL"], second["CL"]).any()


def test_two_trials_of_one_world_share_what_is_uncertain():
    first = columns(model(), patients(5, 3, trial="t", variability=False))
    second = columns(model(), patients(5, 3, trial="u", variability=False))
    assert (first["CL"] == second["CL"]).all()


def test_two_uses_of_a_module_in_a_patient_share_their_numbers():
    system = model("drug", Use(module="drug", name="again"))
    numbers = draw_numbers(system, patients(10))
    names = [row.name for row in system.parameters]
    assert (numbers[:, names.index("drug.CL")] == numbers[:, names.index("again.CL")]).all()
    rows = {row.name: row for row in system.parameters}
    assert record_label(system, rows["again.CL"]) == "drug.CL.any"


def test_derived_values_follow_the_draws():
    row = {"source": "T", "how": "derived", "formula": "CL / V"}
    found = columns(model(k_a={"any": row}), patients(200, 2))
    assert found["k_a"] == pytest.approx(found["CL"] / found["V"], rel=1e-12)
    assert len(np.unique(found["k_a"])) == 400


def test_a_derived_value_may_vary_about_what_it_follows():
    row = {"source": "T", "how": "derived", "formula": "CL / V", "variability": {"log_sd": 0.5}}
    found = columns(model(k_a={"any": row}), patients(20_000, uncertainty=False))
    ratio = np.log(found["k_a"] / (found["CL"] / found["V"]))
    assert ratio.std() == pytest.approx(0.5, rel=0.03)
    assert abs(np.corrcoef(ratio, np.log(found["CL"]))[0, 1]) < 0.03


def test_a_fixed_number_is_everybodys_and_is_followed():
    row = {"source": "T", "how": "derived", "formula": "CL / V"}
    found = columns(model(k_a={"any": row}), patients(10), {"drug.CL": 7.0})
    assert (found["CL"] == 7.0).all()
    assert found["k_a"] == pytest.approx(7.0 / found["V"])


def test_correlated_numbers():
    rows = {
        "V": {"any": record("0.1 L", variability={"log_sd": 0.3})},
        "correlations": {"any": {"CL,V": -0.6}},
    }
    found = columns(model(**rows), patients(20_000, uncertainty=False))
    pair = np.log(found["CL"]), np.log(found["V"])
    assert np.corrcoef(*pair)[0, 1] == pytest.approx(-0.6, abs=0.02)
    assert pair[0].std() == pytest.approx(0.4, rel=0.03)
    assert pair[1].std() == pytest.approx(0.3, rel=0.03)


def test_cut_values_stay_within_their_ends():
    row = record("2 mL/h", variability={"log_sd": 2.0, "low": 1.0, "high": 3.0})
    found = columns(model(CL={"any": row}), patients(500, uncertainty=False))["CL"]
    assert (found.min(), found.max()) == (24.0, 72.0)


def test_covariates():
    weight = Covariate("weight", "70 kg_bw", "T", "assumed", log_sd=0.2)
    height = Covariate("height", "1.7 m", "T", "assumed")
    group = Population(name="p", about="", source="T", assembly="t", covariates=(weight, height))
    found = draw_covariates(group, patients(20_000))
    assert np.log(found["weight"] / 70).std() == pytest.approx(0.2, rel=0.03)
    assert (found["height"] == 170.0).all()
    still = draw_covariates(group, patients(5, variability=False))
    assert still["weight"].tolist() == [70.0] * 5


def test_a_world_in_which_a_derived_rate_changes_its_sign_is_drawn_anew():
    row = {"source": "T", "how": "derived", "formula": "CL / V - 0.3 [1/d]"}
    system = model(k_a={"any": row})
    who = patients(1, 500, variability=False)
    found = columns(system, who)
    assert found["k_a"].min() > 0
    assert found["k_a"] == pytest.approx(found["CL"] / found["V"] - 0.3)
    plain = columns(model(), who)
    again = found["CL"] != plain["CL"]
    assert ((plain["CL"] / plain["V"] - 0.3 <= 0) == again).all()
    assert 10 < again.sum() < 490
