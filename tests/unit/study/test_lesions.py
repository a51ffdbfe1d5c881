"""The read-out lesions: its distributions, its keys, and the error that it makes by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from il21.declare import ResponseRule
from il21.errors import InputError, UnknownNameError
from il21.study.lesions import PARAMETERS, Readings, read_lesions
from il21.study.response import best_responses, find_criteria, visit_responses

VALUES = {
    "most_lesions": 5, "dirichlet": 2, "target_share": 0.7, "growth_sd": 0.4, "error_sd": 0.06,
    "smallest": 5, "new_lesion_factor": 0.45, "new_lesion_cap": 3,
}  # fmt: skip
EXACT = VALUES | {"growth_sd": 0, "error_sd": 0, "new_lesion_factor": 0}
VISITS = (42, 84, 126)


def read(patients=2000, *, values=VALUES, growth=0.0, visits=VISITS, volume=8e4, seed=1, **changes):
    days = np.arange(int(max(visits)) + 1)
    burden = np.full((patients, 1), volume) * np.exp(growth * days)
    rate = changes.pop("rate", max(growth, 0.01))
    ids = changes.pop("ids", np.arange(patients))
    return read_lesions(burden, burden, visits, rate, values, seed=seed, ids=ids, **changes)


def within(count, size, probability, mass=0.9999):
    low, high = stats.binom.interval(mass, size, probability)
    return low <= count <= high


def test_number_of_lesions_is_uniform_and_the_shares_add_up():
    readings = read(20_000, values=EXACT)
    has = ~np.isnan(readings.diameters)
    count = has[:, :, 0].sum(axis=1)
    for number in range(1, 6):
        assert within((count == number).sum(), 20_000, 0.2)
    assert (has == has[:, :, :1]).all()  # what a patient has at baseline, it has at every visit
    volumes = np.pi / 6 * np.nan_to_num(readings.diameters[:, :, 0]) ** 3
    seen = (np.nan_to_num(readings.diameters[:, :, 0], nan=5.0) > 0).all(axis=1)
    assert volumes.sum(axis=1)[seen] == pytest.approx(0.7 * 8e4)


def test_shares_are_dirichlet():
    readings = read(20_000, values=EXACT | {"smallest": 0})
    count = (~np.isnan(readings.diameters[:, :, 0])).sum(axis=1)
    share = np.pi / 6 * readings.diameters[:, 0, 0] ** 3 / (0.7 * 8e4)
    for number in range(2, 6):  # one share of Dirichlet(2, ..., 2) is Beta(2, 2(number - 1))
        beta = stats.beta(2, 2 * (number - 1))
        assert stats.kstest(share[count == number], beta.cdf).pvalue > 1e-3


def test_error_is_log_normal_by_lesion_and_visit_with_the_baseline():
    readings = read(10_000, values=VALUES | {"growth_sd": 0, "smallest": 0, "most_lesions": 1})
    true = np.cbrt(6 * 0.7 * 8e4 / np.pi)
    error = np.log(readings.diameters[:, 0, :] / true)
    assert error.std(axis=0) == pytest.approx([0.06] * 4, rel=0.04)
    assert np.abs(error.mean(axis=0)).max() < 4 * 0.06 / 100
    assert np.abs(np.corrcoef(error.T) - np.eye(4)).max() < 0.05


def test_lesions_grow_apart_by_a_part_of_the_growth_rate():
    readings = read(10_000, values=VALUES | {"error_sd": 0, "smallest": 0}, rate=0.02)
    ratio = readings.diameters[:, 0, 1:] / readings.diameters[:, 0, :1]
    deviation = 3 * np.log(ratio) / np.array(VISITS)
    assert deviation[:, 0] == pytest.approx(deviation[:, 2])  # one deviation a lesion
    assert deviation[:, 0].std() == pytest.approx(0.4 * 0.02, rel=0.03)


def test_small_lesions_count_as_absent():
    readings = read(values=EXACT | {"smallest": 20})
    read_again = readings.diameters[~np.isnan(readings.diameters)]
    assert ((read_again == 0) | (read_again >= 20)).all()
    assert (read_again == 0).any()
    assert (read_again >= 20).any()


def test_new_lesions_come_at_the_declared_hazard():
    patients, rate, factor = 20_000, 0.01, 0.5
    values = VALUES | {"new_lesion_factor": factor}
    steady = read(patients, values=values, rate=rate)  # constant burden: exponential
    for visit, day in enumerate(VISITS):
        expected = 1 - np.exp(-factor * rate * day)
        assert within(steady.new_lesion[:, visit].sum(), patients, expected)
    growing = read(patients, values=values, growth=0.02, rate=rate)  # capped at three times
    day = np.linspace(0, 126, 100_001)
    total = np.trapezoid(factor * rate * np.minimum(np.exp(0.02 * day), 3), day)
    assert within(growing.new_lesion[:, 2].sum(), patients, 1 - np.exp(-total))
    never = read(patients, values=values | {"new_lesion_factor": 0})
    assert not never.new_lesion.any()
    assert np.isinf(never.new_lesion_day).all()


def test_new_lesion_stays_and_agrees_with_its_day():
    readings = read()
    assert (np.diff(readings.new_lesion.astype(int), axis=1) >= 0).all()
    expected = readings.new_lesion_day[:, None] <= np.array(VISITS)
    assert np.array_equal(readings.new_lesion, expected)


@given(st.permutations(range(25)), st.integers(1, 25))
def test_a_patient_is_read_the_same_in_any_company(order, kept):
    rng = np.random.default_rng(4)
    burden = 8e4 * np.exp(rng.normal(0, 0.01, (25, 1)) * np.arange(127))
    rate = rng.uniform(0.003, 0.02, 25)
    whole = read_lesions(burden, burden, VISITS, rate, VALUES, seed=1, ids=np.arange(25))
    some = np.array(order[:kept])
    part = read_lesions(burden[some], burden[some], VISITS, rate[some], VALUES, seed=1, ids=some)
    assert np.array_equal(part.diameters, whole.diameters[some], equal_nan=True)
    assert np.array_equal(part.new_lesion_day, whole.new_lesion_day[some])


def test_a_reading_does_not_depend_on_other_visits():
    few, many = read(visits=(84,)), read(visits=(21, 42, 84, 126))
    assert np.array_equal(few.diameters[:, :, 1], many.diameters[:, :, 3], equal_nan=True)


def test_numbers_may_differ_between_patients():
    each = {
        name: np.full(50, value, float) if name != "new_lesion_factor" else np.linspace(0, 2, 50)
        for name, value in VALUES.items()
    }
    mixed = read(50, values=each)
    for row in (0, 49):
        alone = read(
            1, ids=[row], values=VALUES | {"new_lesion_factor": each["new_lesion_factor"][row]}
        )
        assert np.array_equal(mixed.diameters[[row]], alone.diameters, equal_nan=True)
        assert mixed.new_lesion_day[row] == alone.new_lesion_day[0]


def test_visits_between_days_are_interpolated():
    days = np.arange(43)
    burden = np.full((1, 1), 8e4) + 1000.0 * days
    exact = read_lesions(burden, burden, [41.5], 0.01, EXACT | {"smallest": 0}, seed=1, ids=[0])
    volume = np.pi / 6 * np.nansum(exact.diameters[0] ** 3, axis=0)
    assert volume == pytest.approx([0.7 * 8e4, 0.7 * (8e4 + 41_500)])


def test_sums_add_the_lesions_that_a_patient_has():
    nan = np.nan
    readings = Readings(
        diameters=np.array([[[10.0, 8, 0], [nan, nan, nan]], [[20, nan, 10], [5, 4, 0]]]),
        new_lesion=np.zeros((2, 2), bool), new_lesion_day=np.full(2, np.inf),
        visits=np.array([42.0, 84.0]),
    )  # fmt: skip
    assert np.array_equal(readings.sums, [[10, 8, 0], [25, nan, 10]], equal_nan=True)


def test_error_of_the_read_out_alone_one_lesion_one_visit():
    """A constant tumour of one lesion: what is not SD is the reader's, as the normal law says."""
    patients = 40_000
    readings = read(patients, values=EXACT | {"error_sd": 0.06, "most_lesions": 1}, visits=(42,))
    rule = ResponseRule(criteria="RECIST 1.0")
    best = best_responses(readings.sums, readings.new_lesion, [42], rule)
    spread = 0.06 * np.sqrt(2)
    assert within((best == "PD").sum(), patients, stats.norm.sf(np.log(1.2) / spread))
    assert within((best == "PR").sum(), patients, stats.norm.cdf(np.log(0.7) / spread))


def test_error_of_the_read_out_alone_whole_trial(capsys):
    """Constant true tumours, classified; a false PD after a stable visit leaves SD the best."""
    patients = 20_000
    rule = ResponseRule(criteria="RECIST 1.1")
    shares = {}
    for visits in ((42,), (42, 84, 126), tuple(range(42, 337, 42))):
        readings = read(patients, values=EXACT | {"error_sd": 0.06}, visits=visits)
        best = best_responses(readings.sums, readings.new_lesion, visits, rule)
        seen = visit_responses(readings.sums, readings.new_lesion, find_criteria(rule.criteria))
        share = {name: np.mean(best == name) for name in ("CR", "PR", "SD", "PD")}
        shares[len(visits)] = share | {"PD at any visit": np.mean((seen == "PD").any(axis=1))}
    with capsys.disabled():
        print("\nbest response of constant true tumours, 1-5 lesions, reading error 6 %:")
        for visits, share in shares.items():
            text = ", ".join(f"{name} {100 * value:.2f} %" for name, value in share.items())
            print(f"  {visits} visits: {text}")
    for share in shares.values():
        assert share["CR"] == 0
        assert share["PR"] < 0.002
        assert share["SD"] > 0.98
        assert 0.001 < share["PD"] < 0.02
        assert share["PD"] == shares[1]["PD"]  # only a PD at the first visit is the best response
    any_pd = [share["PD at any visit"] for share in shares.values()]
    assert any_pd[0] < any_pd[1] < any_pd[2] < 0.2  # the noise of the nadir adds up


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"patients": 0}, InputError, "no patients"),
        ({"volume": -1.0}, InputError, "volume: holds a negative"),
        ({"volume": np.nan}, InputError, "could not be solved"),
        ({"volume": 0.0}, InputError, "row 0 has no living tumour"),
        ({"visits": (84, 42)}, InputError, "visits 84, 42: expected rising"),
        ({"visits": (42, 42)}, InputError, "expected rising"),
        ({"visits": (0, 42)}, InputError, "after 0"),
        ({"ids": [1, 2]}, InputError, "one a patient"),
        ({"rate": [0.1, 0.2]}, InputError, "growth of shape"),
        ({"rate": -0.1}, InputError, "growth: holds a negative"),
        ({"values": VALUES | {"most_lesions": 0}}, InputError, "whole number from 1"),
        ({"values": VALUES | {"most_lesions": 2.5}}, InputError, "whole number from 1"),
        ({"values": VALUES | {"target_share": 1.2}}, InputError, "from 0 to 1"),
        ({"values": VALUES | {"dirichlet": 0}}, InputError, "dirichlet"),
        ({"values": VALUES | {"error_sd": -0.1}}, InputError, "lesions.error_sd"),
        ({"values": VALUES | {"error_sd": [0.1, 0.2]}}, InputError, "one number or 3"),
        ({"values": VALUES | {"smalest": 5}}, UnknownNameError, "did you mean 'smallest'"),
        ({"values": {"smallest": 5}}, UnknownNameError, "lacks most_lesions"),
    ],
)
def test_bad_input_is_refused_in_one_line(changes, error, words):
    with pytest.raises(error, match=words) as refused:
        read(**({"patients": 3} | changes))
    assert "\n" not in str(refused.value)


def test_a_visit_after_the_run_is_refused():
    burden = np.full((1, 43), 8e4)
    with pytest.raises(InputError, match="visit on day 84: the run ends on day 42"):
        read_lesions(burden, burden, [42, 84], 0.01, VALUES, seed=1, ids=[0])
    assert set(VALUES) == set(PARAMETERS)
