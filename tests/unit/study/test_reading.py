"""The error of the read-out alone: what follows from the limits of agreement, and what must not."""

import numpy as np
import pytest
from scipy.stats import norm

from il21 import catalog
from il21.app.readout import read_out_error
from il21.declare import ResponseRule
from il21.errors import InputError, UnitError, UnknownNameError
from il21.study.criteria.catalogue import CRITERIA
from il21.study.reading import (
    Readers,
    Tumours,
    read_constant,
    readers_from,
    readout_error,
    true_diameters,
)

PRINTED = {
    "within_low": -0.178, "within_high": 0.161, "between_low": -0.221, "between_high": 0.254,
}  # fmt: skip
SIZES = Tumours(most_lesions=5, diameter=30, diameter_sd=0.5, measurable=10, across=0.75)
ONE = Tumours(most_lesions=1, diameter=40, diameter_sd=0.2, measurable=10, across=0.75)
DAYS = np.array([42.0, 84, 126])
SOLID = [name for name in CRITERIA if not CRITERIA[name].blood]


def share(found, name):
    return float(found.best[found.responses.index(name)])


def test_errors_follow_from_the_printed_limits():
    """Two readings of one lesion differ as widely as printed, by one reader and by two."""
    readers, ids = readers_from(PRINTED), np.arange(100_000)
    for pool, low, high in ((1, -0.178, 0.161), (100_000, -0.221, 0.254)):
        read = read_constant(ids, DAYS[:1], readers, ONE, 3, pool).long[:, 0]
        difference = np.log(read[:, 1] / read[:, 0])
        width = 2 * norm.ppf(0.975) * difference.std()
        assert width == pytest.approx(np.log1p(high) - np.log1p(low), rel=0.01)
        assert abs(difference.mean()) < 0.001


def test_sums_of_lesions_agree_as_printed_too():
    """Not used to set the numbers: the limits for sums, within their own confidence intervals."""
    readers, ids = readers_from(PRINTED), np.arange(20_000)
    several = (~np.isnan(true_diameters(ids, SIZES, 5))).sum(axis=1) > 1
    for pool, low, high in (
        (1, (-0.19, -0.003), (0.036, 0.226)),
        (20_000, (-0.237, -0.149), (0.152, 0.239)),
    ):
        read = np.nansum(read_constant(ids, DAYS[:1], readers, SIZES, 5, pool).long, axis=1)[
            several
        ]
        limits = np.quantile(read[:, 1] / read[:, 0] - 1, [0.025, 0.975])
        assert low[0] < limits[0] < low[1]
        assert high[0] < limits[1] < high[1]


@pytest.mark.parametrize("name", SOLID)
def test_exact_readers_find_stable_disease(name):
    exact = Readers(reader_sd=0, lesion_sd=0)
    found = readout_error(ResponseRule(criteria=name), DAYS, exact, SIZES, patients=500)
    stable = "iSD" if name == "iRECIST" else "SD"
    assert share(found, stable) == 1
    assert (found.by_visit[found.responses.index(stable)] == 1).all()
    assert found.progressed.tolist() == found.responded.tolist() == [0, 0, 0]


def test_the_bias_of_one_reader_cancels_and_that_of_many_does_not():
    biased = Readers(reader_sd=0.2, lesion_sd=0)
    rule = ResponseRule(criteria="RECIST 1.1")
    one, many = (
        readout_error(rule, DAYS, biased, SIZES, patients=2000, pool=pool) for pool in (1, 50)
    )
    assert share(one, "SD") == 1
    assert many.progressed[-1] > 0.2
    assert many.responded[-1] > 0.1


@pytest.mark.parametrize(
    ("name", "width", "shrunk", "grown"),
    [
        ("RECIST 1.0", np.sqrt(2), 0.7, 1.2),
        ("WHO", 2.0, 0.5, 1.25),
        ("RECIST 1.1", np.sqrt(2), 0.7, 1.2),
    ],
)
def test_rates_of_one_lesion_and_one_visit_are_those_of_a_log_normal(name, width, shrunk, grown):
    sd = 0.2
    big = Tumours(most_lesions=1, diameter=400, diameter_sd=0, measurable=10, across=0.5)
    found = readout_error(
        ResponseRule(criteria=name), [42], Readers(reader_sd=0.3, lesion_sd=sd), big,
        patients=40_000,
    )  # fmt: skip
    visit = dict(zip(found.responses, found.by_visit[:, 0], strict=True))
    for response, wanted in (
        ("PD", norm.sf(np.log(grown) / (width * sd))),
        ("PR", norm.cdf(np.log(shrunk) / (width * sd))),
    ):
        assert visit[response] == pytest.approx(wanted, abs=4 * float(found.error(wanted)))
        assert visit[response] > 0.03


def test_absolute_errors_are_millimetres():
    readers = Readers(reader_sd=0, lesion_sd=0.5, repeat_sd=2.4)
    ids = np.arange(50_000)
    found = read_constant(ids, DAYS[:1], readers, ONE, 3, 1, "absolute").long[:, 0]
    assert (found[:, 1] - found[:, 0]).std() == pytest.approx(2.4, rel=0.02)


def test_more_visits_read_more_progression_and_the_first_stay_as_they_are():
    readers, rule = readers_from(PRINTED), ResponseRule(criteria="RECIST 1.1")
    few = readout_error(rule, DAYS[:1], readers, SIZES, patients=3000, pool=9)
    many = readout_error(rule, DAYS, readers, SIZES, patients=3000, pool=9)
    assert np.array_equal(few.by_visit[:, 0], many.by_visit[:, 0])
    assert (np.diff(many.progressed) > 0).all()


def test_patients_do_not_depend_on_how_many_there_are():
    readers = readers_from(PRINTED)
    some, more = (read_constant(np.arange(n), DAYS, readers, SIZES, 7, 4) for n in (5, 50))
    assert np.array_equal(some.long, more.long[:5], equal_nan=True)
    assert np.array_equal(some.short, more.short[:5], equal_nan=True)
    other = read_constant(np.arange(5), DAYS, readers, SIZES, 8, 4)
    assert not np.array_equal(some.long, other.long, equal_nan=True)


def test_chunks_add_up(monkeypatch):
    readers, rule = readers_from(PRINTED), ResponseRule(criteria="iRECIST")
    whole = readout_error(rule, DAYS, readers, SIZES, patients=1000, pool=9)
    monkeypatch.setattr("il21.study.reading._CHUNK", 170)
    parts = readout_error(rule, DAYS, readers, SIZES, patients=1000, pool=9)
    np.testing.assert_allclose(parts.by_visit, whole.by_visit, rtol=1e-12)
    np.testing.assert_allclose(parts.best, whole.best, rtol=1e-12)
    assert whole.by_visit.sum(axis=0) == pytest.approx(np.ones(3))


def test_true_tumours_are_measurable_and_have_the_median():
    size = true_diameters(np.arange(20_000), SIZES, 1)
    assert np.nanmin(size) > 10
    count = (~np.isnan(size)).sum(axis=1)
    assert set(count) == {1, 2, 3, 4, 5}
    uncut = Tumours(most_lesions=1, diameter=30, diameter_sd=0.5, measurable=0, across=1)
    assert np.median(true_diameters(np.arange(20_000), uncut, 1)) == pytest.approx(30, rel=0.02)


def test_small_lesions_are_too_small_to_measure_and_never_gone():
    tiny = Tumours(most_lesions=1, diameter=6, diameter_sd=0.1, measurable=0, across=0.5)
    found = read_constant(
        np.arange(2000),
        DAYS,
        Readers(reader_sd=0, lesion_sd=0, repeat_sd=9),
        tiny,
        1,
        1,
        "absolute",
    )
    assert found.long.min() == 5
    assert found.short.min() >= 0


def test_monte_carlo_error_is_that_of_repeated_cohorts():
    readers, rule = readers_from(PRINTED), ResponseRule(criteria="RECIST 1.0")
    runs = [
        readout_error(rule, DAYS, readers, SIZES, patients=300, pool=9, seed=k) for k in range(60)
    ]
    last = [float(run.progressed[-1]) for run in runs]
    assert np.std(last) == pytest.approx(float(runs[0].error(np.mean(last))), rel=0.3)


def test_the_library_declares_the_readers():
    found = read_out_error(visits=["6 week", "12 week"], patients=2000, readers=9)
    assert found.days.tolist() == [42, 84]
    assert share(found, "SD") > 0.9
    assert found.progressed[-1] > 0.01
    read = {row.parameter: row.read for row in catalog.evidence("readers").records.values()}
    assert read["within_low"] == "abstract"
    assert read["diameter"] == "none"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"criteria": "RECIST 2"}, UnknownNameError, "RECIST 2"),
        ({"criteria": "NCI-WG 1996"}, InputError, "blood counts"),
        ({"visits": []}, InputError, "at least one time"),
        ({"visits": ["84 d", "42 d"]}, InputError, "rising days"),
        ({"visits": ["42"]}, UnitError, "42"),
        ({"patients": 0}, InputError, "patients = 0"),
        ({"readers": 0}, InputError, "readers = 0"),
        ({"seed": -1}, InputError, "seed -1"),
        ({"error": "relativ"}, UnknownNameError, "did you mean 'relative'"),
        ({"minimum_stable": "5 mm"}, UnitError, "5 mm"),
    ],
)
def test_bad_questions_are_refused_in_one_line(options, error, words):
    with pytest.raises(error, match=words) as refused:
        read_out_error(**{"patients": 10, **options})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"within_low": -1.0}, "above -1"),
        ({"within_low": 0.2}, "rising"),
        ({"between_high": 0.01}, "agree better"),
    ],
)
def test_impossible_limits_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        readers_from({**PRINTED, **changes})


def test_impossible_readers_and_tumours_are_refused():
    with pytest.raises(InputError, match="lesion_sd = -1"):
        Readers(reader_sd=0, lesion_sd=-1)
    for changes, words in (
        ({"most_lesions": 0}, "at least one lesion"),
        ({"across": 1.5}, "across"),
        ({"diameter": 5, "diameter_sd": 0}, "none is measurable"),
    ):
        plain = {
            "most_lesions": 1,
            "diameter": 30,
            "diameter_sd": 0.5,
            "measurable": 10,
            "across": 1,
        }
        with pytest.raises(InputError, match=words):
            Tumours(**{**plain, **changes})
